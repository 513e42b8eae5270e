"""Acts about help: offer a part that a project lacks, take it, decline it, take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.notices.services import Letter, take_back, tell, tell_all
from civicfund.people.models import User
from civicfund.projects.access import authors_of, is_author
from civicfund.projects.enums import (
    ASKED_PARTS,
    FILE_PARTS,
    MANY_WELCOME,
    OFFER_MOVES,
    FileKind,
    OfferState,
    Part,
    ProjectState,
)
from civicfund.projects.models import Offer, OfferFile, Project
from civicfund.projects.selectors import help_wanted
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.files import Kept, put_file
from civicfund.projects.services.holding import check_may_write, hold_authored, hold_project
from civicfund.projects.services.writing import Cost, Description, change_held

OFFERED, ANSWERED = "project_offer", "project_offer_answered"
MOST_WAITING = 20
# Of one person, in all projects.
MOST_FILES_WAITING = 5
MOST_BYTES_WAITING = 20 * 2**20


@dataclass(frozen=True)
class Help:
    """What somebody brings: words always, perhaps a point of a place, lines for costs, a file."""

    words: str
    latitude: float | None = None
    longitude: float | None = None
    costs: Sequence[Cost] = ()
    file: Kept | None = None


def offer_help(project: Project, part: Part, given: Help, *, by: User) -> Offer:
    """Bring a part that the project lacks; its authors are told. Raises ``ProjectError``."""
    check_may_write(by)
    with transaction.atomic():
        # Not against what names this person meanwhile, such as the answer to an earlier offer.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        row = hold_project(project)
        _check_may_offer(row, part, given, by)
        offer = Offer.objects.create(
            project=row,
            part=part,
            by=by,
            words=given.words.strip(),
            latitude=given.latitude,
            longitude=given.longitude,
            cost_lines=[list(cost) for cost in given.costs],
        )
        if given.file:
            _keep_file(offer, given.file)
        record("project.help_offered", row, actor=by, part=part, offer=offer.pk)
        page = reverse("project_offers", args=[row.pk])
        context = {"title": row.title, "part": str(part.label), "offers_url": page}
        tell_all(OFFERED, [Letter(author, offer, context) for author in authors_of(row)])
    return offer


def _keep_file(offer: Offer, file: Kept) -> None:
    """Let it wait with its offer, where not too much waits. The caller holds whoever offers."""
    if offer.part not in FILE_PARTS:
        raise ProjectError(_("No file comes with this."), field="file")
    mine = Offer.objects.at_public_projects().filter(by=offer.by)
    waiting = OfferFile.objects.filter(offer__in=mine)
    held = waiting.aggregate(size=Sum("size"))["size"] or 0
    if waiting.count() >= MOST_FILES_WAITING or held + len(file.full) > MOST_BYTES_WAITING:
        words = _(
            "%(most)s of your files, or %(mib)s MiB, wait for an answer: take an offer back, or say"
            " in words how they get this one."
        )
        numbers = {"most": MOST_FILES_WAITING, "mib": MOST_BYTES_WAITING // 2**20}
        raise ProjectError(words % numbers, field="file")
    OfferFile.objects.create(
        offer=offer,
        kind=file.kind,
        words=file.words,
        size=len(file.full),
        width=file.width,
        height=file.height,
        full=file.full,
        small=file.small,
    )


def _check_may_offer(project: Project, part: Part, given: Help, by: User) -> None:
    if is_author(by, project):
        raise ProjectError(_("You write this project: just add it."))
    if project.is_abandoned:
        raise ProjectError(_("Nobody is left who writes this project: you can copy it."))
    if part not in help_wanted(project):
        raise ProjectError(_("This is not looked for any more. Thank you."))
    if not given.words.strip():
        raise ProjectError(_("Say it in words."), field="words")
    if (given.latitude is None) != (given.longitude is None):
        raise ProjectError(_("A point needs a latitude and a longitude."), field="latitude")
    if part == Part.COST and not given.costs:
        raise ProjectError(_("Write at least one line."))
    waiting = Offer.objects.waiting().filter(by=by)
    if waiting.filter(project=project, part=part).exists():
        raise ProjectError(_("You have offered this already; its authors have not answered yet."))
    if waiting.at_public_projects().count() >= MOST_WAITING:
        words = _("%(most)s of your offers wait for an answer: please wait for some of them.")
        raise ProjectError(words % {"most": MOST_WAITING})


def accept_offer(offer: Offer, *, by: User) -> Project:
    """Take what was offered into the project, its file among the project's; the version names who
    helped.

    Refused like any change by the authors, and where the gap was filled meanwhile.
    """
    with transaction.atomic():
        project = hold_authored(offer.project, by)
        if project.state == ProjectState.HIDDEN:
            raise ProjectError(_("Moderators have hidden it: it takes help once it is shown."))
        if Part(offer.part) not in help_wanted(project):
            raise ProjectError(_("This is not looked for any more: it was filled meanwhile."))
        brought = _file_of(offer)
        answered = _answer(offer, OfferState.ACCEPTED, by)
        change_held(project, _filled(project, answered), by=by, helper=answered.by)
        if brought:
            put_file(project, brought, added_by=answered.by, actor=by)
    return project


def _file_of(offer: Offer) -> Kept | None:
    """What waits with it. The caller holds the project, so nobody answers the offer meanwhile."""
    row = OfferFile.objects.filter(offer=offer).first()
    if row is None:
        return None
    small = None if row.small is None else bytes(row.small)
    return Kept(row.words, FileKind(row.kind), bytes(row.full), small, row.width, row.height)


def _filled(project: Project, offer: Offer) -> Description:
    """What changes in a project when an offer is taken."""
    part = Part(offer.part)
    if part in ASKED_PARTS:
        gone = set() if part in MANY_WELCOME else {part.value}
        return Description(wanted=[each for each in project.wanted if each not in gone])
    if part == Part.STORY:
        return Description(story=offer.words)
    if part == Part.PLACE:
        return Description(
            latitude=offer.latitude,
            longitude=offer.longitude,
            address=project.address or offer.words[:200],
        )
    return Description(cost_lines=[Cost(label, minor) for label, minor in offer.cost_lines])


def decline_offer(offer: Offer, *, by: User) -> None:
    """Say no, thank you."""
    with transaction.atomic():
        hold_authored(offer.project, by)
        _answer(offer, OfferState.DECLINED, by)


def withdraw_offer(offer: Offer, *, by: User) -> None:
    """Whoever offered it takes it back; authors who were not told yet are not told any more."""
    with transaction.atomic():
        hold_project(offer.project)
        if offer.by_id != by.pk:
            raise ProjectError(_("Only whoever offered it can take it back."))
        _move(offer, OfferState.WITHDRAWN, by)
        take_back(OFFERED, Offer.objects.filter(pk=offer.pk))


def _answer(offer: Offer, to: OfferState, by: User) -> Offer:
    answered = _move(offer, to, by)
    project = answered.project
    tell(
        answered.by,
        ANSWERED,
        answered,
        title=project.title,
        part=answered.get_part_display(),
        outcome=to.value,
        project_url=project.get_absolute_url(),
    )
    return answered


def _move(offer: Offer, to: OfferState, by: User) -> Offer:
    """The offer in its new state, without its file. The caller holds the project's lock."""
    held = Offer.objects.select_for_update(of=("self",)).select_related("by", "project")
    row = held.filter(pk=offer.pk).first()
    if row is None:
        raise ProjectError(_("Whoever offered this has left, and it went with them."))
    if row.state != OfferState.WAITING:
        raise ProjectError(_("This offer was answered already."))
    OfferFile.objects.filter(offer=row).delete()
    return advance(row, to, OFFER_MOVES, actor=by, decided_at=db_now())
