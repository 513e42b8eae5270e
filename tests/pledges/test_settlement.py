from __future__ import annotations

import pytest

from civicfund.ledger.selectors import balance_minor, collected_for, still_promised_to
from civicfund.pledges.enums import AttemptState, CampaignState, PledgeState
from tests.pledges.promises import FAILS, WORKS, funded_campaign, work_until_done

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_funded_campaign_is_collected_in_full(provider):
    campaign, _ = funded_campaign(WORKS, WORKS, amount_minor=4000)
    work_until_done()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SETTLED
    assert [row.state for row in campaign.pledges.all()] == [PledgeState.COLLECTED] * 2
    assert collected_for(campaign.project_id) == 8000
    assert still_promised_to(campaign.project_id) == 0
    assert balance_minor("processor_fee") == 2 * (60 + 25)
    assert balance_minor("stripe_pending") == 8000 - 170


def test_a_card_that_fails_is_shown_as_failed_and_the_rest_is_collected(provider):
    campaign, (good, bad) = funded_campaign(WORKS, FAILS)
    work_until_done()
    for row in (campaign, good, bad):
        row.refresh_from_db()
    assert campaign.state == CampaignState.RECOVERING
    assert (good.state, bad.state) == (PledgeState.COLLECTED, PledgeState.DECLINED)
    attempt = bad.attempts.get()
    assert (attempt.state, attempt.decline_code) == (AttemptState.DECLINED, "generic_decline")
    assert attempt.request_id.startswith("req_")
    assert collected_for(campaign.project_id) == 2500
    assert still_promised_to(campaign.project_id) == 2500
