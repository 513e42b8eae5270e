"""The door to cycles: what people talk about that stands above talk."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from budgeting.access import holds
from budgeting.models import Cycle
from civicfund.people.enums import Role
from civicfund.prepared import Prepared
from civicfund.talk.access import Person, Subject
from civicfund.talk.enums import SubjectKind


def cycles(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to cycles."""
    rows = _cycles(pks)
    if not all(row.is_public for row in rows) and not holds(user, Role.BUDGET_ADMINISTRATOR):
        rows = [row for row in rows if row.is_public]
    return {
        row.pk: Subject(
            kind=SubjectKind.CYCLE,
            pk=row.pk,
            title=row.title,
            url=row.get_absolute_url(),
            is_public=row.is_public,
        )
        for row in rows
    }


@Prepared
def _cycles(pks: Collection[int]) -> QuerySet[Cycle]:
    return Cycle.objects.filter(pk__in=pks)
