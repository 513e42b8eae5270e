"""Kiosks: the officers' desk at which they are kept, and the one page that a kiosk shows.

What a kiosk shows is told by the server alone: its cookie says which kiosk it is, and the rows of
its unlocks whether a ballot is open there. So going back, or loading again, shows what is so now.
"""

from __future__ import annotations

from functools import partial

import structlog
from allauth.core.ratelimit import consume
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from budgeting.access import holds, visible_cycle
from budgeting.enums import BallotKind
from budgeting.forms import (
    FilledIn,
    KioskCodeForm,
    OneKioskForm,
    RegisterKioskForm,
    UnlockForm,
)
from budgeting.models import Cycle, Kiosk, KioskUnlock
from budgeting.models.kiosks import UNLOCK_LASTS
from budgeting.selectors import ballot_status, kiosk_by_key, kiosks_of, sitting_at
from budgeting.services.errors import BallotRefusedError, RefusedError, VotingClosedError
from budgeting.services.kiosks import (
    OVER,
    KioskOverError,
    cast_at_kiosk,
    end_ballot,
    free_kiosk,
    open_ballot,
    register_kiosk,
    revoke_kiosk,
    unlock_ballot,
)
from budgeting.services.urns import NO_KEY, SlotKeyMissingError
from budgeting.views.cycles import ballot_shown
from budgeting.views.desks import Acts, Desk, back
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.requests import HttpRequest, SignedInRequest

log = structlog.get_logger(__name__)
keepers_only = staff.only(Role.POLL_OFFICER, Role.BUDGET_ADMINISTRATOR)
COOKIE, SALT = "kiosk", "budgeting.kiosk"
_COOKIE_SECONDS = 90 * 86_400  # longer than votes last; whether it holds is in the database
# Without a touch or a key; a receipt is not shown for longer than the last in any case.
IDLE_SECONDS, RECEIPT_SECONDS, RECEIPT_MOST_SECONDS = 90, 60, 300


