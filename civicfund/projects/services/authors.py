"""Acts about who writes a project: invite, accept, decline, leave, remove."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.services import take_back, tell
from civicfund.people.models import User
from civicfund.projects.models import (
    CoAuthor,
    Invitation,
    InvitationPause,
    JoinWishQuerySet,
    Project,
)
from civicfund.projects.selectors import is_tied
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.hearing import let_joined_hear
from civicfund.projects.services.holding import (
    CHANGEABLE,
    check_may_show,
    check_may_write,
    hold_on_paper,
    hold_own,
    hold_project,
)
from civicfund.projects.services.merging import take_back_requests
from civicfund.words import seen

INVITED, ASKED_TO_JOIN = "project_invitation", "project_join_asked"
MOST_AUTHORS = 10
# Each invitation writes to whoever has the address.
ASKED_ANEW_AFTER, ASKED_ANEW_AFTER_NO = timedelta(days=1), timedelta(days=30)


def invite_co_author(
    project: Project, address: str, *, by: User, takes_over: bool = False
) -> Invitation:
    """Let whoever owns this address write with the proposer, if they say yes; or be its proposer,
    where it ``takes_over`` what was entered for them from paper: administrators ask for that, too.

    Where somebody has an account under it they are told by mail; whether there is one shows
    nowhere. The link may be passed on in any case: it opens only for that address.
    """
    check_may_write(by)
    address = address.strip().lower()
    with transaction.atomic():
        row = hold_on_paper(project, by) if takes_over else hold_own(project, by)
        _check_is_another(row, address, by)
        if takes_over:
            _check_may_be_taken_over(row, address)
        if not (takes_over and _writes(row, address)):
            _check_room(row, address)
        if not row.invitations.filter(address=address).exists():
            _check_not_paused(row, address)
        invitation, is_new = Invitation.objects.get_or_create(project=row, address=address)
        if takes_over and not invitation.takes_over:
            invitation.takes_over = True
            invitation.save(update_fields=["takes_over"])
        if is_new:
            record("project.co_author_invited", row, actor=by)
        known = User.objects.filter(email=address, is_active=True, guest_email="").first()
        if known:
            page = invitation.get_absolute_url()
            tell(
                known, INVITED, invitation,
                title=row.title, invitation_url=page, takes_over=invitation.takes_over,
            )  # fmt: skip
    return invitation


def _check_is_another(project: Project, address: str, by: User) -> None:
    if project.state not in CHANGEABLE:
        raise ProjectError(_("A project that is gone can no longer be changed."))
    if address == by.email:
        raise ProjectError(_("This is your own address."), field="address")


def _writes(project: Project, address: str) -> bool:
    return project.co_authors.filter(user__email=address).exists()


def _check_room(project: Project, address: str) -> None:
    if _writes(project, address):
        raise ProjectError(_("This person writes with you already."), field="address")
    asked = project.invitations.exclude(address=address).count()
    if project.co_authors.count() + asked >= MOST_AUTHORS:
        words = _("No more than %(most)s people, please.") % {"most": MOST_AUTHORS}
        raise ProjectError(words, field="address")


def _check_not_paused(project: Project, address: str) -> None:
    paused = InvitationPause.objects.filter(project=project, key_hash=_key_of(address))
    pause = paused.filter(until__gt=db_now()).first()
    if pause:
        until = date_format(localtime(pause.until), "j F Y, H:i")
        words = _("This address was asked lately, in vain. Ask again after %(until)s.")
        raise ProjectError(words % {"until": until}, field="address")


def _pause(invitation: Invitation, pause: timedelta) -> None:
    """Write to this address no more for so long. The caller holds the project's lock."""
    now = db_now()
    over = InvitationPause.objects.filter(until__lte=now).select_for_update(skip_locked=True)
    InvitationPause.objects.filter(pk__in=[each.pk for each in over]).delete()
    InvitationPause.objects.update_or_create(
        project=invitation.project,
        key_hash=_key_of(invitation.address),
        defaults={"until": now + pause},
    )


