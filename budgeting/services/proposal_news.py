"""What becomes of proposals: told to who follows the project, and written to who writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, Now
from django.urls import reverse

from budgeting.enums import PUBLIC_STATES, UNDER_WAY, CycleState, PhaseKind, ProposalState
from budgeting.models import (
    Appeal,
    BallotRemoval,
    Cycle,
    Phase,
    PotChange,
    Proposal,
    Review,
    VerdictPublication,
)
from budgeting.selectors.fates import is_short, why_left
from budgeting.selectors.pots import LiesInPot
from budgeting.selectors.proposals import Rewritten, why_off
from budgeting.services.review_news import OFF_BALLOT
from budgeting.services.supports import due_to_keep
from civicfund.audit.models import Event
from civicfund.notices.services import Letter, tell_all, written_of
from civicfund.people.models import User
from civicfund.projects.access import authors_by_project, concerned_by_project
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Fact
from civicfund.talk.selectors import NEWS_FOR, is_told, source_of, untold_events
from civicfund.talk.services.facts import Happened, tell_new_facts

BECAME, VERDICT = "proposal_became", "verdict_published"
ON_BALLOT = "proposal.on_ballot"
MOST_AT_ONCE = 500
MOST_IN_A_MAIL = 20
_MOVES = {
    "proposal.feasible": NewsKind.FEASIBLE,
    "proposal.not_feasible": NewsKind.NOT_FEASIBLE,
    ON_BALLOT: NewsKind.ON_BALLOT,
    "proposal.selected": NewsKind.SELECTED,
    "proposal.not_selected": NewsKind.NOT_SELECTED,
}
# Of these authors are written to at the instant of verdicts, where the cycle was open then.
_VERDICTS = frozenset({NewsKind.FEASIBLE, NewsKind.NOT_FEASIBLE})
# Voting was held, or is: what was called off is told of by itself.
_HELD = [state for state in PUBLIC_STATES if state != CycleState.CANCELLED]
_NOT_FINAL = (*UNDER_WAY, ProposalState.ON_BALLOT)
# Nobody follows this: of an appeal its authors alone hear, who made it.
_NOBODY = frozenset({(SubjectKind.REVIEW, 0)})


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of a proposal, by whom, and the name of the fact; ``people`` supported it.

    Those in ``written`` had a letter of their own about it when it happened. ``why`` is what
    administrators say of it; ``changed`` that it was rewritten since its review,
    ``misplaced`` that it lies outside of its pot.
    """

    proposal: Proposal
    what: NewsKind
    source: str
    by: frozenset[int] = frozenset()
    people: int = 0
    written: frozenset[int] = frozenset()
    why: str = ""
    changed: bool = False
    misplaced: bool = False


def tell_of_proposals() -> int:
    """Tell followers of projects what became of these in public cycles, and write to their authors
    of all that they had no letter about; how many facts. Not to whoever only entered a project from
    another's paper.

    Each fact once, and to nobody by two mails. An author gets one mail about all of theirs in a
    cycle that one sweep finds.
    """
    begun = _begun_lately()
    found = [
        *_moves(),
        *_short(),
        *_taken_off(),
        *_ended(begun),
        *_appeals_ended(begun),
        *_called_off(),
    ]
    if not found:
        return 0
    projects = {each.proposal.project_id for each in found}
    authors, concerned = authors_by_project(projects), concerned_by_project(projects)
    verdicts = [each.proposal.pk for each in found if each.what in _VERDICTS]
    mailed = _written_of_verdicts(verdicts) if verdicts else {}
    with transaction.atomic():
        told = tell_new_facts(_happened(each, authors, concerned, mailed) for each in found)
        _write([each for each in found if each.source in told], told, concerned)
    return len(told)


def _moves() -> Iterator[_Became]:
    """Of a draft nobody hears, nor of a verdict before its instant: the proposal has not moved.

    Nor that something is on the ballot that was taken off it before anybody was told.
    """
    public = Proposal.objects.filter(cycle__in=Cycle.objects.public())
    moves = untold_events(public, _MOVES).exclude(Q(verb=ON_BALLOT) & _taken_off_since())
    events = list(moves[:MOST_AT_ONCE])
    proposals = _whole({int(event.target_id) for event in events}) if events else {}
    for event in events:
        by = frozenset({event.actor_id} if event.actor_id else ())
        proposal = proposals[int(event.target_id)]
        yield _Became(proposal, _MOVES[event.verb], source_of(event), by)


def _taken_off_since() -> Exists:
    """Whether what an event put on the ballot was taken off after it."""
    # As words: an event may be about what has no number.
    removals = BallotRemoval.objects.annotate(of=Cast("proposal_id", CharField()))
    return Exists(removals.filter(of=OuterRef("target_id"), at__gt=OuterRef("at")))


