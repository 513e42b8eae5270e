"""What became of a project's words, and who wrote and helped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from civicfund.projects.domain import Piece, differences
from civicfund.projects.enums import Part
from civicfund.projects.models import Project, Version, VersionQuerySet

_LOOKED_FOR = _("What is looked for")


@dataclass(frozen=True)
class Difference:
    """What changed in one part of a project; ``pieces`` in their order."""

    label: str
    pieces: list[Piece]


def versions_of(project: Project, *, with_drafts: bool) -> VersionQuerySet:
    """The history, newest first; what was tried in a draft is its authors' own."""
    rows = project.versions.all() if with_drafts else project.versions.public()
    return rows.newest_first().prefetch_related("veils")


def latest_version(project: Project) -> int:
    """The number of what it says now; 0 where it was never changed."""
    newest: int | None = project.versions.aggregate(newest=Max("number"))["newest"]
    return newest or 0


def between(older: Version | None, newer: Version, money: Callable[[int], str]) -> list[Difference]:
    """Every part in which two versions differ; without an older one, all that was said."""
    before = _parts(older, money) if older else {}
    if older and older.wanted is None:  # from before it was kept: nobody knows what changed
        before[str(_LOOKED_FOR)] = _looked_for(newer)
    return [
        Difference(label, differences(before.get(label, ""), said))
        for label, said in _parts(newer, money).items()
        if before.get(label, "") != said
    ]


def _parts(version: Version, money: Callable[[int], str]) -> dict[str, str]:
    """Each part in words, by its name."""
    point = ""
    if version.latitude is not None:
        point = f"{version.latitude}, {version.longitude}"
    years, running = version.lifetime_years, version.running_minor
    return {
        str(_("Title")): version.title,
        str(_("In one sentence")): version.summary,
        str(_("About")): version.get_category_display(),
        str(_("Neighborhood")): version.neighborhood.name,
        str(_("Point")): point,
        str(_("Address")): version.address,
        str(_("What it costs")): "\n".join(
            f"{label}: {money(minor)}" for label, minor in version.cost_lines
        ),
        str(_("Running cost a year")): "" if running is None else money(running),
        str(_("Lifetime in years")): "" if years is None else str(years),
        str(_("The story")): version.story,
        str(_LOOKED_FOR): _looked_for(version),
    }


def _looked_for(version: Version) -> str:
    return "\n".join(str(Part(part).label) for part in version.wanted or ())
