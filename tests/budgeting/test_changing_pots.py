"""Authors ask another pot, or take their project out of a cycle, while proposals are taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from budgeting.enums import PhaseKind
from budgeting.models import Proposal, Review, SupportCount
from budgeting.selectors import ready_verdicts, waiting_reviews
from budgeting.selectors.proposal_files import named_in, proposal_rows
from budgeting.services.cycles import add_phase, add_pot
from budgeting.services.errors import RefusedError
from budgeting.services.forgetting import why_cycles_keep
from budgeting.services.proposals import change_pot, leave_cycle, submit_proposal
from budgeting.services.reviews import give_review, request_changes
from budgeting.services.supports import keep_supports, need_supports
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.projects.models import CoAuthor
from civicfund.town.selectors import next_step
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    draft_cycle,
    opened,
    publish_now,
    reviewed,
)
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def two_pots(*, proposing=(-HOUR, HOUR), supports=0, supporting=None):
    """An open cycle with a pot of the town and one of a place, and that place."""
    by, now = administrator(), db_now()
    city = CityFactory()
    place = NeighborhoodFactory(parent=city)
    cycle = draft_cycle(
        by=by, costs_minor=(), place=city, voting_starts_in=9 * HOUR, voting_ends_in=19 * HOUR
    )
    add_pot(cycle, place, name="North", amount_minor=5_000, by=by)
    starts, ends = proposing
    add_phase(cycle, PhaseKind.PROPOSING, starts_at=now + starts, ends_at=now + ends, by=by)
    if supporting:
        starts, ends = supporting
        add_phase(cycle, PhaseKind.SUPPORTING, starts_at=now + starts, ends_at=now + ends, by=by)
        need_supports(cycle, supports, by=by)
    return opened(cycle), place


def entered(cycle, place):
    """A project of the place, entered by its author into the wrong pot."""
    project = ProjectFactory(neighborhood=place)
    return submit_proposal(project, cycle.pots.exclude(name="North").get(), by=administrator())


def north(cycle):
    return cycle.pots.get(name="North")


def page_of(proposal):
    return reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk])


def listed(client, cycle):
    pots = client.get(cycle.get_absolute_url()).context["pots"]
    return [proposal for pot in pots for proposal in pot.proposals]


# --- another pot


def test_an_author_asks_another_pot_on_the_page_of_their_proposal(client):
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    client.force_login(proposal.project.proposer)
    page = client.get(page_of(proposal)).content.decode()
    assert "Ask another pot" in page
    sent = {"act": "other_pot", "pot": north(cycle).pk}
    answer = client.post(page_of(proposal), sent, follow=True)
    assert "asks “North” for its money now" in answer.content.decode()
    proposal.refresh_from_db()
    assert (proposal.pot, proposal.state) == (north(cycle), "submitted")
    event = Event.objects.get(verb="proposal.pot_changed")
    assert event.data["pot"] == north(cycle).pk
    assert proposal.reviews.count() == 1


def test_a_co_author_may_and_nobody_else():
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    friend = CoAuthor.objects.create(project=proposal.project, user=UserFactory()).user
    for act in (lambda by: change_pot(proposal, north(cycle), by=by),
                lambda by: leave_cycle(proposal, by=by)):  # fmt: skip
        for stranger in (UserFactory(), administrator()):
            with pytest.raises(RefusedError, match="those who write"):
                act(stranger)
    proposal.refresh_from_db()
    assert (proposal.pot == north(cycle), proposal.state) == (False, "submitted")
    assert change_pot(proposal, north(cycle), by=friend).pot == north(cycle)


def test_a_pot_that_does_not_reach_it_or_is_of_another_cycle_is_refused():
    cycle, _place = two_pots()
    elsewhere = NeighborhoodFactory(parent=cycle.pots.exclude(name="North").get().place)
    proposal = entered(cycle, elsewhere)
    author, before = proposal.project.proposer, proposal.pot
    other, _there = two_pots()
    for pot, why in (
        (north(cycle), "is for projects in"),
        (north(other), "not of this cycle"),
        (before, "asks this pot already"),
    ):
        with pytest.raises(RefusedError, match=why):
            change_pot(proposal, pot, by=author)
    proposal.refresh_from_db()
    assert proposal.pot == before
    assert not Event.objects.filter(verb="proposal.pot_changed").exists()


# --- out of the cycle


def test_an_author_takes_the_project_out_and_it_is_on_no_list_any_more(client):
    cycle, place = two_pots()
    proposal, other = entered(cycle, place), entered(cycle, place)
    author = proposal.project.proposer
    assert list(why_cycles_keep(author))
    client.force_login(author)
    assert "Take it out of the cycle" in client.get(page_of(proposal)).content.decode()
    answer = client.post(page_of(proposal), {"act": "leave"}, follow=True)
    page = answer.content.decode()
    assert "is out of the cycle" in page
    assert "Enter it again" in page
    proposal.refresh_from_db()
    assert proposal.state == "left"
    assert listed(client, cycle) == [other]
    assert [row["id"] for row in proposal_rows(cycle)] == [other.pk]
    waiting = waiting_reviews(cycle, administrator(), gives_out=True)
    assert [review.proposal_id for review in waiting] == [other.pk]
    project = client.get(proposal.project.get_absolute_url())
    assert list(project.context["proposals"]) == []
    assert list(why_cycles_keep(author)) == []
    title = proposal.project.title.casefold()
    assert named_in(cycle, {title}, ()).left_titles == {title}


def test_it_can_be_entered_again_and_what_was_said_of_it_stays_said(client):
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    author = proposal.project.proposer
    give_review(proposal, feasible=True, by=reviewer())
    leave_cycle(proposal, by=author)
    assert ready_verdicts(cycle) == []
    publish_now(cycle, by=administrator())
    proposal.refresh_from_db()
    assert proposal.state == "left"
    client.force_login(author)
    sent = {"project": proposal.project_id, "pot": north(cycle).pk}
    address = reverse("cycle_propose", args=[cycle.slug])
    assert client.post(address, sent).status_code == 302
    proposal.refresh_from_db()
    assert (proposal.state, proposal.pot, proposal.submitted_by) == (
        "submitted", north(cycle), author,
    )  # fmt: skip
    assert [review.proposal for review in ready_verdicts(cycle)] == [proposal]
    assert Review.objects.filter(proposal=proposal).count() == 1
    assert client.post(address, sent).status_code == 400
    assert Event.objects.filter(verb="proposal.submitted", target_id=proposal.pk).count() == 2


def test_twice_is_refused():
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    author = proposal.project.proposer
    leave_cycle(proposal, by=author)
    for act in (lambda: leave_cycle(proposal, by=author),
                lambda: change_pot(proposal, north(cycle), by=author)):  # fmt: skip
        with pytest.raises(RefusedError, match="not in the cycle any more"):
            act()
    assert Event.objects.filter(verb="proposal.left").count() == 1


def test_what_is_out_is_not_reviewed_and_nobody_has_to_change_it(client):
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    author = proposal.project.proposer
    request_changes(proposal, words="A smaller one.", by=reviewer())
    asked = next_step(User.objects.get(pk=author.pk), None)
    assert asked is not None
    assert "ask you to change" in asked.why
    leave_cycle(proposal, by=author)
    with pytest.raises(RefusedError, match="Nobody has to look"):
        give_review(proposal, feasible=True, by=reviewer())
    step = next_step(User.objects.get(pk=author.pk), None)
    assert step is None or "ask you to change" not in step.why
    client.force_login(author)
    page = client.get(page_of(proposal)).content.decode()
    assert "A smaller one." not in page
    assert "Ask another pot" not in page


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "give", "feasible": "no", "lawful": "yes", "reason": "The bank is too steep."},
        {"act": "ask_changes", "words": "The bank is too steep."},
    ],
)
def test_a_review_that_comes_after_it_was_taken_out_is_refused_and_shown_as_written(client, sent):
    proposal = entered(*two_pots())
    page = reverse("review", args=[proposal.cycle.slug, proposal.pk])
    sign_in_with_second_factor(client, reviewer())
    assert "What you wrote" not in client.get(page).content.decode()
    leave_cycle(proposal, by=proposal.project.proposer)
    answer = client.post(page, sent)
    said = answer.content.decode()
    assert answer.status_code == 400
    assert "its authors took it out of the cycle" in said
    assert "What you wrote" in said
    assert "The bank is too steep.</textarea>" in said
    assert not Review.objects.given().exists()
    assert not proposal.change_requests.exists()
    submit_proposal(proposal.project, proposal.pot, by=administrator())
    assert client.post(page, sent).status_code == 302


# --- too late


@pytest.mark.parametrize("late", ["after proposing", "voting", "verdict"])
def test_too_late_it_stays_where_it_is(client, late):
    cycle, place = two_pots(proposing=(-2 * HOUR, -HOUR if late == "after proposing" else HOUR))
    proposal = entered(cycle, place)
    before, author, why = proposal.pot, proposal.project.proposer, "not the time to propose"
    if late == "voting":
        begin_voting(cycle)
    if late == "verdict":
        proposal, why = reviewed(proposal, by=administrator()), "public verdict"
    state = proposal.state
    client.force_login(author)
    page = client.get(page_of(proposal)).content.decode()
    assert "Take it out of the cycle" not in page
    for sent in ({"act": "leave"}, {"act": "other_pot", "pot": north(cycle).pk}):
        answer = client.post(page_of(proposal), sent)
        assert answer.status_code == 400
        assert why in answer.content.decode()
    proposal.refresh_from_db()
    assert (proposal.pot, proposal.state) == (before, state)
    name = "proposal_moves" if late == "verdict" else "proposal_leaves_in_time"
    with refused(name):
        Proposal.objects.filter(pk=proposal.pk).update(state="left")
    with refused("proposal_pot_in_time"):
        Proposal.objects.filter(pk=proposal.pk).update(pot=north(cycle))


def test_once_supports_are_counted_the_pot_stays():
    cycle, place = two_pots(supports=1, supporting=(-2 * HOUR, -HOUR / 2))
    proposal = entered(cycle, place)
    author, before = proposal.project.proposer, proposal.pot
    keep_supports(cycle)
    with pytest.raises(RefusedError, match="Supports are counted"):
        change_pot(proposal, north(cycle), by=author)
    leave_cycle(proposal, by=author)
    with pytest.raises(RefusedError, match="Supports are counted"):
        submit_proposal(proposal.project, north(cycle), by=author)
    submit_proposal(proposal.project, before, by=author)
    with refused("proposal_pot_in_time"):
        Proposal.objects.filter(pk=proposal.pk).update(pot=north(cycle))
    assert SupportCount.objects.filter(proposal=proposal).count() == 1


def test_supports_of_what_is_out_are_not_kept():
    cycle, place = two_pots(supports=1, supporting=(-2 * HOUR, -HOUR / 2))
    proposal = entered(cycle, place)
    leave_cycle(proposal, by=proposal.project.proposer)
    assert keep_supports(cycle) == 0
    assert not SupportCount.objects.exists()


def test_a_proposal_comes_back_as_submitted_and_nothing_else():
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    leave_cycle(proposal, by=proposal.project.proposer)
    with refused("proposal_moves"):
        Proposal.objects.filter(pk=proposal.pk).update(state="feasible")
    with connection.cursor() as cursor, refused("proposal_moves"):
        cursor.execute("UPDATE budgeting_proposal SET state = 'on_ballot' WHERE state = 'left'")
