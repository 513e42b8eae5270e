"""What goes wrong with one thing holds up no other, and is tried again later."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import connection, connections

from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.services.campaigns import start_if_time
from civicfund.pledges.services.steps import take_step
from civicfund.pledges.tasks import tell_followers
from tests.factories.pledges import CampaignFactory, OutcomeFactory, PledgeFactory, soon
from tests.pledges.test_surveys import sent

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def failed(**given):
    """A pledge whose week is over, with an order that the provider does not know."""
    campaign = OutcomeFactory().campaign
    return PledgeFactory(
        campaign=campaign, state=PledgeState.DECLINED, payment_intent_id="pi_of_nobody",
        recovery_ends_at=soon(seconds=-1), next_step_at=soon(seconds=-1), **given,
    )  # fmt: skip


def test_an_order_that_the_provider_refuses_to_cancel_is_looked_at_again_later(provider):
    """It is dropped only once it is sure that no charge can come of it."""
    pledge = failed()
    take_step(pledge.pk)
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.DECLINED
    assert pledge.next_step_at > db_now()
    assert not Pledge.objects.due().exists()


@contextmanager
def nobody_may_write(table):
    """As a table is that a migration has left without its rights."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'REVOKE INSERT ON {table} FROM "{role}"')
        try:
            yield
        finally:
            cursor.execute(f'GRANT INSERT ON {table} TO "{role}"')


def test_news_that_cannot_be_told_hold_up_no_other_news(caplog):
    start_if_time(CampaignFactory(state=CampaignState.APPROVED))
    asking = CampaignFactory(state=CampaignState.SETTLED)
    PledgeFactory(campaign=asking, state=PledgeState.COLLECTED)
    sent(asking)
    with nobody_may_write("talk_fact"):
        tell_followers()
    assert Message.objects.filter(kind="survey_asked").count() == 1
