"""An index that is built while others write, and follows of who was there before."""

from __future__ import annotations

import pytest
from django.db import DataError, connections

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CoAuthor
from civicfund.talk.models import Follow, Thread
from civicfund.talk.services import follow
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import about
from tests.migrating import migrate, to_the_newest

pytestmark = [
    pytest.mark.turns,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.usefixtures("newest_again"),
]
BEFORE = [("talk", "0013_corrections")]
AFTER = [("talk", "0014_kinds_checked_official_comments_indexed")]
NAME = "comment_official"


def run(statement):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def stands():
    """What index of the name there is: whose table's, what for, and whether it can be used."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid"
            " FROM pg_index WHERE indexrelid = to_regclass(%s)",
            [NAME],
        )
        return cursor.fetchone()


def test_it_is_there_whoever_built_it_and_whatever_a_broken_build_left_behind():
    whole = stands()
    assert (whole[0], whole[2]) == ("talk_comment", True)
    migrate(BEFORE)
    assert stands() is None
    with pytest.raises(DataError):
        run(f"CREATE INDEX CONCURRENTLY {NAME} ON django_migrations ((1 / (id - id)))")
    assert not stands()[2]
    migrate(AFTER)
    assert stands() == whole
    migrate(BEFORE)
    run(whole[1])
    migrate(AFTER)
    assert stands() == whole


def test_who_writes_a_public_project_follows_it_from_the_upgrade_on():
    migrate([("talk", "0017_reviews")])
    public, private, gone = (
        ProjectFactory(state=state)
        for state in (ProjectState.READY, ProjectState.DRAFT, ProjectState.WITHDRAWN)
    )
    friend = UserFactory()
    left = UserFactory(is_active=False)
    for project, person in ((public, friend), (public, left), (private, UserFactory())):
        CoAuthor.objects.create(project=project, user=person)
    follow(about(public), by=friend)
    to_the_newest()
    theirs = {("project", public.pk, each.pk) for each in (public.proposer, friend)}
    found = Follow.objects.values_list("thread__kind", "thread__subject_id", "user")
    assert set(found) == theirs
    migrate([("talk", "0020_newer_kinds_checked")])
    to_the_newest()
    assert sorted(found.all()) == sorted(theirs)
    assert not Thread.objects.filter(subject_id__in=[private.pk, gone.pk]).exists()


def test_what_was_there_before_a_new_kind_is_looked_through_in_the_end():
    kinds = {"fact_known", "news_kind_known"}
    assert _whole(kinds) == kinds
    migrate([("talk", "0019_off_ballot")])
    assert _whole(kinds) == kinds  # once validated it stays so on the way back
    migrate([("talk", "0018_too_few_and_own_projects")])
    migrate([("talk", "0019_off_ballot")])
    assert _whole(kinds) == set()
    migrate([("talk", "0020_newer_kinds_checked")])
    assert _whole(kinds) == kinds


def _whole(names):
    """Which of the constraints hold of every row, not of new ones alone."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conname = ANY(%s) AND convalidated",
            [list(names)],
        )
        return {name for (name,) in cursor.fetchall()}
