"""Documents that show where somebody lives: sent by residents, judged by officers."""

from __future__ import annotations

from uuid import UUID

from allauth.core.ratelimit import consume, respond_429
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund import staff
from civicfund.audit.services import ApprovalError
from civicfund.people.domain import LARGEST_BYTES
from civicfund.people.enums import Finding, Role
from civicfund.people.forms import DocumentForm, FindingForm
from civicfund.people.models import ResidenceDocument
from civicfund.people.requests import OnlyInMemory, SignedInRequest
from civicfund.people.selectors import finding_on, waiting_documents
from civicfund.people.services import ResidencyError
from civicfund.people.services.documents import (
    agree,
    find,
    read_document,
    send_document,
    withdraw_document,
)
from civicfund.people.views.homes import home_page

officers_only = staff.only(Role.POLL_OFFICER)
MOST_LISTED = 50


@csrf_exempt  # until the handler below is in place; then it is checked as everywhere
@login_required
@require_POST
def send(request: SignedInRequest) -> HttpResponseBase:
    """Send a document, which is kept in memory only until it is sealed."""
    request.upload_handlers = [OnlyInMemory(request, most=LARGEST_BYTES)]
    return _send(request)


@csrf_protect
def _send(request: SignedInRequest) -> HttpResponseBase:
    form = DocumentForm(request.POST, request.FILES)
    if not consume(request, action="send_document", key=str(request.user.pk)):
        too_many: HttpResponse = respond_429(request)
        return too_many
    if form.is_valid():
        try:
            send_document(request.user, form.content)
        except ResidencyError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("Sent. Two officers look at it; we tell you by mail."))
            return redirect("residency")
    return home_page(request, document_form=form, status=400)


@login_required
@require_POST
def withdraw(request: SignedInRequest) -> HttpResponse:
    """Take back what I sent."""
    try:
        withdraw_document(request.user)
    except ResidencyError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Taken back and deleted."))
    return redirect("residency")


@officers_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What waits for officers, the one that goes first coming first."""
    waiting = waiting_documents().exclude(residency__user=request.user)
    context = {"documents": waiting[:MOST_LISTED], "waiting": waiting.count()}
    return render(request, "people/documents_desk.html", context)


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def document(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """One document: say what it shows, or agree to what another officer saw."""
    found = get_object_or_404(waiting_documents(), pk=pk)
    act = request.POST.get("act", "")
    if act == "agree" and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    form = FindingForm(request.POST if act == "find" else None)
    refused = ""
    try:
        if act == "agree":
            agree(found, by=request.user)
            messages.success(request, _("Decided, and the document is deleted."))
            return redirect("residence_desk")
        if form.is_bound and form.is_valid():
            seen = form.cleaned_data
            find(found, Finding(seen["finding"]), at_least=seen["at_least"], by=request.user)
            messages.success(request, _("Now another officer has to look at it and agree."))
            return redirect("residence_document", pk=pk)
    except (ResidencyError, ApprovalError) as refusal:
        refused = str(refusal)
    return _document_page(request, found, form, refused)


def _document_page(
    request: SignedInRequest, found: ResidenceDocument, form: forms.Form, refused: str
) -> HttpResponse:
    asked = finding_on(found)
    context = {
        "document": found,
        "form": form,
        "refused": refused,
        "asked": asked,
        "finding": Finding(asked.parameters["finding"]).label if asked else "",
        "at_least": asked.parameters.get("at_least") if asked else None,
    }
    status = 400 if refused or form.errors else 200
    return render(request, "people/document.html", context, status=status)


@officers_only
@require_POST
@never_cache
def content(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The document itself; that the officer looked is recorded.

    A picture was drawn anew and is shown; a PDF is a stranger's file and only downloaded.
    """
    found = get_object_or_404(waiting_documents(), pk=pk)
    try:
        opened = read_document(found, by=request.user)
    except ResidencyError as refusal:
        return _document_page(request, found, FindingForm(), str(refusal))
    kind, ending = ("image/jpeg", "jpg") if found.is_picture else ("application/pdf", "pdf")
    shown = "inline" if found.is_picture else "attachment"
    return HttpResponse(
        opened,
        content_type=kind,
        headers={
            "Content-Disposition": f'{shown}; filename="document.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; img-src 'self'; sandbox",
        },
    )
