"""Differences that nothing explains: said what they are, the books corrected by two people."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Approval
from civicfund.ledger import domain as books
from civicfund.ledger.domain import CORRECTIONS, STRIPE_AVAILABLE
from civicfund.ledger.selectors import balance_minor
from civicfund.ledger.services import post
from civicfund.payouts.selectors import broken_laws
from civicfund.payouts.services.errors import RefusedError
from civicfund.pledges.models import ChargeAttempt
from civicfund.reconciliation.enums import ExplanationState
from civicfund.reconciliation.models import Difference, Explanation
from civicfund.reconciliation.selectors import difference_count, invariants
from civicfund.reconciliation.services.explaining import (
    approve_correction,
    explain,
    reject_correction,
)
from civicfund.town.selectors import laws
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.payouts.test_pages import forget_second_factor, sign_in_as_another
from tests.pledges.test_refunds import refused
from tests.reconciliation.defects import charge_of_nobody, charge_that_never_was, fee_of, other_fee
from tests.reconciliation.test_pages import compared, differing, treasurer  # noqa: F401 -- fixture
from tests.reconciliation.test_reconciling import run, town  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

OFF = (2410 - 61) - (2510 - 63)  # of the difference that ``differing`` makes


def said(difference, *, correct=False, by=None, words="The provider's mistake."):
    return explain(difference, by=by or new_treasurer(), words=words, correct=correct)


def corrected(difference):
    return approve_correction(said(difference, correct=True), by=new_treasurer())


def at_provider():
    return balance_minor(STRIPE_AVAILABLE) + balance_minor("stripe_pending")


def test_words_alone_end_a_difference_and_move_nothing():
    difference = differing()
    explanation = said(difference)
    difference.refresh_from_db()
    assert explanation.state == ExplanationState.ACCEPTED
    assert difference.ended_at is not None
    assert (difference_count(), balance_minor(CORRECTIONS)) == (0, 0)


def test_a_correction_moves_the_books_once_a_second_treasurer_approves():
    difference = differing()
    explanation = said(difference, correct=True)
    assert (explanation.state, explanation.corrected_minor) == (ExplanationState.WAITING, OFF)
    assert (difference_count(), balance_minor(CORRECTIONS)) == (1, 0)
    approve_correction(explanation, by=new_treasurer())
    assert (difference_count(), balance_minor(CORRECTIONS)) == (0, -OFF)
    assert balance_minor(STRIPE_AVAILABLE) == OFF
    assert invariants()[0].broken_by == []


@pytest.mark.parametrize("words", ["", "  "])
def test_an_explanation_needs_words(words):
    difference = differing()
    with pytest.raises(RefusedError, match="Say what it is"):
        said(difference, words=words)
    with refused("explanation_says_something"):
        Explanation.objects.create(
            difference=difference, state="accepted", words="", requested_by=new_treasurer()
        )
    assert difference_count() == 1


def test_nobody_but_treasurers_explains():
    difference, waiting = differing("ch_1"), said(differing("ch_2"), correct=True)
    resident = UserFactory()
    for act in (
        lambda: said(difference, by=resident),
        lambda: approve_correction(waiting, by=resident),
        lambda: reject_correction(waiting, by=resident),
    ):
        with pytest.raises(RefusedError, match="Only a treasurer"):
            act()
    assert (difference_count(), balance_minor(CORRECTIONS)) == (2, 0)


def test_nobody_approves_a_correction_of_their_own():
    asker = new_treasurer()
    waiting = said(differing(), correct=True, by=asker)
    with pytest.raises(RefusedError, match="Somebody else has to approve"):
        approve_correction(waiting, by=asker)
    assert (difference_count(), balance_minor(CORRECTIONS)) == (1, 0)
    assert not Approval.objects.exists()


def test_the_database_refuses_one_person_in_both_parts():
    waiting = said(differing(), correct=True)
    mine = Explanation.objects.filter(pk=waiting.pk)
    with refused("reconciliation_explanation_two_people"):
        mine.update(state="accepted")
    with refused("reconciliation_explanation_two_people"):
        Explanation.objects.create(
            difference=differing("ch_2"), state="accepted", words="Mine.", corrected_minor=1,
            currency="EUR", requested_by=waiting.requested_by,
        )  # fmt: skip
    waiting.refresh_from_db()
    assert waiting.state == ExplanationState.WAITING


def test_what_was_said_stays():
    accepted = corrected(differing())
    mine = Explanation.objects.filter(pk=accepted.pk)
    for change in ({"words": "Other"}, {"corrected_minor": 1}):
        with refused("reconciliation_explanation_frozen"):
            mine.update(**change)
    with refused("reconciliation_explanation_kept"):
        mine.update(state="cancelled")
    with refused("reconciliation_explanation_kept"):
        mine.delete()


def test_one_correction_of_a_difference_waits_at_a_time():
    difference = differing()
    waiting = said(difference, correct=True)
    with pytest.raises(RefusedError, match="waits for a second treasurer already"):
        said(difference)
    reject_correction(waiting, by=new_treasurer())
    said(difference)
    assert [row.state for row in difference.explanations.all()] == ["accepted", "cancelled"]


def test_a_correction_of_what_has_changed_since_is_refused():
    difference = differing()
    waiting = said(difference, correct=True)
    Difference.objects.filter(pk=difference.pk).update(told_minor=2411)
    with pytest.raises(RefusedError, match="has changed since"):
        approve_correction(waiting, by=new_treasurer())
    Difference.objects.filter(pk=difference.pk).update(ended_at=difference.found_at)
    with pytest.raises(RefusedError, match="no longer differs"):
        approve_correction(waiting, by=new_treasurer())
    assert balance_minor(CORRECTIONS) == 0


def test_a_movement_in_another_currency_is_corrected_by_what_the_books_wrongly_hold():
    difference = Difference(
        currency="USD", told_minor=2500, told_fee_minor=63, booked_minor=2500, booked_fee_minor=63
    )
    assert difference.off_minor == -(2500 - 63)


def test_a_correction_that_nobody_decided_breaks_a_law_and_stops_payouts():
    legs = books.corrected(100)
    post("corrected", source_type="correction", source_id="77", legs=legs, currency="EUR")
    [law] = [law for law in laws() if "correction" in law.name]
    assert law.broken_by == ["77"]
    assert law.name in broken_laws()


@pytest.mark.parametrize("sow", [charge_of_nobody, charge_that_never_was, other_fee])
def test_the_next_comparison_takes_a_correction_into_account(town, sow):  # noqa: F811
    """Found, corrected, found no more; and the provider's money is what the books say it is."""
    sow(town)
    run()
    [difference] = Difference.objects.all()
    before, off = at_provider(), difference.off_minor
    corrected(difference)
    assert (run().differing, difference_count()) == (0, 0)
    assert at_provider() == before + off
    assert [row.accepted is not None for row in Difference.objects.all()] == [True]


