"""Acts about pictures and papers of a project: add one, remove one."""

from __future__ import annotations

import io

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from civicfund.audit.services import record
from civicfund.people.domain import UnfitError, fit
from civicfund.people.models import User
from civicfund.people.services.files import why_unfit
from civicfund.projects.enums import FileKind
from civicfund.projects.models import FileContent, Project, ProjectFile
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.holding import CHANGEABLE, hold_authored

MOST_FILES = 8
# What a screen shows, what stands on the project's page, and what stands on a card.
FULL_SIDE, SMALL_SIDE, TINY_SIDE = 1_600, 480, 160


def add_file(project: Project, content: bytes, *, words: str, by: User) -> ProjectFile:
    """Add a picture, decoded and drawn anew, or a PDF, with words that say what it shows.

    Raises ``ProjectError`` in words, and then nothing is kept.
    """
    if not words.strip():
        raise ProjectError(_("Say what it shows, for those who cannot see it."), field="words")
    try:
        kept = fit(content, longest_side=FULL_SIDE)
        small = fit(content, longest_side=SMALL_SIDE).content if kept.is_picture else None
    except UnfitError as error:
        raise ProjectError(why_unfit(error), field="file") from None
    width, height = _size(kept.content) if kept.is_picture else (None, None)
    with transaction.atomic():
        row = hold_authored(project, by)
        if row.state not in CHANGEABLE:
            raise ProjectError(_("A project that is gone can no longer be changed."))
        if row.files.count() >= MOST_FILES:
            words_of = _("No more than %(most)s files, please.") % {"most": MOST_FILES}
            raise ProjectError(words_of, field="file")
        file = ProjectFile.objects.create(
            project=row,
            kind=FileKind.PICTURE if kept.is_picture else FileKind.PDF,
            words=words.strip(),
            size=len(kept.content),
            width=width,
            height=height,
            added_by=by,
        )
        FileContent.objects.create(file=file, full=kept.content, small=small)
        record("project.file_added", row, actor=by, file=str(file.pk), kind=file.kind)
    return file


def tiny(small: bytes) -> bytes:
    """A picture of ours as a card in a list shows it: some kilobytes, drawn of the small one when
    it is asked for, so that a list of many weighs little.
    """
    return fit(small, longest_side=TINY_SIDE).content


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as drawn:
        return drawn.size


def remove_file(file: ProjectFile, *, by: User) -> None:
    """Take a file out of its project; it is gone."""
    with transaction.atomic():
        row = hold_authored(file.project, by)
        gone, _rows = ProjectFile.objects.filter(pk=file.pk, project=row).delete()
        if not gone:
            raise ProjectError(_("This file is gone already."))
        record("project.file_removed", row, actor=by, file=str(file.pk))
