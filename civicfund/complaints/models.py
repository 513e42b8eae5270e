"""Complaints, the looks that are taken at each, and what those who answer note among themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.complaints.domain import is_named_in
from civicfund.complaints.enums import Concern, Standing
from civicfund.people.models import User
from civicfund.people.selectors import all_rows_of

LONGEST = 4_000


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    """Questions about complaints."""

    def kept(self) -> ComplaintQuerySet:
        """Those whose words are still here."""
        return self.filter(forgotten_at__isnull=True)

    def open_to(self, officer: User) -> ComplaintQuerySet:
        """Those that an officer may read: none that name them, and none of their own, with or
        without their account.

        Their name is sought as well: who answers now may not have been an officer then. The other
        way round it is asked by ``selectors.who_can_take``.
        """
        named = Exists(Named.objects.filter(complaint=OuterRef("pk"), person=officer))
        others = self.kept().filter(~named).exclude(complainant__in=all_rows_of(officer))
        whoms = Complaint.objects.kept().exclude(whom="").values_list("pk", "whom")
        theirs = [pk for pk, whom in whoms if is_named_in(officer.display_name, whom)]
        return others.exclude(pk__in=theirs)


class Complaint(models.Model):
    """What somebody says is wrong. The row stays for the counts; whose it was, and every word of
    it, goes on the day ``forget_at``, or when its author takes it back or is erased.
    """

    about = models.CharField(_("about"), max_length=16, choices=Concern.choices)
    page = models.CharField(_("which page or decision"), max_length=300, blank=True)
    whom = models.CharField(_("whose conduct"), max_length=80, blank=True)
    # An account, or a guest where only an address was given; nobody where no answer is wanted.
    complainant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made"), db_default=Now())
    # Empty until it is answered: what waits is not forgotten.
    forget_at = models.DateTimeField(_("deleted on"), null=True, blank=True)
    forgotten_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        indexes = [
            # The sweep that forgets.
            models.Index(
                fields=["forget_at"],
                condition=Q(forgotten_at__isnull=True, forget_at__isnull=False),
                name="complaint_to_forget",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(about__in=Concern.values), name="complaint_about_known"
            ),
            models.CheckConstraint(
                condition=Q(forgotten_at__isnull=True)
                | Q(complainant__isnull=True, page="", whom=""),
                name="complaint_forgotten_is_nobodys",
            ),
        ]

    def __str__(self) -> str:
        return f"complaint {self.pk}"


class Named(models.Model):
    """Somebody whom a complaint is about: they neither read it at the desk nor answer it."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="named")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "person"], name="complaint_named_once")
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} names {self.person_id}"


class LookQuerySet(models.QuerySet["Look"]):
    """Questions about looks."""

    def waiting(self) -> LookQuerySet:
        """Those without an answer, the one that has waited longest first."""
        still = self.filter(answered_at__isnull=True, complaint__forgotten_at__isnull=True)
        return still.order_by("asked_at", "pk")

    def late(self) -> LookQuerySet:
        """Those that wait longer for an answer than they may."""
        return self.waiting().filter(due_at__lt=Now())

    def untold(self) -> LookQuerySet:
        """Those that nobody at the desk was told of."""
        return self.filter(told_at__isnull=True, complaint__forgotten_at__isnull=True)

    def open_to(self, officer: User) -> LookQuerySet:
        """Those that an officer may take: a second look is another's than the first."""
        theirs = Look.objects.filter(complaint=OuterRef("complaint"), number=1, taken_by=officer)
        readable = self.filter(complaint__in=Complaint.objects.open_to(officer))
        return readable.exclude(Exists(theirs), number=2)


class Look(models.Model):
    """One look at a complaint: what was asked, who took it until when, and the public answer.

    The first comes with the complaint; a second one, by somebody else, where its author asks.
    """

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="looks")
    number = models.PositiveSmallIntegerField(_("which"), default=1)
    asked = models.TextField(_("what is wrong"), max_length=LONGEST, blank=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    due_at = models.DateTimeField(_("to be answered by"))
    told_at = models.DateTimeField(_("those who answer told"), null=True, blank=True)
    late_told_at = models.DateTimeField(_("told that it is late"), null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    answer = models.TextField(_("answer"), max_length=LONGEST, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = LookQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at a complaint")
        verbose_name_plural = _("looks at complaints")
        indexes = [
            # The desk's queue.
            models.Index(
                fields=["asked_at"], condition=Q(answered_at__isnull=True), name="look_waiting"
            ),
            # The sweep that tells the desk.
            models.Index(fields=["id"], condition=Q(told_at__isnull=True), name="look_untold"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["complaint", "number"], name="look_numbered"),
            models.CheckConstraint(condition=Q(number__in=(1, 2)), name="look_two_at_most"),
            models.UniqueConstraint(
                fields=["complaint"],
                condition=Q(answered_at__isnull=True),
                name="look_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(taken_by__isnull=True, taken_at__isnull=True)
                | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="look_taken_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(taken_by__isnull=False),
                name="look_answered_by_who_took_it",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="look_has_its_day"),
        ]

    def __str__(self) -> str:
        return f"look {self.number} at complaint {self.complaint_id}"

    @property
    def standing(self) -> Standing:
        """How it stands."""
        if self.answered_at:
            return Standing.ANSWERED
        return Standing.TAKEN if self.taken_at else Standing.WAITING


class Note(models.Model):
    """What those who answer write among themselves. No page of its author's reads this table."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    words = models.TextField(_("note"), max_length=LONGEST)
    written_at = models.DateTimeField(_("written"), db_default=Now())

    class Meta:
        verbose_name = _("note on a complaint")
        verbose_name_plural = _("notes on complaints")
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="note_has_words")]

    def __str__(self) -> str:
        return f"note on complaint {self.complaint_id}"
