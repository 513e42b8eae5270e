from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Option, Proposal
from budgeting.selectors import ballot_desk, results_of
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_pot
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import group_options, put_all_on_ballot, submit_proposal
from budgeting.services.reviews import Estimate, give_review
from civicfund.projects.models import CostLine
from tests.budgeting.test_supports import HOUR, supported, supporting_draft
from tests.factories.budgeting import (
    add_options,
    administrator,
    cast_positions,
    draft_cycle,
    end_voting,
    open_by_trustees,
    opened,
    publish_now,
    running_cycle,
    voters,
)
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def desk_of(cycle):
    return reverse("ballot_desk", args=[cycle.slug])


def feasible_cycle(proposals=3):
    cycle, made = reviewing_cycle(proposals)
    for number, proposal in enumerate(made, start=1):
        cost = Estimate(number, number * 100, number * 1_000)
        give_review(proposal, feasible=True, cost=cost, by=reviewer())
    publish_now(cycle, by=administrator())
    return cycle, made


def test_feasible_proposals_come_on_the_ballot_in_bulk_at_what_their_review_found(client):
    cycle, made = feasible_cycle()
    sign_in_with_second_factor(client, administrator())
    [pot] = client.get(desk_of(cycle)).context["pots"]
    assert [row.cost_minor for row in pot.feasible] == [100, 200, 300]
    assert client.post(desk_of(cycle), {"act": "put"}).status_code == 400
    first, second, _third = (each.pk for each in made)
    chosen = {"act": "put", "proposals": [second, first]}
    assert client.post(desk_of(cycle), chosen).status_code == 302
    assert list(cycle.options.values_list("cost_minor", flat=True)) == [100, 200]
    [pot] = client.get(desk_of(cycle)).context["pots"]
    assert ([row.proposal for row in pot.feasible], len(pot.options)) == ([made[2]], 2)


def test_in_bulk_all_come_on_the_ballot_or_none(client):
    cycle, (one, two) = feasible_cycle(2)
    late = submit_proposal(ProjectFactory(), cycle.pots.get(), by=administrator())
    with pytest.raises(RefusedError, match="is not feasible"):
        put_all_on_ballot(cycle, [one, late], by=administrator())
    CostLine.objects.all()._raw_delete("default")
    elsewhere, [other] = feasible_cycle(1)
    with pytest.raises(RefusedError, match="is not feasible"):
        put_all_on_ballot(cycle, [one, two, other], by=administrator())
    with pytest.raises(PermissionDenied):
        put_all_on_ballot(cycle, [one], by=reviewer())
    assert not Option.objects.filter(cycle__in=[cycle, elsewhere]).exists()
    states = Proposal.objects.filter(pk__in=[one.pk, two.pk]).values_list("state", flat=True)
    assert set(states) == {"feasible"}


def test_without_any_cost_a_proposal_cannot_be_chosen_at_the_desk(client):
    cycle, [proposal] = reviewing_cycle()
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    CostLine.objects.all()._raw_delete("default")
    sign_in_with_second_factor(client, administrator())
    assert "nobody says what it costs" in client.get(desk_of(cycle)).content.decode()
    answer = client.post(desk_of(cycle), {"act": "put", "proposals": [proposal.pk]})
    assert answer.status_code == 400
    assert "does not say what it costs" in answer.content.decode()
    assert not cycle.options.exists()


def test_the_desk_says_who_is_short_of_supports_by_how_much_and_lets_nobody_tick_it(client):
    cycle = opened(supporting_draft(needed=3))
    short, enough = supported(cycle, 1), supported(cycle, 3)
    sign_in_with_second_factor(client, administrator())
    page = client.get(desk_of(cycle)).content.decode()
    assert "A project needs 3 supports to come on this ballot" in page
    assert "1 of 3 supports" in page
    assert "2 missing" in page
    assert f'value="{short.pk}" disabled' in page
    assert f'value="{enough.pk}" checked' in page


@pytest.mark.parametrize("state", ["draft", "open"])
def test_until_supports_are_counted_nothing_can_be_ticked(client, state):
    cycle = supporting_draft(needed=1, ends_in=HOUR)
    cycle = opened(cycle) if state == "open" else cycle
    proposal = supported(cycle, 2)
    sign_in_with_second_factor(client, administrator())
    page = client.get(desk_of(cycle)).content.decode()
    assert "2 of 1 support" in page
    assert "counted on" in page
    assert f'value="{proposal.pk}" disabled' in page


