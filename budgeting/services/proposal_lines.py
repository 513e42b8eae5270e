"""One line of a file of proposals: each cell read, and compared with what is in the cycle."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from math import isfinite

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from budgeting.models import Cycle, Pot
from budgeting.selectors.proposal_files import COLUMNS, ID, UNTOLD, alike, named_in
from civicfund.money import UnclearAmountError, read_amount
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import Outlines
from civicfund.projects.enums import Category
from civicfund.projects.services import (
    LONGEST_STORY,
    MOST_COST_LINES,
    MOST_PER_LINE_MINOR,
    MOST_YEARS,
    Cost,
    ProjectError,
    place_of_point,
)
from civicfund.words import one_line, seen

_MOST_CHARACTERS = {
    "title": 120,
    "summary": 280,
    "address": 200,
    "cost_lines": 120,
    "proposer_name": 120,
}
_MOST_OF_ADDRESS = 254
# Parts of a cell of cost lines: no semicolon but behind a backslash.
_PART = re.compile(r"(?:[^;\\]|\\.)+")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal of a file that can be entered."""

    title: str
    summary: str
    story: str
    category: Category
    neighborhood: Neighborhood
    pot: Pot
    cost_lines: list[Cost]
    running_minor: int | None
    lifetime_years: int | None
    address: str
    point: Point | None
    proposer_name: str
    proposer_email: str


class WrongLineError(Exception):
    """Why a line cannot be entered, in words that follow “Line 3”."""


