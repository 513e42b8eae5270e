"""Every kind of ballot: cast on the page and over the API, refused with the reason, counted."""

from __future__ import annotations

import pytest
from django.urls import reverse

from budgeting.enums import BallotKind
from budgeting.models import OpenedBallot, Participation, SealedBallot, Tally
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.errors import BallotRefusedError
from budgeting.services.results import certify, publish
from budgeting.templatetags.ballots import binding_rule, tally_rule
from tests.budgeting.test_pages import page_of, text_of
from tests.factories.budgeting import (
    administrator,
    certifier,
    codes,
    draft_cycle,
    end_voting,
    in_urn,
    open_by_trustees,
    opened,
    voters,
)

pytestmark = pytest.mark.django_db

NAMES = ("Trees", "Bench", "Lights", "Café")
COSTS = (300_000, 200_000, 200_000, 100_000)
CYCLES = {
    "approval": {"max_options": 2},
    "choose_one": {},
    "knapsack": {},
    "cumulative": {"rule": "greedy_points", "max_sum_points": 10, "max_points": 6},
    "scoring": {"rule": "equal_shares_points_add1", "min_points": 1, "max_points": 5},
    "ranking": {"rule": "greedy_borda", "max_options": 3},
}


def cycle_of(kind, people=1, **options):
    by = administrator()
    given = CYCLES[kind] | options
    cycle = draft_cycle(by=by, kind=BallotKind(kind), costs_minor=COSTS, **given)
    for option, name in zip(cycle.options.order_by("position"), NAMES, strict=True):
        cycle.options.filter(pk=option.pk).update(name=name)
    residents = voters(cycle, people, by=by)
    return opened(cycle), residents


def choice(pot, positions, points=None):
    """A choice by positions; what is no number stands for itself."""
    named = codes(pot)
    options = [named[each] if isinstance(each, int) else each for each in positions]
    return Choice(options, points)


RIGHT = [
    ("approval", [3, 0], None, {"options": [0, 3], "points": None}),
    ("choose_one", [2], None, {"options": [2], "points": None}),
    ("knapsack", [1, 0], None, {"options": [0, 1], "points": None}),
    ("cumulative", [2, 0], [4, 6], {"options": [0, 2], "points": [6, 4]}),
    ("cumulative", [1], [1], {"options": [1], "points": [1]}),
    ("scoring", [3, 0, 1, 2], [1, 5, 5, 5], {"options": [0, 1, 2, 3], "points": [5, 5, 5, 1]}),
    ("ranking", [2, 0, 3], None, {"options": [2, 0, 3], "points": None}),
]
WRONG = [
    ("approval", [0, 1, 2], None, "You chose 3; this pot allows 2 projects.", None),
    ("choose_one", [0, 1], None, "You chose 2; this pot allows 1 project.", None),
    ("knapsack", [0, 1, 3], None, "Your choice costs €1,000 more than there is in", None),
    ("cumulative", [0, 1], [6, 5], "You gave 11 points and have 10.", None),
    ("cumulative", [0, 1], [1, 7], "“Bench” cannot get 7; the most is 6.", 1),
    ("cumulative", [0, 1], [1, 0], "“Bench” cannot get 0; the least is 1.", 1),
    ("cumulative", [0, 1], [1, -3], "“Bench” cannot get -3; the least is 1.", 1),
    ("cumulative", [0], [2**70], "“Trees” cannot get 1180591620717411303424; the most is 6.", 0),
    ("cumulative", [0], [float("nan")], "What you gave to “Trees” is not a whole number.", 0),
    ("cumulative", [0], [1.5], "What you gave to “Trees” is not a whole number.", 0),
    ("cumulative", [0], [True], "What you gave to “Trees” is not a whole number.", 0),
    ("cumulative", [0], ["two"], "What you gave to “Trees” is not a whole number.", 0),
    ("cumulative", [0, 1], [3], "Give points to every project that you name.", None),
    ("cumulative", [0, 1], None, "Give points to every project that you name.", None),
    ("cumulative", [0, 0], [1, 1], "You named “Trees” twice.", 0),
    ("cumulative", ["x"], [1], "Something you chose is not on the ballot of this pot.", None),
    ("scoring", [2], [6], "“Lights” cannot get 6; the most is 5.", 2),
    ("scoring", [2], [0], "“Lights” cannot get 0; the least is 1.", 2),
    ("ranking", [0, 1, 2, 3], None, "You chose 4; this pot allows 3 projects.", None),
    ("ranking", [0, 1, 0], None, "You named “Trees” twice.", 0),
    ("ranking", [0, "", 1], None, "Rank 2 is empty. Fill the ranks from the first one on.", None),
    ("ranking", [0], [1], "This ballot takes no points.", None),
]


