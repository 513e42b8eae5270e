"""A treasurer gives money back in a browser, and a second one approves it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.audit.services import db_now
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.notices.services import tell
from civicfund.payments.services import note_orphan
from civicfund.payouts.models import Payout
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import AttemptState, CampaignState, PledgeState, RefundReason
from civicfund.pledges.models import ChargeAttempt, Refund
from civicfund.pledges.services.refund_batches import refund_campaign
from civicfund.reconciliation.services.explaining import explain
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.payouts.test_pages import transferred
from tests.reconciliation.test_pages import compared, differing
from tests.signing_in import PASSWORD, code_now, verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collected():
    """A collected pledge with a failed try before, booked, its receipt sent."""
    campaign = CampaignFactory(state=CampaignState.SETTLED)
    pledge = PledgeFactory(
        campaign=campaign, state=PledgeState.COLLECTED, amount_minor=4000, fee_minor=85,
        card_brand="visa", card_last4="4242",
    )  # fmt: skip
    tries = [
        (AttemptState.DECLINED, "card_declined", "insufficient_funds"),
        (AttemptState.SUCCEEDED, "", ""),
    ]
    for n, (state, code, decline_code) in enumerate(tries, start=1):
        ChargeAttempt.objects.create(
            pledge=pledge, n=n, kind="auto", state=state, idempotency_key=f"cf:{n}",
            parameters={}, api_version="v", request_id=f"req_{n}abcdef", charge_id=f"ch_{n}abcdef",
            code=code, decline_code=decline_code,
        )  # fmt: skip
    legs = books.charge(campaign.project_id, pledge.amount_minor)
    post("charge", source_type="pledge", source_id=str(pledge.pk), legs=legs, currency="EUR")
    tell(pledge.backer, "pledge_collected", pledge)
    return pledge


def treasurer():
    user = UserFactory()
    grant_role(user, Role.TREASURER, by=None)
    user.refresh_from_db()
    return user, with_totp(verified(user))


def come_in(page, person, secret, address):
    page.goto(address)
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=code]").fill(code_now(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")


def look(page, name, check_axe, screenshot):
    """At both widths: axe, no sideways scrolling, a picture."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        check_axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(page, f"{name}-{width}")


