"""Giving roles, which takes two superusers, and taking them, which takes one.

Whoever could give roles alone could give one to a second account of theirs, and would be both of
the people whom every grave act takes.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest, Approval, Withdrawal
from civicfund.audit.services import (
    ApprovalError,
    approve_act,
    record,
    request_act,
    withdraw_act,
)
from civicfund.people.access import may_give_roles
from civicfund.people.enums import Role
from civicfund.people.models import (
    GIVE_ROLE,
    LOOKED_UP,
    ROLE_GRANTED,
    ROLE_REVOKED,
    RoleGrant,
    RoleRequest,
    User,
)
from civicfund.people.selectors import person_at
from civicfund.people.services.errors import RoleError

# Of people with a name, so many are shown at once: enough to choose, too few to leaf through.
MOST_FOUND = 10


def find_people(words: str, *, by: User) -> list[User]:
    """Who has this proved address, or a name with all of these words, for a superuser to choose.

    ``MOST_FOUND`` of them and one more, which only says that there are more. That the superuser
    looked is recorded for each who is shown. Raises ``RoleError`` where there is nobody.
    """
    _check_superuser(by)
    people = _people_at(words) if "@" in words else _people_called(words)
    if not people:
        raise RoleError(
            _("Nobody has an account with this address.")
            if "@" in words
            else _("Nobody with an account has this name. Try a part of it, or the address.")
        )
    with transaction.atomic():
        for person in people[:MOST_FOUND]:
            record(LOOKED_UP, person, actor=by)
    return people


def _people_at(address: str) -> list[User]:
    person = person_at(address)
    return [person] if person else []


def _people_called(words: str) -> list[User]:
    proved = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    rows = User.objects.filter(Exists(proved), is_active=True, guest_email="", erased_at=None)
    for word in words.split():
        rows = rows.filter(display_name__icontains=word)
    return list(rows.order_by("display_name", "pk")[: MOST_FOUND + 1])


def grant_role(user: User, role: Role, *, by: None) -> RoleGrant:
    """Give a role by nobody, in a made-up town alone; giving it twice changes nothing.

    Every role opens the admin site. The database refuses it in a town that is not marked, by its
    owner, as made up.
    """
    with transaction.atomic():
        held = _hold(user.pk)
        return RoleGrant.objects.filter(user=held, role=role).first() or _give(held, role, None)


def ask_for_role(user: User, role: Role, *, by: User) -> RoleRequest:
    """A superuser asks that somebody be given a role; another one has to agree."""
    _check_superuser(by)
    with transaction.atomic():
        held = _hold(user.pk)
        _check_can_be_given(held, role)
        waiting = RoleRequest.objects.waiting().filter(target_id=str(held.pk))
        if waiting.filter(parameters__role=role).exists():
            raise RoleError(_("This was asked for already, and waits for another superuser."))
        asked = request_act(GIVE_ROLE, held, requested_by=by, role=role)
    return RoleRequest.objects.get(pk=asked.pk)


def agree_to_role(asked: ActRequest, *, by: User) -> RoleGrant:
    """Another superuser agrees: the role is given. Raises ``RoleError``."""
    _check_superuser(by)
    with transaction.atomic():
        found = RoleRequest.objects.asked().get(pk=asked.pk)
        held = _hold(found.target_id)
        _check_waits(found)
        role = Role(found.parameters["role"])
        _check_can_be_given(held, role)
        try:
            approval = approve_act(found, approved_by=by)
        except ApprovalError as error:
            raise RoleError(_("Somebody else than who asked for it has to agree.")) from error
        return _give(held, role, approval)


def take_back_role_request(asked: ActRequest, *, by: User) -> Withdrawal:
    """Whoever asked for it takes that back, as long as nobody has agreed."""
    with transaction.atomic():
        found = RoleRequest.objects.asked().get(pk=asked.pk)
        _hold(found.target_id)
        _check_open(found)
        try:
            return withdraw_act(found, by=by)
        except ApprovalError as error:
            raise RoleError(_("Only the person who asked for it can take it back.")) from error


def revoke_role(user: User, role: Role, *, by: User | None) -> None:
    """Take a role away; with the last one the admin site closes, save for superusers.

    One superuser is enough: to take power is not to have it.
    """
    if by is not None:
        _check_superuser(by)
    with transaction.atomic():
        # As for giving, not ``FOR UPDATE``: the event looks at who acts, and they may be held by
        # the very person from whom they take a role.
        _hold(user.pk)
        gone, _rows = RoleGrant.objects.filter(user=user, role=role).delete()
        if not gone:
            raise RoleError(_("This person does not hold the role."))
        if not RoleGrant.objects.filter(user=user).exists():
            User.objects.filter(pk=user.pk, is_superuser=False).update(is_staff=False)
        record(ROLE_REVOKED, user, actor=by, role=role)


def _hold(pk: int | str) -> User:
    """The person, for whom nobody else asks or agrees meanwhile."""
    return User.objects.select_for_update(no_key=True).get(pk=pk)


def _give(user: User, role: Role, approval: Approval | None) -> RoleGrant:
    asked_by = approval.requested_by if approval else None
    grant = RoleGrant.objects.create(user=user, role=role, granted_by=asked_by, approval=approval)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    actor = approval.approved_by if approval else None
    record(ROLE_GRANTED, user, actor=actor, role=role)
    return grant


def _check_superuser(by: User) -> None:
    if not may_give_roles(by):
        raise RoleError(_("Only a superuser gives and takes roles."))


def _check_can_be_given(user: User, role: Role) -> None:
    if not user.is_active or user.is_guest or user.erased_at is not None:
        raise RoleError(_("This person has no account that is in use."))
    if RoleGrant.objects.filter(user=user, role=role).exists():
        raise RoleError(_("This person holds the role already."))


def _check_open(asked: RoleRequest) -> None:
    if not RoleRequest.objects.open().filter(pk=asked.pk).exists():
        raise RoleError(_("This was agreed to or taken back already."))


def _check_waits(asked: RoleRequest) -> None:
    _check_open(asked)
    if not RoleRequest.objects.waiting().filter(pk=asked.pk).exists():
        raise RoleError(
            _("This has lapsed, or whoever asked for it is no superuser any more. Ask for it anew.")
        )
