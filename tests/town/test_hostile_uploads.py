"""Hostile files at every place where one is taken: refused in words, or harmless when served."""

from __future__ import annotations

import io
import re

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver, reverse
from PIL import Image

from budgeting.models import Proposal, RollEntry, Trial
from civicfund.audit.models import Event
from civicfund.people.models import ResidenceDocument
from civicfund.people.services import vault
from civicfund.projects.models import FileContent, OfferFile, Project, ProjectFile
from tests.factories.budgeting import administrator, draft_cycle
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.projects import ProjectFactory
from tests.hostile_files import (
    DOWNLOADED,
    NAMES,
    NEEDLES,
    NO_TABLE,
    REDRAWN,
    REFUSED,
    a_picture,
)
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """The vault of one test."""
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")
    return tmp_path / "documents"


class HomePapers:
    """What somebody sends to show where they live."""

    def __init__(self, client):
        self.client = client
        client.force_login(ResidencyFactory(proof="", proved_at=None).user)

    def send(self, *files):
        return self.client.post(reverse("send_document"), {"document": list(files)})

    def kept(self):
        return [vault.get(row.pk) for row in ResidenceDocument.objects.all()]


class ProjectPapers:
    """Pictures and papers of a project."""

    page = "project_files"

    def __init__(self, client):
        self.client, self.project = client, ProjectFactory()
        client.force_login(self.project.proposer)

    def send(self, *files):
        address = reverse("project_files", args=[self.project.pk])
        return self.client.post(address, {"file": list(files), "words": "A bench"})

    def kept(self):
        rows = FileContent.objects.all()
        return [bytes(half) for row in rows for half in (row.full, row.small) if half]

    def served(self):
        row = ProjectFile.objects.get()
        addresses = [reverse("project_file", args=[row.pk])]
        if row.kind == "picture":
            addresses.append(reverse("project_file_small", args=[row.pk]))
        return [self.client.get(address) for address in addresses]


class OfferedPapers:
    """A picture or a paper that waits with an offer of help."""

    page = "project_offers"

    def __init__(self, client):
        self.client, self.project = client, ProjectFactory(wanted=["permit"])
        client.force_login(UserFactory())

    def send(self, *files):
        address = reverse("project_offer", args=[self.project.pk, "permit"])
        typed = {"file": list(files), "words": "I asked for it.", "shows": "A bench"}
        return self.client.post(address, typed)

    def kept(self):
        rows = OfferFile.objects.all()
        return [bytes(half) for row in rows for half in (row.full, row.small) if half]

    def served(self):
        row = OfferFile.objects.get()
        names = ["project_offer_file"]
        if row.kind == "picture":
            names.append("project_offer_file_small")
        addresses = [reverse(name, args=[self.project.pk, row.pk]) for name in names]
        return [self.client.get(address) for address in addresses]


PAPERS = (HomePapers, ProjectPapers, OfferedPapers)


@pytest.fixture(params=PAPERS)
def papers(request, client):
    return request.param(client)


def a_file(content, name="x.jpg", kind="image/jpeg"):
    return SimpleUploadedFile(name, content, kind)


def words_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_and_no_paper_is_refused_in_words(papers, folder, name):
    content, words = REFUSED[name]
    events = Event.objects.count()
    answer = papers.send(a_file(content))
    assert answer.status_code == 400
    assert words in words_of(answer)
    assert (papers.kept(), Event.objects.count()) == ([], events)
    assert list(folder.glob("*")) == []


@pytest.mark.parametrize("name", REDRAWN)
def test_of_a_picture_only_the_picture_is_kept(papers, name):
    assert papers.send(a_file(REDRAWN[name])).status_code == 302
    kept = papers.kept()
    assert kept
    for content in kept:
        picture = Image.open(io.BytesIO(content))
        assert (picture.format, picture.mode, len(picture.getexif())) == ("JPEG", "RGB", 0)
        assert not {"icc_profile", "comment", "exif"} & picture.info.keys()
        assert [needle for needle in NEEDLES if needle in content] == []


