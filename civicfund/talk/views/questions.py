"""The desk at which spokespeople answer for the city."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.talk.access import visible_comment, visible_subjects
from civicfund.talk.forms import AnswerForm
from civicfund.talk.selectors.desks import questions_paged
from civicfund.talk.services import TalkError, answer_for_city

spokespeople_only = staff.only(Role.SPOKESPERSON)


@spokespeople_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """Questions to the city without an answer, the oldest first."""
    page = questions_paged().get_page(request.GET.get("page"))
    asked = {(each.thread.kind, each.thread.subject_id) for each in page}
    subjects = visible_subjects(request.user, asked)
    rows = [
        (each, subject)
        for each in page
        if (subject := subjects.get((each.thread.kind, each.thread.subject_id)))
    ]
    return render(request, "talk/questions_desk.html", {"page": page, "rows": rows})


@spokespeople_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """One question, and the form for the city's answer."""
    question, subject = visible_comment(request.user, pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            answer_for_city(question, subject, by=request.user, body=form.cleaned_data["body"])
        except TalkError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Answered. Whoever asked is told."))
            return redirect("questions_desk")
    context = {"subject": subject, "comment": question, "form": form}
    return render(request, "talk/answer.html", context, status=400 if form.errors else 200)
