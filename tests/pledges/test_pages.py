from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from civicfund.places.enums import PlaceKind
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, Decision, PledgeState
from civicfund.pledges.models import Campaign, LeadPicture, Pledge
from civicfund.pledges.services.campaigns import submit_campaign
from civicfund.pledges.services.errors import RefusedError
from civicfund.projects.enums import Category
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import (
    CampaignFactory,
    OutcomeFactory,
    PledgeFactory,
    RewardFactory,
    soon,
)
from tests.factories.projects import ProjectFactory, add_picture
from tests.pledges.promises import choose

pytestmark = pytest.mark.django_db


def text_of(response):
    return " ".join(response.content.decode().split())


def choice(**given):
    return {"amount": "25", "consent": "on", "consent_version": CONSENT_VERSION} | given


@pytest.fixture
def backer(client):
    user = UserFactory()
    client.force_login(user)
    return user


def test_the_list_shows_what_takes_pledges_and_what_has_ended_apart(client):
    live = CampaignFactory()
    over = CampaignFactory(state=CampaignState.UNFUNDED)
    CampaignFactory(state=CampaignState.DRAFT)
    running = text_of(client.get(reverse("campaigns")))
    assert live.project.title in running
    assert over.project.title not in running
    ended = text_of(client.get(reverse("campaigns"), {"show": "finished"}))
    assert over.project.title in ended
    assert live.project.title not in ended


def test_what_starts_soon_has_a_list_of_its_own(client):
    now = timezone.now()
    later, first = (
        CampaignFactory(state=CampaignState.APPROVED, starts_at=now + timedelta(days=n))
        for n in (2, 1)
    )
    waiting = CampaignFactory(state=CampaignState.APPROVED, starts_at=None)
    CampaignFactory()
    CampaignFactory(state=CampaignState.SUBMITTED)
    page = client.get(reverse("campaigns"), {"show": "coming"})
    assert list(page.context["page"]) == [first, later, waiting]
    text = text_of(page)
    assert f"Starts on {localtime(first.starts_at):%-d %B %Y, %H:%M}" in text
    assert "Starts as soon as it can be paid" in text
    listed = client.get("/api/v1/campaigns/", {"show": "coming"}).json()["results"]
    assert [each["id"] for each in listed] == [first.pk, later.pk, waiting.pk]


def test_the_list_is_narrowed_to_a_subject_and_put_in_another_order(client):
    now = timezone.now()
    old, big, young = (
        CampaignFactory(
            project__category=category,
            live_at=now - timedelta(hours=hours),
            deadline_at=now + timedelta(days=days),
            goal_minor=goal,
        )
        for category, hours, days, goal in (
            (Category.STREETS, 3, 3, 1_000),
            (Category.CULTURE, 2, 2, 100_000),
            (Category.CULTURE, 1, 1, 10_000),
        )
    )
    PledgeFactory(campaign=old, amount_minor=900)
    PledgeFactory.create_batch(2, campaign=big, amount_minor=5_000)
    for query, found in (
        ({}, [young, big, old]),
        ({"category": "culture"}, [young, big]),
        ({"sort": "newest"}, [young, big, old]),
        ({"sort": "closest"}, [old, big, young]),
        ({"sort": "backers"}, [big, old, young]),
        ({"sort": "backers", "category": "culture", "show": "live"}, [big, young]),
        ({"sort": "closest", "show": "finished"}, []),
    ):
        page = client.get(reverse("campaigns"), query)
        assert list(page.context["page"]) == found, query
    for wrong in ({"sort": "pk"}, {"category": "x"}):
        assert client.get(reverse("campaigns"), wrong).status_code == 400


