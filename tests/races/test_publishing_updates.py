"""Two updates of one campaign that are published at once have two numbers."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import IntegrityError

from civicfund.pledges.enums import Audience
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.pledges.services import updates
from tests.factories.pledges import CampaignFactory
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def campaign():
    return CampaignFactory()


def published(campaign):
    return lambda n: (
        updates.publish_update(
            campaign, by=campaign.creator, title=f"Title {n}", body="Words.", audience=Audience.ALL
        ).number
    )


def test_they_are_numbered_one_after_the_other(campaign):
    assert sorted(at_once(4, published(campaign))) == [1, 2, 3, 4]


def test_without_the_lock_the_table_lets_one_through(campaign, monkeypatch):
    gate, words = Barrier(2), updates._words

    def both_have_counted(*given, **named):
        gate.wait(timeout=30)
        return words(*given, **named)

    monkeypatch.setattr(updates, "campaign_to_move", lambda pk: Campaign.objects.get(pk=pk))
    monkeypatch.setattr(updates, "_words", both_have_counted)
    got = at_once(2, published(campaign))
    [lost] = [each for each in got if isinstance(each, IntegrityError)]
    assert lost.__cause__.diag.constraint_name == "campaign_update_numbered_once"
    assert CampaignUpdate.objects.count() == 1
