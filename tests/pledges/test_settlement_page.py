"""The public figures of a decided campaign, the books' check, and what is late."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse

from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.selectors import settlement_of
from civicfund.pledges.services.closing import decide_if_time
from civicfund.town.selectors import laws
from tests.factories.pledges import CampaignFactory, soon
from tests.pledges.promises import FAILS, WORKS, end, funded_campaign, promise, work_until_done

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def page(client, campaign):
    return client.get(reverse("settlement", args=[campaign.pk]))


def as_owner(statement, *values):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
    connections["owner"].close()


def test_a_funded_campaigns_figures_match(client, provider):
    campaign, _ = funded_campaign(WORKS, WORKS, FAILS)
    work_until_done()
    found = settlement_of(campaign)
    assert found.by_state == (("Card declined", 1, 2500), ("Collected", 2, 5000))
    assert (found.intents, found.collected_minor, found.booked_minor) == (3, 5000, 5000)
    assert (found.unmatched_minor, found.is_what_was_decided) == (0, True)
    shown = page(client, campaign).content.decode()
    assert found.outcome.digest in shown
    assert "still exactly those" in shown
    assert (
        reverse("settlement", args=[campaign.pk])
        in client.get(campaign.get_absolute_url()).content.decode()
    )


def test_an_unfunded_campaign_has_its_digest_and_no_orders(client, provider):
    campaign = CampaignFactory(goal_minor=1_000_000, deadline_at=soon(days=1))
    promise(campaign)
    end(campaign)
    decide_if_time(campaign)
    found = settlement_of(campaign)
    assert found.by_state == (("Released, nothing charged", 1, 2500),)
    assert (found.intents, found.collected_minor, found.is_what_was_decided) == (0, 0, True)


def test_a_pledge_that_was_changed_behind_our_back_shows(client, provider):
    campaign, (pledge,) = funded_campaign(WORKS)
    as_owner("ALTER TABLE pledges_pledge DISABLE TRIGGER USER")
    as_owner("UPDATE pledges_pledge SET amount_minor = 2600 WHERE id = %s", pledge.pk)
    as_owner("ALTER TABLE pledges_pledge ENABLE TRIGGER USER")
    assert "not those that it was taken from" in page(client, campaign).content.decode()


def test_before_the_decision_there_is_no_page(client):
    assert page(client, CampaignFactory()).status_code == 404
    assert page(client, CampaignFactory(state=CampaignState.DRAFT)).status_code == 404


def test_the_books_are_checked_and_a_broken_law_is_named(provider):
    _, (pledge,) = funded_campaign(WORKS)
    work_until_done()
    said = io.StringIO()
    call_command("check_books", stdout=said)
    assert "BROKEN" not in said.getvalue()
    assert said.getvalue().count("holds") == len(laws())
    as_owner("ALTER TABLE pledges_pledge DISABLE TRIGGER USER")
    as_owner("UPDATE pledges_pledge SET amount_minor = 2600 WHERE id = %s", pledge.pk)
    as_owner("ALTER TABLE pledges_pledge ENABLE TRIGGER USER")
    said = io.StringIO()
    with pytest.raises(CommandError, match="laws are broken"):
        call_command("check_books", stdout=said)
    assert "BROKEN  what was collected is what was charged in the books" in said.getvalue()
    assert str(pledge.pk) in said.getvalue()


def test_work_that_is_late_is_counted(client):
    assert client.get("/health/work/").status_code == 200
    CampaignFactory(deadline_at=soon(minutes=-20), live_at=soon(days=-3))
    late = client.get("/health/work/")
    assert late.status_code == 503
    assert late.json()["every campaign is decided in time"] == 1
    assert Pledge.objects.filter(state=PledgeState.DUE).count() == 0
