"""The proposals of a cycle as a file, in the columns in which such a file is taken again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from budgeting.models import Cycle, Proposal
from budgeting.selectors.supports import people_supporting
from civicfund.money import to_decimal
from civicfund.projects.enums import LISTED_STATES, ProjectState
from civicfund.projects.models import Project
from civicfund.words import one_line

REQUIRED = ("title", "summary", "neighborhood")
# One of the two; of both the first is the sum of the second.
COSTS = ("cost", "cost_lines")
COLUMNS = (
    *REQUIRED, *COSTS, "story", "category", "pot", "running_cost", "lifetime_years", "address",
    "latitude", "longitude", "proposer_name", "proposer_email",
)  # fmt: skip
# The proposal's number, as in the address of its page: which one of the cycle a line speaks of.
ID = "id"
# What is taken and never given out.
UNTOLD = ("proposer_email",)
# What became of a proposal is for reading: a file that is taken changes none of it.
READ_ONLY = ("state", "reason", "supports", "cost_on_ballot", "submitted")
HEADER = (*(name for name in COLUMNS if name not in UNTOLD), ID, *READ_ONLY)
# What a file may have beside these.
OTHERS = (*(name for name in COLUMNS if name not in (*REQUIRED, *COSTS)), ID)
_AT_ONCE = 500

Cell = str | int | float | Decimal


def proposal_rows(cycle: Cycle) -> Iterator[dict[str, Cell]]:
    """What is public of every proposal that stands in a cycle, by column; costs in major units.

    Of what left the list of projects only what its line says: no story, place or costs. Of what
    moderators hide nothing.
    """
    rows = Proposal.objects.standing().filter(cycle=cycle).order_by("pk")
    rows = rows.exclude(project__state=ProjectState.HIDDEN)
    for found in _in_parts(list(rows.values_list("pk", flat=True))):
        people = people_supporting(found)
        for each in found:
            option = getattr(each, "option", None)
            yield {
                **_brought(each, cycle.currency),
                ID: each.pk,
                "state": each.state,
                "reason": each.reason,
                "supports": people[each.pk],
                # Nothing may be what an option costs; without one nobody has said.
                "cost_on_ballot": to_decimal(option.cost_minor, cycle.currency) if option else "",
                "submitted": each.submitted_at.isoformat(),
            }


@dataclass(slots=True)
class Named:
    """What a file names of a cycle, by number or title: what stands there, and what has left."""

    rows: dict[int, dict[str, Cell]] = field(default_factory=dict)
    """By its number: the cells that a file brings of what stands."""
    titles: dict[str, list[int]] = field(default_factory=dict)
    """The numbers of what stands by what it is called, ``alike``."""
    left: set[int] = field(default_factory=set)
    left_titles: set[str] = field(default_factory=set)


def named_in(cycle: Cycle, titles: Collection[str], numbers: Collection[int]) -> Named:
    """Of what is called so, ``alike``, or has such a number: what is in the cycle, or was.

    One query tells the two apart, so that nothing is in neither.
    """
    rows = Proposal.objects.filter(cycle=cycle).select_related("project").order_by("pk")
    named, standing = Named(), []
    for each in rows.only("state", "project__state", "project__title"):
        title = alike(each.project.title)
        if title not in titles and each.pk not in numbers:
            continue
        if each.has_left:
            named.left.add(each.pk)
            named.left_titles.add(title)
        else:
            standing.append(each.pk)
            named.titles.setdefault(title, []).append(each.pk)
    for found in _in_parts(standing):
        named.rows |= {each.pk: _brought(each, cycle.currency) for each in found}
    return named


def _in_parts(keys: Sequence[int]) -> Iterator[list[Proposal]]:
    for first in range(0, len(keys), _AT_ONCE):
        rows = Proposal.objects.filter(pk__in=keys[first : first + _AT_ONCE]).select_related(
            "cycle", "project__neighborhood", "pot", "option"
        )
        rows = rows.prefetch_related("project__cost_lines").order_by("pk")
        yield list(rows.defer("project__search", "project__neighborhood__boundary"))


def _brought(proposal: Proposal, currency: str) -> dict[str, Cell]:
    return _written(proposal.project, currency) | {"pot": one_line(proposal.pot.name)}


def _written(project: Project, currency: str) -> dict[str, Cell]:
    """What its authors wrote; of what is on no list no more than its line in a list said."""
    said: dict[str, Cell] = {
        "title": one_line(project.title),
        "summary": one_line(project.summary),
        "category": project.category,
        "neighborhood": project.neighborhood.slug,
    }
    if project.state not in LISTED_STATES:
        return dict.fromkeys(COLUMNS, "") | said
    return (
        dict.fromkeys(UNTOLD, "")
        | said
        | {
            "cost": _amount(project.total_minor or None, currency),
            "cost_lines": _lines(project, currency),
            "story": project.story,
            "running_cost": _amount(project.running_minor, currency),
            "lifetime_years": project.lifetime_years or "",
            "address": one_line(project.address),
            "latitude": "" if project.latitude is None else project.latitude,
            "longitude": "" if project.longitude is None else project.longitude,
            "proposer_name": one_line(project.handed_in_by),
        }
    )


def alike(name: str) -> str:
    """What names are compared by, whatever their case and however many blanks are between words."""
    return one_line(name).casefold()


def _amount(amount_minor: int | None, currency: str) -> Cell:
    return "" if amount_minor is None else to_decimal(amount_minor, currency)


def _lines(project: Project, currency: str) -> str:
    """As "1200.50 Benches; 300 Planting"; a semicolon in words is behind a backslash."""
    return "; ".join(
        f"{to_decimal(line.amount_minor, currency)} {_escaped(one_line(line.label))}"
        for line in project.cost_lines.all()
    )


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace(";", "\\;")
