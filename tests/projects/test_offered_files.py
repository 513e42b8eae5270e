"""A picture or a paper that comes with an offer: who sees it, and what becomes of it."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.holdings import held
from civicfund.notices.models import Message
from civicfund.people.models import FORMER, User
from civicfund.people.services.erasure import erase
from civicfund.policies import VERSION
from civicfund.projects.enums import OfferState, Part, ProjectState
from civicfund.projects.models import CoAuthor, Offer, OfferFile, ProjectFile, Version
from civicfund.projects.services import ProjectError, withdraw_project
from civicfund.projects.services import offers as service
from civicfund.projects.services.files import MOST_FILES, add_file, kept_of
from civicfund.projects.services.offers import (
    MOST_FILES_WAITING,
    Help,
    accept_offer,
    decline_offer,
    offer_help,
    withdraw_offer,
)
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.hostile_files import a_pdf, a_picture
from tests.projects.test_moderating import hide

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
WANTED = ["photo", "permit", "hands"]


@pytest.fixture
def project():
    return ProjectFactory(wanted=WANTED)


def bring(project, part=Part.PHOTO, *, by=None, content=None):
    file = kept_of(content or a_picture(), words="The corner")
    return offer_help(project, part, Help("Call me.", file=file), by=by or UserFactory())


def send(client, project, part="photo", **more):
    file = SimpleUploadedFile("x.jpg", a_picture())
    typed = {"words": "Call me.", "shows": "The corner", "file": file} | more
    return client.post(reverse("project_offer", args=[project.pk, part]), typed)


def addresses(offer):
    names = ("project_offer_file", "project_offer_file_small")
    return [reverse(name, args=[offer.project_id, offer.pk]) for name in names]


def test_a_photograph_waits_and_becomes_the_projects_with_credit(client, project):
    client.force_login(helper := UserFactory())
    page = client.get(reverse("project_offer", args=[project.pk, "photo"])).content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert send(client, project).status_code == 302
    offer = Offer.objects.get()
    assert not project.files.exists()
    client.force_login(project.proposer)
    page = client.get(reverse("project_offers", args=[project.pk])).content.decode()
    assert 'alt="The corner"' in page
    brought = client.get(addresses(offer)[0]).content
    client.post(reverse("project_offer_answer", args=[project.pk, offer.pk]), {"act": "accept"})
    file = ProjectFile.objects.get()
    assert (file.added_by, file.words, bytes(file.content.full)) == (helper, "The corner", brought)
    assert Version.objects.last().helper == helper
    assert not OfferFile.objects.exists()
    client.logout()
    shown = client.get(project.get_absolute_url()).content.decode()
    assert 'alt="The corner"' in shown
    assert f"{helper} (a photograph" in shown
    client.force_login(project.proposer)
    assert (
        f"added by {helper}"
        in client.get(reverse("project_files", args=[project.pk])).content.decode()
    )


def test_a_permit_comes_as_a_paper(client, project):
    client.force_login(UserFactory())
    send(client, project, "permit", file=SimpleUploadedFile("x.pdf", a_pdf()))
    offer = Offer.objects.get()
    full, small = addresses(offer)
    answer = client.get(full)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="the-corner.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert client.get(small).status_code == 404
    accept_offer(offer, by=project.proposer)
    assert (ProjectFile.objects.get().kind, ProjectFile.objects.get().width) == ("pdf", None)


def test_only_authors_and_whoever_brought_it_see_what_waits(client, project):
    offer = bring(project)
    friend, stranger, other = UserFactory(), UserFactory(), ProjectFactory()
    CoAuthor.objects.create(project=project, user=friend)
    for address in addresses(offer):
        client.logout()
        assert client.get(address).status_code == 302
        for person, status in (
            (offer.by, 200), (project.proposer, 200), (friend, 200),
            (stranger, 404), (other.proposer, 404),
        ):  # fmt: skip
            client.force_login(person)
            assert client.get(address).status_code == status
    client.force_login(project.proposer)
    elsewhere = reverse("project_offer_file", args=[other.pk, offer.pk])
    assert client.get(elsewhere).status_code == 404
    assert b"The corner" not in client.get(project.get_absolute_url()).content


@pytest.mark.parametrize("act", [decline_offer, withdraw_offer])
def test_what_is_not_taken_in_is_deleted(client, project, act):
    offer = bring(project)
    act(offer, by=offer.by if act is withdraw_offer else project.proposer)
    assert (OfferFile.objects.count(), ProjectFile.objects.count()) == (0, 0)
    client.force_login(project.proposer)
    assert client.get(addresses(offer)[0]).status_code == 404


def test_it_goes_with_whoever_brought_it_and_with_the_project(project):
    first, second = bring(project), bring(project)
    erase(first.by)
    assert [row.offer for row in OfferFile.objects.all()] == [second]
    withdraw_project(project, by=project.proposer)
    assert not OfferFile.objects.exists()


def test_it_goes_once_nobody_is_left_to_take_it_in(project):
    shared, friend = ProjectFactory(wanted=WANTED), UserFactory()
    CoAuthor.objects.create(project=shared, user=friend)
    bring(project)
    stays = bring(shared)
    for proposer in (project.proposer, shared.proposer):
        erase(proposer)
    assert [row.offer for row in OfferFile.objects.all()] == [stays]
    with pytest.raises(ProjectError, match="Nobody is left"):
        bring(project)
    accept_offer(stays, by=friend)
    assert ProjectFile.objects.get().project == shared


@pytest.mark.parametrize("state", ["settled", "refunded"])
def test_it_stays_where_a_co_author_is_left_beside_the_money(project, state):
    friend = UserFactory()
    CoAuthor.objects.create(project=project, user=friend)
    CampaignFactory(project=project, creator=project.proposer, state=state)
    offer = bring(project)
    erase(project.proposer)
    assert OfferFile.objects.get().offer == offer


def test_what_waits_where_a_project_is_hidden_keeps_nobody_from_helping(project):
    person = UserFactory()
    projects = [ProjectFactory(wanted=WANTED) for _ in range(MOST_FILES_WAITING)]
    for each in projects:
        bring(each, by=person)
    with pytest.raises(ProjectError, match="wait for an answer"):
        bring(project, by=person)
    hide(projects[0])
    assert bring(project, by=person).file
    assert OfferFile.objects.count() == MOST_FILES_WAITING + 1


def test_what_was_taken_in_stays_as_by_a_former_resident(project):
    offer = bring(project)
    accept_offer(offer, by=project.proposer)
    erase(offer.by)
    file = ProjectFile.objects.get()
    assert (str(file.added_by), file.words) == (FORMER, "The corner")


def test_their_copy_says_what_waits(project):
    offer = bring(project)
    [waiting] = [kind for kind in held() if kind.name == "files_of_offers"]
    [row] = waiting.rows_of(offer.by)
    assert (row["words"], row["offer_part"]) == ("The corner", "photo")
    assert list(waiting.rows_of(project.proposer)) == []


def test_a_project_takes_in_no_more_files_than_it_may_have(project):
    for _ in range(MOST_FILES):
        add_file(project, a_pdf(), words="A paper", by=project.proposer)
    offer = bring(project)
    Message.objects.all().delete()
    with pytest.raises(ProjectError, match="No more than"):
        accept_offer(offer, by=project.proposer)
    offer.refresh_from_db()
    project.refresh_from_db()
    assert (offer.state, project.wanted) == (OfferState.WAITING, WANTED)
    assert (OfferFile.objects.count(), ProjectFile.objects.count()) == (1, MOST_FILES)
    assert not Message.objects.exists()


def test_only_so_many_wait_and_only_so_much(client, project, monkeypatch):
    client.force_login(person := UserFactory())
    for _ in range(MOST_FILES_WAITING):
        bring(ProjectFactory(wanted=WANTED), by=person)
    refused = send(client, project)
    assert refused.status_code == 400
    assert "wait for an answer" in refused.content.decode()
    assert Offer.objects.count() == OfferFile.objects.count() == MOST_FILES_WAITING
    withdraw_offer(Offer.objects.first(), by=person)
    monkeypatch.setattr(service, "MOST_BYTES_WAITING", 100)
    assert send(client, project).status_code == 400
    assert OfferFile.objects.count() == MOST_FILES_WAITING - 1
    with pytest.raises(ProjectError, match="No file comes"):
        bring(project, Part.HANDS)
    assert Offer.objects.waiting().count() == MOST_FILES_WAITING - 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"shows": " "}, "for those who cannot see it"),
        ({"file": ""}, "Choose the file once more"),
        ({"file": SimpleUploadedFile("x.jpg", b"MZ")}, "Send a picture"),
        ({"words": ""}, "Fill in"),
    ],
)
def test_the_form_says_what_is_wrong_with_a_file(client, project, typed, words):
    client.force_login(UserFactory())
    answer = send(client, project, **typed)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Offer.objects.exists()


def test_words_alone_do_and_other_parts_take_no_file(client, project):
    client.force_login(UserFactory())
    assert send(client, project, file="", shows="").status_code == 302
    assert send(client, project, "hands").status_code == 302
    page = client.get(reverse("project_offer", args=[project.pk, "hands"])).content.decode()
    assert 'type="file"' not in page
    assert (Offer.objects.count(), OfferFile.objects.count()) == (2, 0)


def test_files_are_sent_only_so_often(client, project, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"add_file": "1/h/key"}
    client.force_login(UserFactory())
    broken = {"file": SimpleUploadedFile("x.jpg", b"MZ")}
    assert send(client, project, **broken).status_code == 400
    answer = send(client, project, words="Take it from the north side.")
    assert answer.status_code == 429
    shown = answer.content.decode()
    assert "That is a lot of files within an hour." in shown
    assert "Take it from the north side." in shown
    assert not Offer.objects.exists()


def test_an_offer_without_its_token_is_refused_and_agrees_to_nothing(project):
    careful, person = Client(enforce_csrf_checks=True), UserFactory(agreed_to="2020-01")
    careful.force_login(person)
    assert send(careful, project).status_code == 403
    page = reverse("project_offer", args=[project.pk, "photo"])
    assert careful.post(page, "agreed_policies=" + VERSION, FORM).status_code == 403
    assert User.objects.get(pk=person.pk).agreed_to == "2020-01"
    assert not Offer.objects.exists()


def test_the_list_of_offers_reads_no_bytes_and_asks_as_much_for_three_as_for_one(client, project):
    client.force_login(project.proposer)
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            bring(project)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("project_offers", args=[project.pk]))
        counts.append(len(queries))
        assert not any('"small"' in query["sql"] for query in queries)
    assert counts[0] == counts[1]


def refused_by(constraint, act):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        act()
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_the_database_refuses_a_file_with_another_offer(project):
    hands = offer_help(project, Part.HANDS, Help("I dig."), by=UserFactory())
    answered = offer_help(project, Part.PHOTO, Help("Call me."), by=UserFactory())
    decline_offer(answered, by=project.proposer)
    waits = bring(project)
    for offer in (hands, answered):
        row = OfferFile(offer=offer, kind="pdf", words="A paper", size=1, full=b"x")
        refused_by("offer_file_waits", row.save)
    refused_by("offer_file_waits", lambda: OfferFile.objects.update(offer=hands))
    rows = Offer.objects.filter(pk=waits.pk)
    for change in ({"part": "hands"}, {"state": "declined", "decided_at": "2026-01-01T00:00Z"}):
        refused_by("offer_leaves_no_file", lambda change=change: rows.update(**change))
    assert [row.offer for row in OfferFile.objects.all()] == [waits]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"words": ""}, "offer_file_has_words"),
        ({"width": None}, "offer_file_picture_has_size"),
        ({"kind": "svg"}, "offer_file_picture_has_size"),
        ({"size": 1}, "offer_file_not_too_large"),
        ({"full": b"", "size": 0}, "offer_file_not_too_large"),
    ],
)
def test_the_database_refuses_a_file_that_cannot_be(project, change, constraint):
    bring(project)
    refused_by(constraint, lambda: OfferFile.objects.update(**change))


def test_a_hidden_project_shows_nobody_else_what_waits(client, project):
    offer = bring(project)
    hide(project)
    assert type(project).objects.get().state == ProjectState.HIDDEN
    client.force_login(offer.by)
    assert client.get(addresses(offer)[0]).status_code == 404
