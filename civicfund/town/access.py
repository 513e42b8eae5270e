"""The doors to what people talk about that stands above talk: campaigns and cycles."""

from __future__ import annotations

from collections.abc import Collection

from budgeting.access import visible_cycles
from budgeting.enums import CycleState
from civicfund.pledges.access import visible_campaigns
from civicfund.pledges.enums import PRIVATE_CAMPAIGN
from civicfund.talk.access import Person, Subject
from civicfund.talk.enums import SubjectKind


def campaigns(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to campaigns."""
    rows = visible_campaigns(user).filter(pk__in=pks).select_related("project")
    return {
        row.pk: Subject(
            kind=SubjectKind.CAMPAIGN,
            pk=row.pk,
            title=row.project.title,
            url=row.get_absolute_url(),
            is_public=row.state not in PRIVATE_CAMPAIGN,
            owner_id=row.creator_id,
        )
        for row in rows
    }


def cycles(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to cycles."""
    rows = visible_cycles(user).filter(pk__in=pks).prefetch_related(None)
    return {
        row.pk: Subject(
            kind=SubjectKind.CYCLE,
            pk=row.pk,
            title=row.title,
            url=row.get_absolute_url(),
            is_public=row.state != CycleState.DRAFT,
        )
        for row in rows
    }
