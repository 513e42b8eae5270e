"""Money that goes back to backers: refunds one by one or of a whole campaign, and disputes."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import Stepped, SteppedQuerySet
from civicfund.pledges.enums import (
    LIVE_REFUND,
    OPEN_BATCH,
    BatchState,
    DisputeState,
    RefundReason,
    RefundState,
)
from civicfund.pledges.models.campaigns import Campaign
from civicfund.pledges.models.pledges import Pledge

# Both or neither, and together no more than goes back.
FEES_WITHIN = Q(town_fee_minor__isnull=True, provider_fee_minor__isnull=True) | Q(
    town_fee_minor__gte=0,
    provider_fee_minor__gte=0,
    town_fee_minor__lte=F("amount_minor") - F("provider_fee_minor"),
)


class RefundBatch(models.Model):
    """A whole campaign is refunded: asked for by one person, approved by another."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="refund_batches", verbose_name=_("campaign")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=BatchState.choices, default=BatchState.WAITING
    )
    reason = models.CharField(_("reason"), max_length=16, choices=RefundReason.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("asked for"), db_default=Now())

    class Meta:
        verbose_name = _("refund of a campaign")
        verbose_name_plural = _("refunds of campaigns")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=BatchState.values), name="refund_batch_state_known"
            ),
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(state__in=OPEN_BATCH),
                name="refund_batch_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody, or is being paid."""
        return self.state in OPEN_BATCH


class RefundQuerySet(SteppedQuerySet["Refund"]):
    """Questions about refunds."""

    def left_failed(self) -> RefundQuerySet:
        """Those that failed, or came back, and after which nobody has decided on another."""
        later = Refund.objects.filter(
            pledge=OuterRef("pledge"), state__in=LIVE_REFUND, created_at__gt=OuterRef("resolved_at")
        )
        return self.filter(~Exists(later), state=RefundState.FAILED)


class Refund(Stepped):
    """Part or all of one collected pledge, on its way back to the card that paid it.

    Its id is the provider's key and metadata: it is asked for once, however often we ask. Never
    more than was collected, and above what one person may refund alone in a day only with a second
    person's approval: a trigger refuses both.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, related_name="refunds", verbose_name=_("pledge")
    )
    batch = models.ForeignKey(
        RefundBatch, models.PROTECT, null=True, blank=True, related_name="refunds",
        verbose_name=_("refund of a campaign"),
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=16, choices=RefundState.choices, default=RefundState.PLANNED
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    # What of the charge's fees goes back with it, once it is in the books; see ``services.fees``.
    town_fee_minor = models.BigIntegerField(_("town's fee given back"), null=True)
    provider_fee_minor = models.BigIntegerField(
        _("provider's fee that the town bears instead of the project"), null=True
    )
    reason = models.CharField(_("reason"), max_length=16, choices=RefundReason.choices)
    # Nobody: the campaign's own policy asks for it, or the provider told us of it.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("asked for by"),
    )  # fmt: skip
    # What one person could refund alone in a day when this was asked for.
    alone_limit_minor = models.BigIntegerField(_("most that one person refunds alone"), default=0)
    refund_id = models.CharField(_("refund at the provider"), max_length=64, blank=True)
    failure_code = models.CharField(_("why it failed"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [
            # The sweep.
            models.Index(
                fields=["next_step_at"],
                condition=Q(next_step_at__isnull=False),
                name="refund_next_step",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RefundState.values), name="refund_state_known"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=RefundReason.values), name="refund_reason_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(condition=FEES_WITHIN, name="refund_fees_within_it"),
            models.CheckConstraint(
                condition=Q(requested_by__isnull=False)
                | Q(reason__in=[RefundReason.TOO_LITTLE, RefundReason.ELSEWHERE]),
                name="refund_asked_for_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[RefundState.PENDING, RefundState.SUCCEEDED])
                | ~Q(refund_id=""),
                name="refund_known_to_the_provider",
            ),
            models.UniqueConstraint(
                fields=["refund_id"], condition=~Q(refund_id=""), name="refund_id_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Dispute(models.Model):
    """A payer told the bank that a charge was wrong: the bank holds the money until it decides."""

    id = models.CharField(primary_key=True, max_length=64)
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, related_name="disputes", verbose_name=_("pledge")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=DisputeState.choices, default=DisputeState.OPEN
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    # What of the charge's fees goes back with it, once it is in the books; see ``services.fees``.
    town_fee_minor = models.BigIntegerField(_("town's fee given back"), null=True)
    provider_fee_minor = models.BigIntegerField(
        _("provider's fee that the town bears instead of the project"), null=True
    )
    reason = models.CharField(_("the bank's word for why"), max_length=64)
    evidence_due_at = models.DateTimeField(_("answer by"), null=True, blank=True)
    opened_at = models.DateTimeField(_("heard of"), db_default=Now())
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DisputeState.values), name="dispute_state_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(condition=FEES_WITHIN, name="dispute_fees_within_it"),
            models.UniqueConstraint(
                fields=["pledge"], condition=Q(state=DisputeState.OPEN),
                name="dispute_one_open_per_pledge",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.id
