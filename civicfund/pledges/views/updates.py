"""Updates of a campaign: read, written by its team, corrected."""

from __future__ import annotations

from typing import Any

from allauth.core.ratelimit import consume
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.paging import page_asked_for
from civicfund.people.requests import HttpRequest, SignedInRequest, person_here
from civicfund.pledges.access import (
    is_of_team,
    may_correct,
    readable_updates,
    subject_of_update,
    team_campaign,
    visible_campaign,
)
from civicfund.pledges.enums import Audience
from civicfund.pledges.forms import CorrectionForm, UpdateForm
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.pledges.selectors.updates import listed, updates_of
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.updates import check_may_write, correct_update, publish_update
from civicfund.strangers import kept_for_strangers
from civicfund.talk.access import judges
from civicfund.talk.forms import CommentForm
from civicfund.talk.models import Comment
from civicfund.talk.selectors import with_replies

PER_PAGE = 10
_TOO_MANY = gettext_lazy("That is a lot within a day. Keep your words, and come back.")


@kept_for_strangers
@require_safe
def campaign_updates(request: HttpRequest, pk: int) -> HttpResponse:
    """All that its team has told of a campaign, the newest first."""
    campaign = visible_campaign(request.user, pk)
    page = page_asked_for(Paginator(updates_of(campaign), PER_PAGE), request)
    context = {
        "campaign": campaign,
        "page": page,
        "updates": listed(page, readable_updates(person_here(request))),
        "is_team": is_of_team(request.user, campaign),
    }
    return render(request, "pledges/updates.html", context)


@kept_for_strangers
@require_safe
def campaign_update(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One update, what was corrected in it, and what people answer."""
    campaign = visible_campaign(request.user, pk)
    update = _numbered(campaign, number)
    context: dict[str, Any] = {"campaign": campaign, "update": update}
    if not readable_updates(person_here(request)).filter(pk=update.pk).exists():
        return render(request, "pledges/update_for_backers.html", context, status=403)
    words = Comment.objects.whole().get(pk=update.words_id)
    [branch] = with_replies([words])
    context |= {
        "subject": subject_of_update(update),
        "words": words,
        "corrections": [reply for reply in branch.replies if reply.is_correction],
        "answers": [reply for reply in branch.replies if not reply.is_official],
        "more": branch.more,
        "form": _answer_form(update),
        "is_team": is_of_team(request.user, campaign),
        "may_correct": may_correct(request.user, update),
        "judges": judges(request.user, subject_of_update(update)),
    }
    return render(request, "pledges/update.html", context)


def _answer_form(update: CampaignUpdate) -> CommentForm:
    form = CommentForm()
    form.fields["body"].label = _("Your answer")
    if update.is_for_backers:
        form.fields["body"].help_text = _("Who can read the update reads this, beside your name.")
    return form


def _numbered(campaign: Campaign, number: int) -> CampaignUpdate:
    found = updates_of(campaign).filter(number=number).first()
    if found is None:
        raise Http404("No such update.")
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def update_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Write an update of a campaign of one's own or of one's project, look at it, publish it."""
    campaign = team_campaign(request.user, pk)
    form = UpdateForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid() and request.POST.get("act") != "preview":
        made = _publish(request, campaign, form)
        if isinstance(made, CampaignUpdate):
            return redirect(made)
        status = made
    is_preview = form.is_bound and form.is_valid()
    context = {"campaign": campaign, "form": form, "is_preview": is_preview}
    context["refused"] = _why_not(campaign, request)
    status = 400 if form.errors and status == 200 else status
    return render(request, "pledges/update_form.html", context, status=status)


def _why_not(campaign: Campaign, request: SignedInRequest) -> str:
    try:
        check_may_write(campaign, request.user)
    except RefusedError as refusal:
        return str(refusal)
    return ""


def _publish(
    request: SignedInRequest, campaign: Campaign, form: UpdateForm
) -> CampaignUpdate | int:
    """Publish what was written; otherwise the form says why not and keeps it: the status."""
    if not consume(request, action="campaign_update", user=request.user):
        form.add_error(None, _TOO_MANY)
        return 429
    data = form.cleaned_data | {"audience": Audience(form.cleaned_data["audience"])}
    try:
        made = publish_update(campaign, by=request.user, **data)
    except RefusedError as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return 400
    messages.success(request, _("Published. Your backers are told within a minute."))
    return made


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def update_correct(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """Say what is to be corrected in an update that one wrote, or of the campaign that one runs."""
    campaign = team_campaign(request.user, pk)
    update = _numbered(campaign, number)
    if not may_correct(request.user, update):
        raise PermissionDenied
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = _correct(request, update, form) if form.is_valid() else 400
        if status == 200:
            return redirect(update)
    context = {"campaign": campaign, "update": update, "form": form}
    return render(request, "pledges/update_correct.html", context, status=status)


def _correct(request: SignedInRequest, update: CampaignUpdate, form: CorrectionForm) -> int:
    """Publish the correction; otherwise the form says why not and keeps it: the status."""
    if not consume(request, action="campaign_correction", user=request.user):
        form.add_error(None, _TOO_MANY)
        return 429
    try:
        correct_update(update, by=request.user, body=form.cleaned_data["body"])
    except RefusedError as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return 400
    said = _("The correction stands below the update. Whoever got the update by mail is told.")
    messages.success(request, said)
    return 200
