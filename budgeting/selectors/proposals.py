"""The proposals of a cycle, as its page and its desk show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Now
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from budgeting.enums import FOUND_FEASIBLE, CycleState, PhaseKind, ProposalState
from budgeting.models import Cycle, Option, Phase, Pot, Proposal, Review
from budgeting.selectors.fates import fate, may_have_fate, removals, why_left
from budgeting.selectors.options import options_on_ballot
from budgeting.selectors.pots import LiesInPot
from budgeting.selectors.supports import Supports, supports_by_proposal
from civicfund.paging import LeanPaginator
from civicfund.prepared import Prepared
from civicfund.projects.models import Project, Version
from civicfund.projects.selectors.history import latest_version

PROPOSALS_PER_PAGE = 25
# Of a project and its place, what no list shows: stories, their index and outlines.
UNSHOWN = ("project__story", "project__search", "project__neighborhood__boundary")


# What the page of a cycle shows of a proposal.
_LISTED = (
    "cycle",
    "pot",
    "state",
    "reason",
    "project__title",
    "project__state",
    "project__total_minor",
    "project__neighborhood__name",
    "option__cost_minor",
    "option__name",
)


@dataclass(frozen=True, slots=True)
class PotOfCycle:
    """A pot on its cycle's page: how much there is in it, and what of it stands on this page."""

    pot: Pot
    proposals: list[Proposal]
    proposal_count: int
    option_count: int
    begins_on: int
    """The page on which the first of its proposals stands."""

    @property
    def is_part(self) -> bool:
        """Whether more of its proposals stand on other pages."""
        return 0 < len(self.proposals) < self.proposal_count


def proposed_by_pot(cycle: Cycle) -> dict[int, int]:
    """How many proposals stand in each of the cycle's pots that have any."""
    return dict(_proposed(cycle.pk))


@Prepared
def _proposed(cycle: int) -> QuerySet[Any]:
    return _by_pot(Proposal.objects.standing().filter(cycle=cycle))


@Prepared
def _on_ballot(cycle: int) -> QuerySet[Any]:
    return _by_pot(Option.objects.filter(cycle=cycle))


def _by_pot(rows: QuerySet[Any]) -> QuerySet[Any]:
    counted: QuerySet[Any] = rows.order_by().values_list("pot").annotate(Count("pk"))
    return counted


@Prepared
def _pots(cycle: int) -> QuerySet[Pot]:
    return Pot.objects.filter(cycle=cycle).select_related("place").defer("place__boundary")


def proposals_paged(cycle: Cycle, proposed: Mapping[int, int] | None = None) -> LeanPaginator:
    """Pages of what is proposed: pot by pot, in the order in which it was submitted.

    ``proposed``, where it is at hand, is what ``proposed_by_pot`` says.
    """
    count = None if proposed is None else sum(proposed.values())
    rows: Any = SimpleLazyObject(lambda: _in_order(cycle.pk))
    return LeanPaginator(
        rows,
        PROPOSALS_PER_PAGE,
        count=count,
        read=lambda keys: _as_listed(cycle, keys),
        first=lambda: _first_keys(cycle.pk),
    )


def _in_order(cycle: int) -> QuerySet[Proposal]:
    return Proposal.objects.standing().filter(cycle=cycle).order_by("pot__position", "pk")


@Prepared
def _first_keys(cycle: int) -> QuerySet[Proposal, int]:
    return _in_order(cycle).values_list("pk", flat=True)[:PROPOSALS_PER_PAGE]


def pots_by_key(cycle: Cycle) -> dict[int, Pot]:
    """The cycle's pots by their keys, each with its cycle, in their order."""
    pots = _pots(cycle.pk)
    for pot in pots:
        pot.cycle = cycle
    return {pot.pk: pot for pot in pots}


def listed_proposals(
    cycle: Cycle, pots: Mapping[int, Pot], keys: Collection[int]
) -> list[Proposal]:
    """Proposals of a cycle as its page shows them, in any order, each with its pot and cycle."""
    rows = _as_listed(cycle, keys)
    for each in rows:
        each.pot, each.cycle = pots[each.pot_id], cycle
    return rows


