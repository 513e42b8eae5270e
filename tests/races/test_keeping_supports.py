"""Two sweeps that keep the supports of one cycle at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from budgeting.models import SupportCount
from budgeting.services import supports
from budgeting.services.supports import keep_supports
from civicfund.audit.models import Event
from tests.budgeting.test_supports import supported, supporting_draft
from tests.factories.budgeting import opened
from tests.races.test_complaint_locks import this_connection, waits_for
from tests.races.test_counting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def closing(act):
    try:
        return act()
    finally:
        connections.close_all()


def keeps_twice():
    """What two got who kept the same, the second while the first had not committed."""
    cycle = opened(supporting_draft(needed=1))
    for people in (1, 2):
        supported(cycle, people)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = keep_supports(cycle)
            second = pool.submit(closing, lambda: keep_supports(cycle))
            held_by = this_connection()
            assert until(lambda: waits_for(held_by))
        return first, second.result()


def recorded():
    kept = Event.objects.filter(verb="cycle.supports_kept")
    return list(kept.values_list("data__proposals", flat=True))


def test_they_are_kept_and_recorded_once():
    assert keeps_twice() == (2, 0)
    assert sorted(SupportCount.objects.values_list("people", flat=True)) == [1, 2]
    assert recorded() == [2]


def test_control_whoever_records_what_was_found_to_write_records_it_twice(monkeypatch):
    write = supports._write
    monkeypatch.setattr(supports, "_write", lambda people: (write(people), len(people))[1])
    assert keeps_twice() == (2, 2)
    assert recorded() == [2, 2]
