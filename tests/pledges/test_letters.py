from __future__ import annotations

from pathlib import Path

import pytest
from django.core import mail

from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.pledges.access import recovery_token
from civicfund.pledges.services.letters import tell_backer
from tests.factories.pledges import PledgeFactory
from tests.pledges.promises import FAILS, WORKS, funded_campaign, work_until_done

EMAILS = Path(__file__).parents[2] / "templates/emails"

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_everyone_hears_what_became_of_it_once_each(provider):
    campaign, (good, bad) = funded_campaign(WORKS, FAILS)
    work_until_done()
    told = Message.objects.values_list("kind", "recipient")
    assert sorted(told) == sorted(
        [
            ("pledge_confirmed", good.backer_id),
            ("pledge_confirmed", bad.backer_id),
            ("campaign_funded", good.backer_id),
            ("campaign_funded", bad.backer_id),
            ("own_campaign_funded", campaign.creator_id),
            ("pledge_collected", good.backer_id),
            ("charge_failed", bad.backer_id),
        ]
    )


@pytest.mark.parametrize(
    "kind",
    [
        *sorted(path.stem for path in EMAILS.glob("*campaign_*.txt")),
        *sorted(path.stem for path in EMAILS.glob("recovery_*.txt")),
        "pledge_changed",
        "pledge_collected",
        "pledge_dropped",
    ],
)
def test_every_letter_can_be_sent_in_text_and_html(kind):
    pledge = PledgeFactory()
    facts = {"pledged_minor": 1, "collected_minor": 1, "reason": "Say when."}
    facts |= {"advice": "Use another card.", "ends": "1 May", "recover_url": "/pledges/pay/x/"}
    facts |= {"number": 1, "update_title": "It is here", "update_url": "/x/", "stop_url": "/stop/"}
    facts |= {"judge_url": "/desk/campaigns/1/"}
    tell_backer(pledge, kind, **facts)
    assert send_next() is True
    (sent,) = mail.outbox
    assert pledge.campaign.project.title in sent.subject
    assert "{" not in sent.body + sent.alternatives[0].content.partition("<body")[2]


def test_the_mail_about_a_failed_card_says_what_to_do(provider, settings):
    _, (_, bad) = funded_campaign(WORKS, FAILS)
    work_until_done()
    while send_next():
        pass
    sent = next(one for one in mail.outbox if "card needs you" in one.subject)
    assert sent.to == [bad.backer.email]
    assert "Nothing was charged." in sent.body
    assert f"{settings.SITE_URL}/pledges/pay/{recovery_token(bad)}/" in sent.body
