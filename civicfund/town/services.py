"""Telling the staff what waits for them: once a day what there is, at once what one of them asks
another for. Counts and links only, and nobody's name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from budgeting.models import Cycle
from budgeting.selectors.waiting import asked_on_cycles
from civicfund.audit.models import ActRequest
from civicfund.audit.services import db_now
from civicfund.delivery.models import MilestoneReport
from civicfund.delivery.selectors import waiting_reports
from civicfund.delivery.services.reaching import ACT as REACH
from civicfund.delivery.services.reaching import CONFIRMERS
from civicfund.moments import moment
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import Letter, tell_all
from civicfund.payouts.enums import PayoutState, ReversalState
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.selectors import accounts_to_approve
from civicfund.payouts.services.accounts import ACT as USE_ACCOUNT
from civicfund.payouts.services.deciding import ACT as PAY_OUT
from civicfund.payouts.services.reversing import ACT as TAKE_BACK
from civicfund.people.enums import Role
from civicfund.people.models import GIVE_ROLE, RoleRequest, User
from civicfund.people.selectors import staff_members
from civicfund.pledges.enums import BatchState, RefundState
from civicfund.pledges.models import Refund, RefundBatch
from civicfund.pledges.services.refund_batches import ACT as REFUND_ALL
from civicfund.pledges.services.refunds import ACT as REFUND
from civicfund.projects.access import authors_by_project
from civicfund.reconciliation.enums import ExplanationState
from civicfund.reconciliation.models import Explanation
from civicfund.reconciliation.services.explaining import ACT as CORRECT
from civicfund.town.selectors.waiting import Waiting, waiting_for

log = structlog.get_logger(__name__)

DAILY, AT_ONCE = "desks_wait", "second_asked"
# What is asked for longer ago is told with all else that waits, once a day.
JUST_NOW = timedelta(days=1)
# Whoever was written to just now hears of what came after it in one mail, so much later.
QUIET = timedelta(minutes=10)
MOST_LOOKED_AT = 500


def tell_desks(day: date) -> int:
    """Write to each member of the staff what waits for them, once on a day; to how many."""
    told = 0
    for person in staff_members():
        try:
            told += _tell_desks(person, day)
        except Exception:  # whatever is wrong with one desk must not keep all others untold
            log.exception("desks.not_told", person=person.pk)
    return told


def _tell_desks(person: User, day: date) -> int:
    with override(settings.LANGUAGE_CODE):
        waits = waiting_for(person)
        if not waits:
            return 0
        context = {
            "count": sum(each.number for each in waits),
            "items": [_item(each) for each in waits],
            "desks_url": reverse("my_desks"),
        }
    return tell_all(DAILY, [Letter(person, person, context, topic=Topic.DESKS, day=day)])


def _item(waiting: Waiting) -> dict[str, Any]:  # as JSON keeps it
    since, until = waiting.since, waiting.until
    return {
        "words": waiting.words,
        "number": waiting.number,
        "since": date_format(localtime(since), "j F Y") if since else "",
        "until": moment(until) if until else "",
        "url": waiting.address,
    }


@dataclass(frozen=True, slots=True)
class Second:
    """An act of two people: whose it is to agree (nobody's role: the superusers'), and where."""

    roles: tuple[Role, ...]
    words: Promise
    page: str
    # What of this kind waits now; its ``values("pk")`` are what requests are about.
    waits: Callable[[], QuerySet[Any]]
    # Who may not, beside whoever asked, of each of these rows by its key.
    kept_from: Callable[[Collection[Any]], Mapping[Any, frozenset[int]]] = lambda _rows: {}


def _authors(reports: Collection[MilestoneReport]) -> dict[int, frozenset[int]]:
    """Who writes the project of each report; two queries for all."""
    projects = {report.pk: report.milestone.project_id for report in reports}
    writing = authors_by_project(set(projects.values()))
    return {report: writing[project] for report, project in projects.items()}


_TREASURERS = (Role.TREASURER,)
# Not what officers find in documents about homes, nor whom they put on the roll: of the first
# there are dozens a day, and the second is done by two who stand together.
_SECONDS: dict[str, Second] = {
    PAY_OUT: Second(
        _TREASURERS, _("A payout"), "payouts",
        lambda: Payout.objects.filter(state=PayoutState.WAITING),
    ),
    TAKE_BACK: Second(
        _TREASURERS, _("A payout that is to be taken back"), "payouts",
        lambda: Reversal.objects.filter(state=ReversalState.WAITING),
    ),
    USE_ACCOUNT: Second(
        _TREASURERS, _("An account for receiving money"), "payouts", accounts_to_approve
    ),
    REFUND: Second(
        _TREASURERS, _("A refund"), "treasury",
        lambda: Refund.objects.filter(state=RefundState.WAITING),
    ),
    REFUND_ALL: Second(
        _TREASURERS, _("The refund of a whole campaign"), "treasury",
        lambda: RefundBatch.objects.filter(state=BatchState.WAITING),
    ),
    CORRECT: Second(
        _TREASURERS, _("A correction of the books"), "reconciliation",
        lambda: Explanation.objects.filter(state=ExplanationState.WAITING),
    ),
    REACH: Second(
        CONFIRMERS, _("A milestone that is said to be reached"), "milestones_desk",
        waiting_reports, _authors,
    ),
    GIVE_ROLE: Second(
        (), _("A role for somebody"), "roles_desk",
        RoleRequest.objects.waiting,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for a second person, and who that may be.

    Whoever holds one of the ``roles``, a superuser where there are none; nobody ``kept_from`` it.
    """

    request: ActRequest
    item: dict[str, str]
    roles: frozenset[Role]
    kept_from: frozenset[int]


