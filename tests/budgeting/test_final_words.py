"""From the start of voting on every proposal that is on no ballot says what became of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import BallotOmission, Cycle, Proposal, Review
from budgeting.selectors import proposals_paged
from budgeting.services import reviews
from budgeting.services.closing import close_cycle
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.news import tell_of_cycles
from budgeting.services.proposals import (
    keep_off_ballot,
    put_on_ballot,
    review_again,
    submit_proposal,
    take_off_ballot,
)
from budgeting.services.review_news import remind_of_reviews
from budgeting.services.reviewers import assign
from budgeting.services.reviews import appeal, give_review, request_changes
from budgeting.services.supports import keep_supports
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import compose
from civicfund.projects.models import CoAuthor
from civicfund.projects.services.supporting import support_project
from civicfund.talk.enums import NewsKind
from civicfund.talk.models import Fact, News
from civicfund.talk.services import follow
from civicfund.town.selectors import next_step
from civicfund.town.selectors.waiting import waiting_for
from tests.budgeting.test_guards import refused
from tests.budgeting.test_rewritten import rewrite
from tests.budgeting.test_supports import supporting_draft
from tests.factories.budgeting import (
    administrator,
    as_owner,
    begin_voting,
    end_voting,
    opened,
    publish_now,
    reviewed,
    set_instant,
    voters,
    without_guard,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly, reviewer, reviewing_cycle
from tests.factories.talk import about
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
WHY = "The bank belongs to the state."
OFF = "A bank of protected reed."


def four(cost_minor=1_000_00):
    """Before voting: one nobody has decided, one forgotten, one left off with a reason, one taken
    off the ballot.
    """
    cycle, proposals = reviewing_cycle(4, cost_minor=cost_minor)
    for each in proposals[1:]:
        give_review(each, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    undecided, forgotten, left, off = (now(each) for each in proposals)
    keep_off_ballot(left, reason=WHY, by=administrator())
    put_on_ballot(off, by=administrator())
    take_off_ballot(now(off), reason=OFF, by=administrator())
    return cycle, [undecided, forgotten, left, off]


def now(proposal):
    return Proposal.objects.select_related("project", "cycle", "pot").get(pk=proposal.pk)


def page(client, url):
    return client.get(url).content.decode()


def mine(client, proposal):
    client.force_login(proposal.project.proposer)
    return page(client, reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk]))


def seen(client, proposal):
    """The project's own page, its cycle's and its author's."""
    client.logout()
    found = [page(client, proposal.project.get_absolute_url())]
    found.append(page(client, proposal.cycle.get_absolute_url()))
    client.force_login(proposal.project.proposer)
    return [*found, page(client, reverse("my_page"))]


def test_each_says_what_became_of_it_wherever_it_stands(client):
    cycle, proposals = four()
    words = (
        "Not decided in time",
        "Feasible, but not put on the ballot",
        "Feasible, but not put on the ballot",
        "Feasible, but taken off the ballot",
    )
    for each, said in zip(proposals, words, strict=True):
        assert all(said not in shown for shown in seen(client, each))
    begin_voting(cycle)
    for each, said in zip(proposals, words, strict=True):
        assert all(said in shown for shown in seen(client, each)), said
        assert said in mine(client, each)
    end_voting(cycle)
    close_cycle(cycle)
    for each, said in zip(proposals, words, strict=True):
        assert all(said in shown for shown in seen(client, each)), said


def listed(cycle):
    """A page of the cycle's proposals, and how many questions it took."""
    fresh = Cycle.objects.prefetch_related("phases").get(pk=cycle.pk)
    with CaptureQueriesContext(connection) as queries:
        rows = list(proposals_paged(fresh, {0: 1}).page(1))
    return rows, len(queries)


def test_of_a_list_it_is_asked_only_where_it_can_be_anything():
    cycle, _proposals = reviewing_cycle()
    set_instant(cycle.voting, db_now() + timedelta(days=5))
    set_instant(cycle.voting, db_now() + timedelta(days=3), of="starts_at")
    [row], early = listed(cycle)
    assert (row.stands, row.why_off, row.why_left) == ("submitted", None, None)
    begin_voting(cycle)
    [row], late = listed(cycle)
    assert (row.stands, late) == ("not_decided", early + 1)