def test_words_are_taken_into_account_and_without_them_it_comes_back(town):  # noqa: F811
    charge_of_nobody(town)
    assert run().differing == 1
    assert run().differing == 1  # the control: nobody has said anything yet
    said(Difference.objects.get())
    assert run().differing == 0


def test_what_was_explained_comes_back_where_a_side_changes(town):  # noqa: F811
    """The books get the entry that was missing after they were corrected without it."""
    _kind, charge_id, _how = charge_of_nobody(town)
    run()
    before = at_provider()
    corrected(Difference.objects.get())
    town.noted(charge_id, 2500, fee=fee_of(2500))
    assert run().differing == 1
    [again] = Difference.objects.filter(ended_at__isnull=True)
    assert (again.object_id, again.off_minor) == (charge_id, -(2500 - fee_of(2500)))
    corrected(again)
    assert run().differing == 0
    assert at_provider() == before + 2500 - fee_of(2500)
    assert ChargeAttempt.objects.filter(charge_id=charge_id).count() == 1


def test_on_the_page_one_explains_and_another_approves(client, treasurer):  # noqa: F811
    compared()
    difference = differing()
    page = reverse("difference", args=[difference.pk])
    assert page in client.get(reverse("reconciliation")).content.decode()
    form = {"act": "explain", "words": "Booked twice by hand.", "correct": "correct"}
    refusal = client.post(page, form | {"words": ""})
    assert (refusal.status_code, Explanation.objects.count()) == (400, 0)
    assert b"waits for a second treasurer" in client.post(page, form, follow=True).content
    waiting = Explanation.objects.get()
    assert 'value="approve"' not in client.get(page).content.decode()
    approve = {"act": "approve", "row": waiting.pk}
    assert b"Somebody else has to approve" in client.post(page, approve, follow=True).content
    sign_in_as_another(client)
    forget_second_factor(client)
    assert client.post(page, approve)["Location"].startswith(reverse("mfa_reauthenticate"))
    assert difference_count() == 1
    sign_in_as_another(client)
    client.post(page, approve)
    assert (difference_count(), balance_minor(CORRECTIONS)) == (0, -OFF)
    listed = client.get(reverse("reconciliation")).content.decode()
    assert "Booked twice by hand." in listed
    assert client.get(reverse("health_of_work")).status_code == 200


def test_a_correction_that_is_of_another_difference_is_not_there(client, treasurer):  # noqa: F811
    waiting = said(differing("ch_1"), correct=True)
    other = reverse("difference", args=[differing("ch_2").pk])
    for row in (waiting.pk, "", "x"):
        assert client.post(other, {"act": "approve", "row": row}).status_code == 404
