"""Acts that have to be refused, each for its own reason."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction

from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from civicfund.audit.services import ApprovalError

# How a try is refused: by which constraint of the database, or by which error of a service.
Try = tuple[str | type[Exception], Callable[[], object]]


def went_wrong(
    standing: Callable[[], object], how: str | type[Exception], act: Callable[[], object]
) -> bool:
    """Whether anything of what stands moved, or the act was not refused for its own reason."""
    before = standing()
    try:
        with transaction.atomic(), transaction.atomic(using="owner"):
            act()
    except DatabaseError as error:
        refusal = getattr(error.__cause__, "diag", None)
        refused = getattr(refusal, "constraint_name", None) == how
    except (RefusedError, ApprovalError, PermissionDenied) as error:
        refused = type(error) is how
    else:
        refused = False
    return not refused or before != standing()


def end_later(cycle: Cycle, kind: str, by: str, using: str) -> None:
    """Move the end of a phase by SQL, with no row that says so."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "UPDATE budgeting_phase SET ends_at = ends_at + %s::interval"
            " WHERE cycle_id = %s AND kind = %s",
            [by, cycle.pk, kind],
        )
