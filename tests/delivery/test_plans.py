"""Plans: whole or none, their owner's alone, and kept once anything was said of them."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from civicfund.audit.models import ActRequest, Approval, Event
from civicfund.audit.services import request_act
from civicfund.delivery.enums import Reach
from civicfund.delivery.models import Milestone, MilestoneReport, MilestoneVerdict
from civicfund.delivery.selectors import Progress, plan_of, progress_of, waiting_reports
from civicfund.delivery.services.errors import RefusedError
from civicfund.delivery.services.planning import Step, write_plan
from civicfund.delivery.services.reaching import (
    ACT,
    confirm_reached,
    find_not_reached,
    say_reached,
)
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import CoAuthor
from tests.factories.delivery import planned, reach, steps
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


def shares(project):
    return [each.share_percent for each in plan_of(project)]


def say(milestone, words="The beds are there.", by=None):
    return say_reached(milestone, by=by or milestone.project.proposer, words=words)


def check_now():
    """As at the end of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_plan_takes_the_place_of_the_one_before(project):
    planned(project, 30, 70)
    assert shares(project) == [30, 70]
    planned(project, 20, 30, 50)
    assert shares(project) == [20, 30, 50]
    planned(project)
    assert shares(project) == []


def test_only_its_proposer_writes_a_plan(project):
    author = UserFactory()
    CoAuthor.objects.create(project=project, user=author)
    for somebody in (author, new_treasurer()):
        with pytest.raises(PermissionDenied):
            write_plan(project, steps(100), by=somebody)
    assert shares(project) == []


@pytest.mark.parametrize(
    "wrong",
    [
        steps(30, 69),
        steps(50, 51),
        [Step("Late", "x", date(2027, 5, 1), 50), Step("Early", "x", date(2027, 4, 1), 50)],
    ],
)
def test_a_plan_that_is_not_whole_or_in_order_is_refused(project, wrong):
    planned(project, 40, 60)
    with pytest.raises(RefusedError):
        write_plan(project, wrong, by=project.proposer)
    assert shares(project) == [40, 60]


@pytest.mark.parametrize("state", ["withdrawn", "merged"])
def test_nothing_is_planned_for_a_project_that_is_over(state):
    into = ProjectFactory() if state == "merged" else None
    project = ProjectFactory(state=state, merged_into=into)
    with pytest.raises(RefusedError):
        planned(project, 100)
    assert shares(project) == []


def test_a_milestone_is_reached_once_two_people_say_so(project):
    first, second = planned(project, 40, 60)
    report = say(first)
    assert [each.reach for each in plan_of(project)] == [Reach.REPORTED, Reach.PLANNED]
    treasurer = new_treasurer()
    confirm_reached(report, by=treasurer)
    assert [each.reach for each in plan_of(project)] == [Reach.REACHED, Reach.PLANNED]
    assert progress_of([project.pk]) == {project.pk: Progress(1, 2)}
    approval = Approval.objects.get()
    assert (approval.requested_by, approval.approved_by) == (project.proposer, treasurer)
    told = Message.objects.get(kind="own_milestone_judged")
    assert told.recipient == project.proposer
    assert second.reach == Reach.PLANNED


def test_what_is_not_reached_yet_is_said_with_a_reason_and_may_be_said_again(project):
    first, _ = planned(project, 40, 60)
    moderator = UserFactory()
    grant_role(moderator, Role.MODERATOR, by=None)
    find_not_reached(say(first), by=moderator, words="Two beds are missing.")
    assert plan_of(project)[0].reach == Reach.PLANNED
    confirm_reached(say(first, "Now all of them."), by=moderator)
    assert plan_of(project)[0].reach == Reach.REACHED
    assert MilestoneReport.objects.filter(milestone=first).count() == 2


def test_nobody_confirms_their_own_words_nor_without_a_role(project):
    grant_role(project.proposer, Role.TREASURER, by=None)
    author = new_treasurer()
    CoAuthor.objects.create(project=project, user=author)
    report = say(planned(project, 100)[0])
    for somebody in (project.proposer, author):
        with pytest.raises(RefusedError):
            confirm_reached(report, by=somebody)
        with pytest.raises(RefusedError):
            find_not_reached(report, by=somebody, words="No.")
    with pytest.raises(PermissionDenied):
        confirm_reached(report, by=UserFactory())
    assert MilestoneVerdict.objects.count() == 0
    assert list(waiting_reports()) == [report]


def test_milestones_are_reached_one_after_the_other_and_once(project):
    first, second = planned(project, 40, 60)
    with pytest.raises(RefusedError):
        say(second)
    report = say(first)
    with pytest.raises(RefusedError):
        say(first)
    confirm_reached(report, by=new_treasurer())
    for refused in (lambda: say(first), lambda: confirm_reached(report, by=new_treasurer())):
        with pytest.raises(RefusedError):
            refused()
    assert MilestoneReport.objects.count() == 1
    reach(second)
    assert progress_of([project.pk]) == {project.pk: Progress(2, 2)}


