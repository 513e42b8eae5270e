"""Writing a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import is_fixed
from civicfund.delivery.services.errors import RefusedError
from civicfund.people.models import User
from civicfund.projects.enums import PUBLIC_STATES
from civicfund.projects.models import Project
from civicfund.projects.selectors.writing import why_silent
from civicfund.projects.services.holding import CHANGEABLE, hold_project

WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One milestone as its owner plans it."""

    title: str
    shows: str
    due_on: date
    share_percent: int


def write_plan(project: Project, steps: Sequence[Step], *, by: User) -> list[Milestone]:
    """Put this plan in place of the one before; no steps are no plan. Raises ``RefusedError``.

    The project's proposer writes it, until anything was said of it or money was asked for.
    """
    if by.pk != project.proposer_id:
        raise PermissionDenied
    _check_whole(steps)
    with transaction.atomic():
        held = hold_project(project)
        if held.state not in CHANGEABLE:
            raise RefusedError(_("Nothing is planned for this project any more."))
        if held.state in PUBLIC_STATES and (silent := why_silent(by)):
            raise RefusedError(silent)
        if is_fixed(project):
            raise RefusedError(
                _("The plan stays as it is: a milestone was reported, or money was asked for.")
            )
        Milestone.objects.filter(project=project).delete()
        made = Milestone.objects.bulk_create(
            Milestone(
                project=project,
                position=position,
                title=step.title,
                shows=step.shows,
                due_on=step.due_on,
                share_percent=step.share_percent,
            )
            for position, step in enumerate(steps, start=1)
        )
        record("project.planned", project, actor=by, milestones=len(made))
    return made


def _check_whole(steps: Sequence[Step]) -> None:
    if steps and sum(step.share_percent for step in steps) != WHOLE_PERCENT:
        raise RefusedError(_("The shares have to be 100 percent together."))
    if any(later.due_on < earlier.due_on for earlier, later in pairwise(steps)):
        raise RefusedError(_("Milestones come one after the other: their days have to, too."))
