"""What reviewers are told of their reviews, and authors of what becomes of theirs.

Never what a review says: that is public at the instant of verdicts, and told then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model, Q
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import CycleState, ReviewNews
from budgeting.models import Proposal, Review, ReviewTakenBack
from budgeting.selectors import reviews_at_hand
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.enums import Topic
from civicfund.notices.services import Letter, tell, tell_all
from civicfund.people.models import User
from civicfund.projects.access import authors_of
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Fact
from civicfund.talk.services.facts import Happened, tell_facts

# To authors.
TAKEN_BACK, REVIEWED_AGAIN = "changes_taken_back", "proposal_reviewed_again"
OFF_BALLOT = "proposal_off_ballot"
GIVEN_POT = "proposal_given_pot"
# To whoever gave one.
REVIEW_TAKEN_BACK = "review_taken_back"
# Reviewers are reminded so long before a deadline, and the day after it.
WARNED_BEFORE = timedelta(days=3)
MOST_AT_ONCE = 500
MOST_IN_A_MAIL = 20
_TOLD_AS = {
    ReviewNews.ASSIGNED: NewsKind.REVIEW_ASSIGNED,
    ReviewNews.RETURNED: NewsKind.REVIEW_RETURNED,
}


def tell_authors(kind: str, about: Model, proposal: Proposal, **context: object) -> None:
    """Write to whoever writes the project; of a draft of a cycle nobody hears."""
    cycle = proposal.cycle
    if cycle.state == CycleState.DRAFT:
        return
    context |= {
        "project": proposal.project.title,
        "cycle": cycle.title,
        "proposal_url": reverse("my_proposal", args=[cycle.slug, proposal.pk]),
    }
    for author in authors_of(proposal.project):
        tell(author, kind, about, **context)


def tell_of_reviews() -> int:
    """Tell reviewers what is theirs, and what came back to them, once; how many reviews.

    What waits for its authors is told when it goes on.
    """
    return sum(_tell_what_is(news) for news in ReviewNews)


def _tell_what_is(news: ReviewNews) -> int:
    with transaction.atomic():
        now = db_now()
        reviews = _held(Q(untold=news))
        _tell(_TOLD_AS[news], reviews, now)
        told = Review.objects.filter(pk__in=[review.pk for review in reviews])
        told.update(untold="")
        # The mail says when it is due.
        told.filter(due_at__lte=now + WARNED_BEFORE).update(warned_of=F("due_at"))
    return len(reviews)


def tell_of_taking_back(taken: ReviewTakenBack, review: Review) -> None:
    """Tell whoever gave a review that an administrator took it back, and that it is theirs again.

    Neither why nor what it said: both stand on its page.
    """
    reviewer = taken.review.reviewer
    if reviewer is None:
        return
    subject, theirs = (SubjectKind.REVIEW, review.pk), frozenset({reviewer.pk})
    source = f"{REVIEW_TAKEN_BACK}:{taken.pk}"
    tell_facts([Happened(subject, NewsKind.REVIEW_ASSIGNED, source, written_to=theirs)])
    letter = Letter(reviewer, taken, _context([review]), topic=Topic.REVIEWING)
    tell_all(REVIEW_TAKEN_BACK, [letter])


def remind_of_reviews() -> int:
    """Remind reviewers of a deadline that is near, and of one that is over; how many reviews.

    Once of each, and again of another one; all of them, also where many share a deadline.
    """
    now = db_now()
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    near = Q(due_at__gt=now, due_at__lte=now + WARNED_BEFORE)
    near &= Q(warned_of__isnull=True) | ~Q(warned_of=F("due_at"))
    over = Q(due_at__lte=today)
    over &= Q(reminded_of__isnull=True) | ~Q(reminded_of=F("due_at"))
    return _remind(NewsKind.REVIEW_DUE, near, "warned_of") + _remind(
        NewsKind.REVIEW_LATE, over, "reminded_of"
    )


def _remind(what: NewsKind, which: Q, noted: str) -> int:
    """Some after some, each in a transaction of its own, until nobody is left to remind."""
    reminded = 0
    while some := _remind_some(what, which, noted):
        reminded += some
    return reminded


def _remind_some(what: NewsKind, which: Q, noted: str) -> int:
    with transaction.atomic():
        reviews = _held(which)
        _tell(what, reviews, db_now())
        told = Review.objects.filter(pk__in=[review.pk for review in reviews])
        told.update(**{noted: F("due_at")})
    return len(reviews)


def _held(which: Q) -> list[Review]:
    """Those of the reviews at hand that nobody else is telling of at this moment, or some of them.

    Then all that a reviewer has in a cycle, so that one mail tells it, unless that alone is more.
    """
    rows = reviews_at_hand().filter(which).order_by("reviewer_id", "proposal__cycle_id", "pk")
    locked = rows.select_for_update(of=("self",), skip_locked=True)
    full = locked.select_related("proposal__project", "proposal__cycle", "reviewer")
    lean = full.defer("proposal__project__story", "proposal__project__search")
    some = list(lean[:MOST_AT_ONCE])
    if len(some) < MOST_AT_ONCE:
        return some
    last = _mail_of(some[-1])
    return [review for review in some if _mail_of(review) != last] or some


def _mail_of(review: Review) -> tuple[int | None, int]:
    """By whom and of which cycle: what is told in one mail."""
    return review.reviewer_id, review.proposal.cycle_id


def _tell(what: NewsKind, reviews: Sequence[Review], now: datetime) -> None:
    """A notice of each review, and one mail to each reviewer about all of theirs in a cycle."""
    sources = {review.pk: f"{what.value}:{review.pk}:{now.timestamp():.6f}" for review in reviews}
    theirs: dict[tuple[User, int], list[Review]] = defaultdict(list)
    for review in reviews:
        if review.reviewer:
            theirs[review.reviewer, review.proposal.cycle_id].append(review)
    tell_facts(
        Happened(
            (SubjectKind.REVIEW, review.pk),
            what,
            sources[review.pk],
            written_to=frozenset({reviewer.pk}),
        )
        for (reviewer, _cycle), each in theirs.items()
        for review in each
    )
    facts = Fact.objects.in_bulk(list(sources.values()), field_name="source")
    letters = (
        Letter(reviewer, facts[sources[each[0].pk]], _context(each), topic=Topic.REVIEWING)
        for (reviewer, _cycle), each in theirs.items()
    )
    tell_all(what.value, letters)


def _context(reviews: Sequence[Review]) -> dict[str, Any]:  # as JSON keeps it
    """What a mail about these reviews of one cycle says."""
    cycle = reviews[0].proposal.cycle
    page = reverse("reviews", args=[cycle.slug])
    return {
        "cycle": cycle.title,
        "count": len(reviews),
        "more": max(0, len(reviews) - MOST_IN_A_MAIL),
        "items": [_item(review) for review in reviews[:MOST_IN_A_MAIL]],
        "reviews_url": f"{page}?whose=mine",
    }


def _item(review: Review) -> dict[str, str]:
    proposal = review.proposal
    return {
        "project": proposal.project.title,
        "due": moment(review.due_at) if review.due_at else "",
        "url": reverse("review", args=[proposal.cycle.slug, proposal.pk]),
    }
