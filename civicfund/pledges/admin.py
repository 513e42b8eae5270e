"""Campaigns and pledges in the admin: to look at; a reviewer acts through the services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.models import (
    Campaign,
    CampaignOutcome,
    CampaignReport,
    ChargeAttempt,
    ChosenAddOn,
    Consent,
    GoalLine,
    Pledge,
    Reward,
)
from civicfund.pledges.services.campaigns import approve_campaign, request_changes
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import (
    handle_report,
    resume_campaign,
    suspend_campaign,
)
from civicfund.projects.access import authored_by
from civicfund.projects.models import Project

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

READERS = frozenset({Role.REVIEWER, Role.TREASURER, Role.BUDGET_ADMINISTRATOR, Role.MODERATOR})
MONEY_READERS = frozenset({Role.TREASURER})


def _staff(request: HttpRequest) -> User:
    """The admin site lets only people through."""
    if not isinstance(request.user, User):
        raise TypeError("the admin site let somebody through who is no person")
    return request.user


class RewardInline(ReadOnlyInline[Reward, Campaign]):
    """What the campaign gives back."""

    model = Reward
    fields = ("position", "kind", "title", "amount_minor", "limit", "claimed", "handover")


class GoalLineInline(ReadOnlyInline[GoalLine, Campaign]):
    """What the goal pays for."""

    model = GoalLine
    fields = ("position", "label", "amount_minor")


class ChosenAddOnInline(ReadOnlyInline[ChosenAddOn, Pledge]):
    """What was added by the piece."""

    model = ChosenAddOn
    fields = ("add_on", "quantity", "price_minor")


class OutcomeInline(ReadOnlyInline[CampaignOutcome, Campaign]):
    """How it was decided."""

    model = CampaignOutcome
    fields = ("decision", "pledged_minor", "pledges", "digest", "decided_at")


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin[Campaign]):
    """Campaigns. A reviewer approves one, or asks for changes with a reason."""

    readers = READERS
    refusals = (RefusedError,)
    shown = (
        "project",
        "creator",
        "state",
        "goal_minor",
        "currency",
        "deadline_at",
        "deadline_tz",
        "starts_at",
        "run_by",
        "town_fee_thousandths",
        "provider_fee_by",
        "short_policy",
        "review_note",
        "suspension_reason",
        "resumption_reason",
        "created_at",
        "live_at",
    )
    list_display = ("project", "state", "goal_minor", "deadline_at", "creator")
    list_filter = ("state", "run_by")
    list_select_related = ("project", "creator")
    search_fields = ("project__title",)
    ordering = ("-pk",)
    inlines = (GoalLineInline, RewardInline, OutcomeInline)
    actions = ("approve", "ask_for_changes", "suspend", "resume")

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Reviewers; being a superuser is not enough."""
        return has_role(_staff(request), Role.REVIEWER)

    @admin.action(description=_("Approve"), permissions=["review"])
    def approve(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        """Let them go live."""
        self.each(request, rows, partial(approve_campaign, by=_staff(request)))

    @admin.action(description=_("Ask for changes"), permissions=["review"])
    def ask_for_changes(
        self, request: HttpRequest, rows: QuerySet[Campaign]
    ) -> HttpResponse | None:
        """Send them back to their creators, saying why."""
        return self._with_reason(
            request, rows, "ask_for_changes", _("Ask for changes"), _("What has to change?"),
            request_changes,
        )  # fmt: skip

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Moderators; being a superuser is not enough."""
        return has_role(_staff(request), Role.MODERATOR)

    @admin.action(description=_("Suspend"), permissions=["moderate"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Campaign]) -> HttpResponse | None:
        """Take no pledges for a while, saying why."""
        return self._with_reason(
            request, rows, "suspend", _("Suspend"), _("Why? Everybody reads it."), suspend_campaign
        )

    @admin.action(description=_("Let it go on"), permissions=["moderate"])
    def resume(self, request: HttpRequest, rows: QuerySet[Campaign]) -> HttpResponse | None:
        """Take pledges again, saying why."""
        return self._with_reason(
            request, rows, "resume", _("Let it go on"), _("Why? Everybody reads it."),
            resume_campaign,
        )  # fmt: skip

    def _with_reason(
        self,
        request: HttpRequest,
        rows: QuerySet[Campaign],
        action: str,
        title: StrPromise,
        question: StrPromise,
        act: Callable[..., Campaign],
    ) -> HttpResponse | None:
        """Ask for a reason, then do the act with it."""
        if "reason" not in request.POST:
            context = self.admin_site.each_context(request) | {
                "title": title,
                "question": question,
                "act": action,
                "opts": self.opts,
                "rows": rows,
            }
            return TemplateResponse(request, "admin/pledges/reason.html", context)
        self.each(request, rows, partial(act, by=_staff(request), reason=request.POST["reason"]))
        return None


class AttemptInline(ReadOnlyInline[ChargeAttempt, Pledge]):
    """What was asked of the provider, and what it said."""

    model = ChargeAttempt
    fields = (
        "n",
        "kind",
        "state",
        "code",
        "decline_code",
        "advice_code",
        "request_id",
        "charge_id",
        "sent_at",
        "resolved_at",
    )


class ConsentInline(ReadOnlyInline[Consent, Pledge]):
    """To what the backer agreed."""

    model = Consent
    fields = ("text_version", "amount_minor", "agreed_at")


@admin.register(Pledge)
class PledgeAdmin(ReadOnlyAdmin[Pledge]):
    """Pledges: what happened to each, with the provider's own words."""

    readers = MONEY_READERS
    list_display = ("id", "campaign", "backer", "state", "amount_minor", "next_step_at")
    list_filter = ("state",)
    list_select_related = ("campaign__project", "backer")
    search_fields = ("=id", "=payment_intent_id", "=setup_intent_id")
    ordering = ("-created_at",)
    inlines = (ChosenAddOnInline, AttemptInline, ConsentInline)
    show_full_result_count = False


@admin.register(CampaignReport)
class CampaignReportAdmin(ReadOnlyAdmin[CampaignReport]):
    """What people find wrong with campaigns, never who."""

    readers = frozenset({Role.MODERATOR})
    shown = ("campaign", "reason", "words", "created_at", "handled_at")
    refusals = (RefusedError,)
    list_display = ("campaign", "reason", "words", "created_at", "handled_at")
    list_filter = ("reason", ("handled_at", admin.EmptyFieldListFilter))
    list_select_related = ("campaign__project",)
    ordering = ("handled_at", "-pk")
    actions = ("handled",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CampaignReport]:
        """None of a campaign of the reader's team."""
        reader = _staff(request)
        written = Project.objects.filter(authored_by(reader)).order_by().values("pk")
        rows = super().get_queryset(request)
        return rows.exclude(campaign__creator=reader).exclude(campaign__project__in=written)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Moderators; being a superuser is not enough."""
        return has_role(_staff(request), Role.MODERATOR)

    @admin.action(description=_("I have looked at it"), permissions=["moderate"])
    def handled(self, request: HttpRequest, rows: QuerySet[CampaignReport]) -> None:
        """Take it from the list of what is to be looked at."""
        self.each(request, rows, partial(handle_report, by=_staff(request)))
