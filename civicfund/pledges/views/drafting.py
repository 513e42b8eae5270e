"""A creator's own pages of a campaign that is being written."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund.parsing import whole_number
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.pledges.access import own_campaign
from civicfund.pledges.forms import CampaignForms
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors import last_edit, unfinished_campaign_of
from civicfund.pledges.services.campaigns import (
    check_is_thrown_away,
    create_campaign,
    edit_campaign,
    submit_campaign,
    throw_away_campaign,
)
from civicfund.pledges.services.errors import OvertakenError, RefusedError
from civicfund.pledges.services.terms import GivenTerms, SomeTerms, without_part
from civicfund.pledges.views.campaigns import act_on, page_of
from civicfund.projects.access import own_project
from civicfund.projects.models import Project

# The parts of the form that are kept on the way, by their place on its page.
PARTS = frozenset({"lines", "rewards", "zones"})
# What a button sends where no script draws the page beside the form.
BESIDE = "beside"


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
    seen = str(last_edit(campaign.pk))  # before what is shown: a save in between is noticed
    campaign.refresh_from_db()
    return _form_page(request, campaign.project, CampaignForms.of(campaign), campaign, seen=seen)


@login_required
@require_POST
def campaign_submit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send one's own campaign for review."""
    campaign = own_campaign(request.user, pk)
    return act_on(request, campaign, submit_campaign, _("Sent for review."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def campaign_throw_away(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once more, then delete one's own draft that was never sent in."""
    campaign = own_campaign(request.user, pk)
    project = campaign.project
    try:
        if request.method != "POST":
            check_is_thrown_away(campaign)
            return render(request, "pledges/campaign_throw_away.html", {"campaign": campaign})
        throw_away_campaign(campaign, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect(campaign)
    messages.success(request, _("The draft is gone. The project can have another campaign."))
    return redirect(project)


@login_required
@require_POST
@never_cache
def campaign_new_preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """What is being typed of a first campaign, drawn as its page would show it."""
    return _beside(request, own_project(request.user, pk), None)


@login_required
@require_POST
@never_cache
def campaign_edit_preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """What is being typed of one's own campaign, drawn as its page would show it."""
    campaign = own_campaign(request.user, pk)
    return _beside(request, campaign.project, campaign)


def _beside(request: SignedInRequest, project: Project, campaign: Campaign | None) -> HttpResponse:
    """Only the part that stands beside the form, for a script that asks while somebody types."""
    if not _may_look(request):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    written = CampaignForms.filled_in(request.POST, project)
    return HttpResponse(_look(request, project, written, campaign))


def _may_look(request: SignedInRequest) -> bool:
    """Whether they have not looked too often within a minute."""
    return bool(consume(request, action="preview_campaign", user=request.user))


def _answer(request: SignedInRequest, project: Project, campaign: Campaign | None) -> HttpResponse:
    """Keep or show what was written. Where some of it cannot be kept the rest is, and the forms
    come again, as typed, with the reasons.
    """
    written = CampaignForms.filled_in(request.POST, project)
    act, kept, seen = request.POST.get("act", ""), None, request.POST.get("seen", "")
    if act == BESIDE and _may_look(request):
        look = _look(request, project, written, campaign)
        return _form_page(request, project, written, campaign, seen=seen, look=look)
    try:
        if act == BESIDE:
            raise RefusedError(_("That is a lot within a minute. Look again a little later."))
        if act != "preview":
            whole = whole_number(seen)
            kept = _keep_what_can_be(request.user, project, written, campaign, seen=whole)
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
    by: User,
    project: Project,
    written: CampaignForms,
    campaign: Campaign | None,
    *,
    seen: int | None = None,
) -> Campaign | None:
    """Keep it; where a part of it is refused that is marked, and the rest is kept without it.

    None where nothing can be: a campaign begins with its goal and its end.
    """
    terms = written.terms()
    while terms and (campaign or "goal_minor" in terms):
        try:
            return _keep(by, project, terms, campaign, seen)
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
    by: User, project: Project, terms: SomeTerms, campaign: Campaign | None, seen: int | None
) -> Campaign:
    if campaign is None:
        return create_campaign(project, creator=by, **cast(GivenTerms, terms))
    return edit_campaign(campaign, by=by, seen=seen, **terms)


def _preview(
    request: SignedInRequest, project: Project, written: CampaignForms, campaign: Campaign | None
) -> HttpResponse:
    """The campaign's page as it would be; it is kept for as long as that takes, then undone."""
    seen = whole_number(request.POST.get("seen", ""))
    with transaction.atomic():
        kept = _keep(request.user, project, written.terms(), campaign, seen)
        shown = own_campaign(request.user, kept.pk)
        context = page_of(shown, request.user) | {"is_preview": True}
        page = render(request, "pledges/campaign.html", context)
        transaction.set_rollback(True)
    return page


def _look(
    request: SignedInRequest, project: Project, written: CampaignForms, campaign: Campaign | None
) -> SafeString:
    """What stands beside the form: the page of what can be kept of it, undone in the same way.

    What cannot be is marked in ``written``, and left as it was.
    """
    context: dict[str, Any] = {}
    with transaction.atomic():
        kept = _keep_what_can_be(request.user, project, written, campaign) or campaign
        if kept is not None:
            shown = own_campaign(request.user, kept.pk)
            context = page_of(shown, request.user) | {"is_preview": True, "is_beside": True}
        context["is_whole"] = written.is_valid()
        drawn = render_to_string("pledges/_beside.html", context, request)
        transaction.set_rollback(True)
    return drawn


def _form_page(
    request: SignedInRequest,
    project: Project,
    written: CampaignForms,
    campaign: Campaign | None = None,
    *,
    seen: str = "",
    kept_some: bool = False,
    look: SafeString | str = "",
    status: int = 200,
) -> HttpResponse:
    """``seen`` is the edit that was on the page when somebody began to write; the last if empty."""
    context = {"written": written, "project": project, "campaign": campaign, "look": look}
    context["kept_some"] = kept_some
    context["seen"] = seen or (last_edit(campaign.pk) if campaign else "")
    return render(request, "pledges/campaign_form.html", context, status=status)
