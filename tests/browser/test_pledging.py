from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse
from playwright.sync_api import expect

from civicfund import rush
from civicfund.notices.services import send_next
from civicfund.pledges.enums import CampaignState, Handover, PledgeState, RewardKind, RunBy
from civicfund.pledges.models import Pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, OutcomeFactory, PledgeFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.pledges.promises import FAILS, funded_campaign, promise, work_until_done
from tests.pledges.test_receipts import charged, paid_back

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

STORY = "A path along the *old railway*."


@pytest.fixture
def backer(provider, page, sign_in):
    user = UserFactory()
    sign_in(page, user)
    return user


def choose_card(page, label):
    fields = page.frame_locator("[data-card-fields] iframe")
    more = fields.get_by_text("More test cards")
    button = fields.get_by_role("button", name=re.compile(label))
    if not button.first.is_visible():
        more.click()
    button.first.click()


def press(page, name):
    """By keyboard: a click right after scrolling may land in the frame of the other origin."""
    page.get_by_role("button", name=name).press("Enter")


def reach_card_page(page, campaign, amount="30"):
    page.goto(campaign.get_absolute_url())
    page.get_by_role("link", name="Back this project").click()
    page.get_by_label("How much do you pledge?").fill(amount)
    page.get_by_role("button", name="See what it comes to").click()
    page.get_by_label("I agree to be charged").check()
    page.get_by_role("button", name="Go on to the card").click()
    expect(page.get_by_role("button", name="Save the card and pledge")).to_be_enabled()


def test_a_backer_pledges_with_a_reward_and_changes_it(page, backer, screenshot):
    reward = RewardFactory(title="A cup", amount_minor=2000, limit=5)
    campaign = reward.campaign
    page.goto(campaign.get_absolute_url())
    page.get_by_role("link", name="Choose “A cup”").click()
    assert page.get_by_label("A cup (from €20), 5 left").is_checked()
    page.get_by_label("How much do you pledge?").fill("25")
    page.get_by_role("button", name="See what it comes to").click()
    page.get_by_label("I agree to be charged").check()
    page.get_by_role("button", name="Go on to the card").click()
    expect(page.get_by_role("button", name="Save the card and pledge")).to_be_enabled()
    choose_card(page, "4242")
    screenshot(page, "pledge-card-1280")
    press(page, "Save the card and pledge")
    expect(page.get_by_text("your card is saved, and your pledge counts")).to_be_visible()
    pledge = Pledge.objects.get()
    assert page.url.endswith(pledge.get_absolute_url())
    assert (pledge.state, pledge.reward, pledge.card_last4) == (PledgeState.ACTIVE, reward, "4242")
    page.get_by_role("link", name="Change amount or reward").click()
    page.get_by_label("How much do you pledge?").fill("40")
    page.get_by_role("button", name="See what it comes to").click()
    page.get_by_label("I agree to be charged").check()
    page.get_by_role("button", name="Change the pledge").click()
    expect(page.get_by_text("Your pledge is changed.")).to_be_visible()
    pledge.refresh_from_db()
    assert pledge.amount_minor == 4000


def test_another_card_is_agreed_to_anew(page, backer, screenshot, check_axe):
    pledge = promise(CampaignFactory(), backer=backer)
    page.goto(pledge.get_absolute_url())
    page.get_by_role("link", name="Use another card").click()
    expect(page.get_by_text("in place of Visa •••• 4242")).to_be_visible()
    expect(page.get_by_role("button", name="Agree and use this card")).to_be_enabled()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        check_axe(page)
        screenshot(page, f"pledge-another-card-{width}")
    choose_card(page, "4242")
    press(page, "Agree and use this card")
    expect(page.get_by_text("Thank you: your card is saved")).to_be_visible()
    assert pledge.consents.count() == 2


@pytest.fixture
def rush_of_another(settings, monkeypatch):
    """As long as it lasts, there is no room, and turns are a few seconds away."""
    settings.RUSH_AT_ONCE = 0
    monkeypatch.setattr(rush, "_APART", 200)
    yield
    settings.RUSH_AT_ONCE = 2


def begin_in_a_rush(page, settings):
    settings.RUSH_AT_ONCE = 2
    campaign = CampaignFactory()
    page.goto(reverse("pledge", args=[campaign.pk]))
    page.get_by_label("How much do you pledge?").fill("25")
    settings.RUSH_AT_ONCE = 0
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.get_by_text("what you chose is kept on this page")).to_be_visible()


def test_in_a_rush_the_page_goes_on_with_what_one_chose_when_its_turn_has_come(
    page, backer, settings, check_axe, screenshot, complaints_of_failed_pages, rush_of_another
):
    begin_in_a_rush(page, settings)
    expect(page.get_by_text("The page goes on by itself.")).to_be_visible()
    expect(page.get_by_text("Send it again then")).to_be_hidden()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        check_axe(page)
        screenshot(page, f"busy-{width}")
    settings.RUSH_AT_ONCE = 2
    expect(page.get_by_role("button", name="Go on to the card")).to_be_visible()
    expect(page.get_by_text("€25").first).to_be_visible()
    page.get_by_label("I agree to be charged").check()
    page.get_by_role("button", name="Go on to the card").click()
    expect(page.get_by_role("button", name="Save the card and pledge")).to_be_enabled()


