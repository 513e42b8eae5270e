"""The proposals of a cycle as a file, in the columns in which such a file is taken again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from budgeting.models import Cycle, Proposal
from budgeting.selectors.supports import people_supporting
from civicfund.money import to_decimal
from civicfund.projects.enums import LISTED_STATES
from civicfund.projects.models import Project

REQUIRED = ("title", "summary", "neighborhood")
# One of the two; of both the first is the sum of the second.
COSTS = ("cost", "cost_lines")
COLUMNS = (
    *REQUIRED, *COSTS, "story", "category", "pot", "running_cost", "lifetime_years", "address",
    "latitude", "longitude", "proposer_name", "proposer_email",
)  # fmt: skip
# What is taken and never given out.
UNTOLD = ("proposer_email",)
# What became of a proposal is for reading: a file that is taken changes none of it.
READ_ONLY = ("id", "state", "reason", "supports", "cost_on_ballot", "submitted")
HEADER = (*(name for name in COLUMNS if name not in UNTOLD), *READ_ONLY)
_AT_ONCE = 500

Cell = str | int | float | Decimal


def proposal_rows(cycle: Cycle) -> Iterator[dict[str, Cell]]:
    """What is public of every proposal that stands in a cycle, by column; costs in major units.

    Of what left the list of projects only what its line says: no story, place or costs.
    """
    rows = Proposal.objects.standing().filter(cycle=cycle).order_by("pk")
    for found in _in_parts(list(rows.values_list("pk", flat=True))):
        people = people_supporting(found)
        for each in found:
            option = getattr(each, "option", None)
            yield {
                **_brought(each, cycle.currency),
                "id": each.pk,
                "state": each.state,
                "reason": each.reason,
                "supports": people[each.pk],
                # Nothing may be what an option costs; without one nobody has said.
                "cost_on_ballot": to_decimal(option.cost_minor, cycle.currency) if option else "",
                "submitted": each.submitted_at.isoformat(),
            }


def rows_by_title(
    cycle: Cycle, titles: Collection[str]
) -> tuple[dict[str, list[dict[str, Cell]]], set[str]]:
    """Of what is called so, ``alike``: the cells a file brings of what stands, and the titles of
    what has left the cycle. One query tells the two apart, so that nothing is in neither.
    """
    rows = Proposal.objects.filter(cycle=cycle).select_related("project").order_by("pk")
    standing: dict[int, str] = {}
    left: set[str] = set()
    for each in rows.only("state", "project__state", "project__title"):
        if (title := alike(each.project.title)) not in titles:
            continue
        if each.has_left:
            left.add(title)
        else:
            standing[each.pk] = title
    told: dict[str, list[dict[str, Cell]]] = {}
    for found in _in_parts(list(standing)):
        for each in found:
            told.setdefault(standing[each.pk], []).append(_brought(each, cycle.currency))
    return told, left


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


def one_line(words: str) -> str:
    """The same words, so that no cell but a story's goes over more than one line."""
    return " ".join(words.split())


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
