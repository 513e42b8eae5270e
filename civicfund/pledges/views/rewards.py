"""A reward that is added while people pledge."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund.people.requests import SignedInRequest
from civicfund.pledges.access import own_campaign
from civicfund.pledges.forms import AddedRewardForm
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.rewards import add_reward, check_may_add


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reward_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add a reward to one's own live campaign."""
    campaign = own_campaign(request.user, pk)
    form = AddedRewardForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _add(request, campaign, form):
        messages.success(request, _("Added. Whoever pledges from now on can choose it."))
        return redirect(campaign)
    context = {"campaign": campaign, "form": form, "refused": _why_not(campaign, request)}
    status = 400 if form.errors else 200
    return render(request, "pledges/reward_form.html", context, status=status)


def _add(request: SignedInRequest, campaign: Campaign, form: AddedRewardForm) -> bool:
    """Add it; a refusal stands on the form."""
    terms = form.terms()
    try:
        if terms is not None:
            add_reward(campaign, terms, by=request.user)
    except RefusedError as refusal:
        form.add_error(refusal.field or None, str(refusal))
    return form.is_valid()


def _why_not(campaign: Campaign, request: SignedInRequest) -> str:
    try:
        check_may_add(campaign, request.user)
    except RefusedError as refusal:
        return str(refusal)
    return ""
