"""The results page: figures, other rules, the rounds, and what would have made losers win."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from budgeting.domain.explain import Reason
from budgeting.models import Counterfactual, Tally
from budgeting.selectors import results_of, rounds_of
from budgeting.services import losses
from budgeting.services.counting import count_cycle
from budgeting.services.losses import due_to_explain
from budgeting.services.results import certify, publish
from budgeting.tasks import explain_losses
from civicfund.projects.models import Project
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    certifier,
)

pytestmark = pytest.mark.django_db

# Five for the first project (300,000), three of them for the second (200,000), and two for the
# third alone (100,000). The pot has 500,000.
VOTES = [[0], [0], [0, 1], [0, 1], [0, 1], [2], [2]]


def published(votes=VOTES, **cycle):
    counted = unsealed(votes, **cycle)
    count_cycle(counted)
    certify(counted, by=certifier())
    return publish(counted, by=certifier())


def text(answer):
    return " ".join(answer.content.decode().split())


def rounds_page(cycle, query=""):
    return reverse("rounds", args=[cycle.slug, cycle.pots.get().pk]) + query


def test_it_says_what_voters_got():
    (result,) = results_of(published())
    assert [each.option.position for each in result.winners] == [0, 1]
    figures = result.figures
    assert (figures.with_a_winner, figures.with_a_winner_percent) == (5, 71)
    assert (figures.without_percent, round(figures.average_winners, 2)) == (29, 1.14)
    assert [row["value"] for row in result.winners_rows] == [2, 2, 3]


def test_other_rules_are_told_with_who_would_fare_better():
    (result,) = results_of(published())
    by_rule = {other.tally.rule: other for other in result.others}
    shares = by_rule["equal_shares_cost_greedy"]
    assert (shares.selected, shares.spent_minor) == (2, 400_000)
    assert (shares.with_a_winner_percent, shares.prefer_here, shares.prefer_binding) == (100, 2, 3)
    assert "beside_binding" not in result.tally.fairness


def test_money_for_each_voter_is_told_by_neighborhood():
    cycle = published()
    (result,) = results_of(cycle)
    assert result.per_voter == ()  # nobody on the roll lives where a winner is
    home = cycle.roll.first().place
    winner = result.winners[0].option.proposal.project
    Project.objects.filter(pk=winner.pk).update(neighborhood=home)
    (result,) = results_of(cycle)
    voters = cycle.roll.filter(place=home).count()
    assert result.per_voter == ((home.name, Fraction(300_000, voters)),)


def test_the_page_shows_it_all(client):
    cycle = published()
    page = text(client.get(reverse("results", args=[cycle.slug])))
    assert "What voters got" in page
    assert "71&nbsp;%" in page
    assert "The same ballots under other rules" in page
    assert "Phragmén" in page
    assert rounds_page(cycle) in page


@pytest.mark.parametrize("rule", ["greedy", "equal_shares_cost_greedy", "phragmen"])
def test_every_round_has_a_page_with_its_sentence(client, rule):
    cycle = published(rule=rule)
    pot = cycle.pots.get()
    number = rounds_of(pot, 1).number
    assert number >= 2
    for at in range(1, number + 1):
        page = text(client.get(rounds_page(cycle, f"?round={at}")))
        assert f"Round {at} of {number}" in page
        assert ('rel="next"' in page) == (at < number)
        assert ('rel="prev"' in page) == (at > 1)
        assert rounds_of(pot, at).sentence.replace("“", "") != ""
    rows = rounds_of(pot, number).pot_rows
    assert sum(row["value"] for row in rows) == pot.amount_minor


def test_a_round_of_equal_shares_says_who_pays_and_how_near_the_others_are():
    cycle = published(rule="equal_shares_cost")
    rounds = rounds_of(cycle.pots.get(), 1)
    assert rounds.shows_levels
    # 500,000 for seven voters: the supporters of the third have 142,857, and it costs 100,000.
    assert [row["display"] for row in rounds.nearest_rows] == ["142 %", "119 %", "107 %"]
    assert [row["value"] for row in rounds.nearest_rows] == [100, 100, 100]
    name = rounds.options[rounds.current.option].name
    assert rounds.sentence == (
        f"“{name}” is selected: its 5 supporters pay €600 each, and together its cost of €3,000."
    )
    # The five have paid 60,000 each.
    after = rounds_of(cycle.pots.get(), 2)
    assert [row["display"] for row in after.nearest_rows] == ["142 %", "17 %"]
    assert after.pot_rows[0]["value"] == 300_000


@pytest.mark.parametrize(
    "query", ["?round=0", "?round=99", "?round=-1", "?round=x", "?round=1e3", "?round=9999999999"]
)
def test_a_round_that_never_was_is_not_found(client, query):
    assert client.get(rounds_page(published(), query)).status_code == 404


def test_the_rounds_stay_hidden_until_the_outcome_is_published(client):
    cycle = unsealed(VOTES)
    count_cycle(cycle)
    assert client.get(rounds_page(cycle)).status_code == 404
    certify(cycle, by=certifier())
    assert client.get(rounds_page(cycle)).status_code == 404
    other = published()
    wrong = reverse("rounds", args=[other.slug, cycle.pots.get().pk])
    assert client.get(wrong).status_code == 404


def test_a_part_of_the_page_is_enough_for_a_step(client):
    cycle = published()
    part = client.get(rounds_page(cycle, "?round=2"), headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert b"Round 2 of" in part.content
    assert "HX-Request" in part["Vary"]


def test_what_would_have_made_losers_win_is_tried_after_the_count(client):
    cycle = published()
    assert due_to_explain().count() == 1
    explain_losses()
    assert due_to_explain().count() == 0
    (row,) = Counterfactual.objects.all()
    told = [Reason.from_json(each) for each in row.reasons]
    assert [reason.code for reason in told] == ["would_win_with_least"]
    # It has 2 votes and the second project 3; the tie of 3 to 3 falls either way.
    assert told[0].values["supporters"] in (1, 2)
    page = text(client.get(reverse("results", args=[cycle.slug])))
    assert "no fewer" in page
    api = client.get(reverse("api_results", args=[cycle.slug])).json()
    (lost,) = [each for each in api["pots"][0]["options"] if not each["won"]]
    assert len(lost["would_win"]) == 1


def test_it_goes_on_where_it_stopped_and_each_loser_is_tried_once():
    cycle = published(costs_minor=[500_000, 500_000, 500_000, 500_000])
    tally = Tally.objects.get(cycle=cycle, binding=True)
    assert losses.explain_losses(tally, seconds=0) == 1
    assert losses.explain_losses(tally, seconds=60) == 2
    assert losses.explain_losses(tally, seconds=60) == 0
    assert Counterfactual.objects.count() == 3
    with pytest.raises(IntegrityError, match="counterfactual_once"), transaction.atomic():
        Counterfactual.objects.create(tally=tally, code=_first(tally), reasons=[])


def test_what_was_tried_cannot_be_changed():
    published()
    explain_losses()
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        Counterfactual.objects.update(reasons=[])
    assert Counterfactual.objects.get().reasons != []


def _first(tally):
    return tally.counterfactuals.order_by("pk").first().code
