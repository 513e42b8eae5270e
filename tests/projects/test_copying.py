"""A project taken up in another place, with lineage both ways."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, Version
from civicfund.projects.selectors.lineage import MOST_COPIES, copies_of
from civicfund.projects.services import ProjectError, copy_project, publish_project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def test_a_copy_has_the_words_and_costs_and_no_point_and_credits_the_first_proposer(client):
    original, person, place = ProjectFactory(title="A bench"), UserFactory(), NeighborhoodFactory()
    client.force_login(person)
    page = reverse("project_copy", args=[original.pk])
    assert client.get(page).status_code == 200
    client.post(page, {"neighborhood": place.slug})
    copy = Project.objects.get(copied_from=original)
    assert (copy.title, copy.story, copy.proposer) == ("A bench", original.story, person)
    assert (copy.state, copy.neighborhood, copy.latitude) == (ProjectState.DRAFT, place, None)
    assert copy.cost_lines.get().amount_minor == original.cost_lines.get().amount_minor
    assert Version.objects.get().helper == original.proposer


def test_each_page_leads_to_the_other_once_the_copy_is_public(client):
    original, person = ProjectFactory(), UserFactory()
    copy = copy_project(original, neighborhood=NeighborhoodFactory(), by=person)
    assert copy.get_absolute_url() not in client.get(original.get_absolute_url()).content.decode()
    publish_project(copy, by=person)
    assert copy.get_absolute_url() in client.get(original.get_absolute_url()).content.decode()
    page = client.get(copy.get_absolute_url()).content.decode()
    assert f'Taken up from <a href="{original.get_absolute_url()}">' in page
    assert str(original.proposer) in page


def test_of_many_copies_the_first_are_listed_and_the_rest_counted(client):
    original = ProjectFactory()
    first = ProjectFactory.create_batch(MOST_COPIES, copied_from=original)
    page = client.get(original.get_absolute_url()).content.decode()
    assert all(each.get_absolute_url() in page for each in first)
    assert "more." not in page
    last = ProjectFactory.create_batch(2, copied_from=original)
    assert copies_of(original) == (first, 2)
    client.force_login(UserFactory())
    page = client.get(original.get_absolute_url()).content.decode()
    assert [each.get_absolute_url() in page for each in (first[-1], *last)] == [True, False, False]
    assert "And 2 more." in page


def test_what_is_here_already_or_not_on_the_list_is_not_copied(client):
    original, person = ProjectFactory(), UserFactory()
    client.force_login(person)
    here = {"neighborhood": original.neighborhood.slug}
    answer = client.post(reverse("project_copy", args=[original.pk]), here)
    assert "support it, or offer help" in answer.content.decode()
    draft = ProjectFactory(state=ProjectState.DRAFT)
    assert client.get(reverse("project_copy", args=[draft.pk])).status_code == 404
    with pytest.raises(ProjectError, match="on the list"):
        copy_project(draft, neighborhood=NeighborhoodFactory(), by=person)
    assert Project.objects.count() == 2


def test_the_database_refuses_a_copy_of_itself():
    ProjectFactory()
    with pytest.raises(IntegrityError, match="project_copied_from_another"), transaction.atomic():
        Project.objects.update(copied_from=F("pk"))
