"""A project's row, locked, for whoever may act on it."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from civicfund.people.models import User
from civicfund.projects.access import is_author, keeps_paper
from civicfund.projects.enums import PUBLIC_STATES, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors.writing import why_silent
from civicfund.projects.services.errors import ProjectError

CHANGEABLE = (
    ProjectState.DRAFT,
    ProjectState.STUB,
    ProjectState.READY,
    # Its authors mend what was wrong with it.
    ProjectState.HIDDEN,
)


def hold_project(project: Project) -> Project:
    """The row as it is now, locked until the transaction ends."""
    return Project.objects.select_for_update().get(pk=project.pk)


def hold_own(project: Project, by: User) -> Project:
    """The same, only for its proposer."""
    row = hold_project(project)
    if row.proposer_id != by.pk:
        raise ProjectError(_("Only the person who proposed it can do this."))
    return row


def hold_on_paper(project: Project, by: User) -> Project:
    """The same, of what was handed in on paper also for administrators of the budget."""
    row = hold_project(project)
    return row if keeps_paper(by, row) else hold_own(row, by)


def hold_whole(project: Project, by: User) -> Project:
    """The same with all that was merged into it held as well, in the order of the ids."""
    rows = Project.objects.select_for_update(of=("self",))
    list(rows.filter(Q(pk=project.pk) | Q(merged_into=project)).order_by("pk"))
    return hold_own(project, by)


def hold_authored(project: Project, by: User) -> Project:
    """The same, for its proposer and co-authors."""
    row = hold_project(project)
    if not is_author(by, row):
        raise ProjectError(_("Only those who write it can do this."))
    return row


def check_may_write(person: User) -> None:
    """``ProjectError`` where somebody may not write in public now."""
    if silent := why_silent(person):
        raise ProjectError(silent)


def check_may_show(project: Project, by: User) -> None:
    """The same of whoever changes what everybody reads of a project."""
    if project.state in PUBLIC_STATES:
        check_may_write(by)