@pytest.mark.parametrize(
    ("show", "state"), [("live", CampaignState.LIVE), ("finished", CampaignState.UNFUNDED)]
)
def test_the_list_is_searched_and_narrowed_to_a_place_and_what_lies_in_it(client, show, state):
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    here, there = NeighborhoodFactory(parent=district), NeighborhoodFactory()
    bridge, mill, far = (
        CampaignFactory(project__title=title, project__neighborhood=place, state=state)
        for title, place in (("A bridge", here), ("A mill", here), ("A far bridge", there))
    )
    for query, found in (
        ({"neighborhood": here.slug}, {bridge, mill}),
        ({"neighborhood": district.slug}, {bridge, mill}),
        ({"neighborhood": there.slug}, {far}),
        ({"q": "bridge"}, {bridge, far}),
        ({"q": "bridge", "neighborhood": here.slug}, {bridge}),
        ({"q": "tower"}, set()),
    ):
        page = client.get(reverse("campaigns"), query | {"show": show})
        assert set(page.context["page"]) == found
    assert "No campaign like this" in text_of(page)
    assert ('name="show" value="finished"' in text_of(page)) == (show == "finished")


def test_a_place_that_is_none_finds_nothing_and_is_said_to_be_none(client):
    CampaignFactory()
    page = client.get(reverse("campaigns"), {"neighborhood": "nowhere"})
    assert page.status_code == 400
    assert not page.context["page"].object_list


@pytest.mark.parametrize("query", [{"show": "secret"}, {"page": "99"}, {"page": "x"}])
def test_a_list_that_is_not_there_is_not_found(client, query):
    assert client.get(reverse("campaigns"), query).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_much_for_three_as_for_one(client, django_assert_num_queries, rows):
    for _ in range(rows):
        campaign = CampaignFactory()
        PledgeFactory.create_batch(2, campaign=campaign)
        add_picture(campaign.project, "One")
        two = add_picture(campaign.project, "Two")
        LeadPicture.objects.create(campaign=campaign, file=two)
    with django_assert_num_queries(5):
        assert client.get(reverse("campaigns")).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_a_campaign_asks_as_much_for_three_rewards_as_for_one(
    client, django_assert_num_queries, rows
):
    campaign = CampaignFactory()
    RewardFactory.create_batch(rows, campaign=campaign)
    PledgeFactory.create_batch(rows, campaign=campaign, show_name=True)
    for n in range(rows):
        RewardFactory(campaign=campaign, kind="add_on")
        campaign.shipping_zones.create(position=n, name="There", amount_minor=1)
        add_picture(campaign.project, f"Picture {n}")
    with django_assert_num_queries(13):
        assert client.get(campaign.get_absolute_url()).status_code == 200


def test_a_campaign_shows_what_is_pledged_and_not_yet_collected(client):
    campaign = CampaignFactory(goal_minor=10_000)
    PledgeFactory(campaign=campaign, amount_minor=2500)
    PledgeFactory(campaign=campaign, amount_minor=100, state=PledgeState.AUTHORIZING)
    page = text_of(client.get(campaign.get_absolute_url()))
    assert "€25 pledged of €100" in page
    assert "1 backer" in text_of(client.get(reverse("campaigns")))
    assert "collected so far" not in page


def test_a_funded_campaign_shows_what_is_collected_of_what_was_pledged(client):
    campaign = CampaignFactory(state=CampaignState.RECOVERING)
    outcome = OutcomeFactory(campaign=campaign)
    PledgeFactory(campaign=campaign, amount_minor=2500, state=PledgeState.COLLECTED)
    PledgeFactory(campaign=campaign, amount_minor=1500, state=PledgeState.DECLINED)
    page = text_of(client.get(campaign.get_absolute_url()))
    assert "€40 pledged of €1,000" in page
    assert "€25 collected so far" in page
    assert outcome.digest in page


def test_names_are_shown_only_of_backers_who_wish_it(client):
    campaign = CampaignFactory()
    named = PledgeFactory(campaign=campaign, show_name=True)
    shy = PledgeFactory(campaign=campaign)
    page = text_of(client.get(campaign.get_absolute_url()))
    assert named.backer.display_name in page
    assert f"{shy.backer.display_name}<" not in page
    assert "and others" in page