def test_its_authors_read_no_promise_any_more(client):
    cycle, (undecided, forgotten, left, off) = four()
    assert "Reviewers look at it" in mine(client, undecided)
    assert "put it on the ballot before voting begins" in mine(client, forgotten)
    begin_voting(cycle)
    shown = mine(client, undecided)
    assert "Reviewers look at it" not in shown
    assert "It was not decided before voting began" in shown
    shown = mine(client, forgotten)
    assert "put it on the ballot before" not in shown
    assert "Nobody said why." in shown
    shown = mine(client, left)
    assert WHY in shown
    assert "Nobody said why." not in shown
    assert OFF in mine(client, off)
    assert "was taken off it before voting began" in mine(client, off)


def test_what_was_rewritten_says_so(client):
    cycle, (_undecided, forgotten, *_others) = four()
    rewrite(forgotten)
    assert "restore what it said" in mine(client, forgotten)
    begin_voting(cycle)
    shown = mine(client, forgotten)
    assert "restore what it said" not in shown
    assert "were others than its review saw" in shown
    tell_of_cycles()
    letter = Message.objects.get(kind="proposal_became", recipient=forgotten.project.proposer)
    assert letter.context["items"][0]["changed"]


def test_what_was_short_of_supports_says_so_and_is_told_once(client):
    cycle = opened_to_support()
    short = supported_once(cycle)
    keep_supports(cycle)
    tell_of_cycles()
    begin_voting(cycle)
    tell_of_cycles()
    short = now(short)
    assert all("Short of supports" in shown for shown in seen(client, short))
    assert "It had too few supports to come on the ballot" in mine(client, short)
    assert "1 of the 2 supports that it needs" in mine(client, short)
    assert told_of(short) == [NewsKind.TOO_FEW]


def opened_to_support():
    draft = supporting_draft(needed=2, ends_in=-timedelta(hours=1))
    voters(draft, 1)
    return opened(draft)


def supported_once(cycle):
    by = administrator()
    made = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    support_project(made.project, by=UserFactory())
    return reviewed(made, by=by)


def called_off(cycle):
    asked = request_cancelling(cycle, by=administrator(), reason="The flood.")
    return cancel_cycle(cycle, asked.pk, by=administrator())


def test_where_the_cycle_is_called_off_all_that_was_open_says_so(client):
    cycle, (undecided, forgotten, left, _off) = four()
    put_on_ballot(forgotten, by=administrator())
    called_off(cycle)
    for each in (undecided, forgotten, left):
        assert all("The cycle was called off" in shown for shown in seen(client, now(each)))
        assert "The reason: “The flood.”" in mine(client, now(each))
    tell_of_cycles()
    tell_of_cycles()
    assert told_of(forgotten)[-1] == NewsKind.VOTE_OFF
    letters = Message.objects.filter(recipient=left.project.proposer, kind="proposal_became")
    assert [each.context["items"][0]["what"] for each in letters] == ["vote_off"]


def test_a_verdict_that_was_public_stays(client):
    cycle, proposal, _reviewers = refused_publicly()
    begin_voting(cycle)
    assert "Not feasible" in mine(client, now(proposal))
    assert "The bridge is listed." in mine(client, now(proposal))


def test_an_appeal_that_is_not_decided_ends_with_the_no_and_only_its_authors_are_told(client):
    cycle, proposal, _reviewers = refused_publicly()
    follower = UserFactory()
    follow(about(proposal.project), by=follower)
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    assert "the answer is published with the next verdicts" in mine(client, now(proposal))
    begin_voting(cycle)
    shown = mine(client, now(proposal))
    assert "It was not decided before voting began: the answer stays no." in shown
    assert "next verdicts" not in shown
    tell_of_cycles()
    tell_of_cycles()
    [fact] = Fact.objects.filter(what=NewsKind.APPEAL_LATE)
    heard = News.objects.filter(fact=fact).values_list("recipient", flat=True)
    assert list(heard) == [proposal.project.proposer_id]
    feed = page(client, f"/feeds/project/{proposal.project_id}.atom")
    assert "appeal" not in feed


