from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from civicfund.people.selectors import residency_of
from civicfund.projects.enums import Category, Part, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors import missing_parts
from tests.browser.conftest import NARROW, WIDE
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory
from tests.projects.test_prose import ATTACKS

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = {"1280": WIDE, "390": NARROW}
TITLES = [
    "Trees for Mill Lane",
    "A warm room in the library",
    "Safe crossing at the school gate, and a bench for those who wait there",
    "Solar roof for the sports hall",
    "Open-air cinema behind the old harbor",
]


@pytest.fixture(params=SIZES)
def screen(request, open_page):
    """A tab of each width, named by it."""
    tab = open_page(SIZES[request.param])
    tab.width = request.param
    return tab


@pytest.fixture
def town():
    return [
        NeighborhoodFactory(name=name, slug=name.lower(), boundary=square(west, 53, 0.02))
        for name, west in (("Northbank", -8.0), ("Millside", -7.98), ("Harbor", -7.96))
    ]


@pytest.fixture
def projects(town):
    states = [ProjectState.READY, ProjectState.STUB]
    return [
        ProjectFactory(
            title=TITLES[number % len(TITLES)],
            summary="What is missing here, in one sentence that takes about as long as this.",
            category=Category.values[number % len(Category.values)],
            neighborhood=town[number % len(town)],
            state=states[number % 2],
            cost_minor=(number + 1) * 123_456,
        )
        for number in range(30)
    ]


def test_the_list(screen, projects, check_axe, screenshot):
    screen.goto(reverse("projects"))
    screenshot(screen, f"projects-{screen.width}")
    check_axe(screen)


def test_an_empty_list_and_a_refused_filter(screen, check_axe, screenshot, complaints):
    screen.goto(reverse("projects") + "?category=nonsense")
    screenshot(screen, f"projects-empty-{screen.width}")
    check_axe(screen)
    assert [line for line in complaints if "400 (Bad Request)" in line]
    complaints.clear()


def test_the_list_narrows_as_one_chooses(page, projects):
    page.goto(reverse("projects"))
    page.get_by_label("Where").select_option("Harbor")
    page.get_by_role("heading", name="10 projects").wait_for()
    assert "neighborhood=harbor" in page.url
    page.go_back()
    page.get_by_role("heading", name="30 projects").wait_for()


def test_the_list_is_searched_without_scripts(open_page, projects):
    page = open_page(WIDE, java_script_enabled=False)
    page.goto(reverse("projects"))
    page.get_by_label("Search").fill("sollar")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("heading", name="6 projects").wait_for()


def test_the_form_and_its_errors(screen, town, sign_in, check_axe, screenshot, complaints):
    sign_in(screen, UserFactory())
    screen.goto(reverse("project_new"))
    screen.wait_for_selector(".leaflet-interactive")
    screenshot(screen, f"project-new-{screen.width}")
    check_axe(screen)
    screen.get_by_label("Amount").first.fill("ten")
    screen.get_by_role("button", name="Keep as a draft").click()
    screen.get_by_role("heading", name="There is a problem").wait_for()
    screen.wait_for_selector(".leaflet-interactive")
    screenshot(screen, f"project-new-errors-{screen.width}")
    check_axe(screen)
    assert Project.objects.count() == 0
    complaints.clear()


def fill_in(page) -> None:
    page.get_by_label("Title").fill("A bench")
    page.get_by_label("In one sentence").fill("Somewhere to sit.")
    page.get_by_label("What for").first.fill("Wood")
    page.get_by_label("Amount").first.fill("1,234.50")


