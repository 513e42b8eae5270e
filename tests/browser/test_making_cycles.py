"""The pages on which a cycle is made, filled and watched, on both widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from budgeting.models import Cycle
from budgeting.services.proposals import group_options
from civicfund.places.enums import PlaceKind
from civicfund.projects.models import Project
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.budgeting.test_appropriations import treasurer
from tests.budgeting.test_ballot_desk import feasible_cycle
from tests.budgeting.test_changing_pots import entered, two_pots
from tests.budgeting.test_off_ballot import before_voting
from tests.budgeting.test_supports import supported, supporting_draft
from tests.budgeting.test_watching import voted
from tests.factories.budgeting import add_options, administrator, draft_cycle, opened
from tests.factories.places import CityFactory, NeighborhoodFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_cycle_is_made_on_pages(page, check_axe, screenshot):
    CityFactory()
    for population in (900, 1_800):
        NeighborhoodFactory(kind=PlaceKind.DISTRICT, population=population)
    come_in(page, *ready(administrator()), "/desk/cycles/")
    look(page, "cycles-desk", check_axe, screenshot)
    like = page.locator("section[aria-labelledby=from-another]")
    like.get_by_label("Title").fill("Spring")
    like.get_by_label("Address").fill("spring")
    like.get_by_label("Like", exact=True).select_option("quick")
    like.get_by_label("Its first phase begins on").fill("2027-02-01")
    like.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_text("The draft is made.")).to_be_visible()
    page.goto("/budget/spring/timeline/")
    page.get_by_label("Ends").first.fill("2027-02-03T08:00")
    page.get_by_role("button", name="Keep these phases").click()
    expect(page.get_by_text("shorter than 14 days")).to_be_visible()
    look(page, "timeline", check_axe, screenshot)
    page.goto("/budget/spring/pots/")
    page.get_by_label("Money for all of them together").fill("9000")
    page.get_by_label("Shared by how many people live there").check()
    page.get_by_role("button", name="Add these pots").click()
    expect(page.get_by_text("The pots are there.")).to_be_visible()
    page.get_by_label("People who have to support a project before").fill("25")
    page.get_by_role("button", name="Keep the number").click()
    expect(page.get_by_text("25 people have to support a project").first).to_be_visible()
    look(page, "pots", check_axe, screenshot)
    amounts = Cycle.objects.get(slug="spring").pots.values_list("amount_minor", flat=True)
    assert sorted(amounts) == [300_000, 600_000]


def test_a_ballot_is_filled_and_a_vote_watched(page, check_axe, screenshot):
    cycle, _made = feasible_cycle()
    by = administrator()
    add_options(cycle.pots.get(), [120_000, 90_000], by=by)
    group_options(cycle, list(cycle.options.all()), name="The old market hall", by=by)
    come_in(page, *ready(by), f"/budget/{cycle.slug}/ballot/desk/")
    look(page, "ballot-desk", check_axe, screenshot)
    page.get_by_role("button", name="Put those chosen on the ballot").click()
    expect(page.get_by_text("3 projects came on the ballot.")).to_be_visible()
    for name in ("trail", "proposals/file"):
        page.goto(f"/budget/{cycle.slug}/{name}/")
        look(page, name.replace("/", "-"), check_axe, screenshot)
    page.goto(f"/budget/{cycle.slug}/ballot/")
    expect(page.get_by_text("of this group at most one is funded").first).to_be_visible()
    page.goto(f"/budget/{voted(12, 10, 9).slug}/participation/")
    look(page, "participation", check_axe, screenshot)


def test_two_treasurers_set_money_aside(page, check_axe, screenshot):
    cycle, first = draft_cycle(), treasurer()
    come_in(page, *ready(first), f"/budget/{cycle.slug}/money/")
    page.get_by_label("Set aside for this vote in all").fill("3000")
    page.get_by_label("The decision that it rests on").fill("Council of 3 May, item 14")
    page.get_by_role("button", name="Ask to set it aside").click()
    expect(page.get_by_text("Now another treasurer has to agree.")).to_be_visible()
    look(page, "cycle-money", check_axe, screenshot)
    page.goto("/treasury/")
    expect(page.get_by_text("Money not in the books; the pots say")).to_be_visible()
    look(page, "treasury-votes", check_axe, screenshot)


def test_a_cycle_tells_who_is_short_of_supports(page, check_axe, screenshot):
    cycle = opened(supporting_draft(needed=3))
    for people in (0, 2, 3):
        supported(cycle, people)
    page.goto(f"/budget/{cycle.slug}/")
    expect(page.get_by_text("1 short").first).to_be_visible()
    look(page, "cycle-supports", check_axe, screenshot)
    page.goto(cycle.proposals.order_by("pk").last().project.get_absolute_url())
    expect(page.get_by_text("it had 3 of the 3 supports that it needs.")).to_be_visible()


def test_the_ballot_desk_tells_who_is_short_and_cannot_be_ticked(page, check_axe, screenshot):
    cycle, by = opened(supporting_draft(needed=3)), administrator()
    for people in (1, 3):
        supported(cycle, people)
    come_in(page, *ready(by), f"/budget/{cycle.slug}/ballot/desk/")
    expect(page.get_by_label("1 of 3 supports, 2 missing")).to_be_disabled()
    expect(page.get_by_label("3 of 3 supports")).to_be_checked()
    look(page, "ballot-desk-supports", check_axe, screenshot)


def test_a_project_is_taken_off_the_ballot_and_everybody_reads_why(page, check_axe, screenshot):
    cycle, _people = before_voting()
    group_options(cycle, list(cycle.options.all()), name="The mill", by=administrator())
    name = cycle.options.get(position=1).name
    come_in(page, *ready(administrator()), f"/budget/{cycle.slug}/ballot/desk/")
    look(page, "ballot-desk-filled", check_axe, screenshot)
    page.get_by_role("link", name=f"Take {name} off the ballot").first.click()
    look(page, "off-ballot", check_axe, screenshot)
    page.get_by_label("Why, for everybody to read").fill("The bank is protected by law.")
    page.get_by_role("button", name="Take it off the ballot").click()
    expect(page.get_by_text("is off the ballot; its authors are told")).to_be_visible()
    look(page, "ballot-desk-less", check_axe, screenshot)
    page.goto(f"/budget/{cycle.slug}/")
    expect(page.get_by_text("The bank is protected by law.")).to_be_visible()
    look(page, "cycle-less", check_axe, screenshot)


def test_an_author_asks_another_pot_and_takes_the_project_out(page, check_axe, screenshot):
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    author = proposal.project.proposer
    come_in(page, *ready(author), f"/budget/{cycle.slug}/proposals/{proposal.pk}/")
    look(page, "my-proposal-entered", check_axe, screenshot)
    page.get_by_role("button", name="Ask this pot instead").click()
    expect(page.get_by_text("It asks “North” for its money now.")).to_be_visible()
    page.get_by_role("button", name="Take it out of the cycle").click()
    expect(page.get_by_text("The project is out of the cycle")).to_be_visible()
    look(page, "my-proposal-left", check_axe, screenshot)


def test_a_projects_page_tells_how_many_supports_are_missing(page, check_axe, screenshot):
    cycle = opened(supporting_draft(needed=30, ends_in=timedelta(hours=3)))
    page.goto(supported(cycle, 12).project.get_absolute_url())
    expect(page.get_by_text("12 of 30 supports, 18 to go until")).to_be_visible()
    look(page, "project-supports", check_axe, screenshot)


def test_lists_tell_how_far_projects_are_with_supports(page, check_axe, screenshot):
    cycle = opened(supporting_draft(needed=3, ends_in=timedelta(hours=3)))
    place = NeighborhoodFactory(name="Mill End")
    for people in (1, 3):
        project = supported(cycle, people).project
        Project.objects.filter(pk=project.pk).update(neighborhood=place)
    said = f"{cycle.title}: 1 of 3 supports, 2 to go."
    for name, address in {
        "projects-supports": "/projects/",
        "neighborhood-supports": place.get_absolute_url(),
        "cycle-gathering": f"/budget/{cycle.slug}/",
    }.items():
        page.goto(address)
        told = "1 of 3, 2 short" if name == "cycle-gathering" else said
        expect(page.get_by_text(told)).to_be_visible()
        look(page, name, check_axe, screenshot)
