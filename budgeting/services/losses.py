"""What would have made the losers win: tried after the count, loser by loser, by the worker."""

from __future__ import annotations

import time

import structlog
from django.db.models import Count, F, Func, IntegerField, QuerySet, Value
from django.db.models.functions import Coalesce

from budgeting.domain.explain import what_if
from budgeting.domain.outcome import Outcome
from budgeting.models import Counterfactual, Tally
from budgeting.services.inputs import read_inputs
from civicfund.turns import Work, alone_at

log = structlog.get_logger(__name__)


def due_to_explain() -> QuerySet[Tally]:
    """Binding tallies with losers that nothing has been tried for."""
    options = Count("pot__options", distinct=True)
    selected = Func(
        F("outcome__selected"), function="jsonb_array_length", output_field=IntegerField()
    )
    return (
        Tally.objects.filter(binding=True)
        .annotate(
            losers=options - Coalesce(selected, Value(0)),
            tried=Count("counterfactuals", distinct=True),
        )
        .filter(tried__lt=F("losers"))
        .order_by("pk")
    )


def explain_losses(tally: Tally, *, seconds: float) -> int:
    """Try changes for the losers that have most support, for about so long; how many were tried.

    May be killed at any point and run again, or twice at once: each loser is written once.
    """
    with alone_at(Work.LOSSES, tally.pk) as alone:
        return _try(tally, time.monotonic() + seconds) if alone else 0


def _try(tally: Tally, until: float) -> int:
    left = _losers(tally)
    if not left:
        return 0
    inputs = read_inputs(tally.cycle, tally.pot)
    outcome = Outcome.from_json(tally.outcome)
    tried = 0
    for code in left:
        found = what_if(inputs.election, inputs.ties, outcome, code)
        told = [reason.to_json() for reason in found.reasons()]
        row = Counterfactual(tally=tally, code=code, reasons=told)
        Counterfactual.objects.bulk_create([row], ignore_conflicts=True)
        tried += 1
        if time.monotonic() > until:
            break
    log.info("losses.tried", tally=tally.pk, tried=tried, left=len(left) - tried)
    return tried


def _losers(tally: Tally) -> list[str]:
    """Codes of the losers that nothing has been tried for, those with most support first."""
    done = set(tally.counterfactuals.values_list("code", flat=True))
    done |= set(tally.outcome["selected"])
    support: dict[str, int] = tally.support
    return sorted((code for code in support if code not in done), key=lambda c: (-support[c], c))
