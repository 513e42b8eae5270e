"""Who would get an announcement, and how far one has come. Nothing here knows who voted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from budgeting.enums import MailingState
from budgeting.models import Announcement, Cycle
from civicfund.notices.enums import Topic
from civicfund.notices.models import OptIn
from civicfund.people.models import User
from civicfund.people.selectors import residencies_on


def receivers(places: Collection[int]) -> QuerySet[User]:
    """Whoever said where they live, there or anywhere, and asked for such mail."""
    homes = residencies_on(timezone.localdate())
    if places:
        homes = homes.filter(
            Q(neighborhood__in=places)
            | Q(neighborhood__parent__in=places)
            | Q(neighborhood__parent__parent__in=places)
        )
    asked = OptIn.objects.filter(topic=Topic.TOWN).values("user")
    people = User.objects.filter(pk__in=asked, is_active=True, guest_email="")
    return people.filter(pk__in=homes.values("user")).order_by("pk")


@dataclass(frozen=True, slots=True)
class SendLog:
    """How many mails of an announcement came how far, and why the mail server refused some."""

    counts: list[tuple[MailingState, int]]
    failures: list[tuple[str, int]]

    @property
    def total(self) -> int:
        """How many people it was for."""
        return sum(number for _state, number in self.counts)

    @property
    def waiting(self) -> int:
        """How many remain to be sent."""
        return dict(self.counts)[MailingState.WAITING]


def send_log(announcement: Announcement) -> SendLog:
    """The log of one announcement, in counts."""
    by_state = _counted(announcement, "state")
    failed = _counted(announcement, "failure")
    return SendLog(
        [(state, by_state.get(state.value, 0)) for state in MailingState],
        sorted((why, number) for why, number in failed.items() if why),
    )


def _counted(announcement: Announcement, column: str) -> dict[str, int]:
    rows = announcement.mailings.order_by().values(column).annotate(number=Count("pk"))
    return dict(rows.values_list(column, "number"))


def announcements_of(cycle: Cycle) -> QuerySet[Announcement]:
    """The cycle's announcements with ``receivers`` and ``sent``, the newest first."""
    done = Q(mailings__state=MailingState.SENT)
    rows = Announcement.objects.filter(cycle=cycle).select_related("written_by")
    return rows.annotate(receivers=Count("mailings"), sent=Count("mailings", filter=done)).order_by(
        "-pk"
    )
