"""A card saved through the sandbox: by page, webhook and sweep alike, once each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from civicfund.ledger.models import Entry
from civicfund.payments import services
from civicfund.payments.domain import CardDeclined
from civicfund.payments.gateways import gateway
from civicfund.payments.models import Orphan
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services import cards, choosing
from civicfund.pledges.services.cards import (
    apply_setup_intent,
    check_card,
    forget_card,
    save_test_card,
    start_card,
)
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge
from civicfund.pledges.services.steps import take_step
from tests.factories.pledges import CampaignFactory, RewardFactory, soon, suspend
from tests.pledges.promises import WORKS, choose, end, promise
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def save_at_provider(pledge, card=WORKS):
    """The browser's part: the card is saved, and we have not heard of it."""
    intent = start_card(pledge)
    services.save_test_card(intent, card)
    return intent.id


def test_a_saved_card_makes_the_pledge_count(provider):
    pledge = promise(CampaignFactory())
    assert (pledge.state, pledge.card_words) == (PledgeState.ACTIVE, "Visa •••• 4242")
    assert pledge.confirmed_at is not None
    assert (pledge.next_step_at, pledge.checkout_ends_at) == (None, None)
    assert Entry.objects.count() == 0


def test_asking_for_card_fields_again_gives_the_same_intent(provider):
    pledge = choose(CampaignFactory())
    assert start_card(pledge).id == start_card(Pledge.objects.get()).id
    assert provider.control("state")["setup_intent"] == 1


def test_a_crash_before_the_intent_was_kept_makes_no_second_one(provider):
    pledge = choose(CampaignFactory())
    first = start_card(pledge).id
    Pledge.objects.update(setup_intent_id="")
    assert start_card(Pledge.objects.get()).id == first


def test_hearing_the_same_twice_changes_nothing(provider):
    pledge = choose(CampaignFactory())
    intent = gateway().retrieve_setup_intent(save_at_provider(pledge))
    first = apply_setup_intent(intent)
    assert apply_setup_intent(intent).confirmed_at == first.confirmed_at


def test_another_card_takes_the_place_of_the_first(provider):
    pledge = promise(CampaignFactory())
    before = pledge.payment_method_id
    changed = save_test_card(pledge, "pm_card_mastercard")
    assert changed.state == PledgeState.ACTIVE
    assert changed.payment_method_id != before
    assert changed.card_words == "Mastercard •••• 4444"


def test_a_card_that_is_refused_leaves_the_pledge_waiting(provider):
    pledge = choose(CampaignFactory())
    with pytest.raises(CardDeclined):
        save_test_card(pledge, "pm_card_visa_chargeDeclined")
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.AUTHORIZING
    assert save_test_card(pledge, WORKS).state == PledgeState.ACTIVE


def test_nobody_starts_a_card_after_the_deadline(provider):
    campaign = CampaignFactory()
    pledge = choose(campaign)
    end(campaign)
    with pytest.raises(RefusedError):
        start_card(pledge)
    assert provider.control("state").get("setup_intent", 0) == 0


def test_a_card_begun_in_time_may_finish_while_the_campaign_closes(provider):
    campaign = CampaignFactory(goal_minor=2500)
    pledge = choose(campaign)
    intent_id = save_at_provider(pledge)
    end(campaign)
    assert campaign.state == CampaignState.CLOSING
    apply_setup_intent(gateway().retrieve_setup_intent(intent_id))
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE


def test_a_card_saved_in_time_counts_though_no_webhook_came(provider):
    campaign = CampaignFactory(goal_minor=2500)
    pledge = choose(campaign)
    save_at_provider(pledge)
    end(campaign)
    assert decide_if_time(campaign).decision == "funded"
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.DUE


def test_a_card_saved_after_the_decision_comes_too_late(provider):
    campaign = CampaignFactory()
    pledge = choose(campaign)
    intent = start_card(pledge)
    end(campaign)
    decide_if_time(campaign)
    services.save_test_card(intent, WORKS)
    apply_setup_intent(gateway().retrieve_setup_intent(intent.id))
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.CANCELLED


