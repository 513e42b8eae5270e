from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.urls import reverse

from budgeting.enums import BallotKind, CycleState, PhaseKind, ProposalState, TieOrder
from budgeting.models import Cycle, Phase, Pot, RollEntry
from budgeting.services.cycles import (
    add_phase,
    add_pot,
    cancel_cycle,
    create_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.reviews import give_review
from budgeting.services.roll import person_key
from budgeting.services.roll_homes import add_residents, request_residents
from civicfund.audit.models import Approval, Event
from civicfund.audit.services import ApprovalError, db_now
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CostLine
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    end_voting,
    fill_roll,
    opened,
    rehearsed,
    reviewed,
    running_cycle,
    voters,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def test_a_cycle_opens_when_a_second_person_agrees():
    cycle, asks, agrees = rehearsed(draft_cycle()), administrator(), administrator()
    request_opening(cycle, by=asks)
    cycle = open_cycle(cycle, by=agrees)
    assert cycle.state == CycleState.OPEN
    assert len(cycle.tie_seed) == 64
    approval = Approval.objects.get()
    assert (approval.requested_by, approval.approved_by) == (asks, agrees)
    assert Event.objects.filter(verb="cycle.open", actor=agrees).count() == 1


def test_nobody_opens_a_cycle_alone():
    cycle, asks = rehearsed(draft_cycle()), administrator()
    with pytest.raises(RefusedError, match="Somebody else"):
        open_cycle(cycle, by=asks)
    request_opening(cycle, by=asks)
    with pytest.raises(ApprovalError):
        open_cycle(cycle, by=asks)
    cycle.refresh_from_db()
    assert (cycle.state, cycle.tie_seed) == (CycleState.DRAFT, "")
    assert Approval.objects.count() == 0


def test_a_cycle_that_changed_after_opening_was_asked_for_is_not_opened():
    by = administrator()
    cycle = rehearsed(draft_cycle(by=by))
    request_opening(cycle, by=by)
    add_pot(cycle, NeighborhoodFactory(), name="North", amount_minor=5, by=by)
    with pytest.raises(RefusedError, match="has changed"):
        open_cycle(cycle, by=administrator())
    assert Approval.objects.count() == 0


@pytest.mark.parametrize(
    ("undone", "words"),
    [
        (lambda c: Phase.objects.filter(cycle=c)._raw_delete("default"), "needs a voting phase"),
        (lambda c: Phase.objects.filter(cycle=c).update(ends_at=db_now()), "is over already"),
        (lambda c: Pot.objects.filter(cycle=c)._raw_delete("default"), "needs a pot"),
    ],
)
def test_a_cycle_that_is_not_ready_is_not_opened(undone, words):
    cycle = draft_cycle(costs_minor=())
    undone(cycle)
    with pytest.raises(RefusedError, match=words):
        request_opening(cycle, by=administrator())


@pytest.mark.parametrize(
    "act",
    [
        lambda c, who: create_cycle(by=who, slug="x", title="X"),
        lambda c, who: add_phase(
            c, PhaseKind.PROPOSING, starts_at=db_now(), ends_at=db_now(), by=who
        ),
        lambda c, who: add_pot(c, CityFactory(), name="x", amount_minor=1, by=who),
        lambda c, who: request_opening(c, by=who),
        lambda c, who: open_cycle(c, by=who),
        lambda c, who: request_cancelling(c, by=who, reason="x"),
        lambda c, who: cancel_cycle(c, by=who),
        lambda c, who: request_residents(c, day=date(2026, 1, 1), by=who),
        lambda c, who: add_residents(c, 0, by=who),
        lambda c, who: put_on_ballot(c.proposals.first(), by=who),
        lambda c, who: give_review(c.proposals.first(), feasible=True, by=who),
    ],
)
def test_each_act_takes_its_role(act):
    cycle, somebody = draft_cycle(), UserFactory()
    events = Event.objects.count()
    with pytest.raises(PermissionDenied):
        act(cycle, somebody)
    assert Event.objects.count() == events


def test_a_cycle_is_cancelled_by_two_people_with_a_reason():
    cycle, _ = running_cycle()
    asks, agrees = administrator(), administrator()
    with pytest.raises(RefusedError, match="Say why"):
        request_cancelling(cycle, by=asks, reason="  ")
    request_cancelling(cycle, by=asks, reason="The flood took the money.")
    with pytest.raises(ApprovalError):
        cancel_cycle(cycle, by=asks)
    cycle = cancel_cycle(cycle, by=agrees)
    assert (cycle.state, cycle.cancel_reason) == (
        CycleState.CANCELLED,
        "The flood took the money.",
    )


def dropped(cycle):
    request_cancelling(cycle, by=administrator(), reason="A slip of the pen.")
    return cancel_cycle(cycle, by=administrator())


def test_a_draft_that_is_dropped_stays_unknown_and_gives_up_its_address(client):
    draft = draft_cycle()
    taken = draft.slug
    cycle = dropped(draft)
    assert (cycle.state, cycle.cancel_reason) == (CycleState.CANCELLED, "A slip of the pen.")
    assert cycle.slug == f"dropped-{cycle.pk}"
    assert not cycle.is_public
    assert not (Cycle.objects.public() | Cycle.objects.past()).exists()
    pages = ("cycle", "archived_cycle", "roll", "results", "board", "api_cycle", "api_results")
    for slug in (taken, cycle.slug):
        for page in pages:
            assert client.get(reverse(page, args=[slug])).status_code == 404
    for page in ("atom", "calendar", "thread"):
        assert client.get(reverse(page, args=["cycle", cycle.pk])).status_code == 404
    for page in ("cycles", "archive", "api_cycles", "home"):
        assert cycle.title not in client.get(reverse(page)).content.decode()
    anew = create_cycle(by=administrator(), slug=taken, title="Anew")
    assert anew.slug == taken
    with pytest.raises(RefusedError, match="this address"):
        create_cycle(by=administrator(), slug="dropped-7", title="Anew")


def test_those_who_prepare_cycles_still_see_a_draft_that_was_dropped(client):
    cycle = dropped(draft_cycle())
    sign_in_with_second_factor(client, administrator())
    for page in ("cycle", "cycle_desk", "trail", "archived_cycle"):
        assert client.get(reverse(page, args=[cycle.slug])).status_code == 200
    desk = client.get(reverse("cycle_desk", args=[cycle.slug])).content.decode()
    assert "A slip of the pen." in desk
    assert cycle.title in client.get(reverse("cycles_desk")).content.decode()


def test_what_was_open_and_is_called_off_stays_public_at_its_address():
    draft = draft_cycle()
    Cycle.objects.filter(pk=draft.pk).update(ties=TieOrder.LEXICOGRAPHIC)
    voters(draft, 1)
    cycle = dropped(opened(draft))
    assert (cycle.slug, cycle.is_dropped, cycle.is_public) == (draft.slug, False, True)
    assert list(Cycle.objects.public()) == list(Cycle.objects.past()) == [cycle]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "coin"}, "rule: No rule is called coin."),
        (
            {"rule": "greedy_borda"},
            "rule: “Highest ranked first” cannot count ballots of the kind “Tick the projects you"
            " want”. These can: Most votes first; Equal shares; Equal shares, every project"
            " counting the same; Phragmén's method.",
        ),
        (
            {"ballot_kind": BallotKind.RANKING, "rule": "phragmen"},
            "rule: “Phragmén's method” cannot count ballots of the kind “Rank the projects”."
            " These can: Highest ranked first; Equal shares by rank.",
        ),
        (
            {"rule": "greedy", "rule_parameters": {"start": "exact"}},
            "start: “Most votes first” does not take this: what raising shares starts from.",
        ),
        (
            {"rule_parameters": {"start": "soon"}},
            "start: This cannot be soon: what raising shares starts from.",
        ),
        (
            {"rule_parameters": {"increment_minor": -1}},
            "increment_minor: This cannot be -1: by how much shares are raised.",
        ),
        ({"rule_parameters": {"stop": 3}}, "stop: This cannot be 3: when raising shares stops."),
        ({"slug": "taken"}, "slug: Another cycle has this address."),
    ],
)
def test_a_cycle_that_could_not_be_held_is_refused(given, words):
    by = administrator()
    create_cycle(by=by, slug="taken", title="Taken")
    with pytest.raises(RefusedError) as refusal:
        create_cycle(**({"by": by, "slug": "new", "title": "New"} | given))
    assert f"{refusal.value.field}: {refusal.value}" == words
    assert Cycle.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "limits", "words"),
    [
        ("approval", {"max_sum_points": 5}, "max_sum_points: A ballot of this cycle gives no"),
        ("knapsack", {"min_points": 0}, "min_points: A ballot of this cycle gives no points."),
        ("approval", {"min_options": 3, "max_options": 2}, "max_options: A ballot may name"),
        ("approval", {"min_options": -1}, "min_options: A ballot cannot name fewer"),
        ("choose_one", {"max_options": 2}, "max_options: A ballot of this cycle names one"),
        ("choose_one", {"min_options": 2}, "min_options: A ballot of this cycle names one"),
        ("ranking", {}, "max_options: Say how many projects a ballot ranks at most: up to 20."),
        ("ranking", {"max_options": 21}, "max_options: Say how many"),
        ("cumulative", {}, "max_sum_points: Say how many points a voter has to give out."),
        ("cumulative", {"max_sum_points": 0}, "max_sum_points: There are no points below zero."),
        ("cumulative", {"max_sum_points": 5, "max_points": 6}, "max_points: One project cannot"),
        ("cumulative", {"max_sum_points": 2**31}, "max_sum_points: At most 1000000 points"),
        (
            "cumulative",
            {"max_sum_points": 2, "min_options": 3},
            "max_sum_points: There are too few points",
        ),
        ("scoring", {}, "max_points: Say what the highest score is."),
        ("scoring", {"max_points": 0}, "max_points: There are no points below zero."),
        ("scoring", {"max_points": 5, "min_points": 5}, "max_points: The most is not above"),
        ("scoring", {"max_points": 5, "min_points": -1}, "min_points: There are no points below"),
        ("scoring", {"max_points": 5, "max_sum_points": 9}, "max_sum_points: Scores are not"),
    ],
)
def test_a_pot_whose_limits_do_not_fit_the_ballot_is_refused_with_the_field(kind, limits, words):
    by = administrator()
    rules = {"cumulative": "greedy_points", "scoring": "greedy_points", "ranking": "greedy_borda"}
    rule = rules.get(kind, "greedy")
    cycle = create_cycle(by=by, slug="new", title="New", ballot_kind=kind, rule=rule)
    with pytest.raises(RefusedError) as refusal:
        add_pot(cycle, CityFactory(), name="Town", amount_minor=100, by=by, **limits)
    assert f"{refusal.value.field}: {refusal.value}".startswith(words)
    assert cycle.pots.count() == 0


