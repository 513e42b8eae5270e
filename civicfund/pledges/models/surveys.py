"""What a creator asks backers after success, and what they answer."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.pledges.enums import QuestionKind
from civicfund.pledges.models.campaigns import Campaign, Reward
from civicfund.pledges.models.pledges import Pledge

MOST_CHOICES = 12
LONGEST_ANSWER = 500


class SurveyQuerySet(models.QuerySet["Survey"]):
    """Questions about surveys."""

    def open(self) -> SurveyQuerySet:
        """Those that backers can answer."""
        return self.filter(sent_at__isnull=False, closed_at__isnull=True)


class Survey(models.Model):
    """A few questions to the backers who chose one reward, or none. Once sent it stays as it is.

    Answers are what people say of themselves, where they live among it: they go at ``forget_at``.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="surveys")
    reward = models.ForeignKey(Reward, models.PROTECT, null=True, related_name="+")
    intro = models.CharField(_("what you want to say first"), max_length=1_000, blank=True)
    created_at = models.DateTimeField(_("written"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    forget_at = models.DateTimeField(_("answers kept until"), null=True)

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "reward"], nulls_distinct=False, name="survey_one_per_reward"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, forget_at__isnull=True)
                | Q(sent_at__isnull=False, forget_at__isnull=False, forget_at__gt=F("sent_at")),
                name="survey_sent_says_until_when",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(sent_at__isnull=False),
                name="survey_closed_once_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"survey {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether backers can answer it."""
        return self.sent_at is not None and self.closed_at is None


class SurveyReminder(AppendOnly):
    """Whoever has not answered by then is asked once more. A trigger keeps them apart."""

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="reminders")
    at = models.DateTimeField(_("reminded"), db_default=Now())

    class Meta:
        verbose_name = _("reminder of a survey")
        verbose_name_plural = _("reminders of surveys")

    def __str__(self) -> str:
        return f"reminder of survey {self.survey_id}"


class SurveyQuestion(models.Model):
    """One question; a trigger keeps it as it was sent."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=8, choices=QuestionKind.choices)
    words = models.CharField(_("question"), max_length=200)
    choices = ArrayField(models.CharField(max_length=80), default=list)
    may_be_empty = models.BooleanField(_("may be left empty"), default=False)

    class Meta:
        verbose_name = _("question of a survey")
        verbose_name_plural = _("questions of surveys")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "position"], name="survey_question_position"),
            models.CheckConstraint(
                condition=Q(kind__in=QuestionKind.values), name="survey_question_kind_known"
            ),
            models.CheckConstraint(condition=~Q(words=""), name="survey_question_asks"),
            models.CheckConstraint(
                condition=Q(kind=QuestionKind.CHOICE, choices__len__range=(2, MOST_CHOICES))
                | (~Q(kind=QuestionKind.CHOICE) & Q(choices__len=0)),
                name="survey_question_choices_where_chosen",
            ),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What can be chosen, with its words; nothing where words are typed."""
        if self.kind == QuestionKind.YES_NO:
            return [("yes", str(_("Yes"))), ("no", str(_("No")))]
        return [(choice, choice) for choice in self.choices]


class SurveyAnswer(models.Model):
    """What one backer answers for their pledge; erased with the person, and at its day.

    Triggers keep it within its survey, and as it is once that is closed.
    """

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="answers")
    pledge = models.OneToOneField(Pledge, models.PROTECT, related_name="survey_answer")
    # Only of what is sent: nothing else says where a backer lives.
    address = models.CharField(_("name and address"), max_length=400, blank=True)
    answered_at = models.DateTimeField(_("answered"), db_default=Now())
    changed_at = models.DateTimeField(_("changed"), null=True)

    class Meta:
        verbose_name = _("answer to a survey")
        verbose_name_plural = _("answers to surveys")

    def __str__(self) -> str:
        return f"answer {self.pk}"


class SurveyReply(models.Model):
    """What an answer says to one question: the words, the choice, or yes or no."""

    answer = models.ForeignKey(SurveyAnswer, models.CASCADE, related_name="replies")
    question = models.ForeignKey(SurveyQuestion, models.PROTECT, related_name="replies")
    words = models.CharField(_("words"), max_length=LONGEST_ANSWER)

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        constraints = [
            models.UniqueConstraint(fields=["answer", "question"], name="survey_reply_once"),
            models.CheckConstraint(condition=~Q(words=""), name="survey_reply_says_something"),
        ]

    def __str__(self) -> str:
        return f"reply {self.pk}"
