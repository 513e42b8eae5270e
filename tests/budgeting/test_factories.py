"""What the tests' factories write at once is what the services leave, one act after the other."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db.models import Model

from budgeting.models import Option, Proposal, Review, VerdictPublication
from civicfund.audit.models import Event
from civicfund.people.models import User
from civicfund.projects.models import CostLine, Project
from tests.factories.budgeting import add_options, administrator, draft_cycle
from tests.factories.options import options_at_once

pytestmark = pytest.mark.django_db

WRITTEN: list[type[Model]] = [
    User, Project, CostLine, Proposal, Review, VerdictPublication, Option, Event,
]  # fmt: skip
COSTS = [300_000, 200_000, 100_000]
# Numbers of rows, by what names them.
NAMED = {
    "actor_id": User, "proposer_id": User, "submitted_by_id": User, "reviewer_id": User,
    "set_by_id": User, "project_id": Project, "code": Project, "proposal_id": Proposal,
    "published_with_id": VerdictPublication, "review": Review, "option": Option,
    "target_id": Proposal,
}  # fmt: skip
# Another with every row, or every place and cycle.
OWN = {"id", "email", "display_name", "password", "title", "name", "neighborhood_id", "cycle_id"}
OWN |= {"pot_id", "pot", "search"}


class Written:
    """The rows that an act wrote, each number of one of them told by its place among them."""

    def __init__(self, act) -> None:
        before = {
            model: set(model._default_manager.values_list("pk", flat=True)) for model in WRITTEN
        }
        act()
        self.new = {
            model: model._default_manager.exclude(pk__in=before[model]).order_by("pk")
            for model in WRITTEN
        }
        self.place = {
            model: {str(pk): place for place, pk in enumerate(rows.values_list("pk", flat=True))}
            for model, rows in self.new.items()
        }

    def told(self, name, value, row):
        if isinstance(value, dict):
            return {key: self.told(key, each, row) for key, each in value.items()}
        if isinstance(value, datetime) or name in OWN or name == "at":
            return "" if value is None else "something"
        if name == "target_id" and row["target_type"] != "budgeting.proposal":
            return "known"  # the cycle
        model = NAMED.get(name)
        return self.place[model].get(str(value), "known") if model and value else value

    def rows(self):
        return {
            model: [
                {name: self.told(name, value, row) for name, value in row.items()}
                for row in rows.values()
            ]
            for model, rows in self.new.items()
        }


def test_options_written_at_once_are_as_the_services_leave_them():
    by = administrator()
    one, other = (draft_cycle(by=by, costs_minor=[]).pots.get() for _ in range(2))
    stepwise = Written(lambda: add_options(one, COSTS, by=by)).rows()
    at_once = Written(lambda: options_at_once(other, COSTS, by=by)).rows()
    assert len(at_once[Option]) == len(COSTS)
    for model in WRITTEN:
        assert at_once[model] == stepwise[model], model