def test_what_a_rule_would_take_from_elsewhere_is_written_down_before_anybody_votes():
    by = administrator()
    raised = create_cycle(by=by, slug="a", title="A", rule="equal_shares_cost_add1")
    assert raised.rule_parameters == {
        "minimum_support": 1,
        "increment_minor": 100,
        "start": "exact",
        "stop": "exhaustive",
    }
    ranked = create_cycle(by=by, slug="b", title="B", ballot_kind="ranking", rule="greedy_borda")
    assert ranked.rule_parameters == {"threshold": 1, "borda": "options"}


def test_a_project_that_nobody_votes_for_is_not_funded_unless_that_is_asked_for():
    by = administrator()
    usual = create_cycle(by=by, slug="a", title="A", rule="greedy")
    asked = create_cycle(by=by, slug="b", title="B", rule="greedy", rule_parameters={})
    assert (usual.rule_parameters, asked.rule_parameters) == ({"threshold": 1}, {})


def test_phases_and_pots_that_make_no_sense_are_refused():
    by = administrator()
    cycle = draft_cycle(by=by)
    now = db_now()
    later = {"starts_at": now + timedelta(days=2), "ends_at": now + timedelta(days=3), "by": by}
    with pytest.raises(RefusedError, match="ends before it starts"):
        add_phase(cycle, PhaseKind.PROPOSING, starts_at=now, ends_at=now, by=by)
    with pytest.raises(RefusedError, match="one voting phase"):
        add_phase(cycle, PhaseKind.BALLOTING, **later)
    add_phase(cycle, PhaseKind.PROPOSING, **later)
    with pytest.raises(RefusedError, match="overlap"):
        add_phase(cycle, PhaseKind.PROPOSING, **later)
    for amount in (0, -5):
        with pytest.raises(RefusedError, match="more than nothing"):
            add_pot(cycle, NeighborhoodFactory(), name="x", amount_minor=amount, by=by)
    with pytest.raises(RefusedError, match="at least as many"):
        add_pot(
            cycle,
            NeighborhoodFactory(),
            name="x",
            amount_minor=1,
            min_options=3,
            max_options=2,
            by=by,
        )
    with pytest.raises(RefusedError, match="has a pot"):
        add_pot(cycle, CityFactory(), name="x", amount_minor=1, by=by)
    assert (cycle.phases.count(), cycle.pots.count()) == (2, 1)


