"""The projects of the made-up town."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from django.db import transaction

from civicfund.money import one_major_unit
from civicfund.people.models import Residency, User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CostLine, Project
from civicfund.projects.services.hearing import let_authors_hear
from civicfund.town.demo.geography import PLACES, point_in
from civicfund.town.demo.ideas import IDEAS, Idea

_STORY = """{summary}

### Why here

{place} has asked for this more than once: at the neighborhood table, on the pinboard, in the queue at the baker's.

### What it takes

{costs}

### Who looks after it

The proposer and neighbors for the first two years; after that the town's works yard takes it into its round.
"""  # noqa: E501 -- prose


def make_projects(
    places: dict[str, Neighborhood], residents: list[User], currency: str, random: Random
) -> list[Project]:
    """Every idea as a project that is ready, proposed by somebody who lives there."""
    unit = one_major_unit(currency)
    neighbors: dict[int, list[User]] = defaultdict(list)
    for home in Residency.objects.select_related("user").order_by("pk"):
        neighbors[home.neighborhood_id].append(home.user)
    with transaction.atomic():
        made = [
            _make(
                idea,
                places[idea.place],
                neighbors[places[idea.place].pk] or residents,
                unit,
                random,
            )
            for idea in IDEAS
        ]
        for project in made:
            let_authors_hear(project)
        return made


def _make(
    idea: Idea, home: Neighborhood, neighbors: list[User], unit: int, random: Random
) -> Project:
    cell = next(place for place in PLACES if place.name == idea.place)
    latitude, longitude = point_in(cell, random.uniform(0.3, 0.7), random.uniform(0.3, 0.7))
    project = Project.objects.create(
        state=ProjectState.READY,
        title=idea.title,
        summary=idea.summary,
        story=_STORY.format(
            summary=idea.summary,
            place=idea.place,
            costs="\n".join(f"- {label}" for label, _amount in idea.costs),
        ),
        category=idea.category,
        neighborhood=home,
        latitude=latitude,
        longitude=longitude,
        proposer=random.choice(neighbors),
    )
    CostLine.objects.bulk_create(
        CostLine(project=project, position=n, label=label, amount_minor=amount * unit)
        for n, (label, amount) in enumerate(idea.costs, start=1)
    )
    return project