def test_words_are_asked_for(project):
    (only,) = planned(project, 100)
    with pytest.raises(RefusedError):
        say(only, "  ")
    report = say(only)
    with pytest.raises(RefusedError):
        find_not_reached(report, by=new_treasurer(), words=" ")
    assert MilestoneVerdict.objects.count() == 0


def test_only_the_owner_reports(project):
    (only,) = planned(project, 100)
    with pytest.raises(PermissionDenied):
        say(only, by=new_treasurer())
    assert MilestoneReport.objects.count() == 0


def test_a_plan_stays_once_something_was_said_of_it(project):
    say(planned(project, 40, 60)[0])
    with pytest.raises(RefusedError):
        planned(project, 100)
    assert shares(project) == [40, 60]
    assert Event.objects.filter(verb="project.planned").count() == 1


def add(project, position=1, **given):
    values = {
        "title": "Beds", "shows": "Beds", "due_on": date(2027, 1, 1), "share_percent": 100
    } | given  # fmt: skip
    return Milestone.objects.create(project=project, position=position, **values)


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"share_percent": 0}, "milestone_share_within"),
        ({"share_percent": 101}, "milestone_share_within"),
        ({"title": ""}, "milestone_says_what"),
        ({"shows": ""}, "milestone_says_what"),
    ],
)
def test_the_database_refuses_a_milestone_of_nothing(project, given, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        add(project, **given)


def test_the_database_refuses_two_milestones_in_one_place(project):
    add(project, share_percent=50)
    with pytest.raises(IntegrityError, match="milestone_position_once"):
        add(project, share_percent=50)


def test_the_database_refuses_a_plan_that_is_not_whole(project):
    add(project, share_percent=99)
    with pytest.raises(IntegrityError, match="not 100 together"):
        check_now()


def test_the_database_refuses_days_out_of_order(project):
    add(project, share_percent=50)
    add(project, 2, share_percent=50, due_on=date(2026, 12, 31))
    with pytest.raises(IntegrityError, match="out of order"):
        check_now()


def test_the_database_keeps_a_plan_of_which_something_was_said(project):
    (only,) = planned(project, 100)
    say(only)
    mine = Milestone.objects.filter(pk=only.pk)
    for change in (
        lambda: mine.update(title="Something cheaper"),
        lambda: Milestone.objects.filter(pk=only.pk)._raw_delete("default"),
        lambda: add(project, 2),
    ):
        with pytest.raises(DatabaseError, match="plan, which stays"), transaction.atomic():
            change()


def test_the_database_keeps_a_milestone_in_its_project(project):
    (only,) = planned(project, 100)
    with pytest.raises(DatabaseError, match="can no longer change"):
        Milestone.objects.filter(pk=only.pk).update(project=ProjectFactory())


def test_the_database_lets_only_the_owner_report_in_turn_and_once(project):
    first, second = planned(project, 40, 60)
    owner = project.proposer
    for milestone, by, why in (
        (first, UserFactory(), "only the project's owner"),
        (second, owner, "the one before is not reached"),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            MilestoneReport.objects.create(milestone=milestone, by=by, words="Done.")
    say(first)
    with pytest.raises(IntegrityError, match="reported already"), transaction.atomic():
        MilestoneReport.objects.create(milestone=first, by=owner, words="Done.")
    with pytest.raises(IntegrityError, match="milestone_report_says_something"):
        MilestoneReport.objects.create(milestone=reach_second(first, second), by=owner, words="")


def reach_second(first, second):
    confirm_reached(first.reports.get(), by=new_treasurer())
    return second


def test_the_database_wants_two_people_for_a_verdict(project):
    report = say(planned(project, 100)[0])
    somebody, owner = new_treasurer(), project.proposer
    forged = request_act(ACT, report, requested_by=somebody)
    Approval.objects.create(request=forged, requested_by=somebody, approved_by=new_treasurer())
    for by, confirmed in ((somebody, True), (owner, True), (owner, False)):
        with pytest.raises(IntegrityError, match="somebody else"), transaction.atomic():
            MilestoneVerdict.objects.create(report=report, by=by, confirmed=confirmed, words="x")
    asked = ActRequest.objects.get(requested_by=owner)
    Approval.objects.create(request=asked, requested_by=owner, approved_by=somebody)
    with pytest.raises(IntegrityError, match="somebody else"), transaction.atomic():
        MilestoneVerdict.objects.create(report=report, by=new_treasurer(), confirmed=True)
    MilestoneVerdict.objects.create(report=report, by=somebody, confirmed=True)


def test_the_database_wants_a_reason_for_a_no(project):
    report = say(planned(project, 100)[0])
    with pytest.raises(IntegrityError, match="milestone_verdict_says_why_not"):
        MilestoneVerdict.objects.create(report=report, by=new_treasurer(), confirmed=False)


def test_reports_and_verdicts_are_only_ever_added(project):
    reach(planned(project, 100)[0])
    for rows in (MilestoneReport.objects.all(), MilestoneVerdict.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(words="Something else.")
        with pytest.raises(DatabaseError), transaction.atomic():
            rows._raw_delete("default")
