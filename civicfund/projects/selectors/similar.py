"""Which projects look like an idea that somebody is about to propose."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.contrib.postgres.search import SearchQuery, TrigramSimilarity
from django.core.cache import cache
from django.db.models import BigIntegerField, Value
from django.db.models.functions import Now

from civicfund.projects.models import Project

# How alike an idea and a project must be to be named: a title spelt nearly the same reaches it,
# and so do a few of the same telling words, sooner where the places are close. Titles of fewer like
# letters are found by their words alone: see ``TRIGRAMS`` in the settings.
ALIKE_ENOUGH = 0.45
MOST_NAMED = 5
# From how many the best are chosen, for each way to find them.
MOST_LOOKED_AT = 60
# How alike two projects are that moderators are shown though nobody said so; and of which ones they
# are looked for: so many of those that were proposed lately.
NEARLY_THE_SAME = 1.0
MOST_NEW = 20
NEW_FOR = timedelta(days=30)
ALIKE_KEPT_SECONDS = 600
NEAR_METERS = 400
# What the same neighborhood adds where either has no point on the map.
SAME_PLACE = 0.1
_METERS_PER_DEGREE = 111_320
_WORD = re.compile(r"[^\W\d_]{4,}")
MOST_WORDS = 8


@dataclass(frozen=True)
class Idea:
    """What somebody has typed so far."""

    title: str
    summary: str = ""
    latitude: float | None = None
    longitude: float | None = None
    # Ids of what it is not compared with: itself, and what it was taken up from.
    besides: Collection[int] = ()
    neighborhood: int | None = None

    @cached_property
    def stems(self) -> list[str]:
        """The beginnings of its longest words, which tell most: "benches" finds "bench"."""
        words = dict.fromkeys(_WORD.findall(f"{self.title} {self.summary}".lower()))
        longest = sorted(words, key=len, reverse=True)[:MOST_WORDS]
        return [word[: max(4, len(word) - 2)] for word in longest]

    @property
    def has_point(self) -> bool:
        """Whether it says where on the map."""
        return self.latitude is not None and self.longitude is not None


def idea_of(project: Project) -> Idea:
    """What a project says, to find others that say the same."""
    return Idea(
        title=project.title,
        summary=project.summary,
        latitude=project.latitude,
        longitude=project.longitude,
        besides=[pk for pk in (project.pk, project.copied_from_id) if pk],
        neighborhood=project.neighborhood_id,
    )


def similar_projects(idea: Idea) -> list[Project]:
    """At most five projects on the list that look like the idea, the most alike first.

    Found in three ways, each with its index: a title of like letters, the same words, a point
    nearby. A place alone is not alike: it only adds to likeness.
    """
    found = _candidates(idea)
    if not found:
        return []
    rows = (
        Project.objects.filter(pk__in=found)
        .only("title", "summary", "latitude", "longitude", "neighborhood_id")
        .annotate(likeness=TrigramSimilarity("title", idea.title))
    )
    scored = sorted(((_alike(idea, row), -row.pk) for row in rows), reverse=True)
    best = [-pk for score, pk in scored if score >= ALIKE_ENOUGH][:MOST_NAMED]
    shown = Project.objects.listed().for_cards().in_bulk(best)
    return [shown[pk] for pk in best if pk in shown]


def look_alikes() -> list[tuple[Project, Project]]:
    """Pairs of projects on the list, of which one was proposed lately, that look nearly the same:
    the later one first, the most alike pair first.

    Found by titles of like letters; what says the same under another title is not. To compare takes
    a third of a second in a town of 20,000 projects, so it is done once in ``ALIKE_KEPT_SECONDS``:
    a pair shows so much later, but what has left the list meanwhile is in none.
    """
    pairs = cache.get_or_set("look_alikes", _compared, ALIKE_KEPT_SECONDS) or []
    compared = Project.objects.listed().defer("story", "search")
    both = compared.in_bulk({pk for pair in pairs for pk in pair})
    return [(both[one], both[two]) for one, two in pairs if one in both and two in both]


def _compared() -> list[tuple[int, int]]:
    """The same by their ids. As many queries for many as for few."""
    compared = Project.objects.listed().defer("story", "search")
    lately = compared.filter(published_at__gt=Now() - NEW_FOR)
    newest = {each.pk: each for each in lately.order_by("-published_at", "-pk")[:MOST_NEW]}
    titled = _titled_alike(newest.values())
    others = compared.in_bulk({other for other, _new, _letters in titled})
    scored = {
        (max(new, other), min(new, other)): _alike_by(idea_of(newest[new]), others[other], letters)
        for other, new, letters in titled
        if other in others
    }
    best = sorted(scored, key=lambda pair: (-scored[pair], pair))
    return [pair for pair in best if scored[pair] >= NEARLY_THE_SAME]


def _titled_alike(projects: Collection[Project]) -> list[tuple[int, int, float]]:
    """The ids of what has a title like that of a project, that project's, and how like it is."""
    ways = []
    for each in projects:
        likeness = TrigramSimilarity("title", each.title)
        others = Project.objects.listed().exclude(pk__in=idea_of(each).besides)
        lettered = others.filter(title__trigram_similar=each.title).annotate(
            new=Value(each.pk, BigIntegerField()), likeness=likeness
        )
        likest = lettered.order_by("-likeness", "pk").values_list("pk", "new", "likeness")
        ways.append(likest[:MOST_NAMED])
    return list(ways[0].union(*ways[1:], all=True)) if ways else []


