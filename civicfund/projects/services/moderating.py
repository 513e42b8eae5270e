"""Reporting a project; hiding it, showing it again, and appeals."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.notices.services import Letter, tell_all, tell_who_gives_roles
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role, people_with
from civicfund.projects.access import authors_of, is_author
from civicfund.projects.enums import (
    LISTED_STATES,
    PROJECT_MOVES,
    PUBLIC_STATES,
    SAME,
    AppealOutcome,
    ProjectState,
    Wrong,
)
from civicfund.projects.models import Project, ProjectFlag, ProjectHiding
from civicfund.projects.selectors import missing_parts, why_held
from civicfund.projects.selectors.moderation import hiding_of
from civicfund.projects.selectors.writing import why_silent
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.holding import hold_authored, hold_project


def flag_project(
    project: Project, *, by: User, reason: str, words: str = "", other: Project | None = None
) -> ProjectFlag:
    """Tell the moderators what is wrong with a project, once, or of which ``other`` it is the same,
    once of each.

    Raises ``ProjectError``.
    """
    if silent := why_silent(by):
        raise ProjectError(silent)
    if is_author(by, project):
        raise ProjectError(_("This is your own: you can change it, or withdraw it."))
    if project.state not in PUBLIC_STATES:
        raise ProjectError(_("Nobody can read this any more."))
    _check_other(project, reason, other)
    try:
        with transaction.atomic():
            flag = ProjectFlag.objects.create(
                project=project, reporter=by, reason=reason, words=words.strip(), other=other
            )
            record("project.flagged", project, actor=by, flag=flag.pk, reason=reason)
    except IntegrityError as error:
        if "projectflag_once_as_the_same" in str(error):
            words = _("You have told us already that it is the same as this one.")
            raise ProjectError(words, field="other") from error
        if "projectflag_once_for_what_is_wrong" in str(error):
            words = _("You have told us already that something is wrong with it.")
            raise ProjectError(words) from error
        raise
    return flag


def _check_other(project: Project, reason: str, other: Project | None) -> None:
    if (reason == SAME) != (other is not None):
        raise ProjectError(_("Say which one."), field="other")
    if other is not None and other.pk == project.pk:
        raise ProjectError(_("This is the number of the project itself."), field="other")
    if other is not None and other.state not in LISTED_STATES:
        raise ProjectError(_("There is no such project on the list."), field="other")


def dismiss_project_flags(project: Project, *, by: User, seen: int | None = None) -> int:
    """Find nothing wrong with it; how many reports that answers: those up to the one numbered
    ``seen``, where it is said. What came in since waits.
    """
    with transaction.atomic():
        row = hold_to_judge(project, by)
        count = _handle(row, seen)
        record("project.flags_dismissed", row, actor=by, flags=count)
    return count


def hide_project(project: Project, *, by: User, reason: Wrong, words: str = "") -> ProjectHiding:
    """Put a tombstone with the reason in a project's place, and tell its authors.

    Raises ``ProjectError``: also while people vote or pledge on it, who decided on what they read.
    """
    with transaction.atomic():
        row = hold_to_judge(project, by)
        if row.state not in PUBLIC_STATES:
            raise ProjectError(_("Nobody can read this any more."))
        if held := why_held(row):
            raise ProjectError(
                _(
                    "%(reason)s Until then it stays where people find it. Its pictures, its papers"
                    " and earlier versions can be taken down, and its authors can change the story."
                )
                % {"reason": held}
            )
        hiding = ProjectHiding.objects.create(
            project=row, reason=reason, words=words.strip(), hidden_by=by, state_before=row.state
        )
        flags = _handle(row)
        advance(row, ProjectState.HIDDEN, PROJECT_MOVES, actor=by)
        record("project.taken_down", row, actor=by, hiding=hiding.pk, reason=reason, flags=flags)
        _tell_authors(hiding, "project_hidden")
    return hiding


def restore_project(project: Project, *, by: User) -> ProjectHiding:
    """Show a hidden project again, on a moderator's own thought. Raises ``ProjectError``."""
    with transaction.atomic():
        row = hold_to_judge(project, by)
        hiding = _hidden(row)
        if hiding.appealed_at:
            raise ProjectError(_("Its authors have appealed: another moderator decides."))
        _lift(hiding, row, by)
        record("project.restored", row, actor=by, hiding=hiding.pk)
        _tell_authors(hiding, "project_shown_again")
    return hiding


