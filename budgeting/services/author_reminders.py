"""One mail to authors some time before they can no longer do what waits for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Now
from django.urls import reverse

from budgeting.enums import CycleState, ProposalState
from budgeting.models import Appeal, ChangeRequest, Proposal
from civicfund.moments import moment
from civicfund.notices.models import Message
from civicfund.notices.services import Letter, tell_all
from civicfund.people.models import User
from civicfund.projects.access import authors_by_project
from civicfund.projects.enums import LISTED_STATES

CHANGES, APPEAL = "changes_due", "appeal_ends"
# Of what lasts at least twice as long: else the mail with which it began is that mail.
BEFORE = timedelta(days=2)
MOST_AT_ONCE = 500


def remind_authors() -> int:
    """Remind authors of changes that they are asked for, and of a no that they can still appeal
    against, as long as these wait for them; how many mails.

    Each author once of each: the outbox takes such a letter once. Nobody can switch it off, since
    nothing of it can be made up for.
    """
    asked = list(_changes()[:MOST_AT_ONCE])
    refused = list(_refused()[:MOST_AT_ONCE])
    authors = authors_by_project({each.project_id for each in (*_of(asked), *refused)})
    people = User.objects.in_bulk(set().union(*authors.values()))
    told = tell_all(CHANGES, _asked_to_change(asked, authors, people))
    return told + tell_all(APPEAL, _able_to_appeal(refused, authors, people))


def _of(asked: Collection[ChangeRequest]) -> Iterator[Proposal]:
    return (each.proposal for each in asked)


def _changes() -> QuerySet[ChangeRequest]:
    """What reviewers ask for, is due soon, and was not given back."""
    near = Q(due_at__gt=Now(), due_at__lte=Now() + BEFORE, due_at__gte=F("asked_at") + 2 * BEFORE)
    waiting = (
        ChangeRequest.objects.held_up()
        .in_time()
        .filter(
            near,
            ~_is_written(CHANGES, ChangeRequest),
            proposal__state=ProposalState.SUBMITTED,
            proposal__cycle__state=CycleState.OPEN,
            proposal__project__state__in=LISTED_STATES,
        )
    )
    rows = waiting.select_related("proposal__project", "proposal__cycle").order_by("pk")
    return rows.defer("proposal__project__story", "proposal__project__search")


def _refused() -> QuerySet[Proposal]:
    """What was refused, and nobody has appealed against, though the time for that is over soon."""
    until = "published_with__appeals_until"
    near = Q(**{f"{until}__gt": Now(), f"{until}__lte": Now() + BEFORE})
    near &= Q(**{f"{until}__gte": F("published_with__at") + 2 * BEFORE})
    rows = Proposal.objects.to_look_at().filter(
        near,
        ~_is_written(APPEAL, Proposal),
        ~Exists(Appeal.objects.filter(proposal=OuterRef("pk"))),
        state=ProposalState.NOT_FEASIBLE,
        cycle__state=CycleState.OPEN,
    )
    rows = rows.select_related("project", "cycle", "published_with").order_by("pk")
    return rows.defer("project__story", "project__search")


def _is_written(kind: str, of: type[ChangeRequest | Proposal]) -> Exists:
    """Whether its authors were written to, for a query of these rows."""
    source = Concat(Value(f"{of._meta.label_lower}:"), Cast(OuterRef("pk"), CharField()))
    return Exists(Message.objects.filter(kind=kind, source=source))


def _asked_to_change(
    asked: Collection[ChangeRequest],
    authors: Mapping[int, frozenset[int]],
    people: Mapping[int, User],
) -> Iterator[Letter]:
    for each in asked:
        until = {"words": each.words, "until": moment(each.due_at)} if each.due_at else {}
        for person in sorted(authors[each.proposal.project_id]):
            yield Letter(people[person], each, _context(each.proposal) | until)


def _able_to_appeal(
    refused: Collection[Proposal], authors: Mapping[int, frozenset[int]], people: Mapping[int, User]
) -> Iterator[Letter]:
    for each in refused:
        ends = each.published_with.appeals_until if each.published_with else None
        until = {"reason": each.reason, "until": moment(ends)} if ends else {}
        for person in sorted(authors[each.project_id]):
            yield Letter(people[person], each, _context(each) | until)


def _context(proposal: Proposal) -> dict[str, Any]:  # as JSON keeps it
    return {
        "project": proposal.project.title,
        "cycle": proposal.cycle.title,
        "proposal_url": reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk]),
    }
