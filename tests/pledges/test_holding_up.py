"""What goes wrong with one thing holds up no other, and is tried again later."""

from __future__ import annotations

import pytest

from civicfund.audit.services import db_now
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.services.steps import take_step
from tests.factories.pledges import OutcomeFactory, PledgeFactory, soon

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
