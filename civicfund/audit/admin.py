"""Admin pages on which nothing can be typed over or deleted; acts go through services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rules.permissions import has_perm

from civicfund.audit.models import ActRequest, Approval, Event, Withdrawal
from civicfund.audit.selectors import MOST_EVENTS_SHOWN, events_of
from civicfund.audit.services import StaleStateError, record
from civicfund.states import IllegalMoveError

Row = TypeVar("Row", bound=models.Model)
Parent = TypeVar("Parent", bound=models.Model)


class ReadOnlyAdmin(admin.ModelAdmin[Row]):
    """Shows everything, changes nothing: no add, no change, no delete, for superusers too.

    ``shown`` are the fields of a row's page (all where it is empty); ``readers`` are the roles
    that may look, beside superusers. An act is an admin action whose function calls a service for
    each row through ``each``; it is offered on the list, and as a button on the row's page.
    ``@admin.action(permissions=["NAME"])`` with a method ``has_NAME_permission(request)`` says
    who is offered it; the service decides. ``refusals`` are the errors whose words are shown.
    """

    guarded: ClassVar[bool] = True
    readers: ClassVar[frozenset[str]] = frozenset()
    shown: ClassVar[tuple[str, ...]] = ()
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    change_form_template = "admin/guarded/change_form.html"

    def holds(self, request: HttpRequest, roles: Iterable[str]) -> bool:
        """Whether the person was given one of the roles; being a superuser is not enough."""
        return any(
            has_perm(f"people.{role}", request.user)  # type: ignore[no-untyped-call]
            for role in roles
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Shown on the front page to those who may look."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Superusers and the readers' roles."""
        return bool(request.user.is_superuser) or self.holds(request, self.readers)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Nobody."""
        return False

    def get_fields(self, request: HttpRequest, obj: Row | None = None) -> list[str]:  # type: ignore[override]  # flat
        """The row's own fields, then what happened to it."""
        return [*(self.shown or [field.name for field in self.opts.fields]), "trail"]

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[str]:
        """All of them."""
        return self.get_fields(request, obj)

    def events(self, row: Row) -> models.QuerySet[Event]:
        """Of what happened to a row, what its readers are told: all, where a page says no less."""
        return events_of(row)

    @admin.display(description=gettext_lazy("What happened"))
    def trail(self, row: Row) -> SafeString:
        """The row's events that are told here, newest first."""
        shown = self.events(row).select_related("actor")[:MOST_EVENTS_SHOWN]
        lines = [(event.at, event.verb, event.actor or _("the system")) for event in shown]
        if not lines:
            return format_html("{}", _("Nothing is recorded."))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {} ({})</li>", lines))

    def each(self, request: HttpRequest, rows: Iterable[Row], act: Callable[[Row], object]) -> None:
        """Do the act to every row, one transaction each, and say what was done or refused, why."""
        refusals: tuple[type[Exception], ...] = (StaleStateError, IllegalMoveError, *self.refusals)
        done = 0
        for row in rows:
            try:
                with transaction.atomic():
                    act(row)
            except refusals as refusal:
                messages.error(request, f"{row}: {refusal}")
            else:
                done += 1
        if done:
            messages.success(request, _("Done: %(count)s") % {"count": done})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The row's page, with its acts as buttons."""
        context["acts"] = [act[1:] for act in self.get_actions(request).values() if act]
        return super().render_change_form(request, context, *args, **kwargs)


class ReadOnlyInline(admin.TabularInline[Row, Parent]):
    """A row's children, to look at by whoever may look at the row."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:
        """As the page that they stand on."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:
        """Nobody."""
        return False


class GuardedAdmin(ReadOnlyAdmin[Row]):
    """A read-only page on which ``editors`` may type into the ``editable`` fields, and no others.

    For descriptions only: states, money and facts are never editable. Each change leaves an event.
    """

    editors: ClassVar[frozenset[str]] = frozenset()
    editable: ClassVar[tuple[str, ...]] = ()

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """The editors' roles."""
        return self.holds(request, self.editors)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Readers, and those who may change."""
        return super().has_view_permission(request, obj) or self.has_change_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[str]:
        """All but the editable ones."""
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def save_model(
        self, request: HttpRequest, obj: Row, form: ModelForm[Row], change: bool
    ) -> None:
        """Save the fields that changed, with an event that names them."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)
            actor = request.user if isinstance(request.user, models.Model) else None
            record(f"{self.opts.model_name}.edited", obj, actor=actor, fields=form.changed_data)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """Who did what to which, when."""

    list_display = ("at", "verb", "target_type", "target_id", "actor")
    list_filter = ("target_type", "verb")
    search_fields = ("=target_id",)
    list_select_related = ("actor",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(ActRequest)
class ActRequestAdmin(ReadOnlyAdmin[ActRequest]):
    """What was asked for that needs two people."""

    list_display = ("at", "act", "target_type", "target_id", "requested_by")
    list_select_related = ("requested_by",)
    ordering = ("-id",)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin[Approval]):
    """What a second person agreed to."""

    list_display = ("at", "request", "requested_by", "approved_by")
    list_select_related = ("request", "requested_by", "approved_by")
    ordering = ("-id",)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin[Withdrawal]):
    """What was asked for and taken back."""

    list_display = ("at", "request", "requested_by")
    list_select_related = ("request", "requested_by")
    ordering = ("-id",)