@pytest.mark.parametrize(("kind", "positions", "points", "kept"), RIGHT)
def test_a_ballot_of_each_kind_is_kept_as_it_was_cast(kind, positions, points, kept):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    cast(cycle, person, {pot.pk: choice(pot, positions, points)})
    assert in_urn(cycle) == [{str(pot.pk): kept}]
    end_voting(cycle)
    assert open_by_trustees(close_cycle(cycle)).void_ballots == 0
    assert list(OpenedBallot.objects.values("options", "points")) == [kept]


@pytest.mark.parametrize(("kind", "positions", "points", "words", "about"), WRONG)
def test_a_limit_is_refused_with_its_reason_and_nothing_moves(
    kind, positions, points, words, about
):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    with pytest.raises(BallotRefusedError) as refusal:
        cast(cycle, person, {pot.pk: choice(pot, positions, points)})
    assert refusal.value.by_pot[pot.pk].startswith(words)
    expected = {} if about is None else {pot.pk: codes(pot)[about]}
    assert refusal.value.options == expected
    assert Participation.objects.count() == SealedBallot.objects.count() == 0


@pytest.mark.parametrize(("kind", "positions", "points", "kept"), RIGHT)
def test_a_ballot_of_each_kind_is_cast_over_the_api(client, kind, positions, points, kept):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    client.force_login(person)
    given = choice(pot, positions, points)
    answer = client.put(
        reverse("api_ballot", args=[cycle.slug]),
        {"pots": [{"pot": pot.pk, "options": given.options, "points": given.points}]},
        content_type="application/json",
    )
    assert answer.status_code == 201
    assert in_urn(cycle) == [{str(pot.pk): kept}]
    [told] = client.get(reverse("api_cycle", args=[cycle.slug])).json()["pots"]
    assert told["max_sum_points"] == CYCLES[kind].get("max_sum_points")
    assert told["max_points"] == CYCLES[kind].get("max_points")


@pytest.mark.parametrize(
    ("kind", "options", "points", "words", "about"),
    [
        ("cumulative", [0, 1], [6, 5], "You gave 11 points and have 10.", None),
        ("scoring", [2], [6], "“Lights” cannot get 6; the most is 5.", 2),
        ("ranking", [0, 1, 0], None, "You named “Trees” twice.", 0),
    ],
)
def test_the_api_says_what_is_wrong_with_which_option(client, kind, options, points, words, about):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    client.force_login(person)
    given = choice(pot, options, points)
    answer = client.put(
        reverse("api_ballot", args=[cycle.slug]),
        {"pots": [{"pot": pot.pk, "options": given.options, "points": given.points}]},
        content_type="application/json",
    )
    expected = {"detail": "The ballot was not cast.", "pots": {str(pot.pk): words}}
    if about is not None:
        expected["options"] = {str(pot.pk): codes(pot)[about]}
    assert (answer.status_code, answer.json()) == (400, expected)
    assert SealedBallot.objects.count() == 0


def form_of(kind, pot, positions, points):
    """What the page's form would send."""
    given = choice(pot, positions)
    if points is None:
        return {f"pot-{pot.pk}": given.options}
    texts = dict.fromkeys(codes(pot), "") | dict(zip(given.options, points, strict=True))
    return {f"pot-{pot.pk}-points-{code}": str(point) for code, point in texts.items()}


