"""What the town holds of a person: every app says here what that is, when Django has loaded it.

A test walks every relation of the user's table and fails where one is neither held nor left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model, Q
from django.db.models.expressions import Combinable
from django.utils.functional import Promise

if TYPE_CHECKING:
    from civicfund.people.models import User  # not loaded yet when apps declare

Words = str | Promise  # translated when they are shown
Shown = Mapping[str, str | Combinable]


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of thing that is held of a person, and what of it their copy shows.

    ``by`` are the ways from a row to the person. ``shows`` names each column and its value.
    """

    name: str
    about: Words
    model: type[Model]
    by: tuple[str, ...]
    shows: Shown

    def rows_of(self, person: Model) -> Iterator[dict[str, Any]]:
        """What is held of this person and of nobody else, oldest first."""
        theirs = Q()
        for way in self.by:
            theirs |= Q(**{way: person.pk})
        found = self.model._default_manager.filter(theirs).order_by("pk").distinct()
        for values in found.values_list(*self.shows.values()):
            yield dict(zip(self.shows, values, strict=True))

    @property
    def relations(self) -> set[str]:
        """Which columns of which tables this answers for."""
        return {f"{self.model._meta.label}.{way}" for way in self.by if "__" not in way}


_held: dict[str, Holding] = {}
_left_out: dict[str, Words] = {}


def columns(paths: str, **others: str | Combinable) -> Shown:
    """Values by their own names; others under a name that says more."""
    return {path.replace("__", "_"): path for path in paths.split()} | others


def holds(name: str, about: Words, model: type[Model], by: str, shows: Shown) -> None:
    """An app holds such rows of people; ``by`` are the ways to the person, with blanks between."""
    _held[name] = Holding(name, about, model, tuple(by.split()), shows)


def leaves_out(why: Words, *relations: str) -> None:
    """An app points at people there, and their copy does not show it, for this reason."""
    _left_out.update(dict.fromkeys(relations, why))


def held() -> Iterable[Holding]:
    """All kinds of things, by name."""
    return [_held[name] for name in sorted(_held)]


def left_out() -> Mapping[str, Words]:
    """Columns that a copy does not show, and why."""
    return dict(_left_out)


# What an app does when somebody is erased, and why somebody cannot be erased yet, in words.
Forget = Callable[["User"], None]
Keep = Callable[["User"], Iterable[str]]
_forget: list[Forget] = []
_keep: list[Keep] = []


def erases(forget: Forget, *, keeps: Keep | None = None) -> None:
    """An app takes a person's name off what stays, and deletes what goes, in a transaction that
    holds the person; ``keeps`` tells what has to be settled first."""
    _forget.append(forget)
    if keeps is not None:
        _keep.append(keeps)


def forget_everywhere(person: User) -> None:
    """Let every app forget somebody, the highest first. The caller holds the person."""
    for forget in reversed(_forget):
        forget(person)


def kept_because(person: User) -> list[str]:
    """What has to be settled before somebody can be erased; empty where nothing has."""
    return [reason for keep in _keep for reason in keep(person)]
