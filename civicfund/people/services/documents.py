"""Documents that show where somebody lives: sent, looked at by two officers, deleted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest, Event
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.people.domain import UnfitError, fit
from civicfund.people.enums import DocumentKind, DocumentOutcome, Finding, Proof
from civicfund.people.models import (
    ResidenceDocument,
    ResidenceDocumentQuerySet,
    Residency,
    User,
)
from civicfund.people.selectors import DECIDE, finding_on, residency_of
from civicfund.people.services import vault
from civicfund.people.services.errors import ResidencyError
from civicfund.people.services.files import why_unfit
from civicfund.people.services.homes import born_by_today, check_officer, proved
from civicfund.people.services.waiting import withdraw_waiting

log = structlog.get_logger(__name__)

READ = "residence_document.read"


def send_document(user: User, content: bytes) -> ResidenceDocument:
    """Somebody sends what shows where they live; an earlier one that waits goes.

    Of the content only what officers need is kept, locked away from the database and its backups,
    and its name not at all. Raises ``ResidencyError`` in words, and then nothing is kept.
    """
    try:
        kept = fit(content)
    except UnfitError as error:
        raise ResidencyError(why_unfit(error), field="document") from None
    pk = uuid4()
    vault.put(pk, kept.content)
    try:
        with transaction.atomic():
            home = _stated_home(user)
            withdraw_waiting(home, by=user)
            now = db_now()
            document = ResidenceDocument.objects.create(
                pk=pk,
                residency=home,
                kind=DocumentKind.PICTURE if kept.is_picture else DocumentKind.PDF,
                size=len(kept.content),
                sent_at=now,
                delete_after=now + timedelta(days=settings.RESIDENCE_DOCUMENT_DAYS),
            )
            record("residence_document.sent", document, actor=user, size=document.size)
    except BaseException:
        vault.destroy(pk)
        raise
    delete_decided(ResidenceDocument.objects.filter(residency=home))
    return document


def _stated_home(user: User) -> Residency:
    """The home that somebody stated and nobody confirmed, held until the transaction ends."""
    # First the person, as whoever states a home does: else two requests of one person could each
    # hold what the other waits for.
    User.objects.select_for_update().get(pk=user.pk)
    home = residency_of(user)
    if home is None:
        raise ResidencyError(_("First say where you live."))
    held = Residency.objects.select_for_update().get(pk=home.pk)
    if held.proved_at is not None:
        raise ResidencyError(_("Your home is confirmed: we need no document."))
    return held


def withdraw_document(user: User) -> None:
    """Somebody takes back what they sent; it is deleted at once."""
    with transaction.atomic():
        home = _stated_home(user)
        withdraw_waiting(home, by=user)
    delete_decided(ResidenceDocument.objects.filter(residency=home))


def read_document(document: ResidenceDocument, *, by: User) -> bytes:
    """The content, for an officer; that they looked is recorded first."""
    with transaction.atomic():
        held = _hold(document)
        check_officer(by, held.residency)
        record(READ, held, actor=by)
    try:
        return vault.get(document.pk)
    except vault.VaultError as error:
        log.error("residence_document.unreadable", document=str(document.pk), why=str(error))
        raise ResidencyError(_("The file cannot be read: ask for another one.")) from None


def find(
    document: ResidenceDocument, finding: Finding, *, by: User, at_least: int | None = None
) -> ActRequest:
    """An officer who has looked says what the document shows; another one has to agree.

    ``at_least`` so many years old the person is, where it shows that as well.
    Whoever sees it differently says so in the same way: the newest finding waits.
    """
    with transaction.atomic():
        held = _judged(document, by)
        return request_act(DECIDE, held, requested_by=by, **_as_found(held, finding, at_least))


def agree(document: ResidenceDocument, *, by: User) -> ResidenceDocument:
    """A second officer, who has looked too, agrees to the newest finding: it is decided.

    Where it shows the home, the home is confirmed. The document is deleted in any case, at once.
    """
    with transaction.atomic():
        held = _judged(document, by)
        asked = finding_on(held)
        if asked is None:
            raise ResidencyError(_("Another officer has to look at it first."))
        finding = Finding(asked.parameters["finding"])
        at_least = asked.parameters.get("at_least")
        if asked.parameters != _as_found(held, finding, at_least):
            raise ResidencyError(_("The person has stated another home since."))
        approve_act(asked, approved_by=by)
        shows = finding == Finding.SHOWS
        _decide(held, DocumentOutcome.ACCEPTED if shows else DocumentOutcome.REFUSED, by)
        if shows:
            born_by = born_by_today(at_least)
            proved(held.residency, Proof.DOCUMENT, by=by, born_by=born_by)
    delete_decided(ResidenceDocument.objects.filter(pk=document.pk))
    document.refresh_from_db()
    return document


def _judged(document: ResidenceDocument, by: User) -> ResidenceDocument:
    held = _hold(document)
    check_officer(by, held.residency)
    looked = Event.objects.filter(
        verb=READ, target_type=held._meta.label_lower, target_id=str(held.pk), actor=by
    )
    if not looked.exists():
        raise ResidencyError(_("Look at the document before you judge it."))
    return held


def _hold(document: ResidenceDocument) -> ResidenceDocument:
    """The document and its home, held; the home first, as everywhere."""
    Residency.objects.select_for_update().get(pk=document.residency_id)
    held = ResidenceDocument.objects.select_for_update().get(pk=document.pk)
    if held.outcome:
        raise ResidencyError(_("This document is decided or withdrawn, and gone."))
    return held


def _as_found(
    document: ResidenceDocument, finding: Finding, at_least: int | None
) -> dict[str, object]:
    """What the second officer agrees to: the finding, the age, and the home that it is about."""
    home = document.residency
    age = {} if at_least is None else {"at_least": at_least}
    return {
        "finding": finding.value,
        "neighborhood": home.neighborhood_id,
        "since": home.since.isoformat(),
    } | age


def _decide(document: ResidenceDocument, outcome: DocumentOutcome, by: User | None) -> None:
    ResidenceDocument.objects.filter(pk=document.pk).update(outcome=outcome, decided_at=db_now())
    record(f"residence_document.{outcome}", document, actor=by)


def expire_documents() -> int:
    """Documents past their day are given up undecided; return how many."""
    due = ResidenceDocument.objects.waiting().filter(delete_after__lte=db_now())
    number = 0
    for document in due.order_by("pk"):
        with transaction.atomic():
            Residency.objects.select_for_update().get(pk=document.residency_id)
            held = ResidenceDocument.objects.select_for_update().get(pk=document.pk)
            if not held.outcome:
                _decide(held, DocumentOutcome.EXPIRED, None)
                number += 1
    return number


def delete_decided(documents: ResidenceDocumentQuerySet | None = None) -> int:
    """Destroy the files of documents that nobody needs any more; return how many."""
    among = ResidenceDocument.objects.all() if documents is None else documents
    left = list(among.exclude(outcome="").filter(deleted_at=None).values_list("pk", flat=True))
    for pk in left:
        vault.destroy(pk)
        with transaction.atomic():
            ResidenceDocument.objects.filter(pk=pk, deleted_at=None).update(deleted_at=db_now())
    return len(left)


def delete_orphans(*, older_than: timedelta) -> int:
    """Destroy files without a row, which a killed process or an erased account left."""
    found = vault.ids(older_than=older_than)
    known = set(ResidenceDocument.objects.filter(pk__in=found).values_list("pk", flat=True))
    orphans: list[UUID] = [pk for pk in found if pk not in known]
    for pk in orphans:
        vault.destroy(pk)
    return len(orphans)


def documents_to_tell() -> ResidenceDocumentQuerySet:
    """Decided documents whose senders have not been told yet."""
    told = [DocumentOutcome.ACCEPTED, DocumentOutcome.REFUSED, DocumentOutcome.EXPIRED]
    return ResidenceDocument.objects.filter(outcome__in=told, told_at=None)


def document_told(document: ResidenceDocument) -> None:
    """Whoever sent it has been told what became of it. The caller is in a transaction."""
    ResidenceDocument.objects.filter(pk=document.pk, told_at=None).update(told_at=db_now())
