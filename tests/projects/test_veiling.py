"""One version of a project's history, one picture or paper, taken from the public."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.projects.enums import Wrong
from civicfund.projects.models import Veil, Version
from civicfund.projects.services import ProjectError, edit_project, restore_version
from civicfund.projects.services.files import add_file, remove_file
from civicfund.projects.services.veiling import lift_veil, veil_file, veil_version
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.hostile_files import a_pdf, a_picture
from tests.projects.test_moderating import moderator, verbs
from tests.projects.test_moderation_pages import WHY, page
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
PHONE = "555 0134"


@pytest.fixture
def project():
    """Three versions, the second with a neighbor's phone."""
    row = ProjectFactory(story="A bench.")
    edit_project(row, by=row.proposer, story=f"A bench. Call Mrs Quill: {PHONE}.")
    edit_project(row, by=row.proposer, story="A bench. Call us.")
    return row


def veil(part, by=None, reason=Wrong.PRIVATE, words="A phone."):
    act = veil_version if isinstance(part, Version) else veil_file
    return act(part, by=by or moderator(), reason=reason, words=words)


def history(project, number):
    return reverse("project_version", args=[project.pk, number])


def test_words_of_a_veiled_version_stand_on_no_public_page(client, project):
    for number in (2, 3):
        assert PHONE in page(client, history(project, number))
    veil(project.versions.get(number=2))
    for number in (1, 2, 3):
        assert PHONE not in page(client, history(project, number))
    assert "It tells private things about somebody" in page(client, history(project, 2))
    assert "Compared with version 1" in page(client, history(project, 3))
    listed = page(client, reverse("project_history", args=[project.pk]))
    assert "Taken down by a moderator" in listed
    client.force_login(UserFactory())
    assert PHONE not in page(client, history(project, 3))
    for reader in (project.proposer, moderator()):
        sign_in_with_second_factor(client, reader)
        assert PHONE in page(client, history(project, 2))
        assert PHONE in page(client, history(project, 3))
    assert PHONE in Version.objects.get(project=project, number=2).story


def test_a_veiled_version_does_not_come_back_until_it_is_shown_again(project):
    veiled = veil(project.versions.get(number=2))
    with pytest.raises(ProjectError, match="taken this version down"):
        restore_version(project, 2, by=project.proposer)
    lift_veil(veiled, by=moderator())
    with pytest.raises(ProjectError, match="shown already"):
        lift_veil(veiled, by=moderator())
    restore_version(project, 2, by=project.proposer)
    assert verbs(project)[2:] == [
        "project.part_taken_down", "project.part_shown_again", "project.edited",
    ]  # fmt: skip
    told = Message.objects.get()
    assert (told.kind, told.recipient) == ("project_part_taken_down", project.proposer)


def test_a_veiled_file_is_for_authors_and_moderators(client, project):
    file = add_file(project, a_picture(), words="Her door", by=project.proposer)
    add_file(project, a_pdf(), words="A plan", by=project.proposer)
    veil(file)
    shown = page(client, project.get_absolute_url())
    assert "Her door" not in shown
    assert "A plan" in shown
    assert "A moderator has taken down a picture or a paper" in shown
    small = reverse("project_file_small", args=[file.pk])
    for reader in (None, UserFactory()):
        if reader:
            client.force_login(reader)
        page(client, file.get_absolute_url(), 404)
        page(client, small, 404)
    for reader in (project.proposer, moderator()):
        sign_in_with_second_factor(client, reader)
        answer = client.get(small)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    client.force_login(project.proposer)
    told = page(client, reverse("project_files", args=[project.pk]))
    assert "Taken down by a moderator" in told
    remove_file(file, by=project.proposer)
    assert Veil.objects.get().file is None
    assert "taken down" not in page(client, project.get_absolute_url())


def test_what_is_not_to_be_veiled_is_refused_in_words(project):
    newest, second = (project.versions.get(number=number) for number in (3, 2))
    file = add_file(project, a_picture(), words="Her door", by=project.proposer)
    with pytest.raises(ProjectError, match="says this now"):
        veil(newest)
    for part in (second, file):
        with pytest.raises(ProjectError, match="Only a moderator"):
            veil(part, by=UserFactory())
        veil(part)
        with pytest.raises(ProjectError, match="any more"):
            veil(part)
    own = moderator()
    theirs = ProjectFactory(proposer=own)
    picture = add_file(theirs, a_picture(), words="My door", by=own)
    with pytest.raises(ProjectError, match="your own"):
        veil(picture, by=own)


def test_a_moderator_takes_parts_down_at_the_desk(client, project):
    file = add_file(project, a_picture(), words="Her door", by=project.proposer)
    sign_in_with_second_factor(client, moderator())
    whole = reverse("judge_project", args=[project.pk])
    version = reverse("judge_version", args=[project.pk, 2])
    picture = reverse("judge_file", args=[project.pk, file.pk])
    assert picture in page(client, whole)
    assert version in page(client, history(project, 2))
    for address in (version, picture):
        page(client, address)
        assert client.post(address, {"act": "hide"}).status_code == 400
        assert client.post(address, {"act": "hide"} | WHY).url == whole
        assert "Taken down by a moderator" in page(client, address)
        assert client.post(address, {"act": "restore"}).url == whole
    assert not Veil.objects.standing().exists()
    newest = reverse("judge_version", args=[project.pk, 3])
    refused = client.post(newest, {"act": "hide"} | WHY)
    assert refused.status_code == 400
    assert "The project says this now" in refused.content.decode()


def test_the_table_refuses_half_a_veil_and_two(project):
    version = project.versions.get(number=2)
    standing = veil(version)
    for changes, name in (
        ({"lifted_at": standing.veiled_at}, "veil_lifted_by_somebody"),
        ({"reason": "dull"}, "veil_reason_known"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Veil.objects.filter(pk=standing.pk).update(**changes)
    given = {"project": project, "reason": "other", "veiled_by": moderator()}
    with pytest.raises(IntegrityError, match="veil_once_a_version"), transaction.atomic():
        Veil.objects.create(version=version, **given)
    file = add_file(project, a_picture(), words="Her door", by=project.proposer)
    with pytest.raises(IntegrityError, match="veil_of_one_thing"), transaction.atomic():
        Veil.objects.create(version=project.versions.get(number=1), file=file, **given)