# --- what is told


def told_of(proposal):
    """What followers heard of it, but for its verdict."""
    of_it = Fact.objects.filter(thread__kind="project", thread__subject_id=proposal.project_id)
    facts = of_it.exclude(what=NewsKind.FEASIBLE).order_by("pk")
    return list(facts.values_list("what", flat=True))


def test_authors_are_told_once_as_voting_begins_with_the_reason():
    cycle, (undecided, forgotten, left, off) = four()
    joined = CoAuthor.objects.create(project=left.project, user=UserFactory()).user
    tell_of_cycles()
    assert told_of(undecided) == told_of(left) == []
    Message.objects.all().delete()
    begin_voting(cycle)
    for _sweep in range(2):
        tell_of_cycles()
        assert told_of(undecided) == [NewsKind.NOT_DECIDED]
        assert told_of(forgotten) == told_of(left) == [NewsKind.LEFT_OFF]
        assert told_of(off)[-1] == NewsKind.LEFT_OFF
    letters = Message.objects.filter(kind="proposal_became")
    said = {each.recipient_id: each.context["items"][0] for each in letters}
    assert letters.count() == len(said) == 5
    assert said[undecided.project.proposer_id]["what"] == "not_decided"
    assert said[left.project.proposer_id]["why"] == said[joined.pk]["why"] == WHY
    assert said[off.project.proposer_id]["why"] == OFF
    assert said[forgotten.project.proposer_id]["why"] == ""


@pytest.mark.parametrize(
    ("which", "subject", "line"),
    [
        (0, "Not decided in time: ", "was not decided before voting began"),
        (1, "Not on the ballot: ", "Nobody said why."),
        (2, "Not on the ballot: ", WHY),
    ],
)
def test_the_mail_says_it_in_words(which, subject, line):
    cycle, proposals = four()
    begin_voting(cycle)
    tell_of_cycles()
    author = proposals[which].project.proposer
    letter = Message.objects.filter(kind="proposal_became", recipient=author).latest("pk")
    sent = compose(letter.kind, author, letter.context)
    assert sent.subject.startswith(subject)
    assert line in sent.body
    assert line in sent.alternatives[0].content


def test_nobody_is_told_of_what_began_long_ago():
    cycle, [undecided, *_others] = four()
    begin_voting(cycle)
    without_guard(
        "budgeting_phase",
        "phase_frozen_when_opened",
        "UPDATE budgeting_phase SET starts_at = starts_at - interval '8 days'",
    )
    tell_of_cycles()
    assert told_of(undecided) == []


def test_reviewers_are_asked_for_nothing_any_more():
    cycle, [proposal] = reviewing_cycle()
    person = reviewer()
    assign(cycle, [proposal.reviews.get()], person, due_at=db_now(), by=administrator())
    assert [each.page for each in waiting_for(person)] == ["reviews"]
    begin_voting(cycle)
    assert waiting_for(person) == []
    assert remind_of_reviews() == 0


def test_authors_are_asked_for_no_more_changes(client):
    cycle, [proposal] = reviewing_cycle()
    request_changes(proposal, words="Say how wide it is.", by=reviewer())
    author = proposal.project.proposer
    assert "Say how wide it is." in mine(client, now(proposal))
    assert next_step(author, None).words == "See what they ask for"
    begin_voting(cycle)
    assert "Say how wide it is." not in mine(client, now(proposal))
    assert next_step(author, None).words != "See what they ask for"


