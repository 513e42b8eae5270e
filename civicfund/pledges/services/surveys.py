"""What a creator asks backers after success, once; and what each backer answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.people.models import User
from civicfund.pledges.enums import ANSWERING_PLEDGE, ASKING_CAMPAIGN, QuestionKind
from civicfund.pledges.models import (
    Campaign,
    Pledge,
    Reward,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveyReminder,
    SurveyReply,
)
from civicfund.pledges.models.surveys import LONGEST_ANSWER, MOST_CHOICES
from civicfund.pledges.selectors.surveys import remindable_at, unanswered
from civicfund.pledges.services.campaigns import check_creator
from civicfund.pledges.services.errors import RefusedError
from civicfund.words import one_line, seen

MOST_QUESTIONS = 8
LONGEST_ADDRESS = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as a creator writes it."""

    words: str
    kind: QuestionKind
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False


def write_survey(
    campaign: Campaign,
    *,
    by: User,
    reward: Reward | None,
    intro: str,
    questions: Sequence[Asked],
) -> Survey:
    """Keep a draft of what backers of a reward, or of none, are asked, in place of the last one.

    Raises ``RefusedError``.
    """
    check_may_ask(campaign, by)
    questions = [_as_seen(each) for each in questions]
    _check_questions(questions)
    with transaction.atomic():
        survey = _draft_of(campaign, reward)
        survey.intro = seen(intro)
        survey.save(update_fields=["intro"])
        survey.questions.all().delete()
        SurveyQuestion.objects.bulk_create(
            SurveyQuestion(
                survey=survey,
                position=position,
                kind=each.kind,
                words=each.words,
                choices=list(each.choices),
                may_be_empty=each.may_be_empty,
            )
            for position, each in enumerate(questions)
        )
        record("survey.written", survey, actor=by, questions=len(questions))
    return survey


def send_survey(survey: Survey, *, by: User) -> Survey:
    """Ask the backers: from now on it stays as it is, and a sweep writes to them."""
    check_may_ask(survey.campaign, by)
    with transaction.atomic():
        held = _alone(survey)
        if held.sent_at is not None:
            raise RefusedError(_("It is sent already."))
        if not held.questions.exists() and not asks_where_to(held):
            raise RefusedError(_("Ask something first."))
        held.sent_at = db_now()
        held.forget_at = _forget_at(held, held.sent_at)
        held.save(update_fields=["sent_at", "forget_at"])
        record("survey.sent", held, actor=by)
    return held


def remind(survey: Survey, *, by: User) -> SurveyReminder:
    """Ask those once more who have not answered; a sweep writes to them. Raises ``RefusedError``
    within a week of the last time, and once it is closed.
    """
    check_may_ask(survey.campaign, by)
    with transaction.atomic():
        held = _alone(survey)
        if not held.is_open:
            raise RefusedError(_("It is not open."))
        may_at = remindable_at(held)
        if may_at is None or db_now() < may_at:
            raise RefusedError(_("They were asked within the last week."))
        if not unanswered(held).exists():
            raise RefusedError(_("Everybody has answered."))
        reminder = SurveyReminder.objects.create(survey=held)
        record("survey.reminded", held, actor=by)
    return reminder


def close_survey(survey: Survey, *, by: User) -> Survey:
    """Take no more answers and no more corrections."""
    check_may_ask(survey.campaign, by)
    with transaction.atomic():
        held = _alone(survey)
        if not held.is_open:
            raise RefusedError(_("It is not open."))
        held.closed_at = db_now()
        held.save(update_fields=["closed_at"])
        record("survey.closed", held, actor=by)
    return held


def answer_survey(
    survey: Survey, pledge: Pledge, *, replies: Mapping[int, str], address: str = ""
) -> SurveyAnswer:
    """Answer for a pledge, or correct what was answered, until it is closed.

    ``replies`` are words by the question's id. Whoever calls has made sure that its backer is
    here. Raises ``RefusedError``; its field is a question's id, or ``address``.
    """
    where = seen(address) if is_sent(pledge) else ""
    with transaction.atomic():
        held = _open(survey)
        if pledge.state not in ANSWERING_PLEDGE or pledge.reward_id != held.reward_id:
            raise RefusedError(_("This pledge is not asked."))
        said = _checked(list(held.questions.all()), replies)
        if is_sent(pledge) and not where:
            raise RefusedError(_("Say where to it is sent."), field="address")
        if len(where) > LONGEST_ADDRESS:
            raise RefusedError(_("This is too long."), field="address")
        answer, is_new = SurveyAnswer.objects.get_or_create(
            pledge=pledge, defaults={"survey": held, "address": where}
        )
        if not is_new:
            answer.address, answer.changed_at = where, db_now()
            answer.save(update_fields=["address", "changed_at"])
            answer.replies.all().delete()
        SurveyReply.objects.bulk_create(
            SurveyReply(answer=answer, question_id=pk, words=words) for pk, words in said.items()
        )
        record("survey.answered", held, actor=pledge.backer, pledge=str(pledge.pk))
    return answer