def test_two_treasurers_give_money_back(
    open_page, collected, settings, check_axe, screenshot, refusals_are_expected
):
    settings.REFUND_ALONE_MINOR = 1000
    case = f"/treasury/pledges/{collected.pk}/"
    page = open_page()
    come_in(page, *treasurer(), "/treasury/")
    look(page, "treasury", check_axe, screenshot)
    page.get_by_role("link", name="Owed to “").click()
    look(page, "treasury-account", check_axe, screenshot)
    page.goto("/treasury/pledges/")
    page.get_by_label("Find one").fill(str(collected.pk))
    page.get_by_role("button", name="Find").click()
    look(page, "treasury-pledges", check_axe, screenshot)
    page.get_by_role("link", name=collected.campaign.project.title).click()
    page.get_by_label("Give back").fill("99")
    page.get_by_role("button", name="Give money back").click()
    expect(page.get_by_label("Give back")).to_have_value("99")
    look(page, "treasury-pledge-wrong", check_axe, screenshot)
    page.get_by_label("Give back").fill("40")
    page.get_by_role("button", name="Give money back").click()
    expect(page.get_by_text("Waits for a second person")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    second = open_page()
    come_in(second, *treasurer(), case)
    look(second, "treasury-pledge", check_axe, screenshot)
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Approved: the refund is being paid.")).to_be_visible()
    assert Refund.objects.get().state == "planned"


def test_a_campaigns_refund_is_looked_at(open_page, collected, check_axe, screenshot):
    person, secret = treasurer()
    refund_campaign(collected.campaign, by=treasurer()[0], reason=RefundReason.NOT_DELIVERED)
    page = open_page()
    come_in(page, person, secret, f"/treasury/campaigns/{collected.campaign_id}/")
    look(page, "treasury-campaign", check_axe, screenshot)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Being paid back")).to_be_visible()
    look(page, "treasury-campaign-running", check_axe, screenshot)


def test_a_project_is_paid_by_two_treasurers(open_page, check_axe, screenshot):
    project = ProjectFactory()
    legs = books.award(project.pk, 50_000)
    post("award", source_type="test", source_id=str(project.pk), legs=legs, currency="EUR")
    page = open_page()
    come_in(page, *treasurer(), "/treasury/payouts/")
    look(page, "payouts", check_axe, screenshot)
    page.get_by_role("link", name=project.title).click()
    page.get_by_label("Amount").fill("200")
    page.get_by_label("How").select_option("bank")
    page.get_by_role("button", name="Ask for the payout").click()
    expect(page.get_by_text("Waits for a second person")).to_be_visible()
    second = open_page()
    come_in(second, *treasurer(), f"/treasury/payouts/projects/{project.pk}/")
    look(second, "payouts-project", check_axe, screenshot)
    second.get_by_role("button", name="Approve").click()
    second.get_by_label("Reference of the bank payment").fill("Transfer 12")
    look(second, "payouts-project-bank", check_axe, screenshot)
    second.get_by_role("button", name="The bank has paid it").click()
    expect(second.get_by_text("The bank payment is noted.")).to_be_visible()
    assert Payout.objects.get().bank_reference == "Transfer 12"


def test_two_treasurers_take_a_transfer_back(open_page, settings, check_axe, screenshot):
    settings.PAYOUT_RESERVE_PERCENT = 0
    payout = transferred(ProjectFactory())
    here = payout.get_absolute_url()
    page = open_page()
    come_in(page, *treasurer(), here)
    page.get_by_text("Take money back").click()
    page.get_by_label("How much, from the owner's account").fill("50")
    look(page, "payouts-take-back", check_axe, screenshot)
    page.get_by_role("button", name="Ask to take it back").click()
    expect(page.get_by_text("Taking it back waits for a second treasurer.")).to_be_visible()
    page.goto("/treasury/payouts/")
    look(page, "payouts-desk-take-back", check_axe, screenshot)
    second = open_page()
    come_in(second, *treasurer(), here)
    look(second, "payouts-take-back-waits", check_axe, screenshot)
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Being taken back")).to_be_visible()


def test_what_fits_nothing_is_looked_at(open_page, check_axe, screenshot):
    note_orphan("re_1RefundedByHand", "refund_made_elsewhere")
    page = open_page()
    come_in(page, *treasurer(), "/treasury/")
    page.get_by_label("What was it?").fill("Refunded on the phone.")
    look(page, "treasury-unmatched", check_axe, screenshot)
    page.get_by_role("button", name="Looked at").click()
    page.get_by_text("Unmatched, and looked at").click()
    expect(page.get_by_text("Refunded on the phone.")).to_be_visible()
    look(page, "treasury-unmatched-done", check_axe, screenshot)


def test_an_owner_is_onboarded_at_the_provider(open_page, provider, sign_in, check_axe, screenshot):
    page = open_page()
    sign_in(page, UserFactory())
    page.goto("/me/payout-account/")
    look(page, "payout-account", check_axe, screenshot)
    page.get_by_role("button", name="Set up my account").click()
    page.get_by_role("link", name="Go on at the payment provider").click()
    page.get_by_role("button").first.click()
    expect(page.get_by_text("A treasurer now has to approve the account")).to_be_visible()
    look(page, "payout-account-waiting", check_axe, screenshot)


def test_the_comparison_with_the_provider_is_looked_at(open_page, check_axe, screenshot):
    found = differing("ch_nobody_knows")
    differing("ch_once_unknown", ended_at=db_now(), healed=True)
    compared(compared=412, healed=1, differing=1)
    page = open_page()
    come_in(page, *treasurer(), "/treasury/reconciliation/")
    look(page, "treasury-reconciliation", check_axe, screenshot)
    explain(found, by=new_treasurer(), words="A fee that the provider changed.", correct=True)
    page.get_by_role("link", name="ch_nobody_knows").click()
    expect(page.get_by_text("Waits for a second person")).to_be_visible()
    look(page, "treasury-difference-waits", check_axe, screenshot)
    page.get_by_role("button", name="Do not correct it").click()
    expect(page.get_by_role("group", name="The books")).to_be_visible()
    look(page, "treasury-difference", check_axe, screenshot)
    page.goto("/treasury/reconciliation/")
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("The comparison begins.")).to_be_visible()
