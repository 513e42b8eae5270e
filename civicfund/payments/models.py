"""Who we are at the provider, what it told us, and what fits nothing of ours."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.payments.enums import ORPHAN_THOUGH, ORPHAN_WORDS, EventType


class Payer(models.Model):
    """A person as the provider knows them: by an id alone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="payer", verbose_name=_("person")
    )
    # Makes asking for a customer twice be asking once.
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    customer_id = models.CharField(_("customer at the provider"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("payer")
        verbose_name_plural = _("payers")
        constraints = [
            models.UniqueConstraint(
                fields=["customer_id"], condition=~Q(customer_id=""), name="payer_customer_once"
            ),
        ]

    def __str__(self) -> str:
        return self.customer_id or str(self.request_key)


class ProviderEventQuerySet(models.QuerySet["ProviderEvent"]):
    """Questions about events."""

    def due(self) -> ProviderEventQuerySet:
        """Not acted on yet, and not waiting for a later try, by the database's clock."""
        return self.filter(handled_at__isnull=True, next_try_at__lte=Now()).order_by(
            "next_try_at", "pk"
        )


class ProviderEvent(models.Model):
    """That the provider told us of something: a pointer, without what it said."""

    id = models.CharField(primary_key=True, max_length=64)
    type = models.CharField(_("type"), max_length=96, choices=EventType.choices)
    object_id = models.CharField(_("object"), max_length=64)
    account = models.CharField(_("account"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), db_default=Now())
    handled_at = models.DateTimeField(_("acted on"), null=True)
    next_try_at = models.DateTimeField(_("next try"), db_default=Now())
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("last error"), max_length=64, blank=True)

    objects = ProviderEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=EventType.values), name="provider_event_type_known"
            ),
        ]
        indexes = [
            # The sweep that acts on them.
            models.Index(
                fields=["next_try_at"],
                condition=Q(handled_at__isnull=True),
                name="provider_event_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Orphan(AppendOnly):
    """What the provider holds that does not fit our rows. Somebody has to look."""

    found_at = models.DateTimeField(_("found"), db_default=Now())
    object_id = models.CharField(_("object"), max_length=64)
    reason = models.CharField(_("reason"), max_length=64)

    class Meta:
        verbose_name = _("orphan")
        verbose_name_plural = _("orphans")
        constraints = [
            models.UniqueConstraint(fields=["object_id", "reason"], name="orphan_noted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.object_id}: {self.reason}"

    @property
    def reason_words(self) -> str:
        """Why it fits nothing, as people read it."""
        of_state = (ORPHAN_THOUGH[each] for each in ORPHAN_THOUGH if self.reason.startswith(each))
        return str(ORPHAN_WORDS.get(self.reason) or next(of_state, self.reason))


class OrphanReview(AppendOnly):
    """That somebody has looked at an orphan, and what it was: its alarm is over."""

    orphan = models.OneToOneField(Orphan, models.PROTECT, related_name="review")
    at = models.DateTimeField(_("looked at"), db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    words = models.CharField(_("what it was"), max_length=300)

    class Meta:
        verbose_name = _("review of an orphan")
        verbose_name_plural = _("reviews of orphans")
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="orphan_review_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.orphan_id}: {self.words}"
