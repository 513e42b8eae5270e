from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.utils import ProgrammingError

from civicfund.audit.models import ActRequest, Approval, Event
from civicfund.audit.services import (
    ApprovalError,
    StaleStateError,
    advance,
    approval_for,
    approve_act,
    db_now,
    record,
    request_act,
)
from civicfund.projects.enums import PROJECT_MOVES, ProjectState
from civicfund.projects.models import Project
from civicfund.states import IllegalMoveError
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def test_a_move_changes_the_state_and_leaves_one_event():
    project = ProjectFactory(state=ProjectState.STUB)
    advance(project, ProjectState.READY, PROJECT_MOVES, actor=project.proposer)
    assert Project.objects.get().state == ProjectState.READY
    event = Event.objects.get()
    assert (event.verb, event.target_id, event.actor, event.data) == (
        "project.ready",
        str(project.pk),
        project.proposer,
        {"old": "stub"},
    )


def test_the_second_to_move_a_row_is_told_that_it_is_stale():
    first = ProjectFactory(state=ProjectState.STUB)
    second = Project.objects.get(pk=first.pk)
    advance(first, ProjectState.READY, PROJECT_MOVES, actor=None)
    with pytest.raises(StaleStateError):
        advance(second, ProjectState.WITHDRAWN, PROJECT_MOVES, actor=None)
    assert Project.objects.get().state == ProjectState.READY
    assert Event.objects.count() == 1


def test_a_move_that_the_table_lacks_is_refused_and_nothing_moves():
    project = ProjectFactory(state=ProjectState.WITHDRAWN)
    with pytest.raises(IllegalMoveError):
        advance(project, ProjectState.READY, PROJECT_MOVES, actor=None)
    assert Project.objects.get().state == ProjectState.WITHDRAWN
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"]
)
def test_the_application_role_cannot_change_or_remove_a_fact(statement):
    record("seen", UserFactory(), actor=None)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.get().verb == "seen"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"]
)
def test_even_the_owner_is_refused_by_the_trigger(statement):
    record("seen", UserFactory(), actor=None)
    with pytest.raises(IntegrityError, match="append-only") as refused:
        connections["owner"].cursor().execute(statement)
    assert refused.value.__cause__.diag.constraint_name == "audit_event_append_only"
    assert Event.objects.get().verb == "seen"


def test_the_database_clock_moves_within_a_transaction():
    assert db_now() < db_now()


def test_an_act_is_approved_by_another_person():
    project, asks, agrees = ProjectFactory(), UserFactory(), UserFactory()
    request = request_act("publish", project, requested_by=asks, version=2)
    approve_act(request, approved_by=agrees)
    assert approval_for("publish", project).request.parameters == {"version": 2}


def test_nobody_approves_their_own_request():
    project, asks = ProjectFactory(), UserFactory()
    request = request_act("publish", project, requested_by=asks)
    with pytest.raises(ApprovalError):
        approve_act(request, approved_by=asks)
    with pytest.raises(ApprovalError):
        approval_for("publish", project)


def test_the_database_refuses_ones_own_approval():
    asks = UserFactory()
    request = request_act("publish", ProjectFactory(), requested_by=asks)
    with pytest.raises(IntegrityError, match="approval_by_another_person"), transaction.atomic():
        Approval.objects.create(request=request, requested_by=asks, approved_by=asks)
    assert ActRequest.objects.count() == 1
    assert Approval.objects.count() == 0


def test_an_approval_cannot_name_a_false_requester():
    asks, other = UserFactory(), UserFactory()
    request = request_act("publish", ProjectFactory(), requested_by=asks)
    with pytest.raises(IntegrityError, match="approval_of_its_request"), transaction.atomic():
        Approval.objects.create(request=request, requested_by=other, approved_by=asks)