def appeal_project(project: Project, *, by: User, words: str) -> ProjectHiding:
    """Ask for another moderator's look at a project that one writes, once for all its authors.

    Where no other moderator may decide, superusers are told. Raises ``ProjectError``.
    """
    with transaction.atomic():
        row = hold_authored(project, by)
        hiding = _hidden(row)
        if hiding.appealed_at:
            raise ProjectError(_("An appeal was made already, by you or somebody who writes it."))
        if not words.strip():
            raise ProjectError(_("Write something first."), field="words")
        hiding.appeal_words, hiding.appealed_at, hiding.appealed_by = words.strip(), db_now(), by
        hiding.save(update_fields=["appeal_words", "appealed_at", "appealed_by"])
        record("project.appealed", row, actor=by, hiding=hiding.pk)
        others = people_with(Role.MODERATOR).exclude(pk=hiding.hidden_by_id)
        if not others.exclude(pk__in=authors_of(row).values("pk")).exists():
            tell_who_gives_roles(hiding, what="project", title=row.title)
    return hiding


def decide_project_appeal(project: Project, *, by: User, outcome: AppealOutcome) -> ProjectHiding:
    """Decide as another moderator than the one who hid it. Raises ``ProjectError``."""
    lifted = outcome == AppealOutcome.LIFTED
    with transaction.atomic():
        row = hold_to_judge(project, by)
        hiding = _hidden(row)
        if hiding.appealed_at is None or hiding.decided_at:
            raise ProjectError(_("There is no appeal to decide."))
        if hiding.hidden_by_id == by.pk:
            raise ProjectError(_("You hid it: another moderator decides."))
        hiding.outcome, hiding.decided_by, hiding.decided_at = outcome, by, db_now()
        if lifted:
            _lift(hiding, row, by)
        else:
            hiding.save()
        record(f"project.appeal_{outcome}", row, actor=by, hiding=hiding.pk)
        _tell_authors(hiding, "project_shown_again" if lifted else "project_stays_hidden")
    return hiding


def hold_to_judge(project: Project, by: User) -> Project:
    """The project, locked; only for moderators, and for none of its authors."""
    if not has_role(by, Role.MODERATOR):
        raise ProjectError(_("Only a moderator can do this."))
    row = hold_project(project)
    if is_author(by, row):
        raise ProjectError(_("This is your own: another moderator looks at it."))
    return row


def _hidden(project: Project) -> ProjectHiding:
    """What stands in its place. The caller holds the project's lock."""
    hiding = hiding_of(project)
    if hiding is None:
        raise ProjectError(_("This is not hidden."))
    return hiding


def _handle(project: Project, seen: int | None = None) -> int:
    waiting = ProjectFlag.objects.waiting().filter(project=project)
    if seen is not None:
        waiting = waiting.filter(pk__lte=seen)
    return waiting.update(handled_at=db_now())


def _lift(hiding: ProjectHiding, project: Project, by: User) -> None:
    """Back to how far it was; one that lost parts meanwhile is a stub."""
    hiding.lifted_by, hiding.lifted_at = by, db_now()
    hiding.save()
    before = ProjectState(hiding.state_before)
    if before == ProjectState.READY and missing_parts(project):
        before = ProjectState.STUB
    advance(project, before, PROJECT_MOVES, actor=by)


def _tell_authors(hiding: ProjectHiding, kind: str) -> None:
    project = hiding.project
    context = {
        "title": project.title,
        "reason": str(hiding.get_reason_display()),
        "words": hiding.words,
        "project_url": project.get_absolute_url(),
    }
    tell_all(kind, [Letter(author, hiding, context) for author in authors_of(project)])