def forget_pauses(addresses: Iterable[str]) -> None:
    """Of whoever leaves: that they said no is kept no more."""
    keys = [_key_of(address) for address in addresses]
    InvitationPause.objects.filter(key_hash__in=keys).delete()


def _key_of(address: str) -> str:
    """What an address is found again by, by whoever has it and the site's key."""
    return salted_hmac("projects.invitation_pause", address, algorithm="sha256").hexdigest()


def _check_may_be_taken_over(project: Project, address: str) -> None:
    if not project.handed_in_by:
        raise ProjectError(_("This was not handed in on paper."), field="takes_over")
    if project.invitations.filter(takes_over=True).exclude(address=address).exists():
        words = _("Somebody is asked to take it over already: take that back first.")
        raise ProjectError(words, field="takes_over")


def accept_invitation(invitation: Invitation, *, by: User) -> CoAuthor | None:
    """Write with the proposer from now on, or take over what was entered from one's paper: then
    whoever entered it writes it no more.

    Where money ties it to whoever entered it, they write it together. Raises ``ProjectError`` where
    it was taken back, where the project is gone, and for whoever may not write now: it waits for
    them. What is theirs they take over all the same.
    """
    with transaction.atomic():
        project = hold_project(invitation.project)
        asked = _answer(invitation, by)
        if not asked.takes_over:
            check_may_write(by)
        if project.state not in CHANGEABLE:
            raise ProjectError(_("A project that is gone can no longer be changed."))
        if by.pk == project.proposer_id:
            raise ProjectError(_("You proposed this project yourself."))
        forget_wishes(project.join_wishes.filter(person=by))
        if asked.takes_over and project.handed_in_by and not is_tied(project):
            _take_over(project, by)
            return None
        joined, _is_new = CoAuthor.objects.get_or_create(project=project, user=by)
        let_joined_hear(project, by.pk)
        record("project.co_author_joined", project, actor=by)
    return joined


def _take_over(project: Project, by: User) -> None:
    """Its own author proposes it, under their account. The caller holds the project's lock."""
    CoAuthor.objects.filter(project=project, user=by).delete()
    take_back_requests(project.proposer, project)
    Project.objects.filter(pk=project.pk).update(proposer=by, handed_in_by="")
    let_joined_hear(project, by.pk)
    record("project.taken_over", project, actor=by, entered_by=project.proposer_id)


def name_author_on_paper(project: Project, name: str, *, by: User) -> None:
    """Correct the name of whoever brought it on paper, or put other words in its place, as whoever
    entered it or an administrator of the budget.
    """
    with transaction.atomic():
        row = hold_on_paper(project, by)
        if not row.handed_in_by:
            raise ProjectError(_("This was not handed in on paper."))
        if not (name := seen(name)):
            raise ProjectError(_("Say it in words."), field="handed_in_by")
        Project.objects.filter(pk=row.pk).update(handed_in_by=name)
        record("project.author_on_paper_named", row, actor=by)


def decline_invitation(invitation: Invitation, *, by: User) -> None:
    """Say no; nobody is told who had been asked. For some time the project asks them no more."""
    with transaction.atomic():
        project = hold_project(invitation.project)
        _pause(_answer(invitation, by), ASKED_ANEW_AFTER_NO)
        record("project.co_author_declined", project, actor=by)


def _answer(invitation: Invitation, by: User) -> Invitation:
    """The invitation, used up. The caller holds the project's lock."""
    mine = Invitation.objects.filter(pk=invitation.pk, address=by.email).first()
    if mine is None:
        raise ProjectError(_("This invitation was taken back, or is for somebody else."))
    Invitation.objects.filter(pk=mine.pk).delete()
    return mine


def take_back_invitation(invitation: Invitation, *, by: User) -> None:
    """The proposer asks no more, or an administrator that what is on paper be taken over; the link
    opens nothing from now on.
    """
    with transaction.atomic():
        held = hold_on_paper if invitation.takes_over else hold_own
        project = held(invitation.project, by)
        asked = project.invitations.filter(pk=invitation.pk)
        for row in asked:
            _pause(row, ASKED_ANEW_AFTER)
        take_back_invitations(asked)
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
        check_may_show(row, by)
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