def test_a_draft_is_seen_by_its_creator_alone(client, backer):
    theirs = CampaignFactory(state=CampaignState.DRAFT)
    mine = CampaignFactory(state=CampaignState.DRAFT, project=ProjectFactory(proposer=backer))
    assert client.get(theirs.get_absolute_url()).status_code == 404
    assert client.get(mine.get_absolute_url()).status_code == 200


def test_who_is_not_signed_in_is_asked_for_an_address(client):
    campaign = CampaignFactory()
    response = client.post(reverse("pledge", args=[campaign.pk]), choice())
    assert response.status_code == 400
    assert "Your e-mail address" in text_of(response)
    assert Pledge.objects.count() == 0


def test_the_consent_says_the_total_and_when_the_card_is_charged(client, backer):
    campaign = CampaignFactory(goal_minor=500_000)
    page = text_of(client.post(reverse("pledge", args=[campaign.pk]), {"amount": "40"}))
    assert "Nothing is charged now. If €5,000 or more is pledged by" in page
    assert "You pay €40 and nothing on top. Of it, the payment provider is likely to keep" in page
    assert "€0.85" in page
    assert Pledge.objects.count() == 0


def test_a_choice_is_kept_before_there_is_a_card(client, backer):
    reward = RewardFactory(limit=1)
    response = client.post(
        reverse("pledge", args=[reward.campaign_id]), choice(amount="30.50", reward=reward.pk)
    )
    pledge = Pledge.objects.get()
    assert response.url == reverse("pledge_card", args=[pledge.pk])
    assert (pledge.backer, pledge.amount_minor, pledge.reward) == (backer, 3050, reward)
    assert (pledge.state, pledge.consents.get().amount_minor) == (PledgeState.DRAFT, 3050)


@pytest.mark.parametrize(
    ("typed", "amount_minor"), [("12,50", 1250), ("\u20ac 12", 1200), ("1.200,50", 120_050)]
)
def test_an_amount_is_read_as_people_type_it(client, backer, typed, amount_minor):
    url = reverse("pledge", args=[CampaignFactory().pk])
    asked = client.post(url, choice(amount=typed, consent=""))
    assert f'name="amount" value="{typed}"' in asked.content.decode()
    assert client.post(url, choice(amount=typed)).status_code == 302
    assert Pledge.objects.get().amount_minor == amount_minor


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"amount": "0"}, "The amount must be above zero."),
        ({"amount": "-5"}, "The amount must be above zero."),
        ({"amount": "10000.01"}, "Pledge an amount between €1 and €10,000."),
        ({"amount": "0.99"}, "Pledge an amount between €1 and €10,000."),
        ({"amount": "1,200"}, "Is this 1,200.00 or 1.20? Write 1200 or 1.20."),
        ({"amount": "lots"}, "Write an amount such as"),
        ({"amount": ""}, "Fill in “How much do you pledge?”."),
        ({"consent": ""}, "Nothing is kept unless you agree."),
        ({"consent_version": "1999"}, "The words you agree to have changed."),
        ({"reward": "999999"}, "Select a valid choice."),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_reason(client, backer, given, reason):
    campaign = CampaignFactory()
    RewardFactory(campaign=campaign)
    response = client.post(reverse("pledge", args=[campaign.pk]), choice(**given))
    assert response.status_code == 400
    assert reason in text_of(response)
    assert Pledge.objects.count() == 0


def test_a_reward_that_is_all_taken_can_be_chosen_by_whoever_has_it_alone(client, backer):
    reward = RewardFactory(title="A cup", amount_minor=2000, limit=1, claimed=1)
    url = reverse("pledge", args=[reward.campaign_id])
    taken = rf'<input type="radio" name="reward" value="{reward.pk}"[^>]* disabled'
    assert re.search(taken, client.get(url).content.decode())
    mine = PledgeFactory(campaign=reward.campaign, backer=backer, reward=reward, amount_minor=2500)
    change = client.get(reverse("pledge_change", args=[mine.pk])).content.decode()
    assert f'name="reward" value="{reward.pk}"' in change
    assert not re.search(taken, change)


