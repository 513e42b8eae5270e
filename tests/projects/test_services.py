from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from civicfund.audit.models import Event
from civicfund.projects.enums import Category, Part, ProjectState
from civicfund.projects.models import CostLine, Project
from civicfund.projects.selectors import missing_parts
from civicfund.projects.services import (
    MOST_COST_LINES,
    Cost,
    ProjectError,
    create_project,
    edit_project,
    publish_project,
    withdraw_project,
)
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def draft(**description) -> Project:
    described = {
        "title": "A bench",
        "summary": "Somewhere to sit.",
        "neighborhood": NeighborhoodFactory(boundary=square(0, 0)),
    }
    return create_project(UserFactory(), **(described | description))


def whole() -> Project:
    return draft(
        story="Because.", latitude=0.5, longitude=0.5, cost_lines=[Cost("Everything", 100)]
    )


def verbs() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_a_new_project_is_a_draft_with_its_cost_lines_in_order():
    project = draft(category=Category.PLAY, cost_lines=[Cost("Wood", 2500), Cost("Screws", 99)])
    assert (project.state, project.category) == (ProjectState.DRAFT, Category.PLAY)
    assert list(project.cost_lines.values_list("position", "label", "amount_minor")) == [
        (1, "Wood", 2500),
        (2, "Screws", 99),
    ]
    assert verbs() == ["project.created"]


def test_the_event_names_fields_and_no_words_of_the_person():
    draft(title="Secret words")
    assert Event.objects.get().data == {"fields": ["neighborhood", "summary", "title"]}


def test_a_point_alone_finds_its_neighborhood():
    place = NeighborhoodFactory(boundary=square(0, 0))
    project = draft(neighborhood=None, latitude=0.5, longitude=0.5)
    assert project.neighborhood == place


def test_a_point_in_another_neighborhood_is_refused_by_name():
    NeighborhoodFactory(name="Millside", boundary=square(5, 5))
    with pytest.raises(ProjectError, match="The point is in Millside") as refused:
        draft(latitude=5.5, longitude=5.5)
    assert refused.value.field == "neighborhood"
    assert Project.objects.count() == 0
    assert Event.objects.count() == 0


def test_a_point_outside_the_town_is_refused():
    with pytest.raises(ProjectError, match="outside the town"):
        draft(latitude=50, longitude=50)
    assert Project.objects.count() == 0


def test_a_project_for_the_whole_town_may_have_a_point_anywhere_in_it():
    NeighborhoodFactory(boundary=square(0, 0))
    project = draft(neighborhood=CityFactory(), latitude=0.5, longitude=0.5)
    assert project.neighborhood == CityFactory()


def test_without_a_place_nothing_is_created():
    with pytest.raises(ProjectError, match="Choose a neighborhood"):
        draft(neighborhood=None)
    assert Project.objects.count() == 0


@pytest.mark.parametrize("point", [{"latitude": 0.5}, {"longitude": 0.5}])
def test_half_a_point_is_refused(point):
    with pytest.raises(ProjectError, match="a latitude and a longitude"):
        draft(**point)


@pytest.mark.parametrize("amount_minor", [0, -1, 10**12 + 1])
def test_an_amount_that_is_not_one_is_refused(amount_minor):
    with pytest.raises(ProjectError):
        draft(cost_lines=[Cost("Wood", amount_minor)])
    assert Project.objects.count() == 0


def test_too_many_lines_are_refused():
    with pytest.raises(ProjectError, match="No more than 30"):
        draft(cost_lines=[Cost("Wood", 1)] * (MOST_COST_LINES + 1))


def test_published_with_parts_missing_it_is_a_stub():
    project = draft()
    assert publish_project(project, by=project.proposer).state == ProjectState.STUB
    assert missing_parts(project) == [Part.STORY, Part.PLACE, Part.COST]
    assert verbs() == ["project.created", "project.stub"]


