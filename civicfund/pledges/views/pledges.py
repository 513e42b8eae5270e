"""A backer's pages: give a card, take back, make good."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.payments.access import with_payment_host
from civicfund.payments.domain import GatewayUnavailable, RateLimited
from civicfund.people.requests import HttpRequest, SignedInRequest, person_here
from civicfund.pledges.access import open_recovery, own_pledge, payable_pledge
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import (
    CHANGEABLE_PLEDGE,
    CHARGED_PLEDGE,
    FAILED_PLEDGE,
    STARTED_PLEDGE,
    PledgeState,
)
from civicfund.pledges.models import Pledge
from civicfund.pledges.selectors import last_failure, what_to_do
from civicfund.pledges.selectors.surveys import survey_for
from civicfund.pledges.selectors.treasury import paid_back
from civicfund.pledges.services.cards import read_card_back, start_card
from civicfund.pledges.services.choosing import choice_of
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge
from civicfund.pledges.services.recovery import read_back, start_recovery
from civicfund.pledges.views.campaigns import keeps_pledges, takes_pledges
from civicfund.pledges.views.guests import BackerRequest, backer_required

NO_ANSWER = (GatewayUnavailable, RateLimited)
Visit = HttpRequest | SignedInRequest | BackerRequest


@backer_required
@require_safe
@never_cache
def pledge_detail(request: BackerRequest, pk: UUID) -> HttpResponse:
    """One's own pledge: what was promised, what became of it, what can be done."""
    found = own_pledge(request.backer, pk)
    failure = last_failure(found) if found.state in FAILED_PLEDGE else None
    context = {
        "pledge": found,
        "campaign": found.campaign,
        "project": found.campaign.project,
        "add_ons": found.add_ons.select_related("add_on"),
        "bonus_minor": found.amount_minor - choice_of(found).least_minor,
        "has_started": found.state in STARTED_PLEDGE,
        "is_active": found.state == PledgeState.ACTIVE,
        "is_charged": found.state in CHARGED_PLEDGE,
        "may_change": found.state in CHANGEABLE_PLEDGE and takes_pledges(found.campaign),
        "may_cancel": found.state in CHANGEABLE_PLEDGE and keeps_pledges(found.campaign),
        "returned_minor": paid_back(found),
        "survey": survey_for(found),
        "is_guest": found.backer.is_guest,
        "failure": failure,
        "what_to_do": what_to_do(failure.code, failure.decline_code) if failure else "",
    }
    return render(request, "pledges/detail.html", context)


@backer_required
@require_http_methods(["GET", "HEAD", "POST"])
def pledge_cancel(request: BackerRequest, pk: UUID) -> HttpResponse:
    """Ask once more, then take one's pledge back."""
    mine = own_pledge(request.backer, pk)
    if request.method != "POST":
        return render(request, "pledges/cancel.html", {"pledge": mine, "campaign": mine.campaign})
    try:
        cancel_pledge(mine, by=request.backer)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect(mine)
    messages.success(request, _("Your pledge is taken back. Nothing will be charged."))
    return redirect(mine.campaign)


@backer_required
@require_safe
@never_cache
@with_payment_host
def pledge_card(request: BackerRequest, pk: UUID) -> HttpResponse:
    """Give the card that is charged if the campaign is funded; it never reaches this server."""
    mine = own_pledge(request.backer, pk)
    try:
        # Only where another card is put in place of one does the page show words to agree to.
        replaces = mine.state == PledgeState.ACTIVE
        intent = start_card(mine, shown=CONSENT_VERSION if replaces else "")
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect(mine)
    except NO_ANSWER:
        return _no_answer(request, mine)
    return _card_page(request, mine, "setup", intent.client_secret)


@require_safe
@never_cache
def recovery_link(request: HttpRequest, token: str) -> HttpResponse:
    """From a mail, without signing in: open one pledge's payment, at an address that is clean."""
    pledge = open_recovery(request.session, token)
    response = redirect("pledge_recover", pk=pledge.pk)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@never_cache
@with_payment_host
def pledge_recover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pay a pledge whose card failed: with another card, or with one's bank's confirmation."""
    if (mine := _payable(request, pk)) is None:
        return redirect_to_login(request.get_full_path())
    try:
        intent = start_recovery(mine)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect(_after(request, mine))
    except NO_ANSWER:
        return _no_answer(request, mine)
    return _card_page(request, mine, "payment", intent.client_secret)


@require_safe
@never_cache
def pledge_paid(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What has become of a pledge, for somebody who came by a mail's link and is not signed in."""
    if (mine := _payable(request, pk)) is None:
        return redirect_to_login(request.get_full_path())
    return render(request, "pledges/paid.html", {"pledge": mine, "campaign": mine.campaign})


def _payable(request: HttpRequest, pk: UUID) -> Pledge | None:
    """The pledge; None where signing in may help."""
    try:
        return payable_pledge(person_here(request), request.session, pk)
    except PermissionDenied:
        return None


def _after(request: Visit, mine: Pledge) -> str:
    """Where a visit to the payment page ends: one's pledge, where one may see all of it."""
    if person_here(request) == mine.backer:
        return mine.get_absolute_url()
    return reverse("pledge_paid", args=[mine.pk])


def _card_page(request: Visit, mine: Pledge, kind: str, client_secret: str) -> HttpResponse:
    context = {
        "pledge": mine,
        "campaign": mine.campaign,
        "project": mine.campaign.project,
        "kind": kind,
        "client_secret": client_secret,
        "replaces": mine.card_words if mine.state == PledgeState.ACTIVE else "",
        "consent_text": f"pledges/consent/{CONSENT_VERSION}.html",
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "script_url": settings.STRIPE_JS_URL,
        "back_url": _after(request, mine) if kind == "payment" else mine.get_absolute_url(),
        "return_url": request.build_absolute_uri(reverse("pledge_return", args=[mine.pk])),
    }
    return render(request, "pledges/card.html", context)


def _no_answer(request: Visit, mine: Pledge) -> HttpResponse:
    """Nothing is lost: the choice is kept, and the page can be asked for again."""
    return render(request, "pledges/no_answer.html", {"pledge": mine}, status=503)


@require_safe
@never_cache
def pledge_return(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where the payment page comes back to: read what has become of it, and go to the pledge.

    Nothing in this address is believed, and whatever secret stands in it goes no further.
    """
    if (mine := _payable(request, pk)) is None:
        return redirect_to_login(reverse("pledge_detail", args=[pk]))
    try:
        after = read_back(mine) if mine.state in FAILED_PLEDGE else read_card_back(mine)
    except NO_ANSWER:
        messages.info(request, _("We have no answer yet. This page shows it once we have."))
        return redirect(_after(request, mine))
    _say(request, mine, after)
    return redirect(_after(request, mine))


def _say(request: Visit, before: Pledge, after: Pledge) -> None:
    """What the visit to the payment page came to, where that is certain."""
    if after.state == PledgeState.COLLECTED:
        messages.success(request, _("Thank you: your pledge is collected."))
    elif after.state == PledgeState.ACTIVE and after.payment_method_id != before.payment_method_id:
        messages.success(request, _("Thank you: your card is saved, and your pledge counts."))
    elif after.state in STARTED_PLEDGE:
        messages.info(request, _("Your card is not saved yet, so the pledge does not count yet."))
    elif after.state == PledgeState.CANCELLED:
        messages.error(
            request, _("The campaign closed before your card was saved. Nothing is charged.")
        )
