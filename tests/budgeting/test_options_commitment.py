"""What stands on the ballots comes into the chain of the board before any ballot does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from budgeting.domain.board import OnBallots, chain_of
from budgeting.domain.bundle import pot_record
from budgeting.domain.pot_checks import options_digest
from budgeting.models import Board, Option, OptionsCommitment
from budgeting.selectors import board_lines
from budgeting.services.closing import close_cycle
from budgeting.services.cycles import add_pot
from budgeting.services.inputs import read_inputs
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    cast_positions,
    draft_cycle,
    end_voting,
    extended,
    opened,
    running_cycle,
    voters,
)
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db

ODD = 'Bäume "am" \\ Fluss\n\t\x07\x7f € 🌳 \u2028'


def digest_found(cycle):
    """What the verifiers make of the options."""
    pots = []
    for pot in cycle.pots.all():
        pots.append(pot_record(pot.pk, pot.name, read_inputs(cycle, pot).election, {}, ""))
    return options_digest(pots)


def refused(cycle):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        OptionsCommitment.objects.create(cycle=cycle)
    return str(refusal.value)


def test_the_first_cast_commits_to_the_options_as_the_verifiers_read_them():
    draft = draft_cycle()
    add_pot(draft, NeighborhoodFactory(), name="Nothing yet", amount_minor=1, by=administrator())
    Option.objects.filter(cycle=draft, position=0).update(name=ODD)
    Option.objects.filter(cycle=draft, position__gt=0).update(exclusion_group='A "site"')
    people = voters(draft, 2)
    cycle = opened(draft)
    assert not OptionsCommitment.objects.filter(cycle=cycle).exists()
    for person in people:
        cast_positions(cycle, person, [0])
    made = OptionsCommitment.objects.get(cycle=cycle)
    assert (made.sha256, made.extensions) == (digest_found(cycle), 0)
    board = Board.objects.get(pk=cycle.pk)
    chained = chain_of(board.first, board_lines(board), (), OnBallots(made.sha256, 0))
    assert chained[1] == board.head


def test_the_board_shows_what_it_commits_to_and_asks_to_note_it(client):
    cycle, [person] = running_cycle(1)
    page = reverse("board", args=[cycle.slug])
    assert "Options, costs and groups" not in client.get(page).content.decode()
    cast_positions(cycle, person, [0])
    shown = client.get(page).content.decode()
    assert OptionsCommitment.objects.get(cycle=cycle).sha256 in shown
    assert "Note the head" in shown
    end_voting(cycle)
    close_cycle(cycle)
    assert "Note the root" in client.get(page).content.decode()


def test_an_extension_before_voting_begins_comes_before_the_options():
    cycle, [person] = running_cycle(1, voting_starts_in=timedelta(minutes=30))
    extended(cycle, timedelta(hours=1))
    begin_voting(cycle)
    cycle.refresh_from_db()
    cast_positions(cycle, person, [0])
    assert OptionsCommitment.objects.get(cycle=cycle).extensions == 1


def test_a_vote_without_any_cast_commits_at_its_close():
    cycle, _people = running_cycle(1)
    end_voting(cycle)
    close_cycle(cycle)
    assert OptionsCommitment.objects.get(cycle=cycle).sha256 == digest_found(cycle)


def test_the_database_commits_once_in_time_and_by_itself():
    cycle, _people = running_cycle(1, voting_starts_in=timedelta(minutes=30))
    assert "once voting begins" in refused(cycle)
    begin_voting(cycle)
    made = OptionsCommitment.objects.create(cycle=cycle, sha256="0" * 64, extensions=7)
    made.refresh_from_db()
    assert (made.sha256, made.extensions) == (digest_found(cycle), 0)
    assert "optionscommitment_pkey" in refused(cycle)
    for change in (made.delete, lambda: OptionsCommitment.objects.update(sha256="1" * 64)):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert OptionsCommitment.objects.get(cycle=cycle).sha256 == digest_found(cycle)


def test_nothing_is_committed_to_once_a_ballot_is_on_the_board_or_in_a_draft():
    assert "once voting begins" in refused(draft_cycle())
    cycle, [person] = running_cycle(1)
    cast_positions(cycle, person, [0])
    assert "before any" in refused(cycle)