def forget_answers(*, most: int) -> int:
    """Delete answers past their day, and take no more; how many."""
    over = Survey.objects.open().filter(forget_at__lte=db_now())
    over.update(closed_at=db_now())
    due = SurveyAnswer.objects.filter(survey__forget_at__lte=db_now()).order_by("pk")
    with transaction.atomic():
        pks = list(due.select_for_update(of=("self",), skip_locked=True).values_list("pk")[:most])
        rows = SurveyAnswer.objects.filter(pk__in=[pk for (pk,) in pks])
        for survey in Survey.objects.filter(answers__in=rows).distinct():
            record("survey.answers_forgotten", survey, actor=None)
        rows.delete()
    return len(pks)


def check_may_ask(campaign: Campaign, by: User) -> None:
    """Raise ``RefusedError`` for who does not run it, and before it is funded."""
    check_creator(campaign, by)
    if campaign.state not in ASKING_CAMPAIGN:
        raise RefusedError(_("Backers are asked once the campaign is funded."))


def is_sent(pledge: Pledge) -> bool:
    """Whether something of it goes by post, so that its backer is asked where to."""
    return pledge.shipping_zone_id is not None


def asks_where_to(survey: Survey) -> bool:
    """Whether anything that these backers chose goes by post."""
    asked = Pledge.objects.counted().filter(campaign=survey.campaign_id, reward=survey.reward_id)
    return asked.filter(shipping_zone__isnull=False).exists()


def _draft_of(campaign: Campaign, reward: Reward | None) -> Survey:
    """The survey of these backers, alone. The caller is in a transaction."""
    if reward is not None and (reward.campaign_id != campaign.pk or reward.is_add_on):
        raise RefusedError(_("This is no reward of the campaign."))
    survey, _new = Survey.objects.get_or_create(campaign=campaign, reward=reward)
    held = _alone(survey)
    if held.sent_at is not None:
        raise RefusedError(_("It is sent: what backers were asked stays as it is."))
    return held


def _alone(survey: Survey) -> Survey:
    return Survey.objects.select_for_update().get(pk=survey.pk)


def _open(survey: Survey) -> Survey:
    """The survey, kept from closing; others answer at once."""
    query = "SELECT * FROM pledges_survey WHERE id = %s FOR SHARE"
    held = Survey.objects.raw(query, [survey.pk])[0]
    if not held.is_open:
        raise RefusedError(_("Its creator takes no more answers."))
    return held


def _forget_at(survey: Survey, now: datetime) -> datetime:
    """So many days after it was sent, or after the reward is promised, whichever is later."""
    promised = survey.reward.delivered_from if survey.reward else None
    begins = datetime.combine(promised, time.min, UTC) if promised else now
    return max(begins, now) + timedelta(days=settings.SURVEY_ANSWER_DAYS)


def _as_seen(asked: Asked) -> Asked:
    """Answers are compared with the choices as people see both."""
    choices = tuple(choice for each in asked.choices if (choice := one_line(each)))
    return replace(asked, words=one_line(asked.words), choices=choices)


def _check_questions(questions: Sequence[Asked]) -> None:
    if len(questions) > MOST_QUESTIONS:
        raise RefusedError(_("No more than %(most)s questions.") % {"most": MOST_QUESTIONS})
    for each in questions:
        if not each.words:
            raise RefusedError(_("Every question needs words."))
        different = len(set(each.choices)) == len(each.choices)
        enough = 2 <= len(each.choices) <= MOST_CHOICES
        if each.kind == QuestionKind.CHOICE and not (different and enough):
            raise RefusedError(
                _("Give from 2 to %(most)s different choices, each on a line of its own.")
                % {"most": MOST_CHOICES}
            )


def _checked(questions: Sequence[SurveyQuestion], replies: Mapping[int, str]) -> dict[int, str]:
    """What was said to each question, without what was left empty."""
    said: dict[int, str] = {}
    for question in questions:
        words = seen(replies.get(question.pk, ""))
        if not words and not question.may_be_empty:
            raise RefusedError(_("Answer this, please."), field=str(question.pk))
        if len(words) > LONGEST_ANSWER:
            raise RefusedError(_("This is too long."), field=str(question.pk))
        if words and question.answers and words not in dict(question.answers):
            raise RefusedError(_("Choose one of these."), field=str(question.pk))
        if words:
            said[question.pk] = words
    return said
