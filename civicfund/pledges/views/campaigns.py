"""Campaigns as everybody sees them, and their creator's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.audit.services import StaleStateError, db_now
from civicfund.delivery.selectors import plan_of
from civicfund.paging import page_asked_for
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.pledges.access import (
    is_of_team,
    own_campaign,
    readable_updates,
    subject_of_campaign,
    visible_campaign,
)
from civicfund.pledges.enums import (
    EDITABLE_CAMPAIGN,
    SENT_CAMPAIGN,
    WAITING_CAMPAIGN,
    CampaignState,
)
from civicfund.pledges.filters import CampaignFilter
from civicfund.pledges.forms import AppealForm
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors import (
    named_backers,
    open_pledge_of,
    settlement_of,
    was_sent_in,
    why_not_started,
)
from civicfund.pledges.selectors.checklist import checklist_of
from civicfund.pledges.selectors.fees import fee_terms, fees_so_far
from civicfund.pledges.selectors.lists import CampaignList, coming, finished, in_pages, live
from civicfund.pledges.selectors.moderating import suspension_of
from civicfund.pledges.selectors.treasury import returned_of
from civicfund.pledges.selectors.updates import listed, updates_of
from civicfund.pledges.services.campaigns import cancel_campaign, take_back_campaign
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.locks import KEEPING
from civicfund.pledges.services.moderating import appeal_suspension
from civicfund.states import IllegalMoveError
from civicfund.strangers import kept_for_strangers
from civicfund.talk.access import judges
from civicfund.talk.selectors import questions_to_creator

NEWEST_UPDATES = 3
# Who looks after campaigns that wait for their start.
TOLD_WHY = frozenset({Role.MODERATOR, Role.REVIEWER, Role.TREASURER})
LISTS = {
    "live": CampaignList(live),
    "coming": CampaignList(coming),
    "finished": CampaignList(finished),
}
REFUSALS = (RefusedError, StaleStateError, IllegalMoveError)


@kept_for_strangers
@require_safe
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Campaigns that take pledges, the one that ends soonest first; those that start soon; or those
    that have ended.

    Searched, narrowed and put in another order; wrong filters answer 400.
    """
    shown = request.GET.get("show", "live")
    if shown not in LISTS:
        raise Http404("No such list.")
    whole = LISTS[shown]
    found = CampaignFilter(request.GET, whole.rows())
    usable = found.is_valid()
    is_narrowed = any(request.GET.get(name) for name in found.filters)
    if is_narrowed or not usable:
        pages = in_pages(found.qs if usable else Campaign.objects.none())
    else:
        pages = whole.in_pages()
    context = {
        "page": page_asked_for(pages, request),
        "shown": shown,
        "form": found.form,
        "is_narrowed": is_narrowed,
    }
    return render(request, "pledges/list.html", context, status=200 if usable else 400)


