"""What-if pages of budget administrators."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from budgeting.enums import TrialState
from budgeting.forms.trials import TrialForm, chosen_for
from budgeting.models import Trial
from budgeting.selectors.trials import Comparison, latest_trials
from budgeting.services.errors import RefusedError
from budgeting.services.trials import ask_for_trial
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest

LATEST_TRIALS = 20
administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def trials(request: SignedInRequest) -> HttpResponse:
    """Ask what rules would have made of a past election; the latest answers.

    ``?rule=`` and ``?ballot=`` are those of a draft: the form begins with what fits them.
    """
    chosen = chosen_for(request.GET.get("rule", ""), request.GET.get("ballot", ""))
    form = TrialForm(request.POST or None, request.FILES or None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            with _uploaded(form.cleaned_data["upload"]) as path:
                asked = ask_for_trial(
                    by=request.user,
                    pot=form.cleaned_data["pot"],
                    upload=path,
                    rules=form.cleaned_data["rules"],
                    amount_minor=form.cleaned_data["amount"],
                )
            return redirect("trial", asked.pk)
        except RefusedError as refusal:
            form.add_error(refusal.field or None, str(refusal))
    context = {"form": form, "trials": latest_trials(LATEST_TRIALS), "chosen": chosen}
    status = 400 if form.is_bound else 200
    return render(request, "budgeting/trials.html", context, status=status)


@contextmanager
def _uploaded(upload: UploadedFile[bytes] | None) -> Iterator[Path | None]:
    """What was uploaded as a file of its own, for as long as it is read."""
    if upload is None:
        yield None
        return
    with tempfile.NamedTemporaryFile(suffix=".pb") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        yield Path(kept.name)


@administrators_only
@require_safe
@vary_on_headers("HX-Request")
def trial(request: SignedInRequest, pk: int) -> HttpResponse:
    """The rules side by side, as far as the worker has counted."""
    found = get_object_or_404(Trial.objects.defer("file"), pk=pk)
    waits = found.state in (TrialState.WAITING, TrialState.COUNTING)
    template = "budgeting/trial.html"
    if request.headers.get("HX-Request"):
        template += "#comparison"
    context = {"trial": found, "comparison": Comparison(found), "waits": waits}
    return render(request, template, context)
