"""A budget cycle, its dated phases and its pots of money."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from budgeting.enums import (
    COUNTED_STATES,
    CYCLE_MOVES,
    IMPORTED_CYCLE_MOVES,
    OVER_STATES,
    PUBLIC_STATES,
    RESERVED_SLUGS,
    RUNNING_STATES,
    BallotKind,
    CycleState,
    Origin,
    PhaseKind,
    SupportsFrom,
    TieOrder,
)
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood

# Called off as a draft. Every opening commits to a seed, and nothing takes that away again.
_DROPPED = Q(state=CycleState.CANCELLED, tie_commitment="")


class CycleQuerySet(models.QuerySet["Cycle"]):
    """Questions about cycles."""

    def public(self) -> CycleQuerySet:
        """What anyone may read."""
        return self.filter(state__in=PUBLIC_STATES).exclude(_DROPPED)

    def running(self) -> CycleQuerySet:
        """Open, the one that closes first coming first."""
        return self.filter(state__in=RUNNING_STATES).order_by(_voting_ends().asc(), "pk")

    def past(self) -> CycleQuerySet:
        """Finished or called off: what the archive holds, the newest vote first.

        Not a draft that was dropped.
        """
        over = Q(state__in=OVER_STATES) | Q(origin=Origin.IMPORTED, state__in=COUNTED_STATES)
        found = self.filter(over).exclude(_DROPPED)
        return found.order_by(_voting_ends().desc(nulls_last=True), "-pk")

    def at(self, places: Collection[int]) -> CycleQuerySet:
        """With money for one of the places."""
        return self.filter(pk__in=Pot.objects.filter(place__in=places).values("cycle"))

    def finished(self) -> CycleQuerySet:
        """Cycles whose outcome anyone may read, the newest vote first."""
        known = Q(state=CycleState.PUBLISHED) | Q(origin=Origin.IMPORTED, state__in=COUNTED_STATES)
        return self.filter(known).order_by(_voting_ends().desc(nulls_last=True), "-pk")


def _voting_ends() -> models.Subquery:
    voting = Phase.objects.filter(cycle=models.OuterRef("pk"), kind=PhaseKind.BALLOTING)
    return models.Subquery(voting.values("ends_at")[:1])


class Cycle(models.Model):
    """One round of deciding on public money, from the first idea to the published outcome."""

    slug = models.SlugField(unique=True)
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("in one sentence"), max_length=280, blank=True)
    origin = models.CharField(
        _("origin"), max_length=16, choices=Origin.choices, default=Origin.RUN
    )
    state = models.CharField(
        _("state"), max_length=16, choices=CycleState.choices, default=CycleState.DRAFT
    )
    ballot_kind = models.CharField(_("kind of ballot"), max_length=16, choices=BallotKind.choices)
    # A name in budgeting.domain.rules.RULES, and what that rule takes beside an election.
    rule = models.CharField(_("rule"), max_length=64)
    rule_parameters = models.JSONField(_("parameters of the rule"), default=dict, blank=True)
    ties = models.CharField(
        _("ties are broken by"), max_length=16, choices=TieOrder.choices, default=TieOrder.SEEDED
    )
    # Whose supports count, where a pot needs them.
    supports_from = models.CharField(
        _("supports count from"),
        max_length=16,
        choices=SupportsFrom.choices,
        default=SupportsFrom.EVERYBODY,
        db_default=SupportsFrom.EVERYBODY,
    )
    # Drawn when the cycle opens. The commitment is public at once, the seed with the count.
    tie_seed = models.CharField(max_length=64, blank=True)
    tie_commitment = models.CharField(max_length=64, blank=True)
    # ISO 4217. The town's own, except for elections imported from elsewhere.
    currency = models.CharField(_("currency"), max_length=3)
    # What an imported file says of itself: its META, and what the reader had to put up with.
    source = models.JSONField(_("source"), default=dict, blank=True)
    cancel_reason = models.CharField(_("why it was cancelled"), max_length=500, blank=True)
    # Opened ballots that broke the rules of the ballot and were left out; said beside the outcome.
    void_ballots = models.PositiveIntegerField(_("void ballots"), default=0)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = CycleQuerySet.as_manager()

    class Meta:
        verbose_name = _("cycle")
        verbose_name_plural = _("cycles")
        indexes = [
            # The sweeps that close and count, and the lists.
            models.Index(fields=["state", "origin"], name="cycle_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CycleState.values), name="cycle_state_known"
            ),
            models.CheckConstraint(
                condition=Q(origin__in=Origin.values), name="cycle_origin_known"
            ),
            models.CheckConstraint(
                condition=~Q(slug__in=RESERVED_SLUGS), name="cycle_address_is_its_own"
            ),
            models.CheckConstraint(
                condition=Q(ballot_kind__in=BallotKind.values), name="cycle_ballot_kind_known"
            ),
            models.CheckConstraint(condition=Q(ties__in=TieOrder.values), name="cycle_ties_known"),
            models.CheckConstraint(
                condition=Q(supports_from__in=SupportsFrom.values),
                name="cycle_supports_from_known",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="cycle_currency_is_a_code"
            ),
            models.CheckConstraint(
                condition=~Q(ties=TieOrder.SEEDED)
                | Q(state__in=[CycleState.DRAFT, CycleState.CANCELLED])
                | (Q(tie_seed__regex="^[0-9a-f]{64}$") & ~Q(tie_commitment="")),
                name="cycle_seed_committed_when_opened",
            ),
            models.CheckConstraint(
                condition=(Q(state=CycleState.CANCELLED) & ~Q(cancel_reason=""))
                | (~Q(state=CycleState.CANCELLED) & Q(cancel_reason="")),
                name="cycle_cancelled_iff_reason",
            ),
            models.CheckConstraint(
                condition=Q(state=CycleState.PUBLISHED, published_at__isnull=False)
                | (~Q(state=CycleState.PUBLISHED) & Q(published_at__isnull=True)),
                name="cycle_published_at_iff_published",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The cycle's page."""
        return reverse("cycle", args=[self.slug])

    @property
    def phase_now(self) -> Phase | None:
        """The phase that runs now, by the database's clock; of two the one that ends first.

        Costs no query on cycles whose phases come from ``Phase.objects.with_now``.
        """
        phases = list(self.phases.all())
        if any("runs_now" not in vars(phase) for phase in phases):
            phases = list(self.phases.with_now())
        return min(
            (phase for phase in phases if vars(phase)["runs_now"]),
            key=lambda phase: phase.ends_at,
            default=None,
        )

    @property
    def voting(self) -> Phase | None:
        """The phase in which ballots are cast; None where it has no date yet."""
        return next((p for p in self.phases.all() if p.kind == PhaseKind.BALLOTING), None)

    @property
    def voting_starts_at(self) -> datetime | None:
        """When ballots may be cast from; None where it has no date yet."""
        voting = self.voting  # asks for the phases
        return voting.starts_at if voting else None

    @property
    def voting_ends_at(self) -> datetime | None:
        """The closing instant: a ballot is cast before it; None where it has no date yet."""
        voting = self.voting  # asks for the phases
        return voting.ends_at if voting else None

    @property
    def is_dropped(self) -> bool:
        """Whether it was called off as a draft, so that nobody else has ever heard of it."""
        return self.state == CycleState.CANCELLED and not self.tie_commitment

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it: not a draft, nor one that was dropped."""
        return self.state in PUBLIC_STATES and not self.is_dropped

    @property
    def is_prepared(self) -> bool:
        """Whether it is a draft of a vote to be held here, so that it can be changed."""
        return self.state == CycleState.DRAFT and not self.is_imported

    @property
    def is_imported(self) -> bool:
        """Whether it was voted on elsewhere: no roll, no casts, no proposals."""
        return self.origin == Origin.IMPORTED

    @property
    def moves(self) -> dict[CycleState, frozenset[CycleState]]:
        """Which state leads to which, for a cycle of its origin."""
        return IMPORTED_CYCLE_MOVES if self.is_imported else CYCLE_MOVES

    @property
    def shows_outcome(self) -> bool:
        """Whether anyone may read who won: published, or counted from a published file."""
        if self.is_imported:
            return self.state in COUNTED_STATES
        return self.state == CycleState.PUBLISHED


class DateTimeRange(Func):
    """PostgreSQL's ``tstzrange`` of two columns, its end left out."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class PhaseQuerySet(models.QuerySet["Phase"]):
    """Questions about phases."""

    def current(self) -> PhaseQuerySet:
        """What runs now, by the database's clock and to the second."""
        return self.filter(starts_at__lte=Now(), ends_at__gt=Now())

    def with_now(self) -> PhaseQuerySet:
        """Each with ``runs_now``, by the database's clock."""
        now = Q(starts_at__lte=Now(), ends_at__gt=Now())
        return self.annotate(
            runs_now=models.ExpressionWrapper(now, output_field=models.BooleanField())
        )


