from __future__ import annotations

import factory

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CostLine, Project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory


class ProjectFactory(factory.django.DjangoModelFactory):
    """A public project with all that a ready one has."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    state = ProjectState.READY
    title = factory.Sequence(lambda n: f"Project {n}")
    summary = "A bench where there was none."
    story = "People who wait like to sit."
    latitude = 0.5
    longitude = 0.5
    neighborhood = factory.SubFactory(NeighborhoodFactory)
    proposer = factory.SubFactory(UserFactory)

    class Params:
        bare = factory.Trait(story="", latitude=None, longitude=None)

    @factory.post_generation
    def cost_minor(self, create, extracted, **kwargs):
        if create:
            CostLine.objects.create(
                project=self, position=1, label="Everything", amount_minor=extracted or 100_000
            )
