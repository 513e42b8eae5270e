"""Reading projects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import F, Q, QuerySet

from civicfund.places.enums import PlaceKind
from civicfund.prepared import Prepared
from civicfund.projects.enums import ASKED_PARTS, LISTED_STATES, NEEDED_PARTS, Part, ProjectState
from civicfund.projects.models import Offer, OfferQuerySet, Project, ProjectFile, ProjectQuerySet

# What stays while people vote or pledge on a project: they decided on what they read.
HELD_FIELDS = frozenset(
    {
        "title",
        "summary",
        "neighborhood",
        "latitude",
        "longitude",
        "address",
        "cost_lines",
        "running_minor",
        "lifetime_years",
    }
)

Hold = Callable[[Project], str]
"""Why the project stays as it is, in words for its proposer; empty where it need not."""

_holds: list[Hold] = []


def held_by(hold: Hold) -> None:
    """Ask this, too, before a project changes. Said once, when an app is ready.

    The app that says it refuses the change in the database as well (``constraints.held_while``).
    """
    _holds.append(hold)


def why_held(project: Project) -> str:
    """The first reason why title, sentence, place and costs stay; empty where they may change."""
    return next((words for hold in _holds if (words := hold(project))), "")


Caution = Callable[[Project], str]
"""What its authors should know before they change the project, in words; empty for nothing."""

_cautions: list[Caution] = []


def cautioned_by(caution: Caution) -> None:
    """Ask this, too, before a project is changed. Said once, when an app is ready."""
    _cautions.append(caution)


def cautions_for(project: Project) -> list[str]:
    """What a change of title, sentence, place or costs would undo, for its authors to read."""
    return [words for caution in _cautions if (words := caution(project))]


Distance = Callable[[Project, Project], str]
"""Why the first project does not go into the second, in words; empty where it may."""

_distances: list[Distance] = []


def kept_apart_by(distance: Distance) -> None:
    """Ask this, too, before one project goes into another. Said once, when an app is ready."""
    _distances.append(distance)


def why_kept_apart(child: Project, whole: Project) -> str:
    """The first reason why one does not go into the other; empty where it may."""
    return next((words for why in _distances if (words := why(child, whole))), "")


Tie = Callable[[Project], bool]
"""Whether the project stays with whoever proposed it, also once they have left."""

_ties: list[Tie] = []


def tied_by(tie: Tie) -> None:
    """Ask this, too, before somebody else proposes a project. Said once, when an app is ready.

    The app that says it refuses the change in the database as well.
    """
    _ties.append(tie)


def is_tied(project: Project) -> bool:
    """Whether nobody else can propose it from now on."""
    return any(tie(project) for tie in _ties)


def missing_parts(project: Project) -> list[Part]:
    """What the project lacks to be ready."""
    missing = []
    if not project.story.strip():
        missing.append(Part.STORY)
    if _lacks_place(project):
        missing.append(Part.PLACE)
    if not project.cost_lines.exists():
        missing.append(Part.COST)
    return missing


def _lacks_place(project: Project) -> bool:
    """Neither on the map nor in words. One for the whole town or a district needs neither."""
    is_said = project.latitude is not None or project.address
    return not is_said and project.neighborhood.kind == PlaceKind.NEIGHBORHOOD


def help_wanted(project: Project) -> list[Part]:
    """What others can bring to it: what it lacks to be ready, and what its authors look for.

    Nothing where nobody is left who could take it in.
    """
    if project.state not in LISTED_STATES or project.is_abandoned:
        return []
    return [*missing_parts(project), *(part for part in ASKED_PARTS if part in project.wanted)]


def helps_of_row(project: Project) -> list[Part]:
    """The same of a row of ``wanting``, without asking the database again."""
    needs = {
        Part.STORY: project.lacks_story,  # type: ignore[attr-defined]  # annotated
        Part.PLACE: _lacks_place(project),
        Part.COST: not project.cost_minor,  # type: ignore[attr-defined]  # annotated
    }
    lacking = [part for part in NEEDED_PARTS if needs[part]]
    return [*lacking, *(part for part in ASKED_PARTS if part in project.wanted)]


def helpers_of(project: Project) -> list[Offer]:
    """Whose help was taken for it and for what became part of it, in the order in which it was."""
    return _helpers(project.pk)


@Prepared
def _helpers(project: int) -> OfferQuerySet:
    parts = Q(merged_into=project, state=ProjectState.MERGED)
    whole = Project.objects.filter(Q(pk=project) | parts).order_by().values("pk")
    accepted = Offer.objects.accepted().filter(project__in=whole)
    return accepted.select_related("by").order_by("decided_at", "pk")


def files_of(project: Project) -> list[ProjectFile]:
    """Its pictures and papers that are shown, in their order."""
    return _shown_files(project.pk)


@Prepared
def _shown_files(project: int) -> QuerySet[ProjectFile]:
    return ProjectFile.objects.shown().filter(project=project).in_order()


class Typed(SearchQuery):
    """Words as they are typed into a search field: "quoted phrase", -without, this or that.

    A question of its own within the question, which is asked once. Else what is planned for any
    words (``civicfund.prepared``) reads them anew for each row.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words, config="simple", search_type="websearch")

    def as_sql(self, *given: Any, **named: Any) -> tuple[str, Any]:
        """In brackets."""
        sql, params = super().as_sql(*given, **named)
        return f"(SELECT {sql})", params


def matching(projects: ProjectQuerySet, words: str) -> ProjectQuerySet:
    """Projects with these words, or with a title that is spelt nearly so; ``rank`` says how well.

    How nearly is set for the whole connection (``TRIGRAMS`` in the settings), since an index
    answers no other question.
    """
    query = Typed(words)
    return projects.annotate(
        likeness=TrigramWordSimilarity(words, "title"),
        rank=SearchRank(F("search"), query) + F("likeness"),
    ).filter(Q(search=query) | Q(title__trigram_word_similar=words))