@pytest.mark.parametrize(("kind", "positions", "points", "kept"), RIGHT)
def test_a_ballot_of_each_kind_is_cast_on_the_page(client, kind, positions, points, kept):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    client.force_login(person)
    answer = client.post(page_of("ballot", cycle), form_of(kind, pot, positions, points))
    assert answer.status_code == 200
    assert "Your receipt" in answer.content.decode()
    assert in_urn(cycle) == [{str(pot.pk): kept}]


@pytest.mark.parametrize(
    ("kind", "positions", "points", "words", "shown"),
    [
        ("cumulative", [0, 1], ["6", "5"], "You gave 11 points and have 10.", ['value="6"']),
        ("cumulative", [1], ["many"], "gave to “Bench” is not a whole number", ['value="many"']),
        ("cumulative", [1], ["9" * 19], "gave to “Bench” is not a", [f'value="{"9" * 19}"']),
        ("cumulative", [1], ['"><b>'], "is not a whole number", ["&quot;&gt;&lt;b&gt;"]),
        ("scoring", [1], ["9"], "“Bench” cannot get 9; the most is 5.", ['value="9" selected']),
    ],
)
def test_the_page_keeps_refused_points_and_leads_to_them(
    client, kind, positions, points, words, shown
):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    client.force_login(person)
    answer = client.post(page_of("ballot", cycle), form_of(kind, pot, positions, points))
    page = text_of(answer)
    assert answer.status_code == 400
    assert words in page
    assert all(each in page for each in shown)
    if len(positions) == 1:
        field = f"pot-{pot.pk}-points-{codes(pot)[positions[0]]}"
        assert f'<a href="#{field}">' in page
        assert f'name="{field}"' in page
        assert page.count('aria-invalid="true"') == 1
    assert Participation.objects.count() == SealedBallot.objects.count() == 0


def test_the_page_keeps_a_refused_ranking_also_its_empty_ranks(client):
    cycle, [person] = cycle_of("ranking")
    pot = cycle.pots.get()
    first, second, *_ = codes(pot)
    client.force_login(person)
    answer = client.post(page_of("ballot", cycle), {f"pot-{pot.pk}": [first, "", second]})
    page = text_of(answer)
    assert answer.status_code == 400
    assert "Rank 2 is empty." in page
    assert page.count("<select") == 3
    assert page.count(" selected") == 2
    assert SealedBallot.objects.count() == 0


def test_points_that_are_left_empty_or_zero_name_nothing(client):
    cycle, [person] = cycle_of("cumulative")
    pot = cycle.pots.get()
    client.force_login(person)
    answer = client.post(
        page_of("ballot", cycle), form_of("cumulative", pot, [0, 1, 2], ["0", " 3 ", "00"])
    )
    assert answer.status_code == 200
    assert "Your receipt" in answer.content.decode()
    assert in_urn(cycle) == [{str(pot.pk): {"options": [1], "points": [3]}}]


def test_a_ballot_with_nothing_on_it_is_not_cast(client):
    for kind in ("cumulative", "scoring", "ranking"):
        cycle, [person] = cycle_of(kind)
        pot = cycle.pots.get()
        client.force_login(person)
        for given in ({}, form_of(kind, pot, [], []), {f"pot-{pot.pk}": ["", ""]}):
            answer = client.post(page_of("ballot", cycle), given)
            assert answer.status_code == 400
            assert "Choose at least one project." in text_of(answer)
    assert SealedBallot.objects.count() == 0


def test_points_of_made_up_pots_and_options_are_refused(client):
    cycle, [person] = cycle_of("cumulative")
    pot = cycle.pots.get()
    client.force_login(person)
    for name in (f"pot-{pot.pk}-points-x", "pot-99-points-1", f"pot-{pot.pk}-points-\0"):
        assert client.post(page_of("ballot", cycle), {name: "3"}).status_code == 400
    assert SealedBallot.objects.count() == 0


