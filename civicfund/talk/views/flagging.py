"""Telling the moderators, and appealing to them; what they did, in counts."""

from __future__ import annotations

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.projects.forms import AppealForm, FlagForm
from civicfund.spreadsheets import csv_response
from civicfund.strangers import kept_for_strangers
from civicfund.talk.access import own_comment, visible_comment
from civicfund.talk.enums import Wrong
from civicfund.talk.selectors.desks import COUNTED, months_of_moderation
from civicfund.talk.services import TalkError, appeal_hiding, flag_comment


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def flag(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tell the moderators what is wrong with a comment."""
    comment, subject = visible_comment(request.user, pk)
    form = FlagForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid():
        if not consume(request, action="flag_comment", user=request.user):
            form.add_error(None, _("That is a lot within an hour. Come back later."))
            status = 429
        else:
            data = form.cleaned_data
            try:
                reason, words = Wrong(data["reason"]), data["words"]
                flag_comment(comment, by=request.user, reason=reason, words=words)
            except TalkError as refusal:
                messages.info(request, str(refusal))
            else:
                messages.success(request, _("Thank you. A moderator will look at it."))
            return redirect(comment)
    context = {"subject": subject, "comment": comment, "form": form}
    status = 400 if form.errors and status == 200 else status
    return render(request, "talk/flag.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for another moderator's look at what I said and one of them hid."""
    comment, subject = own_comment(request.user, pk)
    if comment.hiding is None:
        raise Http404("Nothing to appeal.")
    form = AppealForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            appeal_hiding(comment, subject, by=request.user, words=form.cleaned_data["words"])
        except TalkError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Sent. Another moderator decides, and we tell you."))
            return redirect(comment)
    context = {"subject": subject, "comment": comment, "form": form}
    return render(request, "talk/appeal.html", context, status=400 if form.errors else 200)


@kept_for_strangers
@require_safe
def moderation(request: HttpRequest) -> HttpResponse:
    """What moderators did in each month of the last year, in counts."""
    months = months_of_moderation()
    columns = [counts for _month, counts in months]
    labels = [each.label for each in COUNTED.values()]
    context = {
        "months": [month for month, _counts in months],
        "rows": list(zip(labels, zip(*columns, strict=True), strict=False)),
    }
    return render(request, "talk/moderation.html", context)


@require_safe
def moderation_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file."""
    rows = ([f"{month:%Y-%m}", *counts] for month, counts in months_of_moderation())
    return csv_response("moderation.csv", ["month", *COUNTED], rows)
