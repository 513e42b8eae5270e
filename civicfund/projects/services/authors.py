"""Acts about who writes a project: invite, accept, decline, leave, remove."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.notices.services import take_back, tell
from civicfund.people.models import User
from civicfund.projects.models import CoAuthor, Invitation, JoinWishQuerySet, Project
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.hearing import let_joined_hear
from civicfund.projects.services.holding import CHANGEABLE, hold_own, hold_project
from civicfund.words import seen

INVITED, ASKED_TO_JOIN = "project_invitation", "project_join_asked"
MOST_AUTHORS = 10


def invite_co_author(project: Project, address: str, *, by: User) -> Invitation:
    """Let whoever owns this address write with the proposer, if they say yes.

    Where somebody has an account under it they are told by mail; whether there is one shows
    nowhere. The link may be passed on in any case: it opens only for that address.
    """
    address = address.strip().lower()
    with transaction.atomic():
        row = hold_own(project, by)
        _check_room(row, address, by)
        invitation, is_new = Invitation.objects.get_or_create(project=row, address=address)
        if is_new:
            record("project.co_author_invited", row, actor=by)
        known = User.objects.filter(email=address, is_active=True, guest_email="").first()
        if known:
            page = invitation.get_absolute_url()
            tell(known, INVITED, invitation, title=row.title, invitation_url=page)
    return invitation


def _check_room(project: Project, address: str, by: User) -> None:
    if project.state not in CHANGEABLE:
        raise ProjectError(_("A project that is gone can no longer be changed."))
    if address == by.email:
        raise ProjectError(_("This is your own address."), field="address")
    if project.co_authors.filter(user__email=address).exists():
        raise ProjectError(_("This person writes with you already."), field="address")
    asked = project.invitations.exclude(address=address).count()
    if project.co_authors.count() + asked >= MOST_AUTHORS:
        words = _("No more than %(most)s people, please.") % {"most": MOST_AUTHORS}
        raise ProjectError(words, field="address")


def accept_invitation(invitation: Invitation, *, by: User) -> CoAuthor:
    """Write with the proposer from now on.

    Raises ``ProjectError`` where it was taken back, and where the project is gone.
    """
    with transaction.atomic():
        project = hold_project(invitation.project)
        _answer(invitation, by)
        if project.state not in CHANGEABLE:
            raise ProjectError(_("A project that is gone can no longer be changed."))
        if by.pk == project.proposer_id:
            raise ProjectError(_("You proposed this project yourself."))
        joined, _is_new = CoAuthor.objects.get_or_create(project=project, user=by)
        let_joined_hear(project, by.pk)
        forget_wishes(project.join_wishes.filter(person=by))
        record("project.co_author_joined", project, actor=by)
    return joined


def decline_invitation(invitation: Invitation, *, by: User) -> None:
    """Say no; nobody is told who had been asked."""
    with transaction.atomic():
        project = hold_project(invitation.project)
        _answer(invitation, by)
        record("project.co_author_declined", project, actor=by)


def _answer(invitation: Invitation, by: User) -> None:
    """The invitation is used up. The caller holds the project's lock."""
    mine = Invitation.objects.filter(pk=invitation.pk, address=by.email)
    gone, _rows = mine.delete()
    if not gone:
        raise ProjectError(_("This invitation was taken back, or is for somebody else."))


def take_back_invitation(invitation: Invitation, *, by: User) -> None:
    """The proposer asks no more; the link opens nothing from now on."""
    with transaction.atomic():
        project = hold_own(invitation.project, by)
        take_back_invitations(project.invitations.filter(pk=invitation.pk))
        record("project.co_author_not_invited", project, actor=by)


def take_back_invitations(asked: QuerySet[Invitation]) -> None:
    """Of what is gone, or of whoever leaves: no link opens any more, and no mail leaves for it."""
    take_back(INVITED, asked)
    asked.delete()


def forget_wishes(asked: JoinWishQuerySet) -> None:
    """Of whoever has joined or leaves, or to what is gone: nobody reads them, nor is told."""
    take_back(ASKED_TO_JOIN, asked)
    asked.delete()


def say_what_one_does(project: Project, *, by: User, words: str) -> None:
    """A co-author says what they do in the project; everybody reads it beside their name."""
    with transaction.atomic():
        row = hold_project(project)
        if not CoAuthor.objects.filter(project=row, user=by).update(does=seen(words)):
            raise ProjectError(_("This person does not write this project."))
        record("project.co_author_does", row, actor=by)


def leave_project(project: Project, *, by: User) -> None:
    """Write no more with the proposer."""
    with transaction.atomic():
        row = hold_project(project)
        _remove(row, by.pk)
        record("project.co_author_left", row, actor=by)


def remove_co_author(project: Project, user_pk: int, *, by: User) -> None:
    """The proposer writes without this person from now on; what they wrote stays theirs."""
    with transaction.atomic():
        row = hold_own(project, by)
        _remove(row, user_pk)
        record("project.co_author_removed", row, actor=by, person=user_pk)


def _remove(project: Project, user_pk: int) -> None:
    gone, _rows = CoAuthor.objects.filter(project=project, user=user_pk).delete()
    if not gone:
        raise ProjectError(_("This person does not write this project."))
