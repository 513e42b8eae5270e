"""One campaign from its owner's account to a payout and a refund, each person in their own browser.

What nobody does by hand happens as the sweeps do it. After every step all laws of the books hold.
"""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.conf import settings as town_settings
from django.core import mail
from django.core.management import call_command
from playwright.sync_api import expect

from civicfund.audit.services import wake
from civicfund.notices.services import send_next
from civicfund.payouts.models import Payout
from civicfund.payouts.services.sending import take_payout_step
from civicfund.pledges.enums import CampaignState, PledgeState, RunBy
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.campaigns import start_if_time
from civicfund.pledges.services.closing import decide_if_time
from tests.browser.test_pledging import choose_card, press
from tests.browser.test_treasury import come_in, look, treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.payouts.test_payouts import transferred
from tests.pledges.promises import end, work_until_done

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]

EVERY_TIME = "3-D Secure every time"
FAILS_LATER = "Is saved, then fails"


@pytest.fixture(autouse=True)
def _nothing_held_back(settings):
    settings.PAYOUT_RESERVE_PERCENT = 0


def books_hold():
    """Every law, as the nightly sweep asks them; a broken one raises."""
    call_command("check_books", stdout=StringIO())


def owner_sets_up_an_account(open_page, sign_in, owner):
    tab = open_page()
    sign_in(tab, owner)
    tab.goto("/me/payout-account/")
    tab.get_by_role("button", name="Set up my account").click()
    tab.get_by_role("link", name="Go on at the payment provider").click()
    tab.get_by_role("button").first.click()
    expect(tab.get_by_text("A treasurer now has to approve the account")).to_be_visible()


def a_treasurer_approves_the_account(open_page):
    tab = open_page()
    come_in(tab, *treasurer(), "/treasury/payouts/")
    tab.get_by_role("button", name="Approve").click()
    expect(tab.get_by_text("Nothing waits")).to_be_visible()


