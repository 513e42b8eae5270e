"""Reports of projects, what moderators hide and show again, and appeals that another decides."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot, submit_proposal
from civicfund.audit.models import Event
from civicfund.audit.services import StaleStateError
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.access import visible_project, visible_projects
from civicfund.projects.enums import SAME, AppealOutcome, Part, ProjectState, Wrong
from civicfund.projects.models import CoAuthor, Project, ProjectFlag, ProjectHiding
from civicfund.projects.selectors.moderation import flagged_projects, project_appeals_for
from civicfund.projects.selectors.similar import Idea, similar_projects
from civicfund.projects.services import (
    ProjectError,
    copy_project,
    edit_project,
    publish_project,
    withdraw_project,
)
from civicfund.projects.services.forgetting import forget_author
from civicfund.projects.services.merging import ask_to_merge, merge_as_moderator, undo_merge
from civicfund.projects.services.moderating import (
    appeal_project,
    decide_project_appeal,
    dismiss_project_flags,
    flag_project,
    hide_project,
    restore_project,
)
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.services import TalkError, write_comment
from civicfund.talk.services.news import tell_of_projects
from tests.budgeting.test_preparing import submitted
from tests.factories.budgeting import draft_cycle, reviewed
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


def moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    return user


def hide(project, by=None, reason=Wrong.PRIVATE, words="It tells where somebody lives."):
    return hide_project(project, by=by or moderator(), reason=reason, words=words)


def hidden(**given):
    project = ProjectFactory(**given)
    hide(project)
    return fresh(project)


def appealed(by=None, **given):
    project = ProjectFactory(**given)
    hide(project, by=by)
    return appeal_project(project, by=project.proposer, words="The house is empty.")


def fresh(project):
    return Project.objects.get(pk=project.pk)


def verbs(project):
    found = Event.objects.filter(target_type="projects.project", target_id=str(project.pk))
    return list(found.order_by("pk").values_list("verb", flat=True))


def test_a_report_waits_until_a_moderator_finds_nothing_wrong():
    project = ProjectFactory()
    flag_project(project, by=UserFactory(), reason=Wrong.ADVERT, words=" Again. ")
    flag_project(project, by=UserFactory(), reason=Wrong.OTHER)
    assert [each.waiting for each in flagged_projects()] == [2]
    assert dismiss_project_flags(project, by=moderator()) == 2
    assert not flagged_projects()
    assert fresh(project).state == ProjectState.READY
    assert verbs(project) == ["project.flagged"] * 2 + ["project.flags_dismissed"]


def test_one_person_reports_a_project_once_and_not_one_that_they_write():
    project, person = ProjectFactory(), UserFactory()
    CoAuthor.objects.create(project=project, user=(friend := UserFactory()))
    flag_project(project, by=person, reason=Wrong.ADVERT)
    dismiss_project_flags(project, by=moderator())
    with pytest.raises(ProjectError, match="already"):
        flag_project(project, by=person, reason=Wrong.INSULT)
    for own in (project.proposer, friend):
        with pytest.raises(ProjectError, match="your own"):
            flag_project(project, by=own, reason=Wrong.INSULT)
    assert ProjectFlag.objects.get().reason == Wrong.ADVERT


def test_a_hidden_project_is_there_for_its_authors_and_for_moderators_alone():
    project = ProjectFactory(title="The house of Mrs Quill")
    CoAuthor.objects.create(project=project, user=(friend := UserFactory()))
    flag_project(project, by=UserFactory(), reason=Wrong.PRIVATE)
    hiding = hide(project)
    left = fresh(project)
    assert (left.state, hiding.state_before) == (ProjectState.HIDDEN, ProjectState.READY)
    assert not flagged_projects()
    judge, by_password = moderator(), moderator()
    judge.gave_second_factor = True
    for somebody in (project.proposer, friend, judge):
        assert visible_project(somebody, project.pk) == project
    stranger = UserFactory()
    for somebody in (stranger, by_password):
        with pytest.raises(Http404):
            visible_project(somebody, project.pk)
    with pytest.raises(Http404):
        visible_subject(stranger, SubjectKind.PROJECT, project.pk)
    assert not Project.objects.listed().exists()
    assert not visible_projects(stranger).exists()
    assert similar_projects(Idea("The house of Mrs Quill")) == []
    told = Message.objects.order_by("pk")
    assert [(each.kind, each.recipient) for each in told] == [
        ("project_hidden", project.proposer), ("project_hidden", friend),
    ]  # fmt: skip


def test_nothing_is_added_to_a_hidden_project_by_others():
    project = ProjectFactory(wanted=["hands"])
    offer = offer_help(project, Part.HANDS, Help("I dig."), by=UserFactory())
    hide(project)
    left, pot = fresh(project), draft_cycle().pots.get()
    other = ProjectFactory()
    for act in (
        lambda: hide(left),
        lambda: flag_project(left, by=UserFactory(), reason=Wrong.OTHER),
        lambda: support_project(left, by=UserFactory()),
        lambda: offer_help(left, Part.HANDS, Help("I dig, too."), by=UserFactory()),
        lambda: accept_offer(offer, by=left.proposer),
        lambda: copy_project(left, neighborhood=other.neighborhood, by=UserFactory()),
        lambda: ask_to_merge(left, other, reason="Same.", by=left.proposer),
        lambda: merge_as_moderator(left, other, reason="Same.", by=moderator()),
        lambda: publish_project(left, by=left.proposer),
    ):
        with pytest.raises((ProjectError, StaleStateError)):
            act()
    with pytest.raises(RefusedError, match="Moderators have hidden"):
        submit_proposal(left, pot, by=left.proposer)
    subject = visible_subject(left.proposer, SubjectKind.PROJECT, left.pk)
    with pytest.raises(TalkError):
        write_comment(subject, by=left.proposer, body="Why?")


def test_what_entered_a_cycle_before_comes_on_no_ballot_while_it_is_hidden():
    _cycle, proposal, by = submitted()
    proposal = reviewed(proposal, by=by)
    hide(proposal.project)
    with pytest.raises(RefusedError, match="cannot come on the ballot"):
        put_on_ballot(proposal, by=by)
    restore_project(proposal.project, by=moderator())
    assert put_on_ballot(proposal, by=by).proposal == proposal


@pytest.mark.parametrize("what", ["on the ballot", "pledge money"])
def test_what_people_vote_or_pledge_on_stays(what):
    if what == "on the ballot":
        project = draft_cycle().proposals.first().project
    else:
        project = CampaignFactory().project
    with pytest.raises(ProjectError, match=what):
        hide(project)
    assert fresh(project).state == ProjectState.READY


def test_its_authors_change_it_and_it_is_shown_as_far_as_it_is_then():
    project = hidden()
    edit_project(project, by=project.proposer, story="", title="A bench")
    restore_project(project, by=moderator())
    assert (fresh(project).state, fresh(project).title) == (ProjectState.STUB, "A bench")
    with pytest.raises(ProjectError, match="not hidden"):
        restore_project(project, by=moderator())
    hide(project)
    assert ProjectHiding.objects.filter(project=project).count() == 2
    assert verbs(project) == [
        "project.hidden", "project.taken_down", "project.edited", "project.stub",
        "project.restored", "project.hidden", "project.taken_down",
    ]  # fmt: skip


def test_what_was_merged_is_merged_again_once_it_is_shown_and_is_no_news_twice():
    child, whole = ProjectFactory(), ProjectFactory()
    merge = merge_as_moderator(child, whole, reason="Same.", by=moderator())
    tell_of_projects()
    hide(child)
    with pytest.raises(ProjectError, match="hidden"):
        undo_merge(merge, reason="Not the same.", by=moderator())
    with pytest.raises(ProjectError, match="no longer be withdrawn"):
        withdraw_project(child, by=child.proposer)
    restore_project(child, by=moderator())
    assert (fresh(child).state, fresh(child).merged_into) == (ProjectState.MERGED, whole)
    assert tell_of_projects() == 0


def test_what_its_authors_withdraw_waits_for_nobody():
    hiding = appealed()
    withdraw_project(hiding.project, by=hiding.project.proposer)
    assert not project_appeals_for(moderator())
    with pytest.raises(ProjectError, match="not hidden"):
        decide_project_appeal(hiding.project, by=moderator(), outcome=AppealOutcome.LIFTED)


@pytest.mark.parametrize("outcome", AppealOutcome)
def test_another_moderator_decides_on_an_appeal(outcome):
    hiding, other = appealed(), moderator()
    assert list(project_appeals_for(other)) == [hiding]
    decided = decide_project_appeal(hiding.project, by=other, outcome=outcome)
    assert (decided.outcome, decided.decided_by) == (outcome, other)
    lifted = outcome == AppealOutcome.LIFTED
    assert (fresh(hiding.project).state == ProjectState.READY) == lifted
    assert not project_appeals_for(other)
    assert verbs(hiding.project)[-1] == f"project.appeal_{outcome}"
    last = Message.objects.latest("pk")
    assert last.kind == ("project_shown_again" if lifted else "project_stays_hidden")
    with pytest.raises(ProjectError, match=r"no appeal|not hidden"):
        decide_project_appeal(hiding.project, by=moderator(), outcome=outcome)


def test_who_hid_it_decides_no_appeal_and_cannot_get_round_it():
    first = moderator()
    hiding = appealed(by=first)
    assert not project_appeals_for(first)
    for outcome in AppealOutcome:
        with pytest.raises(ProjectError, match="another moderator"):
            decide_project_appeal(hiding.project, by=first, outcome=outcome)
    with pytest.raises(ProjectError, match="have appealed"):
        restore_project(hiding.project, by=first)
    assert fresh(hiding.project).state == ProjectState.HIDDEN


def test_an_appeal_is_made_once_by_whoever_writes_it_and_in_words():
    project = ProjectFactory()
    CoAuthor.objects.create(project=project, user=(friend := UserFactory()))
    with pytest.raises(ProjectError, match="not hidden"):
        appeal_project(project, by=friend, words="Why?")
    hide(project)
    with pytest.raises(ProjectError, match="Only those who write it"):
        appeal_project(project, by=UserFactory(), words="Why?")
    with pytest.raises(ProjectError, match="Write something"):
        appeal_project(project, by=friend, words=" ")
    appeal_project(project, by=friend, words="Why?")
    with pytest.raises(ProjectError, match="already"):
        appeal_project(project, by=project.proposer, words="Why, oh why?")
    assert ProjectHiding.objects.get().appeal_words == "Why?"


def test_an_appeal_that_no_moderator_may_decide_is_told_to_who_gives_roles():
    """Nor may a moderator who writes the project."""
    root, alone = UserFactory(is_superuser=True, is_staff=True), moderator()
    project = ProjectFactory(proposer=moderator())
    hide(project, by=alone)
    appeal_project(project, by=project.proposer, words="Why?")
    told = Message.objects.filter(kind="appeal_of_nobody")
    assert [message.recipient for message in told] == [root]
    assert told.get().context == {
        "what": "project", "title": project.title, "desk_url": "/desk/roles/",
    }  # fmt: skip
    moderator()
    appealed(by=alone)
    assert told.count() == 1


@pytest.mark.parametrize("who", ["a resident", "the proposer", "a co-author"])
def test_only_moderators_judge_and_not_what_they_write_themselves(who):
    by = UserFactory() if who == "a resident" else moderator()
    project = ProjectFactory(proposer=by) if who == "the proposer" else ProjectFactory()
    if who == "a co-author":
        CoAuthor.objects.create(project=project, user=by)
    flag_project(project, by=UserFactory(), reason=Wrong.OTHER)
    why = "Only a moderator" if who == "a resident" else "your own"
    for act in (lambda: hide(project, by=by), lambda: dismiss_project_flags(project, by=by)):
        with pytest.raises(ProjectError, match=why):
            act()
    assert ProjectFlag.objects.waiting().count() == 1
    hide(project)
    appeal_project(project, by=project.proposer, words="Why?")
    for act in (
        lambda: restore_project(project, by=by),
        lambda: decide_project_appeal(project, by=by, outcome=AppealOutcome.LIFTED),
    ):
        with pytest.raises(ProjectError, match=why):
            act()
    assert who == "a resident" or not project_appeals_for(by)
    assert fresh(project).state == ProjectState.HIDDEN


def test_of_somebody_who_is_erased_no_words_to_moderators_are_left():
    hiding, flagged = appealed(), ProjectFactory()
    person = hiding.project.proposer
    flag_project(flagged, by=person, reason=Wrong.OTHER, words="He lives next door to me.")
    with transaction.atomic():
        forget_author(person)
    left = ProjectHiding.objects.get()
    assert (left.appeal_words, left.appealed_by, left.reason) == ("", None, Wrong.PRIVATE)
    flag = ProjectFlag.objects.get()
    assert (flag.reporter, flag.words, flag.reason) == (None, "", Wrong.OTHER)


def test_the_tables_refuse_what_no_moderator_may_do():
    hiding, now = appealed(), timezone.now()
    same = {"outcome": "lifted", "decided_by": hiding.hidden_by, "decided_at": now}
    unasked = hide(ProjectFactory())
    by = moderator()
    for row, changes, name in (
        (hiding, same, "projecthiding_decided_by_another"),
        (hiding, {"lifted_by": by, "lifted_at": now}, "projecthiding_appealed_is_decided"),
        (hiding, {"outcome": "lifted"}, "projecthiding_decided_after_an_appeal"),
        (unasked, same | {"decided_by": by}, "projecthiding_decided_after_an_appeal"),
        (unasked, {"lifted_at": now}, "projecthiding_lifted_by_somebody"),
        (unasked, {"reason": "dull"}, "projecthiding_reason_known"),
        (unasked, {"state_before": "draft"}, "projecthiding_was_public"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ProjectHiding.objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(IntegrityError, match="projecthiding_one_at_a_time"), transaction.atomic():
        ProjectHiding.objects.create(
            project=hiding.project, reason="other", hidden_by=by, state_before="ready"
        )


def test_what_it_is_the_same_as_uses_up_no_report_of_what_is_wrong():
    project, by, others = ProjectFactory(), UserFactory(), ProjectFactory.create_batch(2)
    for other in others:
        flag_project(project, by=by, reason=SAME, other=other)
    flag_project(project, by=by, reason=Wrong.INSULT)
    with pytest.raises(ProjectError, match="that it is the same as this one"):
        flag_project(project, by=by, reason=SAME, other=others[0])
    with pytest.raises(ProjectError, match="that something is wrong with it"):
        flag_project(project, by=by, reason=Wrong.ILLEGAL)
    assert ProjectFlag.objects.filter(project=project, reporter=by).count() == 3


def test_the_tables_refuse_a_second_report_and_an_unknown_reason():
    flag = flag_project(ProjectFactory(), by=UserFactory(), reason=Wrong.OTHER)
    once = {"project": flag.project, "reporter": flag.reporter}
    with pytest.raises(IntegrityError, match="once_for_what_is_wrong"), transaction.atomic():
        ProjectFlag.objects.create(reason="insult", **once)
    same = once | {"reason": "same", "other": ProjectFactory()}
    ProjectFlag.objects.create(**same)
    with pytest.raises(IntegrityError, match="once_as_the_same"), transaction.atomic():
        ProjectFlag.objects.create(**same)
    with pytest.raises(IntegrityError, match="projectflag_reason_known"), transaction.atomic():
        ProjectFlag.objects.create(project=flag.project, reporter=UserFactory(), reason="dull")


def test_no_project_is_hidden_without_a_reason_nor_shown_while_one_stands():
    shown, gone = ProjectFactory(), hidden()
    for project, state in ((shown, "hidden"), (gone, "ready"), (gone, "stub")):
        with pytest.raises(IntegrityError, match="a reason stands"), transaction.atomic():
            Project.objects.filter(pk=project.pk).update(state=state)
    with pytest.raises(IntegrityError, match="a reason stands"), transaction.atomic():
        ProjectFactory(state=ProjectState.HIDDEN)
