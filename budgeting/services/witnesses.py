"""The root of a closed vote, mailed to those who watch it.

Whoever owns the database could chain another board and publish another root. They cannot take back
what lies in other people's mailboxes since the close.
"""

from __future__ import annotations

from django.urls import reverse

from budgeting.enums import CycleState
from budgeting.models import Board, Cycle
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.services import Letter, tell_all
from civicfund.people.enums import Role
from civicfund.people.selectors import people_with_since

BOARD_CLOSED = "board_closed"
_WITNESSES = (Role.OBSERVER, Role.CERTIFIER, Role.BUDGET_ADMINISTRATOR)


def tell_witnesses(cycle: Cycle, board: Board) -> int:
    """Mail the root, the head and the number of lines; how many are told.

    Also those from whom the role was taken since the opening: to take a role silences nobody.
    """
    opened = Event.objects.filter(
        target_type=cycle._meta.label_lower,
        target_id=str(cycle.pk),
        verb=f"cycle.{CycleState.OPEN}",
    )
    since = opened.order_by("id").values_list("at", flat=True).first()
    people = people_with_since(_WITNESSES, since or db_now())
    context = {
        "cycle": cycle.title,
        "root": board.root,
        "head": board.head,
        "lines": board.size,
        "board_url": reverse("board", args=[cycle.slug]),
        "verify_url": reverse("verify"),
    }
    return tell_all(BOARD_CLOSED, [Letter(person, cycle, context) for person in people])
