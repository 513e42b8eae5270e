"""The desk of those who review campaigns and of those who moderate them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund import staff
from civicfund.audit.selectors import events_of, newest_in_words
from civicfund.audit.services import StaleStateError
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.pledges.access import any_campaign, is_of_team
from civicfund.pledges.enums import (
    CAMPAIGN_EVENT_WORDS,
    PRIVATE_CAMPAIGN,
    CampaignState,
    SuspensionOutcome,
)
from civicfund.pledges.forms import ReasonForm
from civicfund.pledges.models import Campaign, Suspension
from civicfund.pledges.selectors import last_edit
from civicfund.pledges.selectors.checklist import checklist_of
from civicfund.pledges.selectors.moderating import (
    campaigns_to_look_at,
    open_reports_of,
    suspension_of,
)
from civicfund.pledges.services.campaigns import approve_campaign, request_changes
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import (
    decide_appeal,
    handle_report,
    resume_campaign,
    suspend_campaign,
)
from civicfund.pledges.views.campaigns import page_of
from civicfund.states import IllegalMoveError

PER_PAGE = 50
staff_only = staff.only(Role.REVIEWER, Role.MODERATOR)


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done to a campaign in a state, by whom, and what is said when it is done."""

    role: Role
    state: CampaignState
    do: Callable[..., object]
    label: Promise | str
    said: Promise | str
    question: Promise | str = ""
    variant: str = "primary"
    # Only while its creator's appeal waits, or only while none does.
    on_appeal: bool = False
    # Not for whoever suspended it.
    by_another: bool = False
    # Done to what they have looked at, and to nothing that was written since.
    as_seen: bool = False


def _decide(outcome: SuspensionOutcome, campaign: Campaign, by: User, reason: str) -> object:
    return decide_appeal(campaign, by=by, outcome=outcome, reason=reason)


# By what the button sends. Those with a question ask for a reason.
ACTS = {
    "approve": Act(
        Role.REVIEWER,
        CampaignState.SUBMITTED,
        lambda campaign, by, reason, seen: approve_campaign(campaign, by=by, seen=seen),
        gettext_lazy("Approve it"),
        gettext_lazy("Approved. Its creator is told."),
        as_seen=True,
    ),
    "request_changes": Act(
        Role.REVIEWER,
        CampaignState.SUBMITTED,
        lambda campaign, by, reason: request_changes(campaign, by=by, reason=reason),
        gettext_lazy("Ask for changes"),
        gettext_lazy("Sent back. Its creator is told why."),
        gettext_lazy("What has to change? Its creator reads it."),
        "secondary",
    ),
    "suspend": Act(
        Role.MODERATOR,
        CampaignState.LIVE,
        lambda campaign, by, reason: suspend_campaign(campaign, by=by, reason=reason),
        gettext_lazy("Suspend it"),
        gettext_lazy("Suspended. It takes no pledges for now."),
        gettext_lazy("Why is it suspended? Everybody reads it."),
        "danger",
    ),
    "resume": Act(
        Role.MODERATOR,
        CampaignState.SUSPENDED,
        lambda campaign, by, reason: resume_campaign(campaign, by=by, reason=reason),
        gettext_lazy("Let it go on"),
        gettext_lazy("It takes pledges again."),
        gettext_lazy("Why may it go on? Everybody reads it."),
    ),
    "lift": Act(
        Role.MODERATOR,
        CampaignState.SUSPENDED,
        partial(_decide, SuspensionOutcome.LIFTED),
        gettext_lazy("Grant the appeal: let it go on"),
        gettext_lazy("It takes pledges again. Its creator is told."),
        gettext_lazy("Why may it go on? Everybody reads it."),
        on_appeal=True,
    ),
    "uphold": Act(
        Role.MODERATOR,
        CampaignState.SUSPENDED,
        partial(_decide, SuspensionOutcome.UPHELD),
        gettext_lazy("Refuse the appeal: it stays suspended"),
        gettext_lazy("It stays suspended. Its creator is told why."),
        gettext_lazy("Why does it stay suspended? Its creator reads it."),
        "danger",
        on_appeal=True,
        by_another=True,
    ),
}
HANDLE = "handle"


