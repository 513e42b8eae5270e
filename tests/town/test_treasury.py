"""The treasurers' desk: who comes in, what it shows, and that grave acts need two people."""

from __future__ import annotations

import csv
import io
import time

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.notices.models import Message
from civicfund.notices.services import tell
from civicfund.payments.models import Orphan, OrphanReview
from civicfund.payments.selectors import orphan_count
from civicfund.payments.services import note_orphan, review_orphan
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import AttemptState, PledgeState, RefundReason, RefundState
from civicfund.pledges.models import ChargeAttempt, Dispute, Pledge, Refund, RefundBatch
from civicfund.pledges.services.refund_batches import refund_campaign
from civicfund.pledges.services.refunds import refund_pledge
from civicfund.town.tasks import check_books
from tests.factories.people import UserFactory
from tests.factories.pledges import PledgeFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

DESK = reverse("treasury")
ASKED = RefundReason.ASKED


def new_treasurer():
    user = UserFactory()
    grant_role(user, Role.TREASURER, by=None)
    user.refresh_from_db()
    return user


@pytest.fixture
def treasurer(client):
    user = new_treasurer()
    sign_in_with_second_factor(client, user)
    return user


@pytest.fixture
def collected():
    """A collected pledge whose charge is in the books."""
    pledge = PledgeFactory(state=PledgeState.COLLECTED, fee_minor=60)
    ChargeAttempt.objects.create(
        pledge=pledge, n=1, kind="auto", state=AttemptState.SUCCEEDED, idempotency_key="cf:1",
        parameters={}, api_version="v", request_id="req_1", charge_id="ch_1",
    )  # fmt: skip
    legs = books.charge(pledge.campaign.project_id, pledge.amount_minor)
    post("charge", source_type="pledge", source_id=str(pledge.pk), legs=legs, currency="EUR")
    return pledge


def case(pledge):
    return reverse("treasury_pledge", args=[pledge.pk])


