"""What somebody was made by the town, as permissions: ``user.has_perm("people.poll_officer")``."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from rules.permissions import add_perm
from rules.predicates import predicate

from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User


def _declare(role: Role) -> None:
    def holds(user: User) -> bool:
        return RoleGrant.objects.filter(user=user.pk, role=role).exists()

    named = predicate(holds, name=f"holds_{role}")  # type: ignore[no-untyped-call]
    add_perm(f"people.{role}", named)  # type: ignore[no-untyped-call]


for _role in Role:
    _declare(_role)


def may_give_roles(user: User | AnonymousUser) -> bool:
    """Superusers whose account is in use: they ask for roles, agree to them and end them."""
    return user.is_superuser and user.is_active
