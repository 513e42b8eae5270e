"""Who writes a public project hears of it: how is said by whoever tells people things."""

from __future__ import annotations

from collections.abc import Callable, Collection

from civicfund.projects.access import authors_of
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project

Hearing = Callable[[Project, Collection[int]], None]
"""Lets these people, named by their ids, hear of the project from now on."""

_hearings: list[Hearing] = []


def heard_by_authors(hearing: Hearing) -> None:
    """Do this for whoever begins to write a public project. Said once, when an app is ready."""
    _hearings.append(hearing)


def let_authors_hear(project: Project) -> None:
    """All who write it, now that it is public; not whoever only entered it from another's paper.

    The caller is in the transaction that shows it.
    """
    people = set(authors_of(project).values_list("pk", flat=True))
    if project.handed_in_by:
        people.discard(project.proposer_id)
    _let_hear(project, people)


def let_joined_hear(project: Project, person: int) -> None:
    """Whoever joined just now; of a draft they hear once it is public. The caller holds it."""
    if project.state != ProjectState.DRAFT:
        _let_hear(project, [person])


def _let_hear(project: Project, people: Collection[int]) -> None:
    for hearing in _hearings:
        hearing(project, people)
