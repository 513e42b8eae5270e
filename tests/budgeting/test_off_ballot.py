from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from budgeting.models import BallotRemoval, Option, Proposal
from budgeting.selectors import results_of
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_pot
from budgeting.services.errors import RefusedError
from budgeting.services.news import tell_of_cycles
from budgeting.services.proposals import group_options, put_on_ballot, take_off_ballot
from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services.writing import withdraw_project
from civicfund.talk.enums import NewsKind, Pace
from civicfund.talk.models import Fact, News
from civicfund.talk.services import follow
from civicfund.talk.services.news import mail_news
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import (
    add_options,
    administrator,
    as_owner,
    begin_voting,
    cast_positions,
    draft_cycle,
    end_voting,
    open_by_trustees,
    opened,
    voters,
)
from tests.factories.paper import paper_cycle
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.reviews import reviewer
from tests.factories.talk import about
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
WHY = "The bank of the river is protected by law."


def before_voting(number_of_voters=1, **cycle):
    """An open cycle with three options, and people on its roll; voting begins tomorrow."""
    day = timedelta(days=1)
    draft = draft_cycle(voting_starts_in=day, voting_ends_in=2 * day, **cycle)
    people = voters(draft, number_of_voters)
    return opened(draft), people


def line(cycle, position):
    return cycle.options.select_related("proposal__project").get(position=position)


def lines(cycle):
    return list(cycle.options.order_by("pot", "position").values_list("position", "cost_minor"))


def off(option, *, by=None, reason=WHY):
    return take_off_ballot(option.proposal, reason=reason, by=by or administrator())


def page_of(option):
    return reverse("off_ballot", args=[option.cycle.slug, option.proposal_id])


def test_what_is_taken_off_is_feasible_again_and_those_after_it_move_up():
    cycle, _people = before_voting()
    gone, by = line(cycle, 0), administrator()
    removal = off(gone, by=by)
    assert lines(cycle) == [(0, 200_000), (1, 100_000)]
    gone.proposal.refresh_from_db()
    assert (gone.proposal.state, removal.reason, removal.line) == ("feasible", WHY, gone.pk)
    event = Event.objects.get(verb="proposal.taken_off")
    assert (event.actor_id, event.data) == (by.pk, {"option": gone.pk, "removal": removal.pk})
    assert withdraw_project(gone.proposal.project, by=gone.proposal.project.proposer)


def test_its_authors_get_the_reason_by_mail_and_followers_hear_that_it_is_off_once():
    cycle, _people = before_voting()
    gone, follower = line(cycle, 1), UserFactory()
    for person in (follower, gone.proposal.project.proposer):
        follow(about(gone.proposal.project), by=person)
    tell_of_cycles()
    told = Fact.objects.count()
    author = CoAuthor.objects.create(project=gone.proposal.project, user=UserFactory()).user
    off(gone)
    messages = Message.objects.filter(kind="proposal_off_ballot")
    assert set(messages.values_list("recipient", flat=True)) == {
        author.pk, gone.proposal.project.proposer_id,
    }  # fmt: skip
    Message.objects.exclude(kind="proposal_off_ballot").delete()
    assert send_next()
    [sent] = mail.outbox
    for said in (sent.body, sent.alternatives[0].content):
        assert WHY in said
        assert f"/budget/{cycle.slug}/proposals/{gone.proposal_id}/" in said
    letters = Message.objects.count()
    for _sweep in range(2):
        tell_of_cycles()
        assert Fact.objects.count() == told + 1
    fact = Fact.objects.latest("pk")
    assert (fact.what, Message.objects.count()) == (NewsKind.OFF_BALLOT, letters)
    hear = set(News.objects.filter(fact=fact).values_list("recipient", flat=True))
    assert hear == {follower.pk, gone.proposal.project.proposer_id, author.pk}
    # What is told of the verdict, which nobody was written to while the cycle was a draft.
    News.objects.filter(kind=NewsKind.FEASIBLE).delete()
    assert mail_news(Pace.DAILY) == 1
    written = Message.objects.filter(kind="news").values_list("recipient", flat=True)
    assert list(written) == [follower.pk]


