"""Many pledges whose cards are saved at the sandbox, and the end of their campaign."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import connections

from civicfund.audit.services import db_now
from civicfund.payments.gateways.stripe import StripeGateway
from civicfund.people.models import User
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Campaign, Pledge
from tests.factories.pledges import CampaignFactory

GOOD, BAD = "pm_card_visa", "pm_card_chargeCustomerFail"
# Every so many-th card fails when it is charged.
BAD_EVERY = 25
# Cards are shared by many backers: what is tried is the charging, and saving takes four calls.
CARDS = 20
AMOUNT_MINOR = 2_500


def promised(provider: StripeGateway, pledges: int, label: str) -> Campaign:
    """A live campaign with so many promises, each of another backer."""
    campaign = CampaignFactory(
        goal_minor=AMOUNT_MINOR * pledges, deadline_at=db_now() + timedelta(days=1)
    )
    good = [_saved(provider, GOOD, f"{label}-{n}") for n in range(CARDS)]
    bad = _saved(provider, BAD, f"{label}-bad")
    nobody = make_password(None)
    backers = User.objects.bulk_create(
        User(email=f"{label}-{n}@chaos.example", display_name=f"Backer {n}", password=nobody)
        for n in range(pledges)
    )
    rows = []
    for n, backer in enumerate(backers):
        customer, card = bad if is_bad(n) else good[n % CARDS]
        rows.append(
            Pledge(
                campaign=campaign, backer=backer, state=PledgeState.ACTIVE,
                amount_minor=AMOUNT_MINOR, currency="EUR", customer_id=customer,
                payment_method_id=card, confirmed_at=db_now(),
            )
        )  # fmt: skip
    Pledge.objects.bulk_create(rows, batch_size=1_000)
    return campaign


def is_bad(n: int) -> bool:
    """Whether the card of the n-th backer fails."""
    return n % BAD_EVERY == BAD_EVERY - 1


def let_end(campaign: Campaign) -> None:
    """Let its deadline be now, which only the owner of the tables can; sweeps do the rest."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE pledges_campaign DISABLE TRIGGER pledges_campaign_frozen")
        cursor.execute(
            "UPDATE pledges_campaign SET deadline_at = clock_timestamp() WHERE id = %s",
            [campaign.pk],
        )
        cursor.execute("ALTER TABLE pledges_campaign ENABLE TRIGGER pledges_campaign_frozen")
    connections["owner"].close()


def _saved(provider: StripeGateway, card: str, label: str) -> tuple[str, str]:
    customer = provider.create_customer(key=f"cust:{label}", metadata={})
    begun = provider.create_setup_intent(customer_id=customer, key=f"si:{label}", metadata={})
    provider.save_test_card(begun.id, card)
    return customer, provider.retrieve_setup_intent(begun.id).payment_method_id
