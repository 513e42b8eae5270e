"""Reading surveys: what a creator may see of the answers, and who waits to be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Now

from civicfund.notices.models import Message
from civicfund.pledges.enums import ANSWERING_PLEDGE, QuestionKind
from civicfund.pledges.models import (
    Campaign,
    Pledge,
    PledgeQuerySet,
    Reward,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveyReminder,
    SurveyReply,
)

ASKED, REMINDED = "survey_asked", "survey_reminder"
# As the trigger has it.
BETWEEN_REMINDERS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Group:
    """Backers who chose one reward, or none; their survey, and how many answered it."""

    reward: Reward | None
    survey: Survey | None
    backers: int
    answered: int


def groups_of(campaign: Campaign) -> list[Group]:
    """Every reward of a campaign, and no reward, with what its backers are asked; a few queries."""
    surveys = {each.reward_id: each for each in campaign.surveys.all()}
    chosen = _asked(campaign).values_list("reward", flat=True)
    backers: Counter[int | None] = Counter(chosen)
    said = SurveyAnswer.objects.filter(survey__campaign=campaign)
    answered: Counter[int | None] = Counter(said.values_list("survey__reward", flat=True))
    rewards: list[Reward | None] = [each for each in campaign.rewards.all() if not each.is_add_on]
    return [
        Group(each, surveys.get(pk), backers[pk], answered[pk])
        for each in [*rewards, None]
        for pk in [each.pk if each else None]
    ]


def _asked(campaign: Campaign) -> PledgeQuerySet:
    return Pledge.objects.filter(campaign=campaign, state__in=ANSWERING_PLEDGE)


def survey_for(pledge: Pledge) -> Survey | None:
    """What the backer of this pledge is or was asked; None where nothing was sent."""
    if pledge.state not in ANSWERING_PLEDGE:
        return None
    sent = Survey.objects.filter(campaign=pledge.campaign_id, sent_at__isnull=False)
    theirs = (
        sent.filter(reward=pledge.reward_id)
        if pledge.reward_id
        else sent.filter(reward__isnull=True)
    )
    return theirs.select_related("campaign__project", "reward").first()


def replies_of(pledge: Pledge) -> dict[int, str]:
    """What its backer answered, by the question's id."""
    rows = SurveyReply.objects.filter(answer__pledge=pledge)
    return dict(rows.values_list("question_id", "words"))


def answers_to(survey: Survey) -> QuerySet[SurveyAnswer]:
    """The answers, the first first, with what a table shows of each."""
    rows = survey.answers.select_related("pledge").prefetch_related("replies")
    return rows.order_by("answered_at", "pk")


def row_of(answer: SurveyAnswer, questions: list[SurveyQuestion]) -> list[str]:
    """What one answer says to each question, then where to."""
    said = {reply.question_id: reply.words for reply in answer.replies.all()}
    return [*(said.get(each.pk, "") for each in questions), answer.address]


def rows_to_deliver(survey: Survey) -> Iterator[list[object]]:
    """A line for each answer, for a file."""
    questions = list(survey.questions.all())
    for answer in answers_to(survey).iterator(chunk_size=1000):
        yield [str(answer.pledge_id), answer.answered_at.isoformat(), *row_of(answer, questions)]


def counts_of(survey: Survey) -> list[tuple[SurveyQuestion, list[tuple[str, int]]]]:
    """How many chose what, for each question with choices."""
    asked = [each for each in survey.questions.all() if each.kind != QuestionKind.TEXT]
    rows = SurveyReply.objects.filter(question__in=asked).values_list("question_id", "words")
    counted = Counter(rows)
    return [
        (each, [(label, counted[each.pk, value]) for value, label in each.answers])
        for each in asked
    ]


def pledges_to_answer() -> PledgeQuerySet:
    """Collected pledges for which their creator asks something that is not answered yet."""
    here = Survey.objects.open().filter(campaign=OuterRef("campaign"))
    of_theirs = Q(Exists(here.filter(reward=OuterRef("reward"))))
    of_none = Q(Exists(here.filter(reward__isnull=True)), reward__isnull=True)
    rows = Pledge.objects.filter(of_theirs | of_none, state__in=ANSWERING_PLEDGE)
    unanswered = rows.filter(~Exists(SurveyAnswer.objects.filter(pledge=OuterRef("pk"))))
    return unanswered.select_related("backer", "campaign__project").order_by("pk")


def pledges_to_ask() -> PledgeQuerySet:
    """Those of them whose backers were not written to."""
    told = Message.objects.filter(
        kind=ASKED, source=Concat(Value("pledges.pledge:"), Cast(OuterRef("pk"), CharField()))
    )
    return pledges_to_answer().filter(~Exists(told))


def unanswered(survey: Survey) -> PledgeQuerySet:
    """The pledges that are asked and have not answered, the earliest first; of whoever has left
    nobody answers.
    """
    asked = Pledge.objects.filter(
        campaign=survey.campaign_id, reward=survey.reward_id, state__in=ANSWERING_PLEDGE,
        backer__erased_at__isnull=True,
    )  # fmt: skip
    silent = asked.filter(~Exists(SurveyAnswer.objects.filter(pledge=OuterRef("pk"))))
    return silent.select_related("backer", "campaign__project").order_by("confirmed_at", "pk")


def remindable_at(survey: Survey) -> datetime | None:
    """From when on those who have not answered can be asked once more; None for a draft."""
    if survey.sent_at is None:
        return None
    last = survey.reminders.aggregate(last=Max("at"))["last"]
    return max(survey.sent_at, last or survey.sent_at) + BETWEEN_REMINDERS


def due_reminders() -> QuerySet[SurveyReminder]:
    """Those of open surveys that are younger than the next one could be, the oldest first."""
    late = SurveyReminder.objects.filter(at__gt=Now() - BETWEEN_REMINDERS)
    open_ones = late.filter(survey__in=Survey.objects.open())
    return open_ones.select_related("survey").order_by("pk")


def pledges_to_remind(reminder: SurveyReminder) -> PledgeQuerySet:
    """Whom it is meant for, and who was not written to of it: asked before it, and silent."""
    told = Message.objects.filter(recipient=OuterRef("backer"))
    asked = told.filter(
        kind=ASKED,
        source=Concat(Value("pledges.pledge:"), Cast(OuterRef("pk"), CharField())),
        created_at__lt=reminder.at,
    )
    label = SurveyReminder._meta.label_lower
    reminded = told.filter(kind=REMINDED, source=f"{label}:{reminder.pk}")
    return unanswered(reminder.survey).filter(Exists(asked), ~Exists(reminded))