def test_of_a_draft_nobody_outside_is_told():
    option = line(draft_cycle(), 2)
    off(option)
    tell_of_cycles()
    assert not Fact.objects.filter(what=NewsKind.OFF_BALLOT).exists()
    assert not Message.objects.filter(kind="proposal_off_ballot").exists()
    assert lines(option.cycle) == [(0, 300_000), (1, 200_000)]


def told_of(project):
    """What its followers heard, and its authors were written to, of the ballot."""
    of_it = Fact.objects.filter(thread__kind="project", thread__subject_id=project.pk)
    facts = of_it.exclude(what=NewsKind.FEASIBLE).order_by("pk").values_list("what", flat=True)
    letters = Message.objects.filter(recipient=project.proposer_id).order_by("pk")
    return list(facts), list(letters.values_list("kind", flat=True))


def test_what_goes_before_anybody_heard_of_it_is_told_to_its_authors_alone_once_that_it_is_off():
    cycle, _people = before_voting()
    gone = line(cycle, 0)
    project = gone.proposal.project
    off(gone)
    for _sweep in range(2):
        tell_of_cycles()
        assert told_of(project) == ([], ["proposal_off_ballot"])
    put_on_ballot(Proposal.objects.get(pk=gone.proposal_id), by=administrator())
    tell_of_cycles()
    tell_of_cycles()
    letters = ["proposal_off_ballot", "proposal_became"]
    assert told_of(project) == ([NewsKind.ON_BALLOT], letters)
    off(Option.objects.get(proposal=gone.proposal_id))
    tell_of_cycles()
    heard = [NewsKind.ON_BALLOT, NewsKind.OFF_BALLOT]
    assert told_of(project) == (heard, [*letters, "proposal_off_ballot"])


def test_what_went_in_a_draft_is_not_told_to_be_on_the_ballot_once_it_is_open():
    draft = draft_cycle(voting_starts_in=timedelta(days=1), voting_ends_in=timedelta(days=2))
    voters(draft, 1)
    gone = line(draft, 2)
    off(gone)
    opened(draft)
    tell_of_cycles()
    assert told_of(gone.proposal.project) == ([], [])


def test_what_stood_there_for_long_is_told_to_be_off_though_nobody_was_told_that_it_was_on():
    cycle, _people = before_voting()
    gone = line(cycle, 0)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    as_owner("ALTER TABLE audit_event DISABLE TRIGGER USER")
    as_owner("UPDATE audit_event SET at = at - interval '8 days'")
    as_owner("ALTER TABLE audit_event ENABLE TRIGGER USER")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    off(gone)
    tell_of_cycles()
    assert told_of(gone.proposal.project) == ([NewsKind.OFF_BALLOT], ["proposal_off_ballot"])


def test_ballots_of_what_is_left_are_cast_and_counted():
    cycle, people = before_voting(3, amount_minor=100_000)
    off(line(cycle, 0))
    with connection.cursor() as cursor:  # as at the end of a transaction
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    begin_voting(cycle)
    cycle.refresh_from_db()
    for person, positions in zip(people, [[1], [1], [0]], strict=True):
        cast_positions(cycle, person, positions)
    end_voting(cycle)
    count_cycle(open_by_trustees(close_cycle(cycle)))
    [result] = results_of(cycle)
    assert [each.option.cost_minor for each in result.winners] == [100_000]


def test_it_can_come_back_behind_the_others():
    cycle, _people = before_voting()
    gone = line(cycle, 0)
    off(gone)
    proposal = Proposal.objects.get(pk=gone.proposal_id)
    assert put_on_ballot(proposal, by=administrator()).position == 2
    off(Option.objects.get(proposal=proposal), reason="Again.")
    assert list(proposal.removals.values_list("reason", flat=True)) == [WHY, "Again."]


def test_a_group_with_one_left_ends_and_one_with_two_stays():
    cycle, _people = before_voting()
    add_options(cycle.pots.get(), [50_000], by=administrator())
    group_options(cycle, list(cycle.options.all()), name="Bank", by=administrator())

    def groups():
        rows = cycle.options.order_by("position")
        return list(rows.values_list("exclusion_group", flat=True))

    off(line(cycle, 1))
    assert groups() == ["Bank"] * 3
    off(line(cycle, 1))
    assert groups() == ["Bank"] * 2
    off(line(cycle, 0))
    assert groups() == [""]


