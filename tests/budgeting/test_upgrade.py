"""What migrations make of what was before and of what older processes write, and their way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from budgeting.enums import PhaseKind
from budgeting.models import (
    Appeal,
    BallotOmission,
    BallotRemoval,
    KeyingEnd,
    PhaseMove,
    PotChange,
    Proposal,
    Review,
    ReviewTakenBack,
    Rewording,
)
from budgeting.selectors import Change, change_since_review
from budgeting.services.proposals import give_pot, keep_off_ballot, leave_cycle
from budgeting.services.reviews import appeal, give_review
from budgeting.services.rewording import reword
from budgeting.services.taking_back import take_back_review
from civicfund.projects.services import edit_project
from tests.budgeting.test_changing_pots import entered, north, two_pots
from tests.budgeting.test_keying import to_key
from tests.budgeting.test_moving import opened_with
from tests.budgeting.test_off_ballot import before_voting, line, off
from tests.factories.budgeting import administrator, moved
from tests.factories.paper import accounted
from tests.factories.reviews import refused_publicly, reviewer, reviewing_cycle
from tests.migrating import migrate, to_the_newest

pytestmark = [
    pytest.mark.turns,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.usefixtures("newest_again"),
]
BEFORE = [("budgeting", "0039_paper_by_two")]


def test_they_speak_of_the_version_of_their_time():
    _cycle, made = reviewing_cycle(3)
    _never, before, after = made

    def rename(proposal, *titles):
        for title in titles:
            edit_project(proposal.project, by=proposal.project.proposer, title=title)

    rename(before, "A wide bridge", "A narrow bridge")
    for each in made:
        give_review(each, feasible=True, by=reviewer())
    rename(after, "A pavilion")
    migrate(BEFORE)
    to_the_newest()
    found = Review.objects.order_by("proposal").values_list("proposal", "version")
    assert dict(found) == {each.pk: number for each, number in zip(made, (1, 3, 1), strict=True)}
    changes = [change_since_review(Proposal.objects.get(pk=each.pk)) for each in made]
    assert changes == [None, None, Change(seen=1, now=2)]


def taken_out():
    proposal = entered(*two_pots())
    leave_cycle(proposal, by=proposal.project.proposer)


def taken_off():
    cycle, _people = before_voting()
    off(line(cycle, 0))


def test_the_way_back_is_refused_in_words_where_a_review_was_taken_back():
    _cycle, [proposal] = reviewing_cycle()
    given = give_review(proposal, feasible=True, by=reviewer())
    take_back_review(given, reason="It is another cost.", by=given.reviewer)
    with pytest.raises(RuntimeError, match=r"taken back \(1\).* no way back"):
        migrate([("budgeting", "0049_explained_by_older_processes")])
    assert ReviewTakenBack.objects.count() == 1


@pytest.mark.parametrize(
    ("act", "said"), [(taken_out, r"out of a cycle \(1\)"), (taken_off, r"off a ballot \(1\)")]
)
def test_the_way_back_is_refused_in_words_where_something_left_a_cycle_or_a_ballot(act, said):
    act()

    def kept():
        return BallotRemoval.objects.count(), Proposal.objects.filter(state="left").count()

    before = kept()
    with pytest.raises(RuntimeError, match=rf"{said}.* no way back"):
        migrate([("budgeting", "0045_appropriations")])
    assert kept() == before != (0, 0)


def test_the_way_back_is_refused_in_words_where_the_staff_gave_another_pot():
    cycle, place = two_pots()
    give_pot(entered(cycle, place), north(cycle), reason="x", by=administrator())
    with pytest.raises(RuntimeError, match=r"another pot \(1\).* no way back"):
        migrate([("budgeting", "0049_explained_by_older_processes")])
    assert PotChange.objects.count() == 1


def test_the_way_back_is_refused_in_words_where_it_was_said_why_something_is_off_a_ballot():
    cycle, _people = before_voting()
    gone = line(cycle, 0)
    off(gone)
    keep_off_ballot(gone.proposal, reason="x", by=administrator())
    with pytest.raises(RuntimeError, match=r"not put on a ballot \(1\).* no way back"):
        migrate([("budgeting", "0049_explained_by_older_processes")])
    assert BallotOmission.objects.count() == 1


def test_on_the_way_back_an_appeal_of_somebody_who_left_says_something_again():
    _cycle, proposal, _reviewers = refused_publicly()
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    Appeal.objects.update(reason="")
    migrate([("budgeting", "0053_moves_of_phases")])
    assert Appeal.objects.get().reason == "-"


def test_there_is_no_way_back_once_a_phase_was_moved():
    cycle, _ = opened_with()
    made = moved(cycle, PhaseKind.REVIEWING, timedelta(days=1))
    with pytest.raises(RuntimeError, match=r"Phases were moved \(1\).* no way back"):
        migrate([("budgeting", "0045_appropriations")])
    assert PhaseMove.objects.get().to_ends_at == made.to_ends_at


def test_there_is_no_way_back_once_an_open_cycle_is_called_otherwise():
    cycle, _ = opened_with()
    reword(cycle, title="Spring", summary="", reason="A slip.", by=administrator())
    with pytest.raises(RuntimeError, match=r"called otherwise \(1 times\).* no way back"):
        migrate([("budgeting", "0055_reviews_before_voting")])
    assert Rewording.objects.get().title == "Spring"


def test_an_older_process_goes_on_asking_for_reviews_once_the_database_is_newer():
    _cycle, [proposal] = reviewing_cycle()
    older = MigrationLoader(connection).project_state(BEFORE).apps.get_model("budgeting", "Review")
    asked = older.objects.create(proposal_id=proposal.pk, kind="second")
    found = Review.objects.get(pk=asked.pk)
    assert (found.round, found.untold) == (1, "")


def test_an_older_process_goes_on_ending_keying_once_the_database_is_newer():
    cycle, place, _numbers = to_key()
    accounted(place, 0)
    state = MigrationLoader(connection).project_state([("budgeting", "0035_options_on_board")])
    older = state.apps.get_model("budgeting", "KeyingEnd")
    sums = {"sheets": 0, "decided": 0, "void": 0, "by_place": {str(place.pk): 0}}
    older.objects.create(cycle_id=cycle.pk, made_by_id=administrator().pk, **sums)
    assert KeyingEnd.objects.get(pk=cycle.pk).explained == {}
