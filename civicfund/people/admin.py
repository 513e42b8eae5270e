"""People, roles and residencies in the admin; acts go through the services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from civicfund import staff
from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.people.access import may_give_roles
from civicfund.people.enums import Role
from civicfund.people.models import Residency, RoleGrant, RoleRequest, User
from civicfund.people.services import (
    RoleError,
    agree_to_role,
    ask_for_role,
    revoke_role,
    take_back_role_request,
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
    fields = ("role", "granted_by", "agreed_by", "granted_at")
    readonly_fields = ("agreed_by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        """With those who gave it."""
        return super().get_queryset(request).select_related("granted_by", "approval__approved_by")

    @admin.display(description=_("agreed by"))
    def agreed_by(self, grant: RoleGrant) -> str:
        """The second superuser."""
        return str(grant.approval.approved_by) if grant.approval else ""


@admin.register(User)
class PersonAdmin(ReadOnlyAdmin[User]):
    """Accounts. A superuser asks for roles here, for another to agree, and takes them."""

    shown = ("display_name", "email", "is_active", "is_staff", "is_superuser", "joined_at")
    list_display = ("display_name", "email", "is_staff", "joined_at")
    list_filter = ("is_staff", "is_superuser", "role_grants__role")
    search_fields = ("display_name", "email")
    ordering = ("-joined_at", "-pk")
    inlines = (RoleGrantInline,)
    refusals = (RoleError,)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Two acts for each role, for superusers."""
        if not may_give_roles(_staff(request)):
            return {}
        acts = {}
        for role in Role:
            acts[f"ask_for_{role}"] = (
                partial(_change_role, act=ask_for_role, role=role),
                f"ask_for_{role}",
                _("Ask for the role: %(role)s") % {"role": role.label},
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
) -> HttpResponse | None:
    """With a second factor that was given just now: a session alone takes no role from anybody."""
    if not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request, back=request.get_full_path())
    page.each(request, people, lambda person: act(person, role, by=_staff(request)))
    return None


@admin.register(RoleRequest)
class RoleRequestAdmin(ReadOnlyAdmin[RoleRequest]):
    """Roles that a superuser asked for, so that another one agrees."""

    refusals = (RoleError,)
    shown = ("at", "person", "named", "requested_by", "standing")
    list_display = shown
    list_select_related = ("requested_by", "approval__approved_by", "withdrawal")
    ordering = ("-id",)
    actions = ("agree", "take_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleRequest]:
        """These alone, each with the person's name."""
        name = User.objects.filter(pk=Cast(OuterRef("target_id"), BigIntegerField()))
        asked = RoleRequest.objects.asked().order_by(*self.ordering)
        waits = RoleRequest.objects.waiting().filter(pk=OuterRef("pk"))
        return asked.annotate(name=Subquery(name.values("display_name")), waits=Exists(waits))

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        """Superusers alone."""
        return may_give_roles(_staff(request))

    @admin.display(description=_("who"))
    def person(self, asked: RoleRequest) -> SafeString:
        """Who is to be given it, and their page."""
        page = reverse("admin:people_user_change", args=[asked.target_id])
        name: str = asked.name  # type: ignore[attr-defined]  # as ``get_queryset`` annotates it
        return format_html('<a href="{}">{}</a>', page, name or _("Somebody"))

    @admin.display(description=_("role"))
    def named(self, asked: RoleRequest) -> str:
        """Which role."""
        return str(asked.role.label)

    @admin.display(description=_("what became of it"))
    def standing(self, asked: RoleRequest) -> str:
        """In words."""
        if hasattr(asked, "approval"):
            return str(_("%(who)s agreed") % {"who": asked.approval.approved_by})
        if hasattr(asked, "withdrawal"):
            return str(_("taken back"))
        waits: bool = asked.waits  # type: ignore[attr-defined]  # as ``get_queryset`` annotates it
        return str(_("waits for another superuser") if waits else _("lapsed"))

    @admin.action(description=_("Agree: the role is given"), permissions=["superuser"])
    def agree(self, request: HttpRequest, rows: QuerySet[RoleRequest]) -> HttpResponse | None:
        """Another superuser does, with a second factor that was given just now."""
        if not staff.second_factor_is_recent(request):
            return staff.ask_for_second_factor(request, back=request.get_full_path())
        self.each(request, rows, lambda asked: agree_to_role(asked, by=_staff(request)))
        return None

    @admin.action(description=_("Take it back"), permissions=["superuser"])
    def take_back(self, request: HttpRequest, rows: QuerySet[RoleRequest]) -> None:
        """Whoever asked for it."""
        self.each(request, rows, lambda asked: take_back_role_request(asked, by=_staff(request)))


@admin.register(Residency)
class ResidencyAdmin(ReadOnlyAdmin[Residency]):
    """Who lives where, for superusers. Officers find one home at a time, at their desk."""

    shown = ("user", "neighborhood", "since", "until", "proof", "proved_at", "officer", "born_by")
    list_display = shown
    list_filter = (("proved_at", admin.EmptyFieldListFilter), "proof", "neighborhood")
    list_select_related = ("user", "neighborhood", "proved_by")
    search_fields = ("user__display_name", "user__email")
    ordering = ("-pk",)

    @admin.display(description=_("confirmed by"))
    def officer(self, row: Residency) -> str:
        """Who has seen the proof."""
        return str(row.proved_by or "")