class Known:
    """What lines are compared with: the cycle's places and pots, and proposals already there."""

    def __init__(
        self, cycle: Cycle, rows: Collection[dict[str, str]], *, own_address: str = ""
    ) -> None:
        """``rows`` are all lines of the file; ``own_address`` is that of whoever enters them."""
        self.own_address = own_address
        self.pots = list(cycle.pots.select_related("place"))
        self.places: dict[str, Neighborhood] = {}
        for place in Neighborhood.objects.select_related("parent"):
            self.places[alike(place.name)] = self.places[place.slug] = place
        numbers = {number for row in rows if (number := _number(row.get(ID, "")))}
        self.named = named_in(cycle, {alike(row.get("title", "")) for row in rows}, numbers)
        # By number: what those that the file names say, as a file says it.
        self.there = {
            number: {name: str(told[name]).strip() for name in COLUMNS}
            for number, told in self.named.rows.items()
        }
        self.taken: set[str] = set()
        self._outlines: Outlines | None = None

    def line(self, row: dict[str, str]) -> Line | None:
        """The line as a proposal; None for one that is in the cycle as it is.

        Raises ``WrongLineError``.
        """
        if not row:
            raise WrongLineError(_("has not as many cells as there are columns"))
        if any("\n" in cell or "\r" in cell for name, cell in row.items() if name != "story"):
            raise WrongLineError(
                _("has a quotation mark too many, or a cell over more than one line")
            )
        row = {name: _tidied(name, cell) for name, cell in row.items()}
        if row.get(ID):
            self._check_numbered(row)
            return None
        title = alike(row["title"])
        if there := self.named.titles.get(title):
            self._check_unchanged(row, [self.there[number] for number in there])
            return None
        if title in self.named.left_titles:
            raise WrongLineError(
                _(
                    "has the title of a project that has left the cycle, being withdrawn, merged or"
                    " hidden: a file brings nothing back"
                )
            )
        found = self._read(row)
        if title in self.taken:
            raise WrongLineError(_("has a title that is in the file already"))
        self.taken.add(title)
        return found

    def _read(self, row: dict[str, str]) -> Line:
        place = self._place(row["neighborhood"])
        return Line(
            title=_words(row["title"], "title"),
            summary=_words(row["summary"], "summary"),
            story=_story(row.get("story", "")),
            category=_category(row.get("category", "")),
            neighborhood=place,
            pot=self._pot(row.get("pot", ""), place),
            cost_lines=_costs(row.get("cost", ""), row.get("cost_lines", "")),
            running_minor=_running(row.get("running_cost", "")),
            lifetime_years=_years(row.get("lifetime_years", "")),
            address=_address(row.get("address", "")),
            point=self._point(row.get("latitude", ""), row.get("longitude", ""), place),
            proposer_name=_name(row.get("proposer_name", "")),
            proposer_email=self._proposers_address(row),
        )

    def _proposers_address(self, row: dict[str, str]) -> str:
        address = _email(row.get("proposer_email", ""), row.get("proposer_name", ""))
        if address and address == self.own_address:
            raise WrongLineError(
                _("has your own e-mail address: whoever handed it in takes it over, not you")
            )
        return address

    def _check_numbered(self, row: dict[str, str]) -> None:
        """Whatever it is called by now, its number says which one a line speaks of."""
        number = _number(row[ID])
        if number in self.named.left:
            raise WrongLineError(
                _(
                    "has the id of a project that has left the cycle, being withdrawn, merged or"
                    " hidden: a file brings nothing back"
                )
            )
        if number not in self.there:
            raise WrongLineError(
                _(
                    "has an id that no proposal of this cycle has: leave the id empty to enter the"
                    " line as a new one"
                )
            )
        changed = self._changed(row, self.there[number])
        if changed:
            raise WrongLineError(
                _(
                    "has the id of a proposal that says something else as %(columns)s: a file"
                    " changes nothing that is there"
                )
                % {"columns": ", ".join(changed)}
            )

    def _check_unchanged(self, row: dict[str, str], there: list[dict[str, str]]) -> None:
        """A file brings what is new. What it says otherwise of what is there it cannot change."""
        others = [self._changed(row, said) for said in there]
        if all(others):
            fewest = min(others, key=len)
            raise WrongLineError(
                _(
                    "has a title that is in the cycle already, with something else as %(columns)s:"
                    " a file changes nothing that is there"
                )
                % {"columns": ", ".join(fewest)}
            )

    def _changed(self, row: dict[str, str], said: dict[str, str]) -> list[str]:
        """An empty cell says nothing: what entering made of it stands. Who handed it in is compared
        until they have taken it over.
        """
        gone = UNTOLD if said["proposer_name"] else ("proposer_name", *UNTOLD)
        return [
            name
            for name in COLUMNS
            if row.get(name)
            and name not in gone
            and row[name] != said[name]
            and self._meant(name, row[name]) != self._meant(name, said[name])
        ]

    def _meant(self, name: str, cell: str) -> object:
        """What a cell stands for, so that "1200.5" is "1200.50"; itself where it is none."""
        readers: dict[str, Callable[[str], object]] = {
            "title": alike,
            "pot": alike,
            "neighborhood": self._place,
            "category": _category,
            "cost": _cost,
            "cost_lines": _lines,
            "running_cost": _running,
            "lifetime_years": _years,
            "latitude": lambda text: _degrees(text, 90),
            "longitude": lambda text: _degrees(text, 180),
            "story": seen,
            "proposer_name": one_line,
        }
        read = readers.get(name, str)
        try:
            return read(cell)
        except WrongLineError:
            return cell

    def _place(self, name: str) -> Neighborhood:
        place = self.places.get(alike(name))
        if place is None:
            raise WrongLineError(_("names no neighborhood of the town"))
        return place

    def _pot(self, name: str, place: Neighborhood) -> Pot:
        """The pot of that name; without one the nearest: of the place, its district, the town."""
        near = [place, *(up for up in (place.parent, place.parent and place.parent.parent) if up)]
        reaching = [pot for up in near for pot in self.pots if pot.place_id == up.pk]
        named = [pot for pot in reaching if not name or alike(pot.name) == alike(name)]
        if not named:
            raise WrongLineError(_("names no pot whose money its neighborhood can have"))
        return named[0]

    def _point(self, latitude: str, longitude: str, place: Neighborhood) -> Point | None:
        if not latitude and not longitude:
            return None
        point = (_degrees(latitude, 90), _degrees(longitude, 180))
        self._outlines = self._outlines or Outlines()
        try:
            place_of_point(*point, place, outlines=self._outlines)
        except ProjectError:
            raise WrongLineError(_("has a point that is not in its neighborhood")) from None
        return point


