"""From a stub to a project of many: every page about it, at both widths."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import Part, ProjectState
from civicfund.projects.services import copy_project, edit_project, publish_project
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.files import add_file, kept_of
from civicfund.projects.services.joining import ask_to_join
from civicfund.projects.services.merging import ask_to_merge, merge_as_moderator
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory
from tests.hostile_files import a_pdf, a_picture

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = {"1280": WIDE, "390": NARROW}
SHORT = "Benches along the river path"


@pytest.fixture
def place():
    return NeighborhoodFactory(name="Northbank", slug="northbank", boundary=square(-8, 53, 0.02))


@pytest.fixture
def stub(place):
    """A stub that lacks a place and more, and has all else that a project can have."""
    stub = ProjectFactory(
        title=SHORT,
        summary="Places to rest for whoever walks with a stick or a child.",
        state=ProjectState.STUB,
        bare=True,
        neighborhood=place,
        address="Between the mill and the old bridge",
        wanted=["owner", "hands", "permit"],
        running_minor=12_000,
        lifetime_years=15,
    )
    proposer, friend = stub.proposer, UserFactory(display_name="Ada North")
    accept_invitation(invite_co_author(stub, friend.email, by=proposer), by=friend)
    invite_co_author(stub, "somebody.with.a.long.name@example.org", by=proposer)
    ask_to_join(stub, "I live beside it and know whose the mill is.", by=UserFactory())
    told = offer_help(stub, Part.STORY, Help("People rest **here**."), by=UserFactory())
    accept_offer(told, by=proposer)
    offer_help(stub, Part.HANDS, Help("I dig on Saturdays."), by=UserFactory())
    letter = kept_of(a_picture(size=(800, 1200)), words="The letter of the town")
    offer_help(stub, Part.PERMIT, Help("They said yes.", file=letter), by=UserFactory())
    edit_project(stub, by=friend, story="People who walk slowly rest **here**.")
    add_file(stub, a_picture(size=(1200, 800)), words="The path at the mill", by=proposer)
    add_file(stub, a_pdf(), words="A sketch of the bench", by=friend)
    support_project(stub, by=friend)
    return stub


def test_every_page_of_an_idea(stub, place, open_page, sign_in, check_axe, screenshot):
    alike = ProjectFactory(title="A bench along the river", neighborhood=place)
    ask_to_merge(alike, stub, reason="The same path.", by=alike.proposer)
    child = ProjectFactory(title="Rest at the mill", neighborhood=place)
    moderator = UserFactory()
    grant_role(moderator, Role.MODERATOR, by=None)
    merge_as_moderator(child, stub, reason="One path, one project.", by=moderator)
    copy = copy_project(stub, neighborhood=NeighborhoodFactory(), by=UserFactory())
    edit_project(copy, by=copy.proposer, wanted=["photo"])
    publish_project(copy, by=copy.proposer)
    pages = {
        "project": stub.get_absolute_url(),
        "authors": reverse("project_authors", args=[stub.pk]),
        "history": reverse("project_history", args=[stub.pk]),
        "version": reverse("project_version", args=[stub.pk, 3]),
        "offers": reverse("project_offers", args=[stub.pk]),
        "files": reverse("project_files", args=[stub.pk]),
        "merge": reverse("project_merge", args=[stub.pk]),
        "copy": reverse("project_copy", args=[stub.pk]),
        "merged": child.get_absolute_url(),
        "help": reverse("help_wanted"),
        "join": reverse("project_join", args=[alike.pk]),
        "offer-place": reverse("project_offer", args=[copy.pk, "place"]),
        "offer-photo": reverse("project_offer", args=[copy.pk, "photo"]),
        "offer-cost": reverse("project_offer", args=[copy.pk, "cost"]),
    }
    for width, size in SIZES.items():
        page = open_page(size)
        sign_in(page, stub.proposer)
        for name, address in pages.items():
            page.goto(address)
            screenshot(page, f"idea-{name}-{width}")
            check_axe(page)


def test_an_administrator_sees_to_what_another_entered_from_paper(
    place, open_page, sign_in, check_axe, screenshot
):
    paper = ProjectFactory(title="A bench by the ferry", neighborhood=place, handed_in_by="Ann Q.")
    ann, administrator = UserFactory(), UserFactory()
    grant_role(administrator, Role.BUDGET_ADMINISTRATOR, by=None)
    asked = invite_co_author(paper, ann.email, by=paper.proposer, takes_over=True)
    desk = open_page(WIDE)
    come_in(desk, *ready(administrator), reverse("project_authors", args=[paper.pk]))
    for width, size in SIZES.items():
        desk.set_viewport_size(size)
        desk.goto(paper.get_absolute_url())
        desk.get_by_role("link", name="Who handed it in").click()
        expect(desk.get_by_text(ann.email).first).to_be_visible()
        screenshot(desk, f"idea-paper-{width}")
        check_axe(desk)
        page = open_page(size)
        sign_in(page, ann)
        page.goto(asked.get_absolute_url())
        screenshot(page, f"idea-paper-asked-{width}")
        check_axe(page)


def test_what_looks_alike_shows_while_one_types(stub, open_page, sign_in, check_axe, screenshot):
    page = open_page(NARROW)
    sign_in(page, UserFactory())
    page.goto(reverse("project_new"))
    page.get_by_label("Title").press_sequentially("Bench along the river")
    page.get_by_text("These look alike").wait_for()
    expect(page.get_by_role("link", name=SHORT).first).to_be_visible()
    screenshot(page, "idea-similar-390")
    check_axe(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_one_supports_what_looks_alike_instead(stub, open_page, sign_in, screenshot, scripts):
    page = open_page(NARROW, java_script_enabled=scripts)
    sign_in(page, UserFactory())
    page.goto(reverse("project_new"))
    page.get_by_label("Title").press_sequentially("Bench along the river")
    page.get_by_label("In one sentence").fill("To sit.")
    page.get_by_label("Neighborhood").select_option("northbank")
    if not scripts:
        page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name=f"Support this instead ({SHORT})").click()
    page.get_by_text(f"You support “{SHORT}”").wait_for()
    assert page.get_by_label("In one sentence").input_value() == "To sit."
    assert page.get_by_label("Neighborhood").input_value() == "northbank"
    screenshot(page, f"idea-instead-390-{scripts}")
