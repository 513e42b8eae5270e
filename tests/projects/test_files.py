"""Pictures and papers: drawn anew, said in words, and nothing hostile."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from civicfund.audit.models import Event
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import FileContent, ProjectFile
from civicfund.projects.selectors import files_of
from civicfund.projects.services import ProjectError
from civicfund.projects.services.files import (
    FULL_SIDE,
    MOST_FILES,
    SMALL_SIDE,
    TINY_SIDE,
    add_file,
    put_in_front,
    say_what_it_shows,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory, add_picture
from tests.hostile_files import GPS, a_pdf, a_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client):
    project = ProjectFactory()
    client.force_login(project.proposer)
    return project


def send(client, project, content, words="A bench", name="x.jpg"):
    file = SimpleUploadedFile(name, content)
    address = reverse("project_files", args=[project.pk])
    return client.post(address, {"file": file, "words": words})


def with_exif():
    exif = Image.Exif()
    exif[271] = GPS[271]
    exif.get_ifd(34853).update(GPS[34853])
    return a_picture(size=(3000, 2000), exif=exif)


def test_a_picture_is_drawn_anew_without_place_or_camera_in_three_sizes(client, project):
    sent = with_exif()
    assert b"Secret Camera" in sent
    send(client, project, sent)
    file = ProjectFile.objects.get()
    assert (file.width, max(file.width, file.height)) == (FULL_SIDE, FULL_SIDE)
    client.logout()
    for address, side in (
        (file.get_absolute_url(), FULL_SIDE),
        (reverse("project_file_small", args=[file.pk]), SMALL_SIDE),
        (reverse("project_file_tiny", args=[file.pk]), TINY_SIDE),
    ):
        answer = client.get(address)
        assert b"Secret Camera" not in answer.content
        with Image.open(io.BytesIO(answer.content)) as drawn:
            assert (drawn.format, max(drawn.size), dict(drawn.getexif())) == ("JPEG", side, {})


def test_it_is_shown_with_words_and_served_as_nothing_but_a_picture(client, project):
    send(client, project, a_picture("PNG"), words='A "green" <bench>')
    page = client.get(project.get_absolute_url()).content.decode()
    assert 'alt="A &quot;green&quot; &lt;bench&gt;"' in page
    answer = client.get(ProjectFile.objects.get().get_absolute_url())
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Disposition"] == 'inline; filename="a-green-bench.jpg"'


def on(name, project, file):
    return reverse(f"project_file_{name}", args=[project.pk, file.pk])


def test_what_it_shows_is_said_anew_and_wrong_words_are_not_lost(client, project):
    send(client, project, a_picture(), words="A bnech")
    file = ProjectFile.objects.get()
    assert client.post(on("words", project, file), {"words": " A bench "}).status_code == 302
    assert ProjectFile.objects.get().words == "A bench"
    assert 'alt="A bench"' in client.get(project.get_absolute_url()).content.decode()
    long = "A bench " + "and another " * 20
    for wrong in ("", "  ", long):
        answer = client.post(on("words", project, file), {"words": wrong})
        assert answer.status_code == 400
        assert f"id_{file.pk}_words" in answer.content.decode()
        assert wrong.strip() in answer.content.decode()
        assert ProjectFile.objects.get().words == "A bench"
    assert Event.objects.filter(verb="project.file_described").count() == 1


def test_the_picture_that_was_put_in_front_last_comes_first(client, project):
    first, second, third = (add_picture(project, name) for name in ("One", "Two", "Three"))
    assert files_of(project) == [first, second, third]
    assert (
        on("first", project, first)
        not in client.get(reverse("project_files", args=[project.pk])).content.decode()
    )
    for file in (second, third):
        assert client.post(on("first", project, file)).status_code == 302
    assert files_of(project) == [third, second, first]
    assert list(ProjectFile.objects.filter(project=project).pictures()) == files_of(project)


def test_only_its_authors_say_what_a_file_shows_and_which_comes_first(client, project):
    one, two = add_picture(project, "One"), add_picture(project, "Two")
    elsewhere = ProjectFactory(proposer=project.proposer)
    for name in ("words", "first"):
        assert client.post(on(name, elsewhere, two), {"words": "Mine"}).status_code == 404
    client.force_login(UserFactory())
    for name in ("words", "first"):
        assert client.post(on(name, project, two), {"words": "Mine"}).status_code in (403, 404)
    assert files_of(project) == [one, two]
    assert ProjectFile.objects.get(pk=two.pk).words == "Two"
    with pytest.raises(ProjectError):
        put_in_front(two, by=UserFactory())
    with pytest.raises(ProjectError):
        say_what_it_shows(two, words="Mine", by=UserFactory())
    assert ProjectFile.objects.get(pk=two.pk).words == "Two"


def test_a_pdf_is_only_downloaded(client, project):
    send(client, project, a_pdf(), words="The plan", name="plan.html")
    file = ProjectFile.objects.get()
    answer = client.get(file.get_absolute_url())
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert client.get(reverse("project_file_small", args=[file.pk])).status_code == 404
    assert "The plan" in client.get(project.get_absolute_url()).content.decode()


def test_without_words_it_is_not_taken(client, project):
    assert send(client, project, a_picture(), words=" ").status_code == 400
    with pytest.raises(ProjectError, match="cannot see it"):
        add_file(project, a_picture(), words=" ", by=project.proposer)
    assert ProjectFile.objects.count() == 0


def test_where_too_many_files_come_at_once_the_words_are_kept(client, project, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"add_file": "1/h/key"}
    client.force_login(project.proposer)
    assert send(client, project, a_picture()).status_code == 302
    answer = send(client, project, a_picture(), words="The other bench")
    assert answer.status_code == 429
    shown = answer.content.decode()
    assert "That is a lot of files within an hour." in shown
    assert "The other bench" in shown
    assert ProjectFile.objects.count() == 1


def test_only_authors_add_and_remove(client, project):
    send(client, project, a_picture())
    file = ProjectFile.objects.get()
    away = reverse("project_file_removed", args=[project.pk, file.pk])
    client.force_login(UserFactory())
    assert send(client, project, a_picture()).status_code == 403
    assert client.post(away).status_code == 403
    assert ProjectFile.objects.count() == 1
    other = ProjectFactory()
    client.force_login(other.proposer)
    there = reverse("project_file_removed", args=[other.pk, file.pk])
    assert client.post(there).status_code == 404
    client.force_login(project.proposer)
    client.post(away)
    assert (ProjectFile.objects.count(), FileContent.objects.count()) == (0, 0)


def test_a_file_of_a_draft_is_its_authors_own_and_kept_nowhere(client):
    draft = ProjectFactory(state=ProjectState.DRAFT)
    file = add_file(draft, a_picture(), words="A bench", by=draft.proposer)
    assert client.get(file.get_absolute_url()).status_code == 404
    client.force_login(UserFactory())
    assert client.get(file.get_absolute_url()).status_code == 404
    client.force_login(draft.proposer)
    assert client.get(file.get_absolute_url())["Cache-Control"] == "private, no-store"


def test_there_are_only_so_many(project):
    for _ in range(MOST_FILES):
        add_file(project, a_picture(), words="A bench", by=project.proposer)
    with pytest.raises(ProjectError, match="No more than"):
        add_file(project, a_picture(), words="A bench", by=project.proposer)
    assert ProjectFile.objects.count() == MOST_FILES


def test_an_upload_without_its_token_is_refused(project):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(project.proposer)
    assert send(careful, project, a_picture()).status_code == 403
    assert ProjectFile.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"words": ""}, "project_file_has_words"),
        ({"width": None}, "project_file_picture_has_size"),
        ({"kind": "svg"}, "project_file_picture_has_size"),
        ({"kind": "pdf"}, "project_file_picture_has_size"),
    ],
)
def test_the_database_refuses_a_file_that_cannot_be(project, change, constraint):
    add_file(project, a_picture(), words="A bench", by=project.proposer)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ProjectFile.objects.update(**change)
