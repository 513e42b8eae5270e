"""Pausing what somebody writes; what they read of it, and their appeal."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.talk.enums import PauseOutcome, Wrong
from civicfund.talk.forms import PauseAppealForm, PauseForm
from civicfund.talk.models import Pause
from civicfund.talk.selectors.pauses import pause_of, pauses_of
from civicfund.talk.services import (
    TalkError,
    appeal_pause,
    decide_pause,
    end_pause,
    pause_writing,
)
from civicfund.talk.views.desk import moderators_only

# By what the button sends: the act, and what is said when it is done.
PAUSE_ACTS: dict[str, tuple[Callable[[Pause, User], object], Promise | str]] = {
    "end": (
        lambda pause, by: end_pause(pause, by=by),
        gettext_lazy("They can write again, and are told."),
    ),
    "lift": (
        lambda pause, by: decide_pause(pause, by=by, outcome=PauseOutcome.LIFTED),
        gettext_lazy("They can write again, and are told."),
    ),
    "uphold": (
        lambda pause, by: decide_pause(pause, by=by, outcome=PauseOutcome.UPHELD),
        gettext_lazy("The pause stays. They are told."),
    ),
}


@moderators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pause(request: SignedInRequest, pk: int) -> HttpResponse:
    """Whether somebody may write, what was done about it, and what to do."""
    person = get_object_or_404(User.objects.filter(erased_at=None, guest_email=""), pk=pk)
    act = request.POST.get("act", "")
    form = PauseForm(request.POST if act == "pause" else None)
    refused = ""
    try:
        if act in PAUSE_ACTS:
            done, said = PAUSE_ACTS[act]
            done(_standing(person), request.user)
            messages.success(request, str(said))
            return redirect("pause_person", person.pk)
        if form.is_bound and form.is_valid():
            given = form.cleaned_data | {"reason": Wrong(form.cleaned_data["reason"])}
            pause_writing(person, by=request.user, **given)
            messages.success(request, _("Paused. They are told why, and may appeal."))
            return redirect("pause_person", person.pk)
    except TalkError as refusal:
        refused = str(refusal)
    return _pause_page(request, person, form, refused)


def _standing(person: User) -> Pause:
    found = pause_of(person)
    if found is None:
        raise TalkError(_("This pause is over."))
    return found


def _pause_page(
    request: SignedInRequest, person: User, form: forms.Form, refused: str
) -> HttpResponse:
    context = {
        "person": person,
        "standing": pause_of(person),
        "pauses": pauses_of(person),
        "is_staff": person.is_staff,
        "form": form,
        "refused": refused,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "talk/pause.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def my_pause(request: SignedInRequest) -> HttpResponse:
    """Why I may not write, until when, and my appeal."""
    standing = pause_of(request.user)
    form = PauseAppealForm(request.POST if request.method == "POST" else None)
    if form.is_bound and standing is None:
        messages.info(request, _("Nobody has paused your writing."))
        return redirect("my_pause")
    if standing is not None and form.is_bound and form.is_valid():
        try:
            appeal_pause(standing, by=request.user, words=form.cleaned_data["words"])
        except TalkError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Sent. Another moderator decides, and we tell you."))
            return redirect("my_pause")
    context = {"standing": standing, "form": form}
    return render(request, "talk/my_pause.html", context, status=400 if form.errors else 200)
