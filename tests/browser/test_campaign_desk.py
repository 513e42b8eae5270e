"""A campaign is written, previewed and looked at by staff, in a browser on both widths."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.pledges.enums import CampaignState, Handover, PledgeState, ReportReason
from civicfund.pledges.models import Campaign, ShippingZone
from civicfund.pledges.services.moderating import report_campaign, suspend_campaign
from civicfund.projects.services.files import add_file
from tests.browser.test_desks import holding, ready
from tests.browser.test_reading import MOST_TRANSFERRED, weight
from tests.browser.test_treasury import come_in
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory, soon
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_creator_previews_and_sends_a_campaign_that_staff_look_at(
    page, phone, sign_in, check_axe, screenshot
):
    project = ProjectFactory(title="A bench on Mill Lane")
    sign_in(phone, project.proposer)
    phone.goto(f"/projects/{project.pk}/campaign/")
    phone.get_by_label("Last day").fill(soon(days=20).date().isoformat())
    phone.get_by_label("What backers get").first.fill("A tile with your name")
    phone.get_by_label("For at least, or the price of one").first.fill("20")
    with phone.context.expect_page() as opened:
        phone.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.get_by_text("This is a preview")).to_be_visible()
    expect(preview.get_by_text("A tile with your name")).to_be_visible()
    check_axe(preview)
    screenshot(preview, "campaign-preview-390")
    preview.close()
    assert Campaign.objects.count() == 0
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Nothing is missing")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "campaign-checklist-390")
    phone.get_by_role("button", name="Send for review").click()
    expect(phone.get_by_text("A reviewer is looking at it")).to_be_visible()
    campaign = Campaign.objects.get()
    report_campaign(campaign, reason=ReportReason.OTHER, words="Who owns the place?", by=None)
    come_in(page, *ready(holding(Role.MODERATOR)), "/desk/campaigns/")
    check_axe(page)
    screenshot(page, "campaigns-desk-1280")
    page.get_by_role("link", name="A bench on Mill Lane").click()
    expect(page.get_by_text("Who owns the place?")).to_be_visible()
    check_axe(page)
    screenshot(page, "campaign-judging-1280")


DUPLICATES = """
[...document.querySelectorAll("[id]")].map(each => each.id)
  .filter((id, place, all) => all.indexOf(id) !== place)
