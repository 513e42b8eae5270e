"""Reading the books."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from civicfund.ledger import domain
from civicfund.ledger.models import Account, Entry, Posting


def balance_minor(code: str) -> int:
    """Debits less credits of one account, in minor units; 0 for an account never used."""
    return int(
        Posting.objects.filter(account__code=code).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    )


def balances_of(codes: Collection[str]) -> dict[str, int]:
    """The balances of these accounts; one never used is not among them."""
    rows = Posting.objects.filter(account__code__in=codes).values_list("account__code")
    return dict(rows.annotate(sum=Sum("amount_minor")))


def balances() -> list[tuple[Account, int]]:
    """Every account, by code, and what it comes to in minor units.

    Summed without a join, which over a million postings takes half as long.
    """
    sums: dict[int, int] = dict(
        Posting.objects.values_list("account").annotate(sum=Sum("amount_minor"))
    )
    return [(account, sums.get(account.pk, 0)) for account in Account.objects.all()]


def family_balances(family: str) -> dict[str, int]:
    """The balances of the accounts whose codes begin so, without those at zero."""
    rows = Posting.objects.filter(account__code__startswith=family)
    sums = rows.values_list("account__code").annotate(sum=Sum("amount_minor"))
    return dict(sums.exclude(sum=0))


@dataclass(frozen=True, slots=True)
class Line:
    """One posting on an account's statement, and what the account came to after it."""

    at: datetime
    kind: str
    source_type: str
    source_id: str
    amount_minor: int
    balance_minor: int


def statement(code: str, *, before: int | None = None, most: int = 50) -> tuple[list[Line], int]:
    """An account's postings, newest first, and the id to go on before (0 where none are older).

    Amounts in minor units, debits above zero. ``before`` is that id of the page above.
    """
    account = Account.objects.filter(code=code).first()
    if account is None:
        return [], 0
    rows = Posting.objects.filter(account=account)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    after = int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    shown = list(rows.select_related("entry").order_by("-pk")[: most + 1])
    lines = []
    for posting in shown[:most]:
        entry = posting.entry
        lines.append(
            Line(
                entry.at, entry.kind, entry.source_type, entry.source_id,
                posting.amount_minor, after,
            )
        )  # fmt: skip
        after -= posting.amount_minor
    return lines, shown[most - 1].pk if len(shown) > most else 0


def all_lines(code: str) -> Iterator[tuple[datetime, str, str, str, int]]:
    """Every posting of an account, oldest first: when, kind, source, its id, amount."""
    rows = Posting.objects.filter(account__code=code).order_by("pk")
    return rows.values_list(
        "entry__at", "entry__kind", "entry__source_type", "entry__source_id", "amount_minor"
    ).iterator(chunk_size=5000)


def collected_for(project_id: int) -> int:
    """What the books hold for a project from pledges, in minor units."""
    return -balance_minor(domain.project_pledges(project_id))


def free_of_pledges_minor(project_id: int) -> int:
    """What a project's pledges leave to be paid out or back: collected, neither paid nor disputed.

    Before money moves, read it while alone with the project's money (``alone_with_project``).
    """
    return collected_for(project_id) - balance_minor(domain.dispute_hold(project_id))


def owed_to_projects() -> dict[tuple[int, str], int]:
    """What the town owes each project from each source, in minor units, without zeros."""
    owed = {}
    for code, balance in family_balances("project_payable/").items():
        _family, project_id, source = code.split("/")
        owed[int(project_id), source] = -balance
    return owed


def charged_lately(project_id: int, *, days: int) -> int:
    """What cards were charged for a project in the last days, in minor units."""
    rows = Posting.objects.filter(
        account__code=domain.project_pledges(project_id),
        entry__kind="charge",
        entry__at__gt=Now() - timedelta(days=days),
    )
    return -int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def still_promised_to(project_id: int) -> int:
    """What backers of a funded project have still to be charged, in minor units."""
    return balance_minor(domain.pledged(project_id))


def booked_minor(kind: str, source_type: str, source_ids: Iterable[str]) -> dict[str, int]:
    """The amount of each source's entry of one kind (its debits), by source id."""
    rows = (
        Entry.objects.filter(kind=kind, source_type=source_type, source_id__in=list(source_ids))
        .annotate(debits=Sum("postings__amount_minor", filter=Q(postings__amount_minor__gt=0)))
        .values_list("source_id", "debits")
    )
    return dict(rows)


def booked(kind: str, source_type: str) -> dict[str, int]:
    """The amount of every entry of one kind (its debits), by source id."""
    rows = (
        Posting.objects.filter(entry__kind=kind, entry__source_type=source_type, amount_minor__gt=0)
        .values_list("entry__source_id")
        .annotate(debits=Sum("amount_minor"))
    )
    return dict(rows.iterator(chunk_size=10_000))


def posted_to(family: str, kinds: Iterable[str]) -> dict[tuple[str, str], int]:
    """What entries of these kinds posted to accounts whose codes begin so, by kind and source."""
    rows = Posting.objects.filter(account__code__startswith=family, entry__kind__in=list(kinds))
    sums = rows.values_list("entry__kind", "entry__source_id").annotate(sum=Sum("amount_minor"))
    return {(kind, source): total for kind, source, total in sums.iterator(chunk_size=10_000)}


class Moved(NamedTuple):
    """By how much an entry changed what is with the provider: above zero where it came in."""

    net_minor: int
    currency: str


AT_PROVIDER = (domain.STRIPE_PENDING, domain.STRIPE_AVAILABLE)