class Phase(models.Model):
    """A window of time in a cycle: from ``starts_at`` on, until just before ``ends_at``."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="phases")
    kind = models.CharField(_("kind"), max_length=16, choices=PhaseKind.choices)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))

    objects = PhaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PhaseKind.values), name="phase_kind_known"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="phase_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["cycle"], condition=Q(kind=PhaseKind.BALLOTING), name="phase_one_voting"
            ),
            ExclusionConstraint(
                name="phase_not_twice_at_once",
                expressions=[
                    ("cycle", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (DateTimeRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.cycle_id}"


class Pot(models.Model):
    """Money to decide on: for the whole city, or for one place in it."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="pots")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=120)
    # Whose residents vote on it. None for an election imported from elsewhere.
    place = models.ForeignKey(
        Neighborhood, models.PROTECT, null=True, blank=True, related_name="pots"
    )
    amount_minor = models.BigIntegerField(_("amount"))
    # How many projects a ballot for this pot may name.
    min_options = models.PositiveSmallIntegerField(_("at least"), default=1)
    max_options = models.PositiveSmallIntegerField(_("at most"), null=True, blank=True)
    # How many people have to support a project before it can come on the ballot; 0: nobody.
    supports_needed = models.PositiveIntegerField(_("supports needed"), default=0)
    # What a ballot may give to each project that it names, and to all of them together. Only for
    # kinds that give points; an election imported from elsewhere may leave them open.
    min_points = models.PositiveIntegerField(_("points, at least"), default=0)
    max_points = models.PositiveIntegerField(_("points, at most"), null=True, blank=True)
    max_sum_points = models.PositiveIntegerField(_("points to give out"), null=True, blank=True)

    class Meta:
        verbose_name = _("pot")
        verbose_name_plural = _("pots")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "position"], name="pot_position"),
            models.UniqueConstraint(fields=["cycle", "place"], name="pot_one_for_each_place"),
            # What composite foreign keys point at.
            models.UniqueConstraint(fields=["id", "cycle"], name="pot_with_cycle"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="pot_amount_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(max_options__isnull=True)
                | Q(max_options__gte=F("min_options"), max_options__gt=0),
                name="pot_most_is_not_below_least",
            ),
            models.CheckConstraint(
                condition=Q(max_points__isnull=True)
                | Q(max_points__gte=F("min_points"), max_points__gt=0),
                name="pot_most_points_not_below_least",
            ),
            models.CheckConstraint(
                condition=Q(max_sum_points__isnull=True)
                | (
                    Q(max_sum_points__gte=F("min_points"), max_sum_points__gt=0)
                    & (Q(max_points__isnull=True) | Q(max_points__lte=F("max_sum_points")))
                ),
                name="pot_points_to_give_suffice",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def reaches(self, home: Neighborhood) -> bool:
        """Whether those who live in a neighborhood decide on it."""
        near = (home.pk, home.parent_id)
        return self.place is not None and (
            self.place_id in near or self.place.kind == PlaceKind.CITY
        )
