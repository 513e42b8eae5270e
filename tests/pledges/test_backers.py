"""What a creator sees of their campaign's backers, and what nobody else does."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.selectors.backers import with_empty_days
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory, soon

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def pledged(campaign, amount_minor=2500, **more):
    return PledgeFactory(
        campaign=campaign, amount_minor=amount_minor, confirmed_at=soon(days=-1), **more
    )


def page_of(campaign):
    return reverse("campaign_backers", args=[campaign.pk])


def csv_of(campaign):
    return reverse("campaign_backers_csv", args=[campaign.pk])


def rows_of(client, campaign, **asked):
    answer = client.get(csv_of(campaign), asked)
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_a_creator_sees_days_rewards_and_states(client, campaign):
    reward = RewardFactory(campaign=campaign, title="A tile")
    pledged(campaign, 3000, reward=reward)
    pledged(campaign, 2000)
    pledged(campaign, 9999, state=PledgeState.CANCELLED)
    client.force_login(campaign.creator)
    context = client.get(page_of(campaign)).context
    assert [(part.label, part.pledges, part.amount_minor) for part in context["rewards"]] == [
        ("A tile", 1, 3000),
        ("", 1, 2000),
    ]
    assert [(part.label, part.pledges) for part in context["states"]] == [("Promised", 2)]
    assert [day["value"] for day in context["days"] if day["value"]] == [5000]


def test_a_day_without_a_pledge_is_shown_too():
    days = [(date(2026, 5, 2), 1, 500), (date(2026, 5, 4), 2, 900)]
    filled = with_empty_days(days, first=date(2026, 5, 1), last=date(2026, 5, 5))
    assert [(day.day, pledges, amount) for day, pledges, amount in filled] == [
        (1, 0, 0), (2, 1, 500), (3, 0, 0), (4, 2, 900), (5, 0, 0),
    ]  # fmt: skip
    assert with_empty_days(days, first=None, last=date(2026, 5, 1)) == filled[1:4]
    assert with_empty_days([], first=date(2026, 5, 1), last=date(2026, 5, 5)) == []


def test_every_pledge_is_found_page_by_page(client, campaign, monkeypatch):
    monkeypatch.setattr("civicfund.pledges.views.desk.PER_PAGE", 2)
    made = {pledged(campaign).pk for _ in range(3)}
    client.force_login(campaign.creator)
    pages = [client.get(page_of(campaign), {"page": n}).context["pledges"] for n in (1, 2)]
    assert [len(page) for page in pages] == [2, 1]
    assert {pledge.pk for page in pages for pledge, _name in page} == made


def test_a_creator_sees_what_is_still_to_be_collected(client):
    campaign = CampaignFactory(state=CampaignState.COLLECTING)
    pledged(campaign, 4000, state=PledgeState.COLLECTED)
    pledged(campaign, 3000, state=PledgeState.DUE)
    pledged(campaign, 2000, state=PledgeState.DECLINED)
    client.force_login(campaign.creator)
    context = client.get(page_of(campaign)).context
    assert context["due_minor"] == 5000
    assert context["campaign"].collected_minor == 4000


def test_a_pledges_day_is_written_as_everywhere_on_the_site(client, campaign):
    pledge = pledged(campaign)
    PledgeFactory(campaign=campaign, confirmed_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    client.force_login(campaign.creator)
    page = client.get(page_of(campaign)).content.decode()
    assert "5 March 2026,</span> 12:00" in page
    assert f"{pledge.confirmed_at:%Y-%m-%d}" not in page


def test_names_are_of_those_who_wish_it_and_mails_of_nobody(client, campaign):
    shown = pledged(campaign, show_name=True)
    hidden = pledged(campaign)
    client.force_login(campaign.creator)
    page = client.get(page_of(campaign)).content.decode()
    assert shown.backer.display_name in page
    assert hidden.backer.display_name not in page
    assert shown.backer.email not in page
    rows = rows_of(client, campaign)
    assert {row["pledge"]: row["name"] for row in rows} == {
        str(shown.pk): shown.backer.display_name,
        str(hidden.pk): "",
    }
    assert "@" not in "".join(value for row in rows for value in row.values())


def test_a_name_that_is_a_formula_is_run_by_no_spreadsheet(client, campaign):
    backer = UserFactory(display_name='=HYPERLINK("http://example.org")')
    pledged(campaign, show_name=True, backer=backer)
    client.force_login(campaign.creator)
    assert rows_of(client, campaign)[0]["name"] == """'=HYPERLINK("http://example.org")"""