COUNTED = {
    "cumulative": ([([0], [6]), ([1, 3], [5, 5]), ([1], [6])], {0: 6, 1: 11, 2: 0, 3: 5}),
    "scoring": ([([0, 1], [5, 1]), ([1, 2], [5, 4]), ([1], [5])], {0: 5, 1: 11, 2: 4, 3: 0}),
    # Four options: the first of a ranking gets 4 points, the second 3, the third 2.
    "ranking": ([([0, 1], None), ([1, 2, 0], None), ([1], None)], {0: 6, 1: 11, 2: 3, 3: 0}),
}


@pytest.mark.parametrize("kind", COUNTED)
def test_points_and_ranks_are_counted_by_the_rule_that_the_cycle_named(kind):
    votes, support = COUNTED[kind]
    cycle, people = cycle_of(kind, people=len(votes))
    pot = cycle.pots.get()
    for person, (positions, points) in zip(people, votes, strict=True):
        cast(cycle, person, {pot.pk: choice(pot, positions, points)})
    end_voting(cycle)
    count_cycle(open_by_trustees(close_cycle(cycle)))
    tally = Tally.objects.get(binding=True)
    assert tally.rule == CYCLES[kind]["rule"]
    assert tally.support == {codes(pot)[place]: sum_ for place, sum_ in support.items()}
    assert tally.outcome["selected"][0] == codes(pot)[1]
    assert cycle.rule_parameters.items() <= tally.parameters.items()


def test_results_and_rounds_tell_the_rule_as_the_ballot_did(client):
    cycle, [person] = cycle_of("ranking")
    pot = cycle.pots.get()
    told = binding_rule(cycle)
    cast(cycle, person, {pot.pk: choice(pot, [2, 1])})
    end_voting(cycle)
    count_cycle(open_by_trustees(close_cycle(cycle)))
    cycle.refresh_from_db()
    publish(certify(cycle, by=certifier()), by=certifier())
    assert told in text_of(client.get(page_of("results", cycle)))
    assert tally_rule(Tally.objects.get(binding=True), cycle.currency) == told


def test_twenty_ranks_of_many_projects_can_be_chosen_and_keep_markup_as_text(client):
    cycle = draft_cycle(
        kind=BallotKind.RANKING, rule="greedy_borda", max_options=20, costs_minor=[1000] * 30
    )
    cycle.options.filter(position=0).update(name='"><script>')
    pot = cycle.pots.get()
    page = text_of(client.get(page_of("ballot", opened(cycle))))
    assert page.count("<select") == 20
    assert page.count(f'<option value="{codes(pot)[0]}">') == 20
    assert "<script>" not in page.split("<form", 1)[1].split("</form>")[0]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("approval", "The project with the most votes is funded first"),
        ("cumulative", "The project with the most points is funded first"),
        (
            "scoring",
            "everybody's share is raised by €1 and the count is made again; that ends once",
        ),
        ("ranking", "as many points from you as there are projects on the ballot"),
    ],
)
def test_the_binding_rule_is_explained_before_voting(client, kind, words):
    cycle, [person] = cycle_of(kind)
    client.force_login(person)
    for route in ("ballot", "cycle"):
        page = text_of(client.get(page_of(route, cycle))).replace("&#x27;", "'")
        assert words in page
        assert "A project that nobody supports is not funded." in page
        assert "Ties are broken by a lot that was drawn and committed to before" in page


@pytest.mark.parametrize("kind", CYCLES)
def test_no_page_shows_what_was_chosen_on_a_ballot_of_any_kind(client, kind):
    cycle, [person] = cycle_of(kind)
    pot = cycle.pots.get()
    client.force_login(person)
    [(positions, points)] = [(p, q) for k, p, q, _ in RIGHT if k == kind][:1]
    cast(cycle, person, {pot.pk: choice(pot, positions, points)})
    page = text_of(client.get(page_of("ballot", cycle)))
    assert " checked" not in page
    assert " selected" not in page
    assert 'value="6"' not in page or kind == "scoring"
