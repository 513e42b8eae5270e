"""Saying that a milestone is reached, and finding whether it is: two different people."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest
from civicfund.audit.services import ApprovalError, approve_act, record, request_act
from civicfund.delivery.enums import Reach
from civicfund.delivery.models import Milestone, MilestoneReport, MilestoneVerdict
from civicfund.delivery.selectors import next_milestone, plan_of
from civicfund.delivery.services.errors import RefusedError
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import roles_of
from civicfund.projects.access import is_author
from civicfund.projects.services.holding import hold_project
from civicfund.words import seen

ACT = "reach_milestone"
CONFIRMERS = (Role.TREASURER, Role.MODERATOR)


def say_reached(milestone: Milestone, *, by: User, words: str) -> MilestoneReport:
    """The owner's word that the next milestone is reached. Raises ``RefusedError``."""
    project = milestone.project
    if by.pk != project.proposer_id:
        raise PermissionDenied
    said = seen(words)
    if not said:
        raise RefusedError(_("Say what was done, and where it can be seen."))
    with transaction.atomic():
        hold_project(project)
        following = next_milestone(plan_of(project))
        if following is None or following.pk != milestone.pk:
            raise RefusedError(_("Milestones are reached one after the other."))
        if following.reach == Reach.REPORTED:
            raise RefusedError(_("You have said so already: somebody of the town looks at it."))
        report = MilestoneReport.objects.create(milestone=milestone, by=by, words=said)
        record("milestone.reported", milestone, actor=by, report=report.pk)
        request_act(ACT, report, requested_by=by, project=project.pk)
    return report


def confirm_reached(report: MilestoneReport, *, by: User) -> MilestoneVerdict:
    """Find that it is reached, and tell the owner. Raises ``RefusedError``."""
    with transaction.atomic():
        row = _to_be_judged(report, by)
        try:
            request = ActRequest.objects.get(
                act=ACT, target_type=row._meta.label_lower, target_id=str(row.pk)
            )
            approve_act(request, approved_by=by)
        except ApprovalError as error:
            raise RefusedError(_("Somebody else has to look at what you have said.")) from error
        return _judge(row, by, confirmed=True)


def find_not_reached(report: MilestoneReport, *, by: User, words: str) -> MilestoneVerdict:
    """Find that it is not reached yet, with a reason that everybody reads."""
    said = seen(words)
    if not said:
        raise RefusedError(_("Say what is missing: the owner and everybody else reads it."))
    with transaction.atomic():
        return _judge(_to_be_judged(report, by), by, confirmed=False, words=said)


def _to_be_judged(report: MilestoneReport, by: User) -> MilestoneReport:
    """The report, locked, where this person may judge it and nobody has."""
    if roles_of(by).isdisjoint(CONFIRMERS):
        raise PermissionDenied
    project = report.milestone.project
    if is_author(by, project):
        raise RefusedError(_("Somebody who does not write this project has to look at it."))
    hold_project(project)
    if MilestoneVerdict.objects.filter(report=report).exists():
        raise RefusedError(_("Somebody has looked at this already."))
    return report


def _judge(
    report: MilestoneReport, by: User, *, confirmed: bool, words: str = ""
) -> MilestoneVerdict:
    verdict = MilestoneVerdict.objects.create(
        report=report, by=by, confirmed=confirmed, words=words
    )
    milestone = report.milestone
    project = milestone.project
    verb = "milestone.confirmed" if confirmed else "milestone.not_reached"
    record(verb, milestone, actor=by, report=report.pk)
    tell(
        project.proposer, "own_milestone_judged", verdict,
        project=project.title, project_url=project.get_absolute_url(),
        milestone=milestone.title, confirmed=confirmed, reason=words,
    )  # fmt: skip
    return verdict