def test_once_voting_has_begun_no_reviewer_asks_for_changes(client):
    cycle, [proposal] = reviewing_cycle()
    person = reviewer()
    url = reverse("review", args=[cycle.slug, proposal.pk])
    sign_in_with_second_factor(client, person)
    assert "Or ask for changes" in page(client, url)
    begin_voting(cycle)
    shown = page(client, url)
    assert "Or ask for changes" not in shown
    assert "Nothing more is decided here" in shown
    with pytest.raises(RefusedError, match="Voting has begun"):
        request_changes(now(proposal), words="Say how wide it is.", by=person)
    assert not proposal.change_requests.exists()
    assert not Message.objects.filter(kind="changes_requested").exists()


def test_once_voting_has_begun_no_request_is_taken_back_and_no_review_is_promised(client):
    cycle, [proposal, reviewed] = reviewing_cycle(2)
    person = reviewer()
    request_changes(proposal, words="Say how wide it is.", by=person)
    give_review(reviewed, feasible=True, by=person)
    sign_in_with_second_factor(client, person)
    urls = [reverse("review", args=[cycle.slug, each.pk]) for each in (proposal, reviewed)]
    before = [page(client, url) for url in urls]
    assert "Take the request back" in before[0]
    assert "Its verdict waits for an instant" in before[1]
    begin_voting(cycle)
    asked, done = (page(client, url) for url in urls)
    for words in ("Take the request back", "can be given as it stands", "With the proposer"):
        assert words not in asked
    assert "Not given back in time" in asked
    assert "Its verdict waits for an instant" not in done
    assert "was not published before voting began" in done
    refused = client.post(urls[0], {"act": "take_back"})
    assert (refused.status_code, "Voting has begun" in refused.content.decode()) == (400, True)
    assert proposal.change_requests.get().taken_back_by is None
    assert not Message.objects.filter(kind="changes_taken_back").exists()


def test_once_voting_has_begun_no_review_is_given_and_what_was_typed_is_there(client):
    cycle, [proposal] = reviewing_cycle()
    url = reverse("review", args=[cycle.slug, proposal.pk])
    sign_in_with_second_factor(client, reviewer())
    assert "Give this review" in page(client, url)
    begin_voting(cycle)
    assert "Give this review" not in page(client, url)
    sent = {"act": "give", "feasible": "no", "lawful": "yes", "reason": "The bank is too steep."}
    told = client.post(url, sent | {"of": 1})
    shown = told.content.decode()
    assert told.status_code == 400
    assert "Voting has begun: nothing more is decided here." in shown
    assert "The bank is too steep." in shown
    assert not proposal.reviews.given().exists()
    assert not Event.objects.filter(verb="review.given").exists()


def test_the_database_takes_no_review_once_voting_has_begun(monkeypatch):
    cycle, [proposal] = reviewing_cycle()
    begin_voting(cycle)
    monkeypatch.setattr(reviews, "is_too_late", lambda _cycle: False)
    with pytest.raises(RefusedError, match="Voting has begun"):
        give_review(proposal, feasible=True, by=reviewer())
    given = {"given_at": db_now(), "reviewer": reviewer(), "feasible": True, "lawful": True}
    with refused("review_given_in_time"):
        Review.objects.filter(proposal=proposal).update(**given, version=1)
    assert not proposal.reviews.given().exists()


def test_the_board_of_reviews_says_that_nothing_more_is_decided(client):
    cycle, [proposal] = reviewing_cycle()
    give_review(proposal, feasible=True, by=reviewer())
    board = reverse("reviews", args=[cycle.slug])
    sign_in_with_second_factor(client, administrator())
    assert "Nothing more is decided here" not in page(client, board)
    assert "Take it back" in page(client, board)
    begin_voting(cycle)
    assert "Nothing more is decided here" in page(client, board)
    assert "Take it back" not in page(client, board)


# --- the reason


def left_off():
    cycle, proposals = four()
    return cycle, proposals[1]


