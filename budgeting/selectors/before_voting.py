"""What is still open in cycles that run, before their voting begins: after that it stays so.

Nothing comes on a ballot any more then, and no verdict can be announced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from budgeting.enums import CycleState, PhaseKind, ProposalState, ReviewKind
from budgeting.models import (
    Cycle,
    Option,
    Phase,
    Pot,
    Proposal,
    Review,
    SheetBatch,
    VerdictPublication,
)
from budgeting.selectors.desk import Step
from budgeting.selectors.fates import said_why_off
from budgeting.selectors.proposals import Rewritten
from civicfund.moments import moment

# So long before voting administrators find among what waits for them what is still open.
LOOKS_AHEAD = timedelta(days=14)
# A town may have dozens of pots.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Ahead:
    """A cycle whose voting is to come, and what has to be done before, done or not.

    ``is_printed``: with its first sheet the ballot is fixed, and nothing of it can be done.
    """

    cycle: Cycle
    begins_at: datetime
    steps: list[Step]
    is_printed: bool = False

    @property
    def undone(self) -> list[Step]:
        """What is still open, as long as something can be done about it."""
        return [] if self.is_printed else [step for step in self.steps if not step.done]


def before_voting(cycle: Cycle, now: datetime) -> Ahead | None:
    """What is to be done on an open cycle, read with its phases; None once voting has begun."""
    voting = cycle.voting
    if cycle.state != CycleState.OPEN or voting is None or now >= voting.starts_at:
        return None
    return _ahead_of([(cycle, voting.starts_at)], now)[0]


def voting_ahead(now: datetime) -> list[Ahead]:
    """The same of every cycle whose voting begins within ``LOOKS_AHEAD``, the first coming first.

    As many queries for many cycles and pots as for one; one where there is no such cycle.
    """
    soon = Phase.objects.filter(
        kind=PhaseKind.BALLOTING,
        cycle__state=CycleState.OPEN,
        starts_at__gt=now,
        starts_at__lte=now + LOOKS_AHEAD,
    )
    phases = soon.select_related("cycle").order_by("starts_at", "pk")
    return _ahead_of([(phase.cycle, phase.starts_at) for phase in phases], now)


def _ahead_of(cycles: Collection[tuple[Cycle, datetime]], now: datetime) -> list[Ahead]:
    if not cycles:
        return []
    found = _Found.of([cycle.pk for cycle, _begins in cycles])
    return [
        Ahead(cycle, begins, list(_steps(cycle, found, now)), cycle.pk in found.printed)
        for cycle, begins in cycles
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is in some cycles, each by the cycle's key, or by a pot's."""

    pots: Mapping[int, list[Pot]]
    reviews: Mapping[int, int]  # by pot: first and second ones that wait
    appeals: Mapping[int, int]
    decided: Mapping[int, int]
    instants: Mapping[int, VerdictPublication]
    reviewing_from: Mapping[int, datetime]
    left: Mapping[int, int]
    rewritten: Mapping[int, int]  # of those that are left
    options: Mapping[int, Counter[str]]  # by pot: how many of each group
    printed: frozenset[int]

    @classmethod
    def of(cls, cycles: Collection[int]) -> _Found:
        """A query for each of these, however many cycles and pots there are."""
        pots: dict[int, list[Pot]] = defaultdict(list)
        for pot in Pot.objects.filter(cycle__in=cycles).only("cycle", "position", "name"):
            pots[pot.cycle_id].append(pot)
        reviews, appeals = _waiting(cycles)
        to_come = VerdictPublication.objects.filter(cycle__in=cycles, done_at__isnull=True)
        phases = Phase.objects.filter(cycle__in=cycles, kind=PhaseKind.REVIEWING).order_by()
        options: dict[int, Counter[str]] = defaultdict(Counter)
        in_groups = Option.objects.filter(cycle__in=cycles).order_by()
        rows = in_groups.values_list("pot", "exclusion_group").annotate(number=Count("pk"))
        for pot_id, group, number in rows:
            options[pot_id][group] = number
        return cls(
            pots=pots,
            reviews=reviews,
            appeals=appeals,
            decided=_by_cycle(_decided(cycles)),
            instants={each.cycle_id: each for each in to_come},
            reviewing_from=dict(phases.values_list("cycle").annotate(first=Min("starts_at"))),
            left=_by_cycle(_left(cycles)),
            rewritten=_by_cycle(_rewritten(_left(cycles))),
            options=options,
            printed=frozenset(
                SheetBatch.objects.filter(cycle__in=cycles).values_list("cycle", flat=True)
            ),
        )

    def waiting(self, cycle: Cycle) -> int:
        """How many reviews wait in a cycle, but for appeals."""
        return sum(self.reviews.get(pot.pk, 0) for pot in self.pots.get(cycle.pk, ()))