@staff_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What waits for this person: reports, what is suspended, what was sent for review."""
    roles = roles_of(request.user)
    page = Paginator(campaigns_to_look_at(roles), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "moderates": Role.MODERATOR in roles}
    return render(request, "pledges/moderating/desk.html", context)


@staff_only
@require_safe
@never_cache
def preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """A campaign's page as everybody will see it, before they do."""
    campaign = any_campaign(pk)
    if campaign.state not in PRIVATE_CAMPAIGN:
        return redirect(campaign)
    context = page_of(campaign, request.user) | {"is_preview": True, "checklist": None}
    return render(request, "pledges/campaign.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def judge(request: SignedInRequest, pk: int) -> HttpResponse:
    """One campaign: what people told of it, what was done, and what this person may do."""
    act = request.POST.get("act", "")
    _check_role(request.user, act)
    campaign = any_campaign(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if act in ACTS and ACTS[act].question:
        form.fields["reason"].label = str(ACTS[act].question)
    try:
        if act == HANDLE:
            return _handle(request, campaign)
        # The services refuse an empty reason, where they ask for one.
        if act in ACTS and form.is_valid():
            looked_at = [_seen(request)] if ACTS[act].as_seen else []
            ACTS[act].do(campaign, request.user, form.cleaned_data["reason"], *looked_at)
            messages.success(request, str(ACTS[act].said))
            return redirect("campaigns_desk")
    except RefusedError as refusal:
        form.add_error("reason" if refusal.field == "reason" else None, str(refusal))
    except (StaleStateError, IllegalMoveError):
        form.add_error(None, _("This is not possible for the campaign as it is now."))
    return _judge_page(request, pk, form)


def _seen(request: SignedInRequest) -> int:
    """The edit that their page showed; where it says none, they looked at none."""
    return whole_number(request.POST.get("seen", "")) or 0


def _check_role(user: User, act: str) -> None:
    """Let nobody do what another role is for; asked before anything is looked up."""
    needed = Role.MODERATOR if act == HANDLE else ACTS[act].role if act in ACTS else None
    if needed is not None and needed not in roles_of(user):
        raise PermissionDenied(str(needed.label))


def _handle(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    number = request.POST.get("report", "")
    waiting = open_reports_of(campaign)
    report = get_object_or_404(waiting, pk=int(number) if number.isdecimal() else 0)
    handle_report(report, by=request.user)
    messages.success(request, _("The report is answered."))
    return redirect("judge_campaign", campaign.pk)


def _suspensions_of(campaign: Campaign) -> QuerySet[Suspension]:
    rows = Suspension.objects.filter(campaign=campaign).order_by("pk")
    return rows.select_related("suspended_by", "decided_by", "lifted_by")


def _judge_page(request: SignedInRequest, pk: int, form: ReasonForm) -> HttpResponse:
    seen = last_edit(pk)  # before what is shown: a save in between is noticed
    campaign = any_campaign(pk)
    roles = roles_of(request.user)
    moderates = Role.MODERATOR in roles
    is_own = is_of_team(request.user, campaign)
    suspension = suspension_of(campaign)
    appealed = suspension is not None and suspension.waits
    by_me = suspension is not None and suspension.suspended_by_id == request.user.pk
    mine = [
        (name, act)
        for name, act in ACTS.items()
        if not is_own and act.role in roles and act.state == campaign.state
        if act.on_appeal == appealed and not (act.by_another and by_me)
    ]
    is_private = campaign.state in PRIVATE_CAMPAIGN
    context = {
        "campaign": campaign,
        "seen": seen,
        "reports": open_reports_of(campaign) if moderates and not is_own else [],
        "acts": mine,
        "is_own": is_own,
        "suspensions": _suspensions_of(campaign) if moderates and not is_own else [],
        "another_refuses": appealed and by_me and moderates and not is_own,
        "form": form,
        "is_private": is_private,
        "checklist": checklist_of(campaign) if is_private else None,
        "events": newest_in_words(events_of(campaign), CAMPAIGN_EVENT_WORDS),
    }
    status = 400 if form.errors else 200
    return render(request, "pledges/moderating/judge.html", context, status=status)