def tell_of_requests() -> int:
    """Write to those who may agree to what was asked for lately, once of each; to how many.

    The caller is alone at it. Who was written to of what stands in the mails themselves.
    """
    now = db_now()
    with override(settings.LANGUAGE_CODE):
        asked = sorted(_asked_since(now - JUST_NOW), key=lambda each: each.request.pk)
    if not asked:
        return 0
    told, quiet = _told_since(now - JUST_NOW - QUIET, now)
    may_agree = {roles: _who(roles) for roles in {each.roles for each in asked}}
    theirs: dict[User, list[Asked]] = {}
    for each in asked:
        out = each.kept_from | quiet
        for person in may_agree[each.roles]:
            if person.pk not in out and each.request.pk not in told.get(person.pk, ()):
                theirs.setdefault(person, []).append(each)
    return tell_all(AT_ONCE, (_letter(person, some) for person, some in theirs.items()))


def _who(roles: frozenset[Role]) -> list[User]:
    """Those who hold one of the roles, or the superusers, and can sign in."""
    may = Q(role_grants__role__in=roles) if roles else Q(is_superuser=True)
    return list(User.objects.filter(may, is_active=True).distinct().order_by("pk"))


def _letter(person: User, asked: list[Asked]) -> Letter:
    """About the newest of them; ``asked`` keeps which they are."""
    context = {
        "count": len(asked),
        "items": [each.item for each in asked],
        "asked": [each.request.pk for each in asked],
        "desks_url": reverse("my_desks"),
    }
    return Letter(person, asked[-1].request, context, topic=Topic.SECOND)


def _told_since(since: datetime, now: datetime) -> tuple[dict[int, set[int]], frozenset[int]]:
    """Of which requests people were written to, and to whom it was just now."""
    told: dict[int, set[int]] = {}
    quiet = set()
    letters = Message.objects.filter(kind=AT_ONCE, created_at__gt=since)
    for person, asked, at in letters.values_list("recipient", "context__asked", "created_at"):
        told.setdefault(person, set()).update(asked)
        if at > now - QUIET:
            quiet.add(person)
    return told, frozenset(quiet)


def _asked_since(since: datetime) -> Iterator[Asked]:
    """What was asked for since then and waits for a second person."""
    kinds = Q(act__in=list(_SECONDS)) | Q(target_type=Cycle._meta.label_lower)
    lately = ActRequest.objects.filter(kinds, approval__isnull=True, withdrawal__isnull=True)
    newest = list(lately.order_by("-pk")[:MOST_LOOKED_AT])
    some = [each for each in newest if each.at > since]
    for act in {each.act for each in some} & _SECONDS.keys():
        yield from _of_one_kind(_SECONDS[act], [each for each in some if each.act == act])
    if any(each.target_type == Cycle._meta.label_lower for each in some):
        yield from _of_cycles(since)


def _of_cycles(since: datetime) -> Iterator[Asked]:
    for each in asked_on_cycles():
        if each.request.at > since and not each.at_the_counter:
            words = gettext("%(what)s, %(cycle)s") % {"what": each.words, "cycle": each.cycle.title}
            until = each.request.lapses_at
            yield Asked(
                each.request,
                {"words": words, "url": each.address, "until": moment(until) if until else ""},
                frozenset({each.role}),
                frozenset({each.request.requested_by_id}),
            )


def _of_one_kind(kind: Second, asked: Collection[ActRequest]) -> Iterator[Asked]:
    rows = kind.waits()
    # A role waits with the request itself, all else with the row that it is about.
    is_row = rows.model is RoleRequest
    keys = {each: str(each.pk) if is_row else each.target_id for each in asked}
    found = {str(row.pk): row for row in rows.filter(pk__in=list(keys.values()))}
    kept_from = kind.kept_from(found.values())
    for each, key in keys.items():
        if key in found:
            until = each.lapses_at
            item = {
                "words": str(kind.words),
                "url": reverse(kind.page),
                "until": moment(until) if until else "",
            }
            kept = kept_from.get(found[key].pk, frozenset()) | {each.requested_by_id}
            yield Asked(each, item, frozenset(kind.roles), kept)
