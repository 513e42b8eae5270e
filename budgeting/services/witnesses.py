"""The root of a closed vote, mailed to those who watch it.

Whoever owns the database could chain another board and publish another root. They cannot take back
what lies in other people's mailboxes since the close.
"""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from budgeting.models import Board, Cycle
from civicfund.notices.services import Letter, tell_all
from civicfund.people.enums import Role
from civicfund.people.models import User

BOARD_CLOSED = "board_closed"
_WITNESSES = (Role.OBSERVER, Role.CERTIFIER, Role.BUDGET_ADMINISTRATOR)


def tell_witnesses(cycle: Cycle, board: Board) -> int:
    """Mail the root, the head and the number of lines; how many are told."""
    holds = Q(role_grants__role__in=_WITNESSES)
    people = User.objects.filter(holds, is_active=True).distinct().order_by("pk")
    context = {
        "cycle": cycle.title,
        "root": board.root,
        "head": board.head,
        "lines": board.size,
        "board_url": reverse("board", args=[cycle.slug]),
        "verify_url": reverse("verify"),
    }
    return tell_all(BOARD_CLOSED, [Letter(person, cycle, context) for person in people])
