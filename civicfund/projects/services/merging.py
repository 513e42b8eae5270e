"""Acts that make one project of two, losing nothing, and such as undo it."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.notices.services import Letter, tell_all
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.projects.access import authored_by, authors_of
from civicfund.projects.enums import (
    LISTED_STATES,
    MERGE_MOVES,
    PROJECT_MOVES,
    SAME,
    MergeState,
    ProjectState,
)
from civicfund.projects.models import Merge, Project, ProjectFlag
from civicfund.projects.selectors import why_held, why_kept_apart
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.holding import check_may_write

MERGED = "project_merged"


def ask_to_merge(project: Project, into: Project, *, reason: str, by: User) -> Merge:
    """The proposer of either asks the proposer of the other; whoever proposed both is done."""
    check_may_write(by)
    with transaction.atomic():
        child, whole = _hold_both(project.pk, into.pk)
        if by.pk not in (child.proposer_id, whole.proposer_id):
            raise ProjectError(_("Only those who proposed one of the two can ask for this."))
        _check_may_merge(child, whole, reason)
        merge = Merge.objects.create(project=child, into=whole, reason=reason.strip(), asked_by=by)
        record("project.merge_asked", child, actor=by, into=whole.pk)
        if child.proposer_id == whole.proposer_id:
            _check_own_ideas(child, whole)
            return _merge(merge, child, whole, by=by)
        _tell("project_merge_asked", merge, [_other(merge, child, whole)])
    return merge


def _hold_both(one: int, other: int) -> tuple[Project, Project]:
    """Both rows, locked in the order of their ids, whichever of them is which."""
    if one == other:
        raise ProjectError(_("A project cannot become part of itself."), field="into")
    rows = Project.objects.select_for_update(of=("self",)).filter(pk__in=[one, other])
    held = {row.pk: row for row in rows.select_related("proposer").order_by("pk")}
    return held[one], held[other]


def _check_may_merge(child: Project, whole: Project, reason: str) -> None:
    _check_may_become_one(child, whole)
    if not reason.strip():
        raise ProjectError(_("Say why."), field="reason")
    if child.merges.filter(state=MergeState.ASKED).exists():
        raise ProjectError(_("This is asked already, and waits for an answer."))


def _check_own_ideas(child: Project, whole: Project) -> None:
    if child.handed_in_by or whole.handed_in_by:
        words = _("Another person handed in one of the two on paper: ask a moderator.")
        raise ProjectError(words, field="into")


def _check_may_become_one(child: Project, whole: Project) -> None:
    if child.state not in LISTED_STATES or whole.state not in LISTED_STATES:
        raise ProjectError(_("Both have to be on the list of projects."), field="into")
    if refusal := why_held(child) or why_kept_apart(child, whole):
        raise ProjectError(refusal)


def _other(merge: Merge, child: Project, whole: Project) -> User:
    """Whose yes it takes: the proposer who did not ask."""
    return whole.proposer if merge.asked_by_id == child.proposer_id else child.proposer


def agree_to_merge(merge: Merge, *, by: User) -> Merge:
    """The other proposer agrees; from now on there is one project."""
    check_may_write(by)
    with transaction.atomic():
        row, child, whole = _hold_asked(merge)
        if by.pk != _other(row, child, whole).pk:
            raise ProjectError(_("Only the other proposer can agree."))
        _check_may_become_one(child, whole)
        return _merge(row, child, whole, by=by)


def decline_to_merge(merge: Merge, *, by: User) -> Merge:
    """The other proposer says no; both projects stay as they are."""
    with transaction.atomic():
        row, child, whole = _hold_asked(merge)
        if by.pk != _other(row, child, whole).pk:
            raise ProjectError(_("Only the other proposer can decline."))
        said = _decide(row, MergeState.DECLINED, by)
        _tell("project_merge_declined", said, [said.asked_by])
    return said


def take_back_merge(merge: Merge, *, by: User) -> Merge:
    """Whoever asked asks no more."""
    with transaction.atomic():
        row, _child, _whole = _hold_asked(merge)
        if by.pk != row.asked_by_id:
            raise ProjectError(_("Only whoever asked can take it back."))
        return _decide(row, MergeState.WITHDRAWN, by)


def merge_as_moderator(project: Project, into: Project, *, reason: str, by: User) -> Merge:
    """A moderator makes one of two that are the same, with a reason that all can read.

    Never of what they write themselves: supports go from one to the other.
    """
    _require_moderator(by)
    with transaction.atomic():
        child, whole = _hold_both(project.pk, into.pk)
        _check_not_theirs(by, child.pk, whole.pk)
        Merge.objects.filter(project=child, state=MergeState.ASKED).update(
            state=MergeState.WITHDRAWN, decided_by=by, decided_at=db_now()
        )
        _check_may_merge(child, whole, reason)
        merge = Merge.objects.create(
            project=child, into=whole, reason=reason.strip(), asked_by=by, by_moderator=True
        )
        return _merge(merge, child, whole, by=by)


def undo_merge(merge: Merge, *, reason: str, by: User) -> Merge:
    """A moderator makes two of one again: all that had gone in with the project comes out with it.

    Supports stayed with the projects that they were given to, so each has its own again.
    """
    _require_moderator(by)
    if not reason.strip():
        raise ProjectError(_("Say why."), field="reason")
    with transaction.atomic():
        stands = Project.objects.get(pk=merge.project_id)
        child, whole = _hold_both(stands.pk, stands.merged_into_id or merge.into_id)
        row = _hold_merge(merge)
        if row.state != MergeState.AGREED or child.merged_into_id != whole.pk:
            raise ProjectError(_("This is not merged."))
        if child.state == ProjectState.HIDDEN:
            raise ProjectError(_("It is hidden: show it again first."))
        _check_not_theirs(by, child.pk, whole.pk, row.into_id)
        return _take_apart(row, child, whole, because=reason.strip(), by=by)


def release_parts(whole: Project, *, by: User) -> None:
    """All that had gone into a project that was withdrawn comes out of it; its authors are told.

    What moderators hide comes out hidden. The caller holds the project and what went into it.
    """
    merges = Merge.objects.select_for_update(of=("self",)).filter(
        into=whole, state=MergeState.AGREED, project__merged_into=whole
    )
    for merge in merges.select_related("project", "into", "asked_by").order_by("pk"):
        because = _("The project that it had become part of was withdrawn.")
        _take_apart(merge, merge.project, whole, because=because, by=by)


def lay_down_requests(gone: Project, *, by: User) -> None:
    """Nobody waits any more for an answer about a project that was withdrawn, has gone into another
    one, or is nobody's: whoever asked can ask about a project that is there.

    The caller holds the project.
    """
    _lay_down(Q(project=gone) | Q(into=gone), by)


def take_back_requests(person: User, project: Project | None = None) -> None:
    """Whoever leaves, or leaves a project, asks no more: whoever proposes in their place has not
    asked.
    """
    about = Q(project=project) | Q(into=project) if project else Q()
    _lay_down(about & Q(asked_by=person), person)


def _lay_down(which: Q, by: User) -> None:
    waiting = Merge.objects.filter(which, state=MergeState.ASKED)
    for merge in waiting.select_for_update(of=("self",)).order_by("pk"):
        _decide(merge, MergeState.WITHDRAWN, by)


def _take_apart(merge: Merge, child: Project, whole: Project, *, because: str, by: User) -> Merge:
    """Two of one again, each with its own. The caller holds both projects and the merge."""
    hidden = child.state == ProjectState.HIDDEN
    if hidden:
        _take_out_hidden(merge, child, by=by)
    else:
        advance(child, ProjectState(merge.state_before), PROJECT_MOVES, actor=by, merged_into=None)
    theirs = _came_with(child, merge.brought)
    Project.objects.filter(pk__in=theirs, merged_into=whole).update(merged_into=child)
    undone = _decide(merge, MergeState.UNDONE, by, undone_because=because)
    # What is hidden is named to nobody but those who write it.
    told = authors_of(child) if hidden else authors_of(child, whole)
    _tell("project_merge_undone", undone, told.exclude(pk=by.pk))
    return undone


def _came_with(child: Project, brought: Iterable[int]) -> set[int]:
    """Those of what it brought that are still its own: not what was taken out of it since, and has
    gone into the other by another way.
    """
    agreed = Merge.objects.filter(state=MergeState.AGREED, project__in=brought)
    found: set[int] = set()
    whole = {child.pk}
    while whole:
        parts = agreed.filter(into__in=whole).values_list("project", flat=True)
        whole = set(parts) - found
        found |= whole
    return found


def _take_out_hidden(merge: Merge, child: Project, *, by: User) -> None:
    """It stays hidden; shown again, it is how far it was before it was merged."""
    child.hidings.standing().update(state_before=merge.state_before)
    Project.objects.filter(pk=child.pk).update(merged_into=None)
    record("project.came_out_hidden", child, actor=by, merge=merge.pk)


def _merge(merge: Merge, child: Project, whole: Project, *, by: User) -> Merge:
    """The merge itself. The caller holds both projects."""
    parts = list(child.merged_projects.order_by("pk"))
    brought = [part.pk for part in parts]
    told = set(authors_of(child, whole, *parts)) | set(_supporters(child.pk, *brought))
    before = child.state
    Project.objects.filter(pk__in=brought).update(merged_into=whole)
    advance(child, ProjectState.MERGED, PROJECT_MOVES, actor=by, merged_into=whole)
    agreed = _decide(merge, MergeState.AGREED, by, state_before=before, brought=brought)
    lay_down_requests(child, by=by)
    _answer_reports(child, whole)
    _tell(MERGED, agreed, sorted(told - {by}, key=lambda person: person.pk))
    return agreed


def _answer_reports(child: Project, whole: Project) -> None:
    """Whoever told the moderators that the two are the same was right."""
    pair = Q(project=child, other=whole) | Q(project=whole, other=child)
    ProjectFlag.objects.waiting().filter(pair, reason=SAME).update(handled_at=db_now())


def _require_moderator(by: User) -> None:
    if not has_role(by, Role.MODERATOR):
        raise PermissionDenied(Role.MODERATOR.label)


def _check_not_theirs(by: User, *projects: int) -> None:
    """Who decides over others writes neither of the two, nor anything that went into them."""
    concerned = Q(pk__in=projects) | Q(merged_into__in=projects)
    if Project.objects.filter(concerned).filter(authored_by(by)).exists():
        raise ProjectError(_("You write one of these projects: another moderator has to decide."))


def _hold_merge(merge: Merge) -> Merge:
    held = Merge.objects.select_for_update(of=("self",))
    return held.select_related("project", "into", "asked_by").get(pk=merge.pk)


def _hold_asked(merge: Merge) -> tuple[Merge, Project, Project]:
    child, whole = _hold_both(merge.project_id, merge.into_id)
    row = _hold_merge(merge)
    if row.state != MergeState.ASKED:
        raise ProjectError(_("This was answered already."))
    return row, child, whole


def _decide(merge: Merge, to: MergeState, by: User, **more: object) -> Merge:
    return advance(merge, to, MERGE_MOVES, actor=by, decided_by=by, decided_at=db_now(), **more)


def _supporters(*projects: int) -> list[User]:
    rows = Project.objects.filter(pk__in=projects).values("supports__person")
    return list(User.objects.filter(pk__in=rows).order_by("pk"))


def _tell(kind: str, merge: Merge, people: Iterable[User]) -> None:
    context = {
        "title": merge.project.title,
        "into": merge.into.title,
        "reason": merge.undone_because or merge.reason,
        "withdrawn": merge.into.state == ProjectState.WITHDRAWN,
        "project_url": merge.project.get_absolute_url(),
    }
    tell_all(kind, [Letter(person, merge, context) for person in people])
