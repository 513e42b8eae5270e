from __future__ import annotations

import pytest
from django.urls import reverse

from budgeting.models import Participation, SealedBallot
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    certifier,
    codes,
    draft_cycle,
    end_voting,
    running_cycle,
)
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def address(route, cycle):
    return reverse(f"api_{route}", args=[cycle.slug])


def put(client, cycle, *pots):
    return client.put(
        address("ballot", cycle), {"pots": list(pots)}, content_type="application/json"
    )


def test_cycles_are_listed_and_drafts_are_not(client):
    cycle, _ = running_cycle()
    draft_cycle()
    said = client.get(reverse("api_cycles")).json()
    assert [each["slug"] for each in said["results"]] == [cycle.slug]
    assert said["results"][0]["state"] == "open"
    assert said["results"][0]["tie_commitment"] == cycle.tie_commitment
    assert "tie_seed" not in said["results"][0]


def test_a_cycle_says_its_options_and_not_what_was_chosen(client):
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    client.force_login(person)
    put(client, cycle, {"pot": pot.pk, "options": codes(pot)[:1]})
    said = client.get(address("cycle", cycle)).json()
    assert said["voters"] == 1
    [told] = said["pots"]
    assert [option["code"] for option in told["options"]] == codes(pot)
    assert set(told["options"][0]) == {"code", "name", "cost_minor", "group", "project"}


def test_a_ballot_is_cast_and_changed(client):
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    client.force_login(person)
    assert client.get(address("ballot", cycle)).json()["standing"] == "not_cast"
    first = put(client, cycle, {"pot": pot.pk, "options": codes(pot)[:1]})
    assert (first.status_code, first.json()["changed"]) == (201, False)
    second = put(client, cycle, {"pot": pot.pk, "options": codes(pot)[1:]})
    assert (second.status_code, second.json()["changed"]) == (200, True)
    status = client.get(address("ballot", cycle)).json()
    assert status["standing"] == "changed"
    assert status["cast_at"] == second.json()["cast_at"]
    assert status["pots"] == [pot.pk]
    assert "options" not in status


def test_who_is_not_on_the_roll_and_who_is_not_signed_in_are_refused(client):
    cycle, _ = running_cycle()
    pot = cycle.pots.get()
    named = {"pot": pot.pk, "options": codes(pot)[:1]}
    assert put(client, cycle, named).status_code == 403
    client.force_login(UserFactory())
    answer = put(client, cycle, named)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "You are not on the voter roll of this cycle."},
    )
    assert client.get(address("ballot", cycle)).status_code == 403
    assert Participation.objects.count() == 0


def test_after_the_closing_instant_the_answer_is_409(client):
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    client.force_login(person)
    end_voting(cycle)
    answer = put(client, cycle, {"pot": pot.pk, "options": codes(pot)[:1]})
    assert (answer.status_code, answer.json()) == (409, {"detail": "Voting is closed."})
    assert Participation.objects.count() == 0


@pytest.mark.parametrize(
    ("pots", "field"),
    [
        ([], "pots"),
        (None, "pots"),
        ("x", "pots"),
        ([{"pot": "one", "options": []}], "pots"),
        ([{"pot": 0, "options": []}], "pots"),
        ([{"options": []}], "pots"),
        ([{"pot": 1, "options": "x"}], "pots"),
        ([{"pot": 1, "options": [["x"]]}], "pots"),
        ([{"pot": 1, "options": ["x"], "points": [-1]}], "pots"),
        ([{"pot": 1, "options": ["x"], "points": [1e400]}], "pots"),
        ([{"pot": 1, "options": ["x"], "points": ["NaN"]}], "pots"),
        ([{"pot": 1, "options": ["x" * 65]}], "pots"),
        ([{"pot": 1, "options": []}, {"pot": 1, "options": []}], "pots"),
    ],
)
def test_a_malformed_ballot_is_answered_with_the_field(client, pots, field):
    cycle, [person] = running_cycle()
    client.force_login(person)
    body = {} if pots is None else {"pots": pots}
    answer = client.put(address("ballot", cycle), body, content_type="application/json")
    assert answer.status_code == 400
    assert field in answer.json() or "detail" in answer.json()
    assert SealedBallot.objects.count() == 0


def test_a_ballot_that_breaks_its_rules_is_answered_by_pot(client):
    cycle, [person] = running_cycle(max_options=1)
    pot = cycle.pots.get()
    client.force_login(person)
    answer = put(client, cycle, {"pot": pot.pk, "options": codes(pot)})
    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "The ballot was not cast.",
        "pots": {str(pot.pk): "You chose 3; this pot allows 1 project."},
    }
    unknown = put(client, cycle, {"pot": 2**62, "options": ["1"]})
    assert unknown.json()["pots"] == {str(2**62): "You do not vote on this pot."}
    assert SealedBallot.objects.count() == 0


def test_unknown_cycles_are_404(client):
    client.force_login(UserFactory())
    for route in ("cycle", "ballot", "results"):
        assert client.get(reverse(f"api_{route}", args=["nothing"])).status_code == 404


def test_results_are_empty_until_published(client):
    cycle = unsealed([[0], [0, 1]])
    count_cycle(cycle)
    assert client.get(address("results", cycle)).json() == {
        "state": "counted",
        "void_ballots": 0,
        "pots": [],
    }
    certify(cycle, by=certifier())
    publish(cycle, by=certifier())
    said = client.get(address("results", cycle)).json()
    [pot] = said["pots"]
    assert (said["state"], pot["ballots"], pot["spent_minor"]) == ("published", 2, 500_000)
    assert [option["won"] for option in pot["options"]] == [True, True, False]
    assert all(option["reason"] for option in pot["options"])
