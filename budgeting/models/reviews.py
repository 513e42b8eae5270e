"""Who looks at which proposal, what they say, and the instant at which all of it is public."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budgeting.enums import PhaseKind, ProposalState, ReviewKind, ReviewNews
from budgeting.models.cycles import Cycle, Phase
from budgeting.models.proposals import Proposal, off_the_list
from civicfund.audit.models import AppendOnly
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category

_Person = settings.AUTH_USER_MODEL


class ReviewPlan(models.Model):
    """From which cost on a proposal of the cycle is looked at by two; without it, only a no is."""

    cycle = models.OneToOneField(
        Cycle, models.PROTECT, primary_key=True, related_name="review_plan"
    )
    second_above_minor = models.BigIntegerField(_("two reviewers above"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(second_above_minor__isnull=True) | Q(second_above_minor__gt=0),
                name="review_plan_limit_is_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"reviews of cycle {self.cycle_id}"


class ReviewerRule(models.Model):
    """Proposals of this kind and place go to this reviewer; empty: of every kind, everywhere."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="reviewer_rules")
    reviewer = models.ForeignKey(_Person, models.PROTECT, related_name="+")
    category = models.CharField(_("about"), max_length=16, choices=Category.choices, blank=True)
    # A neighborhood, or a district with all of its own.
    place = models.ForeignKey(Neighborhood, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "reviewer", "category", "place"],
                nulls_distinct=False,
                name="reviewer_rule_once",
            ),
            models.CheckConstraint(
                condition=Q(category="") | Q(category__in=Category.values),
                name="reviewer_rule_category_known",
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.pk} of cycle {self.cycle_id}"


class VerdictPublication(models.Model):
    """The instant at which all verdicts of a cycle that are ready become public, together.

    Until it has passed it can be moved, then never. A later one is for late verdicts and appeals.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="verdict_publications")
    at = models.DateTimeField(_("verdicts are public from"))
    appeals_until = models.DateTimeField(_("appeals are taken until"))
    set_by = models.ForeignKey(_Person, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(appeals_until__gt=F("at")), name="verdicts_leave_time_to_appeal"
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(done_at__gte=F("at")),
                name="verdicts_not_before_their_instant",
            ),
            models.UniqueConstraint(
                fields=["cycle"],
                condition=Q(done_at__isnull=True),
                name="verdicts_one_instant_to_come",
            ),
        ]

    def __str__(self) -> str:
        return f"verdicts of cycle {self.cycle_id}"


def _voting_begun() -> Exists:
    voting = Phase.objects.filter(
        cycle=OuterRef("proposal__cycle"), kind=PhaseKind.BALLOTING, starts_at__lte=Now()
    )
    return Exists(voting)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions about reviews."""

    def waiting(self) -> ReviewQuerySet:
        """Not given yet, in a proposal that is still being looked at."""
        return self.filter(
            ~Q(proposal__state=ProposalState.LEFT),
            ~Exists(off_the_list("proposal__project")),
            given_at__isnull=True,
        )

    def standing(self) -> ReviewQuerySet:
        """All but those that were taken back."""
        return self.filter(taken_back__isnull=True)

    def in_time(self) -> ReviewQuerySet:
        """Of cycles whose voting is still to begin: what is decided later changes nothing."""
        return self.filter(~_voting_begun())

    def given(self) -> ReviewQuerySet:
        """What reviewers said, and nobody took back; a proposal's last one decides."""
        return self.standing().filter(given_at__isnull=False).order_by("given_at", "pk")


