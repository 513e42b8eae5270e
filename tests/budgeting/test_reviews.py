from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.utils import IntegrityError
from django.urls import reverse

from budgeting.enums import ProposalState, ReviewKind
from budgeting.models import Appeal, ChangeRequest, Proposal, Review, VerdictPublication
from budgeting.selectors import readiness, ready_verdicts, waiting_reviews
from budgeting.services.cycles import (
    cancel_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.reviewers import (
    add_rule,
    assign,
    plan_reviews,
    publish_verdicts,
    remove_rule,
    set_publication,
)
from budgeting.services.reviews import (
    Estimate,
    appeal,
    give_back,
    give_review,
    request_changes,
    take_back_changes,
)
from budgeting.tasks import publish_due_verdicts
from civicfund.audit.models import ActRequest, Event
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services import revoke_role
from civicfund.people.services.erasure import erase
from civicfund.places.enums import PlaceKind
from civicfund.projects.enums import Category
from civicfund.projects.models import CoAuthor
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, draft_cycle, publish_now, rehearsed
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import (
    NO,
    announced,
    refused_publicly,
    reviewer,
    reviewing_cycle,
    time_is_over,
)
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# What differs in any two answers: the token of forms, and a countdown's seconds.
CHANCE = re.compile(r'(name="csrfmiddlewaretoken" value|nonce|data-now)="[^"]*"')


def state_of(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


# --- a review, and what is public of it when


def test_before_the_instant_nothing_that_a_review_says_is_anywhere_outside(client):
    cycle, (yes, no, unseen) = reviewing_cycle(3)
    pages = [
        cycle.get_absolute_url(),
        yes.project.get_absolute_url(),
        no.project.get_absolute_url(),
        reverse("api_cycle", args=[cycle.slug]),
        reverse("api_project", args=[yes.project_id]),
        reverse("api_project", args=[no.project_id]),
        reverse("cycles"),
        reverse("projects"),
    ]

    def seen():
        told = [client.get(page).content.decode() for page in pages]
        return [CHANCE.sub("", each) for each in told]

    before = seen()
    by = reviewer()
    give_review(yes, feasible=True, cost=Estimate(1, 2, 3), notes="NOTE", by=by)
    give_review(no, **NO, notes="NOTE", by=by)
    give_review(no, **NO, by=reviewer())
    assert seen() == before
    client.force_login(no.project.proposer)
    mine = client.get(reverse("my_proposal", args=[cycle.slug, no.pk])).content.decode()
    assert "listed" not in mine
    assert "NOTE" not in mine
    assert not Message.objects.exists()
    said = json.dumps(list(Event.objects.values("verb", "data")))
    assert "not_feasible" not in said
    assert "listed" not in said
    assert {state_of(each) for each in (yes, no, unseen)} == {"submitted"}


def test_at_the_instant_all_verdicts_that_are_ready_become_public_together(client):
    cycle, (yes, no, late) = reviewing_cycle(3)
    give_review(yes, feasible=True, cost=Estimate(1_00, 2_00, 3_00), by=reviewer())
    give_review(no, **NO, by=reviewer())
    give_review(no, **NO, notes="NOTE", by=reviewer())
    publication = announced(cycle)
    assert publish_verdicts(publication) == 0
    publish_due_verdicts()
    assert {state_of(each) for each in (yes, no, late)} == {"submitted"}
    VerdictPublication.objects.filter(pk=publication.pk)._raw_delete("default")
    publication = publish_now(cycle, by=administrator())
    assert [state_of(each) for each in (yes, no, late)] == ["feasible", "not_feasible", "submitted"]
    assert publication.done_at is not None
    page = client.get(cycle.get_absolute_url()).content.decode()
    assert "The bridge is listed." in page
    assert "NOTE" not in page
    told = Message.objects.filter(kind="verdict_published").values_list("recipient", flat=True)
    assert set(told) == {yes.project.proposer_id, no.project.proposer_id}
    assert publish_verdicts(publication) == 0


def test_a_late_verdict_waits_for_another_instant():
    cycle, (early, late) = reviewing_cycle(2)
    give_review(early, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    give_review(late, feasible=True, by=reviewer())
    publish_due_verdicts()
    assert (state_of(early), state_of(late)) == ("feasible", "submitted")
    publish_now(cycle, by=administrator())
    assert state_of(late) == "feasible"


def test_the_instant_lies_ahead_leaves_time_to_appeal_and_ends_before_voting():
    cycle, _ = reviewing_cycle()
    by, now, hour = administrator(), db_now(), timedelta(hours=1)
    for at, until, words in [
        (now - hour, now + hour, "one to come"),
        (now + hour, now + hour, "Leave time"),
        (now + hour, now + 48 * hour, "before voting begins"),
    ]:
        with pytest.raises(RefusedError, match=words):
            set_publication(cycle, at=at, appeals_until=until, by=by)
    assert not VerdictPublication.objects.exists()
    first = set_publication(cycle, at=now + hour, appeals_until=now + 3 * hour, by=by)
    moved = set_publication(cycle, at=now + 2 * hour, appeals_until=now + 3 * hour, by=by)
    assert (moved.pk, moved.at) == (first.pk, now + 2 * hour)
    assert cycle.proposals.get().reviews.get().due_at == moved.at


def verdicts_step(cycle):
    return [each for each in readiness(cycle, db_now()) if each.label == "Verdicts"]


def test_no_cycle_opens_with_appeals_that_reach_into_its_vote():
    by, other, day = administrator(), administrator(), timedelta(days=1)
    draft = draft_cycle(by=by, costs_minor=(), voting_starts_in=day, voting_ends_in=2 * day)
    rehearsed(draft)
    assert verdicts_step(draft) == []
    at = db_now() + 2 * HOUR
    set_publication(draft, at=at, appeals_until=at + 30 * HOUR, by=by)
    with pytest.raises(RefusedError, match="before voting begins"):
        request_opening(draft, by=by)
    [step] = verdicts_step(draft)
    assert (step.done, "before voting begins" in step.found) == (False, True)
    assert not ActRequest.objects.filter(act="cycle.open").exists()
    set_publication(draft, at=at, appeals_until=at + HOUR, by=by)
    assert [each.done for each in verdicts_step(draft)] == [True]
    request_opening(draft, by=by)
    set_publication(draft, at=at, appeals_until=at + 30 * HOUR, by=by)
    with pytest.raises(RefusedError, match="before voting begins"):
        open_cycle(draft, by=other)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_no_cycle_opens_while_its_verdicts_are_being_published():
    draft = draft_cycle(by=(by := administrator()), costs_minor=())
    rehearsed(draft)
    now = db_now()
    publication = set_publication(draft, at=now, appeals_until=now + HOUR, by=by)
    with pytest.raises(RefusedError, match="just now"):
        request_opening(draft, by=by)
    publish_verdicts(publication)
    assert request_opening(draft, by=by).act == "cycle.open"


def test_what_the_review_finds_likely_is_the_cost_on_the_ballot():
    cycle, [proposal] = reviewing_cycle(cost_minor=100_00)
    give_review(proposal, feasible=True, cost=Estimate(80_00, 120_00, 200_00), by=reviewer())
    publish_now(cycle, by=administrator())
    proposal.refresh_from_db()
    assert put_on_ballot(proposal, by=administrator()).cost_minor == 120_00


def test_what_the_town_reckons_with_is_public_with_the_verdict(client):
    cycle, (ranged, plain, unseen) = reviewing_cycle(3)
    cost = Estimate(80_00, 120_00, 200_00)
    give_review(ranged, feasible=True, cost=cost, yearly_minor=5_00, notes="NOTE", by=reviewer())
    give_review(plain, feasible=True, cost=Estimate(3_00, 3_00, 3_00), by=reviewer())
    words = ["The town reckons with €80 to €200.", "It costs the town €5 in each year"]

    def told(page):
        text = client.get(page).content.decode()
        assert "NOTE" not in text
        return [text.count(each) for each in words]

    mine = reverse("my_proposal", args=[cycle.slug, ranged.pk])
    client.force_login(ranged.project.proposer)
    assert (told(cycle.get_absolute_url()), told(mine)) == ([0, 0], [0, 0])
    publish_now(cycle, by=administrator())
    assert (told(cycle.get_absolute_url()), told(mine)) == ([1, 1], [1, 1])
    for each in (ranged, plain):
        each.refresh_from_db()
        put_on_ballot(each, by=administrator())
    assert told(reverse("ballot", args=[cycle.slug])) == [1, 1]
    assert told(cycle.get_absolute_url()) == [1, 1]
    assert state_of(unseen) == "submitted"


# --- two reviewers


def test_after_a_no_and_above_the_limit_another_reviewer_decides():
    cycle, (no, dear, cheap) = reviewing_cycle(3, cost_minor=50_00)
    plan_reviews(cycle, second_above_minor=100_00, by=administrator())
    first, second = reviewer(), reviewer()
    give_review(no, **NO, by=first)
    give_review(dear, feasible=True, cost=Estimate(90_00, 101_00, 101_00), by=first)
    give_review(cheap, feasible=True, by=first)
    assert [each.proposal for each in ready_verdicts(cycle)] == [cheap]
    with pytest.raises(RefusedError, match="somebody else's turn"):
        give_review(no, feasible=True, by=first)
    give_review(no, feasible=True, by=second)
    give_review(dear, feasible=True, lawful=False, reason="Not our road.", by=second)
    publish_now(cycle, by=administrator())
    assert [state_of(each) for each in (no, dear, cheap)] == [
        "feasible",
        "not_feasible",
        "feasible",
    ]
    assert Proposal.objects.get(pk=dear.pk).reason == "Not our road."


def test_a_review_is_refused_with_words_and_nothing_moves():
    cycle, [proposal] = reviewing_cycle()
    mine, other = reviewer(), reviewer()
    assign(cycle, [proposal.reviews.get()], mine, by=administrator())
    for given, by, words in [
        ({"feasible": True}, other, "looks at it"),
        ({"feasible": False, "reason": " "}, mine, "Say why"),
        ({"feasible": True, "cost": Estimate(3, 2, 1)}, mine, "not above"),
    ]:
        with pytest.raises(RefusedError, match=words):
            give_review(proposal, **given, by=by)
    with pytest.raises(PermissionDenied):
        give_review(proposal, feasible=True, by=UserFactory())
    assert Review.objects.get().given_at is None


# --- who reviews what


def test_proposals_go_by_the_closest_rule_and_to_who_has_less_to_do():
    here = NeighborhoodFactory(parent=NeighborhoodFactory(kind=PlaceKind.DISTRICT))
    cycle, [waiting] = reviewing_cycle(neighborhood=here)
    by, far, near, kind = administrator(), reviewer(), reviewer(), reviewer()
    add_rule(cycle, far, by=by)
    assert waiting.reviews.get().reviewer == far
    add_rule(cycle, near, place=here, by=by)
    add_rule(cycle, near, place=here.parent, by=by)
    busy = add_rule(cycle, kind, category=Category.PLAY, by=by)

    def reviewer_of(**project):
        pot = cycle.pots.get()
        return submit_proposal(ProjectFactory(**project), pot, by=by).reviews.get().reviewer

    assert reviewer_of(neighborhood=here) == near
    assert reviewer_of(neighborhood=NeighborhoodFactory(parent=here.parent)) == near
    assert reviewer_of(category=Category.PLAY) == kind
    assert reviewer_of(category=Category.GREEN) == far
    assert reviewer_of(neighborhood=here, proposer=near) == far
    remove_rule(busy, by=by)
    assert reviewer_of(category=Category.PLAY) == far
    other = reviewer()
    add_rule(cycle, other, by=by)
    assert reviewer_of() == other
    with pytest.raises(RefusedError, match="there already"):
        add_rule(cycle, other, by=by)
    with pytest.raises(RefusedError, match="no reviewer"):
        add_rule(cycle, UserFactory(), by=by)


def test_nothing_is_given_out_to_who_is_no_reviewer_any_more():
    cycle, [waiting] = reviewing_cycle()
    by, former = administrator(), reviewer()
    add_rule(cycle, former, by=by)
    assert waiting.reviews.get().reviewer == former
    revoke_role(former, Role.REVIEWER, by=None)
    pot = cycle.pots.get()
    assert submit_proposal(ProjectFactory(), pot, by=by).reviews.get().reviewer is None
    add_rule(cycle, new := reviewer(), by=by)
    assert waiting.reviews.get().reviewer == new


def test_the_reviews_of_a_former_reviewer_are_nobodys_and_others_take_them(client):
    cycle, (one, two) = reviewing_cycle(2)
    former, other = reviewer(), reviewer()
    add_rule(cycle, former, by=administrator())
    with pytest.raises(RefusedError, match="looks at it"):
        give_review(one, feasible=True, by=other)
    revoke_role(former, Role.REVIEWER, by=None)
    sign_in_with_second_factor(client, other)
    board = client.get(reverse("reviews", args=[cycle.slug]) + "?whose=nobody")
    assert [each.proposal for each, _late in board.context["rows"]] == [one, two]
    assert board.context["sums"]["nobody"] == 2
    told = board.content.decode()
    assert "is no reviewer any more" in told
    assert "nothing is given out by this rule" in told
    assert client.get(reverse("review", args=[cycle.slug, one.pk])).context["may_review"]
    assert give_review(one, feasible=True, by=other).reviewer == other
    assert request_changes(two, words="Say how wide.", by=other).asked_by == other
    assert two.reviews.get().reviewer == other
    [step] = [each for each in readiness(cycle, db_now()) if each.label == "Reviewers"]
    assert "any reviewer may take a proposal" in step.found


def test_reviews_are_given_out_by_hand_all_or_none():
    cycle, (one, two) = reviewing_cycle(2)
    by, mine = administrator(), reviewer()
    give_review(one, **NO, by=mine)
    second, first = one.reviews.get(kind=ReviewKind.SECOND), two.reviews.get()
    with pytest.raises(RefusedError, match="they have looked"):
        assign(cycle, [first, second], mine, by=by)
    first.refresh_from_db()
    assert first.reviewer is None
    due = db_now() + timedelta(hours=2)
    assert assign(cycle, [first], mine, due_at=due, by=by) == 1
    first.refresh_from_db()
    assert (first.reviewer, first.due_at) == (mine, due)


# --- changes, and an appeal


def test_a_proposer_is_asked_for_changes_and_gives_it_back():
    _cycle, [proposal] = reviewing_cycle()
    by, proposer = reviewer(), proposal.project.proposer
    request_changes(proposal, words="Say how wide.", by=by)
    assert Message.objects.get().recipient == proposer
    with pytest.raises(RefusedError, match="has not given it back"):
        give_review(proposal, feasible=True, by=by)
    with pytest.raises(RefusedError, match="Only those who write"):
        give_back(proposal, by=by)
    give_back(proposal, answer="Two metres.", by=proposer)
    with pytest.raises(RefusedError, match="Nobody asked"):
        give_back(proposal, by=proposer)
    assert give_review(proposal, feasible=True, by=by).says_yes


def test_a_request_that_nobody_answers_in_time_holds_up_no_review(client):
    cycle, [proposal] = reviewing_cycle()
    by = reviewer()
    asked = request_changes(proposal, words="Say how wide.", by=by)
    assert list(waiting_reviews(cycle, by, gives_out=False).values_list("with_proposer")) == [
        (True,)
    ]
    time_is_over(asked)
    sign_in_with_second_factor(client, by)
    page = client.get(reverse("review", args=[cycle.slug, proposal.pk]))
    assert page.context["may_review"]
    assert "Not given back in time" in page.content.decode()
    assert list(waiting_reviews(cycle, by, gives_out=False).values_list("with_proposer")) == [
        (False,)
    ]
    again = request_changes(proposal, words="Say how long.", until=db_now() + HOUR, by=by)
    asked.refresh_from_db()
    assert (asked.taken_back_by, again.taken_back_by) == (by, None)


def test_after_its_day_a_review_is_given_and_takes_the_request_back():
    _cycle, [proposal] = reviewing_cycle()
    by = reviewer()
    asked = request_changes(proposal, words="Say how wide.", by=by)
    with pytest.raises(RefusedError, match="has not given it back"):
        give_review(proposal, feasible=True, by=by)
    time_is_over(asked)
    assert give_review(proposal, feasible=True, by=by).says_yes
    asked.refresh_from_db()
    assert asked.taken_back_by == by
    with pytest.raises(RefusedError, match="Nobody asked"):
        give_back(proposal, by=proposal.project.proposer)


@pytest.mark.parametrize("whose", ["its reviewer", "an administrator"])
def test_a_request_is_taken_back_and_the_project_judged_as_it_stands(client, whose):
    cycle, [proposal] = reviewing_cycle()
    by = reviewer()
    asked = request_changes(proposal, words="Say how wide.", by=by)
    who = by if whose == "its reviewer" else administrator()
    sign_in_with_second_factor(client, who)
    page = reverse("review", args=[cycle.slug, proposal.pk])
    assert "Take the request back" in client.get(page).content.decode()
    assert client.post(page, {"act": "take_back"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.taken_back_by, asked.answer) == (who, "")
    assert client.post(page, {"act": "take_back"}).status_code == 400
    client.force_login(proposal.project.proposer)
    mine = client.get(reverse("my_proposal", args=[cycle.slug, proposal.pk])).content.decode()
    assert "They wait for no more changes" in mine
    assert give_review(proposal, feasible=True, by=by).says_yes
    with refused("budgeting_changerequest_frozen"):
        ChangeRequest.objects.update(taken_back_by=None)


def test_nobody_else_takes_a_request_back():
    cycle, [proposal] = reviewing_cycle()
    request_changes(proposal, words="Say how wide.", by=reviewer())
    author = CoAuthor.objects.create(project=proposal.project, user=administrator()).user
    for by, refusal in [
        (reviewer(), RefusedError),
        (author, RefusedError),
        (UserFactory(), PermissionDenied),
    ]:
        with pytest.raises(refusal):
            take_back_changes(proposal, by=by)
    assert ChangeRequest.objects.get().given_back_at is None
    announced(cycle)
    request_cancelling(cycle, by=administrator(), reason="The flood.")
    cancel_cycle(cycle, by=administrator())
    with pytest.raises(RefusedError, match="is over"):
        take_back_changes(proposal, by=administrator())


def test_authors_are_told_by_when_and_it_is_never_before_now(client):
    cycle, [proposal] = reviewing_cycle()
    by = reviewer()
    with pytest.raises(RefusedError, match="Leave them time"):
        request_changes(proposal, words="Say how wide.", until=db_now() - HOUR, by=by)
    with pytest.raises(RefusedError, match=f"Voting begins on {moment(cycle.voting_starts_at)}"):
        request_changes(proposal, words="Say how wide.", until=cycle.voting_starts_at, by=by)
    assert not ChangeRequest.objects.exists()
    asked = request_changes(proposal, words="Say how wide.", by=by)
    assert 11 * HOUR < asked.due_at - db_now() < 12 * HOUR
    client.force_login(proposal.project.proposer)
    page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    assert "Give it back by" in client.get(page).content.decode()
    assert send_next()
    assert moment(asked.due_at) in mail.outbox[0].body
    with refused("change_request_leaves_time"):
        ChangeRequest.objects.update(due_at=asked.asked_at)
    with refused("change_request_taken_back_unanswered"):
        ChangeRequest.objects.update(taken_back_by=by)


@pytest.mark.parametrize(("yes", "state"), [(True, "feasible"), (False, "not_feasible")])
def test_an_appeal_is_decided_by_somebody_else_and_published_with_the_next_verdicts(yes, state):
    cycle, proposal, (first, second) = refused_publicly()
    made = appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    for judged in (first, second):
        with pytest.raises(RefusedError, match="somebody else's turn"):
            give_review(proposal, feasible=True, by=judged)
    answer = "It is listed since May." if not yes else ""
    give_review(proposal, feasible=yes, reason=answer, by=reviewer())
    assert state_of(proposal) == "not_feasible"
    publish_now(cycle, by=administrator())
    proposal.refresh_from_db()
    made.refresh_from_db()
    assert (proposal.state, proposal.reason) == (state, answer)
    assert made.published_with is not None
    assert ready_verdicts(cycle) == []


def test_an_appeal_is_the_proposers_once_with_a_reason_and_in_time():
    _cycle, proposal, (first, _) = refused_publicly()
    proposer = proposal.project.proposer
    with pytest.raises(RefusedError, match="Only those who write"):
        appeal(proposal, reason="No.", by=first)
    with pytest.raises(RefusedError, match="Say why"):
        appeal(proposal, reason=" ", by=proposer)
    assert not Appeal.objects.exists()
    appeal(proposal, reason="No.", by=proposer)
    with pytest.raises(RefusedError, match="made already"):
        appeal(proposal, reason="No.", by=proposer)
    assert proposal.reviews.filter(kind=ReviewKind.APPEAL).count() == 1


def test_what_somebody_appealed_with_and_answered_goes_with_them():
    cycle, [proposal, of_another] = reviewing_cycle(2)
    first, second = reviewer(), reviewer()
    for each in (proposal, of_another):
        request_changes(each, words="Say how wide.", by=first)
        give_back(each, answer="My husband is ill.", by=each.project.proposer)
        for by in (first, second):
            give_review(each, **NO, by=by)
    publish_now(cycle, by=administrator())
    for each in (proposal, of_another):
        each.refresh_from_db()
        appeal(each, reason="I cannot walk.", by=each.project.proposer)
    erase(proposal.project.proposer)
    kept = Proposal.objects.order_by("pk")
    assert [(each.appeal.reason, each.change_requests.get().answer) for each in kept] == [
        ("", ""),
        ("I cannot walk.", "My husband is ill."),
    ]


def test_the_table_takes_no_appeal_without_a_reason():
    _cycle, proposal, _ = refused_publicly()
    proposer = proposal.project.proposer
    with refused("appeal_says_why"):
        Appeal.objects.create(proposal=proposal, by=proposer, reason="\n")
    made = appeal(proposal, reason="It is not listed.", by=proposer)
    with refused("appeal_says_why"):
        Appeal.objects.filter(pk=made.pk).update(reason=" ")


def test_after_its_deadline_nobody_appeals():
    cycle, [proposal] = reviewing_cycle()
    for _ in range(2):
        give_review(proposal, **NO, by=reviewer())
    at = db_now() + timedelta(seconds=2)
    publication = set_publication(
        cycle, at=at, appeals_until=at + timedelta(microseconds=1), by=administrator()
    )
    while not publish_verdicts(publication):
        assert db_now() < at + timedelta(minutes=1)
    with pytest.raises(RefusedError, match="time to appeal is over"):
        appeal(proposal, reason="No.", by=proposal.project.proposer)
    with refused("appeal_in_time"):
        Appeal.objects.create(proposal=proposal, by=proposal.project.proposer, reason="No.")


@pytest.mark.parametrize("kind", ["changes_requested", "verdict_published"])
def test_both_letters_can_be_sent(kind):
    cycle, [proposal] = reviewing_cycle()
    if kind == "changes_requested":
        request_changes(proposal, words="Say how wide.", by=reviewer())
    else:
        give_review(proposal, feasible=True, by=reviewer())
        publish_now(cycle, by=administrator())
    assert send_next()
    [sent] = mail.outbox
    assert proposal.project.title in sent.subject
    assert f"/budget/{cycle.slug}/proposals/{proposal.pk}/" in sent.body
    assert "{" not in sent.body + sent.alternatives[0].content.partition("<body")[2]


def test_a_cycle_that_is_over_is_not_reviewed_any_more():
    cycle, [proposal] = reviewing_cycle()
    announced(cycle)
    request_cancelling(cycle, by=administrator(), reason="The flood.")
    cancel_cycle(cycle, by=administrator())
    with pytest.raises(RefusedError, match="is over"):
        give_review(proposal, feasible=True, by=reviewer())
    with pytest.raises(RefusedError, match="is over"):
        announced(cycle)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(state=ProposalState.FEASIBLE)


def test_co_authors_are_told_and_give_back_and_appeal_like_the_proposer(client):
    cycle, [proposal] = reviewing_cycle()
    author = CoAuthor.objects.create(project=proposal.project, user=UserFactory()).user
    by = reviewer()
    request_changes(proposal, words="Say how wide.", by=by)
    told = Message.objects.filter(kind="changes_requested").values_list("recipient", flat=True)
    assert set(told) == {proposal.project.proposer_id, author.pk}
    client.force_login(author)
    page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"act": "give_back", "answer": "Two metres."}).status_code == 302
    for each in (by, reviewer()):
        give_review(proposal, **NO, by=each)
    publish_now(cycle, by=administrator())
    told = Message.objects.filter(kind="verdict_published").values_list("recipient", flat=True)
    assert set(told) == {proposal.project.proposer_id, author.pk}
    assert client.post(page, {"act": "appeal", "reason": "It is not listed."}).status_code == 302
    assert Appeal.objects.get().by == author


def test_nobody_reviews_a_project_that_they_write_with_its_proposer():
    _cycle, [proposal] = reviewing_cycle()
    author = CoAuthor.objects.create(project=proposal.project, user=reviewer()).user
    with pytest.raises(RefusedError, match="your own project"):
        give_review(proposal, feasible=True, by=author)
    with refused("review_by_no_author"):
        Review.objects.filter(proposal=proposal).update(
            given_at=db_now(), reviewer=author, feasible=True, lawful=True
        )
    assert not Review.objects.given().exists()


def test_whoever_wrote_with_the_proposer_once_is_as_strange_as_anybody(client):
    cycle, proposal, _reviewers = refused_publicly()
    former = CoAuthor.objects.create(project=proposal.project, user=UserFactory())
    former.delete()
    client.force_login(former.user)
    page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    assert client.get(page).status_code == 404
    with pytest.raises(RefusedError, match="Only those who write"):
        appeal(proposal, reason="No.", by=former.user)
    with refused("appeal_in_time"):
        Appeal.objects.create(proposal=proposal, by=former.user, reason="No.")
    assert not Appeal.objects.exists()