def test_an_intent_of_somebody_else_is_an_orphan_and_changes_nothing(provider):
    pledge, other = choose(CampaignFactory()), choose(CampaignFactory())
    start_card(pledge)
    intent_id = save_at_provider(other)
    Pledge.objects.filter(pk=other.pk).update(setup_intent_id="")
    Pledge.objects.filter(pk=pledge.pk).update(setup_intent_id=intent_id)
    assert apply_setup_intent(gateway().retrieve_setup_intent(intent_id)) is None
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.AUTHORIZING
    assert Orphan.objects.get().object_id == intent_id


def test_a_sweep_finds_a_card_that_no_webhook_told_of(provider):
    pledge = choose(CampaignFactory())
    save_at_provider(pledge)
    pledge.refresh_from_db()
    check_card(pledge)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE


def test_a_sweep_waits_while_there_is_time_and_gives_up_when_it_is_over(provider):
    reward = RewardFactory(limit=1)
    pledge = choose(reward.campaign, reward=reward)
    intent = start_card(pledge)
    pledge.refresh_from_db()
    check_card(pledge)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.AUTHORIZING
    Pledge.objects.update(checkout_ends_at=soon(seconds=-1))
    pledge.refresh_from_db()
    check_card(pledge)
    pledge.refresh_from_db()
    reward.refresh_from_db()
    assert (pledge.state, reward.claimed) == (PledgeState.CANCELLED, 0)
    assert gateway().retrieve_setup_intent(intent.id).status == "canceled"


def test_a_pledge_without_a_card_frees_its_reward_when_its_time_is_over(provider):
    reward = RewardFactory(limit=1)
    pledge = choose(reward.campaign, reward=reward)
    Pledge.objects.update(checkout_ends_at=soon(seconds=-1))
    check_card(Pledge.objects.get(pk=pledge.pk))
    reward.refresh_from_db()
    assert (Pledge.objects.get().state, reward.claimed) == (PledgeState.CANCELLED, 0)


def test_a_suspended_campaign_keeps_no_places_for_cards_that_never_came(provider):
    reward = RewardFactory(limit=1)
    pledge = choose(reward.campaign, reward=reward)
    suspend(reward.campaign)
    Campaign.objects.update(state=CampaignState.SUSPENDED, suspension_reason="Looked into.")
    Pledge.objects.update(checkout_ends_at=soon(seconds=-1), next_step_at=soon(seconds=-1))
    take_step(pledge.pk)
    reward.refresh_from_db()
    assert (Pledge.objects.get().state, reward.claimed) == (PledgeState.CANCELLED, 0)
    assert not Pledge.objects.due().exists()


def test_another_card_is_agreed_to_anew(provider):
    pledge = promise(CampaignFactory(), 4000)
    assert [row.payment_method_id for row in pledge.consents.all()] == [""]
    first = pledge.payment_method_id
    save_test_card(pledge, "pm_card_mastercard")
    assert pledge.payment_method_id != first
    renewed = pledge.consents.latest("pk")
    assert (renewed.payment_method_id, renewed.amount_minor, renewed.text_version) == (
        pledge.payment_method_id, 4000, CONSENT_VERSION,
    )  # fmt: skip
    apply_setup_intent(gateway().retrieve_setup_intent(pledge.setup_intent_id))
    assert pledge.consents.count() == 2


def attached(provider, card):
    """Whether the provider could still charge the card."""
    return sandbox_client(provider).v1.payment_methods.retrieve(card).customer is not None


def work(pledge):
    for _ in range(3):
        take_step(pledge.pk)


def test_a_card_that_another_one_replaced_is_forgotten_at_the_provider(provider):
    pledge = promise(CampaignFactory())
    first = pledge.payment_method_id
    save_test_card(pledge, "pm_card_mastercard")
    work(pledge)
    pledge.refresh_from_db()
    assert (attached(provider, first), attached(provider, pledge.payment_method_id)) == (
        False, True,
    )  # fmt: skip
    assert (pledge.replaced_cards, pledge.next_step_at) == ([], None)


def test_a_replaced_card_that_the_provider_was_silent_about_is_forgotten_later(provider):
    pledge = promise(CampaignFactory())
    first = pledge.payment_method_id
    save_test_card(pledge, "pm_card_mastercard")
    silent = {"kind": "lose_request", "path": "/detach"}
    provider.control("faults", rules=[silent])
    work(pledge)
    pledge.refresh_from_db()
    assert pledge.replaced_cards == [first]
    provider.control("faults", rules=[])
    work(pledge)
    pledge.refresh_from_db()
    assert not attached(provider, first)
    assert pledge.replaced_cards == []