def pots_of_cycle(
    cycle: Cycle, page: Page[Proposal], proposed: Mapping[int, int]
) -> list[PotOfCycle]:
    """Every pot of the cycle, each with those of its proposals that stand on this page.

    Each proposal of the page has its pot and cycle from here on.
    """
    pots = pots_by_key(cycle).values()
    # It is said of pots in which nothing is proposed: of imported ones.
    on_ballot = {} if all(proposed.get(pot.pk) for pot in pots) else dict(_on_ballot(cycle.pk))
    here: dict[int, list[Proposal]] = {}
    for each in page:
        here.setdefault(each.pot_id, []).append(each)
    found, before = [], 0
    for pot in pots:
        count = proposed.get(pot.pk, 0)
        begins_on = before // PROPOSALS_PER_PAGE + 1
        in_it = here.get(pot.pk, [])
        for each in in_it:
            each.pot, each.cycle = pot, cycle
        found.append(PotOfCycle(pot, in_it, count, on_ballot.get(pot.pk, 0), begins_on))
        before += count
    return found


def _as_listed(cycle: Cycle, keys: Collection[int]) -> list[Proposal]:
    """The rows of keys, each with what is said of it while it is on no ballot: where that can be
    anything, so that nothing is asked of most cycles until voting nears.
    """
    rows = _rows(keys)
    ends = may_have_fate(cycle)
    asked = [each.pk for each in rows if each.state == ProposalState.FEASIBLE or each.state in ends]
    said = {pk: found for pk, *found in _said_of(asked)} if asked else {}
    for each in rows:
        why_off, why_left, fate = said.get(each.pk, (None, None, ""))
        vars(each).update(why_off=why_off, why_left=why_left, fate=fate)
    return rows


@Prepared
def _rows(pks: Collection[int]) -> QuerySet[Proposal]:
    rows = Proposal.objects.standing().filter(pk__in=pks)
    return rows.select_related("project__neighborhood", "option").only(*_LISTED)


@Prepared
def _said_of(pks: Collection[int]) -> QuerySet[Proposal, Any]:
    said = {"why_off": why_off(), "why_left": why_left(), "fate": fate()}
    return Proposal.objects.filter(pk__in=pks).annotate(**said).values_list("pk", *said)


def why_off() -> Subquery:
    """For a query of proposals: why one was taken off the ballot, last; None where it was not since
    its verdict.
    """
    return Subquery(removals().order_by("-pk").values("reason")[:1])


def takes_proposals(cycle: Cycle) -> bool:
    """Whether residents can enter projects now, ask another pot, or take one out again."""
    proposing = cycle.phases.current().filter(kind=PhaseKind.PROPOSING)
    return cycle.state == CycleState.OPEN and proposing.exists()


def town_costs(proposals: Iterable[Proposal]) -> dict[int, Review]:
    """By proposal: the review whose yes is public, for the costs that it found and nothing else."""
    feasible = [each.pk for each in proposals if each.state in FOUND_FEASIBLE]
    return {review.proposal_id: review for review in _costs(feasible)} if feasible else {}


@Prepared
def _costs(proposals: Collection[int]) -> QuerySet[Review]:
    costs = ("cost_low_minor", "cost_likely_minor", "cost_high_minor", "yearly_minor")
    return Review.objects.given().filter(proposal__in=proposals).only("proposal", *costs)


class Rewritten(Func):
    """Of a proposal's key: the version that its deciding review saw, where it says more by now.

    None where title, sentence, place and costs are as they were. The database's own function: it
    refuses by it what comes on a ballot.
    """

    function = "budgeting_rewritten"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Change:
    """What a project's deciding review saw, and what it says now, by the numbers of versions."""

    seen: int
    now: int


def change_since_review(proposal: Proposal) -> Change | None:
    """Whether title, sentence, place or costs are others than the deciding review saw."""
    said = Proposal.objects.filter(pk=proposal.pk).values_list(Rewritten("pk"), flat=True)
    seen: int | None = said.get()
    return Change(seen, version_now(proposal.project)) if seen else None


