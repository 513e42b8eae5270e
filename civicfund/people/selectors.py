"""Reading people."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from civicfund.people.enums import Role
from civicfund.people.models import Residency, RoleGrant, User


def has_role(user: User | AnonymousUser, role: Role) -> bool:
    """Whether somebody was given the role."""
    return user.is_authenticated and RoleGrant.objects.filter(user=user, role=role).exists()


def roles_of(user: User) -> set[str]:
    """The roles that somebody was given."""
    return set(RoleGrant.objects.filter(user=user).values_list("role", flat=True))


def people_with(role: Role) -> QuerySet[User]:
    """Those who were given the role and can sign in."""
    return User.objects.filter(role_grants__role=role, is_active=True).order_by("pk")


def residencies_on(day: date) -> QuerySet[Residency]:
    """Who lived where on a day, proved or not."""
    return Residency.objects.filter(Q(until__isnull=True) | Q(until__gt=day), since__lte=day)


def proved_residencies_on(day: date) -> QuerySet[Residency]:
    """Who is proved to have lived where on a day."""
    return residencies_on(day).filter(proved_at__isnull=False)


def residency_of(user: User | AnonymousUser) -> Residency | None:
    """Where somebody lives today, with the neighborhood; None where they have not said."""
    if not user.is_authenticated:
        return None
    today = timezone.localdate()
    return residencies_on(today).filter(user=user).select_related("neighborhood").first()
