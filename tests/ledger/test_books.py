from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.utils import ProgrammingError

from civicfund.ledger import domain, selectors
from civicfund.ledger.domain import Leg, UnbalancedError
from civicfund.ledger.models import Account, Entry, Posting
from civicfund.ledger.services import BookedDifferentlyError, post

pytestmark = pytest.mark.django_db


def book(legs=None, *, source_id="pi_1", kind="charge"):
    legs = legs or domain.charge(7, 2500)
    return post(kind, source_type="intent", source_id=source_id, legs=legs, currency="EUR")


def judge():
    """Do now what the database does when the transaction commits."""
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def write_around_the_service(*amounts, legs=2, kinds=("asset", "expense"), currency="EUR"):
    """An entry as SQL could write it, judged at once."""
    entry = Entry.objects.create(source_type="raw", source_id="1", kind="x", legs=legs)
    for amount, kind in zip(amounts, kinds, strict=False):
        account = Account.objects.create(code=f"{kind}:raw", kind=kind, currency="EUR")
        add(entry, account, amount, currency)
    judge()


def add(entry, account, amount, currency="EUR"):
    Posting.objects.create(entry=entry, account=account, amount_minor=amount, currency=currency)


def book_and_judge(legs):
    book(legs)
    judge()


def test_an_entry_moves_its_accounts():
    book()
    book(domain.fee(61), kind="fee")
    judge()
    assert {account.code: minor for account, minor in selectors.balances()} == {
        "processor_fee": 61,
        "project_payable/7/pledges": -2500,
        "stripe_pending": 2439,
    }
    assert selectors.collected_for(7) == 2500


def test_posting_twice_is_posting_once():
    first = book()
    assert book() == first
    assert Posting.objects.count() == 2
    assert selectors.balance_minor("stripe_pending") == 2500


def test_the_same_fact_with_other_amounts_is_refused_and_nothing_moves():
    book()
    with pytest.raises(BookedDifferentlyError):
        book(domain.charge(7, 2600))
    assert selectors.balance_minor("stripe_pending") == 2500


def test_unbalanced_legs_are_refused_and_nothing_is_booked():
    with pytest.raises(UnbalancedError):
        book((Leg("stripe_pending", 5), Leg("processor_fee", -4)))
    assert Entry.objects.count() == 0


def test_promises_stay_apart_from_cash():
    book(domain.promise(7, 9000), kind="promise")
    assert (selectors.still_promised_to(7), selectors.collected_for(7)) == (9000, 0)


def test_booked_amounts_are_found_by_source():
    book()
    book(domain.charge(7, 300), source_id="pi_2")
    assert selectors.booked_minor("charge", "intent", ["pi_1", "pi_2", "pi_3"]) == {
        "pi_1": 2500,
        "pi_2": 300,
    }


def test_sound_books_break_no_invariant():
    book()
    assert selectors.unbalanced_entries() == []
    assert selectors.incomplete_entries() == []
    assert selectors.mixed_entries() == []


def test_the_invariants_find_what_is_unsound():
    entry = Entry.objects.create(source_type="raw", source_id="1", kind="x", legs=3)
    for kind, amount in (("asset", 5), ("memo", -4)):
        add(entry, Account.objects.create(code=kind, kind=kind, currency="EUR"), amount)
    assert selectors.unbalanced_entries() == [entry.pk]
    assert selectors.incomplete_entries() == [entry.pk]
    assert selectors.mixed_entries() == [entry.pk]
    transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("amounts", "constraint"),
    [
        ([], "entry_is_complete"),
        ([5], "entry_is_complete"),
        ([5, -4], "entry_sums_to_zero"),
        ([0], "posting_moves_something"),
    ],
)
def test_the_database_refuses_an_unsound_entry(amounts, constraint):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write_around_the_service(*amounts)
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert Entry.objects.count() == 0


def test_the_database_refuses_an_entry_of_one_leg():
    with pytest.raises(IntegrityError, match="entry_has_two_sides"), transaction.atomic():
        write_around_the_service(5, legs=1)


def test_the_database_refuses_postings_added_to_a_booked_entry():
    entry = book()
    judge()
    fees = Account.objects.create(code="processor_fee", kind="expense", currency="EUR")
    with pytest.raises(IntegrityError, match="booked with 2"), transaction.atomic():
        add(entry, fees, 9)
    assert entry.postings.count() == 2


def test_the_database_refuses_promises_mixed_with_money():
    with pytest.raises(IntegrityError, match="mixes promises"), transaction.atomic():
        book_and_judge((Leg("stripe_pending", 5), Leg("memo:promises", -5)))
    assert Entry.objects.count() == 0


def test_the_database_refuses_a_posting_in_another_currency():
    with (
        pytest.raises(IntegrityError, match="posting_in_its_accounts_currency"),
        transaction.atomic(),
    ):
        write_around_the_service(5, -5, currency="USD")
    assert Posting.objects.count() == 0


def test_the_database_refuses_the_same_fact_twice():
    entry = book()
    with pytest.raises(IntegrityError, match="entry_booked_once"), transaction.atomic():
        Entry.objects.create(
            source_type=entry.source_type, source_id=entry.source_id, kind=entry.kind, legs=2
        )


def test_the_database_refuses_an_account_of_an_unknown_kind():
    with pytest.raises(IntegrityError, match="account_kind_known"), transaction.atomic():
        Account.objects.create(code="secret", kind="shadow", currency="EUR")


@pytest.mark.parametrize("table", ["ledger_account", "ledger_entry", "ledger_posting"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_role_cannot_rewrite_the_books(table, statement):
    book()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format(table))
    assert Posting.objects.count() == 2


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_account SET kind = 'asset'",
        "UPDATE ledger_entry SET kind = 'x'",
        "UPDATE ledger_posting SET amount_minor = 1",
    ],
)
def test_even_the_owner_is_refused_by_the_trigger(statement):
    book()
    with pytest.raises(DatabaseError, match="append-only"):
        connections["owner"].cursor().execute(statement)
    assert Posting.objects.count() == 2
