"""Beginning keying anew, where the key of the sheets is gone: by two people, with a reason."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import require
from budgeting.models import Cycle, Keying, KeyingAnew, KeyingEnd, PaperVote
from budgeting.selectors import compared_sheets, pending_requests
from budgeting.services import key_files
from budgeting.services.errors import RefusedError
from budgeting.services.key_files import SlotKeyMissingError, SlotKeyUnreadableError
from budgeting.services.locks import take
from budgeting.services.paper import KEYED_WHILE, paper_of
from budgeting.services.second_person import pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User

ANEW = "cycle.keying_anew"


class KeyTrouble(StrEnum):
    """What is wrong with the key of the sheets while somebody needs it.

    Lost is a key of which its folder holds no file, or one with something else in it. A folder
    that is not there, or a file that cannot be read, say nothing about the key: it may come back.
    """

    LOST = "lost"
    LOST_AFTER_KEYING = "lost_after_keying"
    UNREADABLE = "unreadable"


_NOT_ANEW = {
    None: gettext_lazy("The key of the sheets is where it belongs: keying can go on."),
    KeyTrouble.UNREADABLE: gettext_lazy(
        "The key of the sheets may still be there, but it cannot be read. Whoever runs the site has"
        " to look at its folder first."
    ),
}


def key_trouble(paper: PaperVote) -> KeyTrouble | None:
    """What is wrong with the key of the sheets; None where nothing is, or nobody needs it now.

    It is needed until keying has ended, and then until the sample is compared.
    """
    if paper.cycle.state not in KEYED_WHILE:
        return None
    ended = KeyingEnd.objects.filter(pk=paper.pk).exists()
    if ended and all(each.settled for each in compared_sheets(paper.cycle)):
        return None
    try:
        key_files.read_key(paper.key_hash)
    except SlotKeyUnreadableError:
        return KeyTrouble.UNREADABLE
    except SlotKeyMissingError:
        return KeyTrouble.LOST_AFTER_KEYING if ended else KeyTrouble.LOST
    return None


def key_troubles() -> Counter[KeyTrouble]:
    """How many votes on paper there are whose key is in which trouble."""
    running = PaperVote.objects.filter(cycle__state__in=KEYED_WHILE).select_related("cycle")
    return Counter(trouble for paper in running if (trouble := key_trouble(paper)))


def keyings_anew_asked(cycle: Cycle) -> list[ActRequest]:
    """What a second person may still agree to: since then no keying has come, nor gone."""
    waiting = pending_requests(cycle, ANEW)
    now = _what_is_there(paper_of(cycle))
    return [asked for asked in waiting if asked.parameters.items() >= now.items()]


def request_keying_anew(cycle: Cycle, *, reason: str, by: User) -> ActRequest:
    """One person asks that every sheet be keyed again under a new key, as this one is gone."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not reason.strip():
        raise RefusedError(_("Say why, for everybody to read."), field="reason")
    with transaction.atomic():
        held = take(cycle)
        now = _what_is_there(_paper_without_key(held))
        return request_act(ANEW, held, requested_by=by, reason=reason.strip(), **now)


@transaction.atomic
def begin_keying_anew(cycle: Cycle, asked_id: int, *, by: User) -> KeyingAnew:
    """A second person agrees: what was keyed is dropped, and there is a new key to key under.

    The cycle is held alone, so whoever keys does it before, or under the new key. The file is made
    before the commit. Killed in between nothing has happened, but for a file that names nothing;
    nor is that file removed when the commit fails, since it may have come through after all.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    held = take(cycle)
    asked = pending_request_with(held, ANEW, asked_id)
    paper = _paper_without_key(held)
    _check_still_so(asked, paper)
    approval = approve_act(asked, approved_by=by)
    made = KeyingAnew.objects.create(
        paper=paper,
        turn=asked.parameters["turn"],
        key_hash=key_files.make_key(),
        reason=asked.parameters["reason"],
        approval=approval,
    )
    made.refresh_from_db()
    record("cycle.keying_begun_anew", held, actor=by, turn=made.turn, dropped=made.dropped)
    return made


def _what_is_there(paper: PaperVote) -> dict[str, int]:
    """What a second person agrees to: the first new key or which, and how many keyings go."""
    keyings = Keying.objects.filter(cycle_id=paper.pk).count()
    return {"turn": len(paper.key_hashes), "keyings": keyings}


def _check_still_so(asked: ActRequest, paper: PaperVote) -> None:
    """Raise ``RefusedError`` where there is another key, or another number of keyings."""
    now = _what_is_there(paper)
    if asked.parameters["turn"] != now["turn"]:
        raise RefusedError(_("Keying has been begun anew since this was asked for."))
    if asked.parameters.get("keyings") != now["keyings"]:
        raise RefusedError(
            _("What was asked for is no longer so: sheets have been keyed since. Ask anew.")
        )


def _paper_without_key(cycle: Cycle) -> PaperVote:
    """The vote on paper, where its key is lost before keying has ended; the caller holds the cycle.

    Raises ``RefusedError`` in words where it is not.
    """
    paper = paper_of(cycle)
    if cycle.state not in KEYED_WHILE:
        raise RefusedError(_("The ballots are opened, or called off: no sheet is keyed any more."))
    if KeyingEnd.objects.filter(pk=cycle.pk).exists():
        raise RefusedError(
            _("Keying has ended, and which sheets are compared is known: it is not begun anew.")
        )
    trouble = key_trouble(paper)
    if trouble != KeyTrouble.LOST:
        raise RefusedError(str(_NOT_ANEW[trouble]))
    return paper
