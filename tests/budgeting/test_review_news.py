"""What reviewers are told of their reviews, and authors of what becomes of theirs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import ReviewKind
from budgeting.models import ChangeRequest, Review
from budgeting.services import review_news
from budgeting.services.proposals import review_again, submit_proposal
from budgeting.services.review_news import remind_of_reviews, tell_of_reviews
from budgeting.services.reviewers import add_rule, assign
from budgeting.services.reviews import (
    appeal,
    give_back,
    give_review,
    request_changes,
    take_back_changes,
)
from budgeting.tasks import remind_reviewers, tell_reviewers
from civicfund.audit.services import db_now
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, send_next, stop_mail, wants_mail
from civicfund.people.enums import Role
from civicfund.people.services import grant_role, revoke_role
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services import edit_project
from civicfund.talk.access import visible_subjects
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Follow, News
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, draft_cycle, opened, publish_now
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import (
    NO,
    refused_publicly,
    reviewer,
    reviewing_cycle,
    time_is_over,
)
from tests.mail_links import stop_link_in
from tests.races.threads import at_once
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
DAY, MOMENT = timedelta(days=1), timedelta(seconds=1)


def given_to(reviewer, *proposals, due_at=None, by=None):
    waiting = list(Review.objects.waiting().filter(proposal__in=proposals).order_by("pk"))
    cycle = proposals[0].cycle
    assign(cycle, waiting, reviewer, by=by or administrator(), due_at=due_at)
    return waiting


def mails():
    """What was written to whom, oldest first."""
    rows = Message.objects.order_by("pk").values_list("kind", "recipient", "context")
    return [(kind, who, [item["project"] for item in said["items"]]) for kind, who, said in rows]


def kinds():
    return [kind for kind, _who, _items in mails()]


def notices(person):
    return list(News.objects.filter(recipient=person).order_by("pk").values_list("kind", flat=True))


# --- what is theirs


def test_a_reviewer_is_told_once_of_all_that_became_theirs(client):
    cycle, proposals = reviewing_cycle(2)
    mine = reviewer()
    due = db_now() + 9 * DAY
    waiting = given_to(mine, *proposals, due_at=due)
    assert not Message.objects.exists()
    tell_reviewers()
    tell_reviewers()
    titles = [each.project.title for each in proposals]
    assert mails() == [("review_assigned", mine.pk, titles)]
    assert notices(mine) == ["review_assigned"] * 2
    sign_in_with_second_factor(client, mine)
    page = client.get(reverse("my_notices")).content.decode()
    for each in proposals:
        assert f"It is yours to review: {each.project.title}" in page
    told = News.objects.filter(recipient=mine).order_by("thread__subject_id")
    ways = [client.get(reverse("my_notice", args=[each.pk])).url for each in told]
    assert ways == [reverse("review", args=[cycle.slug, each.pk]) for each in proposals]
    assert client.get(reverse("review", args=[cycle.slug, proposals[0].pk])).status_code == 200
    assert [each.untold for each in Review.objects.filter(pk__in=[r.pk for r in waiting])] == [
        ""
    ] * 2


def test_what_goes_out_by_rule_is_told_too_and_also_a_second_review_and_an_appeal():
    cycle, [proposal] = reviewing_cycle()
    first, second, third = reviewer(), reviewer(), reviewer()
    by = administrator()
    add_rule(cycle, first, by=by)
    tell_of_reviews()
    add_rule(cycle, second, by=by)
    give_review(proposal, **NO, by=first)
    tell_of_reviews()
    give_review(proposal, **NO, by=second)
    publish_now(cycle, by=by)
    add_rule(cycle, third, by=by)
    proposal.refresh_from_db()
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    tell_of_reviews()
    title = [proposal.project.title]
    told = mails_to_reviewers()
    assert told == [("review_assigned", each.pk, title) for each in (first, second, third)]
    assert notices(second) == ["review_assigned"]


def mails_to_reviewers():
    rows = Message.objects.filter(kind__startswith="review_").order_by("pk")
    return [
        (row.kind, row.recipient_id, [item["project"] for item in row.context["items"]])
        for row in rows
    ]


def test_who_takes_a_review_is_not_told_that_it_is_theirs():
    _cycle, [proposal] = reviewing_cycle()
    both = administrator()
    grant_role(both, Role.REVIEWER, by=None)
    given_to(both, proposal, by=both)
    assert tell_of_reviews() == 0
    assert not Message.objects.exists()


def test_a_review_that_comes_back_to_somebody_is_told_again_and_a_new_deadline_is_not():
    _cycle, [proposal] = reviewing_cycle()
    mine, other = reviewer(), reviewer()
    for each in (mine, other, mine):
        given_to(each, proposal)
        tell_of_reviews()
    given_to(None, proposal, due_at=db_now() + 9 * DAY)
    assert tell_of_reviews() == 0
    assert [who for _kind, who, _items in mails()] == [mine.pk, other.pk, mine.pk]


def test_of_a_draft_reviewers_are_told_once_it_is_open():
    by, mine = administrator(), reviewer()
    draft = draft_cycle(by=by, costs_minor=(), voting_starts_in=DAY, voting_ends_in=2 * DAY)
    add_rule(draft, mine, by=by)
    submit_proposal(ProjectFactory(), draft.pots.get(), by=by)
    assert tell_of_reviews() == 0
    opened(draft)
    assert tell_of_reviews() == 1
    assert kinds() == ["review_assigned"]


def test_nobody_is_told_of_what_they_write_by_now_nor_once_they_review_no_more():
    _cycle, (one, two, gone) = reviewing_cycle(3)
    author, former, mine = reviewer(), reviewer(), reviewer()
    due = db_now() + DAY
    given_to(author, one, due_at=due)
    given_to(former, two, due_at=due)
    given_to(mine, gone, due_at=due)
    CoAuthor.objects.create(project=one.project, user=author)
    revoke_role(former, Role.REVIEWER, by=None)
    Project.objects.filter(pk=gone.project_id).update(state="withdrawn")
    assert (tell_of_reviews(), remind_of_reviews()) == (0, 0)
    assert not Message.objects.exists()
    assert not News.objects.exists()
    assert visible_subjects(author, [("review", one.reviews.get().pk)]) == {}


def test_the_database_knows_what_a_reviewer_may_be_told():
    _cycle, [proposal] = reviewing_cycle()
    with refused("review_untold_known"):
        Review.objects.filter(proposal=proposal).update(untold="verdict")


# --- what came back


def test_a_reviewer_is_told_when_a_project_is_given_back():
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    request_changes(proposal, words="Say how wide.", by=mine)
    assert tell_of_reviews() == 0
    give_back(proposal, answer="Two metres.", by=proposal.project.proposer)
    assert (tell_of_reviews(), tell_of_reviews()) == (1, 0)
    assert mails_to_reviewers() == [("review_returned", mine.pk, [proposal.project.title])]
    assert notices(mine) == ["review_returned"]


def test_a_reviewer_is_told_when_the_day_for_changes_is_over():
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    time_is_over(request_changes(proposal, words="Say how wide.", by=mine))
    assert tell_of_reviews() == 1
    assert notices(mine) == ["review_returned"]


@pytest.mark.parametrize("themselves", [True, False])
def test_a_reviewer_is_told_when_somebody_else_takes_their_request_back(themselves):
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    request_changes(proposal, words="Say how wide.", by=mine)
    take_back_changes(proposal, by=mine if themselves else administrator())
    assert tell_of_reviews() == (0 if themselves else 1)


def test_what_was_given_meanwhile_is_not_told():
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    time_is_over(request_changes(proposal, words="Say how wide.", by=mine))
    give_review(proposal, feasible=True, by=mine)
    assert tell_of_reviews() == 0


# --- deadlines


def test_a_reviewer_is_reminded_once_before_a_deadline_and_once_after_it():
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    [review] = given_to(mine, proposal, due_at=db_now() + 9 * DAY)
    tell_of_reviews()
    remind_reviewers()
    assert kinds() == ["review_assigned"]
    due(review, db_now() + 2 * DAY)
    remind_reviewers()
    remind_reviewers()
    assert kinds() == ["review_assigned", "review_due"]
    due(review, midnight() + MOMENT)
    remind_reviewers()
    assert kinds() == ["review_assigned", "review_due"]  # over, but only since today
    due(review, midnight())
    remind_reviewers()
    remind_reviewers()
    assert kinds() == ["review_assigned", "review_due", "review_late"]
    assert notices(mine) == kinds()


def due(review, at):
    Review.objects.filter(pk=review.pk).update(due_at=at)


def midnight():
    return timezone.localtime(db_now()).replace(hour=0, minute=0, second=0, microsecond=0)


def test_another_deadline_is_told_anew_and_so_is_another_reviewer():
    _cycle, [proposal] = reviewing_cycle()
    mine, other = reviewer(), reviewer()
    [review] = given_to(mine, proposal, due_at=db_now() + 9 * DAY)
    tell_of_reviews()
    for days in (1, 2):
        due(review, db_now() + days * DAY)
        assert remind_of_reviews() == 1
    given_to(other, proposal)
    Review.objects.update(untold="")
    assert remind_of_reviews() == 1
    assert notices(other) == ["review_due"]


def test_a_mail_that_says_a_deadline_is_near_is_not_followed_by_another():
    _cycle, [proposal] = reviewing_cycle()
    given_to(reviewer(), proposal, due_at=db_now() + DAY)
    tell_of_reviews()
    assert remind_of_reviews() == 0
    assert kinds() == ["review_assigned"]


def test_no_deadline_is_told_while_a_review_waits_for_authors_or_is_given():
    _cycle, (asked, given, nobodys) = reviewing_cycle(3)
    mine = reviewer()
    given_to(mine, asked, given, due_at=db_now() + 9 * DAY)
    tell_of_reviews()
    request_changes(asked, words="Say how wide.", by=mine)
    give_review(given, feasible=True, by=mine)
    for each in (asked, nobodys):
        due(each.reviews.get(), db_now() - 3 * DAY)
    assert remind_of_reviews() == 0
    give_back(asked, by=asked.project.proposer)
    assert remind_of_reviews() == 1
    assert notices(mine)[-1] == "review_late"


def test_all_who_share_a_deadline_are_reminded_in_one_night_with_one_mail_each(monkeypatch):
    monkeypatch.setattr(review_news, "MOST_AT_ONCE", 3)
    _cycle, proposals = reviewing_cycle(9)
    first, second, third = reviewer(), reviewer(), reviewer()
    # Neither stands together, and the last has more than go at once.
    for person, theirs in ((first, proposals[::4]), (second, proposals[1::4])):
        given_to(person, *theirs)
    given_to(third, *proposals[2::4], *proposals[3::4])
    Review.objects.update(untold="", due_at=db_now() + DAY)
    assert remind_of_reviews() == 9
    assert remind_of_reviews() == 0
    assert [(who, len(items)) for _kind, who, items in mails()] == [
        (first.pk, 3), (second.pk, 2), (third.pk, 3), (third.pk, 1),
    ]  # fmt: skip
    Review.objects.update(due_at=midnight())
    assert remind_of_reviews() == 9
    assert News.objects.filter(kind="review_late").count() == 9


# --- how it is told


def test_mail_about_reviews_can_be_switched_off_and_the_site_still_tells(client):
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    stop_mail(StopLink(mine, Topic.REVIEWING))
    given_to(mine, proposal)
    assert tell_of_reviews() == 1
    assert not Message.objects.exists()
    assert notices(mine) == ["review_assigned"]
    assert News.objects.get().mailed_at is not None  # no digest brings it either


def test_reviewers_alone_are_asked_on_the_page_of_notices(client):
    mine = reviewer()
    client.force_login(mine)
    page = reverse("my_notices")
    assert "reviews that are mine to give" in client.get(page).content.decode()
    client.post(page, {"pace": "daily", "backing": "on"})
    assert not wants_mail(mine, Topic.REVIEWING)
    client.post(page, {"pace": "daily", "reviewing": "on"})
    assert wants_mail(mine, Topic.REVIEWING)
    client.force_login(other := UserFactory())
    assert "reviews that are mine to give" not in client.get(page).content.decode()
    client.post(page, {"pace": "daily"})
    assert wants_mail(other, Topic.REVIEWING)


@pytest.mark.parametrize("kind", ["assigned", "returned", "due", "late"])
def test_every_letter_to_a_reviewer_leads_to_the_review_and_ends_itself(client, kind):
    cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    if kind == "returned":
        request_changes(proposal, words="Say how wide.", by=mine)
        Message.objects.all().delete()
        give_back(proposal, by=proposal.project.proposer)
    else:
        [review] = given_to(mine, proposal, due_at=db_now() + DAY)
        if kind != "assigned":
            Review.objects.update(untold="")
            due(review, db_now() + (DAY if kind == "due" else -2 * DAY))
    tell_of_reviews() if kind in ("assigned", "returned") else remind_of_reviews()
    assert send_next()
    [sent] = mail.outbox
    html = sent.alternatives[0].content
    for text in (sent.body, html):
        assert proposal.project.title in text
        assert reverse("review", args=[cycle.slug, proposal.pk]) in text

    assert "{" not in sent.body + html.partition("<body")[2]
    assert "List-Unsubscribe" in sent.extra_headers
    stop, ends = stop_link_in(sent.body)
    assert ends == StopLink(mine, Topic.REVIEWING)
    client.post(stop)
    assert not wants_mail(mine, Topic.REVIEWING)


def test_many_reviews_are_one_mail_that_names_twenty():
    _cycle, proposals = reviewing_cycle(22)
    mine = reviewer()
    given_to(mine, *proposals)
    tell_of_reviews()
    [sent] = Message.objects.all()
    assert (len(sent.context["items"]), sent.context["more"], sent.context["count"]) == (20, 2, 22)
    assert News.objects.filter(recipient=mine).count() == 22
    assert send_next()
    assert "And 2 more." in mail.outbox[0].body


def test_telling_asks_as_much_for_twenty_reviews_as_for_two():
    _cycle, proposals = reviewing_cycle(22)
    counts = []
    for some in (proposals[:2], proposals[2:]):
        given_to(reviewer(), *some)
        with CaptureQueriesContext(connection) as queries:
            tell_of_reviews()
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_told_says_nothing_of_what_reviewers_said():
    _cycle, [proposal] = reviewing_cycle()
    first, second = reviewer(), reviewer()
    given_to(first, proposal)
    tell_of_reviews()
    give_review(proposal, **NO, notes="NOTE", by=first)
    given_to(second, proposal)
    tell_of_reviews()
    one, other = Message.objects.order_by("pk").values_list("kind", "context")
    assert one == other
    said = json.dumps([one, other])
    for word in ("listed", "NOTE", ReviewKind.SECOND.value, "feasible"):
        assert word not in said
    for stranger in (proposal.project.proposer, UserFactory()):
        assert notices(stranger) == []
        wanted = [("review", pk) for pk in proposal.reviews.values_list("pk", flat=True)]
        assert visible_subjects(stranger, wanted) == {}


def test_nobody_follows_or_talks_about_a_review(client):
    _cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    given_to(mine, proposal)
    tell_of_reviews()
    subject = [SubjectKind.REVIEW.value, proposal.reviews.get().pk]
    client.force_login(mine)
    client.post(reverse("follow", args=subject))
    assert not Follow.objects.filter(thread__kind="review").exists()
    client.force_login(UserFactory())
    assert client.post(reverse("follow", args=subject)).status_code == 404


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_sweeps_at_once_tell_it_once():
    _cycle, proposals = reviewing_cycle(3)
    mine = reviewer()
    given_to(mine, *proposals, due_at=db_now() + 9 * DAY)
    assert sum(at_once(2, lambda _n: tell_of_reviews())) == 3
    assert News.objects.filter(recipient=mine).count() == 3
    assert sorted(title for _kind, _who, items in mails() for title in items) == sorted(
        each.project.title for each in proposals
    )


# --- authors


def told_to(kind):
    return set(Message.objects.filter(kind=kind).values_list("recipient", flat=True))


def with_co_author(**cycle):
    _cycle, [proposal] = reviewing_cycle(**cycle)
    author = CoAuthor.objects.create(project=proposal.project, user=UserFactory()).user
    return proposal, {proposal.project.proposer_id, author.pk}


def test_authors_are_told_that_changes_are_asked_for_no_more():
    proposal, authors = with_co_author()
    mine = reviewer()
    request_changes(proposal, words="Say how wide.", by=mine)
    take_back_changes(proposal, by=mine)
    assert told_to("changes_taken_back") == authors
    assert ChangeRequest.objects.get().taken_back_by == mine


def test_authors_who_are_asked_again_in_time_are_not_told_that_nobody_asks():
    proposal, _authors = with_co_author()
    mine = reviewer()
    time_is_over(request_changes(proposal, words="Say how wide.", by=mine))
    request_changes(proposal, words="Say how long.", by=mine)
    assert told_to("changes_taken_back") == set()
    assert Message.objects.filter(kind="changes_requested").count() == 4


def rewritten(proposal):
    project = Project.objects.get(pk=proposal.project_id)
    edit_project(project, by=project.proposer, title="A pavilion")
    proposal.refresh_from_db()
    return proposal


@pytest.mark.parametrize("was_public", [True, False])
def test_authors_are_told_that_their_project_is_reviewed_again(was_public):
    proposal, authors = with_co_author()
    give_review(proposal, feasible=True, by=reviewer())
    if was_public:
        publish_now(proposal.cycle, by=administrator())
    mine = reviewer()
    add_rule(proposal.cycle, mine, by=administrator())
    review_again(rewritten(proposal), by=administrator())
    assert told_to("proposal_reviewed_again") == authors
    tell_of_reviews()
    assert notices(mine) == ["review_assigned"]
    Message.objects.exclude(kind="proposal_reviewed_again").delete()
    assert send_next()
    [sent] = mail.outbox
    for said in (f"{sent.subject} {sent.body}", sent.alternatives[0].content):
        assert ("reviewers look at it again" in said) is was_public
        assert ("counts no more" in said) is was_public
        assert "can be done" not in said
        if not was_public:
            assert "look at “A pavilion” as it is now" in said
            told = [word for word in ("again", "than its review", "before") if word in said]
            assert not told


def test_the_letter_about_a_request_that_was_taken_back_can_be_sent():
    proposal, _authors = with_co_author()
    mine = reviewer()
    request_changes(proposal, words="Say how wide.", by=mine)
    Message.objects.all().delete()
    take_back_changes(proposal, by=mine)
    assert send_next()
    [sent] = mail.outbox
    page = reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk])
    for text in (sent.body, sent.alternatives[0].content):
        assert page in text
        assert "judge it as it stands" in text


def test_a_public_no_is_followed_by_no_letter_of_these():
    refused_publicly()
    assert tell_of_reviews() == 0
    assert remind_of_reviews() == 0
