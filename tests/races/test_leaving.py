"""A project that is withdrawn in the moment in which it comes on a ballot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connections, transaction

from budgeting.enums import ProposalState
from budgeting.models import Option, Proposal
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot
from civicfund.projects.models import Project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.writing import withdraw_project
from tests.factories.budgeting import administrator, reviewed
from tests.factories.reviews import reviewing_cycle
from tests.races.test_complaint_locks import this_connection, waits_for
from tests.races.test_counting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def feasible():
    _cycle, [proposal] = reviewing_cycle()
    return reviewed(proposal, by=administrator())


def refusal_of(act):
    """What another connection got."""
    try:
        act()
    except (RefusedError, ProjectError, IntegrityError) as refusal:
        return refusal
    finally:
        connections.close_all()
    return None


def while_held(first, second):
    """What the second one got, who came while the first had not committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            later = pool.submit(refusal_of, second)
            held_by = this_connection()
            assert until(lambda: waits_for(held_by))
        return later.result()


def withdraw(proposal):
    project = proposal.project
    withdraw_project(project, by=project.proposer)


def stands(proposal):
    project = Project.objects.get(pk=proposal.project_id)
    return project.state, Option.objects.filter(proposal=proposal).count()


def test_whoever_withdraws_second_is_told_that_it_is_on_the_ballot():
    proposal, by = feasible(), administrator()
    got = while_held(lambda: put_on_ballot(proposal, by=by), lambda: withdraw(proposal))
    assert "is on the ballot" in str(got)
    assert stands(proposal) == ("ready", 1)


def test_whoever_puts_it_on_the_ballot_second_is_told_that_it_was_withdrawn():
    proposal, by = feasible(), administrator()
    got = while_held(lambda: withdraw(proposal), lambda: put_on_ballot(proposal, by=by))
    assert "was withdrawn" in str(got)
    assert stands(proposal) == ("withdrawn", 0)


def test_control_without_a_look_at_the_project_the_database_refuses_the_option():
    proposal = feasible()

    def careless():
        with transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(state=ProposalState.ON_BALLOT)
            Option.objects.create(
                cycle=proposal.cycle, pot=proposal.pot, position=0, code="1", name="Bench",
                cost_minor=1, proposal=proposal,
            )  # fmt: skip

    got = while_held(lambda: withdraw(proposal), careless)
    assert got.__cause__.diag.constraint_name == "option_listed"
    assert stands(proposal) == ("withdrawn", 0)
