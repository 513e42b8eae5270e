"""Reading projects' money, payouts and the accounts they go to. Amounts in minor units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from civicfund.audit.services import one_moment
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import has_plan, reached_milestones, share_until
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import (
    Invariant,
    balance_minor,
    booked,
    charged_lately,
    owed_to_projects,
)
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.payouts.enums import (
    NEEDS_SOMEBODY,
    Method,
    PayoutState,
    ReversalState,
    Source,
)
from civicfund.payouts.models import (
    Payout,
    PayoutAccount,
    PayoutQuerySet,
    Reversal,
    ReversalQuerySet,
    Withdrawal,
)
from civicfund.people.models import User
from civicfund.projects.models import Project

# Why a project's money from pledges cannot leave yet; empty where it may.
HoldBack = Callable[[int], str]
_holds: list[HoldBack] = []


def held_back_by(hold: HoldBack) -> None:
    """Ask this, too, before money of a project leaves. Said once, when an app is ready.

    The app that says it refuses the payout in the database as well.
    """
    _holds.append(hold)


def why_held_back(project_id: int) -> str:
    """The first reason why what backers paid has to stay for now; empty where it may leave."""
    return next((words for hold in _holds if (words := hold(project_id))), "")


def why_not_now(project_id: int, source: Source) -> str:
    """What keeps all of one source's money here for now; empty where some of it may leave."""
    return why_held_back(project_id) if source == Source.PLEDGES else ""


# What of a project's money from pledges its backers may still get back.
Kept = Callable[[int], int]
_kept: list[Kept] = []


def kept_back_by(kept: Kept) -> None:
    """Keep so much back of what is paid out, too. Said once, when an app is ready.

    The app that says it refuses more in the database as well.
    """
    _kept.append(kept)


# What else must hold before money leaves, beside the laws of the books and of payouts.
Laws = Callable[[], list[Invariant]]
_laws: list[Laws] = []


def checked_before_paying(laws: Laws) -> None:
    """Ask these laws, too, before any payout. Said once, when an app is ready."""
    _laws.append(laws)


def broken_laws() -> list[str]:
    """Names of the laws that are broken now: while there is one, nothing is paid out."""
    asked = (laws_of_the_books, invariants, *_laws)
    with one_moment():
        return [law.name for laws in asked for law in laws() if law.broken_by]


@dataclass(frozen=True, slots=True)
class Purse:
    """What the town owes a project from one source, and what of it can be paid out now."""

    source: Source
    owed_minor: int
    disputed_minor: int
    reserve_minor: int
    paid_minor: int
    # Kept for backers who may still get it back.
    returning_minor: int = 0
    # Of it, what the plan does not let go yet; 0 where the project has none.
    planned_minor: int = 0

    @property
    def free_minor(self) -> int:
        """What can be paid out now."""
        kept = self.disputed_minor + self.reserve_minor + self.returning_minor
        kept = max(kept, self.planned_minor)
        return max(0, self.owed_minor - kept)


def purse_of(project_id: int, source: Source, milestone: Milestone | None = None) -> Purse:
    """One source of a project's money. Before money moves, read it while alone with the project.

    Where the project has a plan, what it lets go up to ``milestone``, or up to the last that is
    reached.
    """
    owed = -balance_minor(books.project_payable(project_id, source))
    is_pledges = source == Source.PLEDGES
    paid = Payout.objects.filter(project=project_id, source=source, state=PayoutState.PAID)
    return Purse(
        source=source,
        owed_minor=owed,
        disputed_minor=balance_minor(books.dispute_hold(project_id)) if is_pledges else 0,
        reserve_minor=reserve_minor(project_id) if is_pledges else 0,
        paid_minor=paid.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        - _taken_back(project_id, source),
        returning_minor=sum(kept(project_id) for kept in _kept) if is_pledges else 0,
        planned_minor=_planned_minor(project_id, source, owed, milestone),
    )


def _planned_minor(
    project_id: int, source: Source, owed_minor: int, milestone: Milestone | None
) -> int:
    """What of a source's money waits for milestones that are still to come."""
    if not has_plan(project_id):
        return 0
    until = milestone or reached_milestones(project_id).last()
    left = Payout.objects.filter(
        project=project_id, source=source, state__in=[PayoutState.APPROVED, PayoutState.PAID]
    )
    sums = left.aggregate(sum=Sum("amount_minor", default=0))
    gone = int(sums["sum"]) - _taken_back(project_id, source)
    allowed = (owed_minor + gone) * (share_until(until) if until else 0) // 100
    return max(0, owed_minor - max(0, allowed - gone))


def has_payouts(project_id: int) -> bool:
    """Whether money of a project was ever asked for."""
    return Payout.objects.filter(project=project_id).exists()


def _taken_back(project_id: int, source: Source) -> int:
    done = Reversal.objects.filter(
        payout__project=project_id, payout__source=source, state=ReversalState.DONE
    )
    return int(done.aggregate(sum=Sum("amount_minor", default=0))["sum"])


