"""Giving and taking roles."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.people.services.errors import RoleError


def grant_role(user: User, role: Role, *, by: User | None) -> RoleGrant:
    """Give somebody a role; giving it twice changes nothing. Every role opens the admin site.

    ``by`` is a superuser, or nobody where a command on the server does it.
    """
    _check_superuser(by)
    with transaction.atomic():
        grant, created = RoleGrant.objects.get_or_create(
            user=user, role=role, defaults={"granted_by": by}
        )
        if created:
            User.objects.filter(pk=user.pk).update(is_staff=True)
            record("role.granted", user, actor=by, role=role)
    return grant


def revoke_role(user: User, role: Role, *, by: User | None) -> None:
    """Take a role away; with the last one the admin site closes, save for superusers."""
    _check_superuser(by)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        gone, _rows = RoleGrant.objects.filter(user=user, role=role).delete()
        if not gone:
            raise RoleError(_("This person does not hold the role."))
        if not RoleGrant.objects.filter(user=user).exists():
            User.objects.filter(pk=user.pk, is_superuser=False).update(is_staff=False)
        record("role.revoked", user, actor=by, role=role)


def _check_superuser(by: User | None) -> None:
    if by is not None and not by.is_superuser:
        raise RoleError(_("Only a superuser gives and takes roles."))
