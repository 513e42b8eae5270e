"""What backers may still get back is neither paid out nor given to others."""

from __future__ import annotations

import pytest

from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act
from civicfund.ledger.selectors import collected_for
from civicfund.payouts.enums import PayoutState, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.selectors import purse_of
from civicfund.payouts.services.deciding import approve_payout
from civicfund.payouts.services.errors import RefusedError
from civicfund.pledges.enums import CampaignState, RefundReason
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.errors import RefusedError as RefundRefusedError
from civicfund.pledges.services.refund_batches import approve_batch, refund_campaign
from civicfund.pledges.services.refunds import refund_pledge
from tests.factories.payouts import new_treasurer
from tests.payouts.test_payouts import (  # noqa: F401 -- a fixture
    approved,
    ask,
    project,
    send_all,
    transferred,
)
from tests.pledges.promises import work_until_done
from tests.pledges.test_disputes import collected_with_a_floor
from tests.pledges.test_refunds import given_back, refused

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def approve_by_hand(payout):
    """As a program that asks nobody but the database."""
    request = ActRequest.objects.get(act="pay_out", target_id=str(payout.pk))
    approve_act(request, approved_by=new_treasurer())
    Payout.objects.filter(pk=payout.pk).update(state=PayoutState.APPROVED)


def test_nothing_is_paid_out_while_a_campaign_is_given_back(provider, project):  # noqa: F811
    waiting = ask(project, new_treasurer(), 5000)
    pledge = Pledge.objects.get()
    batch = refund_campaign(pledge.campaign, by=new_treasurer(), reason=RefundReason.NOT_DELIVERED)
    approve_batch(batch, by=new_treasurer())
    for act in (
        lambda: ask(project, new_treasurer(), 5000),
        lambda: approve_payout(waiting, by=new_treasurer()),
    ):
        with pytest.raises(RefusedError, match="being given their money back"):
            act()
    with refused("pledges_payout_waits"):
        approve_by_hand(waiting)
    work_until_done()
    assert given_back(provider) == [10_000]


def test_a_backer_is_not_paid_back_with_what_those_of_a_later_campaign_may_get(
    provider, project  # noqa: F811
):  # fmt: skip
    approved(project, 10_000)
    collected_with_a_floor(project)
    with pytest.raises(RefundRefusedError, match="has been paid"):
        refund_pledge(
            Pledge.objects.get(amount_minor=10_000), by=new_treasurer(), amount_minor=3000,
            reason=RefundReason.ASKED,
        )  # fmt: skip
    assert collected_for(project.pk) == 3000


def test_what_came_back_of_a_campaign_that_collected_too_little_is_not_paid_out(
    provider, project  # noqa: F811
):  # fmt: skip
    """Backers of that campaign have it to come; what another one brought can leave."""
    collected_with_a_floor(project, CampaignState.REFUNDED)
    purse = purse_of(project.pk, Source.PLEDGES)
    assert (purse.returning_minor, purse.free_minor) == (3000, 10_000)
    with pytest.raises(RefusedError, match="can be paid out"):
        ask(project, new_treasurer(), 10_001)
    Campaign.objects.filter(state=CampaignState.REFUNDED).update(state=CampaignState.SETTLED)
    more = ask(project, new_treasurer(), 10_001)
    Campaign.objects.filter(floor_percent=80).update(state=CampaignState.REFUNDED)
    with refused("pledges_payout_waits"):
        approve_by_hand(more)
    approve_by_hand(ask(project, new_treasurer(), 10_000))
