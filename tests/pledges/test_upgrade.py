"""Suspensions that came before their table, put into it from the trail."""

from __future__ import annotations

import pytest
from django.db import connections

from civicfund.pledges.access import subject_of_campaign
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Suspension
from civicfund.pledges.services.moderating import resume_campaign, suspend_campaign
from civicfund.talk.models import Follow, Thread
from civicfund.talk.services import follow
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.migrating import migrate, to_the_newest
from tests.pledges.test_suspension_appeals import a_moderator

pytestmark = [
    pytest.mark.turns,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.usefixtures("newest_again"),
]
BEFORE = [("pledges", "0031_picture_in_front")]
AFTER = [("pledges", "0032_suspensions_appealed")]


def rows():
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, words, suspended_by_id, lifted_by_id, lifted_at IS NULL"
            " FROM pledges_suspension ORDER BY campaign_id"
        )
        return cursor.fetchall()


def test_what_is_and_was_suspended_is_known_from_the_trail():
    first, second = a_moderator(), a_moderator()
    over = suspend_campaign(CampaignFactory(), by=first, reason="Whose?")
    resume_campaign(over, by=second, reason="Theirs.")
    still = suspend_campaign(CampaignFactory(), by=second, reason="Odd.")
    assert still.state == CampaignState.SUSPENDED
    migrate(BEFORE)
    migrate(AFTER)
    known = [
        (over.pk, "", first.pk, second.pk, False),
        (still.pk, "Odd.", second.pk, None, True),
    ]
    assert rows() == known
    to_the_newest()
    resume_campaign(still, by=first, reason="Not odd.")
    assert not Suspension.objects.standing().exists()


def test_creators_of_public_campaigns_follow_them_from_the_upgrade_on():
    migrate([("pledges", "0032_suspensions_appealed")])
    public, private = CampaignFactory(), CampaignFactory(state=CampaignState.DRAFT)
    left = CampaignFactory(creator=UserFactory(is_active=False))
    already = CampaignFactory(state=CampaignState.UNFUNDED)
    follow(subject_of_campaign(already), by=already.creator)
    to_the_newest()
    theirs = sorted(("campaign", each.pk, each.creator_id) for each in (public, already))
    found = Follow.objects.values_list("thread__kind", "thread__subject_id", "user")
    assert sorted(found) == theirs
    migrate([("pledges", "0032_suspensions_appealed")])
    to_the_newest()
    assert sorted(found.all()) == theirs
    assert not Thread.objects.filter(subject_id__in=[private.pk, left.pk]).exists()
