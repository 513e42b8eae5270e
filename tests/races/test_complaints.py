"""Officers who take one complaint at once; and the same without the lock, which must fail."""

from __future__ import annotations

from threading import Barrier

import pytest

from civicfund.audit.models import Event
from civicfund.complaints.models import Look
from civicfund.complaints.services import answering
from civicfund.complaints.services.errors import ComplaintError
from tests.complaints.test_complaints import complained, officer
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

OFFICERS = 6


def taken():
    return Event.objects.filter(verb="complaint.taken").count()


def test_one_of_many_officers_takes_it():
    complaint, officers = complained(), [officer() for _ in range(OFFICERS)]
    got = at_once(OFFICERS, lambda n: answering.take(complaint, by=officers[n]))
    assert [type(each) for each in got if not isinstance(each, Look)] == [ComplaintError] * (
        OFFICERS - 1
    )
    [look] = [each for each in got if isinstance(each, Look)]
    assert Look.objects.get().taken_by == look.taken_by
    assert taken() == 1


def test_without_the_lock_two_believe_that_it_is_theirs(monkeypatch):
    complaint, officers, gate = complained(), [officer() for _ in range(2)], Barrier(2)

    def both_look(complaint, by):
        look = Look.objects.get(complaint=complaint)
        gate.wait(timeout=30)
        return look

    monkeypatch.setattr(answering, "_look_held", both_look)
    got = at_once(2, lambda n: answering.take(complaint, by=officers[n]))
    assert [type(each) for each in got] == [Look, Look]
    assert taken() == 2