def _number(cell: str) -> int | None:
    """The number of a proposal; None where it is none."""
    text = one_line(cell)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _tidied(name: str, cell: str) -> str:
    """A cell as it is compared and entered; blanks within amounts stay what they are, so that
    "1\u00a0200 Benches" does not become 1 for "200 Benches". A name that nobody can see is wrong
    where it is read, and not nobody's.
    """
    if name in ("story", "cost_lines"):
        return cell
    return " ".join(cell.split()) if name == "proposer_name" else one_line(cell)


def _words(text: str, name: str) -> str:
    most = _MOST_CHARACTERS[name]
    if not text or len(text) > most:
        raise WrongLineError(
            _("has no %(column)s, or one of more than %(most)s characters")
            % {"column": name, "most": most}
        )
    return text


def _story(text: str) -> str:
    if len(text) > LONGEST_STORY:
        raise WrongLineError(_("has a story of more than %(n)s characters") % {"n": LONGEST_STORY})
    return text


def _address(text: str) -> str:
    return _words(text, "address") if text else ""


def _name(text: str) -> str:
    """Whoever handed it in on paper; nobody where it is the town's own."""
    return _words(seen(text), "proposer_name") if text else ""


def _email(text: str, name: str) -> str:
    if not text:
        return ""
    if not name:
        raise WrongLineError(_("has an e-mail address without the name of whoever handed it in"))
    try:
        validate_email(text)
    except ValidationError:
        text = "x" * (_MOST_OF_ADDRESS + 1)
    if len(text) > _MOST_OF_ADDRESS:
        raise WrongLineError(_("has an e-mail address that is none"))
    return text.lower()


def _category(name: str) -> Category:
    by_name: Iterable[tuple[str, Category]] = (
        pair for each in Category for pair in ((each.value, each), (str(each.label), each))
    )
    found = {words.casefold(): each for words, each in by_name}
    if name and name.casefold() not in found:
        raise WrongLineError(_("names no kind of project that there is"))
    return found.get(name.casefold(), Category.OTHER)


def _costs(cost: str, lines: str) -> list[Cost]:
    """Its cost lines; where only what it costs is said, one of that."""
    if not lines:
        return [Cost(_("As it was handed in"), _cost(cost))]
    found = _lines(lines)
    if cost and _cost(cost) != sum(line.amount_minor for line in found):
        raise WrongLineError(_("has a cost that is not the sum of its cost lines"))
    return found


def _lines(text: str) -> list[Cost]:
    found = []
    for part in _PART.findall(text):
        amount, _space, label = part.strip().partition(" ")
        label = one_line(re.sub(r"\\(.)", r"\1", label))
        if not amount:
            continue
        found.append(Cost(_words(label, "cost_lines"), _cost(amount)))
    if not found or len(found) > MOST_COST_LINES:
        raise WrongLineError(
            _("has no cost lines as “1200 Benches; 300 Planting”, or more than %(most)s")
            % {"most": MOST_COST_LINES}
        )
    return found


def _cost(text: str) -> int:
    amount_minor = _amount(text)
    if not 0 < amount_minor <= MOST_PER_LINE_MINOR:
        raise WrongLineError(_("has no cost as 1200 or 1234.50"))
    return amount_minor


def _running(text: str) -> int | None:
    if not text:
        return None
    amount_minor = _amount(text)
    if not 0 <= amount_minor <= MOST_PER_LINE_MINOR:
        raise WrongLineError(_("has no running cost as 0, 120 or 120.50"))
    return amount_minor


def _amount(text: str) -> int:
    """Minor units; below zero where it is no amount."""
    names = (settings.CURRENCY,)
    try:
        return read_amount(text, settings.CURRENCY, decimal_mark=".", names=names)
    except UnclearAmountError:
        raise WrongLineError(
            _("has a cost that can be read in two ways: %(cost)s") % {"cost": text}
        ) from None
    except ValueError:
        return -1


def _years(text: str) -> int | None:
    if not text:
        return None
    years = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= years <= MOST_YEARS:
        raise WrongLineError(
            _("has a lifetime that is no number of years up to %(most)s") % {"most": MOST_YEARS}
        )
    return years


def _degrees(text: str, most: int) -> float:
    try:
        degrees = float(text.replace(",", "."))
    except ValueError:
        degrees = float("nan")
    if not (isfinite(degrees) and abs(degrees) <= most):
        raise WrongLineError(_("has no point as 48.2082 in latitude and 16.3738 in longitude"))
    return degrees
