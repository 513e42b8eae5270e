"""Reviews from before each said of which version it speaks, and those of older processes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from budgeting.models import Proposal, Review
from budgeting.selectors import Change, change_since_review
from budgeting.services.reviews import give_review
from civicfund.projects.services import edit_project
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.migrating import migrate, to_the_newest

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
BEFORE = [("budgeting", "0039_paper_by_two")]


@pytest.fixture(autouse=True)
def _newest_again():
    yield
    to_the_newest()


def test_they_speak_of_the_version_of_their_time():
    _cycle, made = reviewing_cycle(3)
    _never, before, after = made

    def rename(proposal, *titles):
        for title in titles:
            edit_project(proposal.project, by=proposal.project.proposer, title=title)

    rename(before, "A wide bridge", "A narrow bridge")
    for each in made:
        give_review(each, feasible=True, by=reviewer())
    rename(after, "A pavilion")
    migrate(BEFORE)
    to_the_newest()
    found = Review.objects.order_by("proposal").values_list("proposal", "version")
    assert dict(found) == {each.pk: number for each, number in zip(made, (1, 3, 1), strict=True)}
    changes = [change_since_review(Proposal.objects.get(pk=each.pk)) for each in made]
    assert changes == [None, None, Change(seen=1, now=2)]


def test_an_older_process_goes_on_asking_for_reviews_once_the_database_is_newer():
    _cycle, [proposal] = reviewing_cycle()
    older = MigrationLoader(connection).project_state(BEFORE).apps.get_model("budgeting", "Review")
    asked = older.objects.create(proposal_id=proposal.pk, kind="second")
    found = Review.objects.get(pk=asked.pk)
    assert (found.round, found.untold) == (1, "")