def test_a_reward_asks_for_its_amount(client, backer):
    reward = RewardFactory(title="A cup", amount_minor=2000)
    url = reverse("pledge", args=[reward.campaign_id])
    response = client.post(url, choice(amount="19.99", reward=reward.pk))
    assert response.status_code == 400
    assert "“A cup” is for pledges of at least €20." in text_of(response)
    assert Pledge.objects.count() == 0


@pytest.mark.parametrize(
    "campaign",
    [
        {"state": CampaignState.LIVE, "deadline_at": soon(seconds=-1)},
        {"state": CampaignState.CLOSING},
        {"state": CampaignState.UNFUNDED},
        {"state": CampaignState.APPROVED},
    ],
)
def test_a_campaign_that_is_not_open_takes_no_pledge(client, backer, campaign):
    campaign = CampaignFactory(**campaign)
    response = client.post(reverse("pledge", args=[campaign.pk]), choice())
    assert response.status_code == 400
    assert "This campaign takes no pledges now." in text_of(response)
    assert Pledge.objects.count() == 0


def test_an_unknown_campaign_or_pledge_is_not_found(client, backer):
    assert client.get("/campaigns/999999/").status_code == 404
    assert client.get("/campaigns/999999/pledge/").status_code == 404
    assert client.get("/pledges/6b1d4cf4-6a3c-4f5c-9d3a-3b1c2f8d7e6a/").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "pledge_detail",
        "pledge_change",
        "pledge_cancel",
        "pledge_card",
        "pledge_recover",
        "pledge_return",
    ],
)
def test_somebody_elses_pledge_is_not_found(client, backer, name):
    assert client.get(reverse(name, args=[PledgeFactory().pk])).status_code == 404


def test_somebody_elses_pledge_cannot_be_taken_back(client, backer):
    theirs = PledgeFactory()
    assert client.post(reverse("pledge_cancel", args=[theirs.pk])).status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == PledgeState.ACTIVE


def test_a_pledge_is_changed_under_a_new_consent(client, backer):
    pledge = PledgeFactory(backer=backer, amount_minor=1000)
    response = client.post(reverse("pledge_change", args=[pledge.pk]), choice(amount="40"))
    assert response.url == pledge.get_absolute_url()
    pledge.refresh_from_db()
    assert (pledge.amount_minor, pledge.state) == (4000, PledgeState.ACTIVE)
    assert pledge.consents.get().amount_minor == 4000


def test_a_pledge_is_taken_back_and_its_reward_is_free_again(client, backer):
    reward = RewardFactory(limit=3, claimed=1)
    pledge = PledgeFactory(backer=backer, campaign=reward.campaign, reward=reward)
    url = reverse("pledge_cancel", args=[pledge.pk])
    assert "nothing will be charged" in text_of(client.get(url))
    assert client.post(url).url == reward.campaign.get_absolute_url()
    pledge.refresh_from_db()
    reward.refresh_from_db()
    assert (pledge.state, reward.claimed) == (PledgeState.CANCELLED, 0)


def test_a_pledge_cannot_be_taken_back_after_the_deadline(client, backer):
    campaign = CampaignFactory(deadline_at=soon(seconds=-1))
    pledge = PledgeFactory(backer=backer, campaign=campaign)
    response = client.post(reverse("pledge_cancel", args=[pledge.pk]), follow=True)
    assert "this pledge can no longer be taken back" in text_of(response)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.ACTIVE


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PledgeState.AUTHORIZING, "There is no card yet"),
        (PledgeState.ACTIVE, "Nothing is charged now"),
        (PledgeState.DUE, "about to be charged"),
        (PledgeState.PROCESSING, "Your bank is working on the payment"),
        (PledgeState.COLLECTED, "€25 is collected"),
        (PledgeState.RELEASED, "The pledge is released."),
        (PledgeState.DROPPED, "could not be collected in time"),
    ],
)
def test_a_pledge_says_in_words_what_became_of_it(client, backer, state, words):
    pledge = PledgeFactory(backer=backer, state=state)
    assert words in text_of(client.get(pledge.get_absolute_url()))


