"""The provider's events that something here acts on."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class EventType(models.TextChoices):
    """Events that are kept; an event of any other type is acknowledged and forgotten."""

    SETUP_SUCCEEDED = "setup_intent.succeeded"
    SETUP_CANCELED = "setup_intent.canceled"
    PAYMENT_SUCCEEDED = "payment_intent.succeeded"
    PAYMENT_FAILED = "payment_intent.payment_failed"
    PAYMENT_PROCESSING = "payment_intent.processing"
    PAYMENT_REQUIRES_ACTION = "payment_intent.requires_action"
    PAYMENT_CANCELED = "payment_intent.canceled"
    REFUND_CREATED = "refund.created"
    REFUND_UPDATED = "refund.updated"
    REFUND_FAILED = "refund.failed"
    DISPUTE_CREATED = "charge.dispute.created"
    DISPUTE_UPDATED = "charge.dispute.updated"
    DISPUTE_CLOSED = "charge.dispute.closed"
    DISPUTE_WITHDRAWN = "charge.dispute.funds_withdrawn"
    DISPUTE_REINSTATED = "charge.dispute.funds_reinstated"
    CARD_RENEWED = "payment_method.automatically_updated"
    ACCOUNT_UPDATED = "account.updated"
    # Thin: accounts of the provider's newer interface, which tell no more than that they changed.
    RECIPIENT_CAPABILITY = "v2.core.account[configuration.recipient].capability_status_updated"
    RECIPIENT_UPDATED = "v2.core.account[configuration.recipient].updated"
    REQUIREMENTS_UPDATED = "v2.core.account[requirements].updated"
    ACCOUNT_CLOSED = "v2.core.account.closed"

    @property
    def is_thin(self) -> bool:
        """Whether it tells no more than that something changed."""
        return self.value.startswith("v2.")


SETUP_EVENTS = (EventType.SETUP_SUCCEEDED, EventType.SETUP_CANCELED)
PAYMENT_EVENTS = (
    EventType.PAYMENT_SUCCEEDED,
    EventType.PAYMENT_FAILED,
    EventType.PAYMENT_PROCESSING,
    EventType.PAYMENT_REQUIRES_ACTION,
    EventType.PAYMENT_CANCELED,
)
REFUND_EVENTS = (EventType.REFUND_CREATED, EventType.REFUND_UPDATED, EventType.REFUND_FAILED)
DISPUTE_EVENTS = (
    EventType.DISPUTE_CREATED,
    EventType.DISPUTE_UPDATED,
    EventType.DISPUTE_CLOSED,
    EventType.DISPUTE_WITHDRAWN,
    EventType.DISPUTE_REINSTATED,
)
CARD_EVENTS = (EventType.CARD_RENEWED,)
# News of connected accounts, which come to an endpoint of their own with a secret of its own.
THIN_EVENTS = (
    EventType.RECIPIENT_CAPABILITY,
    EventType.RECIPIENT_UPDATED,
    EventType.REQUIREMENTS_UPDATED,
    EventType.ACCOUNT_CLOSED,
)
ACCOUNT_EVENTS = (EventType.ACCOUNT_UPDATED, *THIN_EVENTS)


# Why something at the provider fits nothing here, as treasurers read it.
ORPHAN_WORDS: dict[str, Promise] = {
    "card_without_consent": _("a saved card that nobody here agreed to"),
    "dispute_of_no_pledge": _("a disputed charge of no pledge that we know"),
    "fee_in_another_currency": _("a fee in another currency"),
    "payment_intent_differs": _("a payment that is not as we asked for it"),
    "payment_of_no_pledge": _("a payment of no pledge that we know"),
    "refund_differs": _("a refund that is not as we asked for it"),
    "refund_made_elsewhere": _("a refund that was made at the provider, not here"),
    "refund_of_no_pledge": _("a refund of no pledge that we know"),
    "reversal_differs": _("money taken back that is not as we asked for it"),
    "reversal_made_elsewhere": _("money taken back at the provider, not here"),
    "setup_intent_differs": _("a saved card that is not as we asked for it"),
    "setup_intent_unknown": _("a saved card that the provider does not know"),
    "transfer_differs": _("a transfer that is not as we asked for it"),
}
# The same of a pledge whose state does not allow it; the state stands behind these.
ORPHAN_THOUGH: dict[str, Promise] = {
    "charged_though_": _("a charge of a pledge that is not to be charged"),
    "disputed_though_": _("a disputed charge of a pledge that was not collected"),
    "refunded_though_": _("a refund of a pledge that was not collected"),
}
