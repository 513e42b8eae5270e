"""Surveys after success: written and read by the creator, answered by backers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.audit.services import db_now
from civicfund.people.requests import HttpRequest, SignedInRequest, person_here
from civicfund.pledges.access import answering_pledge, open_survey, own_campaign
from civicfund.pledges.enums import ASKING_CAMPAIGN
from civicfund.pledges.forms import AnswerForm, Questions, SurveyForm, questions_as_typed
from civicfund.pledges.models import Campaign, Pledge, Reward, Survey
from civicfund.pledges.selectors.backers import name_for_creator
from civicfund.pledges.selectors.surveys import (
    answers_to,
    counts_of,
    groups_of,
    remindable_at,
    replies_of,
    row_of,
    rows_to_deliver,
    survey_for,
    unanswered,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.surveys import (
    answer_survey,
    asks_where_to,
    close_survey,
    remind,
    send_survey,
    write_survey,
)
from civicfund.spreadsheets import csv_response

PER_PAGE = 50
# Of those who have not answered and wish their name to be shown.
MOST_NAMED = 50
SURVEY_ACTS: dict[str, tuple[Callable[..., object], Promise | str]] = {
    "close": (close_survey, gettext_lazy("Closed. Nobody can answer or correct any more.")),
    "remind": (remind, gettext_lazy("They get a mail within a minute.")),
}


@login_required
@require_safe
@never_cache
def campaign_surveys(request: SignedInRequest, pk: int) -> HttpResponse:
    """Each reward of one's own campaign, with what its backers are asked and how many answered."""
    campaign = own_campaign(request.user, pk)
    context = {
        "campaign": campaign,
        "groups": groups_of(campaign),
        "may_ask": campaign.state in ASKING_CAMPAIGN,
    }
    return render(request, "pledges/surveys.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def survey(request: SignedInRequest, pk: int, reward: int) -> HttpResponse:
    """What the backers of one reward are asked (0: of none): a draft to write, or the answers."""
    campaign = own_campaign(request.user, pk)
    chosen = _reward(campaign, reward)
    found = campaign.surveys.filter(reward=chosen).first()
    if found is not None and found.sent_at is not None:
        return _answers(request, campaign, found)
    return _draft(request, campaign, chosen, found)


def _reward(campaign: Campaign, pk: int) -> Reward | None:
    if pk == 0:
        return None
    found = next((each for each in campaign.rewards.all() if each.pk == pk), None)
    if found is None or found.is_add_on:
        raise Http404("No such reward.")
    return found


def _draft(
    request: SignedInRequest, campaign: Campaign, reward: Reward | None, found: Survey | None
) -> HttpResponse:
    """Keep or send what was written; the forms again, as typed, with the reason where it cannot."""
    data = request.POST if request.method == "POST" else None
    form = SurveyForm(data, initial={"intro": found.intro if found else ""})
    questions = Questions(data, initial=questions_as_typed(found), prefix="questions")
    if data is not None and form.is_valid() and questions.is_valid():
        try:
            said = _keep(request, campaign, reward, form, questions)
        except RefusedError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, said)
            return redirect("survey", campaign.pk, reward.pk if reward else 0)
    context = {
        "campaign": campaign,
        "reward": reward,
        "form": form,
        "questions": questions,
        "asks_where_to": asks_where_to(Survey(campaign=campaign, reward=reward)),
    }
    status = 200 if data is None else 400
    return render(request, "pledges/survey_form.html", context, status=status)


def _keep(
    request: SignedInRequest,
    campaign: Campaign,
    reward: Reward | None,
    form: SurveyForm,
    questions: Any,  # a formset of QuestionForm
) -> str:
    """Keep the draft, and send it where the button says so; what is said then."""
    asked = [each for one in questions.forms if (each := one.asked())]
    intro = form.cleaned_data["intro"]
    kept = write_survey(campaign, by=request.user, reward=reward, intro=intro, questions=asked)
    if request.POST.get("act") != "send":
        return _("Saved. Nobody is asked before you send it.")
    send_survey(kept, by=request.user)
    return _("Sent. Your backers get a mail within a minute.")


def _answers(request: SignedInRequest, campaign: Campaign, found: Survey) -> HttpResponse:
    """What backers answered, with counts, and who has not; with buttons that remind and close."""
    if request.method == "POST":
        act, said = SURVEY_ACTS.get(request.POST.get("act", ""), SURVEY_ACTS["close"])
        try:
            act(found, by=request.user)
        except RefusedError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, str(said))
        return redirect("survey", campaign.pk, found.reward_id or 0)
    questions = list(found.questions.all())
    page = Paginator(answers_to(found), PER_PAGE).get_page(request.GET.get("page"))
    silent, may_at = unanswered(found), remindable_at(found)
    context = {
        "campaign": campaign,
        "survey": found,
        "reward": found.reward,
        "silent": silent.count(),
        "silent_names": [name for each in silent[:MOST_NAMED] if (name := name_for_creator(each))],
        "may_remind": may_at is not None and may_at <= db_now(),
        "may_remind_at": may_at,
        "questions": questions,
        "counts": counts_of(found),
        "page": page,
        "rows": [(answer, row_of(answer, questions)) for answer in page],
    }
    return render(request, "pledges/survey_answers.html", context)


@login_required
@require_safe
@never_cache
def survey_csv(request: SignedInRequest, pk: int, reward: int) -> StreamingHttpResponse:
    """All answers as a file."""
    campaign = own_campaign(request.user, pk)
    sent = campaign.surveys.filter(reward=_reward(campaign, reward), sent_at__isnull=False)
    found = sent.first()
    if found is None:
        raise Http404("Nothing was sent.")
    asked = [each.words for each in found.questions.all()]
    columns = ["pledge", "answered_at", *asked, "address"]
    return csv_response(f"survey-{found.pk}.csv", columns, rows_to_deliver(found))


@require_safe
@never_cache
def survey_link(request: HttpRequest, token: str) -> HttpResponse:
    """From a mail, without signing in: open the questions, at an address that is clean."""
    pledge = open_survey(request.session, token)
    response = redirect("pledge_survey", pk=pledge.pk)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pledge_survey(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the creator's questions for one's pledge, or correct what one answered."""
    try:
        pledge = answering_pledge(person_here(request), request.session, pk)
    except PermissionDenied:
        return redirect_to_login(request.get_full_path())
    asked = survey_for(pledge)
    if asked is None:
        raise Http404("Nothing is asked.")
    answer = getattr(pledge, "survey_answer", None)
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        survey=asked,
        pledge=pledge,
        said=replies_of(pledge),
        address=answer.address if answer else "",
    )
    if form.is_bound and form.is_valid() and _answered(request, asked, pledge, form):
        return redirect("pledge_survey", pk=pledge.pk)
    context = {
        "pledge": pledge,
        "campaign": pledge.campaign,
        "survey": asked,
        "answer": answer,
        "form": form,
        "is_at_home": person_here(request) == pledge.backer,
    }
    return render(request, "pledges/survey.html", context, status=400 if form.errors else 200)


def _answered(request: HttpRequest, asked: Survey, pledge: Pledge, form: AnswerForm) -> bool:
    try:
        address = form.cleaned_data.get("address", "")
        answer_survey(asked, pledge, replies=form.replies, address=address)
    except RefusedError as refusal:
        form.refuse(refusal.field, str(refusal))
        return False
    messages.success(request, _("Thank you. You can correct this until the creator closes it."))
    return True
