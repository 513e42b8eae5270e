"""Many officers agree to one document at once, and a person sends while correcting the home."""

from __future__ import annotations

import pytest
from django.db import connections

from civicfund.audit.models import Approval, Event
from civicfund.audit.services import db_now
from civicfund.people.models import ResidenceDocument, Residency
from civicfund.people.services import ResidencyError, state_residency
from civicfund.people.services.documents import agree, read_document, send_document
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory
from tests.hostile_files import a_picture
from tests.people.test_documents import found_by, officer, sent
from tests.races.threads import at_once, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

OFFICERS = 8


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "documents")
    return tmp_path / "documents"


def test_many_officers_who_agree_at_once_decide_once(folder):
    document = sent()
    found_by(document, officer())
    officers = [officer() for _ in range(OFFICERS)]
    for by in officers:
        read_document(document, by=by)
    answers = at_once(OFFICERS, lambda place: agree(document, by=officers[place]))
    assert sorted(type(answer).__name__ for answer in answers) == [
        "ResidenceDocument", *["ResidencyError"] * (OFFICERS - 1),
    ]  # fmt: skip
    assert Approval.objects.count() == 1
    assert Event.objects.filter(verb="residency.proved").count() == 1
    assert list(folder.iterdir()) == []


def test_the_control_without_a_lock_decides_more_than_once():
    document = sent()

    def careless(_):
        if ResidenceDocument.objects.get().outcome:
            return "decided already"
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")  # a moment to think, as requests have
        ResidenceDocument.objects.filter(pk=document.pk, decided_at=None).update(
            decided_at=db_now(), outcome="withdrawn"
        )
        return "decided"

    assert at_once(OFFICERS, careless).count("decided") > 1


def test_sending_and_correcting_at_once_ends_and_leaves_no_document_of_another_home(folder):
    home = ResidencyFactory(proof="", proved_at=None)
    places = [NeighborhoodFactory() for _ in range(4)]
    acts = [
        act
        for place in places
        for act in (
            lambda place=place: state_residency(home.user, place, since=home.since),
            lambda: send_document(home.user, a_picture()),
        )
    ]
    answers = together(acts)
    failed = [each for each in answers if isinstance(each, Exception)]
    assert all(isinstance(each, ResidencyError) for each in failed), failed
    stated = Event.objects.filter(verb="residency.stated").order_by("-pk")[0]
    for document in ResidenceDocument.objects.waiting():
        sending = Event.objects.get(verb="residence_document.sent", target_id=str(document.pk))
        assert sending.pk > stated.pk
    assert Residency.objects.count() == 1
