"""What a card shows of a project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django import template

from civicfund.projects.enums import Category, Part, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors.supports import Gathering
from civicfund.templatetags.drawn import says_all

register = template.Library()


@says_all
class ProjectCard(NamedTuple):
    """All that a project's card may show: it is found again by exactly this."""

    pk: int
    title: str
    summary: str
    category: str
    place: str
    cost_minor: int
    support_count: int
    state: str
    gathering: tuple[Gathering, ...]

    def get_category_display(self) -> str:
        """What it is about, in words."""
        return str(Category(self.category).label)

    def get_state_display(self) -> str:
        """How far it has come, in words."""
        return str(ProjectState(self.state).label)


@register.filter
def card(project: Project) -> ProjectCard:
    """A row of ``with_cost`` for ``<c-project-card>``.

    Supports only where they were counted, how far it is with them only after ``with_gathering``.
    """
    return ProjectCard(
        pk=project.pk,
        title=project.title,
        summary=project.summary,
        category=project.category,
        place=project.neighborhood.name,
        cost_minor=project.cost_minor,  # type: ignore[attr-defined]  # annotated
        support_count=getattr(project, "support_count", 0),
        state=project.state,
        gathering=getattr(project, "gathering", ()),
    )


@says_all
class HelpLinks(NamedTuple):
    """What a project looks for, each kind to be offered: it is found again by exactly this."""

    pk: int
    title: str
    wanted: tuple[str, ...]

    @property
    def parts(self) -> list[Part]:
        """In words."""
        return [Part(value) for value in self.wanted]


@register.simple_tag
def help_links(project: Project, parts: Iterable[Part]) -> HelpLinks:
    """What a project looks for, for ``<c-help-links>``."""
    return HelpLinks(project.pk, project.title, tuple(part.value for part in parts))