def test_a_click_on_the_map_says_where(page, town, sign_in):
    sign_in(page, UserFactory())
    page.goto(reverse("project_new"))
    page.locator(".leaflet-interactive").nth(1).click()
    assert page.get_by_label("Neighborhood").input_value() == "millside"
    expect(page.get_by_text("The point is set, in Millside.")).to_be_visible()
    fill_in(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("heading", name="A bench").wait_for()
    project = Project.objects.get()
    assert project.neighborhood == town[1]
    assert project.latitude == pytest.approx(53.01, abs=0.001)
    assert project.longitude == pytest.approx(-7.97, abs=0.001)


def test_a_point_is_set_and_taken_away_by_keyboard(page, town, sign_in, check_axe, screenshot):
    project = ProjectFactory(neighborhood=town[0], latitude=53.01, longitude=-7.99)
    sign_in(page, project.proposer)
    page.goto(reverse("project_edit", args=[project.pk]))
    expect(page.get_by_text("The point is set, in Northbank.")).to_be_visible()
    page.get_by_role("button", name="Take the point away").press("Enter")
    expect(page.get_by_text("No point is set.")).to_be_visible()
    expect(page.get_by_role("button", name="Take the point away")).to_be_hidden()
    expect(page.get_by_role("button", name="Set the point in the middle")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The point is set, in Millside.")).to_be_visible()
    assert page.get_by_label("Neighborhood").input_value() == "millside"
    check_axe(page)
    screenshot(page, "project-point-1280")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_role("heading", name=project.title).wait_for()
    project.refresh_from_db()
    assert (project.neighborhood, project.latitude) == (town[1], pytest.approx(53.01, abs=0.001))


def test_a_point_is_taken_away_without_scripts(open_page, town, sign_in, screenshot):
    project = ProjectFactory(
        neighborhood=town[0], latitude=53.01, longitude=-7.99, address="At the mill"
    )
    page = open_page(NARROW, java_script_enabled=False)
    sign_in(page, project.proposer)
    page.goto(reverse("project_edit", args=[project.pk]))
    screenshot(page, "project-point-away-390")
    page.get_by_label("Take the point on the map away").check()
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_role("heading", name=project.title).wait_for()
    project.refresh_from_db()
    assert (project.neighborhood, project.latitude) == (town[0], None)


def test_a_project_is_proposed_without_scripts(open_page, town, sign_in):
    page = open_page(WIDE, java_script_enabled=False)
    sign_in(page, UserFactory())
    page.goto(reverse("project_new"))
    fill_in(page)
    page.get_by_role("button", name="More lines").click()
    expect(page.get_by_label("Amount")).to_have_count(4)
    page.get_by_label("What for").nth(3).fill("Screws")
    page.get_by_label("Amount").nth(3).fill("7")
    page.get_by_label("Neighborhood").select_option("Harbor")
    page.get_by_label("Address").fill("Behind the bus stop.")
    expect(page.locator("[data-place-tools]")).to_be_hidden()
    page.get_by_label("Title").press("Enter")
    page.get_by_role("heading", name="A bench").wait_for()
    project = Project.objects.get()
    assert (project.state, project.neighborhood) == (ProjectState.DRAFT, town[2])
    assert Part.PLACE not in missing_parts(project)
    assert list(project.cost_lines.values_list("label", "amount_minor")) == [
        ("Wood", 123_450),
        ("Screws", 700),
    ]


def test_editing_and_withdrawing(screen, projects, sign_in, check_axe, screenshot):
    project = projects[0]
    sign_in(screen, project.proposer)
    screen.goto(reverse("project_edit", args=[project.pk]))
    screen.wait_for_selector(".leaflet-interactive")
    screenshot(screen, f"project-edit-{screen.width}")
    check_axe(screen)
    screen.get_by_role("link", name="Withdraw this project").click()
    screenshot(screen, f"project-withdraw-{screen.width}")
    check_axe(screen)


def test_where_i_live(screen, town, sign_in, check_axe, screenshot):
    user = UserFactory()
    sign_in(screen, user)
    screen.goto(reverse("residency"))
    screen.locator(".leaflet-interactive").nth(2).click()
    screen.get_by_label("Since").fill("2020-05-01")
    screenshot(screen, f"residency-{screen.width}")
    check_axe(screen)
    screen.get_by_role("button", name="Save").click()
    screen.get_by_text("Stated, not confirmed yet").wait_for()
    screenshot(screen, f"residency-stated-{screen.width}")
    check_axe(screen)
    assert residency_of(user).neighborhood.name == "Northbank"


def test_a_confirmed_home(screen, town, sign_in, check_axe):
    home = ResidencyFactory(neighborhood=town[0])
    sign_in(screen, home.user)
    screen.goto(reverse("residency"))
    check_axe(screen)


def test_nothing_that_somebody_wrote_runs(page, town, sign_in):
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    project = ProjectFactory(
        title=attack,
        summary=attack,
        story="\n\n".join([*ATTACKS, "The end."]),
        neighborhood=town[0],
        latitude=53.01,
        longitude=-7.99,
    )
    town[0].name = attack
    town[0].save()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sign_in(page, project.proposer)
    page.goto(project.get_absolute_url())
    page.get_by_text("The end.").wait_for()
    for url in (reverse("projects"), reverse("project_edit", args=[project.pk])):
        page.goto(url)
        page.get_by_text(attack).first.wait_for(state="attached")
    page.locator(".leaflet-interactive").first.hover()
    assert dialogs == []


def test_the_page_of_ones_own_draft(screen, town, sign_in, check_axe, screenshot):
    project = ProjectFactory(bare=True, state=ProjectState.DRAFT, neighborhood=town[0])
    sign_in(screen, project.proposer)
    screen.goto(project.get_absolute_url())
    screenshot(screen, f"project-draft-{screen.width}")
    check_axe(screen)
    screen.get_by_role("button", name="Publish as a stub").click()
    screen.get_by_text("Everybody sees this stub").wait_for()
    assert Project.objects.get().state == ProjectState.STUB
