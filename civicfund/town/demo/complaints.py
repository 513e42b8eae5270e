"""What the made-up residents complain of: one that waits, and one that is looked at again."""

from __future__ import annotations

from collections.abc import Sequence

from civicfund.complaints.enums import Concern
from civicfund.complaints.services import answering
from civicfund.complaints.services.filing import ask_again, complain
from civicfund.people.models import User
from civicfund.town.demo.accounts import account


def make_complaints(residents: Sequence[User]) -> int:
    """At their desk the officers find something to try; how many."""
    first, second = residents[:2]
    seen_once = complain(
        about=Concern.ACCESS,
        words="On my phone I cannot get past the map to the list of places.",
        page="/projects/new/",
        by=first,
        answer_to=first.email,
    )
    officer = account("complaints-officer")
    answering.take(seen_once, by=officer)
    answering.note(seen_once, by=officer, words="Tried with a phone from 2019: it can be passed.")
    answering.answer(
        seen_once, by=officer, words="The list stands below the map: go on past the map to it."
    )
    ask_again(seen_once, words="With the keyboard of my phone I do not get past it.")
    complain(
        about=Concern.DECISION,
        words="The review says what is wrong with my idea and not how it could be right.",
        by=second,
        answer_to=second.email,
    )
    return 2
