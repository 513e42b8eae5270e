"""The trail: what was done, asked for, agreed to and taken back, as rows of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db.models import CharField, F, IntegerField, JSONField, Model, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.functional import Promise

from civicfund.audit.models import ActRequest, Approval, Event, Withdrawal

# When, what, by whom (a key; none: the system itself), to what, what it left beside it, and the
# place of the row among all that share an instant.
COLUMNS = ("at", "what", "who", "of_type", "of_id", "said", "rank", "key")
HAPPENED, ASKED, AGREED, TAKEN_BACK = range(4)
Rows = QuerySet[Any, Any]
# As many as the page of one row shows, the newest.
MOST_EVENTS_SHOWN = 50


def events_of(row: Model) -> QuerySet[Event]:
    """What happened to a row, newest first."""
    named = {"target_type": row._meta.label_lower, "target_id": str(row.pk)}
    return Event.objects.filter(**named).order_by("-id")


def newest_in_words(
    events: QuerySet[Event], words: Mapping[str, Promise | str]
) -> list[tuple[Event, Promise | str]]:
    """The newest of ``events_of``, as many as a page shows, each with what it is called."""
    shown = events.select_related("actor")[:MOST_EVENTS_SHOWN]
    return [(event, words.get(event.verb, event.verb)) for event in shown]


def happened(events: QuerySet[Event]) -> Rows:
    """Events, with what they left beside them."""
    return events.annotate(
        what=F("verb"), who=F("actor_id"), of_type=F("target_type"), of_id=F("target_id"),
        said=F("data"), key=F("pk"), rank=_rank(HAPPENED),
    )  # fmt: skip


def asked_and_answered(about: Q) -> list[Rows]:
    """What was asked of a second person ``about`` something, agreed to, and taken back.

    Of what was asked all its parameters are there: whoever shows them chooses which.
    """
    nothing = Value({}, JSONField())
    here = ActRequest.objects.filter(about).order_by().values("pk")
    asked = ActRequest.objects.filter(about).annotate(
        what=_done("act", "asked"), who=F("requested_by_id"), of_type=F("target_type"),
        of_id=F("target_id"), said=F("parameters"), key=F("pk"), rank=_rank(ASKED),
    )  # fmt: skip
    return [
        asked,
        Approval.objects.filter(request__in=here).annotate(
            what=_done("request__act", "agreed"), who=F("approved_by_id"),
            of_type=F("request__target_type"), of_id=F("request__target_id"), said=nothing,
            key=F("pk"), rank=_rank(AGREED),
        ),
        Withdrawal.objects.filter(request__in=here).annotate(
            what=_done("request__act", "taken_back"), who=F("requested_by_id"),
            of_type=F("request__target_type"), of_id=F("request__target_id"), said=nothing,
            key=F("pk"), rank=_rank(TAKEN_BACK),
        ),
    ]  # fmt: skip


def _done(act: str, what: str) -> Concat:
    return Concat(F(act), Value(f".{what}"), output_field=CharField())


def _rank(number: int) -> Value:
    return Value(number, IntegerField())


def named_thing(of_type: str, of_id: str) -> str:
    """What an act was done to, as people call it: "polling place 3". Raises ``LookupError``."""
    return f"{apps.get_model(of_type)._meta.verbose_name} {of_id}"
