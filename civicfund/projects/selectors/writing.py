"""Whether somebody may write now: said by whoever knows why they may not."""

from __future__ import annotations

from collections.abc import Callable

from civicfund.people.models import User

Silenced = Callable[[User], str]
"""Why somebody may not write in public now, in words for them; empty where they may."""

_silenced: list[Silenced] = []


def silenced_by(why: Silenced) -> None:
    """Ask this, too, before somebody writes. Said once, when an app is ready."""
    _silenced.append(why)


def why_silent(person: User) -> str:
    """Why somebody may not write now; empty where they may."""
    return next((words for why in _silenced if (words := why(person))), "")
