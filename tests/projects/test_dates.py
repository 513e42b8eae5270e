"""A project is dated by its publication: when its draft was begun is its authors' own."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connections
from django.urls import reverse
from django.utils import timezone

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, Version
from civicfund.projects.services import edit_project, publish_project, withdraw_project
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.migrating import migrate

HALF_A_YEAR_AGO = timezone.now() - timedelta(days=180)
NAME = "0020_dated_by_their_publication"
MIGRATION = import_module(f"civicfund.projects.migrations.{NAME}").Migration


def old_draft(**more) -> Project:
    """Begun and last changed half a year ago."""
    draft = ProjectFactory(state=ProjectState.DRAFT, created_at=HALF_A_YEAR_AGO, **more)
    Project.objects.filter(pk=draft.pk).update(updated_at=HALF_A_YEAR_AGO)
    return draft


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


@pytest.mark.django_db
def test_publishing_dates_a_project():
    draft = old_draft()
    assert fresh(draft).published_at is None
    published = publish_project(draft, by=draft.proposer)
    assert published.published_at > timezone.now() - timedelta(minutes=5)
    assert published.updated_at >= published.published_at
    assert published.created_at == HALF_A_YEAR_AGO


@pytest.mark.django_db
def test_the_date_stays_whatever_comes_after():
    project = publish_project(draft := old_draft(), by=draft.proposer)
    dated = project.published_at
    edit_project(project, by=project.proposer, title="Another title")
    Project.objects.filter(pk=project.pk).update(published_at=None)
    assert fresh(project).published_at == dated
    withdraw_project(project, by=project.proposer)
    assert fresh(project).published_at == dated


@pytest.mark.django_db
def test_the_database_refuses_a_draft_with_a_date():
    with pytest.raises(IntegrityError, match="project_published_iff_public"):
        ProjectFactory(state=ProjectState.DRAFT, published_at=timezone.now())


@pytest.mark.django_db
def test_lists_and_feeds_name_first_what_was_published_last(client):
    place = (draft := old_draft(title="Thought over for long")).neighborhood
    ProjectFactory(title="Written at once", neighborhood=place)
    published = publish_project(draft, by=draft.proposer)
    addresses = [
        reverse("home"),
        reverse("projects"),
        reverse("api_projects"),
        place.get_absolute_url(),
        reverse("atom", args=["neighborhood", place.pk]),
    ]
    for address in addresses:
        shown = client.get(address).content.decode()
        assert -1 < shown.index("Thought over for long") < shown.index("Written at once"), address
    feed = client.get(addresses[-1]).content.decode()
    assert f"{published.published_at:%Y-%m-%dT%H:%M}" in feed


@pytest.mark.django_db
def test_nobody_else_learns_when_a_draft_was_begun(client):
    draft = old_draft()
    client.force_login(draft.proposer)
    begun = f"{timezone.localtime(HALF_A_YEAR_AGO):%-d %B %Y}"
    assert f"on {begun}" in client.get(draft.get_absolute_url()).content.decode()
    publish_project(draft, by=draft.proposer)
    client.force_login(UserFactory())
    addresses = [
        draft.get_absolute_url(),
        reverse("project_history", args=[draft.pk]),
        reverse("api_project", args=[draft.pk]),
        reverse("api_projects"),
    ]
    for address in addresses:
        shown = client.get(address).content.decode()
        assert begun not in shown
        assert f"{HALF_A_YEAR_AGO:%Y-%m-%d}" not in shown


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_was_public_before_is_dated_by_its_trail_or_its_history(newest_again):
    told = publish_project(draft := old_draft(), by=draft.proposer)
    known, silent, private, gone = (
        ProjectFactory(created_at=HALF_A_YEAR_AGO),
        ProjectFactory(created_at=HALF_A_YEAR_AGO),
        ProjectFactory(state=ProjectState.DRAFT),
        ProjectFactory(state=ProjectState.WITHDRAWN),
    )
    edit_project(known, by=known.proposer, title="Known by its history")
    since = HALF_A_YEAR_AGO + timedelta(days=30)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE projects_version DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE projects_version SET at = %s WHERE project_id = %s", [since, known.pk]
        )
        cursor.execute("ALTER TABLE projects_version ENABLE TRIGGER USER")
    migrate([each for each in MIGRATION.dependencies if each[0] == "projects"])
    migrate([("projects", NAME)])
    dates = dict(Project.objects.values_list("pk", "published_at"))
    assert dates == {
        told.pk: dates[told.pk],
        known.pk: since,
        silent.pk: HALF_A_YEAR_AGO,
        private.pk: None,
        gone.pk: None,
    }
    assert abs(dates[told.pk] - told.published_at) < timedelta(minutes=1)
    assert Version.objects.filter(project=known, at=since).exists()
