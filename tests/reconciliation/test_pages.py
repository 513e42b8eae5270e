"""The treasurers' page of what the provider and our books tell differently."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.reconciliation.models import Difference, Reconciliation
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

PAGE, FILE = reverse("reconciliation"), reverse("reconciliation_csv")


def differing(object_id="ch_made_up", **given):
    return Difference.objects.create(
        kind="charge", object_id=object_id, defect="amount_differs", currency="EUR",
        told_minor=2410, told_fee_minor=61, booked_minor=2510, booked_fee_minor=63, **given,
    )  # fmt: skip


def compared(**given):
    now = db_now()
    return Reconciliation.objects.create(
        since=now - timedelta(days=1), until=now, **({"finished_at": now} | given)
    )


@pytest.fixture
def treasurer(client):
    user = new_treasurer()
    sign_in_with_second_factor(client, user)
    return user


@pytest.mark.parametrize("address", [PAGE, FILE])
def test_only_treasurers_with_a_second_factor_come_in(client, address):
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 403
    client.force_login(new_treasurer())
    assert client.get(address).status_code == 302


def test_before_the_first_comparison_the_page_says_so(client, treasurer):
    assert "Nothing was compared yet" in client.get(PAGE).content.decode()


def test_what_differs_is_shown_on_both_sides_and_as_a_file(client, treasurer):
    compared(differing=1, finished_at=None)
    differing()
    text = client.get(PAGE).content.decode()
    for words in ("ch_made_up", "Another amount", "€24.10", "€25.10", "€0.61", "Running, or cut"):
        assert words in text
    rows = b"".join(client.get(FILE).streaming_content).decode().splitlines()
    assert rows[1].endswith(",charge,ch_made_up,amount_differs,EUR,2410,61,2510,63")


def test_what_agrees_again_is_history(client, treasurer):
    compared()
    differing(ended_at=db_now(), healed=True)
    text = client.get(PAGE).content.decode()
    assert "Nothing differs" in text
    assert "The provider was asked again" in text
    assert b"".join(client.get(FILE).streaming_content).count(b"\n") == 1


def test_the_page_asks_as_much_for_three_as_for_one(
    client, treasurer, django_assert_max_num_queries
):
    counts = []
    for rows in (1, 2):
        for n in range(rows):
            differing(f"ch_{rows}_{n}")
            differing(f"re_{rows}_{n}", ended_at=db_now())
            compared()
        with django_assert_max_num_queries(20) as asked:
            client.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_differences_and_missing_comparisons_are_alarms(client):
    assert client.get(reverse("health_of_work")).status_code == 200
    differing()
    told = client.get(reverse("health_of_work"))
    assert told.status_code == 503
    assert told.json()["movements that the provider and our books tell differently"] == 1


def test_a_day_without_comparison_is_no_alarm_yet(client):
    post("charge", source_type="pledge", source_id="1", legs=books.charge(1, 500), currency="EUR")
    told = client.get(reverse("health_of_work")).json()
    assert told["comparisons with the provider that are overdue"] == 0