def test_a_failed_card_says_what_to_do(client, backer):
    pledge = PledgeFactory(backer=backer, state=PledgeState.DECLINED)
    pledge.attempts.create(
        n=1, kind="auto", state="declined", idempotency_key="cf:1", parameters={},
        api_version="x", code="card_declined", decline_code="insufficient_funds",
    )  # fmt: skip
    page = text_of(client.get(pledge.get_absolute_url()))
    assert "There was not enough money on the card. Use another one. Nothing was charged." in page
    assert reverse("pledge_recover", args=[pledge.pk]) in page


def campaign_form(**given):
    return {
        "goal": "1200", "deadline_at": soon(days=20).date().isoformat(), "starts_at": "",
        "rewards-TOTAL_FORMS": "3", "rewards-INITIAL_FORMS": "0",
        "rewards-0-title": "A cup", "rewards-0-amount": "20", "rewards-0-limit": "5",
        "rewards-1-title": "", "rewards-1-amount": "",
        "rewards-2-title": "A card", "rewards-2-amount": "3", "rewards-2-kind": "add_on",
        "rewards-2-handover": "shipping", "rewards-2-delivered_from": "2027-05-01",
        "zones-TOTAL_FORMS": "2", "zones-INITIAL_FORMS": "0",
        "zones-0-name": "In town", "zones-0-amount": "",
        "zones-1-name": "Elsewhere", "zones-1-amount": "3.50",
        "lines-TOTAL_FORMS": "2", "lines-INITIAL_FORMS": "0",
        "lines-0-label": "Wood", "lines-0-amount": "1000",
        "lines-1-label": "Nails", "lines-1-amount": "200",
    } | given  # fmt: skip


def test_a_creator_writes_and_sends_a_campaign(client, backer):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    campaign = Campaign.objects.get()
    assert (campaign.goal_minor, campaign.state) == (120_000, CampaignState.DRAFT)
    offered = campaign.rewards.values_list("title", "kind", "amount_minor", "limit", "handover")
    assert list(offered) == [
        ("A cup", "reward", 2000, 5, "none"),
        ("A card", "add_on", 300, None, "shipping"),
    ]
    zones = campaign.shipping_zones.values_list("name", "amount_minor")
    assert list(zones) == [("In town", 0), ("Elsewhere", 350)]
    lines = campaign.goal_lines.values_list("label", "amount_minor")
    assert list(lines) == [("Wood", 100_000), ("Nails", 20_000)]
    edited = client.get(reverse("campaign_edit", args=[campaign.pk])).context["written"]
    assert edited.lines.initial[1] == {"label": "Nails", "amount_minor": 20_000, "amount": 20_000}
    client.post(reverse("campaign_submit", args=[campaign.pk]))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SUBMITTED


def test_a_campaign_lasts_until_the_end_of_its_last_day(client, backer):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    page = client.get(reverse("campaign_edit", args=[Campaign.objects.get().pk]))
    assert page.context["written"].form.initial["deadline_at"] == soon(days=20).date()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"goal": "0"}, "The amount must be above zero."),
        ({"deadline_at": "2020-01-01"}, "The campaign has to end after it starts."),
        ({"deadline_at": "soon"}, "Enter a valid date."),
        ({"deadline_at": "9999-12-31"}, "Choose a year from 1900 to 2199."),
        ({"starts_at": "0001-01-01"}, "Choose a year from 1900 to 2199."),
        ({"deadline_at": soon(days=200).date().isoformat()}, "A campaign lasts at most 90 days."),
        ({"optimum": "1200"}, "The optimum has to be above the goal."),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_with_its_reason(client, backer, given, reason):
    project = ProjectFactory(proposer=backer)
    response = client.post(reverse("campaign_new", args=[project.pk]), campaign_form(**given))
    assert response.status_code == 400
    assert reason in text_of(response)
    assert Campaign.objects.count() == 0