@pytest.mark.parametrize("address", [page_of, csv_of])
def test_nobody_else_sees_it(client, campaign, address):
    assert client.get(address(campaign)).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address(campaign)).status_code == 403
    client.force_login(pledged(campaign).backer)
    assert client.get(address(campaign)).status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_it_asks_as_often_for_three_as_for_one(
    client, campaign, rows, django_assert_max_num_queries
):
    for _ in range(rows):
        pledged(campaign, reward=RewardFactory(campaign=campaign))
    client.force_login(campaign.creator)
    with django_assert_max_num_queries(10):
        assert client.get(page_of(campaign)).status_code == 200
    with django_assert_max_num_queries(4):
        rows_of(client, campaign)


def test_backers_are_narrowed_and_put_in_order_on_the_page_and_in_the_file(client, campaign):
    tile, cup = (RewardFactory(campaign=campaign, title=name) for name in ("A tile", "A cup"))
    bag = RewardFactory(campaign=campaign, title="A bag", kind="add_on")
    small, large, plain = (
        PledgeFactory(
            campaign=campaign, reward=reward, amount_minor=amount, confirmed_at=soon(days=-age)
        )
        for reward, amount, age in ((tile, 3000, 1), (tile, 9000, 3), (None, 5000, 2))
    )
    released = pledged(campaign, 4000, reward=cup, state=PledgeState.RELEASED)
    plain.add_ons.create(add_on=bag, quantity=2, price_minor=bag.amount_minor)
    client.force_login(campaign.creator)
    newest = [large, plain, small]
    Pledge.objects.filter(pk=released.pk).update(confirmed_at=soon(days=-9))
    for asked, found in (
        ({}, [small, plain, large, released]),
        ({"sort": "oldest"}, [released, *newest]),
        ({"sort": "most"}, [large, plain, released, small]),
        ({"chose": tile.pk}, [small, large]),
        ({"chose": "none"}, [plain]),
        ({"chose": bag.pk}, [plain]),
        ({"chose": bag.pk, "state": "released"}, []),
        ({"state": "released"}, [released]),
    ):
        page = client.get(page_of(campaign), asked)
        assert [pledge for pledge, _name in page.context["pledges"]] == found, asked
        rows = rows_of(client, campaign, **asked)
        assert [row["pledge"] for row in rows] == [str(each.pk) for each in found]
        assert ("No pledge like this" in page.content.decode()) == (not found)
        assert "By reward" in page.content.decode()
    assert "2 \u00d7 A bag" in client.get(page_of(campaign)).content.decode()
    other = RewardFactory()
    for wrong in ({"chose": other.pk}, {"state": "draft"}, {"sort": "pk"}):
        assert client.get(page_of(campaign), wrong).status_code == 400
        assert client.get(csv_of(campaign), wrong).status_code == 404


def test_a_pledge_with_several_add_ons_is_listed_once(client, campaign):
    tile = RewardFactory(campaign=campaign, title="A tile")
    pledge = pledged(campaign, 9000, reward=tile)
    for title in ("A bag", "A cup"):
        add_on = RewardFactory(campaign=campaign, title=title, kind="add_on")
        pledge.add_ons.create(add_on=add_on, quantity=1, price_minor=add_on.amount_minor)
    client.force_login(campaign.creator)
    for chose in (tile.pk, add_on.pk):
        page = client.get(page_of(campaign), {"chose": chose})
        assert [each for each, _name in page.context["pledges"]] == [pledge]
        assert len(rows_of(client, campaign, chose=chose)) == 1


def test_a_campaign_without_backers_says_so(client, campaign):
    client.force_login(campaign.creator)
    assert "Nobody yet" in client.get(page_of(campaign)).content.decode()
