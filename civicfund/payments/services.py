"""Facts from and about the provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from civicfund.audit.services import db_now, record
from civicfund.payments.domain import GatewayError, ProviderNews, SetupIntent
from civicfund.payments.enums import ACCOUNT_EVENTS, EventType
from civicfund.payments.gateways import gateway
from civicfund.payments.gateways.stripe import stripe_gateway
from civicfund.payments.models import Orphan, OrphanReview, Payer, ProviderEvent
from civicfund.payments.selectors import due_events
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.words import seen

log = structlog.get_logger(__name__)

LONGEST_WAIT_MINUTES = 60
MISSED_FOR = timedelta(days=3)


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


def receive_event(payload: bytes, signature: str, *, connected: bool = False) -> bool:
    """Keep the pointer that a webhook carries; False where we have it or act on no such event.

    ``connected`` is of the endpoint that hears of connected accounts. Raises ``ForgedEventError``
    and keeps nothing unless signature, age, mode and endpoint are right.
    """
    return _keep([gateway().read_event(payload, signature, connected=connected)]) == 1


def fetch_missed_events() -> int:
    """Keep what the provider could not tell us by webhook; return how much was new to us.

    Looks back as far as we were ever silent: three days, the longest that it tries by itself.
    Events of payments and thin ones stand in logs of their own: where one cannot be read, what the
    other told is kept, and then the first error is raised. Calls the network.
    """
    since, provider = db_now() - MISSED_FOR, gateway()
    snapshots = [kind for kind in EventType if not kind.is_thin]
    thin = [kind for kind in EventType if kind.is_thin]
    kept, silent = 0, []
    for read, kinds in ((provider.undelivered_news, snapshots), (provider.thin_news, thin)):
        try:
            kept += _keep_of_our_mode(read(kinds, since))
        except GatewayError as error:
            silent.append(error)
    if silent:
        raise silent[0]
    return kept


def _keep_of_our_mode(news: Iterable[ProviderNews]) -> int:
    livemode = gateway().livemode
    return _keep(each for each in news if each.livemode == livemode)


def _keep(news: Iterable[ProviderNews]) -> int:
    """Keep pointers to events that something here acts on; return how many were new."""
    wanted = {each.id: each for each in news if _is_wanted(each)}
    known = set(ProviderEvent.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    rows = [
        ProviderEvent(
            id=each.id,
            type=each.type,
            object_id=each.object_id,
            account=each.account,
            created_at=each.created_at,
        )
        for each in wanted.values()
        if each.id not in known
    ]
    ProviderEvent.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _is_wanted(news: ProviderNews) -> bool:
    """What a connected account does with money of its own is not ours to hear of."""
    return news.type in EventType.values and bool(news.account) == (news.type in ACCOUNT_EVENTS)


def act_on_events(types: Iterable[str], act: Callable[[ProviderEvent], object], most: int) -> int:
    """Act on what the provider told us, each event by itself; return how many.

    One bad event holds up no other: it is kept and tried again.
    """
    events = due_events(types, most=most)
    for event in events:
        try:
            act(event)
        except Exception as error:
            event_failed(event, error)
        else:
            event_handled(event)
    return len(events)


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


@transaction.atomic
def review_orphan(orphan: Orphan, *, by: User, words: str) -> OrphanReview:
    """Say what an orphan was, once; it raises no alarm any more, and stays noted.

    Raises ``PermissionDenied`` for anybody but a treasurer, ``ValueError`` where nothing is said.
    """
    if not has_role(by, Role.TREASURER):
        raise PermissionDenied
    said = seen(words)
    if not said:
        raise ValueError("say what it was")
    review, is_new = OrphanReview.objects.get_or_create(
        orphan=orphan, defaults={"by": by, "words": said}
    )
    if is_new:
        record("orphan.reviewed", orphan, actor=by)
    return review


def save_test_card(intent: SetupIntent, card: str) -> None:
    """Save a test card such as ``pm_card_visa`` with no page, in the sandbox only.

    Raises ``CardDeclined`` for a card that refuses to be saved, and ``RuntimeError`` against the
    real provider.
    """
    sandbox = stripe_gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
    sandbox.save_test_card(intent.id, card)
