"""Acts about pictures and papers of a project: add one, remove one."""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from civicfund.audit.services import db_now, record
from civicfund.people.domain import UnfitError, fit
from civicfund.people.models import User
from civicfund.people.services.files import why_unfit
from civicfund.projects.enums import FileKind
from civicfund.projects.models import FileContent, Project, ProjectFile
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.holding import CHANGEABLE, check_may_show, hold_authored

MOST_FILES = 8
# What a screen shows, what stands on the project's page, and what stands on a card.
FULL_SIDE, SMALL_SIDE, TINY_SIDE = 1_600, 480, 160


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a file that somebody sent, with words that say what it shows."""

    words: str
    kind: FileKind
    full: bytes
    small: bytes | None = None
    width: int | None = None
    height: int | None = None


def kept_of(content: bytes, *, words: str) -> Kept:
    """A picture, decoded and drawn anew at two sizes, or a PDF; ``ProjectError`` in words."""
    if not words.strip():
        raise ProjectError(_("Say what it shows, for those who cannot see it."), field="words")
    try:
        full = fit(content, longest_side=FULL_SIDE)
        if not full.is_picture:
            return Kept(words.strip(), FileKind.PDF, full.content)
        small = fit(content, longest_side=SMALL_SIDE).content
    except UnfitError as error:
        raise ProjectError(why_unfit(error), field="file") from None
    return Kept(words.strip(), FileKind.PICTURE, full.content, small, *_size(full.content))


def tiny(small: bytes) -> bytes:
    """A picture of ours as a card in a list shows it: some kilobytes, drawn of the small one when
    it is asked for, so that a list of many weighs little.
    """
    return fit(small, longest_side=TINY_SIDE).content


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as drawn:
        return drawn.size


def add_file(project: Project, content: bytes, *, words: str, by: User) -> ProjectFile:
    """Add a picture or a PDF. Raises ``ProjectError`` in words, and then nothing is kept."""
    kept = kept_of(content, words=words)
    with transaction.atomic():
        row = hold_authored(project, by)
        check_may_show(row, by)
        return put_file(row, kept, added_by=by, actor=by)


def put_file(row: Project, kept: Kept, *, added_by: User, actor: User) -> ProjectFile:
    """Put it to the project's files, by whoever brought it. The caller holds the project."""
    if row.state not in CHANGEABLE:
        raise ProjectError(_("A project that is gone can no longer be changed."))
    if row.files.count() >= MOST_FILES:
        words = _("No more than %(most)s files, please.") % {"most": MOST_FILES}
        raise ProjectError(words, field="file")
    file = ProjectFile.objects.create(
        project=row,
        kind=kept.kind,
        words=kept.words,
        size=len(kept.full),
        width=kept.width,
        height=kept.height,
        added_by=added_by,
    )
    FileContent.objects.create(file=file, full=kept.full, small=kept.small)
    record("project.file_added", row, actor=actor, file=str(file.pk), kind=file.kind)
    return file


def say_what_it_shows(file: ProjectFile, *, words: str, by: User) -> None:
    """Put other words in place of a file's. Raises ``ProjectError``."""
    said = words.strip()
    if not said:
        raise ProjectError(_("Say what it shows, for those who cannot see it."), field="words")
    with transaction.atomic():
        held = _hold(file, by)
        check_may_show(held.project, by)
        if held.words != said:
            held.words = said
            held.save(update_fields=["words"])
            record("project.file_described", held.project, actor=by, file=str(held.pk))


def put_in_front(file: ProjectFile, *, by: User) -> None:
    """Let it come before all others: on the project's page, and on cards. ``ProjectError``."""
    with transaction.atomic():
        held = _hold(file, by)
        check_may_show(held.project, by)
        held.front_at = db_now()
        held.save(update_fields=["front_at"])
        record("project.file_put_in_front", held.project, actor=by, file=str(held.pk))


def remove_file(file: ProjectFile, *, by: User) -> None:
    """Take a file out of its project; it is gone."""
    with transaction.atomic():
        held = _hold(file, by)
        row = held.project
        held.delete()
        record("project.file_removed", row, actor=by, file=str(file.pk))


def _hold(file: ProjectFile, by: User) -> ProjectFile:
    """Hold its project, then the file, so that nothing comes to name it meanwhile."""
    row = hold_authored(file.project, by)
    held = ProjectFile.objects.select_for_update().filter(pk=file.pk, project=row).first()
    if held is None:
        raise ProjectError(_("This file is gone already."))
    held.project = row
    return held
