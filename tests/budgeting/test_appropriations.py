"""Money of the town's budget that is set aside for a vote: by two treasurers, in the books."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import CycleState
from budgeting.models import Cycle
from budgeting.selectors import readiness
from budgeting.selectors.appropriations import invariants, set_aside_for
from budgeting.services.appropriations import (
    appropriate,
    appropriations_asked,
    request_appropriation,
)
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.results import certify, publish
from budgeting.services.second_person import take_back
from civicfund.audit.models import ActRequest
from civicfund.audit.services import ApprovalError, approve_act, db_now, request_act
from civicfund.ledger import domain as books
from civicfund.ledger.models import Entry
from civicfund.ledger.selectors import account_name, balance_minor
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.town.selectors import laws
from tests.budgeting.test_counting import unsealed
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, certifier, draft_cycle, opened, rehearsed
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
COUNCIL = "Council of 3 May, item 14"


def treasurer():
    user = UserFactory()
    grant_role(user, Role.TREASURER, by=None)
    return user


def aside(cycle, total_minor):
    """Two treasurers set so much aside, in a transaction of its own as far as its guards know."""
    asked = request_appropriation(cycle, total_minor=total_minor, words=COUNCIL, by=treasurer())
    appropriate(cycle, asked.pk, by=treasurer())
    now_judged()
    return cycle


def money_step(cycle):
    return next(step for step in readiness(cycle, db_now()) if step.label == "Money")


def holds():
    return [law.name for law in (*invariants(), *laws()) if law.broken_by] == []


def now_judged():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_two_treasurers_set_money_aside_and_the_books_say_so():
    cycle, first = draft_cycle(), treasurer()
    asked = request_appropriation(cycle, total_minor=500_000, words=COUNCIL, by=first)
    assert (set_aside_for(cycle).aside_minor, Entry.objects.count()) == (None, 0)
    with pytest.raises(ApprovalError), transaction.atomic():
        appropriate(cycle, asked.pk, by=first)
    assert Entry.objects.count() == 0
    appropriate(cycle, asked.pk, by=treasurer())
    now_judged()
    assert balance_minor(books.appropriated(cycle.pk)) == 500_000
    assert balance_minor(books.APPROPRIATIONS) == -500_000
    with pytest.raises(RefusedError, match="agreed to this already"):
        appropriate(cycle, asked.pk, by=treasurer())
    assert holds()


def test_more_and_less_can_be_set_aside_while_it_is_a_draft_and_never_below_nothing():
    cycle = aside(aside(draft_cycle(), 500_000), 200_000)
    now_judged()
    assert set_aside_for(cycle).aside_minor == 200_000
    with pytest.raises(RefusedError, match="already"):
        request_appropriation(cycle, total_minor=200_000, words=COUNCIL, by=treasurer())
    with pytest.raises(RefusedError, match="which decision"):
        request_appropriation(cycle, total_minor=1, words=" ", by=treasurer())
    aside(cycle, 0)
    now_judged()
    assert (set_aside_for(cycle).aside_minor, holds()) == (0, True)
    assert not set_aside_for(cycle).is_enough


def test_what_another_treasurer_set_aside_meanwhile_is_not_overwritten():
    cycle = draft_cycle()
    asked = request_appropriation(cycle, total_minor=500_000, words=COUNCIL, by=treasurer())
    aside(cycle, 300_000)
    with pytest.raises(RefusedError, match="meanwhile"):
        appropriate(cycle, asked.pk, by=treasurer())
    assert set_aside_for(cycle).aside_minor == 300_000


def test_it_takes_treasurers_and_can_be_taken_back():
    cycle, first = draft_cycle(), treasurer()
    with pytest.raises(PermissionDenied):
        request_appropriation(cycle, total_minor=1, words=COUNCIL, by=administrator())
    asked = request_appropriation(cycle, total_minor=500_000, words=COUNCIL, by=first)
    with pytest.raises(PermissionDenied):
        appropriate(cycle, asked.pk, by=administrator())
    take_back(cycle, asked.pk, by=first)
    with pytest.raises(RefusedError, match="took it back"):
        appropriate(cycle, asked.pk, by=treasurer())
    asked = request_appropriation(cycle, total_minor=500_000, words=COUNCIL, by=first)
    first.role_grants.all().delete()
    assert appropriations_asked(cycle) == []
    with pytest.raises(RefusedError, match="no longer has the role"):
        appropriate(cycle, asked.pk, by=treasurer())
    assert set_aside_for(cycle).aside_minor is None


def test_a_vote_without_money_in_the_books_opens_and_its_desk_says_so():
    cycle = draft_cycle()
    step = money_step(cycle)
    assert (step.done, step.needed) == (False, False)
    assert "Money not in the books" in step.found
    assert opened(cycle).state == CycleState.OPEN
    assert Entry.objects.count() == 0


def test_pots_that_take_more_than_is_set_aside_keep_the_vote_from_opening():
    cycle = rehearsed(draft_cycle())
    taken = set_aside_for(cycle).pots_minor
    aside(cycle, taken - 1)
    assert (money_step(cycle).done, money_step(cycle).needed) == (False, True)
    with pytest.raises(RefusedError, match="more money than the books"):
        request_opening(cycle, by=administrator())
    with refused("cycle_within_set_aside"):
        Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.OPEN)
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.DRAFT
    aside(cycle, taken)
    assert money_step(cycle).done
    assert "is set aside, the pots take" in money_step(cycle).found
    assert opened(cycle).state == CycleState.OPEN
    assert holds()


def test_an_opening_that_was_asked_for_with_other_money_is_asked_for_anew():
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    aside(cycle, 10**9)
    with pytest.raises(RefusedError, match="has changed since"):
        open_cycle(cycle, by=administrator())


def test_after_the_opening_nothing_is_set_aside_or_taken_away():
    cycle = draft_cycle()
    waiting = request_appropriation(cycle, total_minor=10**9, words=COUNCIL, by=treasurer())
    cycle = opened(cycle)
    with pytest.raises(RefusedError, match="has been opened"):
        request_appropriation(cycle, total_minor=1, words=COUNCIL, by=treasurer())
    with pytest.raises(RefusedError, match="has been opened"):
        appropriate(cycle, waiting.pk, by=treasurer())
    approve_act(waiting, approved_by=treasurer())
    with refused("set_aside_as_agreed"):
        booked(cycle, waiting, 10**9)
    assert set_aside_for(cycle).aside_minor is None


def booked(cycle, asked, amount_minor, **other):
    """Write to the books past the service."""
    named = {"source_type": "appropriation", "source_id": str(asked.pk)} | other
    legs = books.set_aside(cycle.pk, amount_minor)
    post(named.pop("kind", "appropriated"), legs=legs, currency=cycle.currency, **named)
    now_judged()


def test_the_database_takes_nothing_but_what_two_treasurers_agreed_to():
    cycle, other = draft_cycle(), draft_cycle()
    asked = request_appropriation(cycle, total_minor=500, words=COUNCIL, by=treasurer())
    with refused("set_aside_as_agreed"):
        booked(cycle, asked, 500)
    approve_act(asked, approved_by=treasurer())
    for wrong in ((cycle, 501), (other, 500)):
        with refused("set_aside_as_agreed"):
            booked(wrong[0], asked, wrong[1])
    less = request_act(
        "cycle.appropriate", other, requested_by=treasurer(), amount_minor=-5, total_minor=-5
    )
    approve_act(less, approved_by=treasurer())
    with refused("set_aside_not_negative"):
        booked(other, less, -5)
    with refused("set_aside_as_agreed"):
        booked(
            cycle, asked, -5, kind="appropriation_used", source_type="budgeting.option",
            source_id=str(cycle.options.first().pk),
        )  # fmt: skip
    assert Entry.objects.count() == 0
    booked(cycle, asked, 500)
    assert set_aside_for(cycle).aside_minor == 500


def test_what_moves_it_otherwise_breaks_a_law():
    cycle = aside(draft_cycle(), 500)
    assert holds()
    post(
        "promise", source_type="campaign", source_id="x",
        legs=books.set_aside(cycle.pk, 7), currency=cycle.currency,
    )  # fmt: skip
    broken = [law for law in invariants() if law.broken_by]
    assert [law.broken_by for law in broken] == [[books.appropriated(cycle.pk)]]
    ActRequest.objects.create(
        act="cycle.appropriate", target_type="budgeting.cycle", target_id=str(cycle.pk),
        requested_by=treasurer(), parameters={"amount_minor": 3, "total_minor": 3, "words": "x"},
    )  # fmt: skip
    approve_act(ActRequest.objects.latest("pk"), approved_by=treasurer())
    assert "two treasurers" in next(law.name for law in invariants() if law.broken_by)


def test_what_is_awarded_is_no_longer_set_aside(monkeypatch):
    with_money = lambda cycle: opened(aside(cycle, 10**9))  # noqa: E731
    monkeypatch.setattr("tests.factories.budgeting.opened", with_money)
    cycle = unsealed([[0], [0, 1], [1]])
    count_cycle(cycle)
    cycle.refresh_from_db()
    publish(certify(cycle, by=certifier()), by=certifier())
    now_judged()
    given = balance_minor("voted_budget")
    assert given > 0
    assert balance_minor(books.appropriated(cycle.pk)) == 10**9 - given
    assert holds()


def test_a_vote_without_money_in_the_books_awards_as_before():
    cycle = unsealed([[0], [0, 1], [1]])
    count_cycle(cycle)
    cycle.refresh_from_db()
    publish(certify(cycle, by=certifier()), by=certifier())
    assert not Entry.objects.filter(kind="appropriation_used").exists()
    assert balance_minor("voted_budget") > 0
    assert holds()


def test_the_page_is_for_treasurers_who_say_it_and_administrators_who_read_it(client):
    cycle, first = draft_cycle(), treasurer()
    page = reverse("cycle_money", args=[cycle.slug])
    sign_in_with_second_factor(client, first)
    said = client.get(page).content.decode()
    assert "Treasurers have set nothing aside" in said
    desk = client.get(reverse("treasury")).content.decode()
    assert page in desk
    assert "Money not in the books; the pots say" in desk
    sent = {"act": "ask", "total_minor": "5,000.00", "words": COUNCIL}
    assert client.post(page, sent).status_code == 302
    [asked] = appropriations_asked(cycle)
    assert asked.total_minor == 500_000
    agree = {"act": "agree", "asked": asked.request.pk}
    assert client.post(page, agree).status_code == 400
    sign_in_with_second_factor(client, administrator())
    assert COUNCIL in client.get(page).content.decode()
    assert client.post(page, agree).status_code == 403
    assert set_aside_for(cycle).aside_minor is None
    sign_in_with_second_factor(client, treasurer())
    assert client.post(page, agree).status_code == 302
    assert set_aside_for(cycle).aside_minor == 500_000
    client.force_login(UserFactory())
    assert client.get(page).status_code in (302, 403)


def test_the_treasury_asks_as_much_for_three_votes_as_for_one(client):
    sign_in_with_second_factor(client, treasurer())
    asked = []
    for _ in range(3):
        aside(draft_cycle(), 100)
        client.get(reverse("treasury"))
        with CaptureQueriesContext(connection) as ran:
            assert client.get(reverse("treasury")).status_code == 200
        asked.append(len(ran))
    assert asked[0] == asked[2]


def test_the_account_has_a_name_of_its_own_and_is_no_projects():
    assert account_name(books.appropriated(7), {7: "Bench"}) == (
        "Set aside for vote 7, not awarded yet"
    )