def _waiting(cycles: Collection[int]) -> tuple[Counter[int], Counter[int]]:
    """How many reviews wait by pot, and how many appeals by cycle."""
    waiting = Review.objects.waiting().filter(proposal__cycle__in=cycles).order_by()
    reviews: Counter[int] = Counter()
    appeals: Counter[int] = Counter()
    rows = waiting.values_list("proposal__cycle", "proposal__pot", "kind")
    for cycle, pot, kind, number in rows.annotate(number=Count("pk")):
        if kind == ReviewKind.APPEAL:
            appeals[cycle] += number
        else:
            reviews[pot] += number
    return reviews, appeals


def _decided(cycles: Collection[int]) -> QuerySet[Proposal]:
    """What has all its reviews, and no public answer: as many as an instant would publish."""
    undecided = Q(state=ProposalState.SUBMITTED) | Q(
        state=ProposalState.NOT_FEASIBLE, appeal__isnull=False, appeal__published_with__isnull=True
    )
    reviews = Review.objects.filter(proposal=OuterRef("pk"))
    rows = Proposal.objects.to_look_at().filter(undecided, cycle__in=cycles)
    return rows.filter(~Exists(reviews.filter(given_at__isnull=True)), Exists(reviews))


def _left(cycles: Collection[int]) -> QuerySet[Proposal]:
    """What could come on a ballot, is on none, and nobody has said why.

    Not what waits for its supports to be counted, or was short of them then.
    """
    rows = Proposal.objects.to_look_at().filter(cycle__in=cycles, state=ProposalState.FEASIBLE)
    enough = Q(support_count__people__gte=F("pot__supports_needed"))
    return rows.filter(~said_why_off(), Q(pot__supports_needed=0) | enough)


