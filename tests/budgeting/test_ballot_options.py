"""Options are remembered once voting has begun, and nobody sees what another one filled in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from budgeting.models import Cycle, Option
from budgeting.selectors import options_on_ballot
from tests.factories.budgeting import add_options, administrator, codes, running_cycle

pytestmark = pytest.mark.django_db


def ballot_of(client, cycle, person):
    client.force_login(person)
    return client.get(reverse("ballot", args=[cycle.slug])).content.decode()


def test_of_many_voters_the_first_one_reads_the_options(django_assert_num_queries):
    running, _ = running_cycle()
    cycle = Cycle.objects.prefetch_related("phases").get(pk=running.pk)
    first = options_on_ballot(cycle)
    with django_assert_num_queries(0):
        assert options_on_ballot(cycle) is first
    assert [option.code for option in first.of(cycle.pots.get())] == codes(cycle.pots.get())


def test_before_voting_a_new_option_is_on_the_page_at_once(client):
    by = administrator()
    cycle, [person] = running_cycle(by=by, voting_starts_in=timedelta(minutes=5))
    pot = cycle.pots.get()
    assert ballot_of(client, cycle, person).count('type="checkbox"') == 3
    add_options(pot, [50_000], by=by)
    assert ballot_of(client, cycle, person).count('type="checkbox"') == 4


def test_two_votes_never_share_what_is_remembered():
    one, _ = running_cycle()
    other, _ = running_cycle()
    assert options_on_ballot(one) is not options_on_ballot(other)
    mine = set(Option.objects.filter(cycle=other).values_list("pk", flat=True))
    shown = options_on_ballot(other).of(other.pots.get())
    assert {option.pk for option in shown} == mine


@pytest.mark.parametrize("looked_before", [True, False])
def test_what_one_voter_ticked_in_vain_no_other_voter_sees(client, looked_before):
    cycle, [one, other] = running_cycle(2, max_options=1)
    pot = cycle.pots.get()
    if looked_before:
        ballot_of(client, cycle, other)
    client.force_login(one)
    refused = client.post(
        reverse("ballot", args=[cycle.slug]), {f"pot-{pot.pk}": codes(pot)[:2]}
    ).content.decode()
    assert refused.count(" checked") == 2
    assert " checked" not in ballot_of(client, cycle, other)
    assert " checked" not in ballot_of(client, cycle, one)
