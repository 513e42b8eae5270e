"""Money that leaves for projects, against the real sandbox: two people, and only what is there."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.db.models import F

from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import request_act, wake
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import balance_minor
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.ledger.services import post
from civicfund.notices.models import Message
from civicfund.payouts.enums import Method, PayoutState, Source
from civicfund.payouts.models import Payout, PayoutAccount
from civicfund.payouts.selectors import invariants, purse_of
from civicfund.payouts.services.accounts import (
    approve_account,
    onboarding_address,
    open_account,
    read_account,
)
from civicfund.payouts.services.deciding import (
    approve_payout,
    note_bank_payment,
    reject_payout,
    request_payout,
)
from civicfund.payouts.services.errors import RefusedError
from civicfund.payouts.services.sending import take_payout_step
from civicfund.pledges.enums import CampaignState, PledgeState, RefundReason, ShortPolicy
from civicfund.pledges.models import Pledge
from civicfund.pledges.services.errors import RefusedError as RefundRefusedError
from civicfund.pledges.services.refunds import refund_pledge
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import CampaignFactory, OutcomeFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.pledges.test_refunds import collect, refused
from tests.stripe.helpers import charge, sandbox_client

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT_ONCE = "pm_card_bypassPending"


@pytest.fixture
def treasurer():
    return new_treasurer()


@pytest.fixture
def project(provider, settings):
    """A project with 100.00 of pledges collected and released, whose owner can be paid."""
    settings.PAYOUT_RESERVE_PERCENT = 0
    (pledge,) = collect(AT_ONCE, amount_minor=10_000)
    owner = pledge.campaign.project.proposer
    account = open_account(owner)
    provider.control("account", account=account.account_id, status="active")
    approve_account(read_account(account), by=new_treasurer())
    return pledge.campaign.project


def awarded(amount_minor=50_000):
    """A project that was given public money."""
    project = ProjectFactory()
    legs = books.award(project.pk, amount_minor)
    post("award", source_type="test", source_id=str(project.pk), legs=legs, currency="EUR")
    return project


def ask(project, by, amount_minor=5000, source=Source.PLEDGES, method=Method.TRANSFER):
    return request_payout(project, by=by, source=source, method=method, amount_minor=amount_minor)


def approved(project, amount_minor=5000):
    return approve_payout(ask(project, new_treasurer(), amount_minor), by=new_treasurer())


def send_all():
    for pk in wake(Payout.objects.due(), 100):
        take_payout_step(pk)


def later(**delta):
    """As if time had passed for payouts that wait."""
    for field in ("next_step_at", "lease_until", "woken_until"):
        rows = Payout.objects.filter(**{f"{field}__isnull": False})
        rows.update(**{field: F(field) - timedelta(**delta)})


def transferred(provider):
    return [each.amount for each in sandbox_client(provider).v1.transfers.list().data]


def all_holds():
    assert [law for law in (*invariants(), *laws_of_the_books()) if law.broken_by] == []


def test_an_owner_is_paid_once_two_people_have_agreed(provider, project, treasurer):
    payout = ask(project, treasurer)
    send_all()
    assert transferred(provider) == []
    approve_payout(payout, by=new_treasurer())
    assert balance_minor("payouts_payable") == -5000
    send_all()
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert payout.transfer_id.startswith("tr_")
    assert transferred(provider) == [5000]
    assert purse_of(project.pk, Source.PLEDGES).owed_minor == 5000
    assert (balance_minor("payouts_payable"), balance_minor("stripe_available")) == (0, -5000)
    told = Message.objects.get(kind="own_project_paid")
    assert told.recipient == project.proposer
    all_holds()


def test_the_same_person_cannot_ask_and_approve(project, treasurer):
    payout = ask(project, treasurer)
    with pytest.raises(RefusedError, match="Somebody else"):
        approve_payout(payout, by=treasurer)
    with refused("payouts_payout_two_people"):
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.APPROVED)
    with refused("approval_by_another_person"):
        Approval.objects.create(
            request=ActRequest.objects.get(act="pay_out"),
            requested_by=treasurer,
            approved_by=treasurer,
        )
    request_act("pay_out", project, requested_by=treasurer)
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING
    assert balance_minor("payouts_payable") == 0


def collected_and_never_charged():
    """A pledge that breaks a law, in another campaign."""
    campaign = OutcomeFactory(pledged_minor=2500).campaign
    return PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED)


def test_nothing_is_approved_while_the_books_do_not_add_up(project, treasurer):
    payout = ask(project, treasurer)
    wrong = collected_and_never_charged()
    with pytest.raises(RefusedError, match="do not add up"):
        approve_payout(payout, by=new_treasurer())
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING
    assert balance_minor("payouts_payable") == 0
    Pledge.objects.filter(pk=wrong.pk).update(state=PledgeState.CHARGING)
    assert approve_payout(payout, by=new_treasurer()).state == PayoutState.APPROVED


def test_nothing_is_sent_while_the_books_do_not_add_up(provider, project):
    payout = approved(project)
    wrong = collected_and_never_charged()
    send_all()
    payout.refresh_from_db()
    assert (payout.state, payout.sent_at, transferred(provider)) == (PayoutState.APPROVED, None, [])
    Pledge.objects.filter(pk=wrong.pk).update(state=PledgeState.CHARGING)
    later(hours=2)
    send_all()
    assert transferred(provider) == [5000]


@pytest.mark.parametrize("act", [ask, lambda project, by: approve_payout(ask_any(project), by=by)])
def test_only_treasurers_decide(project, act):
    with pytest.raises(RefusedError, match="treasurer"):
        act(project, project.proposer)
    assert not Payout.objects.exclude(state=PayoutState.WAITING).exists()


def ask_any(project):
    return ask(project, new_treasurer())


@pytest.mark.parametrize("amount_minor", [0, -5, 10_001])
def test_no_more_leaves_than_there_is(project, treasurer, amount_minor):
    with pytest.raises(RefusedError, match="can be paid out now"):
        ask(project, treasurer, amount_minor)
    assert Payout.objects.count() == 0


def test_a_reserve_is_kept_for_disputes(project, treasurer, settings):
    settings.PAYOUT_RESERVE_PERCENT = 5
    with pytest.raises(RefusedError, match="95"):
        ask(project, treasurer, 9501)
    assert ask(project, treasurer, 9500).amount_minor == 9500


def test_two_payouts_cannot_share_the_same_money(project, treasurer):
    first, second = ask(project, treasurer, 6000), ask(project, treasurer, 6000)
    approve_payout(first, by=new_treasurer())
    with pytest.raises(RefusedError, match="can be paid out now"):
        approve_payout(second, by=new_treasurer())
    assert balance_minor("payouts_payable") == -6000


def test_a_payout_and_a_refund_cannot_share_the_same_money(project, treasurer):
    approved(project, 9000)
    pledge = project.campaigns.get().pledges.get()
    with pytest.raises(RefundRefusedError, match="has been paid"):
        refund_pledge(pledge, by=treasurer, amount_minor=1001, reason=RefundReason.ASKED)
    refund_pledge(pledge, by=treasurer, amount_minor=1000, reason=RefundReason.ASKED)
    assert purse_of(project.pk, Source.PLEDGES).free_minor == 0


def test_approvals_at_once_never_exceed_the_books(project):
    payouts = [ask(project, new_treasurer(), 4000) for _ in range(6)]
    people = [new_treasurer() for _ in payouts]
    start = Barrier(len(payouts))

    def agree(payout, person):
        start.wait()
        try:
            approve_payout(payout, by=person)
        except RefusedError:
            pass
        finally:
            connection.close()

    threads = [Thread(target=agree, args=pair) for pair in zip(payouts, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Payout.objects.filter(state=PayoutState.APPROVED).count() == 2
    assert purse_of(project.pk, Source.PLEDGES).owed_minor == 2000


def test_the_database_refuses_more_than_the_books_hold(project, treasurer):
    payout = ask(project, treasurer, 10_000)
    request = ActRequest.objects.get(act="pay_out")
    Approval.objects.create(request=request, requested_by=treasurer, approved_by=new_treasurer())
    legs = books.refund_owed(project.pk, 1)
    post("refund_owed", source_type="test", source_id="1", legs=legs, currency="EUR")
    with refused("payouts_payout_within_the_books"):
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.APPROVED)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": PayoutState.APPROVED}, "payouts_payout_kept"),
        ({"amount_minor": 0}, "payout_amount_positive"),
        ({"method": Method.BANK, "account": None}, "payout_leaves_the_way_its_source_does"),
        ({"account": None}, "payout_account_iff_transferred"),
    ],
)
def test_the_database_refuses_a_wrong_payout(project, treasurer, change, constraint):
    made = ask(project, treasurer)
    terms = {
        "project": project, "source": made.source, "method": made.method,
        "account": made.account, "amount_minor": 1, "currency": "EUR", "requested_by": treasurer,
    }  # fmt: skip
    with refused(constraint):
        Payout.objects.create(**terms | change)
    with refused("payouts_payout_kept"):
        made.delete()
    with refused("payouts_payout_frozen"):
        Payout.objects.filter(pk=made.pk).update(amount_minor=1)
    with refused("payouts_payout_kept"):
        Payout.objects.filter(pk=made.pk).update(state=PayoutState.PAID, transfer_id="tr_x")


def test_an_account_is_used_once_a_treasurer_has_approved_it(provider, treasurer, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    (pledge,) = collect(AT_ONCE, amount_minor=10_000)
    project = pledge.campaign.project
    account = open_account(project.proposer)
    with pytest.raises(RefusedError, match="no approved account"):
        ask(project, treasurer)
    with pytest.raises(RefusedError, match="does not pay this account"):
        approve_account(account, by=treasurer)
    provider.control("account", account=account.account_id, status="active")
    account = read_account(account)
    with refused("payouts_payoutaccount_approved"):
        PayoutAccount.objects.update(approved_at=account.created_at)
    approve_account(account, by=treasurer)
    assert ask(project, treasurer).account == account


def test_nobody_approves_an_account_of_their_own(provider, treasurer):
    account = open_account(treasurer)
    provider.control("account", account=account.account_id, status="active")
    with pytest.raises(RefusedError, match="of their own"):
        approve_account(read_account(account), by=treasurer)
    assert PayoutAccount.objects.get().approved_at is None


def test_another_account_needs_another_approval(provider, project, treasurer):
    waiting = ask(project, treasurer)
    another = open_account(project.proposer)
    assert ask(project, treasurer).account == waiting.account
    provider.control("account", account=another.account_id, status="active")
    approve_account(read_account(another), by=treasurer)
    assert ask(project, treasurer).account == another
    with pytest.raises(RefusedError, match="has changed"):
        approve_payout(waiting, by=new_treasurer())


def test_an_account_is_made_once(provider, treasurer):
    first, second = open_account(treasurer), open_account(treasurer)
    assert first == second
    assert first.account_id.startswith("acct_")
    url = onboarding_address(first, return_url="http://x/back", refresh_url="http://x/again")
    assert url.startswith(f"{provider.url}/onboarding/")
    assert ActRequest.objects.count() == 1


@pytest.mark.parametrize("fault", ["lose_request", "lose_response", "error_unsaved", "error_saved"])
def test_a_transfer_is_made_once_whatever_becomes_of_the_answer(provider, project, fault):
    payout = approved(project)
    rule = {"kind": fault, "method": "POST", "path": "/v1/transfers", "times": 3}
    provider.control("faults", rules=[rule])
    send_all()
    provider.control("faults", rules=[])
    provider.control("clock", advance=48 * 3600)
    later(days=1)
    send_all()
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert transferred(provider) == [5000]
    all_holds()


def test_a_transfer_waits_for_the_provider_to_release_the_money(provider, treasurer, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    (pledge,) = collect("pm_card_visa", amount_minor=10_000)
    project = pledge.campaign.project
    account = open_account(project.proposer)
    provider.control("account", account=account.account_id, status="active")
    approve_account(read_account(account), by=treasurer)
    payout = approved(project)
    send_all()
    payout.refresh_from_db()
    assert (payout.state, transferred(provider)) == (PayoutState.APPROVED, [])
    provider.control("clock", advance=3 * 24 * 3600)
    later(hours=1)
    send_all()
    payout.refresh_from_db()
    assert (payout.state, transferred(provider)) == (PayoutState.PAID, [5000])


def test_a_transfer_waits_while_the_provider_does_not_pay_the_account(provider, project):
    payout = approved(project)
    provider.control("account", account=payout.account.account_id, status="restricted")
    send_all()
    payout.refresh_from_db()
    assert (payout.state, transferred(provider)) == (PayoutState.APPROVED, [])
    provider.control("account", account=payout.account.account_id, status="active")
    later(hours=1)
    send_all()
    assert transferred(provider) == [5000]


def test_a_later_campaign_stops_no_payout_that_is_on_its_way(provider, project):
    """It is off the books of what that campaign collects, and workers may note what they do."""
    payout = approved(project)
    CampaignFactory(
        project=project, state=CampaignState.COLLECTING,
        short_policy=ShortPolicy.FLOOR, floor_percent=80,
    )  # fmt: skip
    send_all()
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert transferred(provider) == [5000]
    all_holds()


def test_two_workers_make_one_transfer(provider, project):
    payout = approved(project)
    charge(sandbox_client(provider), AT_ONCE, amount=50_000)
    start = Barrier(4)

    def work():
        start.wait()
        take_payout_step(payout.pk)
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert transferred(provider) == [5000]
    all_holds()


def test_public_money_leaves_by_a_bank_payment_with_its_reference(treasurer):
    project = awarded()
    payout = ask(project, treasurer, 20_000, Source.AWARD, Method.BANK)
    with pytest.raises(RefusedError, match="not waiting"):
        note_bank_payment(payout, by=treasurer, reference="R-1")
    approve_payout(payout, by=new_treasurer())
    with pytest.raises(RefusedError, match="reference"):
        note_bank_payment(payout, by=treasurer, reference="  ")
    paid = note_bank_payment(payout, by=treasurer, reference="R-1")
    assert (paid.state, paid.bank_reference) == (PayoutState.PAID, "R-1")
    assert (balance_minor("bank"), balance_minor("payouts_payable")) == (-20_000, 0)
    assert purse_of(project.pk, Source.AWARD).free_minor == 30_000
    all_holds()


def test_what_the_town_keeps_for_itself_is_booked_at_once(treasurer):
    project = awarded()
    payout = ask(project, treasurer, 50_000, Source.AWARD, Method.KEPT)
    assert approve_payout(payout, by=new_treasurer()).state == PayoutState.PAID
    assert (balance_minor("own_projects"), balance_minor("voted_budget")) == (-50_000, 50_000)
    assert Message.objects.count() == 0
    all_holds()


@pytest.mark.parametrize(
    ("source", "method"), [(Source.PLEDGES, Method.BANK), (Source.AWARD, Method.TRANSFER)]
)
def test_money_leaves_only_the_way_its_source_does(treasurer, source, method):
    with pytest.raises(RefusedError, match="does not leave that way"):
        ask(awarded(), treasurer, 1, source, method)
    assert Payout.objects.count() == 0


def test_a_payout_that_is_not_made_leaves_the_money_where_it_is(project, treasurer):
    payout = ask(project, treasurer)
    assert reject_payout(payout, by=new_treasurer()).state == PayoutState.CANCELLED
    assert purse_of(project.pk, Source.PLEDGES).free_minor == 10_000
    with pytest.raises(RefusedError, match="no longer waits"):
        approve_payout(payout, by=new_treasurer())
    all_holds()


def test_the_laws_notice_a_payout_that_the_books_do_not_know(project):
    payout = approved(project)
    send_all()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE payouts_payout DISABLE TRIGGER USER")
        cursor.execute("UPDATE payouts_payout SET state = 'approved' WHERE id = %s", [payout.pk])
        cursor.execute("ALTER TABLE payouts_payout ENABLE TRIGGER USER")
    connections["owner"].close()
    broken = [law.name for law in invariants() if law.broken_by]
    assert broken == ["every payout is in the books as it stands"]
