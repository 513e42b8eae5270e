"""A card saved for later: begun here, given to the provider in the page, read back from it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.payments.domain import (
    FINAL,
    GatewayRefused,
    IntentStatus,
    SetupIntent,
    UnexpectedState,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.services import customer_of, note_orphan
from civicfund.payments.services import save_test_card as save_test_card_at_provider
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CHANGEABLE_PLEDGE, PLEDGE_MOVES, PledgeState
from civicfund.pledges.models import Consent, Pledge
from civicfund.pledges.services.choosing import check_consent
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backer
from civicfund.pledges.services.locks import (
    campaign_taking_pledges,
    campaign_to_act_in,
    is_open,
    pledge_alone,
)
from civicfund.pledges.services.pledging import give_up

# Which words the page of a card showed, in the provider's metadata.
CONSENT = "consent"
CHECK_AGAIN = timedelta(minutes=2)


def start_card(pledge: Pledge, *, shown: str = "") -> SetupIntent:
    """The setup intent through which the backer gives a card; calls the network.

    Asking again, from another window or after a crash, gives the same one until it is used up, or
    until the words have changed. To put a card in place of another is to agree anew: ``shown`` is
    the version of the words that its page shows. Raises ``RefusedError`` where these are not those
    in force, and once the campaign takes no pledges.
    """
    with transaction.atomic():
        campaign_taking_pledges(pledge.campaign_id)
        row = pledge_alone(pledge.pk)
        _check_changeable(row)
        _check_shown(row, shown)
    before = row.setup_intent_id
    if before:
        begun = gateway().retrieve_setup_intent(before)
        if begun.status not in FINAL and begun.metadata.get(CONSENT) == CONSENT_VERSION:
            return begun
        apply_setup_intent(_ended(begun))
        _check_shown(Pledge.objects.get(pk=row.pk), shown)
    # A pledge keeps its customer, whose card it holds, even when an account claims it.
    customer = row.customer_id or customer_of(row.backer)
    # The key says which intent this one follows: asking twice makes one.
    made = gateway().create_setup_intent(
        customer_id=customer,
        key=f"si:{row.pk}:{before or 'first'}:{CONSENT_VERSION}",
        metadata={
            "pledge": str(row.pk),
            "campaign": str(row.campaign_id),
            CONSENT: CONSENT_VERSION,
        },
    )
    _keep_setup_intent(row, before, made, customer)
    return made


def _check_shown(pledge: Pledge, shown: str) -> None:
    if pledge.state != PledgeState.ACTIVE:
        return
    if not shown:
        said = _("Your card is saved already. To use another one is to agree anew.")
        raise RefusedError(said, field="consent")
    check_consent(shown)


def _ended(begun: SetupIntent) -> SetupIntent:
    """The setup intent, at its end: its page showed other words than those in force."""
    if begun.status in FINAL:
        return begun
    # Refused where it was confirmed in this very moment: the card is saved under its own words.
    with suppress(UnexpectedState, GatewayRefused):
        gateway().cancel_setup_intent(begun.id)
    return gateway().retrieve_setup_intent(begun.id)


def _check_changeable(pledge: Pledge) -> None:
    if pledge.state not in CHANGEABLE_PLEDGE:
        raise RefusedError(_("This pledge can no longer be changed."))


@transaction.atomic
def _keep_setup_intent(pledge: Pledge, before: str, made: SetupIntent, customer: str) -> None:
    campaign_taking_pledges(pledge.campaign_id)
    row = pledge_alone(pledge.pk)
    _check_changeable(row)
    now = db_now()
    kept = Pledge.objects.filter(pk=row.pk, setup_intent_id=before).update(
        setup_intent_id=made.id,
        customer_id=customer,
        checkout_ends_at=now + timedelta(seconds=settings.CHECKOUT_SECONDS),
        next_step_at=now + CHECK_AGAIN,
    )
    if kept and row.state == PledgeState.DRAFT:
        advance(row, PledgeState.AUTHORIZING, PLEDGE_MOVES, actor=row.backer)
    if not kept and row.setup_intent_id != made.id:
        raise RefusedError(_("You are giving a card in another window. Go on there."))


def apply_setup_intent(intent: SetupIntent) -> Pledge | None:
    """Act on what the provider says of a card being saved; the page, the webhook and the sweep all
    end here. Returns the pledge, None where the intent is none of ours or an older one.

    Applying the same again, late or out of order, changes nothing.
    """
    found = Pledge.objects.filter(setup_intent_id=intent.id).only("pk", "campaign_id").first()
    if found is None:
        return None
    with transaction.atomic():
        campaign = campaign_to_act_in(found.campaign_id)
        pledge = pledge_alone(found.pk)
        if pledge.setup_intent_id != intent.id or not _is_ours(pledge, intent):
            return None
        if intent.status == IntentStatus.SUCCEEDED and is_open(campaign):
            _keep_card(pledge, intent)
    pledge.refresh_from_db()
    return pledge


def _is_ours(pledge: Pledge, intent: SetupIntent) -> bool:
    told = (intent.customer_id, intent.metadata.get("pledge"), intent.livemode)
    if told == (pledge.customer_id, str(pledge.pk), gateway().livemode):
        return True
    note_orphan(intent.id, "setup_intent_differs")
    return False


def _keep_card(pledge: Pledge, intent: SetupIntent) -> None:
    """Promise with this card from now on. The caller holds the campaign's and the pledge's lock."""
    if pledge.payment_method_id == intent.payment_method_id:
        return
    if pledge.state == PledgeState.ACTIVE and CONSENT not in intent.metadata:
        # Which words its page showed nobody can tell: nothing was agreed to.
        note_orphan(intent.id, "card_without_consent")
        return
    card = {
        "payment_method_id": intent.payment_method_id,
        "card_brand": intent.card.brand if intent.card else "",
        "card_last4": intent.card.last4 if intent.card else "",
        "checkout_ends_at": None,
        "next_step_at": None,
    }
    if pledge.state == PledgeState.AUTHORIZING:
        advance(
            pledge, PledgeState.ACTIVE, PLEDGE_MOVES,
            actor=pledge.backer, confirmed_at=db_now(), **card,
        )  # fmt: skip
        tell_backer(pledge, "pledge_confirmed")
    elif pledge.state == PledgeState.ACTIVE:
        replaced = {
            "replaced_cards": [*pledge.replaced_cards, pledge.payment_method_id],
            "next_step_at": db_now(),
        }
        Pledge.objects.filter(pk=pledge.pk).update(**card | replaced)
        # The page on which it was given says these words, and that giving it is agreeing.
        Consent.objects.create(
            pledge=pledge,
            text_version=intent.metadata[CONSENT],
            amount_minor=pledge.amount_minor,
            payment_method_id=intent.payment_method_id,
        )
        record("pledge.card_changed", pledge, actor=pledge.backer)


def started_card(pledge: Pledge) -> SetupIntent | None:
    """What the provider says of the card that is being saved; None where it knows of none.

    Calls the network. A setup intent that it refuses to show is noted, and holds up nobody: no
    card of it was ever confirmed to us.
    """
    if not pledge.setup_intent_id:
        return None
    try:
        return gateway().retrieve_setup_intent(pledge.setup_intent_id)
    except GatewayRefused:
        note_orphan(pledge.setup_intent_id, "setup_intent_unknown")
        return None


def read_card_back(pledge: Pledge) -> Pledge:
    """Act on what the provider says of the pledge's card now. Calls the network."""
    if pledge.setup_intent_id:
        apply_setup_intent(gateway().retrieve_setup_intent(pledge.setup_intent_id))
    return Pledge.objects.get(pk=pledge.pk)