def test_published_whole_it_is_ready():
    project = whole()
    assert publish_project(project, by=project.proposer).state == ProjectState.READY
    assert verbs() == ["project.created", "project.stub", "project.ready"]


def test_a_stub_with_parts_missing_is_told_which():
    project = publish_project(draft(story="Because."), by=Project.objects.get().proposer)
    with pytest.raises(ProjectError, match="a place on the map; what it costs"):
        publish_project(project, by=project.proposer)
    assert Project.objects.get().state == ProjectState.STUB


def test_a_project_for_the_whole_town_needs_no_point():
    project = draft(neighborhood=CityFactory(), story="Because.", cost_lines=[Cost("All", 1)])
    assert missing_parts(project) == []


def test_an_edit_changes_what_is_given_and_nothing_else():
    project = whole()
    edit_project(project, by=project.proposer, title="Two benches")
    project.refresh_from_db()
    assert (project.title, project.summary) == ("Two benches", "Somewhere to sit.")
    assert project.cost_lines.get().amount_minor == 100
    assert Event.objects.last().data == {"fields": ["title"]}


def test_a_ready_project_keeps_its_parts():
    project = publish_project(whole(), by=Project.objects.get().proposer)
    with pytest.raises(ProjectError, match="what it costs"):
        edit_project(project, by=project.proposer, title="Cheaper", cost_lines=[])
    project.refresh_from_db()
    assert project.title == "A bench"
    assert project.cost_lines.count() == 1


@pytest.mark.parametrize("state", [ProjectState.WITHDRAWN])
def test_what_is_gone_can_be_neither_edited_nor_published_nor_withdrawn(state):
    project = ProjectFactory(state=state)
    for act in (
        lambda: edit_project(project, by=project.proposer, title="Back"),
        lambda: publish_project(project, by=project.proposer),
        lambda: withdraw_project(project, by=project.proposer),
    ):
        with pytest.raises(ProjectError):
            act()
    assert Project.objects.get().state == state
    assert Event.objects.count() == 0


def test_others_can_neither_edit_nor_publish_nor_withdraw():
    project, other = whole(), UserFactory()
    for act in (
        lambda: edit_project(project, by=other, title="Mine"),
        lambda: publish_project(project, by=other),
        lambda: withdraw_project(project, by=other),
    ):
        with pytest.raises(
            ProjectError, match=r"Only (the person who proposed|those who write) it"
        ):
            act()
    project.refresh_from_db()
    assert (project.title, project.state) == ("A bench", ProjectState.DRAFT)


def test_a_withdrawn_project_is_withdrawn_for_good():
    project = withdraw_project(whole(), by=Project.objects.get().proposer)
    assert project.state == ProjectState.WITHDRAWN
    assert verbs()[-1] == "project.withdrawn"


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(91, 0), (0, 181), (0, None), (None, 0), (float("nan"), 0)]
)
def test_the_database_refuses_a_place_that_is_not_on_earth(latitude, longitude):
    project = ProjectFactory()
    with pytest.raises(IntegrityError, match="project_place_is_on_earth"), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(latitude=latitude, longitude=longitude)


def test_the_database_refuses_an_amount_of_zero():
    project = ProjectFactory()
    with pytest.raises(IntegrityError, match="cost_line_amount_positive"), transaction.atomic():
        CostLine.objects.create(project=project, position=2, label="Air", amount_minor=0)


def test_a_story_of_nothing_but_spaces_is_kept_as_none():
    project = draft(story=" \n\t ")
    assert project.story == ""
    rows = Project.objects.filter(pk=project.pk)
    for nothing in (" ", "\n", "\t \n"):
        with pytest.raises(IntegrityError, match="project_story_says"), transaction.atomic():
            rows.update(story=nothing)
    rows.update(story="\n A bench.")
    assert Project.objects.get(pk=project.pk).story == "\n A bench."


def test_the_database_refuses_an_unknown_state():
    project = ProjectFactory()
    with pytest.raises(IntegrityError, match="project_state_known"), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(state="famous")