def test_in_a_rush_without_scripts_one_sends_it_again(
    open_page, sign_in, provider, settings, complaints_of_failed_pages, rush_of_another
):
    page = open_page(java_script_enabled=False)
    sign_in(page, UserFactory())
    begin_in_a_rush(page, settings)
    expect(page.get_by_text("Send it again then: your place is kept.")).to_be_visible()
    expect(page.get_by_text("The page goes on by itself.")).to_be_hidden()
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Send it again then: your place is kept.")).to_be_visible()
    settings.RUSH_AT_ONCE = 2
    page.wait_for_timeout(4000)
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("button", name="Go on to the card")).to_be_visible()
    expect(page.get_by_text("€25").first).to_be_visible()


def test_a_card_that_cannot_be_saved_says_so_and_another_can(page, backer, complaints):
    reach_card_page(page, CampaignFactory())
    choose_card(page, "Is declined")
    press(page, "Save the card and pledge")
    expect(page.get_by_text("Your card was declined.")).to_be_visible()
    assert Pledge.objects.get().state == PledgeState.AUTHORIZING
    choose_card(page, "4242")
    press(page, "Save the card and pledge")
    expect(page.get_by_text("your pledge counts")).to_be_visible()
    assert Pledge.objects.get().state == PledgeState.ACTIVE
    # The provider's own 402 for the declined card is in the browser's console.
    assert all("402" in complaint for complaint in complaints)
    complaints.clear()


def test_a_bank_that_asks_first_leads_back_to_a_clean_address(page, backer):
    reach_card_page(page, CampaignFactory())
    choose_card(page, "3-D Secure now, then works")
    press(page, "Save the card and pledge")
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("your pledge counts")).to_be_visible()
    assert page.url.endswith(Pledge.objects.get().get_absolute_url())


def test_a_failed_card_is_made_good_with_another(page, sign_in, provider, screenshot):
    _, (failed,) = funded_campaign(FAILS)
    work_until_done()
    sign_in(page, failed.backer)
    page.goto(failed.get_absolute_url())
    screenshot(page, "pledge-failed-1280")
    page.get_by_role("link", name="Use another card").click()
    expect(page.get_by_role("button", name="Pay €25")).to_be_enabled()
    choose_card(page, "4242")
    press(page, "Pay €25")
    expect(page.get_by_text("Thank you: your pledge is collected.")).to_be_visible()
    failed.refresh_from_db()
    assert failed.state == PledgeState.COLLECTED


def test_without_scripts_the_choice_is_kept_and_the_page_says_what_it_needs(
    open_page, sign_in, provider
):
    tab = open_page(java_script_enabled=False)
    sign_in(tab, UserFactory())
    campaign = CampaignFactory()
    tab.goto(campaign.get_absolute_url())
    tab.get_by_role("link", name="Back this project").click()
    tab.get_by_label("How much do you pledge?").fill("30")
    tab.get_by_role("button", name="See what it comes to").click()
    tab.get_by_label("I agree to be charged").check()
    tab.get_by_role("button", name="Go on to the card").click()
    expect(tab.get_by_role("heading", name="Your card")).to_be_visible()
    # Playwright's switch leaves the parser believing in scripts, so the words are not drawn here.
    assert "This step needs JavaScript" in tab.locator("noscript").inner_html()
    assert not tab.locator("[data-card-form]").is_visible()
    assert Pledge.objects.get().amount_minor == 3000


def test_pages_of_pledges_pass_axe_at_both_widths(
    page, phone, check_axe, screenshot, sign_in, provider
):
    reward = RewardFactory(title="A cup", limit=5, claimed=5)
    live = reward.campaign
    live.project.story = STORY
    live.project.save()
    PledgeFactory.create_batch(3, campaign=live, show_name=True, amount_minor=20_000)
    short = CampaignFactory(state=CampaignState.SETTLED_SHORT)
    OutcomeFactory(campaign=short, pledged_minor=60_000)
    PledgeFactory(campaign=short, state=PledgeState.COLLECTED, amount_minor=50_000)
    dropped = PledgeFactory(campaign=short, state=PledgeState.DROPPED, amount_minor=10_000)
    paid_back(charged(dropped.backer), 500)
    own = ProjectFactory(proposer=dropped.backer)
    waits = CampaignFactory(project=own, state=CampaignState.APPROVED, run_by=RunBy.PROPOSER)
    pages = {
        "campaign-waits": waits.get_absolute_url(),
        "campaigns": "/campaigns/",
        "campaigns-ended": "/campaigns/?show=finished",
        "campaign-live": live.get_absolute_url(),
        "campaign-settled-short": short.get_absolute_url(),
        "pledge-choose": f"{live.get_absolute_url()}pledge/",
        "pledge-dropped": dropped.get_absolute_url(),
        "statements": "/me/statements/",
    }
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, dropped.backer)
        for name, path in pages.items():
            tab.goto(path)
            screenshot(tab, f"{name}-{width}")
            check_axe(tab)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_amount_is_typed_as_people_do_and_asked_about_where_it_is_unclear(
    open_page, sign_in, provider, screenshot, refusals_are_expected, scripts
):
    tab = open_page(java_script_enabled=scripts)
    sign_in(tab, UserFactory())
    tab.goto(reverse("pledge", args=[CampaignFactory().pk]))
    amount = tab.get_by_label("How much do you pledge?")
    amount.fill("1,200")
    tab.get_by_role("button", name="See what it comes to").click()
    expect(tab.get_by_role("alert")).to_contain_text("Is this 1,200.00 or 1.20?")
    expect(amount).to_have_value("1,200")
    screenshot(tab, f"pledge-unclear-{scripts}-1280")
    amount.fill("12,50 €")
    tab.get_by_role("button", name="See what it comes to").click()
    expect(tab.get_by_text("€12.50").first).to_be_visible()