# What is wrong in one part of the form, the reason, and how many rows are kept of each part.
PARTS_OF_A_DRAFT = [
    ({"rewards-0-amount": ""}, "Say from how much on this is given.", (2, 0, 2)),
    ({"rewards-0-limit": "0"}, "Ensure this value is greater than or equal to 1.", (2, 0, 2)),
    ({"zones-0-name": "", "zones-1-name": ""}, "Say where to it is sent for", (2, 2, 0)),
    ({"lines-0-label": ""}, "Say what this amount is for.", (0, 2, 2)),
]  # fmt: skip


def rows_of(campaign):
    parts = (campaign.goal_lines, campaign.rewards, campaign.shipping_zones)
    return tuple(rows.count() for rows in parts)


@pytest.mark.parametrize(("given", "reason", "kept"), PARTS_OF_A_DRAFT)
def test_what_is_wrong_in_one_part_of_a_draft_keeps_no_other_from_being_saved(
    client, backer, given, reason, kept
):
    project = ProjectFactory(proposer=backer)
    answer = client.post(reverse("campaign_new", args=[project.pk]), campaign_form(**given))
    assert answer.status_code == 400
    campaign = Campaign.objects.get()
    assert reason in text_of(answer)
    assert "Saved, but for what is marked" in text_of(answer)
    assert f'action="{reverse("campaign_edit", args=[campaign.pk])}"' in answer.content.decode()
    assert rows_of(campaign) == kept


@pytest.mark.parametrize(("given", "reason", "_kept"), PARTS_OF_A_DRAFT)
def test_a_part_that_cannot_be_saved_stays_as_it_was_kept(client, backer, given, reason, _kept):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    campaign = Campaign.objects.get()
    wrong = campaign_form(**{"goal": "1300"} | given)
    answer = client.post(reverse("campaign_edit", args=[campaign.pk]), wrong)
    assert (answer.status_code, reason in text_of(answer)) == (400, True)
    campaign.refresh_from_db()
    assert (campaign.goal_minor, rows_of(campaign)) == (130_000, (2, 2, 2))


def test_of_a_draft_without_an_end_all_else_is_saved_and_the_end_stays(client, backer):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    campaign = Campaign.objects.get()
    wrong = campaign_form(**{"goal": "1300", "deadline_at": "", "rewards-1-title": "A tile",
                             "rewards-1-amount": "7"})  # fmt: skip
    answer = client.post(reverse("campaign_edit", args=[campaign.pk]), wrong)
    assert answer.status_code == 400
    kept = Campaign.objects.get()
    assert (kept.goal_minor, kept.deadline_at) == (120_000, campaign.deadline_at)
    assert rows_of(kept) == (2, 3, 2)
    assert answer.context["written"].form["goal"].value() == "1300"


# What the form lets through and the service refuses, the reason, and what stays as it was kept.
REFUSED_IN_A_DRAFT = [
    ({"deadline_at": "2020-01-01"}, "The campaign has to end after it starts.", "goal"),
    ({"optimum": "1300"}, "The optimum has to be above the goal.", "goal"),
    ({"rewards-0-amount": "0.50"}, "“A mug” can cost from €1 to €10,000, and €0.50 is", "rewards"),
    ({"zones-1-amount": "99999"}, "“Elsewhere” can cost from €0 to €10,000, and", "zones"),
]  # fmt: skip


def kept_of(campaign):
    """What is kept of each part of a draft."""
    return {
        "goal": campaign.goal_minor,
        "lines": list(campaign.goal_lines.values_list("label", flat=True)),
        "rewards": list(campaign.rewards.values_list("title", flat=True)),
        "zones": list(campaign.shipping_zones.values_list("name", flat=True)),
    }