def test_a_card_that_was_saved_too_late_is_forgotten_with_the_pledge(provider):
    pledge = choose(CampaignFactory())
    saved = save_at_provider(pledge)
    cancel_pledge(Pledge.objects.get(), by=pledge.backer)
    card = gateway().retrieve_setup_intent(saved).payment_method_id
    assert attached(provider, card)
    forget_card(Pledge.objects.get())
    assert not attached(provider, card)


def in_force(monkeypatch, version):
    """As after an upgrade that brought other words."""
    for module in (cards, choosing):
        monkeypatch.setattr(module, "CONSENT_VERSION", version)


def test_words_that_changed_while_a_card_was_given_are_shown_anew(provider, monkeypatch):
    """What is recorded is what the page showed on which the card was given."""
    pledge = promise(CampaignFactory())
    before = start_card(pledge, shown=CONSENT_VERSION)
    in_force(monkeypatch, "2027-01")
    with pytest.raises(RefusedError, match="have changed"):
        start_card(pledge, shown=CONSENT_VERSION)
    after = start_card(pledge, shown="2027-01")
    assert after.id != before.id
    assert gateway().retrieve_setup_intent(before.id).status == "canceled"
    services.save_test_card(after, WORKS)
    apply_setup_intent(gateway().retrieve_setup_intent(after.id))
    assert pledge.consents.latest("pk").text_version == "2027-01"


def test_a_card_that_was_given_under_the_old_words_keeps_them(provider, monkeypatch):
    pledge = promise(CampaignFactory())
    begun = start_card(pledge, shown=CONSENT_VERSION)
    services.save_test_card(begun, WORKS)
    in_force(monkeypatch, "2027-01")
    apply_setup_intent(gateway().retrieve_setup_intent(begun.id))
    assert pledge.consents.latest("pk").text_version == CONSENT_VERSION


def test_a_card_whose_page_nobody_knows_takes_the_place_of_none(provider):
    pledge = promise(CampaignFactory())
    begun = start_card(pledge, shown=CONSENT_VERSION)
    services.save_test_card(begun, WORKS)
    told = gateway().retrieve_setup_intent(begun.id)
    unsaid = {key: said for key, said in told.metadata.items() if key != "consent"}
    apply_setup_intent(replace(told, metadata=unsaid))
    kept = Pledge.objects.get()
    assert (kept.payment_method_id, kept.consents.count()) == (pledge.payment_method_id, 1)
    assert Orphan.objects.get().reason == "card_without_consent"


def test_a_card_that_is_not_replaced_in_time_stays(provider):
    pledge = promise(CampaignFactory())
    start_card(pledge, shown=CONSENT_VERSION)
    Pledge.objects.update(checkout_ends_at=soon(seconds=-1))
    check_card(Pledge.objects.get())
    kept = Pledge.objects.get()
    assert (kept.state, kept.payment_method_id) == (PledgeState.ACTIVE, pledge.payment_method_id)
    assert kept.next_step_at is None


def test_a_card_that_is_not_needed_any_more_is_forgotten(provider):
    pledge = promise(CampaignFactory())
    cancel_pledge(pledge, by=pledge.backer)
    pledge.refresh_from_db()
    forget_card(pledge)
    forget_card(pledge)
    pledge.refresh_from_db()
    assert pledge.card_forgotten_at is not None
    assert pledge.next_step_at is None
    method = sandbox_client(provider).v1.payment_methods.retrieve(pledge.payment_method_id)
    assert method.customer is None


def test_the_page_of_another_card_says_what_its_backer_agrees_to(provider, client):
    pledge = promise(CampaignFactory())
    client.force_login(pledge.backer)
    page = client.get(reverse("pledge_card", args=[pledge.pk])).content.decode()
    assert "in place of Visa •••• 4242" in page
    assert "your card is charged once" in page
    new = choose(CampaignFactory(), backer=pledge.backer)
    page = client.get(reverse("pledge_card", args=[new.pk])).content.decode()
    assert "in place of" not in page
