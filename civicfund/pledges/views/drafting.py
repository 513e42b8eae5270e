"""A creator's own pages of a campaign that is being written."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund.parsing import whole_number
from civicfund.people.requests import SignedInRequest
from civicfund.pledges.access import own_campaign
from civicfund.pledges.forms import CampaignForms
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors import last_edit, unfinished_campaign_of
from civicfund.pledges.services.campaigns import create_campaign, edit_campaign, submit_campaign
from civicfund.pledges.services.errors import OvertakenError, RefusedError
from civicfund.pledges.services.terms import GivenTerms, SomeTerms, without_part
from civicfund.pledges.views.campaigns import act_on, page_of
from civicfund.projects.access import own_project
from civicfund.projects.models import Project

# The parts of the form that are kept on the way, by their place on its page.
PARTS = frozenset({"lines", "rewards", "zones"})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def campaign_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Write a campaign for one's own project."""
    project = own_project(request.user, pk)
    if request.method == "POST":
        return _answer(request, project, None)
    if begun := unfinished_campaign_of(project):
        return redirect(begun)
    return _form_page(request, project, CampaignForms.empty_for(project))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def campaign_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change one's own campaign before it is reviewed."""
    campaign = own_campaign(request.user, pk)
    if request.method == "POST":
        return _answer(request, campaign.project, campaign)
    seen = str(last_edit(campaign))  # before what is shown: a save in between is noticed
    campaign.refresh_from_db()
    return _form_page(request, campaign.project, CampaignForms.of(campaign), campaign, seen=seen)


@login_required
@require_POST
def campaign_submit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send one's own campaign for review."""
    campaign = own_campaign(request.user, pk)
    return act_on(request, campaign, submit_campaign, _("Sent for review."))


def _answer(request: SignedInRequest, project: Project, campaign: Campaign | None) -> HttpResponse:
    """Keep or show what was written. Where some of it cannot be kept the rest is, and the forms
    come again, as typed, with the reasons.
    """
    written = CampaignForms.filled_in(request.POST, project)
    act, kept, seen = request.POST.get("act", ""), None, request.POST.get("seen", "")
    try:
        if act != "preview":
            kept = _keep_what_can_be(request, project, written, campaign)
        elif written.is_valid():
            return _preview(request, project, written, campaign)
    except RefusedError as refusal:
        written.refuse(refusal)
        if isinstance(refusal, OvertakenError):
            seen = ""  # they are told: another save takes its place
    if kept is None or not written.is_valid():
        return _form_page(
            request, project, written, kept or campaign,
            seen="" if kept else seen, kept_some=kept is not None, status=400,
        )  # fmt: skip
    messages.success(request, _("Saved."))
    return redirect(_where_to(kept, act))


def _where_to(campaign: Campaign, act: str) -> str:
    """Back to the part of the form where somebody goes on writing, or to the campaign."""
    if act in PARTS:
        return f"{reverse('campaign_edit', args=[campaign.pk])}#{act}"
    return campaign.get_absolute_url()


def _keep_what_can_be(
    request: SignedInRequest, project: Project, written: CampaignForms, campaign: Campaign | None
) -> Campaign | None:
    """Keep it; where a part of it is refused that is marked, and the rest is kept without it.

    None where nothing can be: a campaign begins with its goal and its end.
    """
    terms = written.terms()
    while terms and (campaign or "goal_minor" in terms):
        try:
            return _keep(request, project, terms, campaign)
        except OvertakenError:
            raise
        except RefusedError as refusal:
            written.refuse(refusal)
            left = without_part(terms, refusal.field) if refusal.field else terms
            if len(left) == len(terms):
                return None  # what is refused was not written here
            terms = left
    return None


def _keep(
    request: SignedInRequest, project: Project, terms: SomeTerms, campaign: Campaign | None
) -> Campaign:
    if campaign is None:
        return create_campaign(project, creator=request.user, **cast(GivenTerms, terms))
    seen = whole_number(request.POST.get("seen", ""))
    return edit_campaign(campaign, by=request.user, seen=seen, **terms)


def _preview(
    request: SignedInRequest, project: Project, written: CampaignForms, campaign: Campaign | None
) -> HttpResponse:
    """The campaign's page as it would be; it is kept for as long as that takes, then undone."""
    with transaction.atomic():
        kept = _keep(request, project, written.terms(), campaign)
        shown = own_campaign(request.user, kept.pk)
        context = page_of(shown, request.user) | {"is_preview": True}
        page = render(request, "pledges/campaign.html", context)
        transaction.set_rollback(True)
    return page


def _form_page(
    request: SignedInRequest,
    project: Project,
    written: CampaignForms,
    campaign: Campaign | None = None,
    *,
    seen: str = "",
    kept_some: bool = False,
    status: int = 200,
) -> HttpResponse:
    """``seen`` is the edit that was on the page when somebody began to write; the last if empty."""
    context = {"written": written, "project": project, "campaign": campaign}
    context["kept_some"] = kept_some
    context["seen"] = seen or (last_edit(campaign) if campaign else "")
    return render(request, "pledges/campaign_form.html", context, status=status)