def test_a_refusal_names_everything_that_is_refused_and_keeps_what_was_ticked(client):
    cycle = opened(supporting_draft(needed=2))
    one, two = supported(cycle, 2), supported(cycle, 2)
    short, shorter = supported(cycle, 1), supported(cycle)
    sign_in_with_second_factor(client, administrator())
    chosen = {"act": "put", "pot": one.pot_id, "proposals": [one.pk, short.pk, shorter.pk]}
    answer = client.post(desk_of(cycle), chosen)
    assert answer.status_code == 400
    told = answer.context["sent"].non_field_errors()
    assert [str(short.project) in told[0], str(shorter.project) in told[1]] == [True, True]
    page = answer.content.decode()
    assert f'value="{one.pk}" checked' in page
    assert f'value="{two.pk}">' in page
    assert f'value="{short.pk}" disabled' in page
    assert not cycle.options.exists()
    assert client.post(desk_of(cycle), chosen | {"proposals": [one.pk]}).status_code == 302
    assert list(cycle.options.values_list("proposal", flat=True)) == [one.pk]


def test_a_form_that_was_sent_with_nothing_ticked_comes_back_with_nothing_ticked(client):
    cycle, made = feasible_cycle(2)
    sign_in_with_second_factor(client, administrator())
    answer = client.post(desk_of(cycle), {"act": "put", "pot": made[0].pot_id})
    assert (answer.status_code, answer.context["ticked"]) == (400, set())


def test_a_group_is_made_and_let_go_at_the_desk_and_stands_on_the_ballot(client):
    cycle = draft_cycle()
    first, second, third = cycle.options.order_by("position")
    sign_in_with_second_factor(client, administrator())

    def group(name, *options):
        given = {"act": "group", "name": name, "options": [each.pk for each in options]}
        return client.post(desk_of(cycle), given).status_code

    def groups():
        return list(cycle.options.order_by("position").values_list("exclusion_group", flat=True))

    assert group("Market", first) == 400
    assert groups() == ["", "", ""]
    assert group("Market", first, second, third) == 302
    assert group("", first, second) == 400
    assert groups() == ["Market"] * 3
    assert group("", third) == 302
    assert groups() == ["Market", "Market", ""]
    page = client.get(reverse("ballot", args=[cycle.slug])).content.decode()
    assert page.count("of this group at most one is funded") == 2
    api = client.get(reverse("api_cycle", args=[cycle.slug])).json()
    assert [each["group"] for each in api["pots"][0]["options"]] == ["Market", "Market", ""]


def test_a_group_is_of_one_pot_and_fixed_once_voting_has_begun():
    cycle, by = draft_cycle(), administrator()
    pot = add_pot(cycle, NeighborhoodFactory(), name="North", amount_minor=5, by=by)
    add_options(pot, [1], by=by)
    for options in (Option.objects.filter(cycle=cycle), []):
        with pytest.raises(RefusedError, match="of one pot"):
            group_options(cycle, options, name="Both", by=by)
    with pytest.raises(PermissionDenied):
        group_options(cycle, cycle.options.all(), name="Both", by=reviewer())
    running, _ = running_cycle()
    with pytest.raises(RefusedError, match="Voting has begun"):
        group_options(running, running.options.all(), name="Late", by=by)
    assert not Option.objects.exclude(exclusion_group="").exists()


@pytest.mark.parametrize("grouped", [True, False])
def test_of_a_group_at_most_one_is_funded(grouped):
    cycle = draft_cycle(amount_minor=600_000)
    either = cycle.options.order_by("position")[1:]
    if grouped:
        group_options(cycle, list(either), name="Either", by=administrator())
    people = voters(cycle, 3)
    cycle = opened(cycle)
    for person, positions in zip(people, [[1, 2], [1, 2], [0]], strict=True):
        cast_positions(cycle, person, positions)
    end_voting(cycle)
    count_cycle(open_by_trustees(close_cycle(cycle)))
    [result] = results_of(cycle)
    won = {each.option.position for each in result.winners}
    assert won in ([{0, 1}, {0, 2}] if grouped else [{0, 1, 2}])


def test_the_desk_counts_supports_of_three_proposals_with_as_many_questions_as_of_one():
    counts = []
    for number in (1, 3):
        cycle = opened(supporting_draft(needed=2))
        made = [supported(cycle, people) for people in range(number)]
        with CaptureQueriesContext(connection) as queries:
            [pot] = ballot_desk(cycle)
        assert [row.proposal for row in pot.feasible] == made
        assert [row.supports.people for row in pot.feasible if row.supports] == [*range(number)]
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_desk_asks_as_much_for_three_proposals_as_for_one(client):
    sign_in_with_second_factor(client, administrator())
    counts = []
    for number in (1, 3):
        cycle, made = feasible_cycle(2 * number)
        put_all_on_ballot(cycle, made[:number], by=administrator())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(desk_of(cycle)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
