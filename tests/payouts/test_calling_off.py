"""An approved payout that is not sent yet: called off, or shown why it waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.ledger.selectors import balance_minor
from civicfund.payouts.enums import Method, PayoutState, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.selectors import purse_of
from civicfund.payouts.services.deciding import approve_payout, reject_payout
from civicfund.payouts.services.errors import RefusedError
from civicfund.payouts.services.sending import take_payout_step
from civicfund.town.selectors.laws import alarms
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.payouts.test_pages import treasurer as signed_in  # noqa: F401 -- a fixture
from tests.payouts.test_payouts import (  # noqa: F401 -- a fixture
    all_holds,
    approved,
    ask,
    awarded,
    later,
    project,
    send_all,
    transferred,
)
from tests.pledges.test_refunds import refused
from tests.races.test_counting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
STUCK = "approved transfers to accounts that the provider does not pay"


def test_an_approved_payout_is_called_off_until_it_is_sent(provider, project):  # noqa: F811
    payout, by = approved(project), new_treasurer()
    assert reject_payout(payout, by=by).state == PayoutState.CANCELLED
    send_all()
    assert transferred(provider) == []
    assert purse_of(project.pk, Source.PLEDGES).free_minor == 10_000
    assert balance_minor("payouts_payable") == 0
    noted = Event.objects.get(verb="payout.cancelled", target_id=str(payout.pk))
    assert (noted.actor, noted.data) == (by, {"old": "approved"})
    all_holds()
    assert approved(project, 10_000).state == PayoutState.APPROVED


def test_a_bank_payment_is_called_off_until_it_is_noted():
    payout = ask(awarded(), new_treasurer(), 20_000, Source.AWARD, Method.BANK)
    approve_payout(payout, by=new_treasurer())
    reject_payout(payout, by=new_treasurer())
    assert purse_of(payout.project_id, Source.AWARD).free_minor == 50_000
    all_holds()


def test_only_treasurers_call_off(project):  # noqa: F811
    payout = approved(project)
    with pytest.raises(RefusedError, match="treasurer"):
        reject_payout(payout, by=UserFactory())
    payout.refresh_from_db()
    assert payout.state == PayoutState.APPROVED


def test_what_was_sent_is_not_called_off_also_where_no_answer_came(provider, project):  # noqa: F811
    payout = approved(project)
    lost = {"kind": "lose_response", "method": "POST", "path": "/v1/transfers", "times": 3}
    provider.control("faults", rules=[lost])
    send_all()
    with pytest.raises(RefusedError, match="with the provider already"):
        reject_payout(payout, by=new_treasurer())
    with refused("payouts_payout_kept"):
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.CANCELLED)
    with refused("payouts_payout_kept"):
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.CANCELLED, sent_at=None)
    provider.control("faults", rules=[])
    later(hours=1)
    send_all()
    payout.refresh_from_db()
    assert (payout.state, transferred(provider)) == (PayoutState.PAID, [5000])
    with refused("payouts_payout_kept"):
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.CANCELLED)


def test_a_worker_that_has_taken_it_sends_nothing_that_was_called_off_since(
    provider, project  # noqa: F811
):  # fmt: skip
    payout = approved(project)
    slow = {"kind": "slow", "method": "GET", "path": "/v1/balance", "seconds": 5}
    provider.control("faults", rules=[slow])

    def work():
        take_payout_step(payout.pk)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert until(lambda: Payout.objects.filter(lease_until__isnull=False).exists())
        reject_payout(payout, by=new_treasurer())
        working.result()
    payout.refresh_from_db()
    assert (payout.state, transferred(provider)) == (PayoutState.CANCELLED, [])
    all_holds()


def test_a_transfer_to_an_account_that_is_not_paid_says_so_and_can_be_called_off(
    client, provider, signed_in, project  # noqa: F811
):  # fmt: skip
    payout = approved(project)
    provider.control("account", account=payout.account.account_id, status="restricted")
    assert alarms()[STUCK] == 0
    send_all()
    assert alarms()[STUCK] == 1
    page = client.get(reverse("project_payouts", args=[project.pk])).content.decode()
    assert "The provider does not pay this account now" in page
    client.post(reverse("project_payouts", args=[project.pk]), {"act": "reject", "row": payout.pk})
    payout.refresh_from_db()
    assert payout.state == PayoutState.CANCELLED
    assert alarms()[STUCK] == 0
    all_holds()


def test_a_transfer_that_was_sent_in_the_end_is_no_alarm_any_more(provider, project):  # noqa: F811
    payout = approved(project)
    provider.control("account", account=payout.account.account_id, status="restricted")
    send_all()
    provider.control("account", account=payout.account.account_id, status="active")
    later(hours=1)
    send_all()
    payout.refresh_from_db()
    assert (payout.state, payout.failure_code) == (PayoutState.PAID, "")
    assert alarms()[STUCK] == 0