def test_an_open_cycle_takes_no_more_phases_and_pots():
    by = administrator()
    cycle = opened(draft_cycle(by=by))
    now = db_now()
    with pytest.raises(RefusedError, match="fixed"):
        add_phase(cycle, PhaseKind.PROPOSING, starts_at=now, ends_at=now + timedelta(days=1), by=by)
    with pytest.raises(RefusedError, match="fixed"):
        add_pot(cycle, NeighborhoodFactory(), name="x", amount_minor=1, by=by)


def test_the_roll_has_everyone_with_a_confirmed_home_that_day_once():
    cycle, by = draft_cycle(), administrator()
    here = ResidencyFactory()
    ResidencyFactory(proof="", proved_at=None)
    ResidencyFactory(until=date(2025, 12, 31))
    ResidencyFactory(since=date(2026, 1, 2))
    assert fill_roll(cycle, by=by).added == 1
    assert fill_roll(cycle, by=by).added == 0
    entry = RollEntry.objects.get()
    assert (entry.claimed_by, entry.place) == (here.user, here.neighborhood)
    # A key of a fixed length and no number: what digits are in it says nothing of the person.
    assert re.fullmatch("[0-9a-f]{64}", entry.person_key)


def test_the_roll_does_not_grow_once_voting_is_over():
    cycle, _ = running_cycle()
    ResidencyFactory()
    end_voting(cycle)
    with pytest.raises(RefusedError, match="can no longer change"):
        fill_roll(cycle)
    assert cycle.roll.count() == 1