@kept_for_strangers
@require_safe
def campaign_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign: what was pledged, what was collected, and what one gets for it."""
    campaign = visible_campaign(request.user, pk)
    return render(request, "pledges/campaign.html", page_of(campaign, request.user))


def page_of(campaign: Campaign, user: User | AnonymousUser) -> dict[str, Any]:
    """What the page of a campaign shows to somebody."""
    offered, pictures = list(campaign.rewards.all()), campaign.pictures
    is_creator, is_team = campaign.creator_id == user.pk, is_of_team(user, campaign)
    may_edit = is_creator and campaign.state in EDITABLE_CAMPAIGN
    asked = questions_to_creator(campaign.pk) if is_team else None
    return {
        "campaign": campaign,
        "project": campaign.project,
        "picture": pictures[0] if pictures else None,
        "more_pictures": pictures[1:],
        "rewards": [each for each in offered if not each.is_add_on],
        "add_ons": [each for each in offered if each.is_add_on],
        "zones": campaign.shipping_zones.all(),
        "goal_lines": campaign.goal_lines.all(),
        "milestones": plan_of(campaign.project),
        "team": campaign.project.co_authors.select_related("user").order_by("since", "pk"),
        "backer_names": named_backers(campaign),
        "mine": open_pledge_of(user, campaign) if user.is_authenticated else None,
        "takes_pledges": takes_pledges(campaign),
        "is_creator": is_creator,
        "is_team": is_team,
        "may_judge": judges(user, subject_of_campaign(campaign)),
        "suspension": suspension_of(campaign) if is_creator else None,
        "open_questions": asked.count() if asked is not None else 0,
        "may_edit": may_edit,
        "may_throw_away": is_creator and _is_unsent(campaign),
        "may_take_back": is_creator and campaign.state in SENT_CAMPAIGN,
        "checklist": checklist_of(campaign) if may_edit else None,
        "outcome": getattr(campaign, "outcome", None),
        "missing": _missing(user, campaign),
        "fees": fee_terms(campaign),
        "updates": listed(updates_of(campaign)[:NEWEST_UPDATES], readable_updates(user)),
        "returned": returned_of(campaign) if campaign.is_being_collected else None,
    }


def _is_unsent(campaign: Campaign) -> bool:
    return campaign.state == CampaignState.DRAFT and not was_sent_in(campaign)


def _missing(user: User | AnonymousUser, campaign: Campaign) -> str:
    """Why it cannot start yet, for its creator and for staff."""
    if campaign.state not in WAITING_CAMPAIGN:
        return ""
    is_told = campaign.creator_id == user.pk or (
        user.is_authenticated and not TOLD_WHY.isdisjoint(roles_of(user))
    )
    return why_not_started(campaign) if is_told else ""


@require_safe
def settlement(request: HttpRequest, pk: int) -> HttpResponse:
    """What a decided campaign came to: pledges, charges, books, and the digest of the decision."""
    campaign = visible_campaign(request.user, pk)
    found = settlement_of(campaign)
    if found is None:
        raise Http404("Not decided yet.")
    context = {
        "campaign": campaign,
        "settlement": found,
        "returned": returned_of(campaign),
        "fees": fees_so_far(campaign),
    }
    return render(request, "pledges/settlement.html", context)


def takes_pledges(campaign: Campaign) -> bool:
    """Whether a pledge would be taken at this instant."""
    return campaign.state == CampaignState.LIVE and db_now() < campaign.deadline_at


def keeps_pledges(campaign: Campaign) -> bool:
    """Whether a pledge could be taken back at this instant."""
    return campaign.state in KEEPING and db_now() < campaign.deadline_at


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once more, then end one's own campaign before its deadline."""
    campaign = own_campaign(request.user, pk)
    if request.method == "POST":
        done = _("The campaign is cancelled. Nobody is charged.")
        return act_on(request, campaign, cancel_campaign, done)
    return render(request, "pledges/campaign_cancel.html", {"campaign": campaign})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_take_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once more, then make one's own campaign that was sent in a draft again."""
    campaign = own_campaign(request.user, pk)
    if request.method == "POST":
        done = _("It is a draft again, yours and of those who write the project. Send it in anew.")
        return act_on(request, campaign, take_back_campaign, done)
    return render(request, "pledges/campaign_take_back.html", {"campaign": campaign})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_appeal(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for another moderator's look at one's own campaign that one of them suspended."""
    campaign = own_campaign(request.user, pk)
    suspension = suspension_of(campaign)
    if suspension is None:
        raise Http404("Nothing to appeal.")
    form = AppealForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            appeal_suspension(campaign, by=request.user, words=form.cleaned_data["words"])
        except RefusedError as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, _("Sent. Another moderator decides, and we tell you."))
            return redirect(campaign)
    context = {"campaign": campaign, "suspension": suspension, "form": form}
    status = 400 if form.errors else 200
    return render(request, "pledges/campaign_appeal.html", context, status=status)


def act_on(
    request: SignedInRequest, campaign: Campaign, act: Callable[..., Campaign], done: str
) -> HttpResponse:
    """Do it, and say on the campaign's page what was done or why not."""
    try:
        act(campaign, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    except REFUSALS:
        messages.error(request, _("This is not possible for the campaign as it is now."))
    else:
        messages.success(request, done)
    return redirect(campaign)
