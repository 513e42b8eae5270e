"""Who may see and do what with a project: the one door to a project for every view."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.people.selectors import has_role
from civicfund.prepared import Prepared
from civicfund.projects.enums import LISTED_STATES, PUBLIC_STATES, ProjectState
from civicfund.projects.models import (
    INVITATION,
    CoAuthor,
    Invitation,
    OfferFile,
    Project,
    ProjectQuerySet,
)


def authored_by(user: User | int) -> Q:
    """Projects that somebody proposed, or writes with whoever did."""
    # Ids of both kinds, each by its index: one condition over two tables would read every project.
    proposed = Project.objects.filter(proposer=user).order_by().values("pk")
    shared = CoAuthor.objects.filter(user=user).order_by().values("project")
    return Q(pk__in=proposed.union(shared, all=True))


def is_author(user: User | AnonymousUser, project: Project) -> bool:
    """Whether somebody may change the project: its proposer and its co-authors."""
    if not user.is_authenticated:
        return False
    if project.proposer_id == user.pk:
        return True
    return bool(_shared(project.pk, user.pk))


@Prepared
def _shared(project: int, user: int) -> QuerySet[CoAuthor, int]:
    return CoAuthor.objects.filter(project=project, user=user).values_list("pk", flat=True)


def is_concerned(user: User | AnonymousUser, project: Project) -> bool:
    """Whether a project is somebody's own: they write it, and not only entered it for another."""
    if project.handed_in_by and user.is_authenticated and project.proposer_id == user.pk:
        return False
    return is_author(user, project)


def concerning(user: User | int) -> Q:
    """The same of many projects."""
    proposed = Project.objects.filter(proposer=user, handed_in_by="").order_by().values("pk")
    shared = CoAuthor.objects.filter(user=user).order_by().values("project")
    return Q(pk__in=proposed.union(shared, all=True))


def keeps_paper(user: User | AnonymousUser, project: Project) -> bool:
    """Whether somebody may correct the name of whoever brought it on paper, and ask them to take it
    over, as whoever entered it may: administrators of the budget, since that one may have left.
    """
    return bool(project.handed_in_by) and has_role(user, Role.BUDGET_ADMINISTRATOR)


def sees_to_paper(user: User | AnonymousUser, project: Project) -> bool:
    """The same of whoever asks for a page: with a second factor, as at their desks."""
    return isinstance(user, User) and user.gave_second_factor and keeps_paper(user, project)


def would_see_to_paper(user: User, pk: int) -> bool:
    """Whether a second factor is all that is missing for what ``sees_to_paper`` asks."""
    if user.gave_second_factor or not has_role(user, Role.BUDGET_ADMINISTRATOR):
        return False
    return _on_paper().filter(pk=pk).exclude(authored_by(user)).exists()


def written_among(user: User, projects: Iterable[int]) -> set[int]:
    """The ids of those of the projects that somebody writes."""
    asked = set(projects)
    return set(_written(user.pk, asked)) if asked else set()


@Prepared
def _written(user: int, projects: Collection[int]) -> QuerySet[Project, int]:
    return Project.objects.filter(authored_by(user), pk__in=projects).values_list("pk", flat=True)


def concerned_among(user: User, projects: Iterable[int]) -> set[int]:
    """The ids of those of the projects that are somebody's own, as ``is_concerned`` says."""
    asked = set(projects)
    return set(_concerning(user.pk, asked)) if asked else set()


@Prepared
def _concerning(user: int, projects: Collection[int]) -> QuerySet[Project, int]:
    return Project.objects.filter(concerning(user), pk__in=projects).values_list("pk", flat=True)


def moderates(user: User | AnonymousUser) -> bool:
    """Whether somebody looks after what others write, and sees what is kept from everybody: with
    a second factor, as at the desk.
    """
    if not (isinstance(user, User) and user.gave_second_factor):
        return False
    return has_role(user, Role.MODERATOR)


def authors_of(*projects: Project) -> QuerySet[User]:
    """The proposers and the co-authors, in the order in which they joined the town."""
    proposers = [project.proposer_id for project in projects]
    shared = CoAuthor.objects.filter(project__in=projects).values("user")
    return User.objects.filter(Q(pk__in=proposers) | Q(pk__in=shared)).order_by("pk")


