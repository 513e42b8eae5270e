"""What an act of the trail said, in words: its Event keeps keys and codes, for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from budgeting.enums import (
    AnnouncementState,
    BallotKind,
    CycleState,
    PhaseKind,
    ProposalState,
    ReviewKind,
    RollSource,
    SupportsFrom,
    TieOrder,
    TrusteePair,
)
from budgeting.templatetags.budgeting import rule_words
from civicfund.moments import moment
from civicfund.templatetags.money import money

# What each fact beside an act is called.
SAID_WORDS: dict[str, Promise] = {
    "added": _("lines added"),
    "amount_minor": _("amount"),
    "appeal": _("appeal, number"),
    "at": _("at"),
    "ballots": _("ballots"),
    "batch": _("batch, number"),
    "change": _("change, number"),
    "cost_minor": _("cost"),
    "counted": _("ballots counted"),
    "decided": _("sheets that somebody had to decide"),
    "dropped": _("keyings dropped"),
    "extension": _("extension, number"),
    "foreign": _("ballots that are not on the board"),
    "home": _("home confirmed, number"),
    "kept": _("ballots kept"),
    "kind": _("kind"),
    "left_out": _("lines left out"),
    "letters": _("letters"),
    "method": _("rule"),
    "move": _("move, number"),
    "needed": _("supports needed"),
    "old": _("before"),
    "omission": _("reason for leaving it off, number"),
    "option": _("option, number"),
    "options": _("options, numbers"),
    "pair": _("trustees"),
    "phase": _("phase, number"),
    "phases": _("phases"),
    "pot": _("pot, number"),
    "pot_before": _("pot before, number"),
    "pots": _("pots, numbers"),
    "printed": _("sheets printed"),
    "proposals": _("proposals"),
    "public_key": _("public key"),
    "receivers": _("receivers"),
    "removal": _("removal, number"),
    "replaced_by_paper": _("ballots replaced by paper"),
    "request": _("request, number"),
    "review": _("review, number"),
    "reviewer": _("reviewer, number"),
    "reviews": _("reviews"),
    "rewording": _("rewording, number"),
    "root": _("root of the board"),
    "rule": _("rule, number"),
    "sample_size": _("sheets in the sample"),
    "second_above_minor": _("two reviews above"),
    "sha256": _("digest of the file (SHA-256)"),
    "sheets": _("sheets"),
    "sheets_counted": _("sheets counted"),
    "source": _("from"),
    "ties": _("ties"),
    "told": _("people who were mailed the root"),
    "trustees": _("who the trustees are (SHA-256)"),
    "turn": _("turn"),
    "unreadable": _("ballots that could not be read"),
    "verdicts": _("verdicts"),
    "version": _("version"),
    "whom": _("whose count"),
}

# Of what was asked of a second person, what is shown beside it: neither keys of people nor digests.
ASKED_WORDS: dict[str, dict[str, Promise]] = {
    "cycle.appropriate": {"total_minor": _("in all"), "words": _("decided by")},
    "cycle.cancel": {"reason": _("reason")},
    "cycle.extend": {"to_at": _("until"), "reason": _("reason")},
    "cycle.keying_anew": {"reason": _("reason")},
    "cycle.letters": {"lines": _("lines")},
    "cycle.move_phase": {
        "kind": _("phase"),
        "to_starts_at": _("starts"),
        "to_ends_at": _("ends"),
        "reason": _("reason"),
    },
    "cycle.open": {
        "eligibility": _("version of who may vote"),
        "set_aside_minor": _("set aside in the books"),
        "supports_needed": _("supports needed"),
    },
    "cycle.roll": {"source": _("from"), "lines": _("lines"), "left_out": _("lines left out")},
}

_STATES: dict[str, type[TextChoices]] = {
    "announcement": AnnouncementState,
    "cycle": CycleState,
    "proposal": ProposalState,
}
# Codes that are words of an enum, by the act and the fact.
_CODES: dict[tuple[str, str], type[TextChoices]] = {
    ("cycle.phase_added", "kind"): PhaseKind,
    ("cycle.phase_moved", "kind"): PhaseKind,
    ("cycle.move_phase.asked", "kind"): PhaseKind,
    ("cycle.rules_changed", "kind"): BallotKind,
    ("cycle.rules_changed", "ties"): TieOrder,
    ("cycle.supports_from", "whom"): SupportsFrom,
    ("review.given", "kind"): ReviewKind,
    ("review.taken_back", "kind"): ReviewKind,
    ("cycle.roll_grew", "source"): RollSource,
    ("cycle.roll.asked", "source"): RollSource,
    ("cycle.key_rehearsed", "pair"): TrusteePair,
}
_SHOWN: dict[str, Callable[[Any], str]] = {
    "amount_minor": money,
    "cost_minor": money,
    "second_above_minor": money,
    "set_aside_minor": money,
    "total_minor": money,
    **{
        name: lambda at: moment(datetime.fromisoformat(at))
        for name in ("at", "to_at", "to_starts_at", "to_ends_at")
    },
    "method": rule_words,
}


def said_in_words(what: str, said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each fact that an act left beside it, by its name, as people read it.

    Of what was asked of a second person, those that ``ASKED_WORDS`` names.
    """
    act, _dot, how = what.rpartition(".")
    if how == "asked":
        named = ASKED_WORDS.get(act, {}).items()
        yield from ((str(w), _shown(what, key, said[key])) for key, w in named if key in said)
        return
    for key, value in said.items():
        yield str(SAID_WORDS.get(key, _("also"))), _shown(what, key, value)


def _shown(what: str, key: str, value: Any) -> str:
    if value is None:
        return "\u2013"
    codes = _STATES.get(what.partition(".")[0]) if key == "old" else _CODES.get((what, key))
    if codes is not None and value in codes.values:
        return str(codes(value).label)
    if shown := _SHOWN.get(key):
        return shown(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
