"""The review desk in a browser: an administrator, a reviewer and a proposer, on both widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from budgeting.models import Review
from budgeting.services.proposals import submit_proposal
from budgeting.services.review_news import tell_of_reviews
from budgeting.services.reviewers import add_rule, assign, set_publication
from budgeting.services.reviews import Estimate, give_review, request_changes
from civicfund.audit.services import db_now
from civicfund.projects.services import edit_project
from civicfund.projects.services.files import add_file
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.budgeting.test_changing_pots import north, two_pots
from tests.factories.budgeting import administrator, publish_now, reviewed
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.hostile_files import a_pdf, a_picture

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
STORY = """The square lies in the sun from ten to seven.

## What we ask for

- four lindens, **as tall as a house**
- a bench around each
"""


def test_a_week_of_reviews(page, phone, check_axe, screenshot):
    cycle, (late, refused, changed, yes) = reviewing_cycle(4)
    by, mine, other = administrator(), reviewer(), reviewer()
    now = db_now()
    add_rule(cycle, mine, by=by)
    assign(cycle, [late.reviews.get()], None, due_at=now - timedelta(days=3), by=by)
    give_review(refused, **NO, notes="Ask the archive.", by=mine)
    give_review(yes, feasible=True, by=mine)
    request_changes(changed, words="Say how wide it is.", by=mine)
    until = now + timedelta(hours=20)
    set_publication(cycle, at=now + timedelta(hours=9), appeals_until=until, by=by)
    desk = f"/budget/{cycle.slug}/reviews/"
    come_in(page, *ready(by), desk)
    expect(page.get_by_text("3 days late")).to_be_visible()
    look(page, "reviews", check_axe, screenshot)
    page.get_by_label(f"Choose {refused.project.title}").check()
    page.get_by_label("Give them to").select_option(str(other.pk))
    page.get_by_role("button", name="Give them out").click()
    expect(page.get_by_text("1 review was given out.")).to_be_visible()

    come_in(phone, *ready(other), f"{desk}{refused.pk}/")
    expect(phone.get_by_text("Ask the archive.")).to_be_visible()
    look(phone, "review", check_axe, screenshot)
    phone.get_by_label("No", exact=True).first.check()
    phone.get_by_label("Yes", exact=True).last.check()
    phone.get_by_label("Why, for everybody to read").fill("The bridge is listed since May.")
    phone.get_by_role("button", name="Give this review").click()
    expect(phone.get_by_text("Your review is kept.")).to_be_visible()
    assert refused.reviews.get(kind="second").reason == "The bridge is listed since May."


def test_a_review_that_is_wrong_is_taken_back(page, phone, check_axe, screenshot):
    cycle, [proposal] = reviewing_cycle()
    mine, cost = reviewer(), Estimate(120_000_00, 120_000_00, 120_000_00)
    give_review(proposal, feasible=True, cost=cost, by=mine)
    desk = f"/budget/{cycle.slug}/reviews/"
    for width, whose in ((page, mine), (phone, administrator())):
        come_in(width, *ready(whose), desk)
        look(width, "reviews-decided", check_axe, screenshot)
        width.get_by_role("link", name="Take it back").click()
        width.locator("#take-back summary").click()
        look(width, "taking-back", check_axe, screenshot)
    phone.get_by_label("What is wrong with it").fill("It is 12,000, not 120,000.")
    phone.get_by_role("button", name="Take the review back").click()
    expect(phone.get_by_text("It is taken back and decides nothing.")).to_be_visible()
    page.reload()
    for width in (page, phone):
        expect(width.get_by_text("It is 12,000, not 120,000.")).to_be_visible()
        look(width, "taken-back", check_axe, screenshot)
    page.get_by_label("Yes", exact=True).first.check()
    page.get_by_label("Yes", exact=True).last.check()
    page.get_by_label("Likely cost").fill("12000")
    page.get_by_role("button", name="Give this review").click()
    expect(page.get_by_text("Your review is kept.")).to_be_visible()
    assert Review.objects.given().get(proposal=proposal).cost_likely_minor == 12_000_00


def test_a_proposer_is_asked_and_appeals(client, page, check_axe, screenshot, live_server):
    cycle, (changed, refused) = reviewing_cycle(2)
    proposer = refused.project.proposer
    request_changes(changed, words="Say how wide it is.", by=reviewer())
    for _ in range(2):
        give_review(refused, **NO, by=reviewer())
    publish_now(cycle, by=administrator())
    client.force_login(proposer)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([cookie | {"url": live_server.url}])
    page.goto(f"/budget/{cycle.slug}/proposals/{refused.pk}/")
    look(page, "my-proposal-refused", check_axe, screenshot)
    page.get_by_label("Why somebody else should").fill("It is another bridge.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("You appealed")).to_be_visible()
    check_axe(page)


def of_hill():
    """A project with all that one can say, in Hill, that asks for the money of North."""
    cycle, place = two_pots()
    place.boundary = square(2.0, 1.0)
    place.save()
    hill = NeighborhoodFactory(name="Hill", boundary=square(2.0, 2.0))
    project = ProjectFactory(
        neighborhood=place, address="Quay 4", latitude=1.5, longitude=2.25, running_minor=120_00,
        lifetime_years=15, story=STORY, cost_minor=250_000,
    )  # fmt: skip
    author = project.proposer
    for n in range(3):
        add_file(project, a_picture(size=(1200, 800)), words=f"The square, {n}", by=author)
    add_file(project, a_pdf(), words="The permit", by=author)
    proposal = submit_proposal(project, north(cycle), by=author)
    edit_project(project, by=author, neighborhood=hill, latitude=2.5, longitude=2.5)
    return proposal


@pytest.mark.parametrize("scripts", [True, False])
def test_a_reviewer_reads_all_of_it_and_gives_it_another_pot(
    open_page, check_axe, screenshot, scripts
):
    proposal, mine = of_hill(), reviewer()
    cycle = proposal.cycle
    assign(cycle, [proposal.reviews.get()], mine, by=administrator())
    page = open_page(java_script_enabled=scripts)
    come_in(page, *ready(mine), f"/budget/{cycle.slug}/reviews/{proposal.pk}/")
    expect(page.get_by_text("like this it does not come on the ballot")).to_be_visible()
    expect(page.get_by_text("Latitude 2.50000, longitude 2.50000")).to_be_visible()
    if scripts:
        look(page, "review-of-all", check_axe, screenshot)
    page.get_by_text("Give it another pot", exact=True).last.click()
    page.get_by_label("Pot", exact=True).select_option("Whole town")
    page.get_by_label("Why, for its authors to read").fill("It is on Hill Street.")
    if scripts:
        look(page, "review-other-pot", check_axe, screenshot)
    page.get_by_role("button", name="Give it this pot").click()
    expect(page.get_by_text("asks “Whole town” for its money now")).to_be_visible()
    expect(page.get_by_text("Outside of its pot")).to_have_count(0)


def test_authors_and_the_ballot_desk_read_that_it_is_outside_of_its_pot(
    open_page, sign_in, check_axe, screenshot
):
    proposal, by = of_hill(), administrator()
    cycle, author = proposal.cycle, proposal.project.proposer
    theirs, desk = open_page(), open_page()
    sign_in(theirs, author)
    theirs.goto(f"/budget/{cycle.slug}/proposals/{proposal.pk}/")
    expect(theirs.get_by_text("Ask another pot, below.")).to_be_visible()
    look(theirs, "my-proposal-outside", check_axe, screenshot)
    reviewed(proposal, by=by)
    come_in(desk, *ready(by), f"/budget/{cycle.slug}/ballot/desk/")
    expect(desk.get_by_label(proposal.project.title)).to_be_disabled()
    look(desk, "ballot-desk-outside", check_axe, screenshot)
    desk.get_by_role("link", name="another pot").click()
    expect(desk.get_by_role("heading", name="Its pot")).to_be_visible()


def test_what_reviewers_and_authors_are_told(open_page, sign_in, check_axe, screenshot):
    cycle, (waiting, yes, changed) = reviewing_cycle(3)
    mine, author = reviewer(), yes.project.proposer
    give_review(yes, feasible=True, by=mine)
    publish_now(cycle, by=administrator())
    assign(cycle, [waiting.reviews.get()], mine, by=administrator())
    tell_of_reviews()
    request_changes(changed, words="Say how wide it is.", by=mine)
    pages = {
        "notices-of-a-reviewer": (mine, "/me/notices/", "It is yours to review"),
        "edit-found-feasible": (
            author,
            f"/projects/{yes.project_id}/edit/",
            "Before you change it",
        ),
        "next-step": (changed.project.proposer, "/me/", "See what they ask for"),
    }
    for width, size in {"1280": WIDE, "390": NARROW}.items():
        for name, (person, address, words) in pages.items():
            page = open_page(size)
            sign_in(page, person)
            page.goto(address)
            expect(page.get_by_text(words).first).to_be_visible()
            screenshot(page, f"{name}-{width}")
            check_axe(page)
