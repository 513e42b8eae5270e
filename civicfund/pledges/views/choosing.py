"""A backer chooses, sees what it comes to, and agrees; the card comes on the next page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from civicfund.delivery.selectors import progress_of
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, person_here, remember_guest
from civicfund.pledges.access import own_pledge, visible_campaign
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import STARTED_PLEDGE
from civicfund.pledges.forms import PledgeForm
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors import open_pledge_of
from civicfund.pledges.selectors.fees import likely_fees
from civicfund.pledges.services.choosing import Choice, check_choice
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import change_pledge, pledge
from civicfund.pledges.views.campaigns import takes_pledges
from civicfund.pledges.views.guests import BackerRequest, backer_required
from civicfund.projects.views.acting import TOO_MUCH_NOW

Visit = HttpRequest | BackerRequest


@require_http_methods(["GET", "HEAD", "POST"])
def pledge_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose an amount, a reward and what to add; agree; the card comes on the next page.

    Whoever is not signed in gives an address, and is a guest.
    """
    campaign = visible_campaign(request.user, pk)
    backer = person_here(request)
    mine = open_pledge_of(backer, campaign) if backer else None
    if mine is not None and mine.state not in STARTED_PLEDGE:
        return redirect(mine)
    if request.method != "POST":
        initial = PledgeForm.initial_of(mine) if mine else {"reward": request.GET.get("reward")}
        form = PledgeForm(campaign, initial=initial, is_guest=backer is None)
        return _choice_page(request, campaign, form)
    return _chosen(request, campaign, None)


@backer_required
@require_http_methods(["GET", "HEAD", "POST"])
def pledge_change(request: BackerRequest, pk: UUID) -> HttpResponse:
    """Promise another amount or reward, until the deadline."""
    mine = own_pledge(request.backer, pk)
    campaign = visible_campaign(request.backer, mine.campaign_id)
    if request.method != "POST":
        form = PledgeForm(campaign, initial=PledgeForm.initial_of(mine), mine=mine)
        return _choice_page(request, campaign, form, mine)
    return _chosen(request, campaign, mine)


def _chosen(request: Visit, campaign: Campaign, mine: Pledge | None) -> HttpResponse:
    """Show what a choice comes to and ask for the consent; with the consent, keep it."""
    backer = person_here(request)
    form = PledgeForm(campaign, request.POST, is_guest=backer is None, mine=mine)
    if not form.is_valid():
        return _choice_page(request, campaign, form, mine, status=400)
    choice = form.choice()
    try:
        if not form.cleaned_data["consent"]:
            check_choice(campaign, choice)
            return _agree_page(request, campaign, form, choice, mine)
        if backer is None and not consume(request, action="pledge_as_guest"):
            form.add_error(None, TOO_MUCH_NOW)
            return _choice_page(request, campaign, form, mine, status=429)
        with transaction.atomic():
            backer = backer or _new_guest(request, form)
            return _keep(
                request, backer, campaign, choice, form.cleaned_data["consent_version"], mine
            )
    except RefusedError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _choice_page(request, campaign, form, mine, status=400)


def _new_guest(request: Visit, form: PledgeForm) -> User:
    """Somebody without an account, whom this browser knows from here on."""
    guest = User.objects.create_guest(
        form.cleaned_data["guest_email"], display_name=form.cleaned_data["guest_name"]
    )
    remember_guest(request.session, guest)
    return guest


def _keep(
    request: Visit,
    backer: User,
    campaign: Campaign,
    choice: Choice,
    consent_version: str,
    mine: Pledge | None,
) -> HttpResponse:
    wanted: dict[str, Any] = {
        "amount_minor": choice.amount_minor,
        "reward": choice.reward,
        "add_ons": choice.add_ons,
        "zone": choice.zone,
        "show_name": choice.show_name,
        "consent_version": consent_version,
    }
    if mine is None:
        made = pledge(campaign, backer=backer, **wanted)
        return redirect("pledge_card", made.pk)
    change_pledge(mine, by=backer, **wanted)
    messages.success(request, _("Your pledge is changed."))
    return redirect(mine)


def _agree_page(
    request: Visit,
    campaign: Campaign,
    form: PledgeForm,
    choice: Choice,
    mine: Pledge | None,
) -> HttpResponse:
    """The total, what it is made of, the fees, and when it is charged, before the consent."""
    asked = "consent_version" in request.POST
    if asked:
        form.add_error("consent", _("Nothing is kept unless you agree."))
    context = {
        "campaign": campaign,
        "project": campaign.project,
        "form": form,
        "choice": choice,
        "add_ons": [(each, n, each.amount_minor * n) for each, n in choice.add_ons.items()],
        "bonus_minor": choice.amount_minor - choice.least_minor,
        "fees": likely_fees(campaign, choice.amount_minor),
        "plan": progress_of([campaign.project_id]).get(campaign.project_id),
        "mine": mine,
        "consent_text": f"pledges/consent/{CONSENT_VERSION}.html",
    }
    return render(request, "pledges/agree.html", context, status=400 if asked else 200)


def _choice_page(
    request: Visit,
    campaign: Campaign,
    form: PledgeForm,
    mine: Pledge | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "campaign": campaign,
        "project": campaign.project,
        "form": form,
        "mine": mine,
        "takes_pledges": takes_pledges(campaign),
    }
    return render(request, "pledges/choose.html", context, status=status)
