"""Two projects become one: asking, answering, and the moderators' desk."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund import staff
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import own_project, written_among
from civicfund.projects.forms import AskToMergeForm, ModeratorMergeForm, UndoForm
from civicfund.projects.models import Merge
from civicfund.projects.selectors.merges import (
    DECLINED,
    UNANSWERED,
    alike_pairs,
    declined_pairs,
    latest_merges,
    reported_pairs,
    unanswered_pairs,
)
from civicfund.projects.selectors.similar import idea_of, similar_projects
from civicfund.projects.services.merging import (
    agree_to_merge,
    ask_to_merge,
    decline_to_merge,
    merge_as_moderator,
    take_back_merge,
    undo_merge,
)
from civicfund.projects.views.acting import REFUSALS, is_too_much, told

ANSWERS = {"agree": agree_to_merge, "decline": decline_to_merge, "withdraw": take_back_merge}
MERGES_PER_PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask the proposer of another project to make one of the two."""
    project = own_project(request.user, pk)
    posted = request.POST if request.method == "POST" else None
    form = AskToMergeForm(posted, initial={"into": request.GET.get("into", "")})
    status = 200 if posted is None else 400
    if form.is_bound and form.is_valid() and is_too_much(request, "ask_to_merge", form):
        status = 429
    elif form.is_bound and form.is_valid():
        other, reason = form.cleaned_data["into"], form.cleaned_data["reason"]
        pair = (project, other) if form.cleaned_data["stays"] == "other" else (other, project)
        if _done(form, lambda: ask_to_merge(*pair, reason=reason, by=request.user)):
            messages.success(request, _("Done. Where it takes a yes, the other proposer is asked."))
            return redirect(project)
    similar = similar_projects(idea_of(project))
    context = {"project": project, "form": form, "similar": similar}
    return render(request, "projects/merge.html", context, status=status)


def _done(form: forms.Form, act: Callable[[], object]) -> bool:
    """Do it; a refusal stands on the form."""
    try:
        act()
    except REFUSALS as refusal:
        field = getattr(refusal, "field", None)
        form.add_error(field if field in form.fields else None, str(refusal))
        return False
    return True


@login_required
@require_POST
def answer(request: SignedInRequest, merge: int) -> HttpResponse:
    """Agree, decline, or take back what one asked."""
    found = get_object_or_404(Merge.objects.select_related("project", "into"), pk=merge)
    if request.user.pk not in (found.project.proposer_id, found.into.proposer_id):
        raise Http404("No such merge.")
    act = ANSWERS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404("No such answer.")
    told(request, lambda: act(found, by=request.user), _("Done."))
    return redirect(found.project)


@staff.only(Role.MODERATOR)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: SignedInRequest) -> HttpResponse:
    """Moderators make one project of two, or two again, each with a public reason."""
    undoes = request.POST.get("undo", "")
    filled = {"project": request.GET.get("project", ""), "into": request.GET.get("into", "")}
    posted = request.POST if request.method == "POST" and not undoes else None
    form = ModeratorMergeForm(posted, initial=filled)
    undo = UndoForm(request.POST if undoes else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        pair = (given["project"], given["into"])
        if _done(form, lambda: merge_as_moderator(*pair, reason=given["reason"], by=request.user)):
            messages.success(request, _("They are one project now."))
            return redirect("merge_desk")
    if undo.is_bound and undo.is_valid():
        found = get_object_or_404(Merge, pk=whole_number(undoes))
        reason = undo.cleaned_data["reason"]
        if _done(undo, lambda: undo_merge(found, reason=reason, by=request.user)):
            messages.success(request, _("They are two projects again."))
            return redirect("merge_desk")
    page = Paginator(latest_merges(), MERGES_PER_PAGE).get_page(request.GET.get("page"))
    lists = {
        "reported": reported_pairs(),
        "unanswered": unanswered_pairs(),
        "declined": declined_pairs(),
        "alike": alike_pairs(),
    }
    ids = [pk for merge in page for pk in (merge.project_id, merge.into_id)]
    for pairs in lists.values():
        ids += [pk for pair in pairs.some for pk in (pair.project.pk, pair.into.pk)]
    context = {
        "form": form,
        "undo": undo,
        "page": page,
        **lists,
        "unanswered_days": UNANSWERED.days,
        "declined_weeks": DECLINED.days // 7,
        "theirs": written_among(request.user, ids),
    }
    refused = form.is_bound or undo.is_bound
    return render(request, "projects/merge_desk.html", context, status=400 if refused else 200)
