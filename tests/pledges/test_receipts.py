"""What a backer keeps: receipts, and a statement of each year."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.urls import reverse
from pypdf import PdfReader

from civicfund.notices.services import send_next
from civicfund.people.models import User
from civicfund.pledges.access import guest_token
from civicfund.pledges.enums import AttemptKind, AttemptState, PledgeState, RefundReason
from civicfund.pledges.models import ChargeAttempt, ChosenAddOn, Refund
from civicfund.pledges.selectors.receipts import receipt_of, statements_of
from civicfund.pledges.services.letters import tell_backer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("statements")


def charged(backer, at=datetime(2026, 3, 1, 12, tzinfo=UTC), state=PledgeState.COLLECTED, **given):
    pledge = PledgeFactory(backer=backer, state=state, payment_intent_id=f"pi_{at}", **given)
    ChargeAttempt.objects.create(
        pledge=pledge, n=1, kind=AttemptKind.AUTO, state=AttemptState.SUCCEEDED,
        idempotency_key=str(pledge.pk), parameters={}, api_version="", resolved_at=at,
    )  # fmt: skip
    return pledge


def paid_back(pledge, amount_minor):
    return Refund.objects.create(
        pledge=pledge, amount_minor=amount_minor, currency="EUR", reason=RefundReason.ELSEWHERE,
        state="succeeded", refund_id=f"re_{amount_minor}",
        resolved_at=datetime(2026, 4, 2, 12, tzinfo=UTC),
    )  # fmt: skip


def text_of(answer):
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return "\n".join(page.extract_text() for page in pages)


@pytest.fixture
def backer(client):
    user = UserFactory(display_name="Żaneta Öz")
    client.force_login(user)
    return user


def receipt_address(pledge):
    return reverse("pledge_receipt", args=[pledge.pk])


def test_a_receipt_says_what_was_paid_for_and_what_came_back(client, backer):
    campaign = CampaignFactory()
    cup = RewardFactory(campaign=campaign, title="A cup", amount_minor=2000)
    card = RewardFactory(campaign=campaign, title="A card", amount_minor=300, kind="add_on")
    started = PledgeFactory(
        backer=backer, campaign=campaign, reward=cup, amount_minor=3000,
        state=PledgeState.DRAFT, card_brand="visa", card_last4="4242",
    )  # fmt: skip
    ChosenAddOn.objects.create(pledge=started, add_on=card, quantity=2, price_minor=300)
    made = charged(backer, amount_minor=5000, card_brand="visa", card_last4="4242")
    paid_back(made, 1250)
    words = text_of(client.get(receipt_address(made)))
    for said in (
        "Receipt", "Żaneta Öz", made.campaign.project.title, "1 March 2026", "4242",
        "Support of the project", "€50", "2 April 2026", "€12.50", str(made.pk),
    ):  # fmt: skip
        assert said in words
    assert client.get(receipt_address(started)).status_code == 404


def test_a_receipt_is_made_of_what_was_chosen(backer):
    campaign = CampaignFactory()
    cup = RewardFactory(campaign=campaign, title="A cup", amount_minor=2000)
    made = charged(backer, campaign=campaign, reward=cup, amount_minor=2600)
    assert receipt_of(made).kept_minor == 2600
    paid_back(made, 600)
    assert (receipt_of(made).returned_minor, receipt_of(made).kept_minor) == (600, 2000)


def test_making_a_paper_tells_the_log_no_name(client, backer, caplog):
    made = charged(backer)
    caplog.set_level("INFO")
    text_of(client.get(receipt_address(made)))
    assert not [line for line in caplog.records if line.name.startswith("fontTools")]


def test_what_a_bank_took_back_cost_nothing(client, backer):
    made = charged(backer, state=PledgeState.CHARGED_BACK, amount_minor=2500)
    assert receipt_of(made).kept_minor == 0
    assert "By your bank" in text_of(client.get(receipt_address(made)))


def test_a_statement_for_each_year_by_the_towns_clock(client, backer):
    """A minute before midnight in Dublin is the old year."""
    old = charged(backer, datetime(2025, 12, 31, 23, 59, tzinfo=UTC), amount_minor=1000)
    new = charged(backer, datetime(2026, 1, 1, 0, 0, tzinfo=UTC), amount_minor=2000)
    charged(UserFactory(), datetime(2026, 1, 2, 0, 0, tzinfo=UTC), amount_minor=9900)
    paid_back(new, 500)
    found = [(each.year, each.charged_minor, each.kept_minor) for each in statements_of(backer)]
    assert found == [(2026, 2000, 1500), (2025, 1000, 1000)]
    page = client.get(PAGE).content.decode()
    assert page.index("Statement of 2026 as PDF") < page.index("Statement of 2025 as PDF")
    words = text_of(client.get(reverse("statement_pdf", args=[2026])))
    for said in ("Pledges charged in 2026", "Żaneta Öz", "€20", "€5", "€15", "In all"):
        assert said in words
    assert old.campaign.project.title not in words
    assert client.get(reverse("statement_pdf", args=[2024])).status_code == 404


def test_a_long_year_goes_over_to_the_next_page(client, backer):
    for n in range(60):
        charged(backer, datetime(2026, 3, 1, 12, 0, n, tzinfo=UTC))
    answer = client.get(reverse("statement_pdf", args=[2026]))
    assert len(PdfReader(io.BytesIO(answer.content)).pages) > 1
    assert "In all" in text_of(answer)


def test_only_ones_own(client, backer):
    theirs = charged(UserFactory())
    assert client.get(receipt_address(theirs)).status_code == 404
    assert "Nothing was charged yet" in client.get(PAGE).content.decode()
    client.logout()
    assert client.get(receipt_address(theirs)).status_code == 302


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_as_much_for_three_as_for_one(
    client, backer, rows, django_assert_num_queries
):
    for n in range(rows):
        paid_back(charged(backer, datetime(2026, 3, 1, 12, 0, n, tzinfo=UTC)), n + 1)
    with django_assert_num_queries(5):
        client.get(PAGE)


def test_a_guest_keeps_a_receipt_too_by_the_link_of_the_mail(client):
    guest = User.objects.create_guest("guest@example.org", display_name="Gül")
    pledge = charged(guest)
    others = charged(
        User.objects.create_guest("guest@example.org"), datetime(2026, 3, 2, 12, tzinfo=UTC)
    )
    assert client.get(receipt_address(pledge)).status_code == 302
    tell_backer(pledge, "pledge_collected")
    while send_next():
        pass
    [written] = mail.outbox
    [link] = [part for part in written.body.split() if "/pledges/open/" in part]
    page = client.get(link.removeprefix("http://testserver"), follow=True).content.decode()
    assert receipt_address(pledge) in page
    text = text_of(client.get(receipt_address(pledge)))
    assert "For Gül" in text
    assert str(pledge.pk) in text
    assert client.get(receipt_address(others)).status_code == 404


def test_a_receipt_of_a_guest_without_a_name_says_the_address(client):
    pledge = charged(User.objects.create_guest("guest@example.org"))
    client.get(reverse("guest_pledge_link", args=[guest_token(pledge)]))
    assert "For guest@example.org" in text_of(client.get(receipt_address(pledge)))


def test_the_pledges_page_leads_to_its_receipt(client, backer):
    made = charged(backer)
    assert receipt_address(made) in client.get(made.get_absolute_url()).content.decode()
    waiting = PledgeFactory(backer=backer)
    assert "receipt.pdf" not in client.get(waiting.get_absolute_url()).content.decode()