def moved_at_provider(source_type: str, source_ids: Iterable[str]) -> dict[tuple[str, str], Moved]:
    """What entries of these sources did to the money at the provider, by source id and kind.

    Entries that only say that it was released are left out: nothing came or went.
    """
    rows = (
        Posting.objects.filter(
            entry__source_type=source_type,
            entry__source_id__in=list(source_ids),
            account__code__in=AT_PROVIDER,
        )
        .values_list("entry__source_id", "entry__kind", "currency")
        .annotate(net=Sum("amount_minor"))
        .exclude(net=0)
    )
    return {(source, kind): Moved(net, currency) for source, kind, currency, net in rows}


def moved_between(since: datetime, until: datetime) -> Iterator[tuple[str, str, str]]:
    """Entries that were booked in a time and moved money at the provider: source, id, kind."""
    rows = (
        Posting.objects.filter(
            entry__at__gte=since, entry__at__lt=until, account__code__in=AT_PROVIDER
        )
        .values_list("entry__source_type", "entry__source_id", "entry__kind")
        .annotate(net=Sum("amount_minor"))
        .exclude(net=0)
    )
    for source_type, source_id, kind, _net in rows.iterator(chunk_size=5000):
        yield source_type, source_id, kind


def first_movement_at() -> datetime | None:
    """When money at the provider first moved; None where none ever has."""
    moved = Posting.objects.filter(account__code__in=AT_PROVIDER).order_by("pk")
    return moved.values_list("entry__at", flat=True).first()


class Invariant(NamedTuple):
    """Something that is always true, and what breaks it: ids, empty while it holds."""

    name: str
    broken_by: list[str]


def invariants() -> list[Invariant]:
    """What must hold of the books whatever has crashed, one query each."""
    laws = {
        "every entry sums to zero": unbalanced_entries,
        "every entry has the postings it was booked with": incomplete_entries,
        "no entry mixes promises with money": mixed_entries,
    }
    return [Invariant(name, [str(pk) for pk in ask()]) for name, ask in laws.items()]


def unbalanced_entries() -> list[int]:
    """Ids of entries whose postings do not sum to zero in each currency: always empty."""
    sums = Posting.objects.values("entry", "currency").annotate(sum=Sum("amount_minor"))
    return sorted(set(sums.exclude(sum=0).values_list("entry", flat=True)))


def incomplete_entries() -> list[int]:
    """Ids of entries that have not the number of postings they were booked with: always empty."""
    return _entry_ids(
        "SELECT e.id FROM ledger_entry e LEFT JOIN ledger_posting p ON p.entry_id = e.id"
        " GROUP BY e.id HAVING count(p.id) <> e.legs ORDER BY e.id"
    )


def mixed_entries() -> list[int]:
    """Ids of entries that mix promises with money: always empty."""
    return _entry_ids(
        "SELECT p.entry_id FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " GROUP BY p.entry_id HAVING count(*) FILTER (WHERE a.kind = 'memo') NOT IN (0, count(*))"
        " ORDER BY p.entry_id"
    )


def _entry_ids(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def project_of(code: str) -> int | None:
    """The project whose money an account holds; None for the town's own."""
    if code.startswith(domain.appropriated("")):
        return None
    number = code.partition("/")[2].partition("/")[0]
    return int(number) if number.isdecimal() else None


def account_name(code: str, titles: Mapping[int, str]) -> str:
    """What an account holds, in plain words, with the project's title where that is among the
    ``titles``; its code where it belongs to no family we know.
    """
    family, _slash, rest = code.partition("/")
    number, _slash, source = rest.partition("/")
    title = titles.get(project_of(code) or 0)
    project = f"“{title}”" if title else _("project %(number)s") % {"number": number}
    words = {
        domain.STRIPE_PENDING: _("With the payment provider, not released yet"),
        domain.STRIPE_AVAILABLE: _("With the payment provider, can be paid out"),
        domain.PROCESSOR_FEE: _("Fees of the payment provider"),
        domain.DISPUTE_FEE: _("Fees for disputes"),
        domain.CHARGEBACK_LOSS: _("Lost in disputes after a project was paid"),
        domain.REFUNDS_PAYABLE: _("Owed to backers as refunds"),
        domain.PAYOUTS_PAYABLE: _("Payouts on their way to projects"),
        domain.BANK: _("The town's own bank accounts"),
        domain.OWN_PROJECTS: _("Kept for the town's own projects"),
        domain.TOWN_FEE: _("The town's fee on what was collected"),
        domain.CORRECTIONS: _("Corrected, where the provider told it differently"),
        domain.VOTED_BUDGET: _("Public money given by votes"),
        "memo:appropriated": _("Set aside for vote %(number)s, not awarded yet"),
        domain.APPROPRIATIONS: _("All that is set aside for votes, the other side"),
        domain.PROMISES: _("All promises, the other side"),
        "project_payable/pledges": _("Owed to %(project)s from pledges"),
        "project_payable/award": _("Owed to %(project)s from the public budget"),
        "dispute_hold": _("Held by banks, of %(project)s"),
        "memo:pledged": _("Promised to %(project)s, not charged yet"),
    }
    named = words.get(f"{family}/{source}" if source else family)
    return named % {"project": project, "number": number} if named else code


def named(
    balances: Iterable[tuple[Account, int]], titles: Mapping[int, str]
) -> list[tuple[str, Account, int]]:
    """Each with its name: the town's own first, then those of projects by their titles."""
    rows = [(account_name(row.code, titles), row, minor) for row, minor in balances]
    return sorted(rows, key=lambda each: (project_of(each[1].code) is not None, each[0]))