def _rewritten(rows: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """Those that have to be reviewed again before they come on a ballot."""
    return rows.annotate(seen=Rewritten("pk")).filter(seen__isnull=False)


def _by_cycle(rows: QuerySet[Proposal]) -> dict[int, int]:
    counted: QuerySet[Any] = rows.order_by().values_list("cycle").annotate(number=Count("pk"))
    return dict(counted)


def _steps(cycle: Cycle, found: _Found, now: datetime) -> Iterator[Step]:
    """In the order in which they are done."""
    yield _reviews(cycle, found)
    yield _appeals(cycle, found)
    yield _instant(cycle, found, now)
    yield _feasible(cycle, found)
    yield _ballots(cycle, found)
    yield from _groups(cycle, found)


def _reviews(cycle: Cycle, found: _Found) -> Step:
    waiting = found.waiting(cycle)
    said = _("No review waits.")
    if waiting:
        words = ngettext(
            "%(n)s review is not given yet:", "%(n)s reviews are not given yet:", waiting
        )
        by_pot = [
            _("%(pot)s (%(n)s)") % {"pot": pot.name, "n": number}
            for pot in found.pots[cycle.pk]
            if (number := found.reviews.get(pot.pk, 0))
        ]
        said = f"{words % {'n': waiting}} {_named(by_pot)}."
    return Step(_("Reviews"), not waiting, said, _page("reviews", cycle), needed=False)


def _appeals(cycle: Cycle, found: _Found) -> Step:
    waiting = found.appeals.get(cycle.pk, 0)
    said = _("No appeal waits.")
    if waiting:
        words = ngettext(
            "%(n)s appeal is not decided yet.", "%(n)s appeals are not decided yet.", waiting
        )
        said = words % {"n": waiting}
    return Step(_("Appeals"), not waiting, said, _page("reviews", cycle), needed=False)


def _instant(cycle: Cycle, found: _Found, now: datetime) -> Step:
    """Whether what is decided, and what is still looked at, has a day on which it is public."""
    label, page = _("Verdicts"), _page("reviews", cycle)
    decided = found.decided.get(cycle.pk, 0)
    words = ngettext(
        "%(n)s verdict is not public yet.", "%(n)s verdicts are not public yet.", decided
    )
    said = words % {"n": decided} if decided else ""
    if instant := found.instants.get(cycle.pk):
        until = _("Public on %(at)s; appeals are taken until %(until)s.") % {
            "at": moment(instant.at),
            "until": moment(instant.appeals_until),
        }
        return Step(label, True, f"{said} {until}".strip(), page)
    if not (decided or found.waiting(cycle) or found.appeals.get(cycle.pk)):
        return Step(label, True, _("Nothing waits for its verdict."), page)
    begins = found.reviewing_from.get(cycle.pk)
    missing = _("No instant is set at which verdicts become public; appeals need time after it.")
    is_time = bool(decided) or begins is None or begins <= now
    return Step(label, False, f"{said} {missing}".strip(), page, needed=is_time)


def _feasible(cycle: Cycle, found: _Found) -> Step:
    left = found.left.get(cycle.pk, 0)
    said = _("What is feasible is on the ballot, or it is said why not.")
    if left:
        words = ngettext(
            "%(n)s feasible project is not on the ballot, and nobody says why.",
            "%(n)s feasible projects are not on the ballot, and nobody says why.",
            left,
        )
        said = words % {"n": left}
    if again := found.rewritten.get(cycle.pk, 0):
        words = ngettext(
            "%(n)s of them was rewritten since its review and has to be reviewed again.",
            "%(n)s of them were rewritten since their review and have to be reviewed again.",
            again,
        )
        said = f"{said} {words % {'n': again}}"
    return Step(_("Feasible projects"), not left, said, _page("ballot_desk", cycle))


def _ballots(cycle: Cycle, found: _Found) -> Step:
    pots = found.pots.get(cycle.pk, [])
    listed = sum(found.options[pot.pk].total() for pot in pots)
    empty = [pot.name for pot in pots if not found.options[pot.pk]]
    words = ngettext("%(n)s project on the ballot.", "%(n)s projects on the ballot.", listed)
    said = words % {"n": listed}
    if empty:
        said += " " + _("None yet for: %(pots)s.") % {"pots": _named(empty)}
    return Step(_("Ballots"), not empty, said, _page("ballot_desk", cycle))


def _groups(cycle: Cycle, found: _Found) -> Iterator[Step]:
    """Groups of one, which should not be: what is excluded by it is nothing."""
    alone = [
        group
        for pot in found.pots.get(cycle.pk, ())
        for group, number in sorted(found.options[pot.pk].items())
        if group and number == 1
    ]
    if alone:
        said = _("Only one project is in: %(groups)s.") % {"groups": _named(alone)}
        yield Step(_("Groups"), False, said, _page("ballot_desk", cycle))


def _named(names: Iterable[str]) -> str:
    """The first few of them, and how many more there are."""
    names = list(names)
    said = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return said
    words = ngettext("%(some)s and %(n)s more", "%(some)s and %(n)s more", more)
    return words % {"some": said, "n": more}


def _page(name: str, cycle: Cycle) -> str:
    return reverse(name, args=[cycle.slug])