def goes_live(campaign):
    """Not before its owner can be paid."""
    assert start_if_time(campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.LIVE


def agreed(tab, campaign, amount, reward=""):
    tab.goto(campaign.get_absolute_url())
    link = f"Choose “{reward}”" if reward else "Back this project"
    tab.get_by_role("link", name=link).first.click()
    tab.get_by_label("How much do you pledge?").fill(amount)
    tab.get_by_role("button", name="See what it comes to").click()
    tab.get_by_label("I agree to be charged").check()


def pledged(open_page, sign_in, campaign, amount, card, reward=""):
    """The backer's browser, once their card is saved."""
    tab, backer = open_page(), UserFactory()
    sign_in(tab, backer)
    agreed(tab, campaign, amount, reward)
    tab.get_by_role("button", name="Go on to the card").click()
    expect(tab.get_by_role("button", name="Save the card and pledge")).to_be_enabled()
    choose_card(tab, card)
    press(tab, "Save the card and pledge")
    if card == EVERY_TIME:
        tab.get_by_role("button", name="Complete").click()
    expect(tab.get_by_text("your pledge counts")).to_be_visible()
    return tab, Pledge.objects.get(backer=backer)


def changed(tab, pledge, amount):
    tab.goto(pledge.get_absolute_url())
    tab.get_by_role("link", name="Change amount or reward").click()
    tab.get_by_label("How much do you pledge?").fill(amount)
    tab.get_by_role("button", name="See what it comes to").click()
    tab.get_by_label("I agree to be charged").check()
    tab.get_by_role("button", name="Change the pledge").click()
    expect(tab.get_by_text("Your pledge is changed.")).to_be_visible()


def ends_and_is_charged(campaign):
    end(campaign)
    assert decide_if_time(campaign) is not None
    work_until_done()


def mails_link(pledge, live_server):
    """The link in the mail to the backer, who is not signed in where they read it."""
    while send_next():
        pass
    [told] = [m for m in mail.outbox if m.to == [pledge.backer.email] and "/pay/" in m.body]
    link = re.search(r"http\S+/pledges/pay/\S+", told.body)[0]
    return link.replace(town_settings.SITE_URL, live_server.url)


def made_good(tab, link, card, amount, *, confirms):
    tab.goto(link)
    assert "/pay/" not in tab.url
    button = tab.get_by_role("button", name=f"Pay {amount}")
    expect(button).to_be_enabled()
    choose_card(tab, card)
    press(tab, f"Pay {amount}")
    if confirms:
        tab.get_by_role("button", name="Complete").click()
    expect(tab.get_by_text("your pledge is collected")).to_be_visible()


def paid_out_by_two(open_page, project, provider, amount):
    here = f"/treasury/payouts/projects/{project.pk}/"
    one, other = open_page(), open_page()
    come_in(one, *treasurer(), here)
    one.get_by_label("Amount").fill(amount)
    one.get_by_label("How").select_option("transfer")
    one.get_by_role("button", name="Ask for the payout").click()
    expect(one.get_by_role("button", name="Approve")).to_have_count(0)
    come_in(other, *treasurer(), here)
    other.get_by_role("button", name="Approve").click()
    provider.control("clock", advance=3 * 24 * 3600)  # the provider releases what it holds
    for pk in wake(Payout.objects.due(), 100):
        take_payout_step(pk)
    other.reload()
    return other


def given_back(open_page, pledge, amount):
    tab = open_page()
    come_in(tab, *treasurer(), f"/treasury/pledges/{pledge.pk}/")
    tab.get_by_label("Give back").fill(amount)
    tab.get_by_role("button", name="Give money back").click()
    work_until_done()
    tab.reload()
    return tab


def live_once_the_owner_can_be_paid(open_page, sign_in):
    project = ProjectFactory()
    campaign = CampaignFactory(
        project=project, state=CampaignState.DRAFT, run_by=RunBy.PROPOSER, goal_minor=8000
    )
    RewardFactory(campaign=campaign, title="A cup", amount_minor=2000, limit=5)
    campaign.state = CampaignState.APPROVED
    campaign.save()
    assert not start_if_time(campaign)
    owner_sets_up_an_account(open_page, sign_in, project.proposer)
    a_treasurer_approves_the_account(open_page)
    goes_live(campaign)
    books_hold()
    return campaign


def states():
    return list(Pledge.objects.order_by("created_at").values_list("state", flat=True))


def test_a_whole_campaign(open_page, provider, sign_in, live_server, check_axe, screenshot):
    campaign = live_once_the_owner_can_be_paid(open_page, sign_in)
    mine, kept = pledged(open_page, sign_in, campaign, "25", "4242", "A cup")
    changed(mine, kept, "40")
    _, confirmed = pledged(open_page, sign_in, campaign, "30", EVERY_TIME)
    _, replaced = pledged(open_page, sign_in, campaign, "20", FAILS_LATER)
    books_hold()
    ends_and_is_charged(campaign)
    books_hold()
    assert states() == ["collected", "action_required", "declined"]
    reader, anybody = open_page(), open_page()
    made_good(reader, mails_link(confirmed, live_server), EVERY_TIME, "€30", confirms=True)
    look(reader, "whole-campaign-confirmed", check_axe, screenshot)
    made_good(open_page(), mails_link(replaced, live_server), "4242", "€20", confirms=False)
    work_until_done()
    books_hold()
    assert Campaign.objects.get().state == CampaignState.SETTLED
    assert set(states()) == {PledgeState.COLLECTED}
    anybody.goto(f"{campaign.get_absolute_url()}settlement/")
    look(anybody, "whole-campaign-settlement", check_axe, screenshot)
    desk = paid_out_by_two(open_page, campaign.project, provider, "50")
    look(desk, "whole-campaign-payout", check_axe, screenshot)
    assert transferred(provider) == [5000]
    books_hold()
    case = given_back(open_page, kept, "10")
    look(case, "whole-campaign-refund", check_axe, screenshot)
    mine.goto(kept.get_absolute_url())
    expect(mine.get_by_text("€10").first).to_be_visible()
    books_hold()
