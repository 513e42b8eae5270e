"""To whom projects' money is paid, and each payment."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import Stepped, SteppedQuerySet
from civicfund.delivery.models import Milestone
from civicfund.payouts.enums import (
    LIVE_REVERSAL,
    OPEN_PAYOUT,
    AccountStatus,
    Method,
    PayoutState,
    ReversalState,
    Source,
    Wait,
)
from civicfund.projects.models import Project


class PayoutAccount(models.Model):
    """A person's account at the payment provider, for receiving money.

    It is used once a treasurer has approved it, the newest that is; so is another one in its place.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="payout_accounts",
        verbose_name=_("owner"),
    )
    # Makes asking for an account twice be asking once.
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    account_id = models.CharField(_("account at the provider"), max_length=64, blank=True)
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=AccountStatus.choices,
        default=AccountStatus.RESTRICTED,
    )
    created_at = models.DateTimeField(_("made"), db_default=Now())
    # Whether a treasurer has approved it, and when; a trigger wants the approval itself.
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)

    class Meta:
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AccountStatus.values), name="payout_account_status_known"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | ~Q(account_id=""),
                name="payout_account_approved_once_made",
            ),
            models.UniqueConstraint(
                fields=["account_id"], condition=~Q(account_id=""), name="payout_account_id_once"
            ),
            # One that waits for its approval at a time.
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(approved_at__isnull=True),
                name="payout_account_one_waits",
            ),
        ]

    def __str__(self) -> str:
        return self.account_id or str(self.request_key)

    @property
    def can_be_paid(self) -> bool:
        """Whether the provider lets transfers reach it, as far as we have heard."""
        return self.status == AccountStatus.ACTIVE


class PayoutQuerySet(SteppedQuerySet["Payout"]):
    """Questions about payouts."""

    def still_open(self) -> PayoutQuerySet:
        """Those that wait for somebody or are being paid."""
        return self.filter(state__in=OPEN_PAYOUT)


class Payout(Stepped):
    """Money of a project that leaves: asked for by one treasurer, approved by another.

    Its id is the provider's key and metadata: it is paid once, however often we ask.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    project = models.ForeignKey(
        Project, models.PROTECT, related_name="payouts", verbose_name=_("project")
    )
    source = models.CharField(_("out of"), max_length=16, choices=Source.choices)
    method = models.CharField(_("how"), max_length=16, choices=Method.choices)
    account = models.ForeignKey(
        PayoutAccount, models.PROTECT, null=True, blank=True, related_name="payouts",
        verbose_name=_("account"),
    )  # fmt: skip
    # For which step of the project's plan, where it has one; a trigger wants it reached.
    milestone = models.ForeignKey(
        Milestone, models.PROTECT, null=True, blank=True, related_name="payouts",
        verbose_name=_("milestone"),
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=16, choices=PayoutState.choices, default=PayoutState.WAITING
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    transfer_id = models.CharField(_("transfer at the provider"), max_length=64, blank=True)
    bank_reference = models.CharField(_("reference of the bank payment"), max_length=80, blank=True)
    failure_code = models.CharField(_("why it failed"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("done"), null=True, blank=True)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        indexes = [
            # The sweep.
            models.Index(
                fields=["next_step_at"],
                condition=Q(next_step_at__isnull=False),
                name="payout_next_step",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PayoutState.values), name="payout_state_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(
                condition=Q(source=Source.PLEDGES, method__in=[Method.TRANSFER, Method.KEPT])
                | Q(source=Source.AWARD, method__in=[Method.BANK, Method.KEPT]),
                name="payout_leaves_the_way_its_source_does",
            ),
            models.CheckConstraint(
                condition=Q(method=Method.TRANSFER, account__isnull=False)
                | (~Q(method=Method.TRANSFER) & Q(account__isnull=True)),
                name="payout_account_iff_transferred",
            ),
            models.CheckConstraint(
                condition=~Q(state=PayoutState.PAID)
                | Q(method=Method.KEPT)
                | (Q(method=Method.TRANSFER) & ~Q(transfer_id=""))
                | (Q(method=Method.BANK) & ~Q(bank_reference="")),
                name="payout_paid_with_a_proof",
            ),
            models.UniqueConstraint(
                fields=["transfer_id"], condition=~Q(transfer_id=""), name="payout_transfer_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def may_be_called_off(self) -> bool:
        """Whether it waits for a second person, or is approved and not sent yet."""
        approved = self.state == PayoutState.APPROVED and self.sent_at is None
        return approved or self.state == PayoutState.WAITING

    @property
    def why(self) -> str:
        """Why it failed, or is not sent yet: in plain words where we know it."""
        known = dict(Wait.choices)
        return str(known.get(self.failure_code, self.failure_code))

    @property
    def left_to_take_back_minor(self) -> int:
        """What can still be taken back of it; 0 for all but paid transfers."""
        if self.state != PayoutState.PAID or not self.transfer_id:
            return 0
        live = [each for each in self.reversals.all() if each.state in LIVE_REVERSAL]
        return self.amount_minor - sum(each.amount_minor for each in live)

    def get_absolute_url(self) -> str:
        """The treasurers' page of the project's money."""
        return reverse("project_payouts", args=[self.project_id])


class ReversalQuerySet(SteppedQuerySet["Reversal"]):
    """Questions about transfers that are taken back."""


class Reversal(Stepped):
    """Part or all of a paid transfer, taken back from its recipient so that backers can have it.

    Asked for by one treasurer, approved by another. Its id is the provider's key and metadata. One
    that was made at the provider by hand was asked for by nobody here.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    payout = models.ForeignKey(
        Payout, models.PROTECT, related_name="reversals", verbose_name=_("payout")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=ReversalState.choices, default=ReversalState.WAITING
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("asked for by"),
    )  # fmt: skip
    reversal_id = models.CharField(_("reversal at the provider"), max_length=64, blank=True)
    failure_code = models.CharField(_("why it failed"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("done"), null=True, blank=True)

    objects = ReversalQuerySet.as_manager()

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")
        indexes = [
            # The sweep.
            models.Index(
                fields=["next_step_at"],
                condition=Q(next_step_at__isnull=False),
                name="reversal_next_step",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ReversalState.values), name="reversal_state_known"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="reversal_amount_positive"
            ),
            models.CheckConstraint(
                condition=~Q(state=ReversalState.DONE) | ~Q(reversal_id=""),
                name="reversal_done_with_a_proof",
            ),
            models.UniqueConstraint(
                fields=["reversal_id"], condition=~Q(reversal_id=""), name="reversal_id_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Withdrawal(models.Model):
    """Money that the provider has sent to the town's own bank: found there, decided elsewhere."""

    id = models.CharField(primary_key=True, max_length=64)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    came_back = models.BooleanField(_("came back"), default=False)
    found_at = models.DateTimeField(_("found"), db_default=Now())

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="withdrawal_amount_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.id