class Review(models.Model):
    """One reviewer's look at a proposal: nobody else's before the verdicts are published."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="reviews")
    kind = models.CharField(
        _("review"), max_length=8, choices=ReviewKind.choices, default=ReviewKind.FIRST
    )
    # Looked at again because the project was rewritten, it is looked at from the beginning.
    round = models.PositiveSmallIntegerField(_("round"), default=1, db_default=1)
    # Taken back before it was public, it is given anew: another row, after the one that was wrong.
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1, db_default=1)
    reviewer = models.ForeignKey(_Person, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    # Can it be done, and may the town do it? Both empty until the review is given.
    feasible = models.BooleanField(_("can be done"), null=True)
    lawful = models.BooleanField(_("lawful"), null=True)
    cost_low_minor = models.BigIntegerField(_("cost, low"), null=True)
    cost_likely_minor = models.BigIntegerField(_("cost, likely"), null=True)
    cost_high_minor = models.BigIntegerField(_("cost, high"), null=True)
    yearly_minor = models.BigIntegerField(_("cost of each year after"), null=True)
    # For everybody, once published; and for reviewers and administrators only, for good.
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    notes = models.TextField(_("internal notes"), max_length=4000, blank=True)
    given_at = models.DateTimeField(_("given"), null=True)
    # The version of the project that it speaks of; 1 also of one that was never changed.
    version = models.PositiveIntegerField(_("version of the project"), null=True)
    # What its reviewer is told of next, and the deadlines that they were told are near, or over.
    untold = models.CharField(
        max_length=8, choices=ReviewNews.choices, blank=True, default="", db_default=""
    )
    warned_of = models.DateTimeField(null=True)
    reminded_of = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = [
            # The board: what waits, the first that is due coming first.
            models.Index(
                fields=["due_at", "id"], condition=Q(given_at__isnull=True), name="review_waiting"
            ),
        ]
        constraints = [
            # Of those that stand a trigger lets one of each kind be, each by another person.
            models.UniqueConstraint(
                fields=["proposal", "round", "kind", "attempt"], name="review_one_of_each_kind"
            ),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True) | Q(version__gte=1, version__isnull=False),
                name="review_given_of_a_version",
            ),
            models.CheckConstraint(condition=Q(round__gte=1), name="review_round_from_one"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="review_attempt_from_one"),
            models.CheckConstraint(
                condition=Q(kind__in=ReviewKind.values), name="review_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(untold__in=["", *ReviewNews.values]), name="review_untold_known"
            ),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True, feasible__isnull=True, lawful__isnull=True)
                | Q(
                    given_at__isnull=False,
                    feasible__isnull=False,
                    lawful__isnull=False,
                    reviewer__isnull=False,
                ),
                name="review_given_by_somebody_in_full",
            ),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True)
                | Q(feasible=True, lawful=True)
                | Q(reason__regex=r"\S"),
                name="review_says_no_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(
                    cost_low_minor__isnull=True,
                    cost_likely_minor__isnull=True,
                    cost_high_minor__isnull=True,
                )
                | Q(
                    cost_low_minor__isnull=False,
                    cost_likely_minor__isnull=False,
                    cost_high_minor__isnull=False,
                    cost_low_minor__gt=0,
                    cost_likely_minor__gte=F("cost_low_minor"),
                    cost_high_minor__gte=F("cost_likely_minor"),
                ),
                name="review_costs_in_order",
            ),
            models.CheckConstraint(
                condition=Q(yearly_minor__isnull=True) | Q(yearly_minor__gte=0),
                name="review_yearly_cost_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} review of proposal {self.proposal_id}"

    # Django's own puts every choice into words to find one: a board of reviews asks for each.
    def get_kind_display(self) -> str:  # type: ignore[no-redef]  # the plugin adds it as well
        """Which review it is, in words."""
        return str(ReviewKind(self.kind).label)

    @property
    def says_yes(self) -> bool:
        """Whether the town can and may do it; False also while nothing is said."""
        return bool(self.feasible and self.lawful)

    @property
    def name(self) -> str:
        """What pages call it."""
        if self.round == 1:
            return self.get_kind_display()
        return gettext("%(review)s, round %(n)s") % {
            "review": self.get_kind_display(),
            "n": self.round,
        }

    def give_to(self, reviewer_id: int) -> None:
        """Make it this person's, who is told of it and of its deadline. The row is not saved."""
        self.reviewer_id = reviewer_id
        self.untold = ReviewNews.ASSIGNED
        self.warned_of = self.reminded_of = None

    def days_late(self, now: datetime) -> int:
        """Whole days since it was due, 0 within the first; -1 where it is not late."""
        return -1 if self.due_at is None or self.due_at > now else (now - self.due_at).days


class ReviewTakenBack(AppendOnly):
    """A review was wrong and is counted no more: what it says stays, and is public nowhere.

    The database refuses it once its verdict is public, and where nobody is asked in its place.
    """

    review = models.OneToOneField(Review, models.PROTECT, related_name="taken_back")
    by = models.ForeignKey(_Person, models.PROTECT, related_name="+")
    # The database writes it.
    at = models.DateTimeField(_("taken back"), db_default=Now())
    reason = models.CharField(_("reason"), max_length=1000)

    class Meta:
        verbose_name = _("review that was taken back")
        verbose_name_plural = _("reviews that were taken back")
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__regex=r"\S"), name="review_taken_back_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.review_id}, taken back"


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    """Questions about requests for changes."""

    def unanswered(self) -> ChangeRequestQuerySet:
        """Neither given back nor taken back."""
        return self.filter(given_back_at__isnull=True)

    def in_time(self) -> ChangeRequestQuerySet:
        """Of cycles whose voting is still to begin."""
        return self.filter(~_voting_begun())

    def held_up(self) -> ChangeRequestQuerySet:
        """Those for which a review waits: until their day, where they have one."""
        return self.unanswered().filter(Q(due_at__isnull=True) | Q(due_at__gt=Now()))


class ChangeRequest(models.Model):
    """A reviewer asks the proposer for changes; the review waits until it is given back, or due.

    What reviewers took back, since they judge it as it stands, was given back by nobody else.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="change_requests")
    asked_by = models.ForeignKey(_Person, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    words = models.CharField(_("what to change"), max_length=1000)
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    # By when; those from before there was a day have none.
    due_at = models.DateTimeField(_("by when"), null=True)
    given_back_at = models.DateTimeField(_("given back"), null=True)
    taken_back_by = models.ForeignKey(_Person, models.PROTECT, null=True, related_name="+")

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(due_at__gt=F("asked_at")),
                name="change_request_leaves_time",
            ),
            models.CheckConstraint(
                condition=Q(taken_back_by__isnull=True) | Q(given_back_at__isnull=False, answer=""),
                name="change_request_taken_back_unanswered",
            ),
            models.UniqueConstraint(
                fields=["proposal"],
                condition=Q(given_back_at__isnull=True),
                name="change_request_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(words__regex=r"\S"), name="change_request_says_what"
            ),
        ]

    def __str__(self) -> str:
        return f"changes of proposal {self.proposal_id}"

    def holds_up(self, now: datetime) -> bool:
        """Whether the review waits for it, as ``held_up`` asks of many."""
        is_due = self.due_at is not None and self.due_at <= now
        return self.given_back_at is None and not is_due


class Appeal(models.Model):
    """The proposer asks that somebody else look again; once, with a reason, in time.

    The table asks for the reason (``appeal_says_why``); it is blanked when its person leaves.
    """

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="appeal")
    by = models.ForeignKey(_Person, models.PROTECT, related_name="+")
    reason = models.CharField(_("why"), max_length=2000)
    at = models.DateTimeField(_("appealed"), db_default=Now())
    # With which verdicts its answer became public.
    published_with = models.ForeignKey(
        VerdictPublication, models.PROTECT, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"appeal of proposal {self.proposal_id}"
