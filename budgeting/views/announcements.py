"""Desk pages on which the town writes to residents: drafts, a preview, sending, the log."""

from __future__ import annotations

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.enums import AnnouncementState
from budgeting.forms import AnnouncementForm, SendForm
from budgeting.models import Announcement, Cycle
from budgeting.selectors.announcements import announcements_of, receivers, send_log
from budgeting.services.announcements import (
    announcement_mail,
    change_announcement,
    go_on_announcing,
    send_announcement,
    send_test,
    stop_announcement,
    write_announcement,
)
from budgeting.views.desks import Acts, Desk, back
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest

_with_a_frame = csp_update({"frame-src": [SELF]})
_as_a_mail = csp_replace(
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-top-navigation-by-user-activation"],
    }
)
administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def announcements(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """What was announced about the cycle, and a new draft."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, ANNOUNCEMENTS_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {"announcements": announcements_of(cycle)[:100]}
    return render(request, "budgeting/announcements.html", context, status=desk.status)


def _write(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = write_announcement(cycle, **desk.given, by=request.user)
    return redirect("announcement", slug=cycle.slug, pk=made.pk)


ANNOUNCEMENTS_ACTS: Acts = {"write": (AnnouncementForm, _write)}


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def announcement(request: SignedInRequest, slug: str, pk: int) -> HttpResponseBase:
    """One announcement: as each would get it, to how many, and how far it has come."""
    cycle = visible_cycle(request.user, slug)
    shown = _announcement(cycle, pk)
    desk = Desk(request, cycle, ANNOUNCEMENT_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    draft = shown.state == AnnouncementState.DRAFT
    if draft and desk.name != "change":
        desk.forms["change"].initial = {
            "subject": shown.subject,
            "body": shown.body,
            "places": shown.places.all(),
        }
    places = list(shown.places.defer("boundary").order_by("name"))
    context = desk.context() | {
        "announcement": shown,
        "mail": announcement_mail(shown, request.user),
        "places": places,
        "receivers": receivers([place.pk for place in places]).count() if draft else None,
        "log": None if draft else send_log(shown),
    }
    # Also after a refusal: what is shown now is what the next press of the button sends.
    context["forms"]["send"] = SendForm(initial={"digest": shown.digest}, auto_id="send-%s")
    page = "budgeting/announcement.html"
    return _with_a_frame(lambda sent: render(sent, page, context, status=desk.status))(request)


def _announcement(cycle: Cycle, pk: int) -> Announcement:
    of_cycle = Announcement.objects.filter(cycle=cycle).select_related("cycle")
    return get_object_or_404(of_cycle, pk=pk)


@administrators_only
@require_safe
@never_cache
@xframe_options_sameorigin
def announcement_html(request: SignedInRequest, slug: str, pk: int) -> HttpResponseBase:
    """The mail's HTML as a mail reader shows it: styles, no scripts, links that leave the frame."""
    shown = _announcement(visible_cycle(request.user, slug), pk)
    html = str(announcement_mail(shown, request.user).alternatives[0][0])
    return _as_a_mail(lambda _request: HttpResponse(f'<base target="_top">{html}'))(request)


def _this(request: SignedInRequest, cycle: Cycle) -> Announcement:
    """The announcement whose page was sent."""
    match = request.resolver_match
    return _announcement(cycle, match.kwargs["pk"] if match else 0)


def _there(request: SignedInRequest, cycle: Cycle, words: str) -> HttpResponse:
    back(request, "announcements", cycle, words)
    return redirect("announcement", slug=cycle.slug, pk=_this(request, cycle).pk)


def _change(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    change_announcement(_this(request, cycle), **desk.given, by=request.user)
    return _there(request, cycle, _("Saved."))


def _test(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    send_test(_this(request, cycle), by=request.user)
    return _there(request, cycle, _("A test is on its way to you."))


def _send(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    number = send_announcement(_this(request, cycle), **desk.given, by=request.user)
    words = ngettext("It goes out to %(n)d person.", "It goes out to %(n)d people.", number)
    return _there(request, cycle, words % {"n": number})


def _stop(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    stop_announcement(_this(request, cycle), by=request.user)
    return _there(request, cycle, _("It is stopped. What was sent cannot be taken back."))


def _go_on(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    go_on_announcing(_this(request, cycle), by=request.user)
    return _there(request, cycle, _("The rest goes out."))


ANNOUNCEMENT_ACTS: Acts = {
    "change": (AnnouncementForm, _change),
    "test": (forms.Form, _test),
    "send": (SendForm, _send),
    "stop": (forms.Form, _stop),
    "go_on": (forms.Form, _go_on),
}
