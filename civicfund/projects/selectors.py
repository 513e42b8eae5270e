"""Reading projects."""

from __future__ import annotations

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import F, Q

from civicfund.places.enums import PlaceKind
from civicfund.projects.enums import Part
from civicfund.projects.models import Project, ProjectQuerySet

# How alike a title's word and a misspelt one must be, from 0 to 1: "plaground" finds "playground".
ALIKE = 0.5


def missing_parts(project: Project) -> list[Part]:
    """What the project lacks to be ready. One for the whole town or a district needs no point."""
    missing = []
    if not project.story.strip():
        missing.append(Part.STORY)
    if project.latitude is None and project.neighborhood.kind == PlaceKind.NEIGHBORHOOD:
        missing.append(Part.PLACE)
    if not project.cost_lines.exists():
        missing.append(Part.COST)
    return missing


def matching(projects: ProjectQuerySet, words: str) -> ProjectQuerySet:
    """Projects with these words, or with a title that is spelt nearly so; ``rank`` says how well.

    The words follow web search: "quoted phrase", -without, this or that.
    """
    query = SearchQuery(words, config="simple", search_type="websearch")
    return projects.annotate(
        likeness=TrigramWordSimilarity(words, "title"),
        rank=SearchRank(F("search"), query) + F("likeness"),
    ).filter(Q(search=query) | Q(likeness__gte=ALIKE))