"""


def photographed(project, *words):
    """With a picture for each of the words, as large as one from a camera, and as busy."""
    for said in words:
        size = (1600, 1200)
        leaves = [Image.effect_noise((160, 120), 90).resize(size) for _ in "RGB"]
        drawn = Image.blend(
            Image.merge("RGB", leaves), Image.effect_noise(size, 90).convert("RGB"), 0.15
        )
        kept = io.BytesIO()
        drawn.save(kept, "JPEG")
        add_file(project, kept.getvalue(), words=said, by=project.proposer)
    return project


def pane_of(tab):
    return tab.get_by_role("region", name="Preview")


def test_the_page_of_a_campaign_is_drawn_beside_its_form_while_somebody_types(
    page, phone, sign_in, check_axe, screenshot
):
    project = photographed(ProjectFactory(title="A bench on Mill Lane"), "The lane", "The mill")
    sign_in(page, project.proposer)
    page.goto(f"/projects/{project.pk}/campaign/")
    pane = pane_of(page)
    expect(pane.get_by_role("img", name="The lane")).to_be_visible()
    page.get_by_label("Goal", exact=True).fill("1234")
    expect(pane.get_by_text("€1,234").first).to_be_visible()
    expect(pane.get_by_text("The parts of the goal lack")).to_be_visible()
    expect(page.get_by_label("Goal", exact=True)).to_be_focused()
    page.get_by_label("What backers get").first.fill("A tile with your name")
    page.get_by_label("For at least, or the price of one").first.fill("20")
    page.get_by_label("The mill").check()
    expect(pane.get_by_role("heading", name="A tile with your name")).to_be_visible()
    expect(pane.get_by_role("img").first).to_have_attribute("alt", "The mill")
    assert page.evaluate(DUPLICATES) == []
    check_axe(page)
    screenshot(page, "campaign-beside-1280")
    assert Campaign.objects.count() == 0
    sign_in(phone, project.proposer)
    phone.goto(f"/projects/{project.pk}/campaign/")
    phone.get_by_role("link", name="See how your page looks").click()
    expect(pane_of(phone).get_by_role("heading", name="How far it is")).to_be_visible()
    expect(pane_of(phone)).to_be_in_viewport()
    check_axe(phone)
    screenshot(phone, "campaign-beside-390")


def test_what_is_read_in_the_preview_stays_under_the_reader_s_hands(page, sign_in):
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    sign_in(page, campaign.creator)
    page.goto(f"/campaigns/{campaign.pk}/edit/")
    link = pane_of(page).get_by_role("link", name="See the project")
    page.get_by_label("Goal", exact=True).fill("1234")
    link.focus()
    page.wait_for_timeout(1500)
    expect(link).to_be_focused()
    expect(link).to_have_attribute("target", "_blank")
    page.get_by_label("Goal", exact=True).focus()
    expect(pane_of(page).get_by_text("€1,234").first).to_be_visible()


def test_a_preview_that_is_asked_for_too_often_says_so(
    page, sign_in, settings, check_axe, complaints_of_failed_pages
):
    limits = settings.ACCOUNT_RATE_LIMITS | {"preview_campaign": "1/m/user"}
    settings.ACCOUNT_RATE_LIMITS = limits
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    sign_in(page, campaign.creator)
    page.goto(f"/campaigns/{campaign.pk}/edit/")
    expect(pane_of(page).get_by_text("How far it is")).to_be_visible()
    page.get_by_label("Goal", exact=True).fill("1234")
    expect(pane_of(page).get_by_role("status")).to_contain_text("the preview waits a little")
    check_axe(page)


def test_without_scripts_a_button_draws_it_and_keeps_what_was_typed(open_page, sign_in):
    tab = open_page(java_script_enabled=False)
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    sign_in(tab, campaign.creator)
    tab.goto(f"/campaigns/{campaign.pk}/edit/")
    tab.get_by_label("Goal", exact=True).fill("1234")
    pane_of(tab).get_by_role("button", name="Preview").click()
    expect(pane_of(tab).get_by_text("€1,234").first).to_be_visible()
    expect(tab.get_by_label("Goal", exact=True)).to_have_value("1234")
    assert tab.url.endswith("#preview")
    campaign.refresh_from_db()
    assert campaign.goal_minor == 100_000


def weighs(tab, address):
    asked = set()
    tab.on("request", lambda each: asked.add(each.url))
    tab.goto(address, wait_until="networkidle")
    return sum(weight(url, tab.request.get(url).body()) for url in asked)


def test_campaigns_with_pictures_are_light_at_first_view(phone, page, check_axe, screenshot):
    campaigns = [CampaignFactory(project__title=f"Bench {n}") for n in range(6)]
    for campaign in campaigns:
        photographed(campaign.project, "A first picture")
    photographed(campaigns[0].project, *(f"Picture {n}" for n in range(7)))
    first = campaigns[0].get_absolute_url()
    assert weighs(phone, first) < MOST_TRANSFERRED
    check_axe(phone)
    screenshot(phone, "campaign-pictures-390")
    phone.get_by_text("7 more pictures").click()
    last = phone.get_by_role("img", name="Picture 6")
    last.scroll_into_view_if_needed()
    expect(last).to_have_js_property("naturalWidth", 480)
    check_axe(phone)
    assert weighs(page, "/campaigns/") < MOST_TRANSFERRED
    expect(page.get_by_role("img", name="A first picture").first).to_be_visible()
    check_axe(page)
    screenshot(page, "campaigns-with-pictures-1280")
    page.goto(first)
    check_axe(page)
    screenshot(page, "campaign-pictures-1280")


@pytest.fixture
def pledge():
    """Of a campaign that is collected; a shirt goes to its backer by post."""
    campaign = CampaignFactory(state=CampaignState.SETTLED, project__title="A cider press")
    zone = ShippingZone.objects.create(campaign=campaign, position=0, name="Here", amount_minor=0)
    shirt = RewardFactory(campaign=campaign, title="A shirt", handover=Handover.SHIPPING)
    return PledgeFactory(
        campaign=campaign, state=PledgeState.COLLECTED, reward=shirt, shipping_zone=zone
    )


def test_a_creator_tells_backers_and_one_reads_it(
    page, phone, sign_in, check_axe, screenshot, pledge
):
    campaign = pledge.campaign
    sign_in(phone, campaign.creator)
    phone.goto(f"/campaigns/{campaign.pk}/updates/new/")
    phone.get_by_label("Title").fill("The press is here")
    phone.get_by_label("What is new").fill("It is red.\n\nIt works.")
    phone.get_by_label("Backers only").check()
    phone.get_by_role("button", name="Preview").click()
    expect(phone.get_by_text("This is a preview")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "update-writing-390")
    phone.get_by_role("button", name="Publish").click()
    expect(phone.get_by_role("heading", name="The press is here")).to_be_visible()
    phone.get_by_role("link", name="Correct it").click()
    phone.get_by_label("The correction").fill("It is blue.")
    phone.get_by_role("button", name="Publish the correction").click()
    check_axe(phone)
    screenshot(phone, "update-390")
    sign_in(page, pledge.backer)
    page.goto(campaign.get_absolute_url())
    check_axe(page)
    screenshot(page, "campaign-with-updates-1280")
    page.get_by_role("link", name="1. The press is here").click()
    expect(page.get_by_text("It is blue.")).to_be_visible()
    check_axe(page)
    screenshot(page, "update-1280")


def test_a_creator_appeals_and_another_moderator_decides(
    page, phone, sign_in, check_axe, screenshot
):
    campaign = CampaignFactory(project__title="A bench on Mill Lane")
    suspend_campaign(campaign, by=holding(Role.MODERATOR), reason="Whose pictures are these?")
    sign_in(phone, campaign.creator)
    phone.goto(campaign.get_absolute_url())
    check_axe(phone)
    screenshot(phone, "campaign-suspended-390")
    phone.get_by_role("link", name="Appeal").click()
    check_axe(phone)
    screenshot(phone, "campaign-appeal-390")
    phone.get_by_label("Why should it go on?").fill("I took them myself.")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("You have appealed")).to_be_visible()
    come_in(page, *ready(holding(Role.MODERATOR)), "/desk/campaigns/")
    expect(page.get_by_text("appeal since")).to_be_visible()
    page.get_by_role("link", name="A bench on Mill Lane").click()
    expect(page.get_by_text("I took them myself.")).to_be_visible()
    check_axe(page)
    screenshot(page, "campaign-appeal-judging-1280")
    page.get_by_label("Why may it go on?").fill("They are the creator's.")
    page.get_by_role("button", name="Grant the appeal").click()
    phone.reload()
    expect(phone.get_by_text("They are the creator's.")).to_be_visible()
    page.goto("/moderation/")
    expect(page.get_by_role("row", name="Campaigns suspended")).to_contain_text("1")
    check_axe(page)
    screenshot(page, "moderation-1280")


def asks_which_size(tab, reward):
    """On the page of all surveys: one question to those who chose the reward."""
    tab.get_by_role("link", name=reward).click()
    first = tab.get_by_role("group", name="Question 1")
    first.get_by_label("Question").fill("Which size?")
    first.get_by_label("How it is answered").select_option("choice")
    first.get_by_label("Choices").fill("Small\nLarge")


def answers_large(tab):
    """From the page of a pledge."""
    tab.get_by_role("link", name="Answer, or correct your answer").click()
    tab.get_by_label("Large").check()


def test_a_creator_asks_backers_and_one_answers(
    page, phone, sign_in, check_axe, screenshot, pledge
):
    sign_in(phone, pledge.campaign.creator)
    phone.goto(f"/campaigns/{pledge.campaign_id}/surveys/")
    check_axe(phone)
    screenshot(phone, "surveys-390")
    asks_which_size(phone, "A shirt")
    check_axe(phone)
    screenshot(phone, "survey-writing-390")
    phone.get_by_role("button", name="Send it to the backers").click()
    sign_in(page, pledge.backer)
    page.goto(pledge.get_absolute_url())
    answers_large(page)
    page.get_by_label("Your name and address").fill("Ann Example\nMill Lane 1")
    check_axe(page)
    screenshot(page, "survey-1280")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("You have answered")).to_be_visible()
    check_axe(page)
    phone.reload()
    expect(phone.get_by_text("Mill Lane 1")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "survey-answers-390")
