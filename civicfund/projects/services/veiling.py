"""A part of a project taken down: one version of its history, one picture or paper."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.services import Letter, tell_all
from civicfund.people.models import User
from civicfund.projects.access import authors_of
from civicfund.projects.enums import Wrong
from civicfund.projects.models import Project, ProjectFile, Veil, Version
from civicfund.projects.selectors.history import latest_version
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.moderating import hold_to_judge


def veil_version(version: Version, *, by: User, reason: Wrong, words: str = "") -> Veil:
    """Show the public neither the words of a version nor what later versions took of them.

    The version stays as it was written. Raises ``ProjectError``, also for what it says now.
    """
    with transaction.atomic():
        row = hold_to_judge(version.project, by)
        if version.number == latest_version(row):
            raise ProjectError(
                _("The project says this now: hide it, or let its authors change it first.")
            )
        if not version.is_public or version.veils.standing().exists():
            raise ProjectError(_("Nobody can read this any more."))
        what = _("Version %(number)s of its history") % {"number": version.number}
        return _veil(Veil(project=row, version=version, reason=reason, words=words), what, by)


def veil_file(file: ProjectFile, *, by: User, reason: Wrong, words: str = "") -> Veil:
    """Show a picture or a paper only to the project's authors and to moderators.

    Raises ``ProjectError``.
    """
    with transaction.atomic():
        row = hold_to_judge(file.project, by)
        if file.veils.standing().exists():
            raise ProjectError(_("Nobody can see this any more."))
        what = file.get_kind_display()
        return _veil(Veil(project=row, file=file, reason=reason, words=words), what, by)


def lift_veil(veil: Veil, *, by: User) -> Veil:
    """Show everybody again what was taken down. Raises ``ProjectError``."""
    with transaction.atomic():
        row = hold_to_judge(veil.project, by)
        standing = Veil.objects.standing().filter(pk=veil.pk)
        if not standing.update(lifted_by=by, lifted_at=db_now()):
            raise ProjectError(_("This is shown already."))
        record("project.part_shown_again", row, actor=by, veil=veil.pk)
    veil.refresh_from_db()
    return veil


def _veil(veil: Veil, what: str, by: User) -> Veil:
    """The act itself. The caller holds the project."""
    veil.words, veil.veiled_by = veil.words.strip(), by
    veil.save()
    project: Project = veil.project
    record(
        "project.part_taken_down", project,
        actor=by,
        veil=veil.pk,
        reason=veil.reason,
        version=veil.version.number if veil.version else None,
        file=str(veil.file_id) if veil.file_id else None,
    )  # fmt: skip
    context = {
        "title": project.title,
        "what": what,
        "reason": str(veil.get_reason_display()),
        "words": veil.words,
        "project_url": project.get_absolute_url(),
    }
    letters = [Letter(author, veil, context) for author in authors_of(project)]
    tell_all("project_part_taken_down", letters)
    return veil
