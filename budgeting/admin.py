"""Cycles in the admin: everything to look at, nothing to type over; acts go through services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from budgeting.enums import ACT_WORDS
from budgeting.forms import (
    AgreeForm,
    CycleForm,
    PhaseForm,
    PotForm,
    ReasonForm,
)
from budgeting.models import Cycle, Option, Phase, Pot, Proposal, Tally
from budgeting.selectors import pending_requests
from budgeting.selectors.trail import told_of_proposal
from budgeting.services.cycles import (
    CANCEL,
    OPEN,
    add_phase,
    add_pot,
    cancel_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.errors import RefusedError
from budgeting.services.preparing import prepare_cycle
from budgeting.services.proposals import put_on_ballot
from budgeting.services.results import PUBLISH, certify, publish
from civicfund import staff
from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.audit.models import Event
from civicfund.audit.services import ApprovalError, StaleStateError
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.states import IllegalMoveError

REFUSALS = (RefusedError, ApprovalError, StaleStateError, IllegalMoveError)
STAFF = frozenset({Role.BUDGET_ADMINISTRATOR, Role.REVIEWER})


def person(request: HttpRequest) -> User:
    """Who acts; the admin site has let only people through."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


@dataclass(frozen=True, slots=True)
class FormAct:
    """An act that needs something to be filled in: a page of its own in the admin."""

    name: str
    label: Promise
    form: type[forms.Form]
    # The row (None for an act that makes one), what was filled in, and who acts.
    act: Callable[[Any, Mapping[str, Any], User], object]


