"""Add-ons, sending and bonus: what a pledge is made of, and what it never is."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, Handover, PledgeState, RewardKind
from civicfund.pledges.models import ChosenAddOn, Pledge, Reward, ShippingZone
from civicfund.pledges.services.choosing import choice_of
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge, pledge
from civicfund.pledges.services.rewards import add_reward
from civicfund.pledges.services.terms import RewardTerms
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory, soon

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def cup(campaign):
    return RewardFactory(campaign=campaign, title="A cup", amount_minor=2000, limit=5)


@pytest.fixture
def card(campaign):
    """An add-on that is sent."""
    return RewardFactory(
        campaign=campaign, title="A card", amount_minor=300, limit=4,
        kind=RewardKind.ADD_ON, handover=Handover.SHIPPING,
    )  # fmt: skip


@pytest.fixture
def abroad(campaign):
    return ShippingZone.objects.create(
        campaign=campaign, position=1, name="Abroad", amount_minor=700
    )


def test_a_reward_is_added_while_it_is_live_and_those_of_before_stay(client, campaign, cup):
    backer, creator = UserFactory(), campaign.creator
    mine = promise(campaign, 2000, backer, reward=cup)
    page = reverse("reward_new", args=[campaign.pk])
    client.force_login(creator)
    assert page in client.get(campaign.get_absolute_url()).content.decode()
    sent = {"title": "A bag", "amount": "30", "limit": "2", "handover": "pickup"}
    unsent = client.post(page, sent | {"handover": "shipping"})
    assert (unsent.status_code, "sends nothing" in unsent.content.decode()) == (400, True)
    assert client.post(page, sent | {"title": ""}).status_code == 400
    assert client.post(page, sent).url == campaign.get_absolute_url()
    bag = Reward.objects.get(title="A bag")
    assert (bag.amount_minor, bag.limit, bag.position) == (3000, 2, cup.position + 1)
    event = Event.objects.get(verb="campaign.reward_added")
    assert (event.actor, event.data) == (creator, {"reward": bag.pk, "amount_minor": 3000})
    again = client.post(page, sent)
    assert (again.status_code, "offered already" in again.content.decode()) == (400, True)
    assert Reward.objects.filter(title="A bag").count() == 1
    mine.refresh_from_db()
    assert (mine.reward, mine.amount_minor) == (cup, 2000)
    words = {"by": backer, "consent_version": CONSENT_VERSION}
    assert change_pledge(mine, amount_minor=3000, reward=bag, **words).reward == bag
    assert taken(cup, bag) == [0, 1]
    for change in ({"title": "A mug"}, {"amount_minor": 1}, {"limit": None}, {"position": 9}):
        refused("reward_stays_once_reviewed", lambda c=change: bag_of(campaign).update(**c))
    refused("reward_stays_once_reviewed", lambda: bag_of(campaign)._raw_delete("default"))


def bag_of(campaign):
    return Reward.objects.filter(campaign=campaign, title="A bag")


def test_no_reward_is_added_by_others_or_while_it_takes_no_pledges(campaign):
    with pytest.raises(RefusedError, match="Only the campaign's creator"):
        add_reward(campaign, RewardTerms("A bag", 3000), by=UserFactory())
    with pytest.raises(RefusedError, match="can cost from"):
        add_reward(campaign, RewardTerms("A bag", 1), by=campaign.creator)
    for changes in ({"state": CampaignState.APPROVED}, {"deadline_at": soon(days=-1)}):
        other = CampaignFactory(**changes)
        with pytest.raises(RefusedError, match="while the campaign takes pledges"):
            add_reward(other, RewardTerms("A bag", 3000), by=other.creator)
    for state in (CampaignState.SUBMITTED, CampaignState.SUSPENDED):
        stopped = CampaignFactory(state=state)
        refused("reward_stays_once_reviewed", lambda c=stopped: RewardFactory(campaign=c))
    assert not Reward.objects.exists()


def promise(campaign, amount_minor, backer=None, **chosen):
    return pledge(
        campaign,
        backer=backer or UserFactory(),
        amount_minor=amount_minor,
        consent_version=CONSENT_VERSION,
        **chosen,
    )


def taken(*rewards):
    return [Reward.objects.get(pk=reward.pk).claimed for reward in rewards]


def test_a_pledge_is_made_of_a_reward_add_ons_sending_and_a_bonus(campaign, cup, card, abroad):
    made = promise(campaign, 3500, reward=cup, add_ons={card: 2}, zone=abroad)
    made.refresh_from_db()
    assert (made.amount_minor, made.shipping_minor, made.shipping_zone) == (3500, 700, abroad)
    [chosen] = made.add_ons.all()
    assert (chosen.add_on, chosen.quantity, chosen.price_minor) == (card, 2, 300)
    assert choice_of(made).least_minor == 3300
    assert taken(cup, card) == [1, 2]
    assert made.consents.get().amount_minor == 3500


def test_sending_is_paid_once_and_only_where_something_is_sent(campaign, cup, card, abroad):
    both = promise(campaign, 3000, reward=cup, add_ons={card: 1}, zone=abroad)
    assert both.shipping_minor == 700
    nothing_sent = promise(campaign, 2000, reward=cup, zone=abroad)
    assert (nothing_sent.shipping_minor, nothing_sent.shipping_zone) == (0, None)


@pytest.mark.parametrize(
    ("choose", "field"),
    [
        (lambda on: {"amount_minor": 3299}, "amount"),
        (lambda on: {"add_ons": {on["card"]: 0}}, "add_ons"),
        (lambda on: {"add_ons": {on["card"]: 11}}, "add_ons"),
        (lambda on: {"add_ons": {on["cup"]: 1}}, "add_ons"),
        (lambda on: {"reward": on["card"]}, "reward"),
        (lambda on: {"add_ons": {on["elsewhere"]: 1}}, "add_ons"),
        (lambda on: {"zone": None}, "zone"),
        (lambda on: {"zone": on["other_zone"]}, "zone"),
        (lambda on: {"add_ons": {on["card"]: 5}, "amount_minor": 9000}, "add_ons"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_and_nothing_moves(
    campaign, cup, card, abroad, choose, field
):
    other = CampaignFactory()
    on = {
        "cup": cup, "card": card,
        "elsewhere": RewardFactory(campaign=other, kind=RewardKind.ADD_ON),
        "other_zone": ShippingZone.objects.create(
            campaign=other, position=1, name="There", amount_minor=1
        ),
    }  # fmt: skip
    right = {"amount_minor": 3300, "reward": cup, "add_ons": {card: 2}, "zone": abroad}
    with pytest.raises(RefusedError) as refusal:
        promise(campaign, **right | choose(on))
    assert refusal.value.field == field
    assert (Pledge.objects.count(), ChosenAddOn.objects.count()) == (0, 0)
    assert taken(cup, card) == [0, 0]
    assert promise(campaign, **right).amount_minor == 3300


def test_a_change_gives_back_and_takes_only_the_difference(campaign, cup, card, abroad):
    backer = UserFactory()
    made = promise(campaign, 4000, backer, reward=cup, add_ons={card: 3}, zone=abroad)
    change_pledge(
        made, by=backer, amount_minor=1900, add_ons={card: 4}, zone=abroad,
        consent_version=CONSENT_VERSION,
    )  # fmt: skip
    made = Pledge.objects.get()
    assert (made.amount_minor, made.reward, made.shipping_minor) == (1900, None, 700)
    assert taken(cup, card) == [0, 4]
    cancel_pledge(made, by=backer)
    assert taken(cup, card) == [0, 0]


def test_what_was_chosen_is_agreed_on_a_page_of_its_own(client, campaign, cup, card, abroad):
    client.force_login(UserFactory())
    address = reverse("pledge", args=[campaign.pk])
    chosen = {"amount": "21", "reward": cup.pk, f"add_on_{card.pk}": "2", "zone": abroad.pk}
    page = client.post(address, chosen)
    text = page.content.decode()
    assert page.status_code == 200
    for words in (
        "A cup",
        "2 \N{MULTIPLICATION SIGN} A card",
        "Sent to: Abroad",
        "Bonus",
        "You pay €34 and nothing",
    ):
        assert words in text
    assert Pledge.objects.count() == 0
    agreed = dict(page.context["form"].sent_again())
    assert agreed == {name: str(value) for name, value in chosen.items()}
    agreed |= {"consent": "on", "consent_version": CONSENT_VERSION}
    made = client.post(address, agreed)
    row = Pledge.objects.get()
    assert made.url == reverse("pledge_card", args=[row.pk])
    assert (row.amount_minor, row.shipping_minor) == (3400, 700)
    detail = client.get(row.get_absolute_url()).content.decode()
    for words in ("2 \N{MULTIPLICATION SIGN} A card", "Abroad", "Bonus"):
        assert words in detail


def test_a_change_starts_from_what_was_chosen(client, campaign, cup, card, abroad):
    backer = UserFactory()
    made = promise(campaign, 3500, backer, reward=cup, add_ons={card: 2}, zone=abroad)
    client.force_login(backer)
    initial = client.get(reverse("pledge_change", args=[made.pk])).context["form"].initial
    assert initial == {
        "amount": 2200, "reward": cup.pk, "zone": abroad.pk, "show_name": False,
        f"add_on_{card.pk}": 2,
    }  # fmt: skip


def test_the_choice_page_says_at_once_what_cannot_be(client, campaign, cup, card):
    client.force_login(UserFactory())
    page = client.post(
        reverse("pledge", args=[campaign.pk]), {"amount": "20", f"add_on_{card.pk}": "1"}
    )
    assert page.status_code == 400
    assert "Say where it is to be sent." in page.content.decode()


def at_commit(act):
    """Do it, and ask what is only asked at the end of a transaction."""
    act()
    connection.check_constraints()


def refused(constraint, act):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        at_commit(act)
    assert constraint in str(refusal.value.__cause__.diag.constraint_name)


def test_the_database_refuses_what_the_services_do(campaign, cup, card, abroad):
    made = promise(campaign, 3300, reward=cup, add_ons={card: 2}, zone=abroad)
    mine = Pledge.objects.filter(pk=made.pk)
    theirs = RewardFactory(kind=RewardKind.ADD_ON)
    covers = "pledges_pledge_covers_choice"
    refused(covers, lambda: mine.update(amount_minor=3299))
    refused(covers, lambda: mine.update(shipping_minor=701))
    refused(covers, lambda: made.add_ons.update(quantity=3))
    refused("pledges_pledge_one_reward", lambda: mine.update(reward=card))
    refused("pledges_pledge_one_reward", lambda: made.add_ons.update(add_on=theirs, quantity=1))
    refused("pledge_pays_for_sending_somewhere", lambda: mine.update(shipping_zone=None))
    elsewhere = ShippingZone.objects.create(
        campaign=theirs.campaign, position=1, name="There", amount_minor=1
    )
    refused("pledge_sent_to_a_zone", lambda: mine.update(shipping_zone=elsewhere))
    assert choice_of(Pledge.objects.get()).least_minor == 3300


def test_what_was_chosen_stays_from_the_decision_on(campaign, card, abroad):
    decided = PledgeFactory(campaign=campaign, state=PledgeState.DUE, amount_minor=5000)
    mine = Pledge.objects.filter(pk=decided.pk)
    refused("pledges_pledge_frozen", lambda: mine.update(shipping_zone=abroad, shipping_minor=1))
    refused(
        "pledges_chosenaddon_frozen",
        lambda: ChosenAddOn.objects.create(
            pledge=decided, add_on=card, quantity=1, price_minor=300
        ),
    )


@pytest.mark.django_db(transaction=True)
def test_the_last_add_ons_go_to_whoever_is_first(campaign, card, abroad):
    """Four are left and six people want two each, at once: two of them get theirs."""
    backers, start, told = UserFactory.create_batch(6), Barrier(6), []

    def try_to(backer):
        start.wait()
        try:
            promise(campaign, 1300, backer, add_ons={card: 2}, zone=abroad)
            told.append("made")
        except RefusedError as refusal:
            told.append(refusal.field)
        finally:
            connection.close()

    threads = [Thread(target=try_to, args=[backer]) for backer in backers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["add_ons"] * 4 + ["made"] * 2
    assert taken(card) == [4]
    assert sum(ChosenAddOn.objects.values_list("quantity", flat=True)) == 4
