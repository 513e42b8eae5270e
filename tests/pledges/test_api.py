from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Pledge
from tests.factories.people import UserFactory
from tests.factories.pledges import (
    CampaignFactory,
    OutcomeFactory,
    PledgeFactory,
    RewardFactory,
    soon,
)
from tests.pledges.promises import WORKS
from tests.stripe.helpers import sandbox_client

pytestmark = pytest.mark.django_db

LIST = "/api/v1/campaigns/"
MINE = "/api/v1/pledges/"


@pytest.fixture
def backer(client):
    user = UserFactory()
    client.force_login(user)
    return user


def give(client, campaign, **given):
    body = {"amount_minor": 2500, "consent_version": CONSENT_VERSION} | given
    url = f"{LIST}{campaign.pk}/pledge/"
    return client.post(url, body, content_type="application/json")


def change(client, pledge, **given):
    body = {"consent_version": CONSENT_VERSION} | given
    return client.patch(f"{MINE}{pledge.pk}/", body, content_type="application/json")


def test_the_list_has_what_the_page_has(client):
    campaign = PledgeFactory(amount_minor=4200).campaign
    CampaignFactory(state=CampaignState.DRAFT)
    answer = client.get(LIST).json()
    assert answer["count"] == 1
    (found,) = answer["results"]
    expected = {
        "id": campaign.pk, "project": campaign.project_id, "title": campaign.project.title,
        "state": "live", "currency": "EUR", "goal_minor": 100_000, "pledged_minor": 4200,
        "collected_minor": 0, "backers": 1, "page": campaign.get_absolute_url(),
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_what_has_ended_is_another_list(client):
    over = CampaignFactory(state=CampaignState.UNFUNDED)
    CampaignFactory()
    answer = client.get(LIST, {"show": "finished"}).json()
    assert [row["id"] for row in answer["results"]] == [over.pk]
    refused = client.get(LIST, {"show": "everything"})
    assert (refused.status_code, list(refused.json())) == (400, ["show"])


def test_the_lists_ask_as_much_for_three_as_for_one(client, backer):
    def queries(url):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    PledgeFactory(backer=backer)
    before = queries(LIST), queries(MINE)
    PledgeFactory.create_batch(2, backer=backer)
    assert (queries(LIST), queries(MINE)) == before


def test_a_campaign_tells_its_rewards_terms_and_outcome(client):
    campaign = CampaignFactory(state=CampaignState.FUNDED)
    outcome = OutcomeFactory(campaign=campaign)
    reward = RewardFactory(campaign=campaign, limit=5, claimed=2)
    answer = client.get(f"{LIST}{campaign.pk}/").json()
    assert answer["rewards"][0]["left"] == 3
    assert answer["rewards"][0]["id"] == reward.pk
    assert answer["outcome"]["digest"] == outcome.digest
    assert answer["consent_version"] == CONSENT_VERSION
    assert client.get(f"{LIST}{CampaignFactory().pk}/").json()["outcome"] is None


def test_what_is_not_there_is_not_found(client, backer):
    draft = CampaignFactory(state=CampaignState.DRAFT)
    assert client.get(f"{LIST}{draft.pk}/").status_code == 404
    assert give(client, draft).status_code == 404
    theirs = PledgeFactory()
    assert client.get(f"{MINE}{theirs.pk}/").status_code == 404
    assert change(client, theirs, amount_minor=5000).status_code == 404
    assert client.delete(f"{MINE}{theirs.pk}/").status_code == 404
    assert client.post(f"{MINE}{theirs.pk}/card/").status_code == 404
    theirs.refresh_from_db()
    assert (theirs.state, theirs.amount_minor) == (PledgeState.ACTIVE, 2500)


def test_a_stranger_pledges_nothing(client):
    assert give(client, CampaignFactory()).status_code == 403
    assert Pledge.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_pledge_gets_its_secret_in_the_body_and_counts_once_its_card_is_saved(
    client, backer, provider
):
    answer = give(client, CampaignFactory())
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["state"], body["amount_minor"]) == ("authorizing", 2500)
    intent = body["client_secret"].split("_secret_")[0]
    sandbox_client(provider).v1.setup_intents.confirm(intent, {"payment_method": WORKS})
    card = f"{MINE}{body['id']}/card/"
    unsaid = client.post(card, {}, content_type="application/json")
    assert unsaid.json() == {
        "consent_version": ["Your card is saved already. To use another one is to agree anew."]
    }
    agreed = {"consent_version": CONSENT_VERSION}
    again = client.post(card, agreed, content_type="application/json").json()
    assert again["state"] == "active"
    assert again["client_secret"] != body["client_secret"]
    listed = client.get(MINE).json()["results"]
    assert [(row["state"], row["card"]) for row in listed] == [("active", "Visa •••• 4242")]
    assert "client_secret" not in listed[0]


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_is_silent_loses_nothing(client, backer, provider):
    provider.control("faults", rules=[{"kind": "error_unsaved", "path": "setup_intents$"}])
    answer = give(client, CampaignFactory())
    assert answer.status_code == 503
    assert "Your choice is kept" in answer.json()["detail"]
    assert Pledge.objects.get().state == PledgeState.DRAFT


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": -2500}, "amount_minor"),
        ({"amount_minor": 1_000_001}, "amount_minor"),
        ({"amount_minor": 10**30}, "amount_minor"),
        ({"amount_minor": "lots"}, "amount_minor"),
        ({"amount_minor": 25.5}, "amount_minor"),
        ({"amount_minor": None}, "amount_minor"),
        ({"reward": 999_999}, "reward"),
        ({"consent_version": "old"}, "consent_version"),
        ({"consent_version": ""}, "consent_version"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_field(client, backer, given, field):
    answer = give(client, CampaignFactory(), **given)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Pledge.objects.count() == 0


def test_a_closed_campaign_is_refused(client, backer):
    answer = give(client, CampaignFactory(deadline_at=soon(seconds=-1)))
    assert answer.status_code == 400
    assert "takes no pledges" in answer.json()["non_field_errors"][0]
    assert Pledge.objects.count() == 0


def test_a_change_keeps_what_is_not_given(client, backer):
    reward = RewardFactory(limit=3, claimed=1)
    pledge = PledgeFactory(backer=backer, campaign=reward.campaign, reward=reward, show_name=True)
    answer = change(client, pledge, amount_minor=5000)
    assert answer.status_code == 200
    pledge.refresh_from_db()
    assert (pledge.amount_minor, pledge.reward, pledge.show_name) == (5000, reward, True)
    assert change(client, pledge, reward=None).json()["reward"] is None


def test_a_change_needs_the_words_to_be_agreed_to_again(client, backer):
    pledge = PledgeFactory(backer=backer)
    answer = client.patch(
        f"{MINE}{pledge.pk}/", {"amount_minor": 5000}, content_type="application/json"
    )
    assert (answer.status_code, list(answer.json())) == (400, ["consent_version"])
    pledge.refresh_from_db()
    assert pledge.amount_minor == 2500


def test_a_pledge_is_taken_back(client, backer):
    pledge = PledgeFactory(backer=backer)
    assert client.delete(f"{MINE}{pledge.pk}/").status_code == 204
    pledge.refresh_from_db()
    assert pledge.state == PledgeState.CANCELLED
    assert client.delete(f"{MINE}{pledge.pk}/").status_code == 400