def reserve_minor(project_id: int) -> int:
    """What is kept back of charges that may still be disputed, rounded up."""
    lately = charged_lately(project_id, days=settings.PAYOUT_RESERVE_DAYS)
    return -(-lately * settings.PAYOUT_RESERVE_PERCENT // 100)


def projects_with_money() -> list[tuple[Project, int]]:
    """Projects that the town owes money, with how much together, the most first."""
    sums: dict[int, int] = {}
    for (project_id, _source), owed in owed_to_projects().items():
        sums[project_id] = sums.get(project_id, 0) + owed
    found = Project.objects.filter(pk__in=sums).select_related("proposer", "neighborhood")
    return sorted(
        ((project, sums[project.pk]) for project in found), key=lambda each: (-each[1], each[0].pk)
    )


def payouts_of(project: Project) -> PayoutQuerySet:
    """A project's payouts, the newest first."""
    rows = Payout.objects.filter(project=project)
    rows = rows.select_related("requested_by", "account", "milestone")
    rows = rows.prefetch_related(Prefetch("reversals", _reversals()))
    return rows.order_by("-created_at", "pk")


def _reversals() -> ReversalQuerySet:
    return Reversal.objects.select_related("requested_by").order_by("created_at", "pk")


def reversals_to_look_at() -> ReversalQuerySet:
    """What is being taken back, waits for somebody, or could not be."""
    wanted = (ReversalState.WAITING, ReversalState.APPROVED, ReversalState.FAILED)
    return _reversals().filter(state__in=wanted).select_related("payout__project")


def payouts_to_look_at() -> PayoutQuerySet:
    """Payouts that wait for somebody, that are being paid, or that failed."""
    wanted = Payout.objects.filter(
        Q(pk__in=Payout.objects.still_open().values("pk")) | Q(state=PayoutState.FAILED)
    )
    return wanted.select_related("project", "requested_by").order_by("created_at", "pk")


def transfers_stuck() -> int:
    """Approved transfers that the provider will not make to their account, as it is now."""
    return Payout.objects.filter(
        state=PayoutState.APPROVED, failure_code__in=NEEDS_SOMEBODY
    ).count()


def approved_account_of(user: User) -> PayoutAccount | None:
    """Where somebody's money goes: the account that was approved last."""
    approved = PayoutAccount.objects.filter(user=user, approved_at__isnull=False)
    return approved.order_by("-approved_at").first()


def waiting_account_of(user: User) -> PayoutAccount | None:
    """An account of somebody's that no treasurer has approved yet."""
    return PayoutAccount.objects.filter(user=user, approved_at__isnull=True).first()


def why_not_payable(user: User) -> str:
    """What is missing before money can reach somebody, in plain words; empty where nothing is.

    As the provider was last read: no network.
    """
    approved, waiting = approved_account_of(user), waiting_account_of(user)
    if approved is not None and approved.can_be_paid:
        return ""
    if approved is not None:
        return _("The payment provider does not pay the owner's account for now.")
    if waiting is None:
        return _("The owner has not set up an account for receiving money yet.")
    if not waiting.can_be_paid:
        return _("The payment provider has still to accept the owner's account.")
    return _("A treasurer has still to approve the owner's account.")


def accounts_to_approve() -> QuerySet[PayoutAccount]:
    """Accounts that the provider would pay and no treasurer has approved."""
    waiting = PayoutAccount.objects.filter(approved_at__isnull=True, status="active")
    owners = waiting.select_related("user").annotate(
        others=Count(
            "user__payout_accounts", filter=Q(user__payout_accounts__approved_at__isnull=False)
        )
    )
    return owners.order_by("created_at")


def invariants() -> list[Invariant]:
    """What must hold of payouts whatever has crashed."""
    kinds = ("payout_owed", "payout_made", "payout_called_off")
    owed, made, called_off = (booked(kind, "payout") for kind in kinds)
    nothing, called_back = (False, False, False), (True, False, True)
    expected = {
        PayoutState.WAITING: {nothing},
        # Before it was approved, or after.
        PayoutState.CANCELLED: {nothing, called_back},
        PayoutState.APPROVED: {(True, False, False)},
        PayoutState.PAID: {(True, True, False)},
        PayoutState.FAILED: {called_back},
    }
    rows = Payout.objects.values_list("pk", "state", "amount_minor").iterator(chunk_size=10_000)
    differing = [
        str(pk)
        for pk, state, amount in rows
        if tuple(book.get(str(pk), 0) == amount for book in (owed, made, called_off))
        not in expected[PayoutState(state)]
    ]
    alone = Payout.objects.filter(method=Method.TRANSFER).exclude(
        account__user=F("project__proposer")
    )
    return [
        Invariant("every payout is in the books as it stands", differing),
        Invariant(
            "every transfer goes to its project's owner",
            [str(pk) for pk in alone.values_list("pk", flat=True)],
        ),
        Invariant("what was taken back is in the books, and nothing else", _reversed_differently()),
        Invariant(
            "what went to the town's bank is in the books, and nothing else",
            _withdrawn_differently(),
        ),
    ]


def _withdrawn_differently() -> list[str]:
    rows = Withdrawal.objects.values_list("pk", "amount_minor", "came_back")
    noted = [(pk, amount, back) for pk, amount, back in rows.iterator(chunk_size=10_000)]
    left = {pk: amount for pk, amount, _back in noted}.items()
    back = {pk: amount for pk, amount, came_back in noted if came_back}.items()
    wrong = left ^ booked("withdrawn", "withdrawal").items()
    return sorted(dict(wrong | (back ^ booked("withdrawal_returned", "withdrawal").items())))


def _reversed_differently() -> list[str]:
    done = Reversal.objects.filter(state=ReversalState.DONE).values_list("pk", "amount_minor")
    noted = {str(pk): amount for pk, amount in done.iterator(chunk_size=10_000)}
    return sorted(dict(noted.items() ^ booked("payout_reversed", "reversal").items()))
