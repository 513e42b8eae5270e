"""A project in a cycle, and the line on the ballot that it may become."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import UNDER_WAY, Fate, ProposalState
from budgeting.models.cycles import Cycle, Pot
from civicfund.projects.enums import LISTED_STATES, ProjectState
from civicfund.projects.models import Project

_OFF_THE_LIST = [state for state in ProjectState if state not in LISTED_STATES]


def off_the_list(project: str) -> QuerySet[Project]:
    """For a query with a ``project``: whether that is not on the list.

    The few that are not are found by index; to ask for those that are would read them all.
    """
    return Project.objects.filter(pk=OuterRef(project), state__in=_OFF_THE_LIST)


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Questions about proposals."""

    def standing(self) -> ProposalQuerySet:
        """All but those that their authors took out, or that left with their project.

        The latter is told by the project's state alone, so that a merge that is undone brings them
        back.
        """
        is_there = ~Exists(off_the_list("project")) | ~Q(state__in=UNDER_WAY)
        return self.filter(is_there, ~Q(state=ProposalState.LEFT))

    def to_look_at(self) -> ProposalQuerySet:
        """Those in the cycle whose projects are on the list: nobody has to look at any other."""
        return self.filter(~Q(state=ProposalState.LEFT), project__state__in=LISTED_STATES)


class Proposal(models.Model):
    """A project that asks for money of a pot in one cycle."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="proposals")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="proposals")
    project = models.ForeignKey(Project, models.PROTECT, related_name="proposals")
    state = models.CharField(
        _("state"), max_length=16, choices=ProposalState.choices, default=ProposalState.SUBMITTED
    )
    # What the review says, in words for everybody.
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField(_("submitted"), db_default=Now())
    # With which verdicts of the cycle this one became public.
    published_with = models.ForeignKey(
        "budgeting.VerdictPublication", models.PROTECT, null=True, related_name="verdicts"
    )

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "project"], name="proposal_once_in_a_cycle"),
            models.CheckConstraint(
                condition=Q(state__in=ProposalState.values), name="proposal_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=ProposalState.NOT_FEASIBLE) | ~Q(reason=""),
                name="proposal_refused_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"project {self.project_id} in cycle {self.cycle_id}"

    @property
    def has_left(self) -> bool:
        """Whether it was taken out, or its project withdrawn or merged before all was final."""
        gone = self.state in UNDER_WAY and self.project.state not in LISTED_STATES
        return gone or self.state == ProposalState.LEFT

    @property
    def stands(self) -> str:
        """What became of it where a query has asked for its ``fate``, and there is one; else its
        state.
        """
        return vars(self).get("fate") or self.state

    @property
    def stands_in_words(self) -> str:
        """The same for people."""
        found = vars(self).get("fate")
        return str(Fate(found).label if found else ProposalState(self.state).label)


class SupportCount(models.Model):
    """How many people supported a proposal when supporting was over; written once."""

    proposal = models.OneToOneField(
        Proposal, models.PROTECT, primary_key=True, related_name="support_count"
    )
    people = models.PositiveIntegerField(_("people"))
    counted_at = models.DateTimeField(_("counted"), db_default=Now())

    class Meta:
        verbose_name = _("kept number of supports")
        verbose_name_plural = _("kept numbers of supports")

    def __str__(self) -> str:
        return f"supports of proposal {self.proposal_id}"


class Option(models.Model):
    """One line on the ballot of a pot, its name and cost frozen once voting has begun.

    Both for cycles held here, where each option stands for a proposal, and for imported ones.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="options")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="options")
    # 0, 1, 2, … within the pot: what ballots name it by.
    position = models.PositiveSmallIntegerField(_("position"))
    # What the public record names it by.
    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=500)
    cost_minor = models.BigIntegerField(_("cost"))
    # Of the options that share a group, one at most can win.
    exclusion_group = models.CharField(_("group"), max_length=64, blank=True)
    proposal = models.OneToOneField(
        Proposal, models.PROTECT, null=True, blank=True, related_name="option"
    )
    # What the city itself decided, where an imported file says so.
    selected_by_city = models.BooleanField(_("selected by the city"), null=True, blank=True)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["pot", "position"]
        constraints = [
            models.UniqueConstraint(fields=["pot", "position"], name="option_position"),
            models.UniqueConstraint(fields=["pot", "code"], name="option_code"),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="option_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(proposal__isnull=True) | Q(cost_minor__gt=0),
                name="option_of_a_proposal_costs_something",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PotChange(models.Model):
    """Somebody of the staff gave a proposal another pot, and why, for its authors to read."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="pot_changes")
    # The ids of pots: one that is asked no more may be taken out of a draft.
    pot_before = models.BigIntegerField(_("pot before"))
    pot = models.BigIntegerField(_("pot"))
    reason = models.CharField(_("reason"), max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("changed"), db_default=Now())

    class Meta:
        verbose_name = _("change of a pot")
        verbose_name_plural = _("changes of pots")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="pot_change_says_why"),
            models.CheckConstraint(
                condition=~Q(pot=models.F("pot_before")), name="pot_change_to_another"
            ),
        ]

    def __str__(self) -> str:
        return f"another pot for proposal {self.proposal_id}"


class BallotRemoval(models.Model):
    """A proposal was taken off the ballot before voting began, and why, for everybody to read."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="removals")
    # The id of the option that it was; the row itself is gone.
    line = models.BigIntegerField(_("line on the ballot"), unique=True)
    reason = models.CharField(_("reason"), max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("taken off"), db_default=Now())

    class Meta:
        verbose_name = _("removal from a ballot")
        verbose_name_plural = _("removals from a ballot")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="removal_says_why"),
        ]

    def __str__(self) -> str:
        return f"removal of proposal {self.proposal_id}"


class BallotOmission(models.Model):
    """Why a feasible proposal is not put on the ballot, for everybody to read; the last one counts.

    It may be said before voting or after.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="omissions")
    reason = models.CharField(_("reason"), max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("said"), db_default=Now())

    class Meta:
        verbose_name = _("reason for leaving a proposal off the ballot")
        verbose_name_plural = _("reasons for leaving proposals off the ballot")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="omission_says_why"),
        ]

    def __str__(self) -> str:
        return f"omission of proposal {self.proposal_id}"
