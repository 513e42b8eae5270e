"""By what a voter's browser keeps what was filled in and not cast. The server never gets it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from django.utils.crypto import salted_hmac

from budgeting.models import Cycle, RollEntry
from budgeting.selectors.ballots import BallotStatus
from budgeting.selectors.options import options_on_ballot, pots_on_ballot

_SALT = "budgeting.draft"
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """What a ballot page says about drafts.

    ``owner`` is another one for each voter and cycle, opens nothing, and cannot be guessed by
    whoever has another line of the roll. A draft that was ``made_for`` something else is dropped,
    and so is one that is older than the end of voting.
    """

    owner: str
    made_for: str
    until: datetime | None

    @property
    def until_ms(self) -> int:
        """The end of voting as a browser counts: in milliseconds."""
        return int(self.until.timestamp() * 1000) if self.until else 0


def draft_place(cycle: Cycle, entry: RollEntry, status: BallotStatus) -> DraftPlace:
    """Where the browser keeps this voter's draft, and for which ballot it is one."""
    made_for = _made_for(cycle, entry, status)
    return DraftPlace(draft_owner(cycle, entry), made_for, cycle.voting_ends_at)


def draft_owner(cycle: Cycle, entry: RollEntry) -> str:
    """By what the browser tells this voter's draft in this cycle from any other."""
    told = salted_hmac(_SALT, f"{cycle.pk}:{entry.pk}", algorithm="sha256")
    return told.hexdigest()[:_DIGITS]


def _made_for(cycle: Cycle, entry: RollEntry, status: BallotStatus) -> str:
    """A digest of what stands on the ballot and how it is counted; and when the voter last cast.

    The time stands beside the digest and not in it, so that anybody who compares two towns sees
    that no choice is in it.
    """
    options = options_on_ballot(cycle)
    pots = [
        [
            *(pot.pk, pot.amount_minor, pot.min_options, pot.max_options),
            *(pot.min_points, pot.max_points, pot.max_sum_points),
            [
                [each.code, each.name, each.cost_minor, each.exclusion_group]
                for each in options.of(pot)
            ],
        ]
        for pot in pots_on_ballot(cycle, entry)
    ]
    rules = [cycle.ballot_kind, cycle.rule, cycle.rule_parameters, cycle.ties]
    told = hashlib.sha256(json.dumps([rules, pots], sort_keys=True).encode()).hexdigest()[:_DIGITS]
    return f"{told} {status.cast_at.isoformat()}" if status.cast_at else told
