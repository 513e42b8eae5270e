"""How many supports a project needs to come on the ballot, and how many it had in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from budgeting.access import require
from budgeting.enums import CycleState, PhaseKind, SupportsFrom
from budgeting.models import Cycle, CycleQuerySet, Phase, Pot, Proposal, SupportCount
from budgeting.selectors.supports import supports_now
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share, take_draft
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.models import User


def need_supports(
    cycle: Cycle, needed: int, *, by: User, pots: Sequence[Pot] | None = None
) -> None:
    """So many people have to support a project of these pots, or of all; while it is a draft."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        take_draft(cycle)
        wanted = cycle.pots.exclude(supports_needed=needed)
        if pots is not None:
            wanted = wanted.filter(pk__in=[pot.pk for pot in pots])
        if wanted.filter(options__isnull=False).exists():
            raise RefusedError(_("Projects are on the ballot already: what they needed stays."))
        changed = sorted(wanted.values_list("pk", flat=True))
        Pot.objects.filter(pk__in=changed).update(supports_needed=needed)
        if changed:
            record("cycle.supports_needed", cycle, actor=by, pots=changed, needed=needed)


def count_supports_from(cycle: Cycle, whom: SupportsFrom, *, by: User) -> None:
    """Say whose supports count towards what the pots need; while it is a draft."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take_draft(cycle)
        if held.supports_from == whom:
            return
        if held.options.exists():
            raise RefusedError(_("Projects are on the ballot already: whose supports count stays."))
        Cycle.objects.filter(pk=held.pk).update(supports_from=whom)
        record("cycle.supports_from", held, actor=by, whom=whom)


def due_to_keep() -> CycleQuerySet:
    """Open cycles in which supporting is over and a proposal's supports are not kept yet."""
    supporting = Phase.objects.filter(cycle=OuterRef("pk"), kind=PhaseKind.SUPPORTING)
    waiting = Proposal.objects.to_look_at()
    uncounted = waiting.filter(cycle=OuterRef("pk"), support_count__isnull=True)
    return Cycle.objects.filter(
        Exists(supporting),
        ~Exists(supporting.filter(ends_at__gt=Now())),
        Exists(uncounted),
        state=CycleState.OPEN,
    )


def keep_supports(cycle: Cycle) -> int:
    """Keep the supports of proposals, of those who count, each once; of how many proposals.

    What an administrator enters after that is counted when it came in, and what a merge that is
    undone brings back when it comes back. Twice is once, and recorded
    once; the trail says what was written, and not what was found to write.
    """
    with transaction.atomic():
        share(cycle)
        if not due_to_keep().filter(pk=cycle.pk).exists():
            return 0
        rows = Proposal.objects.to_look_at().filter(cycle=cycle, support_count__isnull=True)
        kept = _write(supports_now(rows.select_related("cycle", "pot")))
        if kept:
            record("cycle.supports_kept", cycle, actor=None, proposals=kept)
    return kept


def _write(people: Mapping[int, int]) -> int:
    """Keep people by proposal, where none are kept; how many were written. In one order, so that
    two who write at once wait for each other and not in a circle.
    """
    rows = sorted(people.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO budgeting_supportcount (proposal_id, people)"
            " SELECT * FROM unnest(%s::bigint[], %s::integer[]) ON CONFLICT DO NOTHING",
            [[pk for pk, _number in rows], [number for _pk, number in rows]],
        )
        return int(cursor.rowcount)


def check_supports(proposal: Proposal) -> None:
    """Refuse what is short of the supports that its pot needs; the caller holds the cycle."""
    needed = proposal.pot.supports_needed
    if not needed:
        return
    keep_supports(proposal.cycle)
    kept = SupportCount.objects.filter(proposal=proposal).first()
    if kept is None:
        raise RefusedError(
            _("“%(project)s”: supports are counted when the supporting phase is over.")
            % {"project": proposal.project}
        )
    if kept.people < needed:
        raise RefusedError(_short(proposal, kept.people, needed))


def _short(proposal: Proposal, people: int, needed: int) -> str:
    short = needed - people
    words = ngettext(
        "“%(project)s” has %(people)s of the %(needed)s supports that it needs:"
        " %(short)s is missing.",
        "“%(project)s” has %(people)s of the %(needed)s supports that it needs:"
        " %(short)s are missing.",
        short,
    )
    return words % {
        "project": proposal.project,
        "people": people,
        "needed": needed,
        "short": short,
    }