@pytest.mark.parametrize(("given", "reason", "stays"), REFUSED_IN_A_DRAFT)
def test_what_is_refused_of_a_draft_keeps_nothing_else_from_being_saved(
    client, backer, given, reason, stays
):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    campaign = Campaign.objects.get()
    before = kept_of(campaign)
    new = {
        "goal": "1300",
        "lines-0-label": "Oak",
        "rewards-0-title": "A mug",
        "zones-0-name": "Here",
    }
    answer = client.post(reverse("campaign_edit", args=[campaign.pk]), campaign_form(**new | given))
    assert answer.status_code == 400
    assert reason in text_of(answer)
    assert "Saved, but for what is marked" in text_of(answer)
    wanted = {
        "goal": 130_000,
        "lines": ["Oak", "Nails"],
        "rewards": ["A mug", "A card"],
        "zones": ["Here", "Elsewhere"],
    }
    campaign.refresh_from_db()
    assert kept_of(campaign) == wanted | {stays: before[stays]}


@pytest.mark.timeout(60)
def test_a_kept_reward_that_the_town_no_longer_takes_stops_only_itself(client, backer, settings):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    campaign = Campaign.objects.get()
    before = kept_of(campaign)
    settings.PLEDGE_LEAST_MINOR = 500_000
    form = campaign_form(**{"zones-0-name": "Here"})
    answer = client.post(reverse("campaign_edit", args=[campaign.pk]), form)
    assert answer.status_code == 400
    assert "Saved, but for what is marked" in text_of(answer)
    assert kept_of(campaign) == before | {"zones": ["Here", "Elsewhere"]}
    with pytest.raises(RefusedError, match="can cost from €5,000"):
        submit_campaign(campaign, by=backer)


def test_two_parts_that_are_refused_are_both_marked_and_the_third_is_kept(client, backer):
    project = ProjectFactory(proposer=backer)
    wrong = {"rewards-0-amount": "0.50", "zones-1-amount": "99999"}
    answer = client.post(reverse("campaign_new", args=[project.pk]), campaign_form(**wrong))
    assert "“A cup” can cost from €1 to €10,000, and €0.50 is not." in text_of(answer)
    assert "“Elsewhere” can cost" in text_of(answer)
    assert rows_of(Campaign.objects.get()) == (2, 0, 0)


def test_a_draft_whose_end_has_come_meanwhile_is_still_written_on(client, backer):
    project = ProjectFactory(proposer=backer)
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form())
    Campaign.objects.update(deadline_at=soon(days=-1))
    address = reverse("campaign_edit", args=[Campaign.objects.get().pk])
    past = campaign_form(**{"deadline_at": "2020-01-01", "rewards-0-title": "A mug"})
    assert client.post(address, past).status_code == 400
    assert kept_of(Campaign.objects.get())["rewards"] == ["A mug", "A card"]


def test_a_draft_begins_with_what_the_form_suggests_and_goes_on_part_by_part(client, backer):
    project = ProjectFactory(proposer=backer)
    address = reverse("campaign_new", args=[project.pk])
    offered = client.get(address).context["written"]
    days = offered.form.initial["deadline_at"] - soon().date()
    assert 29 <= days.days <= 31
    empty = {"goal": "1000", "deadline_at": offered.form.initial["deadline_at"].isoformat()}
    empty |= {f"{part}-{what}_FORMS": "0" for part in ("lines", "rewards", "zones")
              for what in ("TOTAL", "INITIAL")}  # fmt: skip
    answer = client.post(address, empty | {"act": "rewards"})
    edit = reverse("campaign_edit", args=[Campaign.objects.get().pk])
    assert answer.url == f"{edit}#rewards"
    assert client.get(address).url == Campaign.objects.get().get_absolute_url()
    assert client.post(edit, empty | {"act": "nowhere"}).url == client.get(address).url


