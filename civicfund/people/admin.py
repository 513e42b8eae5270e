"""People, roles and residencies in the admin; acts go through the services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.people.enums import Role
from civicfund.people.models import Residency, RoleGrant, User
from civicfund.people.selectors import has_role
from civicfund.people.services import (
    ResidencyError,
    RoleError,
    grant_role,
    prove_residency,
    revoke_role,
)


def _staff(request: HttpRequest) -> User:
    """The admin site lets only people through."""
    if not isinstance(request.user, User):
        raise TypeError("the admin site let somebody through who is no person")
    return request.user


class RoleGrantInline(ReadOnlyInline[RoleGrant, User]):
    """The roles somebody holds."""

    model = RoleGrant
    fk_name = "user"
    fields = ("role", "granted_by", "granted_at")


@admin.register(User)
class PersonAdmin(ReadOnlyAdmin[User]):
    """Accounts. A superuser gives and takes roles here."""

    shown = ("display_name", "email", "is_active", "is_staff", "is_superuser", "joined_at")
    list_display = ("display_name", "email", "is_staff", "joined_at")
    list_filter = ("is_staff", "is_superuser", "role_grants__role")
    search_fields = ("display_name", "email")
    ordering = ("-joined_at", "-pk")
    inlines = (RoleGrantInline,)
    refusals = (RoleError,)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Two acts for each role, for superusers."""
        if not _staff(request).is_superuser:
            return {}
        acts = {}
        for role in Role:
            acts[f"grant_{role}"] = (
                partial(_change_role, act=grant_role, role=role),
                f"grant_{role}",
                _("Give the role: %(role)s") % {"role": role.label},
            )
            acts[f"revoke_{role}"] = (
                partial(_change_role, act=revoke_role, role=role),
                f"revoke_{role}",
                _("Take the role: %(role)s") % {"role": role.label},
            )
        return acts


def _change_role(
    page: PersonAdmin,
    request: HttpRequest,
    people: QuerySet[User],
    *,
    act: Callable[..., object],
    role: Role,
) -> None:
    page.each(request, people, lambda person: act(person, role, by=_staff(request)))


@admin.register(Residency)
class ResidencyAdmin(ReadOnlyAdmin[Residency]):
    """Who lives where. Poll officers confirm what they have seen proof of."""

    readers = frozenset({Role.POLL_OFFICER})
    refusals = (ResidencyError,)
    shown = ("user", "neighborhood", "since", "until", "proof", "proved_at", "officer", "born_by")
    list_display = shown
    list_filter = (("proved_at", admin.EmptyFieldListFilter), "proof", "neighborhood")
    list_select_related = ("user", "neighborhood", "proved_by")
    search_fields = ("user__display_name", "user__email")
    ordering = ("-pk",)
    actions = ("confirm_seen",)

    @admin.display(description=_("confirmed by"))
    def officer(self, row: Residency) -> str:
        """Who has seen the proof."""
        return str(row.proved_by or "")

    def has_confirm_permission(self, request: HttpRequest) -> bool:
        """Poll officers; being a superuser is not enough."""
        return has_role(_staff(request), Role.POLL_OFFICER)

    @admin.action(
        description=_("Confirm: I have seen the proof, but not their age"), permissions=["confirm"]
    )
    def confirm_seen(self, request: HttpRequest, rows: QuerySet[Residency]) -> None:
        """Somebody stood before the officer."""
        officer = _staff(request)
        self.each(request, rows, lambda row: prove_residency(row, by=officer))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One more act for each age that votes ask for: its home may be confirmed already."""
        acts: dict[str, Any] = super().get_actions(request)
        if self.has_confirm_permission(request):
            for age in settings.CONFIRMED_AGES:
                acts[f"confirm_{age}"] = (
                    partial(_confirm_age, age=age),
                    f"confirm_{age}",
                    _("Confirm: I have seen the proof, and that they are %(age)s or older")
                    % {"age": age},
                )
        return acts


def _confirm_age(
    page: ResidencyAdmin, request: HttpRequest, rows: QuerySet[Residency], *, age: int
) -> None:
    officer = _staff(request)
    page.each(request, rows, lambda row: prove_residency(row, at_least=age, by=officer))
