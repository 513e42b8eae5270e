"""Pledges, what their backers agreed to, and each try to collect them."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import Stepped, SteppedQuerySet
from civicfund.pledges.enums import (
    BACKING_PLEDGE,
    CHARGED_PLEDGE,
    FAILED_PLEDGE,
    OPEN_ATTEMPT,
    PLEDGED,
    SETTLING_PLEDGE,
    STARTED_PLEDGE,
    AttemptKind,
    AttemptState,
    PledgeState,
)
from civicfund.pledges.models.campaigns import (
    MOST_MINOR,
    Campaign,
    CampaignOutcome,
    Reward,
    ShippingZone,
)


class PledgeQuerySet(SteppedQuerySet["Pledge"]):
    """Questions about pledges."""

    def counted(self) -> PledgeQuerySet:
        """Those that count as pledged, whatever became of them."""
        return self.filter(state__in=PLEDGED)

    def backing(self) -> PledgeQuerySet:
        """Those whose backers stand by them: live, being collected, or collected."""
        return self.filter(state__in=BACKING_PLEDGE)

    def failed(self) -> PledgeQuerySet:
        """Those whose card failed and whose backer can still make good."""
        return self.filter(state__in=FAILED_PLEDGE)


class Pledge(Stepped):
    """A backer's promise: nothing is charged unless the campaign is funded."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="pledges", verbose_name=_("campaign")
    )
    backer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="pledges", verbose_name=_("backer")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=PledgeState.choices, default=PledgeState.DRAFT
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reward = models.ForeignKey(
        Reward, models.PROTECT, null=True, blank=True, related_name="pledges",
        verbose_name=_("reward"),
    )  # fmt: skip
    shipping_zone = models.ForeignKey(
        ShippingZone, models.PROTECT, null=True, blank=True, related_name="pledges",
        verbose_name=_("sent to"),
    )  # fmt: skip
    # Part of the amount: what sending costs, as it was when the backer agreed.
    shipping_minor = models.BigIntegerField(_("for sending"), default=0)
    show_name = models.BooleanField(_("name shown on the campaign's page"), default=False)
    created_at = models.DateTimeField(_("started"), db_default=Now())
    confirmed_at = models.DateTimeField(_("promised"), null=True, blank=True)
    outcome = models.ForeignKey(
        CampaignOutcome, models.PROTECT, null=True, blank=True, related_name="settling_pledges"
    )

    # Ids at the provider; what may be shown of the card.
    customer_id = models.CharField(_("customer"), max_length=64, blank=True)
    setup_intent_id = models.CharField(_("setup intent"), max_length=64, blank=True)
    payment_method_id = models.CharField(_("payment method"), max_length=64, blank=True)
    payment_intent_id = models.CharField(_("payment intent"), max_length=64, blank=True)
    card_brand = models.CharField(_("card"), max_length=32, blank=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    # Cards that another one took the place of, until the provider has forgotten them.
    replaced_cards = models.JSONField(_("replaced cards"), default=list, db_default=[], blank=True)
    card_forgotten_at = models.DateTimeField(_("card forgotten"), null=True, blank=True)
    fee_minor = models.BigIntegerField(_("provider's fee"), null=True, blank=True)
    # What of it the project bears; the town bears the rest.
    project_fee_minor = models.BigIntegerField(_("provider's fee, the project's part"), default=0)
    # When the provider releases the money; booked by a sweep, which then clears it.
    available_at = models.DateTimeField(_("can be paid out from"), null=True, blank=True)

    checkout_ends_at = models.DateTimeField(_("card awaited until"), null=True, blank=True)
    recovery_ends_at = models.DateTimeField(_("to be made good until"), null=True, blank=True)

    objects = PledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        indexes = [
            # Totals of a campaign, without reading the rows.
            models.Index(
                fields=["campaign", "state"], include=["amount_minor"], name="pledge_totals"
            ),
            # The sweep.
            models.Index(
                fields=["next_step_at"],
                condition=Q(next_step_at__isnull=False),
                name="pledge_next_step",
            ),
            # The sweep that books what the provider has released.
            models.Index(
                fields=["available_at"],
                condition=Q(available_at__isnull=False),
                name="pledge_to_be_available",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PledgeState.values), name="pledge_state_known"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__range=(1, MOST_MINOR)), name="pledge_amount_within_reach"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[*STARTED_PLEDGE, PledgeState.CANCELLED])
                | (~Q(payment_method_id="") & ~Q(customer_id="")),
                name="pledge_has_a_card_once_promised",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=SETTLING_PLEDGE) | Q(outcome__isnull=False),
                name="pledge_settles_only_after_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=CHARGED_PLEDGE) | ~Q(payment_intent_id=""),
                name="pledge_collected_through_an_intent",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=FAILED_PLEDGE) | Q(recovery_ends_at__isnull=False),
                name="pledge_failed_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(shipping_minor=0)
                | Q(shipping_zone__isnull=False, shipping_minor__gt=0),
                name="pledge_pays_for_sending_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(project_fee_minor=0)
                | Q(project_fee_minor__gt=0, project_fee_minor__lte=F("fee_minor")),
                name="pledge_project_bears_no_more_than_the_fee",
            ),
            models.UniqueConstraint(
                fields=["campaign", "backer"],
                condition=~Q(state=PledgeState.CANCELLED),
                name="pledge_one_per_backer",
            ),
            models.UniqueConstraint(
                fields=["setup_intent_id"],
                condition=~Q(setup_intent_id=""),
                name="pledge_setup_intent_once",
            ),
            models.UniqueConstraint(
                fields=["payment_intent_id"],
                condition=~Q(payment_intent_id=""),
                name="pledge_payment_intent_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        """The backer's own page of the pledge."""
        return reverse("pledge_detail", args=[self.pk])

    @property
    def card_words(self) -> str:
        """What may be shown of the card: its brand and its last four digits."""
        return f"{self.card_brand.title()} •••• {self.card_last4}" if self.card_last4 else ""


class ChosenAddOn(models.Model):
    """So many pieces of an add-on in a pledge, at the price of one when the backer agreed."""

    pledge = models.ForeignKey(Pledge, models.CASCADE, related_name="add_ons")
    add_on = models.ForeignKey(Reward, models.PROTECT, related_name="+", verbose_name=_("add-on"))
    quantity = models.PositiveSmallIntegerField(_("how many"))
    price_minor = models.BigIntegerField(_("price of one"))

    class Meta:
        verbose_name = _("chosen add-on")
        verbose_name_plural = _("chosen add-ons")
        ordering = ["add_on__position"]
        constraints = [
            models.UniqueConstraint(fields=["pledge", "add_on"], name="chosen_add_on_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="chosen_add_on_quantity_positive"
            ),
            models.CheckConstraint(
                condition=Q(price_minor__gt=0), name="chosen_add_on_price_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.add_on}"

    @property
    def amount_minor(self) -> int:
        """What the pieces cost together."""
        return self.quantity * self.price_minor


class Consent(models.Model):
    """To which words and up to which amount a backer agreed to be charged later."""

    pledge = models.ForeignKey(Pledge, models.CASCADE, related_name="consents")
    text_version = models.CharField(_("version of the text"), max_length=16)
    amount_minor = models.BigIntegerField(_("at most"))
    # Which card, where another one was put in place of the first.
    payment_method_id = models.CharField(_("card at the provider"), max_length=64, blank=True)
    agreed_at = models.DateTimeField(_("agreed"), db_default=Now())

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="consent_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.text_version}: {self.amount_minor}"


class ChargeAttempt(models.Model):
    """One try to charge a pledge: what was asked, under which key, and what came of it."""

    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="attempts")
    n = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=16, choices=AttemptKind.choices)
    state = models.CharField(
        _("state"), max_length=16, choices=AttemptState.choices, default=AttemptState.PLANNED
    )
    idempotency_key = models.CharField(_("key"), max_length=96, unique=True)
    parameters = models.JSONField(_("asked for"))
    api_version = models.CharField(_("API version"), max_length=32)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    charge_id = models.CharField(_("charge"), max_length=64, blank=True)
    code = models.CharField(_("code"), max_length=64, blank=True)
    decline_code = models.CharField(_("decline code"), max_length=64, blank=True)
    advice_code = models.CharField(_("advice code"), max_length=64, blank=True)
    planned_at = models.DateTimeField(_("planned"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("charge attempt")
        verbose_name_plural = _("charge attempts")
        ordering = ["pledge", "n"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AttemptState.values), name="attempt_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AttemptKind.values), name="attempt_kind_known"
            ),
            models.UniqueConstraint(fields=["pledge", "n"], name="attempt_number"),
            models.UniqueConstraint(
                fields=["pledge"],
                condition=Q(state__in=OPEN_ATTEMPT),
                name="attempt_one_open_per_pledge",
            ),
            models.UniqueConstraint(
                fields=["pledge"],
                condition=Q(state=AttemptState.SUCCEEDED),
                name="attempt_one_success_per_pledge",
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key