def test_add_ons_and_sending_are_chosen_and_seen_at_both_widths(
    page, phone, check_axe, screenshot, sign_in, provider, refusals_are_expected
):
    campaign = CampaignFactory(
        optimum_minor=120_000, town_fee_thousandths=25, provider_fee_by="project"
    )
    cup = RewardFactory(campaign=campaign, title="A cup", limit=5, delivered_from=date(2027, 5, 1))
    RewardFactory(
        campaign=campaign, title="A card", amount_minor=300,
        kind=RewardKind.ADD_ON, handover=Handover.SHIPPING,
    )  # fmt: skip
    for n, (name, price) in enumerate([("In town", 0), ("Elsewhere", 350)]):
        campaign.shipping_zones.create(position=n, name=name, amount_minor=price)
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, UserFactory())
        tab.goto(campaign.get_absolute_url())
        screenshot(tab, f"campaign-add-ons-{width}")
        check_axe(tab)
        tab.get_by_role("link", name="Choose “A cup”").click()
        tab.get_by_label("How much do you pledge?").fill("21.50")
        tab.get_by_label("A card (€3)").fill("2")
        tab.get_by_role("button", name="See what it comes to").click()
        expect(tab.get_by_role("alert")).to_contain_text("Say where it is to be sent.")
        screenshot(tab, f"pledge-choose-wrong-{width}")
        check_axe(tab)
        tab.get_by_label("Elsewhere (€3.50)").check()
        tab.get_by_role("button", name="See what it comes to").click()
        expect(tab.get_by_text("You pay €31")).to_be_visible()
        screenshot(tab, f"pledge-agree-{width}")
        check_axe(tab)
        tab.get_by_label("I agree to be charged").check()
        tab.get_by_role("button", name="Go on to the card").click()
        expect(tab.get_by_role("heading", name="Your card")).to_be_visible()
    assert set(Pledge.objects.values_list("amount_minor", "reward")) == {(3100, cup.pk)}


def test_a_creator_writes_all_of_a_campaign(page, phone, check_axe, screenshot, sign_in):
    project = ProjectFactory()
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, project.proposer)
        tab.goto(f"/projects/{project.pk}/campaign/")
        screenshot(tab, f"campaign-form-{width}")
        check_axe(tab)


def test_the_card_page_passes_axe_at_both_widths(
    page, phone, check_axe, screenshot, sign_in, provider
):
    campaign = CampaignFactory()
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, UserFactory())
        reach_card_page(tab, campaign)
        screenshot(tab, f"pledge-card-empty-{width}")
        check_axe(tab)


def test_a_guest_pledges_and_comes_back_by_the_mail(
    provider, phone, open_page, live_server, check_axe, screenshot
):
    campaign = CampaignFactory()
    phone.goto(campaign.get_absolute_url())
    phone.get_by_role("link", name="Back this project").first.click()
    expect(phone.get_by_text("You need no account.")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "guest-choice-390")
    phone.get_by_label("Your e-mail address").fill("guest@example.org")
    phone.get_by_label("How much do you pledge?").fill("30")
    phone.get_by_role("button", name="See what it comes to").click()
    phone.get_by_label("I agree to be charged").check()
    phone.get_by_role("button", name="Go on to the card").click()
    expect(phone.get_by_role("button", name="Save the card and pledge")).to_be_enabled()
    choose_card(phone, "4242")
    press(phone, "Save the card and pledge")
    expect(phone.get_by_text("You pledged without an account")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "guest-pledge-390")
    while send_next():
        pass
    link = re.search(r"http\S+/pledges/open/\S+", mail.outbox[-1].body)[0]
    elsewhere = open_page()
    elsewhere.goto(link.replace(settings.SITE_URL, live_server.url))
    elsewhere.get_by_role("link", name="Take the pledge back").click()
    elsewhere.get_by_role("button", name="Take it back").click()
    expect(elsewhere.get_by_text("Nothing will be charged.")).to_be_visible()
    assert Pledge.objects.get().state == PledgeState.CANCELLED
