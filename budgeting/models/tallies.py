"""What a count found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.models.cycles import Cycle, Pot
from civicfund.audit.models import AppendOnly


class Tally(AppendOnly):
    """The outcome of one rule on one pot's opened ballots, with all that it depends on.

    Anyone who has the same inputs finds the same ``digest`` and the same ``outcome``.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="tallies")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="tallies")
    # Whether this is the rule that the cycle named before it opened, or one shown beside it.
    binding = models.BooleanField(_("binding"))
    rule = models.CharField(_("rule"), max_length=64)
    parameters = models.JSONField(_("parameters"))
    parameters_digest = models.CharField(max_length=64)
    ties = models.CharField(_("ties"), max_length=16)
    tie_seed = models.CharField(_("seed of the ties"), max_length=64, blank=True)
    # Of options, budget and ballots, as budgeting.domain.digest finds it from the same election.
    digest = models.CharField(_("digest of the inputs"), max_length=64)
    ballots = models.PositiveIntegerField(_("ballots"))
    distinct_ballots = models.PositiveIntegerField(_("different ballots"))
    outcome = models.JSONField(_("outcome"))
    # Votes, or points where the ballots give them, for each option by its code.
    support = models.JSONField(_("support"))
    # Why each option won or lost, by its code.
    reasons = models.JSONField(_("reasons"))
    # How the outcome treats the voters: figures of budgeting.domain.fairness.
    fairness = models.JSONField(_("fairness"), default=dict)
    # Before each purchase of equal shares, how much of its cost each option's supporters have.
    levels = models.JSONField(_("levels"), default=list)
    counted_at = models.DateTimeField(_("counted"), db_default=Now())
    seconds = models.FloatField(_("seconds"))

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "pot", "rule", "parameters_digest", "digest"], name="tally_once"
            ),
            models.UniqueConstraint(
                fields=["pot"], condition=Q(binding=True), name="tally_one_binding_for_each_pot"
            ),
            models.CheckConstraint(
                condition=Q(digest__regex="^[0-9a-f]{64}$"), name="tally_digest_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} on pot {self.pot_id}"


class Counterfactual(AppendOnly):
    """What would have made an option win that the binding count did not select.

    Every sentence was tried by counting the changed ballots, after the count and off any request.
    """

    tally = models.ForeignKey(Tally, models.PROTECT, related_name="counterfactuals")
    code = models.CharField(_("code"), max_length=64)
    # As Reason.to_json writes them; empty where no single change was found.
    reasons = models.JSONField(_("reasons"))
    tried_at = models.DateTimeField(_("tried"), db_default=Now())

    class Meta:
        verbose_name = _("counterfactual")
        verbose_name_plural = _("counterfactuals")
        constraints = [
            models.UniqueConstraint(fields=["tally", "code"], name="counterfactual_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.tally}"