def test_one_person_has_another_key_in_every_cycle_and_none_without_the_secret(settings):
    one, other = draft_cycle(), draft_cycle()
    assert person_key(one, "7") == person_key(one, "7")
    assert len({person_key(one, "7"), person_key(other, "7"), person_key(one, "8")}) == 3
    settings.PERSON_KEY_SECRET = ""
    with pytest.raises(ImproperlyConfigured):
        person_key(one, "7")


def submitted(**project):
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=())
    proposal = submit_proposal(ProjectFactory(**project), cycle.pots.get(), by=by)
    return cycle, proposal, by


def test_a_proposal_is_reviewed_and_put_on_the_ballot_at_its_cost():
    _cycle, proposal, by = submitted(cost_minor=123_456)
    proposal = reviewed(proposal, by=by)
    option = put_on_ballot(proposal, by=by)
    assert (option.cost_minor, option.position, option.name) == (
        123_456,
        0,
        proposal.project.title,
    )
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.ON_BALLOT


def test_a_refused_proposal_says_why_and_does_not_come_on_the_ballot():
    _, proposal, by = submitted()
    with pytest.raises(RefusedError, match="Say why"):
        give_review(proposal, feasible=False, by=by)
    proposal = reviewed(proposal, feasible=False, by=by, reason="The bridge is listed.")
    assert (proposal.state, proposal.reason) == ("not_feasible", "The bridge is listed.")
    with pytest.raises(Exception, match="no move leads"):
        put_on_ballot(proposal, by=by)
    assert not proposal.cycle.options.exists()


def test_nobody_reviews_their_own_project():
    by = administrator()
    cycle = draft_cycle(by=by)
    proposal = submit_proposal(ProjectFactory(proposer=by), cycle.pots.get(), by=by)
    with pytest.raises(RefusedError, match="Somebody else"):
        give_review(proposal, feasible=True, by=by)


def test_a_project_enters_a_cycle_once_in_a_pot_of_its_place_and_when_it_is_public():
    cycle, proposal, by = submitted()
    pot = cycle.pots.get()
    with pytest.raises(RefusedError, match="in the cycle already"):
        submit_proposal(proposal.project, pot, by=by)
    elsewhere = add_pot(cycle, NeighborhoodFactory(), name="N", amount_minor=1, by=by)
    with pytest.raises(RefusedError, match="is for projects in"):
        submit_proposal(ProjectFactory(), elsewhere, by=by)
    with pytest.raises(RefusedError, match="public first"):
        submit_proposal(ProjectFactory(state=ProjectState.DRAFT), pot, by=by)
    with pytest.raises(RefusedError, match="Only those who write"):
        submit_proposal(ProjectFactory(), pot, by=UserFactory())
    assert cycle.proposals.count() == 1


def test_a_project_without_a_cost_gets_no_line_on_the_ballot():
    _, proposal, by = submitted()
    CostLine.objects.all()._raw_delete("default")
    proposal = reviewed(proposal, by=by)
    with pytest.raises(RefusedError, match="what it costs"):
        put_on_ballot(proposal, by=by)
    assert put_on_ballot(proposal, by=by, cost_minor=5).cost_minor == 5


def test_nothing_enters_once_voting_has_begun():
    by = administrator()
    drafted = draft_cycle(by=by)
    late = submit_proposal(ProjectFactory(), drafted.pots.get(), by=by)
    late = reviewed(late, by=by)
    voters(drafted, 1, by=by)
    cycle = opened(drafted)
    with pytest.raises(RefusedError, match="Voting has begun"):
        put_on_ballot(late, by=by)
    with pytest.raises(RefusedError, match="Voting has begun"):
        submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    assert cycle.options.count() == 3
