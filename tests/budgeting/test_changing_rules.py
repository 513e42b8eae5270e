"""Title and rules of a draft are changed until it opens, and its pots are made to fit them."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from budgeting.enums import BallotKind, CycleState, TieOrder
from budgeting.models import Cycle
from budgeting.selectors.said import said_in_words
from budgeting.services.cycles import create_cycle, open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.preparing import change_pot, change_rules, rules_as_filled_in
from budgeting.services.rules import pots_to_correct
from civicfund.audit.models import Approval, Event
from tests.factories.budgeting import administrator, draft_cycle, opened, rehearsed, running_cycle
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

RULES = (
    "title", "summary", "ballot_kind", "rule", "rule_parameters", "ties",
)  # fmt: skip
SCORES = {"ballot_kind": "scoring", "rule": "greedy_points"}


def filled_in(cycle, **other):
    """The form as it shows a draft, and what somebody changes in it."""
    shown = rules_as_filled_in(cycle)
    asked = ("minimum_support", "start", "increment_minor", "stop")
    return {name: shown.get(name) for name in (*asked, *shown)} | other


def changed(cycle, by=None, **other):
    return change_rules(cycle, filled_in(cycle, **other), by=by or administrator())


def rules_of(cycle):
    return Cycle.objects.values(*RULES).get(pk=cycle.pk)


def limits(pot):
    pot.refresh_from_db()
    return pot.min_options, pot.max_options, pot.min_points, pot.max_points, pot.max_sum_points


def sent(client, cycle, **other):
    """The form of the page as a browser sends it back, and what somebody changes in it."""
    page = reverse("cycle_rules", args=[cycle.slug])
    form = client.get(page).context["forms"]["rules"]
    shown = {field.name: field.value() for field in form}
    given = {name: value for name, value in shown.items() if value is not None}
    return client.post(page, {"act": "rules"} | given | other)


@pytest.fixture
def admin_client(client):
    sign_in_with_second_factor(client, administrator())
    return client


def test_title_sentence_kind_rule_and_ties_of_a_draft_are_changed_on_its_page(admin_client):
    cycle = draft_cycle(max_options=3)
    desk = admin_client.get(reverse("cycle_desk", args=[cycle.slug])).content.decode()
    assert reverse("cycle_rules", args=[cycle.slug]) in desk
    answer = sent(
        admin_client, cycle, title="Spring", summary="For us all.", ballot_kind="ranking",
        rule="greedy_borda", ties="lexicographic", minimum_support="2",
    )  # fmt: skip
    assert answer.status_code == 302
    assert rules_of(cycle) == {
        "title": "Spring", "summary": "For us all.", "ballot_kind": "ranking",
        "rule": "greedy_borda", "rule_parameters": {"threshold": 2, "borda": "options"},
        "ties": "lexicographic",
    }  # fmt: skip
    event = Event.objects.get(verb="cycle.rules_changed")
    assert dict(said_in_words(event.verb, event.data)) == {
        "kind": "Rank the projects", "rule": "Highest ranked first",
        "ties": "The order of the projects' codes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rule", "parameters"),
    [
        ("approval", "greedy", None),
        ("approval", "greedy", {"threshold": 0}),
        ("approval", "equal_shares_cost_add1", None),
        ("approval", "equal_shares_cost_add1",
         {"minimum_support": 3, "increment_minor": 500, "start": "integral", "stop": "infeasible"}),
        ("ranking", "greedy_borda", {"threshold": 7, "borda": "listed"}),
    ],
)  # fmt: skip
def test_a_form_that_is_sent_back_as_it_was_changes_nothing(admin_client, kind, rule, parameters):
    cycle = create_cycle(
        by=administrator(), slug="a", title="A", ballot_kind=BallotKind(kind), rule=rule,
        rule_parameters=parameters, ties=TieOrder.LEXICOGRAPHIC,
    )  # fmt: skip
    before = rules_of(cycle)
    assert sent(admin_client, cycle).status_code == 302
    assert rules_of(cycle) == before


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"rule": "greedy_points"}, "rule", "cannot count ballots of the kind"),
        ({"ballot_kind": "scoring"}, "rule", "cannot count ballots of the kind"),
        ({"stop": "exhaustive"}, "stop", "does not take this"),
        ({"title": ""}, "title", "required"),
    ],
)
def test_what_a_new_cycle_could_not_have_a_draft_cannot_get(admin_client, given, field, words):
    cycle = draft_cycle()
    before, events = rules_of(cycle), Event.objects.count()
    answer = sent(admin_client, cycle, **given)
    assert answer.status_code == 400
    assert words in str(answer.context["forms"]["rules"].errors[field])
    assert rules_of(cycle) == before
    assert Event.objects.count() == events


def test_where_ballots_score_now_the_pots_have_to_be_corrected_before_the_opening(admin_client):
    cycle = rehearsed(draft_cycle())
    pot = cycle.pots.get()
    answer = sent(admin_client, cycle, **SCORES)
    page = reverse("pots", args=[cycle.slug])
    assert (answer.status_code, answer["Location"]) == (302, page)
    words = "Say what the highest score is."
    for place in ("pots", "cycle_rules"):
        assert words in admin_client.get(reverse(place, args=[cycle.slug])).content.decode()
    desk = admin_client.get(reverse("cycle_desk", args=[cycle.slug]))
    step = next(step for step in desk.context["readiness"] if step.label == "Pots")
    assert (step.done, "To be corrected for such ballots: Whole town." in step.found) == (
        False, True,
    )  # fmt: skip
    with pytest.raises(RefusedError, match="“Whole town”: Say what the highest score is"):
        request_opening(cycle, by=administrator())
    given = {"act": "change_pot", "pot": pot.pk, "name": "Town", "amount": "5", "min_options": "1"}
    answer = admin_client.post(page, given)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert (limits(pot), pot.name) == ((1, None, 0, None, None), "Whole town")
    assert admin_client.post(page, given | {"max_points": "5"}).status_code == 302
    assert (limits(pot), pot.name) == ((1, None, 0, 5, None), "Town")
    assert pots_to_correct(Cycle.objects.get(pk=cycle.pk)) == []
    request_opening(cycle, by=administrator())
    assert open_cycle(cycle, by=administrator()).state == CycleState.OPEN


def test_limits_that_ballots_have_no_use_for_any_more_go():
    cycle = draft_cycle(
        kind=BallotKind.CUMULATIVE, rule="greedy_points", max_sum_points=9, max_points=4
    )
    pot = cycle.pots.get()
    assert limits(pot) == (1, None, 1, 4, 9)
    cycle = changed(cycle, **SCORES)
    assert limits(pot) == (1, None, 1, 4, None)
    cycle = changed(cycle, ballot_kind="approval", rule="greedy")
    assert limits(pot) == (1, None, 0, None, None)
    assert pots_to_correct(cycle) == []
    assert opened(cycle).state == CycleState.OPEN


def test_limits_of_projects_stay_and_are_said_to_be_wrong_where_they_are():
    cycle = changed(draft_cycle(max_options=3), ballot_kind="choose_one")
    assert limits(cycle.pots.get()) == (1, 3, 0, None, None)
    [(pot, words)] = pots_to_correct(cycle)
    assert (pot.name, words) == ("Whole town", "A ballot of this cycle names one project.")
    change_pot(
        pot, name="Town", amount_minor=1, by=administrator(),
        limits={"min_options": 1, "max_options": None},
    )  # fmt: skip
    assert pots_to_correct(cycle) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda cycle, by: changed(cycle, by=by, title="Another title"),
        lambda cycle, by: changed(cycle, by=by, summary="Another sentence."),
        lambda cycle, by: changed(cycle, by=by, ties="lexicographic"),
        lambda cycle, by: changed(cycle, by=by, ballot_kind="knapsack"),
        lambda cycle, by: changed(cycle, by=by, minimum_support=9),
        lambda cycle, by: change_pot(
            cycle.pots.get(), name="Another", amount_minor=500_000, by=by
        ),
        lambda cycle, by: change_pot(
            cycle.pots.get(), name="Whole town", amount_minor=500_000, by=by,
            limits={"min_options": 1, "max_options": 2},
        ),
    ],
)  # fmt: skip
def test_an_opening_that_was_asked_for_before_has_to_be_asked_for_anew(act):
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    act(cycle, administrator())
    with pytest.raises(RefusedError, match="has changed since"):
        open_cycle(cycle, by=administrator())
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.DRAFT
    assert not Approval.objects.filter(request__act="cycle.open").exists()


def test_of_an_open_cycle_nothing_is_changed(admin_client):
    cycle, _people = running_cycle()
    before, events = rules_of(cycle), Event.objects.count()
    page = reverse("cycle_rules", args=[cycle.slug])
    assert 'name="ballot_kind"' not in admin_client.get(page).content.decode()
    given = {"act": "rules", "title": "Another", "ballot_kind": "approval", "rule": "greedy"}
    assert admin_client.post(page, given).status_code == 400
    with pytest.raises(RefusedError, match="has been opened"):
        changed(cycle, title="Another")
    assert rules_of(cycle) == before
    assert Event.objects.count() == events


def test_it_takes_the_role():
    cycle = draft_cycle()
    before = rules_of(cycle)
    with pytest.raises(PermissionDenied):
        changed(cycle, by=UserFactory(), title="Another")
    assert rules_of(cycle) == before