def test_an_administrator_says_why_at_the_desk_and_everybody_reads_it(client):
    cycle, proposal = left_off()
    desk = reverse("ballot_desk", args=[cycle.slug])
    sign_in_with_second_factor(client, administrator())
    given = {"act": "keep_off", "proposal": proposal.pk}
    assert client.post(desk, {**given, "reason": " "}).status_code == 400
    answer = client.post(desk, {**given, "reason": "Too near the rails."}, follow=True)
    shown = answer.content.decode()
    assert "Everybody reads now why" in shown
    assert "Left off, as everybody reads" in shown
    assert proposal.pk not in answer.context["ticked"]
    assert all("Too near the rails." in shown for shown in seen(client, proposal)[:2])
    assert "Too near the rails." in mine(client, proposal)
    put_on_ballot(proposal, by=administrator())
    assert all("Too near the rails." not in shown for shown in seen(client, now(proposal))[:2])


def test_it_may_be_said_once_voting_has_begun(client):
    cycle, proposal = left_off()
    begin_voting(cycle)
    keep_off_ballot(proposal, reason="It was overlooked. We are sorry.", by=administrator())
    assert "It was overlooked." in mine(client, proposal)
    assert "Nobody said why." not in mine(client, proposal)


def test_a_reason_of_before_it_came_on_the_ballot_or_of_an_earlier_verdict_counts_no_more(client):
    cycle, proposal = left_off()
    keep_off_ballot(proposal, reason="Too near the rails.", by=administrator())
    put_on_ballot(proposal, by=administrator())
    take_off_ballot(now(proposal), reason=OFF, by=administrator())
    shown = mine(client, now(proposal))
    assert OFF in shown
    assert "Too near the rails." not in shown
    keep_off_ballot(now(proposal), reason="It floods.", by=administrator())
    assert "It floods." in mine(client, now(proposal))
    rewrite(now(proposal))
    review_again(now(proposal), by=administrator())
    give_review(now(proposal), feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    assert "It floods." not in mine(client, now(proposal))


def test_only_administrators_say_it_only_with_words_and_of_what_is_feasible():
    _cycle, (undecided, forgotten, *_others) = four()
    before = BallotOmission.objects.count()
    with pytest.raises(PermissionDenied):
        keep_off_ballot(forgotten, reason="x", by=reviewer())
    with pytest.raises(RefusedError, match="Say why"):
        keep_off_ballot(forgotten, reason=" ", by=administrator())
    for each in (undecided, put_on_ballot(forgotten, by=administrator()).proposal):
        with pytest.raises(RefusedError, match="is not feasible, or is on the ballot"):
            keep_off_ballot(each, reason="x", by=administrator())
    assert BallotOmission.objects.count() == before
    assert Event.objects.filter(verb="proposal.kept_off").count() == before == 1


def test_the_desk_takes_only_what_is_feasible_in_its_cycle(client):
    _cycle, proposal = left_off()
    other, [waiting] = reviewing_cycle()
    sign_in_with_second_factor(client, administrator())
    for each in (proposal, waiting):
        given = {"act": "keep_off", "proposal": each.pk, "reason": "x"}
        answer = client.post(reverse("ballot_desk", args=[other.slug]), given)
        assert answer.status_code == 400
    assert BallotOmission.objects.count() == 1


def test_a_reason_is_of_something_feasible_says_something_and_is_kept():
    _cycle, (undecided, forgotten, *_others) = four()
    by = administrator()
    with refused("omission_of_feasible"):
        BallotOmission.objects.create(proposal=undecided, reason="x", by=by)
    with refused("omission_says_why"):
        BallotOmission.objects.create(proposal=forgotten, reason=" ", by=by)
    with refused("budgeting_ballotomission_append_only"):
        as_owner("UPDATE budgeting_ballotomission SET reason = 'Other words.'")


def test_the_cycles_page_asks_no_more_for_many_than_for_one(client):
    asked = []
    for number in (1, 3):
        cycle, proposals = reviewing_cycle(number, cost_minor=1_000_00)
        for each in proposals:
            give_review(each, feasible=True, by=reviewer())
        publish_now(cycle, by=administrator())
        begin_voting(cycle)
        with CaptureQueriesContext(connection) as queries:
            page(client, cycle.get_absolute_url())
        asked.append(len(queries))
    assert asked[0] == asked[1]