def test_other_pots_stay_as_they_are():
    by, day = administrator(), timedelta(days=1)
    cycle = draft_cycle(by=by, voting_starts_in=day, voting_ends_in=2 * day)
    pot = add_pot(cycle, NeighborhoodFactory(), name="North", amount_minor=5, by=by)
    add_options(pot, [1, 2], by=by)
    off(cycle.options.exclude(pot=pot).get(position=0))
    assert list(pot.options.values_list("position", "cost_minor")) == [(0, 1), (1, 2)]


def nothing_moved(cycle, before):
    assert lines(cycle) == before
    assert not BallotRemoval.objects.exists()
    assert not Event.objects.filter(verb="proposal.taken_off").exists()
    assert set(cycle.proposals.values_list("state", flat=True)) == {"on_ballot"}


def test_only_administrators_take_something_off_and_only_with_a_reason():
    cycle, _people = before_voting()
    option, before = line(cycle, 0), lines(cycle)
    for somebody in (reviewer(), option.proposal.project.proposer):
        with pytest.raises(PermissionDenied):
            off(option, by=somebody)
    with pytest.raises(RefusedError, match="Say why"):
        off(option, reason="  ")
    nothing_moved(cycle, before)


def test_from_the_first_instant_of_voting_nothing_comes_off():
    cycle, _people = before_voting()
    option, before = line(cycle, 0), lines(cycle)
    begin_voting(cycle)
    with pytest.raises(RefusedError, match="Voting has begun"):
        off(option)
    nothing_moved(cycle, before)
    with refused("option_frozen_when_voting"):
        Option.objects.filter(pk=option.pk)._raw_delete("default")


def test_in_the_last_minute_before_voting_nothing_comes_off():
    spare, day = timedelta(seconds=50), timedelta(days=1)
    draft = draft_cycle(voting_starts_in=spare, voting_ends_in=day)
    voters(draft, 1)
    cycle = opened(draft)
    option, before = line(cycle, 0), lines(cycle)
    with pytest.raises(RefusedError, match="within a minute"):
        off(option)
    nothing_moved(cycle, before)


def test_the_database_undoes_a_removal_that_ends_as_voting_begins():
    draft = draft_cycle(voting_starts_in=timedelta(seconds=9), voting_ends_in=timedelta(days=1))
    voters(draft, 1)
    option = line(opened(draft), 2)
    with refused("option_gone_in_time"):
        BallotRemoval.objects.create(
            proposal=option.proposal, line=option.pk, reason="x", by=administrator()
        )
        Option.objects.filter(pk=option.pk)._raw_delete("default")
        Proposal.objects.filter(pk=option.proposal_id).update(state="feasible")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert len(lines(draft)) == 3


def test_once_sheets_are_printed_nothing_comes_off(client):
    day = timedelta(days=1)
    cycle, *_ = paper_cycle(voting_starts_in=day, voting_ends_in=2 * day)
    option, before = line(cycle, 0), lines(cycle)
    with pytest.raises(RefusedError, match="Paper ballots are printed"):
        off(option)
    nothing_moved(cycle, before)
    sign_in_with_second_factor(client, administrator())
    assert "can no longer change" in client.get(page_of(option)).content.decode()
    desk = client.get(reverse("ballot_desk", args=[cycle.slug])).content.decode()
    assert "from the first printed sheet" in desk
    assert page_of(option) not in desk


def test_twice_is_refused():
    cycle, _people = before_voting()
    option = line(cycle, 0)
    off(option)
    with pytest.raises(RefusedError, match="is not on the ballot"):
        off(option)
    assert (BallotRemoval.objects.count(), len(lines(cycle))) == (1, 2)


# --- what the database refuses


def test_no_line_of_a_proposal_goes_without_a_reason():
    cycle, _people = before_voting()
    with refused("option_goes_with_a_reason"):
        Option.objects.filter(pk=line(cycle, 2).pk)._raw_delete("default")
    with refused("removal_says_why"):
        option = line(cycle, 2)
        BallotRemoval.objects.create(
            proposal=option.proposal, line=option.pk, reason=" ", by=administrator()
        )


