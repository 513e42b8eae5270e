"""What the page of a ballot says of drafts: whose they are, and for which ballot."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from budgeting.models import Option, RollEntry
from budgeting.selectors import ballot_status, draft_place
from tests.factories.budgeting import (
    cast_positions,
    draft_cycle,
    end_voting,
    running_cycle,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db


def place(cycle, person):
    entry = RollEntry.objects.get(cycle=cycle, claimed_by=person)
    return draft_place(cycle, entry, ballot_status(cycle, entry))


def told(client, cycle):
    """The attributes that the page gives its script, by their names."""
    text = client.get(reverse("ballot", args=[cycle.slug])).content.decode()
    return dict(re.findall(r'data-(draft-?[a-z]*)="([^"]*)"', text))


def test_each_voter_has_another_name_for_it_in_each_cycle(settings):
    first, people = running_cycle(2)
    second, [other] = running_cycle(1)
    names = {place(first, people[0]).owner, place(first, people[1]).owner}
    names.add(place(second, other).owner)
    assert len(names) == 3
    assert place(first, people[0]).owner in names
    settings.SECRET_KEY = "another"
    assert place(first, people[0]).owner not in names


def test_a_draft_is_for_one_ballot_and_one_cast():
    cycle, people = running_cycle(2)
    before = place(cycle, people[0]).made_for
    assert place(cycle, people[0]).made_for == before == place(cycle, people[1]).made_for
    cast_positions(cycle, people[0], [0])
    after = place(cycle, people[0]).made_for
    cast_positions(cycle, people[0], [0])
    assert len({before, after, place(cycle, people[0]).made_for}) == 3
    assert place(cycle, people[1]).made_for == before


@pytest.mark.parametrize(
    "change",
    [
        lambda cycle: setattr(cycle, "rule", "greedy_stop"),
        lambda cycle: setattr(cycle, "rule_parameters", {"threshold": 2}),
        lambda cycle: cycle.pots.update(max_options=2),
        lambda cycle: cycle.pots.update(amount_minor=4),
        lambda cycle: Option.objects.filter(cycle=cycle, position=0).update(name="Another"),
        lambda cycle: Option.objects.filter(cycle=cycle, position=0).update(cost_minor=7),
    ],
)
def test_other_rules_or_options_are_another_ballot(change):
    cycle = draft_cycle()
    entry = RollEntry(pk=1, cycle=cycle, place=NeighborhoodFactory())
    before = draft_place(cycle, entry, ballot_status(cycle, entry)).made_for
    change(cycle)
    assert draft_place(cycle, entry, ballot_status(cycle, entry)).made_for != before


def test_the_page_tells_its_script_while_one_can_vote(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    kept = place(cycle, person)
    found = told(client, cycle)
    assert (found["draft"], found["draft-for"]) == (kept.owner, kept.made_for)
    assert int(found["draft-until"]) == int(cycle.voting_ends_at.timestamp() * 1000)
    assert found["draft-in"] == "device"
    end_voting(cycle)
    assert told(client, cycle) == {"draft-over": kept.owner}


def test_whoever_only_looks_is_told_nothing(client):
    cycle, _ = running_cycle()
    assert told(client, cycle) == {}
    client.force_login(UserFactory())
    assert told(client, cycle) == {}


def test_a_cast_says_that_the_draft_is_over(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    pot = cycle.pots.get()
    option = Option.objects.filter(pot=pot).first().code
    answer = client.post(reverse("ballot", args=[cycle.slug]), {f"pot-{pot.pk}": option})
    assert f'data-draft-over="{place(cycle, person).owner}"' in answer.content.decode()


def test_a_page_with_a_ballot_is_kept_by_no_cache(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    assert "no-store" in client.get(reverse("ballot", args=[cycle.slug]))["Cache-Control"]
