"""The guarded move, the trail it leaves, acts that need two people, and what is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from civicfund.audit.models import ActRequest, Approval, Event, SteppedQuerySet, Withdrawal
from civicfund.states import State, check_move

Row = TypeVar("Row", bound=models.Model)

# How long a woken worker has to come before another is woken.
WOKEN = timedelta(seconds=60)


class StaleStateError(Exception):
    """Another worker or person has moved the row since it was read."""


class ApprovalError(Exception):
    """The act lacks the approval that it needs, or the same person asked and approved."""


def db_now() -> datetime:
    """The database's clock at this instant, not at the transaction's start.

    Where a deadline is enforced, read it after the lock is held.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read inside is as it was at one instant, however many questions it takes.

    Nothing can be written inside. Within a transaction that has begun already it changes nothing.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def record(verb: str, target: models.Model, *, actor: models.Model | None, **data: Any) -> Event:
    """Append what happened to ``target``. ``data`` holds ids, amounts and codes, never names."""
    return Event.objects.create(
        verb=verb,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        actor_id=actor.pk if actor else None,
        data=data,
    )


def record_all(
    verb: str, targets: Sequence[models.Model], *, actor: models.Model, **data: Sequence[Any]
) -> None:
    """``record`` for many targets at once; ``data`` holds under each name a value for each."""
    Event.objects.bulk_create(
        (
            Event(
                verb=verb,
                target_type=target._meta.label_lower,
                target_id=str(target.pk),
                actor_id=actor.pk,
                data=dict(zip(data, said, strict=True)),
            )
            for target, *said in zip(targets, *data.values(), strict=True)
        ),
        batch_size=1000,
    )


def advance(
    row: Row,
    to: State,
    moves: Mapping[State, frozenset[State]],
    *,
    actor: models.Model | None,
    **changes: Any,
) -> Row:
    """Move ``row.state`` to ``to`` in one guarded UPDATE, with its Event, and refresh the row.

    ``changes`` are written in the same UPDATE. Raises ``IllegalMoveError`` where the table has no
    such move, and ``StaleStateError`` where the row is no longer in the state it was read in.
    """
    old: State = row.state  # type: ignore[attr-defined]  # every row that moves has a state
    check_move(moves, old, to)
    with transaction.atomic():
        table = type(row)._default_manager
        won = table.filter(pk=row.pk, state=old).update(state=to, **changes)
        if won != 1:
            raise StaleStateError(f"{row._meta.label} {row.pk} is no longer {old}")
        record(f"{row._meta.model_name}.{to}", row, actor=actor, old=old)
    row.refresh_from_db()
    return row


def advance_all(
    rows: models.QuerySet[Row],
    old: State,
    to: State,
    moves: Mapping[State, frozenset[State]],
    *,
    actor: models.Model | None,
    **changes: Any,
) -> int:
    """Move every row that is in ``old``, in one UPDATE with an Event each; return how many.

    The rows are locked first, in pk order. Raises ``IllegalMoveError`` like ``advance``.
    """
    check_move(moves, old, to)
    meta = rows.model._meta
    with transaction.atomic():
        locked = rows.filter(state=old).select_for_update(of=("self",)).order_by("pk")
        pks = list(locked.values_list("pk", flat=True))
        rows.model._default_manager.filter(pk__in=pks).update(state=to, **changes)
        Event.objects.bulk_create(
            (
                Event(
                    verb=f"{meta.model_name}.{to}",
                    target_type=meta.label_lower,
                    target_id=str(pk),
                    actor_id=actor.pk if actor else None,
                    data={"old": old},
                )
                for pk in pks
            ),
            batch_size=1000,
        )
    return len(pks)


def request_act(
    act: str, target: models.Model, *, requested_by: models.Model, **parameters: Any
) -> ActRequest:
    """Ask for an act that needs a second person."""
    return ActRequest.objects.create(
        act=act,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        parameters=parameters,
        requested_by_id=requested_by.pk,
    )


def approve_act(request: ActRequest, *, approved_by: models.Model) -> Approval:
    """Say yes to somebody else's request. Raises ``ApprovalError`` for one's own."""
    if approved_by.pk == request.requested_by_id:
        raise ApprovalError("The person who asked for it cannot also approve it.")
    return Approval.objects.create(
        request=request, requested_by_id=request.requested_by_id, approved_by_id=approved_by.pk
    )


def withdraw_act(request: ActRequest, *, by: models.Model) -> Withdrawal:
    """Take back what one asked for. Raises ``ApprovalError`` for somebody else's request."""
    if by.pk != request.requested_by_id:
        raise ApprovalError("Only the person who asked for it can take it back.")
    return Withdrawal.objects.create(request=request, requested_by_id=by.pk)


def approval_for(act: str, target: models.Model) -> Approval:
    """The newest approval of ``act`` on ``target``; ``ApprovalError`` where there is none."""
    found = (
        Approval.objects.filter(
            request__act=act,
            request__target_type=target._meta.label_lower,
            request__target_id=str(target.pk),
        )
        .select_related("request")
        .order_by("-id")
        .first()
    )
    if found is None:
        raise ApprovalError("A second person has to approve this first.")
    return found


@transaction.atomic
def wake(due: SteppedQuerySet[Any], most: int) -> list[UUID]:
    """Of those that are due, each for one worker: nobody else is given them for a minute."""
    free = due.filter(Q(woken_until__isnull=True) | Q(woken_until__lte=Now()))
    turn = free.order_by("next_step_at", "pk").select_for_update(skip_locked=True, of=("self",))
    pks = list(turn.values_list("pk", flat=True)[:most])
    due.model._default_manager.filter(pk__in=pks).update(woken_until=db_now() + WOKEN)
    return pks
