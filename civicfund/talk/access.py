"""What a thread is about and who may see it: the one door to a subject and to a comment.

A thread names its subject by kind and id, because campaigns and cycles stand above talk. Whoever
knows a kind brings its door once, when the site is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.prepared import Prepared
from civicfund.projects.access import moderates, visible_projects, written_among
from civicfund.projects.enums import PUBLIC_STATES
from civicfund.projects.models import Project, ProjectQuerySet
from civicfund.talk.enums import TALKED_ABOUT, SubjectKind
from civicfund.talk.models import Comment, Thread

Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Subject:
    """What people talk about or follow: a thing with a page."""

    kind: SubjectKind
    pk: int
    title: str
    url: str
    is_public: bool
    owner_id: int | None = None
    # The project that it is, or belongs to: whoever writes that is concerned by it, too.
    project_id: int | None = None

    @property
    def may_be_talked_about(self) -> bool:
        """Whether anybody may write here now: not about a draft, nor about a whole place."""
        return self.is_public and self.kind in TALKED_ABOUT

    @property
    def has_creator(self) -> bool:
        """Whether somebody runs it who can be asked."""
        return self.kind == SubjectKind.CAMPAIGN and self.owner_id is not None

    @property
    def may_be_answered(self) -> bool:
        """Whether anybody may answer what was said here."""
        return self.may_be_talked_about or (self.is_public and self.kind == SubjectKind.UPDATE)


Door = Callable[[Person, Collection[int]], dict[int, Subject]]
"""Those of the ids that this person may see, in one query or two."""

_doors: dict[str, Door] = {}


def doors_to(kind: SubjectKind, door: Door) -> None:
    """Find subjects of this kind so."""
    _doors[kind] = door


def visible_subjects(
    user: Person, wanted: Collection[tuple[str, int]]
) -> dict[tuple[str, int], Subject]:
    """Those of the subjects that this person may see, by kind and id; a few queries for each kind.

    A kind to which nobody brought a door has nothing to see.
    """
    found: dict[tuple[str, int], Subject] = {}
    for kind in {kind for kind, _pk in wanted} & _doors.keys():
        pks = {pk for each, pk in wanted if each == kind}
        found |= {(kind, pk): subject for pk, subject in _doors[kind](user, pks).items()}
    return found


def visible_subject(user: Person, kind: str, pk: int) -> Subject:
    """The subject; ``Http404`` where it does not exist for this person."""
    found = visible_subjects(user, [(kind, pk)]).get((kind, pk))
    if found is None:
        raise Http404("No such subject.")
    return found


def thread_about(subject: Subject) -> Thread | None:
    """What was said about it; None where nothing was yet."""
    return _threads.first(subject.kind, subject.pk)


@Prepared
def _threads(kind: str, subject: int) -> QuerySet[Thread]:
    return Thread.objects.filter(kind=kind, subject_id=subject)


def visible_comment(user: Person, pk: int) -> tuple[Comment, Subject]:
    """A comment and what it is about; ``Http404`` where either does not exist for this person."""
    comment = _comment(pk)
    thread = comment.thread
    return comment, visible_subject(user, thread.kind, thread.subject_id)


def readable_comment(user: Person, pk: int) -> tuple[Comment, Subject]:
    """The same, and one's own words also where what they are about is open to them no more."""
    comment = _comment(pk)
    if user.is_authenticated and comment.author_id == user.pk:
        return comment, _subject_of(comment, user)
    return visible_comment(user, pk)


def own_comment(user: User, pk: int) -> tuple[Comment, Subject]:
    """One's own comment and what it is about; 403 where it is somebody else's."""
    found, subject = readable_comment(user, pk)
    if found.author_id != user.pk:
        raise PermissionDenied
    return found, subject


def comment_to_judge(moderator: User, pk: int) -> tuple[Comment, Subject]:
    """Any comment, for the moderators' desk: a report is answered whatever became of what the
    comment is about.
    """
    comment = _comment(pk)
    return comment, _subject_of(comment, moderator)


def _comment(pk: int) -> Comment:
    comment = Comment.objects.whole().filter(pk=pk).first()
    if comment is None:
        raise Http404("No such comment.")
    return comment


def _subject_of(comment: Comment, user: User) -> Subject:
    return subject_among(subjects_of(user, [comment]), comment)


def subjects_of(user: User, comments: Iterable[Comment]) -> dict[tuple[str, int], Subject]:
    """What these comments are about, as far as this person may see it, for ``subject_among``."""
    return visible_subjects(user, {(each.thread.kind, each.thread.subject_id) for each in comments})


def subject_among(named: Mapping[tuple[str, int], Subject], comment: Comment) -> Subject:
    """What a comment is about; without title and page where that is not among them."""
    key = comment.thread.kind, comment.thread.subject_id
    return named.get(key) or closed_subject(*key)


def concerning(person: User, subjects: Iterable[Subject]) -> set[Subject]:
    """Those of the subjects that somebody runs, or whose project they write; in one query."""
    asked = set(subjects)
    written = written_among(person, {each.project_id for each in asked if each.project_id})
    return {each for each in asked if each.owner_id == person.pk or each.project_id in written}


def runs(person: User, subject: Subject) -> bool:
    """The same of one of them."""
    return subject in concerning(person, [subject])


def judges(person: Person, subject: Subject) -> bool:
    """Whether somebody may judge what others said of it: a moderator whom it does not concern. Of
    whoever is not of the staff nothing is asked.
    """
    if not (isinstance(person, User) and person.is_staff and moderates(person)):
        return False
    return not concerning(person, [subject])


def closed_subject(kind: str, pk: int) -> Subject:
    """What stands in the place of a subject that is withdrawn or gone: neither title nor page."""
    title = _("Something that is no longer public")
    return Subject(kind=SubjectKind(kind), pk=pk, title=title, url="", is_public=False)


def projects(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to projects."""
    rows = _public_projects(pks)
    others = set(pks) - {row.pk for row in rows}
    # Of what is not public, one's rights have to be asked.
    rows += _named(visible_projects(user), others) if others and user.is_authenticated else []
    return {
        row.pk: Subject(
            kind=SubjectKind.PROJECT,
            pk=row.pk,
            title=row.title,
            url=row.get_absolute_url(),
            is_public=row.state in PUBLIC_STATES,
            owner_id=row.proposer_id,
            project_id=row.pk,
        )
        for row in rows
    }


@Prepared
def _public_projects(pks: Collection[int]) -> ProjectQuerySet:
    return _named(Project.objects.public(), pks)


def _named(rows: ProjectQuerySet, pks: Collection[int]) -> ProjectQuerySet:
    return rows.filter(pk__in=pks).only("title", "state", "proposer_id")


def places(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to neighborhoods, districts and the city."""
    return {
        row.pk: Subject(
            kind=SubjectKind.NEIGHBORHOOD,
            pk=row.pk,
            title=row.name,
            url=row.get_absolute_url(),
            is_public=True,
        )
        for row in _places(pks)
    }


@Prepared
def _places(pks: Collection[int]) -> QuerySet[Neighborhood]:
    return Neighborhood.objects.filter(pk__in=pks).only("name", "slug")