def check_card(pledge: Pledge) -> None:
    """Ask the provider how far a started card has come; give up what was left lying.

    Calls the network. A pledge whose time is up is cancelled only once no card can be saved
    through its setup intent any more.
    """
    intent = started_card(pledge)
    if intent is not None:
        if intent.status == IntentStatus.SUCCEEDED:
            after = apply_setup_intent(intent)
            if after is not None and after.payment_method_id == intent.payment_method_id:
                return
        elif _time_is_up(pledge) and intent.status != IntentStatus.CANCELED:
            try:
                gateway().cancel_setup_intent(intent.id)
            except (UnexpectedState, GatewayRefused):
                # It was confirmed in this very moment: what it has become is what counts.
                apply_setup_intent(gateway().retrieve_setup_intent(intent.id))
                return
    _wait_or_give_up(pledge)


def _time_is_up(pledge: Pledge) -> bool:
    return pledge.checkout_ends_at is not None and pledge.checkout_ends_at <= db_now()


def _wait_or_give_up(pledge: Pledge) -> None:
    with transaction.atomic():
        campaign = campaign_to_act_in(pledge.campaign_id)
        row = pledge_alone(pledge.pk)
        if row.setup_intent_id != pledge.setup_intent_id or row.state not in CHANGEABLE_PLEDGE:
            return
        if not _time_is_up(row):
            Pledge.objects.filter(pk=row.pk).update(next_step_at=db_now() + CHECK_AGAIN)
        elif row.state == PledgeState.ACTIVE:
            Pledge.objects.filter(pk=row.pk).update(next_step_at=None, checkout_ends_at=None)
        elif is_open(campaign):
            give_up(row, actor=None)


