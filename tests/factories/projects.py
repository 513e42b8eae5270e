from __future__ import annotations

from typing import Any

import factory

from civicfund.projects.enums import FileKind, ProjectState
from civicfund.projects.models import CostLine, FileContent, Project, ProjectFile
from tests.factories.numbers import numbered
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory


class ProjectFactory(factory.django.DjangoModelFactory):
    """A public project with all that a ready one has."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    state = ProjectState.READY
    title = numbered("Project {}")
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


def add_picture(project: Project, words: str, **more: Any) -> ProjectFile:
    """One that was drawn anew already, in a few bytes that no browser shows."""
    given = {"kind": FileKind.PICTURE, "width": 1600, "height": 1200} | more
    file = ProjectFile.objects.create(
        project=project, words=words, size=9, added_by=project.proposer, **given
    )
    FileContent.objects.create(file=file, full=b"full", small=b"small")
    return file
