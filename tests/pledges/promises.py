"""Pledges as backers make them: through the services and the sandbox."""

from __future__ import annotations

from datetime import timedelta

from django.db import connections
from django.db.models import F

from civicfund.audit.services import wake
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.models import ChargeAttempt, Pledge, Refund
from civicfund.pledges.services import steps
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.closing import close_if_over, decide_if_time
from civicfund.pledges.services.pledging import pledge
from civicfund.pledges.services.refund_batches import follow_batches
from civicfund.pledges.services.refunding import take_refund_step
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, soon
from tests.stripe.helpers import sandbox_client

WORKS = "pm_card_visa"
FAILS = "pm_card_chargeCustomerFail"


def choose(campaign, amount_minor=2500, *, backer=None, reward=None, consent=CONSENT_VERSION):
    """A pledge that has no card yet."""
    return pledge(
        campaign,
        backer=backer or UserFactory(),
        amount_minor=amount_minor,
        reward=reward,
        consent_version=consent,
    )


def promise(campaign, amount_minor=2500, *, card=WORKS, backer=None, reward=None):
    """A pledge whose card is saved at the sandbox."""
    return save_test_card(choose(campaign, amount_minor, backer=backer, reward=reward), card)


def funded_campaign(*cards, amount_minor=2500):
    """A campaign that has just been decided as funded, with one pledge per card."""
    campaign = CampaignFactory(goal_minor=amount_minor * len(cards), deadline_at=soon(days=1))
    pledges = [promise(campaign, amount_minor, card=card) for card in cards]
    end(campaign)
    assert decide_if_time(campaign) is not None
    for row in pledges:
        row.refresh_from_db()
    return campaign, pledges


def let_end(campaign, *, seconds=0):
    """Move the deadline of a campaign with pledges, which only the database's owner can."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE pledges_campaign DISABLE TRIGGER pledges_campaign_frozen")
        cursor.execute(
            "UPDATE pledges_campaign SET deadline_at = clock_timestamp() + %s WHERE id = %s",
            [timedelta(seconds=seconds), campaign.pk],
        )
        cursor.execute("ALTER TABLE pledges_campaign ENABLE TRIGGER pledges_campaign_frozen")
    connections["owner"].close()


def end(campaign):
    """Let the deadline of a campaign with pledges be now."""
    let_end(campaign)
    assert close_if_over(campaign)
    campaign.refresh_from_db()


def work_until_done(limit=20):
    """What the sweeps and their tasks do, in this process, until nothing is due."""
    for _ in range(limit):
        follow_batches()
        woken, refunds = wake(Pledge.objects.due(), 100), wake(Refund.objects.due(), 100)
        if not woken and not refunds:
            break
        for pk in woken:
            steps.take_step(pk)
        for pk in refunds:
            take_refund_step(pk)
    for pk in steps.campaigns_to_move():
        steps.move_campaign(pk)


def let_pass(**delta):
    """Move every date that the sweeps wait for into the past, instead of the clock."""
    back = timedelta(**delta)
    for field in ("next_step_at", "lease_until", "woken_until", "recovery_ends_at"):
        Pledge.objects.filter(**{f"{field}__isnull": False}).update(**{field: F(field) - back})
    for field in ("next_step_at", "lease_until", "woken_until", "sent_at"):
        Refund.objects.filter(**{f"{field}__isnull": False}).update(**{field: F(field) - back})
    ChargeAttempt.objects.filter(sent_at__isnull=False).update(sent_at=F("sent_at") - back)


def charged_at_provider(provider):
    """What the provider has collected, charge by charge."""
    charges = sandbox_client(provider).v1.charges.list({"limit": 100}).data
    return [charge.amount_captured for charge in charges if charge.paid]