def _candidates(idea: Idea) -> set[int]:
    """Ids of what may be alike, in one query of three parts."""
    listed = Project.objects.listed().order_by()
    if idea.besides:
        listed = listed.exclude(pk__in=idea.besides)
    ways = []
    if idea.title.strip():
        lettered = listed.filter(title__trigram_similar=idea.title)
        likest = TrigramSimilarity("title", idea.title).desc()
        ways.append(lettered.order_by(likest).values_list("pk")[:MOST_LOOKED_AT])
    if stems := idea.stems:
        any_of = SearchQuery(
            " | ".join(f"{stem}:*" for stem in stems), config="simple", search_type="raw"
        )
        worded = listed.filter(search=any_of)
        ways.append(worded.order_by("-pk").values_list("pk")[:MOST_LOOKED_AT])
    if idea.has_point:
        ways.append(listed.filter(**_box(idea)).values_list("pk")[:MOST_LOOKED_AT])
    if not ways:
        return set()
    return {pk for (pk,) in ways[0].union(*ways[1:])}


def _box(idea: Idea) -> dict[str, tuple[float, float]]:
    """A square of degrees around the idea's point."""
    latitude, longitude = float(idea.latitude or 0), float(idea.longitude or 0)
    up = NEAR_METERS / _METERS_PER_DEGREE
    across = up / max(0.01, math.cos(math.radians(latitude)))
    return {
        "latitude__range": (latitude - up, latitude + up),
        "longitude__range": (longitude - across, longitude + across),
    }


def _alike(idea: Idea, row: Project) -> float:
    """From 0 to 1.9: letters of the title, share of the idea's words, and how near it is."""
    return _alike_by(idea, row, float(row.likeness))  # type: ignore[attr-defined]  # annotated


def _alike_by(idea: Idea, row: Project, letters: float) -> float:
    words = _WORD.findall(f"{row.title} {row.summary}".lower())
    stems = idea.stems
    met = sum(any(word.startswith(stem) for word in words) for stem in stems)
    same = letters + 0.5 * (met / len(stems) if stems else 0)
    return same + (_place_adds(idea, row) if same > 0.1 else 0)


def _place_adds(idea: Idea, row: Project) -> float:
    """Up to 0.4 for a point nearby; the neighborhood tells less, and only where a point is not."""
    if idea.has_point and row.latitude is not None:
        return 0.4 * _nearness(idea, row)
    return SAME_PLACE if idea.neighborhood == row.neighborhood_id else 0


def _nearness(idea: Idea, row: Project) -> float:
    """1 at the same point, 0 from ``NEAR_METERS`` on, and where either has none."""
    if not idea.has_point or row.latitude is None or row.longitude is None:
        return 0
    latitude, longitude = float(idea.latitude or 0), float(idea.longitude or 0)
    north = (row.latitude - latitude) * _METERS_PER_DEGREE
    east = (row.longitude - longitude) * _METERS_PER_DEGREE * math.cos(math.radians(latitude))
    return max(0.0, 1 - math.hypot(north, east) / NEAR_METERS)
