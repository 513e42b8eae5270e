"""What an upgrade makes of projects, and of what older processes make of them meanwhile."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from civicfund.projects.models import Merge, Project
from civicfund.projects.services.merging import ask_to_merge, decline_to_merge
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.migrating import migrate

pytestmark = [
    pytest.mark.turns,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.usefixtures("newest_again"),
]
BEFORE = [("projects", "0017_totals_filled_and_indexed")]
AFTER = [("projects", "0018_wholes_and_who_judges_them")]


def test_it_comes_out_with_what_had_gone_into_it_and_no_other_merge_moves():
    of_old = migrate(BEFORE)
    by = of_old("people", "User").create(email="somebody@example.org")
    place = of_old("places", "Neighborhood").create(name="Town", slug="town", kind="city")

    def project(title, state, into=None):
        words = {"title": title, "summary": "Sit down.", "neighborhood": place, "proposer": by}
        return of_old("projects", "Project").create(state=state, merged_into=into, **words)

    def merge(child, into, brought=()):
        said = {"state": "agreed", "reason": "The same.", "asked_by": by, "decided_by": by}
        times = {"decided_at": timezone.now(), "state_before": "stub", "brought": list(brought)}
        of_old("projects", "Merge").create(project=child, into=into, **said, **times)

    gone, there = project("Gone", "withdrawn"), project("There", "ready")
    child, kept = project("Child", "merged", gone), project("Kept", "merged", there)
    part = project("Part", "merged", gone)
    merge(part, child)
    merge(child, gone, [part.pk])
    merge(kept, there)
    of_new = migrate(AFTER)
    rows = of_new("projects", "Project").order_by("pk").values_list("title", "state")
    assert dict(rows) == {
        "Gone": "withdrawn", "There": "ready", "Child": "stub", "Kept": "merged", "Part": "merged",
    }  # fmt: skip
    assert of_new("projects", "Project").get(pk=part.pk).merged_into_id == child.pk
    undone = of_new("projects", "Merge").filter(state="undone")
    assert list(undone.values_list("project", flat=True)) == [child.pk]


def test_an_older_process_goes_on_making_projects_once_the_database_is_newer():
    older = MigrationLoader(connection).project_state([("projects", "0024_wishes_to_join")]).apps
    by, place = UserFactory(), NeighborhoodFactory()
    words = {"title": "A bench", "summary": "To sit.", "proposer_id": by.pk}
    made = older.get_model("projects", "Project").objects.create(neighborhood_id=place.pk, **words)
    assert Project.objects.get(pk=made.pk).handed_in_by == ""


def test_an_older_version_can_come_back_after_somebody_left_who_had_asked_in_vain():
    mine, other = ProjectFactory(), ProjectFactory()
    merge = ask_to_merge(mine, other, reason="I cannot walk.", by=mine.proposer)
    decline_to_merge(merge, by=other.proposer)
    Merge.objects.filter(pk=merge.pk).update(reason="")
    of_old = migrate([("projects", "0028_pictures_in_front")])
    assert of_old("projects", "Merge").get().reason == "-"
