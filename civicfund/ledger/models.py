"""Accounts, and the entries that move amounts between them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.ledger.enums import AccountKind


class Account(AppendOnly):
    """A named place that amounts are in, like ``project_payable/7/pledges``."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=AccountKind.choices)
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AccountKind.values), name="account_kind_known"
            ),
            # What a posting's composite foreign key points at.
            models.UniqueConstraint(fields=["id", "currency"], name="account_with_currency"),
        ]

    def __str__(self) -> str:
        return self.code


class Entry(AppendOnly):
    """One money fact, booked once: its source and kind can never be booked again."""

    at = models.DateTimeField(_("booked"), db_default=Now())
    source_type = models.CharField(_("source"), max_length=32)
    source_id = models.CharField(_("id of the source"), max_length=64)
    kind = models.CharField(_("kind"), max_length=32)
    legs = models.PositiveSmallIntegerField(
        _("postings"), help_text=_("How many postings it was made of; none can be added.")
    )

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(
                fields=["source_type", "source_id", "kind"], name="entry_booked_once"
            ),
            models.CheckConstraint(condition=Q(legs__gte=2), name="entry_has_two_sides"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.source_type} {self.source_id}"


class Posting(AppendOnly):
    """One side of an entry: a debit when positive, a credit when negative, in minor units."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings")
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="postings", db_constraint=False, db_index=False
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="posting_moves_something"),
            models.UniqueConstraint(fields=["entry", "account"], name="posting_once_per_account"),
        ]
        indexes = [
            # An account's statement and balance.
            models.Index(
                fields=["account", "id"], include=["amount_minor"], name="posting_of_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"
