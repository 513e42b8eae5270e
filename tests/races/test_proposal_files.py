"""One file of proposals that is entered by two clicks at once."""

from __future__ import annotations

import io
from threading import Barrier

import pytest

from budgeting.services import proposal_files
from budgeting.services.errors import RefusedError
from budgeting.services.proposal_files import import_proposals, look_through
from civicfund.places.enums import PlaceKind
from civicfund.projects.models import Project
from tests.factories.budgeting import administrator, draft_cycle
from tests.factories.places import NeighborhoodFactory
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
FILE = b"title,summary,neighborhood,cost\nBench,Sit down.,north,5\nTree,Shade.,north,7\n"


def entered_twice():
    """What two clicks got, and the titles of all projects."""
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    NeighborhoodFactory(name="North", slug="north", parent=district)
    cycle, by = draft_cycle(costs_minor=()), administrator()
    sha256 = look_through(cycle, io.BytesIO(FILE)).sha256
    got = at_once(2, lambda _n: import_proposals(cycle, io.BytesIO(FILE), sha256=sha256, by=by))
    return got, sorted(Project.objects.values_list("title", flat=True))


def test_it_is_entered_once_and_the_second_click_is_told():
    got, titles = entered_twice()
    [refusal] = [each for each in got if not isinstance(each, list)]
    assert isinstance(refusal, RefusedError)
    assert "in the cycle already" in str(refusal)
    assert titles == ["Bench", "Tree"]


def test_control_who_does_not_wait_for_the_other_file_enters_it_twice(monkeypatch):
    gate = Barrier(2)

    def looked_through(cycle, file, *, by):
        found = look_through(cycle, file, by=by)
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(proposal_files, "_wait_for_other_files", lambda _cycle: None)
    monkeypatch.setattr(proposal_files, "look_through", looked_through)
    got, titles = entered_twice()
    assert [len(each) for each in got] == [2, 2]
    assert titles == ["Bench", "Bench", "Tree", "Tree"]
