"""Voting with a code from a letter: no account, and an account later for those who want one."""

from __future__ import annotations

from allauth.core.ratelimit import consume, respond_429
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from budgeting.access import visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import CodeForm
from budgeting.services.codes import claim_by_code, code_for, plain_code
from budgeting.services.errors import RefusedError
from budgeting.views.voters import code_here, stop_voting_by_code, vote_by_code
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("code", "born")
def voting_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Type in a code from a letter, and go on to the ballot."""
    cycle = visible_cycle(request.user, slug)
    form = CodeForm(request.POST or None)
    if form.is_bound and form.is_valid():
        typed = plain_code(form.cleaned_data["code"])
        tried = {"action": "voting_code", "key": f"{cycle.pk}:{typed}"}
        if not consume(request, **tried, dry_run=True):
            too_many: HttpResponse = respond_429(request)
            return too_many
        try:
            code = code_for(cycle, typed, form.cleaned_data["born"])
        except RefusedError as refusal:
            # Only what was wrong counts: a library's readers share an address.
            consume(request, **tried)
            form.add_error("code", str(refusal))
        else:
            vote_by_code(request, code)
            return redirect("ballot", slug=slug)
    context = {"cycle": cycle, "form": form, "is_open": cycle.state == CycleState.OPEN}
    return render(request, "budgeting/code.html", context, status=400 if form.errors else 200)


@require_POST
def claim_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Whoever typed a code and is signed in votes with the account from now on."""
    cycle = visible_cycle(request.user, slug)
    code = code_here(request, cycle)
    if code is None or not isinstance(request.user, User):
        return redirect("voting_code", slug=slug)
    try:
        claim_by_code(code, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    else:
        stop_voting_by_code(request)
        messages.success(request, _("From now on you vote here with your account."))
    return redirect("roll", slug=slug)


@require_POST
def leave_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the next person at this computer be somebody else."""
    cycle = visible_cycle(request.user, slug)
    stop_voting_by_code(request)
    messages.success(request, _("This browser votes for nobody any more."))
    return redirect("cycle", slug=cycle.slug)