def test_a_reward_by_post_is_saved_before_its_places_and_reviewed_after_them(client, backer):
    project = ProjectFactory(proposer=backer)
    nowhere = {"zones-0-name": "", "zones-1-name": "", "zones-1-amount": ""}
    client.post(reverse("campaign_new", args=[project.pk]), campaign_form(**nowhere))
    campaign = Campaign.objects.get()
    assert rows_of(campaign) == (2, 2, 0)
    assert "Say where rewards are sent to" in text_of(client.get(campaign.get_absolute_url()))
    client.post(reverse("campaign_submit", args=[campaign.pk]))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_a_ready_projects_page_leads_its_proposer_to_a_campaign(client, backer):
    project = ProjectFactory(proposer=backer)
    new = reverse("campaign_new", args=[project.pk])
    assert new in text_of(client.get(project.get_absolute_url()))
    campaign = CampaignFactory(project=project, state=CampaignState.DRAFT)
    page = text_of(client.get(project.get_absolute_url()))
    assert campaign.get_absolute_url() in page
    assert new not in page


@pytest.mark.django_db(transaction=True)
def test_only_the_card_page_may_load_the_payment_host(client, backer, provider):
    pledge = choose(CampaignFactory(), backer=backer)
    card = client.get(reverse("pledge_card", args=[pledge.pk]))
    policy = dict(part.split(" ", 1) for part in card["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == f"'self' {provider.url}"
    assert policy["frame-src"] == provider.url
    assert policy["connect-src"] == f"'self' {provider.url}"
    assert "unsafe" not in card["Content-Security-Policy"]
    assert "no-store" in card["Cache-Control"]
    other = client.get(pledge.get_absolute_url())
    assert provider.url not in other["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
def test_a_silent_provider_is_said_kindly_and_the_choice_is_kept(client, backer, provider):
    provider.control("faults", rules=[{"kind": "error_unsaved", "path": "setup_intents$"}])
    pledge = choose(CampaignFactory(), backer=backer)
    answer = client.get(reverse("pledge_card", args=[pledge.pk]))
    assert answer.status_code == 503
    assert "Your choice is kept, and nothing was charged." in text_of(answer)


@pytest.mark.django_db(transaction=True)
def test_coming_back_believes_nothing_in_the_address(client, backer, provider):
    pledge = choose(CampaignFactory(), backer=backer)
    client.get(reverse("pledge_card", args=[pledge.pk]))
    back = client.get(
        reverse("pledge_return", args=[pledge.pk]),
        {"redirect_status": "succeeded", "setup_intent_client_secret": "seti_1_secret_2"},
    )
    assert back.url == pledge.get_absolute_url()
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.AUTHORIZING


def test_nobody_starts_a_campaign_for_somebody_elses_project(client, backer):
    url = reverse("campaign_new", args=[ProjectFactory().pk])
    assert client.post(url, campaign_form()).status_code == 403
    assert Campaign.objects.count() == 0


def test_a_creator_cancels_a_campaign_and_every_pledge_is_released(client, backer):
    campaign = CampaignFactory(project=ProjectFactory(proposer=backer))
    active = PledgeFactory(campaign=campaign)
    started = PledgeFactory(campaign=campaign, state=PledgeState.AUTHORIZING)
    client.post(reverse("campaign_cancel", args=[campaign.pk]))
    for row in (campaign, active, started):
        row.refresh_from_db()
    assert campaign.state == CampaignState.CANCELLED
    assert (active.state, started.state) == (PledgeState.RELEASED, PledgeState.CANCELLED)


def test_an_unfunded_campaign_says_that_nobody_is_charged(client):
    campaign = CampaignFactory(state=CampaignState.UNFUNDED)
    OutcomeFactory(campaign=campaign, decision=Decision.UNFUNDED, pledges=1)
    page = text_of(client.get(campaign.get_absolute_url()))
    assert "The goal was not reached. Nobody was charged, and nobody will be." in page
    assert "from 1 pledge of €1,000 together" in page
