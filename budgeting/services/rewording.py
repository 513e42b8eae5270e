"""Another title or sentence for a cycle that is open, with a reason."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import require
from budgeting.enums import CycleState
from budgeting.models import Cycle, Rewording
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from civicfund.audit.services import db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User

BEGUN = gettext_lazy("Voting has begun: what voters read stays.")


def reword(
    cycle: Cycle, *, title: str, summary: str, reason: str, by: User, seen: int | None = None
) -> Rewording:
    """Call an open cycle otherwise, until voting begins and before sheets are printed. Where
    another change than ``seen`` is the last one by now (0: none), it is refused.

    Neither title nor sentence is among what the board begins with, ties are drawn from or ballots
    are sealed to. Who asked to open it under which words stays with the request.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    title, summary, reason = title.strip(), summary.strip(), reason.strip()
    if not title:
        raise RefusedError(_("Say what it is called."), field="title")
    if not reason:
        raise RefusedError(_("Say why, for the staff to read."), field="reason")
    try:
        return _reworded(cycle, title, summary, reason, by, seen)
    except IntegrityError as error:
        if "rewording_in_time" not in str(error):
            raise
        # Voting began after the look at the clock.
        raise RefusedError(str(BEGUN)) from error


@transaction.atomic
def _reworded(
    cycle: Cycle, title: str, summary: str, reason: str, by: User, seen: int | None
) -> Rewording:
    held = take(cycle)
    if why := why_words_stay(held):
        raise RefusedError(why)
    if seen not in (None, last_rewording(held)):
        words = _("Somebody has changed the words since you looked: open this page anew.")
        raise RefusedError(words)
    if (title, summary) == (held.title, held.summary):
        raise RefusedError(_("It says that already."), field="title")
    made = Rewording.objects.create(
        cycle=held,
        title_before=held.title,
        title=title,
        summary_before=held.summary,
        summary=summary,
        reason=reason,
        by=by,
    )
    Cycle.objects.filter(pk=held.pk).update(title=title, summary=summary)
    record("cycle.reworded", held, actor=by, rewording=made.pk)
    return made


def last_rewording(cycle: Cycle) -> int:
    """The number of the last change of its words; 0 where there is none."""
    return cycle.rewordings.order_by("-pk").values_list("pk", flat=True).first() or 0


def why_words_stay(cycle: Cycle) -> str:
    """Why title and sentence of a cycle can be changed no more; empty where they can."""
    if cycle.state != CycleState.OPEN:
        return _("Only what an open cycle is called can be changed here.")
    begins = cycle.voting_starts_at
    if begins is not None and begins <= db_now():
        return str(BEGUN)
    if cycle.sheet_batches.exists():
        return _("Paper ballots are printed under this title: it stays.")
    return ""