def what_a_change_undoes(project: Project) -> str:
    """What its authors should know of a public yes before they change the project.

    Empty where there is none, and once voting has begun.
    """
    voting = Phase.objects.filter(
        cycle=OuterRef("cycle"), kind=PhaseKind.BALLOTING, starts_at__lte=Now()
    )
    found = Proposal.objects.to_look_at().filter(
        ~Exists(voting), project=project, state=ProposalState.FEASIBLE, cycle__state=CycleState.OPEN
    )
    rows = found.annotate(seen=Rewritten("pk")).select_related("cycle").order_by("pk")
    proposal = rows.first()
    if proposal is None:
        return ""
    if vars(proposal)["seen"]:
        words = _(
            "%(cycle)s found it feasible as it was. Title, sentence, place or costs are others now,"
            " and like this it does not come on the ballot: restore what it said, or ask those who"
            " prepare the vote to have it reviewed again."
        )
    else:
        words = _(
            "%(cycle)s found it feasible as it is. With another title, sentence or place, or other"
            " costs, that verdict counts no more: it does not come on the ballot until reviewers"
            " have looked at it again, which may be too late for this vote. Story and pictures may"
            " grow."
        )
    return words % {"cycle": proposal.cycle}


def version_now(project: Project) -> int:
    """The number of what a project says now; what was never changed will be kept as the first."""
    return max(latest_version(project), 1)


def version_shown() -> Coalesce:
    """The same for a query of proposals."""
    newest = Version.objects.filter(project=OuterRef("project")).order_by("-number")
    return Coalesce(Subquery(newest.values("number")[:1]), Value(1))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could come on a ballot, at which cost; ``change`` where it has to be reviewed again.

    ``supports`` is what it has of what its pot needs; None where that needs none. ``why_off`` is
    why it was taken off the ballot before, ``why_left`` why it is left off it, else empty.
    ``misplaced``: its project lies outside of the place that its pot is for.
    """

    proposal: Proposal
    cost_minor: int
    change: Change | None
    supports: Supports | None
    why_off: str = ""
    why_left: str = ""
    misplaced: bool = False

    @property
    def waits_for_supports(self) -> bool:
        """Whether supports are still given: until they are counted it comes on no ballot."""
        said, state = self.supports, self.proposal.cycle.state
        return said is not None and not (said.is_over and state == CycleState.OPEN)

    @property
    def may_come(self) -> bool:
        """Whether nothing that the desk knows keeps it from the ballot."""
        short = self.supports.short if self.supports else 0
        stays = self.change or self.misplaced or not self.cost_minor or short
        return not (stays or self.waits_for_supports)


@dataclass(frozen=True, slots=True)
class PotOfDesk:
    """A pot at the ballot desk: what could come on its ballot, and what is on it."""

    pot: Pot
    feasible: list[Candidate]
    options: list[Option]


def ballot_desk(cycle: Cycle) -> list[PotOfDesk]:
    """Each pot's feasible proposals, their costs there and supports, and its options.

    As many queries for many proposals as for one.
    """
    said = Review.objects.given().filter(proposal=OuterRef("pk"))
    likely = said.reverse().values("cost_likely_minor")[:1]
    cost = Coalesce(Subquery(likely), "project__total_minor", output_field=BigIntegerField())
    rows = Proposal.objects.standing().filter(cycle=cycle, state=ProposalState.FEASIBLE)
    rows = rows.annotate(cost_minor=cost, seen=Rewritten("pk"), version_now=version_shown())
    rows = (
        rows.annotate(why_off=why_off(), why_left=why_left(), fits=LiesInPot("project", "pot"))
        .select_related("project__neighborhood")
        .order_by("pk")
        .defer(*UNSHOWN)
    )
    found = options_on_ballot(cycle)
    pots = {pot.pk: pot for pot in found.pots}
    proposals = list(rows)
    for each in proposals:
        each.pot, each.cycle = pots[each.pot_id], cycle
    supports = supports_by_proposal(proposals)
    feasible: dict[int, list[Candidate]] = {}
    for each in proposals:
        feasible.setdefault(each.pot_id, []).append(_candidate(each, supports.get(each.pk)))
    return [PotOfDesk(pot, feasible.get(pot.pk, []), found.of(pot)) for pot in found.pots]


def _candidate(row: Proposal, supports: Supports | None) -> Candidate:
    found = vars(row)
    change = Change(found["seen"], found["version_now"]) if found["seen"] else None
    said = {name: found[name] or "" for name in ("why_off", "why_left")}
    misplaced = not found["fits"]
    return Candidate(row, found["cost_minor"], change, supports, misplaced=misplaced, **said)
