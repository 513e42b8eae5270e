"""What if: past ballots counted by rules that a cycle might name. Nothing of it binds anybody."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import TrialState
from budgeting.models.cycles import Pot


class Trial(models.Model):
    """One election and the rules to try on it. Kept for a month."""

    name = models.CharField(_("election"), max_length=120)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("asked for"), db_default=Now())
    # Where the ballots come from: a pot of an imported cycle, or a published file, compressed.
    pot = models.ForeignKey(Pot, models.CASCADE, null=True, related_name="+")
    file = models.BinaryField(_("file"), null=True)
    # Another amount than the election's own, in minor units of its currency.
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    rules = models.JSONField(_("rules"))
    state = models.CharField(
        _("state"), max_length=16, choices=TrialState.choices, default=TrialState.WAITING
    )
    # The options with their costs; what each rule makes of the ballots, by the rule's name.
    options = models.JSONField(_("options"), default=list)
    results = models.JSONField(_("results"), default=dict)
    error = models.CharField(_("why it failed"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=TrialState.values), name="trial_state_known"
            ),
            models.CheckConstraint(
                condition=Q(pot__isnull=True, file__isnull=False)
                | Q(pot__isnull=False, file__isnull=True),
                name="trial_has_one_election",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gte=0),
                name="trial_amount_is_none_or_more",
            ),
        ]

    def __str__(self) -> str:
        return self.name