@keepers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("number")
def kiosks_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Make this browser a kiosk, unlock a ballot at one, free one, revoke one."""
    cycle = visible_cycle(request.user, slug)
    acts: Acts = {
        "register": (RegisterKioskForm, _register),
        "unlock": (partial(UnlockForm, cycle), _unlock),
        "free": (partial(OneKioskForm, cycle), _free),
        "revoke": (partial(OneKioskForm, cycle), _revoke),
    }
    desk = Desk(request, cycle, acts)
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "kiosks": kiosks_of(cycle),
        "officer": holds(request.user, Role.POLL_OFFICER),
        "status": ballot_status(cycle, None),
    }
    return render(request, "budgeting/kiosks_desk.html", context, status=desk.status)


def _register(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    """The officer's own sign-in ends with it: what stands there is nobody's browser."""
    _made, key = register_kiosk(cycle, name=desk.given["name"], by=request.user)
    logout(request)
    answer = redirect("kiosk", slug=cycle.slug)
    answer.set_signed_cookie(
        COOKIE, key, salt=SALT, max_age=_COOKIE_SECONDS, httponly=True, samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE, path=reverse("kiosk", args=[cycle.slug]),
    )  # fmt: skip
    return answer


def _unlock(request: SignedInRequest, _cycle: Cycle, desk: Desk) -> None:
    """No redirect: the code goes through no session."""
    given = desk.given
    desk.told = unlock_ballot(given["kiosk"], number=given["number"], by=request.user)
    desk.forms[desk.name] = desk.blank(desk.name)


def _free(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    free_kiosk(desk.given["one"], by=request.user)
    return back(
        request, "kiosks_desk", cycle, _("It is free. What was open there can no longer be cast.")
    )


def _revoke(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    revoke_kiosk(desk.given["one"], by=request.user)
    return back(request, "kiosks_desk", cycle, _("Revoked: nobody can vote there any more."))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
def kiosk(request: HttpRequest, slug: str) -> HttpResponse:
    """The one page of a kiosk: waiting for a code, a ballot, or what became of it."""
    cycle = visible_cycle(request.user, slug)
    device = kiosk_by_key(cycle, request.get_signed_cookie(COOKIE, "", salt=SALT) or "")
    if device is None:
        return render(request, "budgeting/kiosk_none.html", {"cycle": cycle}, status=403)
    act = request.POST.get("act", "")
    if request.user.is_authenticated:
        return _signed_in(request, cycle, act)
    sitting = sitting_at(device)
    if act == "code" and sitting is None:
        return _code(request, cycle, device)
    if act == "leave":
        if sitting is not None:
            end_ballot(sitting)
        return redirect("kiosk", slug=slug)
    if act == "cast" and sitting is None:
        return _waiting(request, cycle, device, KioskCodeForm(), why=str(OVER), status=409)
    if act == "cast" and sitting is not None:
        return _cast(request, cycle, sitting)
    if sitting is not None:
        return _ballot_page(request, cycle, sitting, FilledIn())
    return _waiting(request, cycle, device, KioskCodeForm())


def _signed_in(request: HttpRequest, cycle: Cycle, act: str) -> HttpResponse:
    """Somebody signed in at the kiosk: nobody votes there before they are signed out."""
    if act == "sign_out":
        logout(request)
        return redirect("kiosk", slug=cycle.slug)
    return render(request, "budgeting/kiosk_signed_in.html", {"cycle": cycle}, status=409)


def _code(request: HttpRequest, cycle: Cycle, device: Kiosk) -> HttpResponse:
    form = KioskCodeForm(request.POST)
    if not consume(request, action="kiosk_code", key=str(device.pk)):
        why = _("Too many codes were tried here. Wait ten minutes, or use another kiosk.")
        return _waiting(request, cycle, device, KioskCodeForm(), why=why, status=429)
    if form.is_valid():
        try:
            open_ballot(device, form.cleaned_data["code"])
        except RefusedError as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            return redirect("kiosk", slug=cycle.slug)
    return _waiting(request, cycle, device, form, status=400)


def _cast(request: HttpRequest, cycle: Cycle, sitting: KioskUnlock) -> HttpResponse:
    filled = FilledIn.of(request.POST)
    show = partial(_ballot_page, request, cycle, sitting, filled)
    try:
        told = cast_at_kiosk(sitting, filled.choices(BallotKind(cycle.ballot_kind)))
    except (KioskOverError, VotingClosedError) as refusal:
        end_ballot(sitting)
        return _waiting(
            request, cycle, sitting.kiosk, KioskCodeForm(), why=str(refusal), status=409
        )
    except BallotRefusedError as refusal:
        return show(refusal, status=400)
    except SlotKeyMissingError:
        log.exception("ballot.no_slot_key", cycle=cycle.pk)
        return show(why=_("Your ballot was not cast. %(why)s") % {"why": NO_KEY}, status=503)
    # No redirect: a receipt goes through no session, message or address.
    context = {"cycle": cycle, "told": told, "seconds": RECEIPT_SECONDS}
    answer = render(request, "budgeting/kiosk_cast.html", context)
    return _until(answer, cycle, RECEIPT_MOST_SECONDS)


def _ballot_page(
    request: HttpRequest,
    cycle: Cycle,
    sitting: KioskUnlock,
    filled: FilledIn,
    refusal: BallotRefusedError | None = None,
    *,
    why: str = "",
    status: int = 200,
) -> HttpResponse:
    context = ballot_shown(cycle, sitting.entry, filled, refusal) | {
        "why": why,
        "until": sitting.made_at + UNLOCK_LASTS,
        "seconds": IDLE_SECONDS,
    }
    answer = render(request, "budgeting/kiosk_ballot.html", context, status=status)
    left = sitting.made_at + UNLOCK_LASTS - db_now()
    return _until(answer, cycle, int(left.total_seconds()) + 1)


def _until(answer: HttpResponse, cycle: Cycle, seconds: int) -> HttpResponse:
    """Also without scripts the page goes when it is over, and the kiosk waits for the next."""
    answer["Refresh"] = f"{max(seconds, 1)}; url={reverse('kiosk', args=[cycle.slug])}"
    return answer


def _waiting(
    request: HttpRequest,
    cycle: Cycle,
    device: Kiosk,
    form: KioskCodeForm,
    *,
    why: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "cycle": cycle,
        "kiosk": device,
        "form": form,
        "why": why,
        "status": ballot_status(cycle, None),
    }
    return render(request, "budgeting/kiosk_waiting.html", context, status=status)
