"""The way back from thin events is open while none is kept."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils.timezone import now

from tests.migrating import migrate

pytestmark = [pytest.mark.turns, pytest.mark.django_db(databases=["owner"])]
BEFORE, WITHOUT_CHECK, AFTER = (
    [("payments", name)]
    for name in ("0005_orphan_reviews", "0006_thin_account_events", "0007_event_types_checked")
)
KNOWN = "provider_event_type_known"


def keep(events, kind):
    return events("payments", "ProviderEvent").create(
        id=f"evt_{kind}", type=kind, object_id="acct_1", created_at=now()
    )


def is_validated():
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [KNOWN])
        return cursor.fetchone()[0]


def test_the_way_back_is_refused_in_words_while_thin_events_are_kept():
    events = migrate(AFTER)
    kept = keep(events, "v2.core.account.closed")
    with pytest.raises(RuntimeError, match=r"kept \(1\), .* no way back"):
        migrate(BEFORE)
    keep(events, "v2.core.account[requirements].updated")
    assert events("payments", "ProviderEvent").filter(pk=kept.pk).exists()


def test_without_any_there_is_a_way_back_and_forth():
    old = migrate(BEFORE)
    with pytest.raises(IntegrityError, match=KNOWN), transaction.atomic("owner"):
        keep(old, "v2.core.account.closed")
    new = migrate(AFTER)
    keep(new, "v2.core.account.closed")
    with pytest.raises(IntegrityError, match=KNOWN), transaction.atomic("owner"):
        keep(new, "v2.core.nobody.knows")


def test_the_rows_that_are_there_are_looked_through_in_a_step_of_their_own():
    migrate(BEFORE)
    migrate(WITHOUT_CHECK)
    assert not is_validated()
    migrate(AFTER)
    assert is_validated()
