"""A creator's own pages of their campaign's backers and of what people ask, and telling the
moderators of a campaign.
"""

from __future__ import annotations

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.pledges.access import own_campaign, team_campaign, visible_campaign
from civicfund.pledges.forms import BackersForm, ReportForm
from civicfund.pledges.selectors.backers import (
    backers_of,
    by_day,
    by_reward,
    by_state,
    due_minor,
    name_for_creator,
    rows_for_creator,
)
from civicfund.pledges.selectors.treasury import returned_of
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import report_campaign
from civicfund.projects.views.acting import TOO_MUCH_NOW
from civicfund.spreadsheets import csv_response
from civicfund.talk.selectors import questions_to_creator
from civicfund.templatetags.money import money

PER_PAGE = 50
COLUMNS = [
    "pledge", "pledged_at", "state", "amount_minor", "currency", "reward", "add_ons", "sent_to",
    "name",
]  # fmt: skip


@login_required
@require_safe
@never_cache
def campaign_backers(request: SignedInRequest, pk: int) -> HttpResponse:
    """One's own campaign's pledges: by day, by reward, by state, and each of them."""
    campaign = own_campaign(request.user, pk)
    days = by_day(campaign)
    form = BackersForm(campaign, request.GET or None)
    found = backers_of(campaign, form.narrowed, form.order)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "form": form,
        "days": [
            {"label": date_format(day, "j M"), "value": amount, "display": money(amount)}
            for day, _pledges, amount in days
        ],
        "rewards": by_reward(campaign),
        "states": by_state(campaign),
        "page": page,
        "pledges": [(pledge, name_for_creator(pledge)) for pledge in page],
        "due_minor": due_minor(campaign),
        "returned": returned_of(campaign) if campaign.is_being_collected else None,
    }
    status = 400 if request.GET and not form.is_valid() else 200
    return render(request, "pledges/backers.html", context, status=status)


@login_required
@require_safe
@never_cache
def campaign_backers_csv(request: SignedInRequest, pk: int) -> StreamingHttpResponse:
    """Those that fit as a file, a line for each pledge; amounts in minor units."""
    campaign = own_campaign(request.user, pk)
    form = BackersForm(campaign, request.GET or None)
    if request.GET and not form.is_valid():
        raise Http404("No such pledges.")
    found = backers_of(campaign, form.narrowed, form.order)
    return csv_response(f"campaign-{campaign.pk}.csv", COLUMNS, rows_for_creator(found))


@login_required
@require_safe
@never_cache
def campaign_questions(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the team of a campaign was asked and has not answered, the oldest first."""
    campaign = team_campaign(request.user, pk)
    asked = questions_to_creator(campaign.pk)
    page = Paginator(asked, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "pledges/questions.html", {"campaign": campaign, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the moderators what is wrong with a campaign; nobody has to sign in for that."""
    campaign = visible_campaign(request.user, pk)
    form = ReportForm(request.POST if request.method == "POST" else None)
    context = {"campaign": campaign, "form": form}
    if form.is_bound and form.is_valid():
        if not consume(request, action="report_campaign"):
            form.add_error(None, TOO_MUCH_NOW)
            return render(request, "pledges/report.html", context, status=429)
        by = request.user if isinstance(request.user, User) else None
        try:
            report_campaign(campaign, by=by, **form.cleaned_data)
        except RefusedError as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("Thank you. A moderator will look at it."))
        return redirect(campaign)
    return render(request, "pledges/report.html", context, status=400 if form.errors else 200)
