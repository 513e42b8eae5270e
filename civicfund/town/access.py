"""The door to cycles: what people talk about that stands above talk."""

from __future__ import annotations

from collections.abc import Collection

from budgeting.access import visible_cycles
from civicfund.talk.access import Person, Subject
from civicfund.talk.enums import SubjectKind


def cycles(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to cycles."""
    rows = visible_cycles(user).filter(pk__in=pks).prefetch_related(None)
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