@pytest.fixture(params=(ProjectPapers, OfferedPapers))
def served_papers(request, client):
    return request.param(client)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_a_paper_of_a_stranger_is_a_download_that_runs_nothing_here(served_papers, name):
    papers = served_papers
    assert papers.send(a_file(DOWNLOADED[name])).status_code == 302
    [answer] = papers.served()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    _no_page(answer)


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/x-php", "x\r\ny"])
def test_what_its_sender_calls_it_changes_nothing(served_papers, kind):
    papers = served_papers
    papers.send(a_file(a_picture(), kind=kind))
    for answer in papers.served():
        assert answer["Content-Type"] == "image/jpeg"
        _no_page(answer)


def _no_page(answer):
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_called_is_used_nowhere(client, served_papers, folder, name):
    papers = served_papers
    file = a_file(a_picture())
    file._name = name
    assert papers.send(file).status_code == 302
    page = client.get(reverse(papers.page, args=[papers.project.pk]))
    for answer in (page, *papers.served()):
        assert b"evil" not in answer.content
        assert "evil" not in str(answer.headers)
    for answer in papers.served():
        assert answer["Content-Disposition"] == 'inline; filename="a-bench.jpg"'
    assert not folder.exists()


def test_many_files_at_once_are_one_or_none(papers):
    assert papers.send(*(a_file(a_picture()) for _ in range(101))).status_code == 400
    assert papers.kept() == []
    papers.send(*(a_file(a_picture()) for _ in range(20)))
    assert len(papers.kept()) == (1 if isinstance(papers, HomePapers) else 2)


# --- tables


def _sent_to(client, page, cycle, content):
    file = a_file(content, "roll.csv", "text/csv")
    if page == "trials":
        return client.post(reverse("trials"), {"upload": file, "rules": ["greedy"]})
    acts = {"roll_desk": "check_file", "proposal_file": "look"}
    return client.post(reverse(page, args=[cycle.slug]), {"act": acts[page], "file": file})


@pytest.mark.parametrize("page", ["roll_desk", "proposal_file", "trials"])
@pytest.mark.parametrize("name", NO_TABLE)
def test_what_is_no_table_is_refused_in_words(client, page, name):
    cycle = draft_cycle(costs_minor=())
    sign_in_with_second_factor(client, administrator())
    answer = _sent_to(client, page, cycle, NO_TABLE[name])
    assert answer.status_code == 400
    form = answer.context["form"] if page == "trials" else answer.context["sent"]
    [said] = [words for field in form.errors.values() for words in field]
    assert str(said).split(maxsplit=1)[0] in words_of(answer)
    assert len(said) < 300
    assert not any(model.objects.exists() for model in (RollEntry, Proposal, Trial, Project))


def test_a_table_over_its_size_is_refused_before_it_is_read(client):
    cycle = draft_cycle(costs_minor=())
    sign_in_with_second_factor(client, administrator())
    answer = _sent_to(
        client, "proposal_file", cycle, b"title,summary,neighborhood,cost\n" * 200_000
    )
    assert "larger than 5 MB" in words_of(answer)
    large = _sent_to(client, "trials", cycle, b"x" * (30 * 2**20 + 1))
    assert "larger than 30 MB" in words_of(large)
    assert not Trial.objects.exists()


# --- that no place is forgotten


TRIED = {
    "civicfund.people.forms.DocumentForm",
    "civicfund.projects.forms.files.FileForm",
    "civicfund.projects.forms.offers.OfferForm",
    "budgeting.forms.roll.FileForm",
    "budgeting.forms.proposal_files.ProposalFileForm",
    "budgeting.forms.proposal_files.CheckedFileForm",  # the same file once more
    "budgeting.forms.trials.TrialForm",
}


def forms_below(form):
    for below in form.__subclasses__():
        yield below
        yield from forms_below(below)


def test_every_form_that_takes_a_file_is_tried_here():
    assert get_resolver().url_patterns  # every view, and with it every form, is there
    taking = {
        f"{form.__module__}.{form.__qualname__}"
        for form in forms_below(forms.BaseForm)
        if any(
            isinstance(each, forms.FileField) for each in getattr(form, "base_fields", {}).values()
        )
    }
    ours = {name for name in taking if name.startswith(("civicfund.", "budgeting."))}
    assert ours - {"civicfund.town.local_views.SampleForm"} == TRIED
