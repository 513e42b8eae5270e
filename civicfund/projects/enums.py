"""States of a project."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProjectState(models.TextChoices):
    """How far an idea has come. What becomes of the money is told elsewhere."""

    DRAFT = "draft", _("Draft")
    STUB = "stub", _("Stub")
    READY = "ready", _("Ready")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    MERGED = "merged", _("Merged")


PROJECT_MOVES: dict[ProjectState, frozenset[ProjectState]] = {
    ProjectState.DRAFT: frozenset({ProjectState.STUB, ProjectState.WITHDRAWN}),
    ProjectState.STUB: frozenset({ProjectState.READY, ProjectState.WITHDRAWN, ProjectState.MERGED}),
    ProjectState.READY: frozenset({ProjectState.WITHDRAWN, ProjectState.MERGED}),
    ProjectState.WITHDRAWN: frozenset(),
    ProjectState.MERGED: frozenset(),
}

PUBLIC_STATES = (ProjectState.STUB, ProjectState.READY, ProjectState.MERGED)


class Category(models.TextChoices):
    """What a project is about."""

    GREEN = "green", _("Green and parks")
    STREETS = "streets", _("Streets and paths")
    PLAY = "play", _("Play and sport")
    CULTURE = "culture", _("Culture and learning")
    CARE = "care", _("Care and neighbors")
    CLIMATE = "climate", _("Climate and energy")
    OTHER = "other", _("Something else")


class Part(models.TextChoices):
    """What a project needs to be ready."""

    STORY = "story", _("a story: what is to be done, and why")
    PLACE = "place", _("a place on the map")
    COST = "cost", _("what it costs")
