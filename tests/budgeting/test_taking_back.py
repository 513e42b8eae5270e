"""A review that is wrong is taken back before it is public, and given anew."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import ReviewKind
from budgeting.models import Proposal, Review, ReviewTakenBack, VerdictPublication
from budgeting.selectors import ready_verdicts, town_costs, waiting_reviews
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot, review_again, submit_proposal
from budgeting.services.review_news import tell_of_reviews
from budgeting.services.reviewers import (
    add_rule,
    assign,
    plan_reviews,
    publish_verdicts,
    set_publication,
)
from budgeting.services.reviews import (
    Estimate,
    appeal,
    empty_notes,
    give_back,
    give_review,
    request_changes,
)
from budgeting.services.taking_back import take_back_review
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import revoke_role
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services import Cost, edit_project
from civicfund.talk.models import News
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, begin_voting, draft_cycle, publish_now
from tests.factories.paper import holder
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, announced, refused_publicly, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
WHY = "I typed 120,000 for 12,000."
WRONG, RIGHT = (Estimate(n, n, n) for n in (120_000_00, 12_000_00))
HOUR = timedelta(hours=1)


def now(proposal):
    return Proposal.objects.select_related("project", "cycle", "pot").get(pk=proposal.pk)


def waits(proposal):
    """Which look it waits for, by whom; nothing where it waits for none."""
    rows = Review.objects.waiting().filter(proposal=proposal)
    return [(each.kind, each.attempt, each.reviewer) for each in rows]


def decided(cycle):
    return [(review.proposal_id, review.says_yes) for review in ready_verdicts(cycle)]


def back(review, by=None, reason=WHY):
    return take_back_review(review, reason=reason, by=by or review.reviewer)


def said(review):
    return Review.objects.filter(pk=review.pk).values().get()


# --- each path


def test_a_single_yes_is_taken_back_and_what_is_given_anew_is_the_cost_on_the_ballot(client):
    cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    wrong = give_review(proposal, feasible=True, cost=WRONG, notes="By phone.", by=mine)
    before = said(wrong)
    assert decided(cycle) == [(proposal.pk, True)]
    taken = back(wrong)
    assert said(wrong) == before
    assert (taken.by, taken.reason, taken.at <= db_now()) == (mine, WHY, True)
    assert (waits(proposal), decided(cycle)) == ([("first", 2, mine)], [])
    publish_now(cycle, by=administrator())
    assert now(proposal).state == "submitted"
    right = give_review(proposal, feasible=True, cost=RIGHT, by=mine)
    assert (right.attempt, right.round) == (2, 1)
    publish_now(cycle, by=administrator())
    assert town_costs([now(proposal)])[proposal.pk] == right
    assert "€120,000" not in client.get(cycle.get_absolute_url()).content.decode()
    assert put_on_ballot(now(proposal), by=administrator()).cost_minor == 12_000_00
    assert said(wrong) == before


def test_a_second_review_is_taken_back_and_the_first_stays():
    cycle, [proposal] = reviewing_cycle()
    first, second = reviewer(), reviewer()
    no = give_review(proposal, **NO, by=first)
    yes = give_review(proposal, feasible=True, by=second)
    back(yes, reason="Ticked yes for no.")
    assert (waits(proposal), decided(cycle)) == ([("second", 2, second)], [])
    with pytest.raises(RefusedError, match="looks at it"):
        give_review(proposal, feasible=True, by=first)
    with pytest.raises(RefusedError, match="they have looked"):
        assign(cycle, [proposal.reviews.get(given_at=None)], first, by=administrator())
    give_review(proposal, feasible=False, reason="It floods.", by=second)
    publish_now(cycle, by=administrator())
    assert (now(proposal).state, now(proposal).reason) == ("not_feasible", "It floods.")
    assert Review.objects.given().filter(proposal=proposal).first() == no


def test_a_first_no_is_taken_back_while_the_second_waits_and_needs_none_any_more():
    cycle, [proposal] = reviewing_cycle()
    mine, other = reviewer(), reviewer()
    no = give_review(proposal, **NO, by=mine)
    assign(cycle, [proposal.reviews.get(kind="second")], other, by=administrator())
    back(no)
    assert waits(proposal) == [("first", 2, mine)]
    with pytest.raises(RefusedError, match="looks at it"):
        give_review(proposal, feasible=True, by=other)
    give_review(proposal, feasible=True, by=mine)
    assert (waits(proposal), decided(cycle)) == ([], [(proposal.pk, True)])


def test_a_no_given_anew_takes_two_again_and_above_the_limit_a_yes_does():
    cycle, (no, dear) = reviewing_cycle(2)
    plan_reviews(cycle, second_above_minor=50_000_00, by=administrator())
    mine = reviewer()
    back(give_review(no, **NO, by=mine))
    give_review(no, **NO, by=mine)
    assert waits(no) == [("second", 1, None)]
    back(give_review(dear, feasible=True, cost=RIGHT, by=mine))
    give_review(dear, feasible=True, cost=WRONG, by=mine)
    assert waits(dear) == [("second", 1, None)]
    assert decided(cycle) == []


def test_both_are_taken_back_one_after_the_other_and_given_in_order():
    cycle, [proposal] = reviewing_cycle()
    first, second = reviewer(), reviewer()
    one = give_review(proposal, **NO, by=first)
    two = give_review(proposal, **NO, by=second)
    with pytest.raises(RefusedError, match="take that review back first"):
        back(one)
    back(two)
    back(one)
    assert waits(proposal) == [("first", 2, first)]
    give_review(proposal, **NO, by=first)
    assert waits(proposal) == [("second", 2, None)]
    with pytest.raises(RefusedError, match="somebody else's turn"):
        give_review(proposal, feasible=True, by=first)
    give_review(proposal, **NO, by=second)
    assert decided(cycle) == [(proposal.pk, False)]
    publish_now(cycle, by=administrator())
    assert now(proposal).state == "not_feasible"


def test_the_answer_to_an_appeal_is_taken_back_until_it_is_public():
    cycle, proposal, reviewers = refused_publicly()
    appeal(proposal, reason="Look again.", by=proposal.project.proposer)
    third = reviewer()
    wrong = give_review(now(proposal), feasible=True, by=third)
    assert decided(cycle) == [(proposal.pk, True)]
    back(wrong)
    assert (waits(proposal), decided(cycle)) == ([("appeal", 2, third)], [])
    publish_now(cycle, by=administrator())
    assert (now(proposal).state, now(proposal).appeal.published_with) == ("not_feasible", None)
    with pytest.raises(RefusedError, match="looks at it"):
        give_review(now(proposal), feasible=True, by=reviewers[0])
    right = give_review(now(proposal), feasible=False, reason="It is listed still.", by=third)
    publish_now(cycle, by=administrator())
    assert (now(proposal).state, now(proposal).reason) == ("not_feasible", "It is listed still.")
    with pytest.raises(RefusedError, match="Its verdict is public"):
        back(right)


def test_what_its_authors_were_asked_by_the_second_reviewer_is_waited_for():
    _cycle, [proposal] = reviewing_cycle()
    mine, other = reviewer(), reviewer()
    no = give_review(proposal, **NO, by=mine)
    request_changes(proposal, words="Say how wide.", by=other)
    back(no)
    assert waits(proposal) == [("first", 2, mine)]
    with pytest.raises(RefusedError, match="asked for changes"):
        give_review(proposal, feasible=True, by=mine)
    assert tell_of_reviews() == 0
    give_back(proposal, by=proposal.project.proposer)
    assert tell_of_reviews() == 1
    assert [each.kind for each in Message.objects.filter(recipient=mine)] == ["review_returned"]
    assert give_review(proposal, feasible=True, by=mine).kind == "first"


def test_in_another_round_it_is_taken_back_as_well_and_only_what_decides_there():
    cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    old = give_review(proposal, feasible=True, by=mine)
    project = Project.objects.get(pk=proposal.project_id)
    edit_project(project, by=project.proposer, cost_lines=[Cost("A pavilion", 900_00)])
    review_again(now(proposal), by=administrator())
    with pytest.raises(RefusedError, match="decides nothing"):
        back(old)
    back(give_review(now(proposal), feasible=True, by=mine))
    new = proposal.reviews.get(given_at=None)
    assert (new.round, new.attempt, new.reviewer) == (2, 2, mine)
    with pytest.raises(RefusedError, match="decides nothing"):
        back(old)
    give_review(now(proposal), feasible=True, by=mine)
    assert decided(cycle) == [(proposal.pk, True)]


def test_who_is_no_reviewer_any_more_or_writes_it_is_not_asked_anew():
    cycle, (one, two, three) = reviewing_cycle(3)
    gone, author, admin, other = reviewer(), reviewer(), administrator(), reviewer()
    given = [
        give_review(one, feasible=True, by=gone),
        give_review(two, feasible=True, by=author),
        give_review(three, feasible=True, by=gone),
    ]
    revoke_role(gone, Role.REVIEWER, by=None)
    CoAuthor.objects.create(project=two.project, user=author)
    with pytest.raises(PermissionDenied):
        back(given[0])
    for each in given[:2]:
        back(each, by=admin)
    assert waits(one) == waits(two) == [("first", 2, None)]
    add_rule(cycle, other, by=admin)
    back(given[2], by=admin)
    assert waits(three) == [("first", 2, other)]
    assert not Message.objects.filter(kind="review_taken_back").exists()


def test_notes_of_what_was_taken_back_can_go_and_nothing_else():
    _cycle, [proposal] = reviewing_cycle()
    wrong = give_review(proposal, feasible=True, notes="Call Ms Quill.", by=reviewer())
    back(wrong)
    empty_notes(wrong, by=wrong.reviewer)
    assert said(wrong)["notes"] == ""
    with refused("review_kept"):
        Review.objects.filter(pk=wrong.pk).update(cost_likely_minor=1)


# --- what is refused, and that nothing moved


def everything():
    """All that taking a review back writes."""
    return (
        list(Review.objects.order_by("pk").values()),
        list(Proposal.objects.order_by("pk").values()),
        ReviewTakenBack.objects.count(),
        Event.objects.count(),
        Message.objects.count(),
    )


def a_yes():
    cycle, [proposal] = reviewing_cycle()
    return cycle, proposal, give_review(proposal, feasible=True, cost=WRONG, by=reviewer())


def by_another():
    _cycle, _proposal, review = a_yes()
    return review, reviewer(), "Only whoever gave"


def by_its_author():
    _cycle, proposal, review = a_yes()
    author = CoAuthor.objects.create(project=proposal.project, user=administrator()).user
    return review, author, "own project"


def not_given():
    _cycle, [proposal] = reviewing_cycle()
    return proposal.reviews.get(), administrator(), "not given yet"


def a_public_yes():
    cycle, _proposal, review = a_yes()
    publish_now(cycle, by=administrator())
    return review, review.reviewer, "it can be reviewed again"


def on_a_ballot():
    cycle, proposal, review = a_yes()
    publish_now(cycle, by=administrator())
    put_on_ballot(now(proposal), by=administrator())
    return review, administrator(), "take it off the ballot"


def a_public_no():
    _cycle, proposal, (_first, second) = refused_publicly()
    return proposal.reviews.get(kind="second"), second, "authors can appeal"


def under_appeal():
    _cycle, proposal, (_first, second) = refused_publicly()
    appeal(proposal, reason="Look again.", by=proposal.project.proposer)
    return proposal.reviews.get(kind="second"), second, "Its verdict is public, and stays"


def taken_back_before():
    _cycle, _proposal, review = a_yes()
    back(review)
    return review, review.reviewer, "taken back already"


def of_what_left():
    _cycle, proposal, review = a_yes()
    Project.objects.filter(pk=proposal.project_id).update(state="withdrawn")
    return review, review.reviewer, "not in the cycle now"


def of_what_is_over():
    cycle, _proposal, review = a_yes()
    request_cancelling(cycle, by=administrator(), reason="The mill burned.")
    cancel_cycle(cycle, by=administrator())
    return review, review.reviewer, "This cycle is over"


def once_voting_has_begun():
    cycle, _proposal, review = a_yes()
    begin_voting(cycle)
    return review, administrator(), "Voting has begun"


def at_the_instant():
    cycle = draft_cycle(by=(by := administrator()), costs_minor=())
    proposal = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    review = give_review(proposal, feasible=True, by=by)
    at = db_now()
    set_publication(cycle, at=at, appeals_until=at + HOUR, by=by)
    return review, by, "being published"


@pytest.mark.parametrize(
    "case",
    [
        by_another, by_its_author, not_given, a_public_yes, on_a_ballot, a_public_no, under_appeal,
        taken_back_before, of_what_left, of_what_is_over, at_the_instant,
        once_voting_has_begun,
    ],
)  # fmt: skip
def test_it_is_refused_in_words_and_nothing_moves(case):
    review, by, words = case()
    before = everything()
    with pytest.raises(RefusedError, match=words):
        take_back_review(review, reason=WHY, by=by)
    assert everything() == before


def test_it_takes_a_reason_and_a_role():
    _cycle, _proposal, review = a_yes()
    before = everything()
    with pytest.raises(RefusedError, match="Say why"):
        back(review, reason=" \n")
    with pytest.raises(PermissionDenied):
        back(review, by=UserFactory())
    assert everything() == before


def test_who_writes_a_project_gives_no_review_anew():
    _cycle, proposal, review = a_yes()
    author = CoAuthor.objects.create(project=proposal.project, user=reviewer()).user
    back(review)
    with pytest.raises(RefusedError, match="looks at it"):
        give_review(proposal, feasible=True, by=author)
    revoke_role(review.reviewer, Role.REVIEWER, by=None)
    with pytest.raises(RefusedError, match="your own project"):
        give_review(proposal, feasible=True, by=author)


# --- what the database refuses, whoever asks


def insert(review, reason=WHY):
    ReviewTakenBack.objects.create(review=review, by=administrator(), reason=reason)


def test_the_database_lets_only_a_verdict_that_is_not_public_be_taken_back():
    cycle, [one, two] = reviewing_cycle(2)
    waiting = two.reviews.get()
    with refused("review_taken_back_while_it_decides"):
        insert(waiting)
    first = give_review(two, **NO, by=reviewer())
    yes = give_review(one, feasible=True, by=reviewer())
    give_review(two, **NO, by=reviewer())
    with refused("review_taken_back_while_it_decides"):
        insert(first)
    with refused("review_taken_back_says_why"):
        insert(yes, reason=" ")
    publish_now(cycle, by=administrator())
    for each in Review.objects.all():
        with refused("review_taken_back_while_it_decides"):
            insert(each)
    put_on_ballot(now(one), by=administrator())
    with refused("review_taken_back_while_it_decides"):
        insert(yes)
    assert not ReviewTakenBack.objects.exists()


def test_the_database_lets_nothing_be_taken_back_from_the_instant_on_nor_once_it_is_over():
    for case in (at_the_instant, of_what_is_over):
        review, _by, _words = case()
        with refused("review_taken_back_in_time"):
            insert(review)
    assert not ReviewTakenBack.objects.exists()


def test_the_database_wants_somebody_to_be_asked_in_its_place():
    _cycle, _proposal, review = a_yes()
    with refused("review_taken_back_asked_anew"):
        insert(review)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not ReviewTakenBack.objects.exists()


def test_that_it_was_taken_back_is_a_fact_with_the_databases_time():
    _cycle, _proposal, review = a_yes()
    asked_at = db_now()
    taken = back(review)
    taken = ReviewTakenBack.objects.get(pk=taken.pk)
    assert asked_at <= taken.at <= db_now()
    rows = ReviewTakenBack.objects.filter(pk=taken.pk)
    for change in (lambda: rows.update(reason="No."), lambda: rows._raw_delete("default")):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


def test_the_database_lets_one_of_each_kind_stand_each_by_another_person():
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    give_review(proposal, **NO, by=mine)
    with refused("review_anew_if_taken_back"):
        Review.objects.create(proposal=proposal, kind=ReviewKind.FIRST, attempt=2)
    with refused("review_one_of_each_kind"):
        Review.objects.create(proposal=proposal, kind=ReviewKind.FIRST)
    with refused("review_attempt_from_one"):
        Review.objects.create(proposal=proposal, kind=ReviewKind.APPEAL, attempt=0)
    with refused("review_by_another_person_each"):
        Review.objects.filter(proposal=proposal, kind="second").update(reviewer=mine)


def test_the_database_counts_no_review_that_was_taken_back():
    cycle, [proposal] = reviewing_cycle()
    wrong = give_review(proposal, feasible=True, by=reviewer())
    back(wrong)
    Review.objects.filter(proposal=proposal, given_at=None).update(kind=ReviewKind.SECOND)
    given = {"given_at": db_now(), "reviewer": reviewer(), "feasible": True, "lawful": True}
    with refused("review_in_order"):
        Review.objects.filter(proposal=proposal, given_at=None).update(**given)
    publication = announced(cycle)
    VerdictPublication.objects.filter(pk=publication.pk)._raw_delete("default")
    assert now(proposal).state == "submitted"


# --- who is told, and who reads it


def test_whoever_gave_it_is_told_that_an_administrator_took_it_back_and_not_why():
    cycle, proposal, review = a_yes()
    mine = review.reviewer
    back(review, by=administrator())
    message = Message.objects.get()
    assert (message.kind, message.recipient) == ("review_taken_back", mine)
    told = json.dumps(message.context)
    assert proposal.project.title in told
    assert WHY not in told
    assert [each.kind for each in News.objects.filter(recipient=mine)] == ["review_assigned"]
    assert tell_of_reviews() == 0
    assert not Message.objects.filter(recipient=proposal.project.proposer).exists()
    assert waiting_reviews(cycle, mine, gives_out=False).get().reviewer == mine


def test_of_ones_own_and_in_a_draft_nobody_is_told():
    _cycle, _proposal, review = a_yes()
    back(review)
    draft = draft_cycle(costs_minor=())
    inside = submit_proposal(ProjectFactory(), draft.pots.get(), by=administrator())
    back(give_review(inside, feasible=True, by=reviewer()), by=administrator())
    assert tell_of_reviews() == 0
    assert not Message.objects.exists()
    assert not News.objects.exists()
    # Once the cycle is open they are told that it is theirs.
    assert inside.reviews.get(given_at=None).untold == "assigned"


def test_the_trail_tells_administrators_alone_and_never_why(client):
    cycle, proposal, review = a_yes()
    back(review)
    event = Event.objects.get(verb="review.taken_back")
    assert (event.actor, event.data) == (review.reviewer, {"review": review.pk, "kind": "first"})
    words = "A review was taken back before it was public"

    def trail(user):
        sign_in_with_second_factor(client, user)
        return client.get(reverse("trail", args=[cycle.slug])).content.decode()

    page = trail(administrator())
    assert (words in page, WHY in page) == (True, False)
    assert words not in trail(holder(Role.OBSERVER))
    writes = CoAuthor.objects.create(project=proposal.project, user=administrator()).user
    assert words not in trail(writes)


def test_it_is_taken_back_from_the_board_and_the_page_says_by_whom_when_and_why(client):
    cycle, proposal, review = a_yes()
    mine, page = review.reviewer, reverse("review", args=[cycle.slug, proposal.pk])
    board = reverse("reviews", args=[cycle.slug])
    link = f'{page}#take-back"'
    sign_in_with_second_factor(client, reviewer())
    assert link not in client.get(board).content.decode()
    assert "Take it back" not in client.get(page).content.decode()
    sent = {"act": "take_back_review", "review": review.pk, "reason": WHY}
    answer = client.post(page, sent)
    assert (answer.status_code, "Only whoever gave" in answer.content.decode()) == (400, True)
    sign_in_with_second_factor(client, mine)
    assert link in client.get(board).content.decode()
    assert 'id="take-back"' in client.get(page).content.decode()
    answer = client.post(page, sent | {"reason": " "})
    assert (answer.status_code, 'id="take-back" open' in answer.content.decode()) == (400, True)
    assert not ReviewTakenBack.objects.exists()
    told = client.post(page, sent, follow=True).content.decode()
    for words in (WHY, str(mine), "Taken back", "Why it was taken back", "Give this review"):
        assert words in told
    assert 'id="take-back"' not in told
    summed = client.get(board).context
    assert (summed["ready"], summed["sums"]["all"], summed["sums"]["mine"]) == ([], 1, 1)
    client.force_login(proposal.project.proposer)
    theirs = client.get(reverse("my_proposal", args=[cycle.slug, proposal.pk])).content.decode()
    public = client.get(cycle.get_absolute_url()).content.decode()
    assert WHY not in theirs + public
    assert "Taken back" not in theirs + public


def test_the_page_says_what_can_be_done_once_it_is_public(client):
    cycle, proposal, review = a_yes()
    publish_now(cycle, by=administrator())
    page = reverse("review", args=[cycle.slug, proposal.pk])
    sign_in_with_second_factor(client, administrator())
    told = client.get(page).content.decode()
    assert "it can be reviewed again" in told
    assert "Take the review back" not in told
    sent = {"act": "take_back_review", "review": review.pk, "reason": WHY}
    answer = client.post(page, sent)
    assert (answer.status_code, WHY in answer.content.decode()) == (400, True)
    assert client.post(page, sent | {"review": 0}).status_code == 400
    assert not ReviewTakenBack.objects.exists()


def test_the_board_asks_as_much_for_three_decided_projects_as_for_one(client):
    sign_in_with_second_factor(client, administrator())
    counts = []
    for number in (1, 3):
        cycle, proposals = reviewing_cycle(number)
        for each in proposals:
            back(give_review(each, feasible=True, by=reviewer()))
            give_review(each, feasible=True, by=each.reviews.get(given_at=None).reviewer)
        client.get(reverse("reviews", args=[cycle.slug]))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("reviews", args=[cycle.slug]))
        assert page.content.decode().count("#take-back") == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_publication_after_it_leaves_it_out():
    cycle, (wrong, right) = reviewing_cycle(2)
    back(give_review(wrong, feasible=True, by=reviewer()))
    give_review(right, feasible=True, by=reviewer())
    publication = publish_now(cycle, by=administrator())
    assert (now(wrong).state, now(right).state) == ("submitted", "feasible")
    assert publish_verdicts(publication) == 0