def _whole(proposals: Collection[int]) -> dict[int, Proposal]:
    rows = Proposal.objects.select_related("project", "cycle", "pot")
    return rows.defer("project__story", "project__search").in_bulk(proposals)


def _short() -> Iterator[_Became]:
    """Those whose supports were counted, and are fewer than the pot needs; also one that they asked
    only after that, as the staff gave it to them.
    """
    changes = PotChange.objects.filter(proposal=OuterRef("pk"), at__gt=Now() - NEWS_FOR)
    waiting = Proposal.objects.to_look_at().filter(~is_told("supports"))
    short = waiting.filter(
        Q(support_count__counted_at__gt=Now() - NEWS_FOR) | Exists(changes),
        cycle__state=CycleState.OPEN,
        state__in=UNDER_WAY,
        support_count__people__lt=F("pot__supports_needed"),
    )
    people = dict(short.order_by("pk").values_list("pk", "support_count__people")[:MOST_AT_ONCE])
    for pk, proposal in _whole(people).items() if people else ():
        yield _Became(proposal, NewsKind.TOO_FEW, f"supports:{pk}", people=people[pk])


def _taken_off() -> Iterator[_Became]:
    """Those that were taken off a ballot, but for what happened while the cycle was a draft: of
    that their authors had no letter either.

    Where it had just come on, and nobody was told so, nobody but them hears that it is off.
    """
    untold = BallotRemoval.objects.filter(~is_told("removal"), at__gt=Now() - NEWS_FOR)
    lately = _that_stood(untold)
    removals = list(lately[:MOST_AT_ONCE])
    if not removals:
        return
    written = written_of(OFF_BALLOT, lately)
    proposals = _whole({each.proposal_id for each in removals})
    for each in removals:
        if letters := written.get(each.pk):
            yield _Became(
                proposals[each.proposal_id],
                NewsKind.OFF_BALLOT,
                f"removal:{each.pk}",
                frozenset({each.by_id}),
                written=letters,
            )


def _ended(cycles: Collection[int]) -> Iterator[_Became]:
    """What is not on the ballot as voting begins, and nobody was told why not: it stays so.

    What is short of supports was told when these were counted.
    """
    if not cycles:
        return
    rows = Proposal.objects.to_look_at().filter(
        ~is_told("ended"), cycle__in=cycles, state__in=UNDER_WAY
    )
    rows = rows.exclude(pk__in=Proposal.objects.filter(is_short(), cycle__in=cycles).values("pk"))
    said = {
        "why_off": why_off(),
        "why_left": why_left(),
        "seen": Rewritten("pk"),
        "fits": LiesInPot("project", "pot"),
    }
    some = rows.order_by("pk").annotate(**said).values_list("pk", *said)[:MOST_AT_ONCE]
    found = {pk: (off or left or "", bool(seen), not fits) for pk, off, left, seen, fits in some}
    for pk, proposal in _whole(found).items() if found else ():
        if proposal.state == ProposalState.FEASIBLE:
            why, changed, misplaced = found[pk]
            yield _Became(
                proposal, NewsKind.LEFT_OFF, f"ended:{pk}", why=why, changed=changed,
                misplaced=misplaced,
            )  # fmt: skip
        else:
            yield _Became(proposal, NewsKind.NOT_DECIDED, f"ended:{pk}")


def _begun_lately() -> list[int]:
    """Cycles whose voting has begun, once verdicts of before are public, and supports counted."""
    voting = Phase.objects.filter(
        cycle=OuterRef("pk"),
        kind=PhaseKind.BALLOTING,
        starts_at__lte=Now(),
        starts_at__gt=Now() - NEWS_FOR,
    )
    due = VerdictPublication.objects.filter(
        cycle=OuterRef("pk"), done_at__isnull=True, at__lte=Now()
    )
    begun = Cycle.objects.filter(Exists(voting), ~Exists(due), state__in=_HELD)
    keys = list(begun.order_by("pk").values_list("pk", flat=True))
    if not keys:
        return []
    counted_next = set(due_to_keep().filter(pk__in=keys).values_list("pk", flat=True))
    return [pk for pk in keys if pk not in counted_next]


def _appeals_ended(cycles: Collection[int]) -> Iterator[_Became]:
    """Appeals that have no answer as voting begins: the answer stays no."""
    if not cycles:
        return
    listed = Proposal.objects.to_look_at().filter(
        cycle__in=cycles, state=ProposalState.NOT_FEASIBLE
    )
    late = Appeal.objects.filter(
        ~is_told("appeal_late"), published_with__isnull=True, proposal__in=listed
    )
    appeals = dict(late.order_by("pk").values_list("proposal", "pk")[:MOST_AT_ONCE])
    for pk, proposal in _whole(appeals).items() if appeals else ():
        yield _Became(proposal, NewsKind.APPEAL_LATE, f"appeal_late:{appeals[pk]}")