def forget_second_factor(client):
    """As if the second factor had been given an hour ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 3600
    session.save()


@pytest.mark.parametrize("name", ["treasury", "treasury_pledges", "treasury_account"])
def test_only_treasurers_with_a_second_factor_come_in(client, name):
    address = reverse(name)
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 403
    client.force_login(new_treasurer())
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_others_do_nothing_there(client, collected):
    client.force_login(UserFactory())
    answer = client.post(case(collected), {"act": "refund", "reason": ASKED})
    assert answer.status_code == 403
    assert Refund.objects.count() == 0


def test_the_desk_shows_balances_and_what_waits(client, treasurer, collected, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund_pledge(collected, by=treasurer, reason=ASKED)
    Orphan.objects.create(object_id="pi_stray", reason="payment_of_no_pledge")
    page = client.get(DESK).content.decode()
    assert "With the payment provider, not released yet" in page
    assert "€25<" in page
    assert "Waits for a second person" in page
    assert "pi_stray" in page
    assert "payments at the provider that fit nothing of ours (1)" in page


def test_accounts_are_named_by_their_projects_after_the_towns_own(client, treasurer, collected):
    names = [name for name, *_rest in client.get(DESK).context["accounts"]]
    project = collected.campaign.project
    assert f"Owed to “{project.title}” from pledges" in names
    assert names[0] == "With the payment provider, not released yet"
    statement = client.get("/treasury/account/", {"code": f"project_payable/{project.pk}/pledges"})
    assert statement.context["name"] == f"Owed to “{project.title}” from pledges"


def test_the_desk_names_a_law_that_is_broken(client, treasurer):
    PledgeFactory(state=PledgeState.COLLECTED)
    page = client.get(DESK).content.decode()
    assert "Not true: a collected pledge has one success, and no other has any." in page


def test_what_the_desk_says_of_the_books_is_kept_until_somebody_checks_anew(client, treasurer):
    assert "The books are right" in client.get(DESK).content.decode()
    PledgeFactory(state=PledgeState.COLLECTED)
    assert "The books are right" in client.get(DESK).content.decode()
    told = client.post(f"{DESK}check/", follow=True).content.decode()
    assert "The books were checked: something is not true." in told
    assert "Not true: a collected pledge has one success, and no other has any." in told


def test_the_worker_keeps_what_it_found(client, treasurer, caplog):
    PledgeFactory(state=PledgeState.COLLECTED)
    check_books()
    assert "books.law_broken" in caplog.text
    with CaptureQueriesContext(connection) as queries:
        page = client.get(DESK).content.decode()
    assert "Not true: a collected pledge has one success, and no other has any." in page
    assert not [query for query in queries if "HAVING" in query["sql"] and "legs" in query["sql"]]


def test_the_desk_asks_as_often_for_three_as_for_one(client, treasurer, settings):
    settings.REFUND_ALONE_MINOR = 0
    client.get(DESK)  # the session's first page asks more
    asked = []
    for rows in (range(1), range(1, 3)):
        fill_desk(rows, treasurer)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(DESK).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def fill_desk(rows, treasurer):
    """A charge, a refund that waits and a dispute for each."""
    for n in rows:
        pledge = PledgeFactory(state=PledgeState.COLLECTED)
        legs = books.charge(pledge.campaign.project_id, pledge.amount_minor)
        post("charge", source_type="pledge", source_id=str(pledge.pk), legs=legs, currency="EUR")
        refund_pledge(pledge, by=treasurer, reason=ASKED)
        disputed = PledgeFactory(state=PledgeState.COLLECTED)
        Dispute.objects.create(
            id=f"du_{n}", pledge=disputed, amount_minor=1, currency="EUR", reason="fraudulent"
        )


def test_a_statement_adds_up_and_goes_on(client, treasurer, monkeypatch):
    monkeypatch.setattr("civicfund.town.views.treasury.SHOWN", 2)
    for n in range(5):
        legs = books.fee(100 + n)
        post("fee", source_type="test", source_id=str(n), legs=legs, currency="EUR")
    address = reverse("treasury_account")
    first = client.get(address, {"code": "processor_fee"})
    lines = first.context["lines"]
    assert [(line.amount_minor, line.balance_minor) for line in lines] == [(104, 510), (103, 406)]
    second = client.get(address, {"code": "processor_fee", "before": first.context["older"]})
    lines = second.context["lines"]
    assert [(line.amount_minor, line.balance_minor) for line in lines] == [(102, 303), (101, 201)]
    assert client.get(address, {"code": "nothing"}).status_code == 404
    assert client.get(address, {"code": "processor_fee", "before": "x"}).status_code == 200


@pytest.mark.parametrize("page", ["account/?code=", "account.csv?code=", "pledges/?q="])
def test_what_no_row_can_hold_is_not_found(client, treasurer, page):
    assert client.get(f"/treasury/{page}a%00b").status_code == 404


def test_a_statement_leaves_as_csv_that_runs_no_formula(client, treasurer):
    for n, kind in enumerate(["fee", "=1+1"]):
        legs = books.fee(100 + n)
        post(kind, source_type="test", source_id=str(n), legs=legs, currency="EUR")
    answer = client.get(reverse("treasury_account_csv"), {"code": "processor_fee"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row[1:] for row in rows] == [
        ["kind", "source", "source_id", "amount_minor"],
        ["fee", "test", "0", "100"],
        ["'=1+1", "test", "1", "101"],
    ]


@pytest.mark.parametrize("by", ["number", "intent", "charge", "request", "mail"])
def test_a_pledge_is_found(client, treasurer, collected, by):
    wanted = {
        "number": str(collected.pk),
        "intent": collected.payment_intent_id,
        "charge": "ch_1",
        "request": "req_1",
        "mail": collected.backer.email.upper(),
    }[by]
    PledgeFactory()
    page = client.get(reverse("treasury_pledges"), {"q": wanted})
    assert [pledge.pk for pledge in page.context["pledges"]] == [collected.pk]


def test_a_pledge_that_is_not_there_is_not_found(client, treasurer, collected):
    page = client.get(reverse("treasury_pledges"), {"q": "nobody@example.org"})
    assert "No pledge fits" in page.content.decode()


def test_a_case_tells_what_the_provider_said(client, treasurer, collected):
    ChargeAttempt.objects.create(
        pledge=collected, n=2, kind="auto", state=AttemptState.DECLINED, idempotency_key="cf:2",
        parameters={}, api_version="v", code="card_declined", decline_code="insufficient_funds",
    )  # fmt: skip
    page = client.get(case(collected)).content.decode()
    assert "req_1" in page
    assert "insufficient_funds: There was not enough money on the card." in page


def test_a_treasurer_gives_a_part_back(client, treasurer, collected):
    client.post(case(collected), {"act": "refund", "amount": "10.00", "reason": ASKED})
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.state, refund.requested_by) == (
        1000, RefundState.PLANNED, treasurer
    )  # fmt: skip


def test_a_form_that_is_sent_twice_gives_back_once_and_two_of_one_amount_twice(
    client, treasurer, collected
):
    for _ in range(2):
        number = client.get(case(collected)).context["form"]["number"].value()
        sent = {"act": "refund", "amount": "10.00", "reason": ASKED, "number": number}
        for _again in range(2):
            client.post(case(collected), sent)
    assert [refund.amount_minor for refund in Refund.objects.all()] == [1000, 1000]


@pytest.mark.parametrize(
    ("amount", "said"),
    [("25.01", "Give back an amount between"), ("x", "Write an amount"), ("0", "above zero")],
)
def test_a_wrong_amount_is_said_to_be_one_and_kept(client, treasurer, collected, amount, said):
    answer = client.post(case(collected), {"act": "refund", "amount": amount, "reason": ASKED})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said.lower() in page.lower()
    assert f'value="{amount}"' in page
    assert Refund.objects.count() == 0


def test_the_one_who_asked_cannot_approve_on_the_page(client, treasurer, collected, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    assert "Approve" not in client.get(case(collected)).content.decode()
    page = client.post(case(collected), {"act": "approve", "row": refund.pk}, follow=True)
    assert "Somebody else has to approve" in page.content.decode()
    refund.refresh_from_db()
    assert refund.state == RefundState.WAITING


def test_another_one_approves_with_a_recent_second_factor(client, treasurer, collected, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=new_treasurer(), reason=ASKED)
    forget_second_factor(client)
    answer = client.post(case(collected), {"act": "approve", "row": refund.pk})
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    refund.refresh_from_db()
    assert refund.state == RefundState.WAITING


def test_a_fresh_second_factor_lets_the_approval_through(client, treasurer, collected, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=new_treasurer(), reason=ASKED)
    client.post(case(collected), {"act": "approve", "row": refund.pk})
    refund.refresh_from_db()
    assert refund.state == RefundState.PLANNED


def test_a_refund_of_another_pledge_is_not_reached_from_here(
    client, treasurer, collected, settings
):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=new_treasurer(), reason=ASKED)
    answer = client.post(case(PledgeFactory()), {"act": "approve", "row": refund.pk})
    assert answer.status_code == 404
    refund.refresh_from_db()
    assert refund.state == RefundState.WAITING


def test_a_refund_is_rejected_on_the_page(client, treasurer, collected, settings):
    settings.REFUND_ALONE_MINOR = 0
    refund = refund_pledge(collected, by=treasurer, reason=ASKED)
    client.post(case(collected), {"act": "reject", "row": refund.pk})
    refund.refresh_from_db()
    assert refund.state == RefundState.CANCELLED


def failed(code="card_declined", decline_code="insufficient_funds"):
    pledge = PledgeFactory(state=PledgeState.DECLINED)
    ChargeAttempt.objects.create(
        pledge=pledge, n=1, kind="auto", state=AttemptState.DECLINED, idempotency_key="cf:f",
        parameters={}, api_version="v", code=code, decline_code=decline_code,
    )  # fmt: skip
    return pledge


def test_a_card_is_tried_again_at_once(client, treasurer):
    pledge = failed()
    client.post(case(pledge), {"act": "try"})
    assert Pledge.objects.due().get() == pledge


def test_a_card_that_cannot_work_is_not_tried_again(client, treasurer):
    pledge = failed(decline_code="stolen_card")
    page = client.post(case(pledge), {"act": "try"}, follow=True).content.decode()
    assert "Only the backer can help here" in page
    assert not Pledge.objects.due().exists()


def test_what_a_backer_was_told_is_named_in_words(client, treasurer, collected):
    tell(collected.backer, "pledge_dropped", collected)
    page = client.get(case(collected)).content.decode()
    assert "The pledge was dropped (on its way)" in page
    assert "pledge_dropped" not in page


def test_a_mail_is_sent_again(client, treasurer, collected, django_capture_on_commit_callbacks):
    tell(collected.backer, "pledge_dropped", collected)
    message = Message.objects.get()
    Message.objects.update(sent_at=message.created_at)
    client.post(case(collected), {"act": "resend", "row": message.pk})
    message.refresh_from_db()
    assert message.sent_at is None
    tell(treasurer, "pledge_dropped", collected)
    others = Message.objects.get(recipient=treasurer)
    answer = client.post(case(collected), {"act": "resend", "row": others.pk})
    assert answer.status_code == 404


def test_an_act_that_there_is_not_is_not_found(client, treasurer, collected):
    assert client.post(case(collected), {"act": "steal"}).status_code == 404


def test_a_campaign_is_asked_to_be_given_back(client, treasurer, collected):
    address = reverse("treasury_campaign", args=[collected.campaign_id])
    client.post(address, {"act": "refund", "reason": RefundReason.NOT_DELIVERED})
    batch = RefundBatch.objects.get()
    assert (batch.state, batch.requested_by) == ("waiting", treasurer)
    page = client.post(address, {"act": "approve", "row": batch.pk}, follow=True).content.decode()
    assert "Somebody else has to approve" in page
    batch.refresh_from_db()
    assert batch.state == "waiting"


def test_another_treasurer_approves_a_campaigns_refund(client, treasurer, collected):
    batch = refund_campaign(collected.campaign, by=new_treasurer(), reason=ASKED)
    address = reverse("treasury_campaign", args=[collected.campaign_id])
    forget_second_factor(client)
    answer = client.post(address, {"act": "approve", "row": batch.pk})
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    batch.refresh_from_db()
    assert batch.state == "waiting"


def test_a_batch_of_another_campaign_is_not_reached_from_here(client, treasurer, collected):
    batch = refund_campaign(collected.campaign, by=new_treasurer(), reason=ASKED)
    other = reverse("treasury_campaign", args=[PledgeFactory().campaign_id])
    assert client.post(other, {"act": "approve", "row": batch.pk}).status_code == 404
    assert client.post(other, {"act": "approve", "row": "x"}).status_code == 404


def test_a_treasurer_finds_the_desk_among_my_desks(client, treasurer):
    assert reverse("my_desks") in client.get(reverse("my_page")).content.decode()
    assert DESK in client.get(reverse("my_desks")).content.decode()
    client.force_login(UserFactory())
    assert reverse("my_desks") not in client.get(reverse("my_page")).content.decode()
    assert DESK not in client.get(reverse("my_desks")).content.decode()


def test_what_fits_nothing_raises_an_alarm_until_a_treasurer_says_what_it_was(client, treasurer):
    note_orphan("re_by_hand", "refund_made_elsewhere")
    orphan = Orphan.objects.get()
    address = reverse("orphan_review", args=[orphan.pk])
    assert orphan_count() == 1
    assert b"Say what it was" in client.post(address, {"words": " "}, follow=True).content
    assert orphan_count() == 1
    client.post(address, {"words": "Refunded on the phone, booked since."})
    client.post(address, {"words": "Something else."})
    assert orphan_count() == 0
    page = client.get(reverse("treasury")).content.decode()
    assert "Refunded on the phone" in page
    assert "What was it?" not in page
    assert [row.by for row in OrphanReview.objects.all()] == [treasurer]


def test_others_do_not_end_that_alarm(client):
    note_orphan("re_by_hand", "refund_made_elsewhere")
    orphan = Orphan.objects.get()
    client.force_login(UserFactory())
    assert (
        client.post(reverse("orphan_review", args=[orphan.pk]), {"words": "x"}).status_code == 403
    )
    with pytest.raises(PermissionDenied):
        review_orphan(orphan, by=UserFactory(), words="x")
    assert orphan_count() == 1


def test_what_fits_nothing_is_told_in_words(client, treasurer):
    note_orphan("re_by_hand", "refund_made_elsewhere")
    note_orphan("ch_late", "charged_though_cancelled")
    page = client.get(DESK).content.decode()
    assert "a refund that was made at the provider, not here" in page
    assert "a charge of a pledge that is not to be charged" in page
    assert "_made_elsewhere" not in page
    assert "_though_" not in page


def test_what_was_said_of_an_orphan_stays(treasurer):
    note_orphan("re_by_hand", "refund_made_elsewhere")
    review = review_orphan(Orphan.objects.get(), by=treasurer, words="Looked into.")
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        OrphanReview.objects.filter(pk=review.pk).update(words="Nothing.")
    with pytest.raises(IntegrityError, match="says_something"), transaction.atomic():
        OrphanReview.objects.create(orphan=review.orphan, by=treasurer, words="")
