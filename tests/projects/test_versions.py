"""Every version of a project: who, when, what changed, and the way back."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from civicfund.projects.domain import Change, Piece, differences
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, Version
from civicfund.projects.services import (
    Cost,
    ProjectError,
    create_project,
    edit_project,
    publish_project,
    restore_version,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def drafted(**more) -> Project:
    said = {"title": "A bench", "summary": "To sit.", "neighborhood": NeighborhoodFactory()}
    return create_project(UserFactory(), **(said | more))


def numbers():
    return list(Version.objects.order_by("number").values_list("number", "title"))


@given(st.text(alphabet="ab .\n<", max_size=60), st.text(alphabet="ab .\n<", max_size=60))
def test_the_pieces_give_back_both_texts(older, newer):
    pieces = differences(older, newer)
    assert "".join(p.text for p in pieces if p.change != Change.ADDED) == older
    assert "".join(p.text for p in pieces if p.change != Change.REMOVED) == newer


def test_whole_words_change_and_what_goes_comes_first():
    assert differences("A red bench.", "A green bench!") == [
        Piece(Change.SAME, "A "),
        Piece(Change.REMOVED, "red"),
        Piece(Change.ADDED, "green"),
        Piece(Change.SAME, " bench"),
        Piece(Change.REMOVED, "."),
        Piece(Change.ADDED, "!"),
    ]


@given(st.lists(st.sampled_from("ab"), max_size=30), st.lists(st.sampled_from("ab"), max_size=30))
def test_as_much_as_can_be_stays_the_same(older, newer):
    """Against the table of longest common subsequences, as every textbook has it."""
    best = [[0] * (len(newer) + 1) for _ in range(len(older) + 1)]
    for i, one in enumerate(older):
        for j, other in enumerate(newer):
            longer = max(best[i][j + 1], best[i + 1][j])
            best[i + 1][j + 1] = best[i][j] + 1 if one == other else longer
    pieces = differences(",".join(older), ",".join(newer))
    same = "".join(piece.text for piece in pieces if piece.change == Change.SAME)
    assert len(same.replace(",", "")) <= best[-1][-1]
    lines = differences("\n".join([*older, ""]), "\n".join([*newer, ""]))
    same = "".join(piece.text for piece in lines if piece.change == Change.SAME)
    assert len(same.replace("\n", "")) == best[-1][-1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("between", ["!", "\n", "!\n"])
def test_texts_without_end_to_their_likenesses_are_not_told_apart_for_ever(between):
    """Whoever writes such a story would hold the site with each who looks at its history: with
    half as much of it, word by word, one look took minutes.
    """
    older = "".join(f"{mark}{between}" for mark in "\u2600\u2601" * 5_000)
    newer = "".join(f"{mark}?{between}?" for mark in "\u2601\u2600" * 5_000)
    pieces = differences(older, newer)
    assert len(pieces) <= 4
    assert "".join(p.text for p in pieces if p.change != Change.ADDED) == older
    assert "".join(p.text for p in pieces if p.change != Change.REMOVED) == newer


def test_a_word_in_a_long_story_is_found_whatever_else_is_long():
    lines = [f"Line {n} says that the bench is green.\n" for n in range(500)]
    changed = [*lines]
    changed[250] = "Line 250 says that the bench is red.\n"
    pieces = differences("".join(lines), "".join(changed))
    assert [(p.change, p.text) for p in pieces if p.change != Change.SAME] == [
        (Change.REMOVED, "green"),
        (Change.ADDED, "red"),
    ]


def test_every_change_is_a_version_of_whoever_made_it_and_no_change_is_none():
    project = drafted()
    edit_project(project, by=project.proposer, title="Two benches", cost_lines=[Cost("Wood", 5)])
    edit_project(project, by=project.proposer, title="Two benches")
    assert numbers() == [(1, "A bench"), (2, "Two benches")]
    latest = Version.objects.last()
    assert (latest.author, latest.cost_lines) == (project.proposer, [["Wood", 5]])


def test_a_project_older_than_its_history_keeps_what_it_said_before_the_first_change():
    project = ProjectFactory(title="As it was")
    edit_project(project, by=project.proposer, title="As it is")
    assert numbers() == [(1, "As it was"), (2, "As it is")]
    first = Version.objects.get(number=1)
    assert (first.author, first.at) == (project.proposer, project.created_at)


def test_a_refused_change_leaves_no_version():
    project = ProjectFactory()
    with pytest.raises(ProjectError):
        edit_project(project, by=project.proposer, story="")
    assert Version.objects.count() == 0


def test_what_was_tried_in_a_draft_stays_its_authors_own(client):
    project = drafted(title="My salary is secret")
    edit_project(project, by=project.proposer, title="A bench")
    publish_project(project, by=project.proposer)
    page = reverse("project_history", args=[project.pk])
    assert [v.is_public for v in Version.objects.order_by("number")] == [False, False, True]
    assert "Version 3" in client.get(page).content.decode()
    assert "Version 1" not in client.get(page).content.decode()
    hidden = reverse("project_version", args=[project.pk, 1])
    assert client.get(hidden).status_code == 404
    shown = client.get(reverse("project_version", args=[project.pk, 3])).content.decode()
    assert "secret" not in shown
    client.force_login(project.proposer)
    assert "salary" in client.get(hidden).content.decode()


def test_an_earlier_version_comes_back_as_a_new_one():
    project = drafted(cost_lines=[Cost("Wood", 5)])
    edit_project(project, by=project.proposer, title="Worse", cost_lines=[], story="Long.")
    restore_version(project, 1, by=project.proposer)
    project.refresh_from_db()
    assert (project.title, project.story) == ("A bench", "")
    assert list(project.cost_lines.values_list("label", "amount_minor")) == [("Wood", 5)]
    assert [(v.number, v.restored) for v in Version.objects.order_by("number")] == [
        (1, None),
        (2, None),
        (3, 1),
    ]


def test_what_is_looked_for_is_a_change_and_comes_back(client):
    project = drafted(wanted=["photo", "owner"])
    edit_project(project, by=project.proposer, wanted=["owner", "photo"])
    edit_project(project, by=project.proposer, wanted=[])
    assert [v.wanted for v in Version.objects.order_by("number")] == [["owner", "photo"], []]
    client.force_login(project.proposer)
    page = client.get(reverse("project_version", args=[project.pk, 2])).content.decode()
    assert re.search(r"What is looked for.*<del>[^<]*photograph", page, re.DOTALL)
    restore_version(project, 1, by=project.proposer)
    assert Project.objects.get().wanted == ["owner", "photo"]


def test_a_version_from_before_it_was_kept_says_nothing_of_what_is_looked_for(client):
    project = drafted(wanted=["photo"])
    first = Version.objects.values().get()
    Version.objects.create(**(first | {"id": None, "number": 2, "title": "Old", "wanted": None}))
    edit_project(project, by=project.proposer, title="New")
    client.force_login(project.proposer)
    page = client.get(reverse("project_version", args=[project.pk, 3])).content.decode()
    assert "What is looked for" not in page
    restore_version(project, 2, by=project.proposer)
    project.refresh_from_db()
    assert (project.title, project.wanted) == ("Old", ["photo"])


def test_a_version_that_would_make_a_ready_project_lack_something_does_not_come_back():
    project = drafted()
    publish_project(project, by=project.proposer)
    whole = {"story": "Because.", "latitude": None, "longitude": None}
    Project.objects.filter(pk=project.pk).update(latitude=0.5, longitude=0.5)
    edit_project(project, by=project.proposer, story=whole["story"], cost_lines=[Cost("All", 5)])
    publish_project(project, by=project.proposer)
    with pytest.raises(ProjectError, match="still needs"):
        restore_version(project, 1, by=project.proposer)
    project.refresh_from_db()
    assert (project.state, project.story) == (ProjectState.READY, "Because.")


def test_others_restore_nothing(client):
    project = ProjectFactory()
    edit_project(project, by=project.proposer, title="Changed")
    client.force_login(UserFactory())
    back = reverse("project_restore", args=[project.pk, 1])
    assert client.post(back).status_code == 403
    assert Project.objects.get().title == "Changed"
    client.force_login(project.proposer)
    client.post(back)
    assert Project.objects.get().title != "Changed"
    client.post(reverse("project_restore", args=[project.pk, 99]))
    assert Version.objects.count() == 3


def test_a_difference_is_shown_word_by_word_and_escaped(client):
    project = ProjectFactory(story="Sit here.")
    edit_project(project, by=project.proposer, story="Sit <script>alert(1)</script> here.")
    page = client.get(reverse("project_version", args=[project.pk, 2])).content.decode()
    assert "<script>alert" not in page
    assert re.search(r"<ins>[^<]*&lt;script&gt;alert\(1\)&lt;/script&gt;[^<]*</ins>", page)


def test_versions_only_ever_come_to_be():
    project = ProjectFactory()
    edit_project(project, by=project.proposer, title="Changed")
    for change in (lambda v: v.update(title="Forged"), lambda v: v.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(Version.objects.all())
    assert Version.objects.filter(title="Forged").count() == 0


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_not_even_the_owner_of_the_tables_rewrites_one():
    project = ProjectFactory()
    edit_project(project, by=project.proposer, title="Changed")
    with connections["owner"].cursor() as cursor, pytest.raises(IntegrityError) as refused:
        cursor.execute("UPDATE projects_version SET title = 'Forged'")
    assert refused.value.__cause__.diag.constraint_name == "projects_version_append_only"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"number": 1}, "version_number_once"),
        ({"number": 0}, "version_counted_from_one"),
        ({"number": 3, "restored": 3}, "version_restores_an_earlier_one"),
    ],
)
def test_the_database_refuses_a_history_that_cannot_be(change, constraint):
    project = drafted()
    row = Version.objects.values().get()
    del row["id"]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Version.objects.create(**(row | change))
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert project.versions.count() == 1


def test_titles_are_of_one_line_and_nothing_hides_in_what_is_written():
    project = drafted(
        title="\u202eegdirb A\u200b\n\nhere", summary="To\u00ad sit.\r", story="It\u202e is.\r\n"
    )
    assert (project.title, project.summary, project.story) == (
        "egdirb A here", "To sit.", "It is.",
    )  # fmt: skip
    for wrong in ({"title": "\u200b"}, {"summary": " \u2800\u200d"}):
        with pytest.raises(ProjectError) as refused:
            edit_project(project, by=project.proposer, **wrong)
        assert [refused.value.field] == list(wrong)
    project.refresh_from_db()
    assert (project.title, Version.objects.count()) == ("egdirb A here", 1)
