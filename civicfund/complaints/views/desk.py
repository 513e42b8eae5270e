"""The desk of those who answer complaints."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund import staff
from civicfund.audit.selectors import MOST_EVENTS_SHOWN, events_of
from civicfund.complaints.access import complaint_at_desk
from civicfund.complaints.forms import AnswerForm, NameForm, NoteForm
from civicfund.complaints.models import Complaint
from civicfund.complaints.selectors import PER_PAGE, answered_for, queue_for
from civicfund.complaints.services.answering import answer, give_back, name, note, take
from civicfund.complaints.services.errors import ComplaintError
from civicfund.paging import page_asked_for
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest

officers_only = staff.only(Role.COMPLAINTS_OFFICER)

# By what the button sends: the form that it comes with, the act, and what is said when it is done.
FORMS: dict[str, type[forms.Form]] = {"note": NoteForm, "name": NameForm, "answer": AnswerForm}
Act = Callable[..., object]  # each takes what its form asks
ACTS: dict[str, tuple[Act, Promise | str]] = {
    "take": (take, gettext_lazy("It is yours.")),
    "give_back": (give_back, gettext_lazy("It is back in the queue.")),
    "note": (note, gettext_lazy("Noted.")),
    "name": (name, gettext_lazy("They do not see it any more.")),
    "answer": (answer, gettext_lazy("Answered. Whoever complained is told.")),
}


@officers_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What waits for an answer, the oldest first; or what was answered."""
    is_done = request.GET.get("show") == "answered"
    rows = answered_for(request.user) if is_done else queue_for(request.user)
    page = page_asked_for(Paginator(rows, PER_PAGE), request)
    context = {"page": page, "is_done": is_done, "now": timezone.now()}
    return render(request, "complaints/desk.html", context)


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def complaint(request: SignedInRequest, pk: int) -> HttpResponse:
    """One complaint: what was said, what was noted, and what to do."""
    shown = complaint_at_desk(request.user, pk)
    asked = request.POST.get("act", "")
    filled = {
        each: form(request.POST if each == asked else None, prefix=each)
        for each, form in FORMS.items()
    }
    refused = ""
    if asked in ACTS and (asked not in filled or filled[asked].is_valid()):
        act, said = ACTS[asked]
        given = filled[asked].cleaned_data if asked in filled else {}
        try:
            act(shown, by=request.user, **given)
        except ComplaintError as refusal:
            refused = str(refusal)
        else:
            messages.success(request, str(said))
            return _after(request, pk)
    return _page(request, shown, filled, refused)


def _after(request: SignedInRequest, pk: int) -> HttpResponse:
    """Back to it, or to the queue where it is not for this officer any more."""
    if Complaint.objects.open_to(request.user).filter(pk=pk).exists():
        return redirect("complaint_desk", pk=pk)
    return redirect("complaints_desk")


def _page(
    request: SignedInRequest, shown: Complaint, filled: dict[str, forms.Form], refused: str
) -> HttpResponse:
    looks = list(shown.looks.select_related("taken_by").order_by("number"))
    is_wrong = refused or any(form.errors for form in filled.values())
    context = {
        "complaint": shown,
        "looks": looks,
        "open": next((look for look in looks if not look.answered_at), None),
        "is_first_officer": looks[0].taken_by_id == request.user.pk and len(looks) > 1,
        "notes": shown.notes.select_related("by").order_by("pk"),
        "named": shown.named.select_related("person").order_by("pk"),
        "events": events_of(shown).select_related("actor")[:MOST_EVENTS_SHOWN],
        "forms": filled,
        "refused": refused,
        "now": timezone.now(),
    }
    status = 400 if is_wrong or request.method == "POST" else 200
    return render(request, "complaints/desk_complaint.html", context, status=status)
