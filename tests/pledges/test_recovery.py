"""A card has failed: reminders, and a link that pays without signing in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.models import User
from civicfund.pledges.access import recovery_token
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.services.closing import decide_if_time
from civicfund.pledges.services.recovery import remind
from civicfund.pledges.tasks import remind_backers
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, OutcomeFactory, PledgeFactory, soon
from tests.pledges.promises import (
    FAILS,
    end,
    funded_campaign,
    let_pass,
    promise,
    work_until_done,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def failed(*, days_ago=0.0, **given):
    """A pledge whose card failed so long ago."""
    outcome = OutcomeFactory()
    return PledgeFactory(
        campaign=outcome.campaign,
        outcome=outcome,
        state=PledgeState.DECLINED,
        customer_id="cus_1",
        payment_method_id="pm_1",
        recovery_ends_at=soon(days=7 - days_ago),
        **given,
    )


def reminded():
    return sorted(
        Message.objects.filter(kind__startswith="recovery_").values_list("kind", flat=True)
    )


@pytest.mark.parametrize(
    ("days_ago", "kinds"),
    [
        (0, []),
        (1.9, []),
        (2.1, ["recovery_day_2"]),
        (4.1, ["recovery_day_4"]),
        (6.5, ["recovery_day_6"]),
        (7.1, []),
    ],
)
def test_reminders_come_on_the_second_fourth_and_sixth_day(days_ago, kinds):
    failed(days_ago=days_ago)
    remind_backers()
    remind_backers()
    assert reminded() == kinds


def test_over_a_week_there_are_three_reminders():
    pledge = failed()
    for _ in range(7):
        let_pass(days=1)
        remind(100)
    assert reminded() == ["recovery_day_2", "recovery_day_4", "recovery_day_6"]
    while send_next():
        pass
    assert {tuple(one.to) for one in mail.outbox} == {(pledge.backer.email,)}
    assert mail.outbox[-1].subject.startswith("Last day to pay your pledge")


def test_who_has_heard_of_another_failed_try_today_is_left_alone(provider):
    funded_campaign(FAILS)
    work_until_done()
    let_pass(days=2, hours=1)
    work_until_done()
    assert ChargeAttempt.objects.count() == 2
    remind(100)
    assert reminded() == []


def test_those_who_made_good_are_not_reminded():
    pledge = failed(days_ago=3, payment_intent_id="pi_1")
    Pledge.objects.filter(pk=pledge.pk).update(state=PledgeState.COLLECTED)
    remind(100)
    assert reminded() == []


def test_no_more_are_told_at_once_than_asked():
    for _ in range(3):
        failed(days_ago=3)
    assert remind(2) == 2
    assert remind(2) == 1


@pytest.fixture
def unpaid(provider):
    _, (pledge,) = funded_campaign(FAILS)
    work_until_done()
    pledge.refresh_from_db()
    return pledge


def link(pledge):
    return reverse("pledge_recovery_link", args=[recovery_token(pledge)])


def test_the_link_leads_to_the_payment_without_signing_in(client, unpaid):
    opened = client.get(link(unpaid))
    assert opened["Referrer-Policy"] == "no-referrer"
    assert "no-store" in opened["Cache-Control"]
    assert opened.url == reverse("pledge_recover", args=[unpaid.pk])
    page = client.get(opened.url)
    assert page.status_code == 200
    assert "Pay your pledge" in page.content.decode()
    assert recovery_token(unpaid) not in page.content.decode()


def test_it_opens_that_pledge_and_nothing_else(client, unpaid):
    other = PledgeFactory(backer=unpaid.backer)
    client.get(link(unpaid))
    for name in ("pledge_recover", "pledge_paid", "pledge_return"):
        assert client.get(reverse(name, args=[other.pk])).url.startswith("/accounts/login/")
    for name in ("pledge_detail", "pledge_change", "pledge_cancel", "pledge_card"):
        assert client.get(reverse(name, args=[unpaid.pk])).url.startswith("/accounts/login/")
    assert client.get(reverse("my_page")).status_code == 302


def test_a_link_of_somebody_elses_making_opens_nothing(client, unpaid):
    whole = recovery_token(unpaid)
    for token in (str(unpaid.pk), f"{unpaid.pk}.x", whole[:-1], whole.upper(), "x", "\u00e9."):
        assert client.get(reverse("pledge_recovery_link", args=[token])).status_code == 404
    assert "sessionid" not in client.cookies


def test_without_the_link_a_stranger_is_sent_to_sign_in_and_another_person_finds_nothing(
    client, unpaid
):
    page = reverse("pledge_recover", args=[unpaid.pk])
    assert client.get(page).url.startswith("/accounts/login/")
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404


def test_once_its_time_is_over_the_link_only_says_so(client, unpaid):
    let_pass(days=8)
    client.get(link(unpaid))
    after = client.get(reverse("pledge_recover", args=[unpaid.pk]))
    assert after.url == reverse("pledge_paid", args=[unpaid.pk])
    assert "There is nothing to pay" in client.get(after.url).content.decode()


def test_who_pays_through_the_link_is_told_so(client, unpaid, provider):
    client.get(link(unpaid))
    client.get(reverse("pledge_recover", args=[unpaid.pk]))
    provider.control("card", payment_method=unpaid.payment_method_id, outcome="succeed")
    let_pass(days=2)
    work_until_done()
    back = client.get(reverse("pledge_return", args=[unpaid.pk]))
    assert back.url == reverse("pledge_paid", args=[unpaid.pk])
    assert "Collected" in client.get(back.url).content.decode()


def test_a_guest_pays_through_the_link_and_is_not_sent_to_sign_in(client, provider):
    campaign = CampaignFactory(goal_minor=2500, deadline_at=soon(days=1))
    guest = User.objects.create_guest("guest@example.org")
    pledge = promise(campaign, card=FAILS, backer=guest)
    end(campaign)
    decide_if_time(campaign)
    work_until_done()
    while send_next():
        pass
    written = mail.outbox[-1]
    assert written.to == ["guest@example.org"]
    [sent] = [part for part in written.body.split() if "/pledges/pay/" in part]
    opened = client.get(sent.removeprefix("http://testserver"), follow=True)
    assert "Pay your pledge" in opened.content.decode()
    page = client.get(reverse("pledge_paid", args=[pledge.pk])).content.decode()
    assert "Sign in to see" not in page
    assert "The link in the mail that confirmed your pledge" in page


def test_the_week_is_what_the_settings_say(settings):
    settings.RECOVERY_DAYS = 3
    pledge = failed(days_ago=4)
    Pledge.objects.filter(pk=pledge.pk).update(
        recovery_ends_at=soon() + timedelta(days=3) - timedelta(days=2.5)
    )
    remind(100)
    assert reminded() == ["recovery_day_2"]