def forget_card(pledge: Pledge) -> None:
    """Make cards that are not needed any more unchargeable at the provider. Calls the network.

    Those it was promised with before, too, and one that was saved too late to be promised with.
    """
    cards = {pledge.payment_method_id, *pledge.replaced_cards, _saved_too_late(pledge)}
    _detach(cards - {""})
    Pledge.objects.filter(pk=pledge.pk, card_forgotten_at__isnull=True).update(
        card_forgotten_at=db_now(), next_step_at=None, replaced_cards=[]
    )


def _saved_too_late(pledge: Pledge) -> str:
    """A card of the last setup intent; empty where it is ended before there is one."""
    if not pledge.setup_intent_id:
        return ""
    try:
        gateway().cancel_setup_intent(pledge.setup_intent_id)
    except (UnexpectedState, GatewayRefused):  # it has come to its end already
        intent = started_card(pledge)
        if intent is not None and intent.customer_id == pledge.customer_id:
            return intent.payment_method_id
    return ""


def forget_replaced_cards(pledge: Pledge) -> None:
    """Make cards that others took the place of unchargeable at the provider. Calls the network."""
    _detach(set(pledge.replaced_cards) - {pledge.payment_method_id})
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        left = [card for card in row.replaced_cards if card not in pledge.replaced_cards]
        again = db_now() if left else None
        if again is None and row.checkout_ends_at is not None:
            again = db_now() + CHECK_AGAIN
        Pledge.objects.filter(pk=row.pk).update(replaced_cards=left)
        if row.state == PledgeState.ACTIVE:  # else it is due for something else
            Pledge.objects.filter(pk=row.pk).update(next_step_at=again)


def _detach(cards: Iterable[str]) -> None:
    for card in cards:
        # Refused where it is not attached any more: forgotten already, which is what we want.
        with suppress(GatewayRefused):
            gateway().detach_card(card)


def save_test_card(pledge: Pledge, card: str) -> Pledge:
    """Give a test card such as ``pm_card_visa`` with no page: for the demo, in the sandbox only."""
    save_test_card_at_provider(start_card(pledge, shown=CONSENT_VERSION), card)
    pledge.refresh_from_db()
    apply_setup_intent(gateway().retrieve_setup_intent(pledge.setup_intent_id))
    pledge.refresh_from_db()
    return pledge