class ActingAdmin(ReadOnlyAdmin[Any]):
    """A read-only page with acts beside it, each with its form. The services decide who may.

    They are offered to the ``actors``: superusers look, and do nothing.
    """

    actors: frozenset[str] = frozenset()
    form_acts: tuple[FormAct, ...] = ()
    making_acts: tuple[FormAct, ...] = ()
    refusals = REFUSALS
    change_form_template = "admin/budgeting/change_form.html"
    change_list_template = "admin/budgeting/change_list.html"

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Those who were given one of the roles that it takes."""
        return self.holds(request, self.actors)

    def _name(self, act: FormAct) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.name}"

    def get_urls(self) -> list[URLPattern]:
        """The pages of the acts, before the admin's own."""
        on_rows = [
            path(
                f"<int:pk>/{act.name}/",
                self.admin_site.admin_view(self._page(act)),
                name=self._name(act),
            )
            for act in self.form_acts
        ]
        making = [
            path(f"{act.name}/", self.admin_site.admin_view(self._page(act)), name=self._name(act))
            for act in self.making_acts
        ]
        return [*making, *on_rows, *super().get_urls()]

    def _page(self, act: FormAct) -> Callable[..., HttpResponse]:
        def page(request: HttpRequest, pk: int | None = None) -> HttpResponse:
            if not self.has_act_permission(request):
                raise PermissionDenied
            row = get_object_or_404(self.model, pk=pk) if pk is not None else None
            form = act.form(request.POST or None)
            if request.method == "POST" and form.is_valid():
                try:
                    made = act.act(row, form.cleaned_data, person(request))
                except REFUSALS as refusal:
                    field = getattr(refusal, "field", "")
                    form.add_error(field if field in form.fields else None, str(refusal))
                else:
                    messages.success(request, _("Done."))
                    target = row if row is not None else made
                    return redirect(self._change_address(target))
            context = self.admin_site.each_context(request) | {
                "title": act.label,
                "form": form,
                "opts": self.opts,
                "original": row,
            }
            return TemplateResponse(request, "admin/budgeting/act.html", context)

        return page

    def _change_address(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The row's page, with links to the acts that need a form."""
        links = [
            (reverse(f"admin:{self._name(act)}", args=[object_id]), act.label)
            for act in self.form_acts
            if object_id.isdecimal() and self.has_act_permission(request)
        ]
        return super().change_view(request, object_id, extra_context={"form_acts": links})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with links to what makes a new row."""
        making = self.making_acts if self.has_act_permission(request) else ()
        links = [(reverse(f"admin:{self._name(act)}"), act.label) for act in making]
        return super().changelist_view(request, (extra_context or {}) | {"form_acts": links})


class PhaseInline(ReadOnlyInline[Phase, Cycle]):
    """When what happens."""

    model = Phase
    fields = ("kind", "starts_at", "ends_at")


class PotInline(ReadOnlyInline[Pot, Cycle]):
    """The money."""

    model = Pot
    fields = (
        "name", "place", "amount_minor", "min_options", "max_options",
        "min_points", "max_points", "max_sum_points",
    )  # fmt: skip


def _new_cycle(_row: None, given: Mapping[str, Any], by: User) -> Cycle:
    return prepare_cycle(given, by=by)


def _new_phase(cycle: Cycle, given: Mapping[str, Any], by: User) -> Phase:
    return add_phase(cycle, by=by, **given)


def _new_pot(cycle: Cycle, given: Mapping[str, Any], by: User) -> Pot:
    named = dict(given)
    place, amount_minor = named.pop("place"), named.pop("amount")
    return add_pot(cycle, place, amount_minor=amount_minor, by=by, **named)


def _ask_to_cancel(cycle: Cycle, given: Mapping[str, Any], by: User) -> object:
    return request_cancelling(cycle, reason=given["reason"], by=by)


@admin.register(Cycle)
class CycleAdmin(ActingAdmin):
    """A cycle from its draft to its outcome; opening, cancelling and publishing take two people."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR})
    actors = readers
    shown = (
        "slug", "title", "summary", "origin", "state", "ballot_kind", "rule", "rule_parameters",
        "ties", "tie_commitment", "currency", "cancel_reason", "void_ballots", "published_at",
    )  # fmt: skip
    list_display = ("title", "state", "origin", "ballot_kind", "rule")
    list_filter = ("state", "origin")
    search_fields = ("title", "slug")
    ordering = ("-pk",)
    inlines = (PhaseInline, PotInline)
    actions = ("ask_to_open", "open_it", "certify_it", "publish_it", "cancel_it")
    making_acts = (FormAct("prepare", _("Prepare a new cycle"), CycleForm, _new_cycle),)
    form_acts = (
        FormAct("phase", _("Add a phase"), PhaseForm, _new_phase),
        FormAct("pot", _("Add a pot"), PotForm, _new_pot),
        FormAct("cancel", _("Ask to cancel it"), ReasonForm, _ask_to_cancel),
    )

    def has_certify_permission(self, request: HttpRequest) -> bool:
        """Certifiers; preparing and opening a cycle is not enough."""
        return self.holds(request, {Role.CERTIFIER})

    def as_second(
        self,
        request: HttpRequest,
        rows: QuerySet[Cycle],
        asked_for: str,
        act: Callable[[Cycle, int], object],
    ) -> HttpResponse | None:
        """What a second person does takes a second factor that was given just now.

        First a page shows what was asked for; what comes back from it names just that.
        """
        if not staff.second_factor_is_recent(request):
            return staff.ask_for_second_factor(request, back=request.get_full_path())
        form = AgreeForm(request.POST)
        if not form.is_valid():
            return self._what_was_asked(request, rows, asked_for)
        self.each(request, rows, lambda cycle: act(cycle, form.cleaned_data["asked"]))
        return None

    def _what_was_asked(
        self, request: HttpRequest, rows: QuerySet[Cycle], asked_for: str
    ) -> HttpResponse:
        """Each request that waits on the cycles that were chosen, with a button for just this."""
        context = self.admin_site.each_context(request) | {
            "title": ACT_WORDS[asked_for],
            "asked": [(row, each) for row in rows for each in pending_requests(row, asked_for)],
            "action": request.POST["action"],
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/budgeting/agree.html", context)

    @admin.action(description=_("Ask to open it"), permissions=["act"])
    def ask_to_open(self, request: HttpRequest, rows: QuerySet[Cycle]) -> None:
        """One person asks."""
        self.each(request, rows, lambda cycle: request_opening(cycle, by=person(request)))

    @admin.action(description=_("Open it, as a second person"), permissions=["act"])
    def open_it(self, request: HttpRequest, rows: QuerySet[Cycle]) -> HttpResponse | None:
        """A second one opens."""
        by = person(request)
        return self.as_second(request, rows, OPEN, lambda row, asked: open_cycle(row, asked, by=by))

    @admin.action(description=_("Certify the count"), permissions=["certify"])
    def certify_it(self, request: HttpRequest, rows: QuerySet[Cycle]) -> None:
        """One certifier says that the count is in order."""
        self.each(request, rows, lambda cycle: certify(cycle, by=person(request)))

    @admin.action(description=_("Publish the outcome, as a second person"), permissions=["certify"])
    def publish_it(self, request: HttpRequest, rows: QuerySet[Cycle]) -> HttpResponse | None:
        """A second certifier publishes."""
        by = person(request)
        return self.as_second(request, rows, PUBLISH, lambda row, asked: publish(row, asked, by=by))

    @admin.action(description=_("Cancel it, as a second person"), permissions=["act"])
    def cancel_it(self, request: HttpRequest, rows: QuerySet[Cycle]) -> HttpResponse | None:
        """A second one cancels."""
        by = person(request)
        return self.as_second(
            request, rows, CANCEL, lambda row, asked: cancel_cycle(row, asked, by=by)
        )


@admin.register(Proposal)
class ProposalAdmin(ActingAdmin):
    """Projects in cycles."""

    readers = STAFF
    actors = frozenset({Role.BUDGET_ADMINISTRATOR})
    shown = ("cycle", "pot", "project", "state", "reason", "submitted_by", "submitted_at")
    list_display = ("project", "cycle", "pot", "state", "submitted_at")
    list_filter = ("state", "cycle")
    list_select_related = ("project", "cycle", "pot")
    search_fields = ("project__title",)
    ordering = ("-pk",)
    actions = ("put_it_on_the_ballot",)

    @admin.action(description=_("Put it on the ballot"), permissions=["act"])
    def put_it_on_the_ballot(self, request: HttpRequest, rows: QuerySet[Proposal]) -> None:
        """At what it costs now."""
        self.each(request, rows, lambda proposal: put_on_ballot(proposal, by=person(request)))

    def events(self, row: Proposal) -> QuerySet[Event]:
        """Nothing of reviews whose verdict is not public: its authors may be among the readers."""
        return told_of_proposal(row)


@admin.register(Option)
class OptionAdmin(ReadOnlyAdmin[Option]):
    """Lines on ballots."""

    readers = STAFF
    list_display = ("name", "cycle", "pot", "position", "cost_minor")
    list_filter = ("cycle",)
    list_select_related = ("cycle", "pot")
    search_fields = ("name", "=code")


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin[Tally]):
    """What counts found: by the binding rule also what certifying and publishing rest on."""

    readers = frozenset({Role.BUDGET_ADMINISTRATOR})
    list_display = ("cycle", "pot", "rule", "binding", "ballots", "counted_at", "seconds")
    list_filter = ("binding", "rule")
    list_select_related = ("cycle", "pot")
    ordering = ("-pk",)
