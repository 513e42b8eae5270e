"""Facts from and about the provider."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings

from civicfund.audit.services import db_now
from civicfund.payments.domain import SetupIntent
from civicfund.payments.enums import EventType
from civicfund.payments.gateways import gateway
from civicfund.payments.gateways.stripe import stripe_gateway
from civicfund.payments.models import Orphan, Payer, ProviderEvent
from civicfund.people.models import User

log = structlog.get_logger(__name__)

LONGEST_WAIT_MINUTES = 60


def customer_of(user: User) -> str:
    """The person's id at the provider, made there once. Calls the network."""
    payer, _ = Payer.objects.get_or_create(user=user)
    if not payer.customer_id:
        made = gateway().create_customer(
            key=f"cust:{payer.request_key}", metadata={"payer": str(payer.request_key)}
        )
        Payer.objects.filter(pk=payer.pk, customer_id="").update(customer_id=made)
        payer.refresh_from_db()
    return payer.customer_id


def receive_event(payload: bytes, signature: str) -> bool:
    """Keep the pointer that a webhook carries; False where we have it or act on no such event.

    Raises ``ForgedEventError`` and keeps nothing unless signature, age and mode are right.
    """
    news = gateway().read_event(payload, signature)
    if news.type not in EventType.values:
        return False
    if ProviderEvent.objects.filter(pk=news.id).exists():
        return False
    ProviderEvent.objects.bulk_create(
        [
            ProviderEvent(
                id=news.id,
                type=news.type,
                object_id=news.object_id,
                account=news.account,
                created_at=news.created_at,
            )
        ],
        ignore_conflicts=True,
    )
    return True


def event_handled(event: ProviderEvent) -> None:
    """Note that the event has been acted on."""
    ProviderEvent.objects.filter(pk=event.pk, handled_at__isnull=True).update(
        handled_at=db_now(), error=""
    )


def event_failed(event: ProviderEvent, error: Exception) -> None:
    """Note that acting on it failed, and when to try again: it holds up no other event."""
    wait = timedelta(minutes=min(2**event.tries, LONGEST_WAIT_MINUTES))
    ProviderEvent.objects.filter(pk=event.pk, handled_at__isnull=True).update(
        tries=event.tries + 1, error=type(error).__name__, next_try_at=db_now() + wait
    )
    log.warning("provider_event.failed", event_id=event.pk, error=type(error).__name__)


def note_orphan(object_id: str, reason: str) -> None:
    """Keep a note of something at the provider that fits nothing of ours, once, and say so."""
    Orphan.objects.bulk_create([Orphan(object_id=object_id, reason=reason)], ignore_conflicts=True)
    log.error("provider.orphan", object_id=object_id, reason=reason)


def save_test_card(intent: SetupIntent, card: str) -> None:
    """Save a test card such as ``pm_card_visa`` with no page, in the sandbox only.

    Raises ``CardDeclined`` for a card that refuses to be saved, and ``RuntimeError`` against the
    real provider.
    """
    sandbox = stripe_gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
    sandbox.save_test_card(intent.id, card)
