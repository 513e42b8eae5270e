"""Trying rules on past ballots, before a cycle names the one that binds it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.domain import pabulib
from budgeting.domain.election import BallotKind, Election
from budgeting.domain.fairness import fairness
from budgeting.domain.pabulib import PabulibError, PabulibFile
from budgeting.domain.rules import count, fitting_rules
from budgeting.domain.ties import TieOrder, lexicographic
from budgeting.enums import Origin, TrialState
from budgeting.models import Pot, Trial
from budgeting.services.errors import RefusedError
from budgeting.services.imports import currency_of, factor_of, title_of
from budgeting.services.inputs import read_inputs
from budgeting.services.rules import usual_parameters
from civicfund.audit.services import db_now
from civicfund.money import minor_digits
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.turns import Work, alone_at

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)


def ask_for_trial(
    *,
    by: User,
    pot: Pot | None = None,
    upload: Path | None = None,
    rules: Sequence[str],
    amount_minor: int | None = None,
) -> Trial:
    """A trial that waits for a worker. Raises ``RefusedError`` with what is wrong, and keeps none.

    The ballots are those of a pot of an imported cycle or of a ``.pb`` file. Trials that are
    older than a month go.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    Trial.objects.filter(made_at__lt=db_now() - KEPT).delete()
    if pot is not None:
        if pot.cycle.origin != Origin.IMPORTED:
            raise RefusedError(_("Only past elections can be tried."), field="pot")
        kind = BallotKind(pot.cycle.ballot_kind)
        trial = Trial(name=str(pot.cycle), pot=pot, currency=pot.cycle.currency)
    elif upload is not None:
        file = _read(upload)
        kind = file.election.ballots.kind
        packed = gzip.compress(upload.read_bytes(), 6)
        trial = Trial(name=title_of(file), file=packed, currency=currency_of(file))
    else:
        raise RefusedError(_("Choose an election, or a file."), field="pot")
    trial.rules = _fitting(kind, rules)
    trial.amount_minor, trial.made_by = amount_minor, by
    trial.save()
    return trial


def _fitting(kind: BallotKind, rules: Sequence[str]) -> list[str]:
    fitting = fitting_rules(kind)
    chosen = [rule for rule in fitting if rule in rules]
    if not chosen:
        raise RefusedError(_("Choose at least one rule that counts such ballots."), field="rules")
    return chosen


def _read(path: Path) -> PabulibFile:
    try:
        file = pabulib.read(path, places=minor_digits(settings.CURRENCY))
        factor_of(file, currency_of(file))
    except (PabulibError, UnicodeDecodeError) as error:
        raise RefusedError(str(error), field="upload") from None
    except RefusedError as refusal:
        raise RefusedError(str(refusal), field="upload") from None
    return file


def trials_to_count() -> QuerySet[Trial]:
    """Those that wait, and those whose worker may have died."""
    unfinished = [TrialState.WAITING, TrialState.COUNTING]
    return Trial.objects.filter(state__in=unfinished).order_by("pk")


def count_trial(trial: Trial) -> bool:
    """Count by each rule that is left; False where another worker is at it.

    May be killed at any point and run again: what is counted is kept rule by rule.
    """
    with alone_at(Work.TRIAL, trial.pk) as alone:
        if not alone:
            return False
        trial.refresh_from_db()
        if trial.state in (TrialState.WAITING, TrialState.COUNTING):
            _count(trial)
    return True


def _count(trial: Trial) -> None:
    try:
        election, ties = _election(trial)
    except (RefusedError, PabulibError, MemoryError) as error:
        trial.state, trial.error = TrialState.FAILED, str(error)[:500]
        trial.save(update_fields=["state", "error"])
        return
    if trial.amount_minor is not None:
        election = replace(election, budget_minor=trial.amount_minor)
    trial.state = TrialState.COUNTING
    trial.options = [
        {"code": option.id, "name": option.name or option.id, "cost_minor": option.cost_minor}
        for option in election.options
    ]
    trial.save(update_fields=["state", "options"])
    for rule in trial.rules:
        if rule not in trial.results:
            trial.results[rule] = _result(rule, election, ties)
            trial.save(update_fields=["results"])
    trial.state = TrialState.DONE
    trial.save(update_fields=["state"])
    log.info("trial.done", trial=trial.pk, rules=len(trial.rules))


def _election(trial: Trial) -> tuple[Election, TieOrder]:
    if trial.pot is not None:
        inputs = read_inputs(trial.pot.cycle, trial.pot)
        return inputs.election, inputs.ties
    text = gzip.decompress(bytes(trial.file or b"")).decode("utf-8-sig")
    file = pabulib.read(text.splitlines(keepends=True), places=minor_digits(settings.CURRENCY))
    factor = factor_of(file, currency_of(file))
    options = tuple(
        replace(option, cost_minor=option.cost_minor * factor) for option in file.options
    )
    election = replace(
        file.election, options=options, budget_minor=file.election.budget_minor * factor
    )
    return election, lexicographic(options)


def _result(rule: str, election: Election, ties: TieOrder) -> dict[str, object]:
    started = time.monotonic()
    outcome = count(rule, election, ties, **usual_parameters(rule))
    return {
        "selected": list(outcome.selected),
        "spent_minor": outcome.total_cost_minor,
        "budget_minor": outcome.budget_minor,
        "fairness": fairness(election, outcome).to_json(),
        "seconds": round(time.monotonic() - started, 3),
    }
