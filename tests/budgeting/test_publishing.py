from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from budgeting.enums import CycleState
from budgeting.models import Cycle, Proposal
from budgeting.selectors import my_participations, proposals_of
from budgeting.services.counting import count_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.results import certify, publish
from civicfund.audit.services import ApprovalError
from civicfund.ledger.selectors import balance_minor, unbalanced_entries
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import administrator, certifier
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def counted(votes=((0,), (0, 1), (1,)), **cycle):
    done = unsealed([list(vote) for vote in votes], **cycle)
    count_cycle(done)
    done.refresh_from_db()
    return done


def test_one_person_certifies_and_another_publishes():
    cycle, first, second = counted(), certifier(), certifier()
    with pytest.raises(RefusedError, match="not Certified but Counted"):
        publish(cycle, by=second)
    cycle = certify(cycle, by=first)
    with pytest.raises(ApprovalError):
        publish(cycle, by=first)
    cycle = publish(cycle, by=second)
    assert cycle.state == CycleState.PUBLISHED
    assert cycle.published_at is not None


def test_certifying_and_publishing_take_the_role():
    cycle = counted()
    with pytest.raises(PermissionDenied):
        certify(cycle, by=UserFactory())
    with pytest.raises(PermissionDenied):
        certify(cycle, by=administrator())
    cycle = certify(cycle, by=certifier())
    with pytest.raises(PermissionDenied):
        publish(cycle, by=UserFactory())
    with pytest.raises(PermissionDenied):
        publish(cycle, by=administrator())
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.CERTIFIED


def test_publishing_books_each_award_once_and_moves_nothing_when_refused():
    cycle, first = counted(), certifier()
    cycle = certify(cycle, by=first)
    with pytest.raises(ApprovalError):
        publish(cycle, by=first)
    assert balance_minor("voted_budget") == 0
    assert set(Proposal.objects.values_list("state", flat=True)) == {"on_ballot"}
    publish(cycle, by=certifier())
    assert balance_minor("voted_budget") == 500_000
    assert unbalanced_entries() == []
    with pytest.raises(RefusedError):
        publish(cycle, by=certifier())
    assert balance_minor("voted_budget") == 500_000


def test_the_database_publishes_nothing_without_two_people():
    cycle = certify(counted(), by=certifier())
    with pytest.raises(IntegrityError, match="needs two people"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(
            state=CycleState.PUBLISHED, published_at="2026-01-01T00:00Z"
        )
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.CERTIFIED


def test_a_voter_finds_the_cycle_and_a_proposer_what_became_of_the_project():
    cycle = counted()
    cycle = publish(certify(cycle, by=certifier()), by=certifier())
    voter = cycle.roll.order_by("pk").first().claimed_by
    assert [took_part.cycle for took_part in my_participations(voter)] == [cycle]
    assert list(my_participations(UserFactory())) == []
    option = cycle.options.order_by("position").first()
    [proposal] = proposals_of(option.proposal.project)
    assert (proposal.state, proposal.option.cost_minor) == ("selected", 300_000)
