"""Rows of money are locked in one order, so that nobody waits in a circle (docs/money.md)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.db import connections, transaction

from civicfund.audit.services import record, wake
from civicfund.notices.models import Message
from civicfund.notices.services import tell
from civicfund.payouts.enums import ReversalState
from civicfund.payouts.models import Reversal
from civicfund.payouts.services.reversing import approve_reversal, request_reversal
from civicfund.people.models import User
from civicfund.people.services.erasure import erase
from civicfund.pledges.enums import RefundReason
from civicfund.pledges.models import Refund
from civicfund.pledges.services.claiming import claim_pledges
from civicfund.pledges.services.refunds import refund_pledge
from civicfund.reconciliation.models import Difference
from civicfund.reconciliation.selectors import difference_count
from civicfund.reconciliation.services.explaining import explain
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import PledgeFactory
from tests.payouts.test_payouts import project  # noqa: F401 -- a fixture
from tests.payouts.test_reversals import agreed, paid  # noqa: F401 -- a fixture
from tests.pledges.promises import WORKS
from tests.pledges.test_refunds import collect
from tests.races.test_complaint_locks import this_connection, waits_for
from tests.races.test_counting import until
from tests.reconciliation.defects import charge_that_never_was
from tests.reconciliation.test_reconciling import run, town  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def meanwhile(act, *, held, wanted):
    """What somebody else comes to who begins between our two locks."""
    here = this_connection()

    def run():
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held()
            doing = pool.submit(run)
            until(lambda: doing.done() or waits_for(here))
            wanted()
        return doing.result()


def lock(row):
    return lambda: type(row).objects.select_for_update().get(pk=row.pk)


def test_a_worker_takes_a_refund_while_somebody_has_its_pledge(provider):
    (pledge,) = collect(WORKS)
    refund = refund_pledge(pledge, by=new_treasurer(), reason=RefundReason.ASKED)
    woken = meanwhile(
        lambda: wake(Refund.objects.due(), 10), held=lock(pledge), wanted=lock(refund)
    )
    assert woken == [refund.pk]


def test_a_worker_takes_a_reversal_while_somebody_has_its_payout(paid):  # noqa: F811
    reversal = agreed(paid)
    woken = meanwhile(
        lambda: wake(Reversal.objects.due(), 10), held=lock(paid), wanted=lock(reversal)
    )
    assert woken == [reversal.pk]


def test_a_reversal_is_approved_after_whoever_has_its_payout(paid):  # noqa: F811
    reversal = request_reversal(paid, by=new_treasurer(), amount_minor=4000)
    done = meanwhile(
        lambda: approve_reversal(reversal, by=new_treasurer()),
        held=lock(paid),
        wanted=lock(reversal),
    )
    assert done.state == ReversalState.APPROVED


def test_what_a_treasurer_says_of_a_difference_while_books_are_compared_stays(town):  # noqa: F811
    charge_that_never_was(town)
    run()
    difference = Difference.objects.get()
    meanwhile(
        run,
        held=lambda: explain(difference, by=new_treasurer(), words="A trial.", correct=False),
        wanted=lambda: None,
    )
    difference.refresh_from_db()
    assert difference.ended_at is not None
    assert difference_count() == 0


def test_an_account_claims_a_pledge_while_somebody_with_it_writes_of_the_account():
    account = UserFactory()
    EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
    pledge = PledgeFactory(backer=User.objects.create_guest(account.email))
    claimed = meanwhile(
        lambda: claim_pledges(account),
        held=lock(pledge),
        wanted=lambda: record("pledge.read", pledge, actor=account),
    )
    assert claimed == 1


def test_a_backer_is_erased_while_somebody_with_their_pledge_writes_to_them(provider):
    (pledge,) = collect(WORKS)
    backer = pledge.backer
    meanwhile(
        lambda: erase(backer),
        held=lock(pledge),
        wanted=lambda: tell(backer, "pledge_refunded", pledge),
    )
    backer.refresh_from_db()
    assert backer.erased_at is not None
    assert not Message.objects.filter(recipient=backer).exists()