def _called_off() -> Iterator[_Became]:
    """What was still to be decided in a cycle as that was called off."""
    cancelled = Event.objects.filter(
        target_type=Cycle._meta.label_lower,
        target_id=Cast(OuterRef("pk"), CharField()),
        verb="cycle.cancelled",
        at__gt=Now() - NEWS_FOR,
    )
    cycles = Cycle.objects.public().filter(Exists(cancelled), state=CycleState.CANCELLED)
    rows = Proposal.objects.to_look_at().filter(
        ~is_told("vote_off"), cycle__in=cycles, state__in=_NOT_FINAL
    )
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    for pk, proposal in _whole(keys).items() if keys else ():
        why = proposal.cycle.cancel_reason
        yield _Became(proposal, NewsKind.VOTE_OFF, f"vote_off:{pk}", why=why)


def _that_stood(removals: QuerySet[BallotRemoval]) -> QuerySet[BallotRemoval]:
    """Those of what people were told that it is on the ballot, or could have seen it for long."""
    came_on = Event.objects.filter(
        target_type=Proposal._meta.label_lower,
        target_id=Cast(OuterRef("proposal_id"), CharField()),
        verb=ON_BALLOT,
        at__lt=OuterRef("at"),
        data__has_key="old",
    ).order_by("-pk")
    source = Concat(Value("event:"), Cast(OuterRef("came_on"), CharField()))
    with_event = removals.annotate(
        came_on=Subquery(came_on.values("pk")[:1]), came_on_at=Subquery(came_on.values("at")[:1])
    )
    return with_event.filter(
        Exists(Fact.objects.filter(source=source)) | Q(came_on_at__lt=F("at") - NEWS_FOR)
    )


def _written_of_verdicts(proposals: Collection[int]) -> dict[int, frozenset[int]]:
    """Who was written to of a verdict on each of these."""
    reviews = Review.objects.filter(proposal__in=proposals).order_by()
    found: dict[int, frozenset[int]] = defaultdict(frozenset)
    letters = written_of(VERDICT, reviews)
    for pk, proposal in reviews.values_list("pk", "proposal"):
        found[proposal] |= letters.get(pk, frozenset())
    return found


def _happened(
    each: _Became,
    authors: Mapping[int, frozenset[int]],
    concerned: Mapping[int, frozenset[int]],
    mailed: Mapping[int, frozenset[int]],
) -> Happened:
    project = each.proposal.project_id
    theirs = concerned[project]
    if each.what in _VERDICTS:
        theirs = authors[project] & mailed[each.proposal.pk]
    elif each.what == NewsKind.OFF_BALLOT:
        theirs = each.written
    subject = (SubjectKind.PROJECT, project)
    heard_by = _NOBODY if each.what == NewsKind.APPEAL_LATE else frozenset()
    return Happened(subject, each.what, each.source, heard_by, by=each.by, written_to=theirs)


def _write(
    found: Sequence[_Became], told: Mapping[str, int], concerned: Mapping[int, frozenset[int]]
) -> None:
    """One mail to each author about all of theirs in a cycle, but for what they did themselves."""
    theirs: dict[tuple[int, int], list[_Became]] = defaultdict(list)
    for each in found:
        if each.what not in _VERDICTS and each.what != NewsKind.OFF_BALLOT:
            for person in concerned[each.proposal.project_id] - each.by:
                theirs[person, each.proposal.cycle_id].append(each)
    people = User.objects.filter(is_active=True, guest_email="").in_bulk(
        {person for person, _cycle in theirs}
    )
    facts = Fact.objects.in_bulk(told.values())
    tell_all(
        BECAME,
        (
            Letter(people[person], facts[told[items[0].source]], _context(items))
            for (person, _cycle), items in sorted(theirs.items(), key=lambda pair: pair[0])
            if person in people
        ),
    )


def _context(items: Sequence[_Became]) -> dict[str, Any]:  # as JSON keeps it
    return {
        "cycle": items[0].proposal.cycle.title,
        "count": len(items),
        "more": max(0, len(items) - MOST_IN_A_MAIL),
        "items": [_item(each) for each in items[:MOST_IN_A_MAIL]],
    }


def _item(each: _Became) -> dict[str, Any]:
    proposal = each.proposal
    return {
        "project": proposal.project.title,
        "what": each.what.value,
        "people": each.people,
        "needed": proposal.pot.supports_needed,
        "why": each.why,
        "changed": each.changed,
        "misplaced": each.misplaced,
        "url": reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk]),
    }
