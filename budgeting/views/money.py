"""What the books set aside for a vote: two treasurers say it, administrators read it."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import cycle_beside_books, holds
from budgeting.forms import AgreeForm, AppropriationForm
from budgeting.models import Cycle
from budgeting.selectors.appropriations import set_aside_for
from budgeting.services.appropriations import (
    appropriate,
    appropriations_asked,
    request_appropriation,
)
from budgeting.views.desks import Acts, Desk, back, take_back_here
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.templatetags.money import money


@staff.only(Role.TREASURER, Role.BUDGET_ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cycle_money(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """What is set aside for a vote beside what its pots take; treasurers change it, by two."""
    cycle = cycle_beside_books(slug)
    desk = Desk(request, cycle, MONEY_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "found": set_aside_for(cycle),
        "asked": appropriations_asked(cycle) if cycle.is_prepared else [],
        "treasures": holds(request.user, Role.TREASURER),
        "administers": holds(request.user, Role.BUDGET_ADMINISTRATOR),
        "prepares": cycle.is_prepared,
    }
    return render(request, "budgeting/money.html", context, status=desk.status)


def _ask(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_appropriation(cycle, by=request.user, **desk.given)
    return back(request, "cycle_money", cycle, _("Now another treasurer has to agree."))


def _agree(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    total_minor = appropriate(cycle, desk.given["asked"], by=request.user)
    words = _("The books set %(amount)s aside for it.")
    amount = money(total_minor, cycle.currency)
    return back(request, "cycle_money", cycle, words % {"amount": amount})


MONEY_ACTS: Acts = {
    "ask": (AppropriationForm, _ask),
    "agree": (AgreeForm, _agree),
    "take_back": (AgreeForm, take_back_here),
}