def authors_by_project(projects: Collection[int]) -> dict[int, frozenset[int]]:
    """The ids of who writes each of the projects, in two queries."""
    proposers = Project.objects.filter(pk__in=projects, proposer__isnull=False)
    shared = CoAuthor.objects.filter(project__in=projects)
    found: dict[int, set[int]] = {project: set() for project in projects}
    for project, person in (
        *proposers.order_by().values_list("pk", "proposer"),
        *shared.order_by().values_list("project", "user"),
    ):
        found[project].add(person)
    return {project: frozenset(people) for project, people in found.items()}


def concerned_by_project(projects: Collection[int]) -> dict[int, frozenset[int]]:
    """The ids of those whose own each of the projects is, as ``is_concerned`` says."""
    paper = Project.objects.filter(pk__in=projects).exclude(handed_in_by="").order_by()
    entered = dict(paper.values_list("pk", "proposer"))
    authors = authors_by_project(projects)
    return {project: people - {entered.get(project)} for project, people in authors.items()}


def visible_projects(user: User | AnonymousUser) -> ProjectQuerySet:
    """Public projects, and those that one writes in any state.

    What is hidden is for its authors and for moderators alone, and so is all that hangs on it.
    Moderators have given a second factor.
    """
    shown = Q(state__in=PUBLIC_STATES)
    if not user.is_authenticated:
        return Project.objects.filter(shown)
    if not user.gave_second_factor:
        return Project.objects.filter(authored_by(user) | shown)
    grant = RoleGrant.objects.filter(user=user, role=Role.MODERATOR)
    hidden = Q(state=ProjectState.HIDDEN) & Exists(grant)
    return Project.objects.filter(authored_by(user) | shown | hidden)


def visible_project(user: User | AnonymousUser, pk: int) -> Project:
    """The project with its cost; ``Http404`` where it does not exist for this person."""
    # Nearly always a public one, for which nobody's rights have to be asked.
    found = _public_project.first(pk) or (
        _whole(visible_projects(user)).filter(pk=pk).first() if user.is_authenticated else None
    )
    if found is None:
        raise Http404("No such project.")
    return found


@Prepared
def _public_project(pk: int) -> ProjectQuerySet:
    return _whole(Project.objects.public()).filter(pk=pk)


def _whole(projects: ProjectQuerySet) -> ProjectQuerySet:
    return projects.select_related("neighborhood", "proposer").with_cost().with_supports()


def authored_project(user: User, pk: int) -> Project:
    """A project that one writes; 404 where it cannot be seen, 403 where others write it."""
    project = visible_project(user, pk)
    if not is_author(user, project):
        raise PermissionDenied
    return project


def project_with_authors(user: User, pk: int) -> Project:
    """A project whose authors somebody reads of and sees to: one that they write, and one from
    paper, whatever has become of it, for administrators of the budget who have given a second
    factor. Else as ``authored_project``.
    """
    sees_all = user.gave_second_factor and has_role(user, Role.BUDGET_ADMINISTRATOR)
    found = _whole(_on_paper()).filter(pk=pk).first() if sees_all else None
    return found or authored_project(user, pk)


def _on_paper() -> ProjectQuerySet:
    return Project.objects.exclude(state=ProjectState.DRAFT).exclude(handed_in_by="")


def invitation_for(user: User, token: str) -> Invitation:
    """What the link is about, for whoever it is for.

    ``Http404`` where the link is not ours or was answered, and where the project is withdrawn or
    merged; ``PermissionDenied`` for whoever is signed in under another address.
    """
    try:
        pk = signing.Signer(salt=INVITATION).unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise Http404("No such invitation.") from None
    open_in = (ProjectState.DRAFT, *LISTED_STATES)
    asked = Invitation.objects.filter(project__state__in=open_in)
    found = asked.select_related("project__proposer").filter(pk=pk).first()
    if found is None:
        raise Http404("No such invitation.")
    if found.address != user.email:
        raise PermissionDenied(_("This invitation is for another address than yours."))
    return found


def offered_file(user: User, pk: int, offer: int) -> OfferFile:
    """What waits with an offer, for those who write the project and whoever brought it.

    ``Http404`` for anybody else, and once the offer is answered.
    """
    project = visible_project(user, pk)
    files = OfferFile.objects.select_related("offer")
    found = files.filter(offer=offer, offer__project=project).first()
    if found is None or not (found.offer.by_id == user.pk or is_author(user, project)):
        raise Http404("No such file.")
    return found


def own_project(user: User, pk: int) -> Project:
    """One's own project; 404 where it cannot be seen, 403 where it is somebody else's."""
    project = visible_project(user, pk)
    if project.proposer_id != user.pk:
        raise PermissionDenied
    return project