def test_a_removal_is_of_its_own_line_and_kept():
    cycle, _people = before_voting()
    one, other, by = line(cycle, 0), line(cycle, 1), administrator()
    with refused("removal_of_its_line"):
        BallotRemoval.objects.create(proposal=one.proposal, line=other.pk, reason="x", by=by)
    off(one)
    with refused("budgeting_ballotremoval_append_only"):
        as_owner("UPDATE budgeting_ballotremoval SET reason = 'Other words.'")


def test_what_has_a_line_stands_on_the_ballot():
    cycle, _people = before_voting()
    with refused("proposal_off_ballot"):
        cycle.proposals.update(state="feasible")


@pytest.mark.parametrize("position", [0, 2])
def test_a_line_goes_with_its_place_and_its_proposals_state(position):
    cycle, _people = before_voting()
    option = line(cycle, position)
    with refused("option_gone_whole"):
        BallotRemoval.objects.create(
            proposal=option.proposal, line=option.pk, reason="x", by=administrator()
        )
        Option.objects.filter(pk=option.pk)._raw_delete("default")
        if position == 0:
            # The places after it are still those of before.
            Proposal.objects.filter(pk=option.proposal_id).update(state="feasible")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- the pages


def test_the_desk_leads_to_a_page_that_asks_for_the_reason_and_says_what_happens(client):
    cycle, _people = before_voting()
    group_options(cycle, list(cycle.options.all()), name="Bank", by=administrator())
    option = line(cycle, 1)
    sign_in_with_second_factor(client, administrator())
    desk = reverse("ballot_desk", args=[cycle.slug])
    assert page_of(option) in client.get(desk).content.decode()
    page = client.get(page_of(option)).content.decode()
    assert "2 projects stay on the ballot of this pot" in page
    assert "It leaves the group “Bank”" in page
    assert client.post(page_of(option), {"reason": " "}).status_code == 400
    assert len(lines(cycle)) == 3
    answer = client.post(page_of(option), {"reason": WHY}, follow=True)
    assert "is off the ballot; its authors are told" in answer.content.decode()
    assert f'value="{option.proposal_id}">' in answer.content.decode()
    assert WHY in answer.content.decode()
    again = client.post(page_of(option), {"reason": WHY}, follow=True)
    assert "is not on the ballot" in again.content.decode()
    assert BallotRemoval.objects.count() == 1


def test_too_few_that_would_be_left_are_named(client):
    draft = draft_cycle(
        voting_starts_in=timedelta(days=1), voting_ends_in=timedelta(days=2), min_options=3
    )
    sign_in_with_second_factor(client, administrator())
    page = client.get(page_of(line(draft, 0))).content.decode()
    assert "names at least 3 projects: nobody could vote on it" in page


def test_everybody_reads_why_until_it_is_back(client):
    cycle, _people = before_voting()
    option = line(cycle, 0)
    pages = [cycle.get_absolute_url(), option.proposal.project.get_absolute_url()]
    assert all(WHY not in client.get(page).content.decode() for page in pages)
    off(option)
    assert all(WHY in client.get(page).content.decode() for page in pages)
    ballot = client.get(reverse("ballot", args=[cycle.slug])).content.decode()
    assert option.name not in ballot
    client.force_login(option.proposal.project.proposer)
    mine = reverse("my_proposal", args=[cycle.slug, option.proposal_id])
    assert WHY in client.get(mine).content.decode()
    put_on_ballot(Proposal.objects.get(pk=option.proposal_id), by=administrator())
    assert all(WHY not in client.get(page).content.decode() for page in [*pages, mine])


def test_the_page_is_for_administrators(client):
    cycle, _people = before_voting()
    sign_in_with_second_factor(client, reviewer())
    assert client.get(page_of(line(cycle, 0))).status_code == 403
    assert client.post(page_of(line(cycle, 0)), {"reason": WHY}).status_code == 403
    assert len(lines(cycle)) == 3
    assert Project.objects.filter(proposals__state="on_ballot").count() == 3
