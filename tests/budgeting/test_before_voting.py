"""What is still open before voting begins: at the desk, among what waits, and by mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate

from budgeting.models import Option, Proposal
from budgeting.selectors import ballot_desk, before_voting, voting_ahead
from budgeting.services.cycles import add_pot, request_cancelling
from budgeting.services.proposals import (
    keep_off_ballot,
    put_on_ballot,
    review_again,
    submit_proposal,
    take_off_ballot,
)
from budgeting.services.reviews import appeal, give_review
from budgeting.services.supports import keep_supports
from budgeting.services.voting_nears import _day, remind_administrators
from budgeting.tasks import remind_before_voting
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.selectors import people_with
from civicfund.projects.services.supporting import support_project
from civicfund.town.selectors.waiting import waiting_for
from tests.budgeting.test_rewritten import rewrite
from tests.budgeting.test_supports import supporting_draft
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    certifier,
    draft_cycle,
    opened,
    publish_now,
    voters,
    without_guard,
)
from tests.factories.paper import paper_cycle
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, announced, refused_publicly, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def ahead_of(cycle):
    """What is to be done: by its label whether it is done, and what is said of it."""
    cycle.refresh_from_db()
    steps = before_voting(cycle, db_now()).steps
    return {step.label: (step.done, step.needed, step.found) for step in steps}


def cycle_in(days, *, pots=1, proposals=0):
    """An open cycle whose voting begins in so many days, with waiting proposals in each pot."""
    by = administrator()
    draft = draft_cycle(
        by=by, costs_minor=(), voting_starts_in=days * DAY, voting_ends_in=(days + 7) * DAY
    )
    for number in range(pots - 1):
        add_pot(draft, NeighborhoodFactory(), name=f"Pot {number}", amount_minor=5, by=by)
    voters(draft, 1)
    cycle = opened(draft)
    for pot in cycle.pots.all():
        place = {"neighborhood": pot.place} if pot.place.parent_id else {}
        for _ in range(proposals):
            submit_proposal(ProjectFactory(**place), pot, by=by)
    return cycle


def move_voting(cycle, begins_in):
    """Tests move the dates, not the clock."""
    at = (db_now() + begins_in).isoformat()
    without_guard(
        "budgeting_phase",
        "phase_frozen_when_opened",
        f"UPDATE budgeting_phase SET starts_at = '{at}' WHERE cycle_id = {cycle.pk}",  # noqa: S608
    )


def desk_of(cycle):
    return reverse("cycle_desk", args=[cycle.slug])


def test_reviews_that_wait_and_verdicts_without_an_instant_are_named():
    cycle, [first, _second] = reviewing_cycle(2)
    found = ahead_of(cycle)
    assert found["Reviews"] == (False, False, "2 reviews are not given yet: Whole town (2).")
    assert found["Appeals"][0]
    assert found["Verdicts"][:2] == (False, True)
    assert found["Verdicts"][2].startswith("No instant is set at which verdicts become public")
    assert found["Ballots"] == (
        False, True, "0 projects on the ballot. None yet for: Whole town.",
    )  # fmt: skip
    give_review(first, feasible=True, by=reviewer())
    found = ahead_of(cycle)
    assert found["Reviews"][2] == "1 review is not given yet: Whole town (1)."
    assert found["Verdicts"][2].startswith("1 verdict is not public yet. No instant is set")
    announced(cycle)
    done, _needed, said = ahead_of(cycle)["Verdicts"]
    assert done
    assert said.startswith("1 verdict is not public yet. Public on ")


def test_what_is_feasible_and_forgotten_is_named_until_it_is_on_the_ballot_or_said_why_not():
    cycle, [one, other] = reviewing_cycle(2, cost_minor=1_000_00)
    for each in (one, other):
        give_review(each, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    said = "2 feasible projects are not on the ballot, and nobody says why."
    assert ahead_of(cycle)["Feasible projects"] == (False, True, said)
    one.refresh_from_db()
    put_on_ballot(one, by=administrator())
    found = ahead_of(cycle)
    assert found["Feasible projects"][2].startswith("1 feasible project is not on")
    assert found["Ballots"] == (True, True, "1 project on the ballot.")
    keep_off_ballot(other, reason="The bank is the state's.", by=administrator())
    found = ahead_of(cycle)
    assert found["Feasible projects"] == (
        True, True, "What is feasible is on the ballot, or it is said why not.",
    )  # fmt: skip
    assert found["Verdicts"][2] == "Nothing waits for its verdict."
    assert all(done for done, _needed, _said in found.values())


def test_what_was_rewritten_has_to_be_reviewed_again_and_is_named_so():
    cycle, made = reviewing_cycle(2, cost_minor=1_000_00)
    for each in made:
        give_review(each, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    rewrite(made[0])
    said = ahead_of(cycle)["Feasible projects"][2]
    assert said.endswith("1 of them was rewritten since its review and has to be reviewed again.")


def test_what_was_taken_off_the_ballot_by_an_earlier_verdict_is_named_again(client):
    cycle, [proposal] = reviewing_cycle(cost_minor=1_000_00)
    by, said = administrator(), "It costs more than was found."
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=by)
    proposal = Proposal.objects.get(pk=proposal.pk)
    put_on_ballot(proposal, by=by)
    take_off_ballot(proposal, reason=said, by=by)
    assert ahead_of(cycle)["Feasible projects"][0]
    assert said in client.get(cycle.get_absolute_url()).content.decode()
    rewrite(proposal)
    review_again(Proposal.objects.get(pk=proposal.pk), by=by)
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=by)
    assert ahead_of(cycle)["Feasible projects"][:2] == (False, True)
    [pot] = ballot_desk(cycle)
    assert [(row.may_come, row.why_off) for row in pot.feasible] == [(True, "")]
    begin_voting(cycle)
    shown = client.get(cycle.get_absolute_url()).content.decode()
    assert "Feasible, but not put on the ballot" in shown
    assert said not in shown


def test_what_is_short_of_supports_or_waits_for_their_count_is_not_forgotten():
    draft = supporting_draft(needed=1, ends_in=-timedelta(hours=1))
    voters(draft, 1)
    cycle, by = opened(draft), administrator()
    short, enough = (submit_proposal(ProjectFactory(), cycle.pots.get(), by=by) for _ in range(2))
    support_project(enough.project, by=UserFactory())
    for each in (short, enough):
        give_review(each, feasible=True, by=by)
    publish_now(cycle, by=by)
    assert ahead_of(cycle)["Feasible projects"][0]
    keep_supports(cycle)
    said = ahead_of(cycle)["Feasible projects"][2]
    assert said.startswith("1 feasible project is not on the ballot")


def test_appeals_that_wait_are_named():
    cycle, proposal, _reviewers = refused_publicly()
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    found = ahead_of(cycle)
    assert found["Appeals"] == (False, False, "1 appeal is not decided yet.")
    assert found["Reviews"][0]
    give_review(proposal, **NO, by=reviewer())
    found = ahead_of(cycle)
    assert (found["Appeals"][0], found["Verdicts"][0]) == (True, False)
    assert found["Verdicts"][2].startswith("1 verdict is not public yet.")


def test_a_group_of_one_is_named():
    cycle = opened_with_options()
    assert "Groups" not in ahead_of(cycle)
    Option.objects.filter(pk=cycle.options.earliest("pk").pk).update(exclusion_group="Bank")
    assert ahead_of(cycle)["Groups"] == (False, True, "Only one project is in: Bank.")


def opened_with_options():
    draft = draft_cycle(voting_starts_in=DAY, voting_ends_in=2 * DAY)
    voters(draft, 1)
    return opened(draft)


def test_only_some_of_many_pots_are_named():
    cycle = cycle_in(5, pots=7)
    said = ahead_of(cycle)["Ballots"][2]
    assert "Whole town, Pot 0, Pot 1, Pot 2, Pot 3 and 2 more." in said


def test_the_desk_shows_it_while_the_cycle_is_open_and_voting_has_not_begun(client):
    cycle = cycle_in(5, proposals=1)
    sign_in_with_second_factor(client, administrator())
    page = client.get(desk_of(cycle))
    shown = page.content.decode()
    assert "Before voting begins" in shown
    assert "in 4\xa0days, 23\xa0hours" in shown
    assert "1 review is not given yet" in shown
    for step in page.context["ahead"].steps:
        assert client.get(step.address).status_code == 200, step
    begin_voting(cycle)
    assert "Before voting begins" not in client.get(desk_of(cycle)).content.decode()
    sign_in_with_second_factor(client, administrator())
    assert "Before voting begins" not in client.get(desk_of(draft_cycle())).content.decode()


def test_who_certifies_has_nothing_to_do_there(client):
    cycle = cycle_in(5)
    sign_in_with_second_factor(client, certifier())
    assert "Before voting begins" not in client.get(desk_of(cycle)).content.decode()


def test_as_many_queries_for_many_pots_and_cycles_as_for_one():
    asked = []
    for pots in (1, 3):
        cycle = cycle_in(5, pots=pots, proposals=pots)
        with CaptureQueriesContext(connection) as queries:
            before_voting(cycle, db_now())
            voting_ahead(db_now())
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert len(voting_ahead(db_now())) == 2


def waits(person):
    return [
        (each.slug, each.number, each.until)
        for each in waiting_for(person)
        if each.page == "cycle_desk"
    ]


def test_two_weeks_before_voting_administrators_find_it_among_what_waits(client):
    far, near, by = cycle_in(15), cycle_in(13, proposals=1), administrator()
    assert waits(by) == [(near.slug, 3, near.voting_starts_at)]
    assert waits(reviewer()) == waits(certifier()) == []
    sign_in_with_second_factor(client, by)
    desks = client.get(reverse("my_desks")).content.decode()
    assert "3 wait" in desks
    assert far.slug in desks
    # Beside what waits at the same desk for a second person, neither hides the other.
    request_cancelling(near, by=administrator(), reason="The flood.")
    both = client.get(reverse("my_desks")).content.decode()
    assert f"To be done before voting begins, {near.title}" in both
    assert "1 waits" in both
    begin_voting(near)
    assert [slug for slug, _number, _until in waits(by) if slug == near.slug] == [near.slug]


def test_where_sheets_are_printed_nothing_waits_any_more(client):
    cycle, *_ = paper_cycle(voting_starts_in=DAY, voting_ends_in=2 * DAY)
    [printed] = voting_ahead(db_now())
    assert printed.is_printed
    open_still = before_voting(reviewing_cycle()[0], db_now())
    assert open_still.undone
    assert replace(open_still, is_printed=True).undone == []
    sign_in_with_second_factor(client, administrator())
    assert "from the first printed sheet" in client.get(desk_of(cycle)).content.decode()


def letters():
    rows = Message.objects.filter(kind="voting_nears").order_by("pk")
    return list(rows.values_list("recipient", flat=True))


def test_administrators_are_written_to_two_weeks_three_days_and_a_day_before_once_each():
    cycle, by = cycle_in(15, proposals=1), administrator()
    assert remind_administrators() == 0
    number = len(holders())
    for begins_in in (14 * DAY - DAY / 24, 5 * DAY, 3 * DAY - DAY / 24, DAY - DAY / 24):
        move_voting(cycle, begins_in)
        Message.objects.all().delete()  # else of the same day, since only the dates move
        first, second = remind_administrators(), remind_administrators()
        assert (first, second, len(letters())) == (number, 0, number), begins_in
    assert letters().count(by.pk) == 1
    Message.objects.exclude(recipient=by).delete()
    assert send_next()
    [sent] = mail.outbox
    assert sent.subject.startswith("Before voting begins on ")
    for said in (sent.body, sent.alternatives[0].content):
        assert "1 review is not given yet: Whole town (1)." in said
        assert desk_of(cycle) in said
        assert reverse("ballot_desk", args=[cycle.slug]) in said


def holders():
    return list(people_with(Role.BUDGET_ADMINISTRATOR))


def test_nobody_is_written_to_where_nothing_is_open_or_voting_has_begun():
    done, begun = opened_with_options(), cycle_in(2, proposals=1)
    begin_voting(begun)
    assert before_voting(done, db_now()).undone == []
    remind_before_voting()
    assert letters() == []


def test_the_task_reminds():
    cycle_in(2)
    remind_before_voting()
    remind_before_voting()
    assert sorted(letters()) == sorted(person.pk for person in holders())


def test_of_each_of_the_days_one_mail_comes():
    begins = db_now() + 14 * DAY
    days = [_day(begins, begins - before * DAY) for before in (15, 14, 9, 3, 2, 1, 0.1)]
    of = {before: localdate(begins - before * DAY) for before in (14, 3, 1)}
    assert days == [None, of[14], of[14], of[3], of[3], of[1], of[1]]


def test_whoever_becomes_an_administrator_later_is_written_to_as_well():
    cycle_in(2)
    told = remind_administrators()
    new = administrator()
    assert remind_administrators() == 1
    assert letters().count(new.pk) == 1
    assert len(letters()) == told + 1
