"""What came of projects, as apps that stand above say it: a list can be narrowed by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from civicfund.projects.models import ProjectQuerySet

Projects = Callable[[], QuerySet[Any] | Q]
"""The ids of the projects of which it came, as everybody may know; or what they fulfil."""

_became: dict[str, tuple[Promise, Projects]] = {}


def became(name: str, label: Promise, projects: Projects) -> None:
    """Let lists be narrowed by this, too. Said once, when an app is ready."""
    _became[name] = label, projects


def ways_of_becoming() -> list[tuple[str, Promise]]:
    """What there is to choose from, in words."""
    return [(name, label) for name, (label, _projects) in _became.items()]


def that_became(rows: ProjectQuerySet, name: str) -> ProjectQuerySet:
    """Of these projects those of which it came."""
    found = _became[name][1]()
    return rows.filter(found if isinstance(found, Q) else Q(pk__in=found))
