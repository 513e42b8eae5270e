"""Whose dates have moved hears of it: who follows the cycle, and who has a proposal in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from django.db import transaction
from django.db.models.functions import Now

from budgeting.enums import CycleState
from budgeting.models import Extension, PhaseMove, Proposal
from budgeting.selectors.moves import move_in_words
from civicfund.notices.services import Letter, tell_all
from civicfund.people.models import User
from civicfund.projects.access import concerned_by_project
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Fact
from civicfund.talk.selectors import NEWS_FOR, is_told
from civicfund.talk.services.facts import Happened, tell_new_facts

MOVED = "dates_moved"
# What facts about these are named by, with a number.
MOVE, EXTENSION = "move", "extension"
MOST_AT_ONCE = 100

_Moved = PhaseMove | Extension


def tell_of_moves() -> int:
    """Tell followers of open cycles that a phase is later, or the vote longer, and write to whoever
    has a proposal in one, once; how many facts.

    Not to whoever agreed to it, nor to whoever only entered a project from another's paper.
    """
    moves = dict(_untold())
    if not moves:
        return 0
    concerned = _concerned({made.cycle_id for made in moves.values()})
    with transaction.atomic():
        told = tell_new_facts(
            Happened(
                (SubjectKind.CYCLE, made.cycle_id),
                NewsKind.DATES_MOVED,
                source,
                by=frozenset({made.approval.approved_by_id}),
                written_to=concerned[made.cycle_id],
            )
            for source, made in moves.items()
        )
        tell_all(MOVED, _letters(moves, told, concerned))
    return len(told)


def _untold() -> Iterator[tuple[str, _Moved]]:
    """By the name of the fact, the oldest first."""
    for kind, rows in ((MOVE, PhaseMove.objects), (EXTENSION, Extension.objects)):
        lately = rows.filter(
            ~is_told(kind), at__gt=Now() - NEWS_FOR, cycle__state=CycleState.OPEN
        ).select_related("cycle", "approval")
        for made in lately.order_by("pk")[:MOST_AT_ONCE]:
            yield f"{kind}:{made.pk}", made


def _concerned(cycles: Collection[int]) -> Mapping[int, frozenset[int]]:
    """By cycle, whose own a project in it is."""
    rows = Proposal.objects.to_look_at().filter(cycle__in=cycles)
    pairs = list(rows.order_by().values_list("cycle", "project"))
    by_project = concerned_by_project({project for _cycle, project in pairs})
    found: dict[int, frozenset[int]] = defaultdict(frozenset)
    for cycle, project in pairs:
        found[cycle] |= by_project[project]
    return found


def _letters(
    moves: Mapping[str, _Moved], told: Mapping[str, int], concerned: Mapping[int, frozenset[int]]
) -> Iterator[Letter]:
    facts = Fact.objects.in_bulk(told.values())
    wanted = set(chain(*concerned.values()))
    people = User.objects.filter(is_active=True, guest_email="").in_bulk(wanted)
    for source, fact in told.items():
        made = moves[source]
        context = {
            "cycle": made.cycle.title,
            "what": move_in_words(made),
            "why": made.reason,
            "cycle_url": made.cycle.get_absolute_url(),
        }
        for person in sorted(concerned[made.cycle_id] - {made.approval.approved_by_id}):
            if person in people:
                yield Letter(people[person], facts[fact], context)
