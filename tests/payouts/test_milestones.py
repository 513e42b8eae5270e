"""Money that leaves by milestones: named, reached, and never more than the plan lets go."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from civicfund.audit.models import ActRequest, Approval
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import is_fixed, plan_of
from civicfund.delivery.services.errors import RefusedError as PlanRefusedError
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.payouts.enums import Method, PayoutState, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.selectors import purse_of
from civicfund.payouts.services.deciding import (
    approve_payout,
    note_bank_payment,
    reject_payout,
    request_payout,
)
from civicfund.payouts.services.errors import RefusedError
from tests.factories.delivery import planned, reach
from tests.factories.payouts import new_treasurer
from tests.factories.projects import ProjectFactory
from tests.payouts.test_payouts import awarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """A project with an award of 500.00 and a plan of 30, 30 and 40 percent."""
    project = awarded(50_000)
    planned(project, 30, 30, 40)
    return project


def ask(project, amount_minor, milestone=None):
    return request_payout(
        project, by=new_treasurer(), source=Source.AWARD, method=Method.BANK,
        amount_minor=amount_minor, milestone=milestone,
    )  # fmt: skip


def paid(project, amount_minor, milestone):
    payout = approve_payout(ask(project, amount_minor, milestone), by=new_treasurer())
    return note_bank_payment(payout, by=new_treasurer(), reference="TX 1")


def free(project, milestone=None):
    return purse_of(project.pk, Source.AWARD, milestone).free_minor


def test_money_leaves_step_by_step_to_the_last_unit(project):
    first, second, third = plan_of(project)
    assert free(project) == 0
    reach(first)
    assert free(project) == 15_000
    paid(project, 15_000, first)
    assert free(project) == 0
    reach(second)
    paid(project, 10_000, second)
    assert free(project) == 5_000
    reach(third)
    paid(project, 25_000, third)
    assert purse_of(project.pk, Source.AWARD).owed_minor == 0


def test_a_milestone_lets_go_no_more_than_the_shares_up_to_it(project):
    first, second, _ = plan_of(project)
    reach(first)
    reach(second)
    assert (free(project, first), free(project, second)) == (15_000, 30_000)
    with pytest.raises(RefusedError):
        ask(project, 15_001, first)
    assert Payout.objects.count() == 0


def test_shares_are_of_all_that_came_in_whenever_it_came(project):
    first, _, _ = plan_of(project)
    reach(first)
    paid(project, 15_000, first)
    legs = books.award(project.pk, 10_001)
    post("award", source_type="test", source_id="later", legs=legs, currency="EUR")
    assert free(project) == 3_000  # 30 % of 600.01, rounded down, less 150.00


@pytest.mark.parametrize("which", ["none", "not reached", "of another"])
def test_a_payout_names_a_milestone_that_is_reached(project, which):
    first, second, _ = plan_of(project)
    reach(first)
    other = reach(planned(ProjectFactory(), 100)[0])
    named = {"none": None, "not reached": second, "of another": other}[which]
    with pytest.raises(RefusedError):
        ask(project, 100, named)
    assert Payout.objects.count() == 0
    forged = Payout(
        project=project, source=Source.AWARD, method=Method.BANK, amount_minor=100,
        currency="EUR", requested_by=new_treasurer(), milestone=named,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="no milestone of the project that is reached"):
        forged.save()


def test_a_project_without_a_plan_names_none():
    project = awarded()
    other = reach(planned(ProjectFactory(), 100)[0])
    with pytest.raises(RefusedError):
        ask(project, 100, other)
    assert paid(project, 50_000, None).state == PayoutState.PAID


def forced(payout):
    """Approved past every service, by two people who are both real."""
    request = ActRequest.objects.get(act="pay_out", target_id=str(payout.pk))
    Approval.objects.create(
        request=request, requested_by=request.requested_by, approved_by=new_treasurer()
    )
    Payout.objects.filter(pk=payout.pk).update(state=PayoutState.APPROVED)


def test_the_database_pays_no_more_than_reached_milestones_allow(project):
    first, _, _ = plan_of(project)
    reach(first)
    both = [ask(project, amount, first) for amount in (15_000, 1)]
    approve_payout(both[0], by=new_treasurer())
    with pytest.raises(RefusedError):
        approve_payout(both[1], by=new_treasurer())
    with pytest.raises(IntegrityError, match="lets 30 percent go"), transaction.atomic():
        forced(both[1])
    both[1].refresh_from_db()
    assert both[1].state == PayoutState.WAITING


def test_control_the_database_lets_the_same_payout_go_where_there_is_room(project):
    first, _, _ = plan_of(project)
    reach(first)
    payout = ask(project, 15_000, first)
    forced(payout)
    payout.refresh_from_db()
    assert payout.state == PayoutState.APPROVED


def test_a_payout_keeps_its_milestone(project):
    first, second, _ = plan_of(project)
    reach(first)
    payout = ask(project, 100, first)
    reach(second)
    with pytest.raises(DatabaseError, match="keeps what it is"):
        Payout.objects.filter(pk=payout.pk).update(milestone=second)


def test_a_plan_stays_from_the_first_payout_on_whatever_became_of_it(project):
    unplanned = awarded()
    reject_payout(ask(unplanned, 100), by=new_treasurer())
    assert is_fixed(unplanned)
    with pytest.raises(PlanRefusedError):
        planned(unplanned, 100)
    assert plan_of(unplanned) == []
    with pytest.raises(DatabaseError, match="money was asked for"):
        Milestone.objects.create(
            project=unplanned, position=1, title="x", shows="x", due_on="2027-01-01",
            share_percent=100,
        )  # fmt: skip
