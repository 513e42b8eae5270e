"""Pages of payouts: an owner's account, and the treasurers' desk."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.services import request_act
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.payouts.enums import Method, PayoutState, ReversalState, Source
from civicfund.payouts.models import Payout, PayoutAccount, Reversal
from civicfund.payouts.services.deciding import approve_payout, pay, request_payout
from civicfund.payouts.services.reversing import request_reversal
from tests.factories.payouts import approved_account, new_treasurer
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

ACCOUNT = reverse("payout_account")
DESK = reverse("payouts")


@pytest.fixture
def treasurer(client):
    user = new_treasurer()
    sign_in_with_second_factor(client, user)
    return user


@pytest.fixture
def project():
    """A project that was given 500.00 of public money."""
    found = ProjectFactory()
    legs = books.award(found.pk, 50_000)
    post("award", source_type="test", source_id=str(found.pk), legs=legs, currency="EUR")
    return found


def page_of(project):
    return reverse("project_payouts", args=[project.pk])


def ask(project, by, method=Method.BANK):
    return request_payout(project, by=by, source=Source.AWARD, method=method, amount_minor=20_000)


def forget_second_factor(client):
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 3600
    session.save()


def sign_in_as_another(client):
    client.logout()
    sign_in_with_second_factor(client, new_treasurer())


def transferred(project, amount_minor=20_000):
    """A payout as it is once the provider has made its transfer."""
    legs = books.charge(project.pk, amount_minor)
    post("charge", source_type="test", source_id=str(project.pk), legs=legs, currency="EUR")
    approved_account(project.proposer)
    payout = request_payout(
        project, by=new_treasurer(), source=Source.PLEDGES, method=Method.TRANSFER,
        amount_minor=amount_minor,
    )  # fmt: skip
    approve_payout(payout, by=new_treasurer())
    payout.refresh_from_db()
    return pay(payout, out_of=books.STRIPE_AVAILABLE, actor=None, transfer_id="tr_1")


def test_taking_back_is_asked_for_and_approved_on_the_page(client, treasurer, project, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    payout, page = transferred(project), page_of(project)
    wanted = {"act": "take-back", "row": payout.pk, "amount": "50"}
    assert b"waits for a second treasurer" in client.post(page, wanted, follow=True).content
    reversal = Reversal.objects.get()
    assert (reversal.amount_minor, reversal.requested_by) == (5000, treasurer)
    assert "approve-reversal" not in client.get(page).content.decode()
    assert project.title in client.get(DESK).content.decode()
    approve = {"act": "approve-reversal", "row": reversal.pk}
    assert b"Somebody else has to approve" in client.post(page, approve, follow=True).content
    sign_in_as_another(client)
    assert "approve-reversal" in client.get(page).content.decode()
    forget_second_factor(client)
    assert client.post(page, approve)["Location"].startswith(reverse("mfa_reauthenticate"))
    reversal.refresh_from_db()
    assert reversal.state == ReversalState.WAITING
    sign_in_as_another(client)
    client.post(page, approve)
    reversal.refresh_from_db()
    assert reversal.state == ReversalState.APPROVED


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", ""),
        ("much", "Write an amount such as"),
        ("1,200", "Is this 1,200.00 or 1.20?"),
        ("-1", "must be above zero"),
        ("0", "must be above zero"),
        ("200.01", "200 of this payout can be taken back."),
    ],
)
def test_an_amount_that_cannot_be_taken_back_is_refused_and_stays_where_it_was_typed(
    client, treasurer, project, amount, said, settings
):
    settings.PAYOUT_RESERVE_PERCENT = 0
    payout = transferred(project)
    sent = {"act": "take-back", "row": payout.pk, "amount": amount}
    answer = client.post(page_of(project), sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert f'value="{amount}"' in page or not amount
    assert Reversal.objects.count() == 0


def pledged_money():
    """A project that backers gave 200.00, charged long ago."""
    found = ProjectFactory()
    legs = books.charge(found.pk, 20_000)
    post("charge", source_type="test", source_id=str(found.pk), legs=legs, currency="EUR")
    return found


@pytest.mark.parametrize("status", ["", "pending", "active"])
def test_without_an_account_the_page_says_what_is_missing_and_leads_there(
    client, treasurer, settings, status
):
    settings.PAYOUT_RESERVE_PERCENT = 0
    project = pledged_money()
    if status:
        PayoutAccount.objects.create(user=project.proposer, account_id="acct_1", status=status)
    page = client.get(page_of(project)).content.decode()
    missing = {
        "": "The owner has no account for receiving money yet",
        "pending": "The owner\u2019s account is not finished yet",
        "active": "The owner\u2019s account has to be approved first",
    }
    assert [words for words in missing.values() if words in page] == [missing[status]]
    assert (DESK + "#waiting" if status == "active" else ACCOUNT) in page
    assert 'value="transfer"' not in page
    assert 'value="kept"' in page


def test_an_owner_who_is_a_treasurer_is_led_to_their_own_account(client, treasurer, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    project = pledged_money()
    project.proposer = treasurer
    project.save()
    assert f'href="{ACCOUNT}"' in client.get(page_of(project)).content.decode()


def test_with_an_approved_account_the_form_asks_for_a_transfer(client, treasurer, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    project = pledged_money()
    approved_account(project.proposer)
    page = client.get(page_of(project)).content.decode()
    assert 'value="transfer"' in page
    assert "account" not in page.partition("</h1>")[2].partition("</main>")[0].lower()


@pytest.mark.parametrize("address", [DESK, "/treasury/payouts/projects/1/"])
def test_only_treasurers_with_a_second_factor_come_in(client, address):
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 403
    client.force_login(new_treasurer())
    assert client.get(address)["Location"].startswith(reverse("admin:login"))


def test_the_desk_shows_what_is_owed_and_what_waits(client, treasurer, project):
    ask(project, new_treasurer())
    account = PayoutAccount.objects.create(user=UserFactory(), account_id="acct_1", status="active")
    page = client.get(DESK).content.decode()
    assert "€500<" in page
    assert "Waits for a second person" in page
    assert reverse("payout_account_approve", args=[account.pk]) in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_desk_asks_as_often_for_three_as_for_one(
    client, treasurer, rows, django_assert_max_num_queries
):
    for _ in range(rows):
        project = ProjectFactory()
        legs = books.award(project.pk, 50_000)
        post("award", source_type="test", source_id=str(project.pk), legs=legs, currency="EUR")
        ask(project, new_treasurer())
        user = UserFactory()
        PayoutAccount.objects.create(user=user, account_id=f"acct_{user.pk}", status="active")
    with django_assert_max_num_queries(12):
        assert client.get(DESK).status_code == 200


def test_reversals_cost_no_query_each(client, treasurer, project, settings):
    settings.PAYOUT_RESERVE_PERCENT = 0
    payout = transferred(project)
    asked = []
    for number in (1, 2):  # one, then three
        for _ in range(number):
            request_reversal(payout, by=new_treasurer(), amount_minor=100)
        for page in (page_of(project), DESK):
            client.get(page)  # what is cached from here on
            with CaptureQueriesContext(connection) as queries:
                client.get(page)
            asked.append(len(queries))
    assert asked[:2] == asked[2:]


def test_a_treasurer_asks_for_a_payout(client, treasurer, project):
    form = {"act": "ask-award", "award-amount": "200", "award-method": "bank"}
    client.post(page_of(project), form)
    payout = Payout.objects.get()
    assert (payout.amount_minor, payout.method, payout.state, payout.requested_by) == (
        20_000, Method.BANK, PayoutState.WAITING, treasurer
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"award-amount": "500.01"}, "€500 can be paid out now"),
        ({"award-amount": "x"}, "Write an amount"),
        ({"award-method": "transfer"}, "not one of the available choices"),
    ],
)
def test_a_wrong_payout_is_said_to_be_one_and_kept(client, treasurer, project, more, said):
    form = {"act": "ask-award", "award-amount": "200", "award-method": "bank"} | more
    answer = client.post(page_of(project), form)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert f'value="{form["award-amount"]}"' in page
    assert Payout.objects.count() == 0


def test_the_one_who_asked_cannot_approve(client, treasurer, project):
    payout = ask(project, treasurer)
    assert ">Approve<" not in client.get(page_of(project)).content.decode()
    answer = client.post(page_of(project), {"act": "approve", "row": payout.pk}, follow=True)
    assert "Somebody else has to approve" in answer.content.decode()
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING


def test_an_approval_wants_a_recent_second_factor(client, treasurer, project):
    payout = ask(project, new_treasurer())
    forget_second_factor(client)
    answer = client.post(page_of(project), {"act": "approve", "row": payout.pk})
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING


def test_a_bank_payment_is_approved_and_noted(client, treasurer, project):
    payout = ask(project, new_treasurer())
    client.post(page_of(project), {"act": "approve", "row": payout.pk})
    page = client.post(page_of(project), {"act": "note", "row": payout.pk}, follow=True)
    assert "Say under which reference" in page.content.decode()
    client.post(page_of(project), {"act": "note", "row": payout.pk, "reference": "R-7"})
    payout.refresh_from_db()
    assert (payout.state, payout.bank_reference) == (PayoutState.PAID, "R-7")


def test_a_payout_of_another_project_is_not_reached_from_here(client, treasurer, project):
    payout = ask(project, new_treasurer())
    other = page_of(ProjectFactory())
    assert client.post(other, {"act": "approve", "row": payout.pk}).status_code == 404
    assert client.post(page_of(project), {"act": "x", "row": payout.pk}).status_code == 404
    payout.refresh_from_db()
    assert payout.state == PayoutState.WAITING


def test_an_owner_sees_that_an_account_is_in_use(client):
    owner = UserFactory()
    client.force_login(owner)
    assert "Set up my account" in client.get(ACCOUNT).content.decode()
    approved_account(owner)
    page = client.get(ACCOUNT).content.decode()
    assert "Your account is in use" in page
    assert "Set up another account" in page


@pytest.mark.django_db(transaction=True)
def test_an_owner_sets_up_an_account_at_the_provider(client, provider):
    owner = UserFactory()
    client.force_login(owner)
    assert client.get(reverse("payout_onboarding"))["Location"] == ACCOUNT
    assert PayoutAccount.objects.count() == 0
    client.post(ACCOUNT)
    account = PayoutAccount.objects.get()
    link = client.get(reverse("payout_onboarding"))["Location"]
    assert link.startswith(f"{provider.url}/onboarding/")
    provider.control("account", account=account.account_id, status="active")
    page = client.get(reverse("payout_account_return"), follow=True).content.decode()
    assert "A treasurer now has to approve the account" in page


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_does_not_answer_loses_nothing(client, provider):
    client.force_login(UserFactory())
    provider.control("faults", rules=[{"kind": "lose_request", "path": "/v2/core/accounts"}])
    page = client.post(ACCOUNT, follow=True).content.decode()
    assert "does not answer" in page
    provider.control("faults", rules=[])
    client.post(ACCOUNT)
    assert PayoutAccount.objects.get().account_id.startswith("acct_")


def test_a_treasurer_approves_an_account_with_a_recent_second_factor(client, treasurer):
    owner = UserFactory()
    account = PayoutAccount.objects.create(user=owner, account_id="acct_2", status="active")
    request_act("use_payout_account", account, requested_by=owner)
    address = reverse("payout_account_approve", args=[account.pk])
    forget_second_factor(client)
    assert client.post(address)["Location"].startswith(reverse("mfa_reauthenticate"))
    account.refresh_from_db()
    assert account.approved_at is None


def test_a_fresh_second_factor_lets_the_account_through(client, treasurer):
    owner = UserFactory()
    account = PayoutAccount.objects.create(user=owner, account_id="acct_2", status="active")
    request_act("use_payout_account", account, requested_by=owner)
    client.post(reverse("payout_account_approve", args=[account.pk]))
    account.refresh_from_db()
    assert account.approved_at is not None
