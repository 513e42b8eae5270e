"""What the database refuses, whatever the code above it says: one test for each."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.utils import ProgrammingError

from civicfund.pledges.enums import AttemptState, CampaignState, Decision, PledgeState
from civicfund.pledges.models import (
    Campaign,
    CampaignOutcome,
    ChargeAttempt,
    Consent,
    Pledge,
    Reward,
)
from tests.factories.pledges import (
    CampaignFactory,
    OutcomeFactory,
    PledgeFactory,
    RewardFactory,
    soon,
)

pytestmark = pytest.mark.django_db


def attempt(pledge, n=1, **given):
    return ChargeAttempt.objects.create(
        pledge=pledge, n=n, kind=given.pop("kind", "auto"), parameters={}, api_version="x",
        idempotency_key=given.pop("key", f"cf:{pledge.pk}:{n}"), **given,
    )  # fmt: skip


def judge():
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(constraint, act):
    """The act fails on this constraint, and on no other."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"state": "shut"}, "campaign_state_known"),
        ({"goal_minor": 0}, "campaign_goal_positive"),
        ({"goal_minor": -1}, "campaign_goal_positive"),
        ({"currency": "eur"}, "campaign_currency_is_a_code"),
        ({"short_policy": "shrug"}, "campaign_short_policy_known"),
        ({"starts_at": soon(days=11)}, "campaign_ends_after_it_starts"),
        ({"live_at": None}, "campaign_live_at_once_live"),
        (
            {"state": CampaignState.DRAFT, "live_at": soon(days=-1)},
            "campaign_live_at_once_live",
        ),
    ],
)
def test_no_campaign_is_like_this(given, constraint):
    refused(constraint, lambda: CampaignFactory(**given))
    assert Campaign.objects.count() == 0


def test_a_project_has_one_campaign_at_a_time():
    first = CampaignFactory(state=CampaignState.UNFUNDED)
    second = CampaignFactory(project=first.project)
    refused("campaign_one_at_a_time", lambda: CampaignFactory(project=second.project))
    assert Campaign.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"amount_minor": 0}, "reward_amount_within_reach"),
        ({"limit": 0}, "reward_limit_positive"),
        ({"limit": 2, "claimed": 3}, "reward_never_oversold"),
    ],
)
def test_no_reward_is_like_this(given, constraint):
    refused(constraint, lambda: RewardFactory(**given))
    assert Reward.objects.count() == 0


def test_two_rewards_have_no_one_position():
    first = RewardFactory()
    refused(
        "reward_position",
        lambda: RewardFactory(campaign=first.campaign, position=first.position),
    )


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"state": "lost"}, "pledge_state_known"),
        ({"amount_minor": 0}, "pledge_amount_within_reach"),
        ({"amount_minor": -500}, "pledge_amount_within_reach"),
        ({"amount_minor": 100_000_000}, "pledge_amount_within_reach"),
        ({"payment_method_id": ""}, "pledge_has_a_card_once_promised"),
        ({"customer_id": ""}, "pledge_has_a_card_once_promised"),
        ({"state": PledgeState.DUE, "outcome": None}, "pledge_settles_only_after_an_outcome"),
        (
            {"state": PledgeState.COLLECTED, "payment_intent_id": ""},
            "pledge_collected_through_an_intent",
        ),
        (
            {"state": PledgeState.DECLINED, "recovery_ends_at": None},
            "pledge_failed_has_an_end",
        ),
    ],
)
def test_no_pledge_is_like_this(given, constraint):
    refused(constraint, lambda: PledgeFactory(**given))
    assert Pledge.objects.count() == 0


def test_a_backer_has_one_pledge_to_a_campaign_unless_it_was_taken_back():
    first = PledgeFactory(state=PledgeState.CANCELLED)
    again = {"campaign": first.campaign, "backer": first.backer}
    PledgeFactory(**again)
    refused("pledge_one_per_backer", lambda: PledgeFactory(**again))


@pytest.mark.parametrize(
    ("field", "constraint"),
    [
        ("setup_intent_id", "pledge_setup_intent_once"),
        ("payment_intent_id", "pledge_payment_intent_once"),
    ],
)
def test_two_pledges_share_no_intent(field, constraint):
    PledgeFactory(**{field: "x_1"})
    refused(constraint, lambda: PledgeFactory(**{field: "x_1"}))


def test_a_pledge_is_in_its_campaigns_currency():
    refused("pledge_in_its_campaigns_currency", lambda: (PledgeFactory(currency="USD"), judge()))


def test_a_pledge_takes_no_reward_of_another_campaign():
    reward = RewardFactory()
    refused("pledge_reward_of_its_campaign", lambda: (PledgeFactory(reward=reward), judge()))


def test_a_pledge_settles_under_no_other_campaigns_outcome():
    outcome = OutcomeFactory()
    campaign = CampaignFactory()
    refused(
        "pledge_outcome_of_its_campaign",
        lambda: (
            PledgeFactory(campaign=campaign, outcome=outcome, state=PledgeState.DUE),
            judge(),
        ),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"goal_minor": 5},
        {"deadline_at": soon(days=12)},
        {"deadline_tz": "Europe/Rome"},
        {"currency": "USD"},
    ],
)
def test_goal_and_dates_are_frozen_by_the_first_pledge(change):
    campaign = CampaignFactory()
    same = Campaign.objects.filter(pk=campaign.pk)
    assert same.update(**change) == 1
    same.update(currency="EUR")
    PledgeFactory(campaign=campaign, state=PledgeState.CANCELLED)
    campaign.refresh_from_db()
    other = {"goal_minor": 6, "deadline_at": soon(days=13), "deadline_tz": "UTC", "currency": "GBP"}
    refused(
        "pledges_campaign_frozen",
        lambda: same.update(**{name: other[name] for name in change}),
    )


def test_a_live_campaign_still_moves_after_the_first_pledge():
    campaign = PledgeFactory().campaign
    assert Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CLOSING) == 1


@pytest.mark.parametrize("change", [{"amount_minor": 1}, {"reward": None}, {"currency": "USD"}])
def test_what_is_charged_is_frozen_once_the_campaign_is_decided(change):
    reward = RewardFactory()
    pledge = PledgeFactory(campaign=reward.campaign, reward=reward, state=PledgeState.DUE)
    refused("pledges_pledge_frozen", lambda: Pledge.objects.filter(pk=pledge.pk).update(**change))


def test_a_pledge_keeps_its_payment_intent():
    pledge = PledgeFactory(state=PledgeState.CHARGING, payment_intent_id="pi_1")
    for other in ("pi_2", ""):
        refused(
            "pledges_pledge_intent_kept",
            lambda other=other: Pledge.objects.filter(pk=pledge.pk).update(payment_intent_id=other),
        )


def test_a_campaign_is_decided_once():
    outcome = OutcomeFactory()
    with pytest.raises(IntegrityError, match="campaign_id"), transaction.atomic():
        OutcomeFactory(campaign=outcome.campaign)
    assert CampaignOutcome.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"decision": "perhaps"}, "outcome_decision_known"),
        ({"pledged_minor": -1}, "outcome_pledged_not_negative"),
    ],
)
def test_no_outcome_is_like_this(given, constraint):
    refused(constraint, lambda: OutcomeFactory(**given))


def test_the_application_role_cannot_change_an_outcome():
    OutcomeFactory()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        CampaignOutcome.objects.update(pledged_minor=1)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_even_the_owner_cannot_change_an_outcome():
    OutcomeFactory()
    with pytest.raises(DatabaseError, match="append-only"):
        connections["owner"].cursor().execute("UPDATE pledges_campaignoutcome SET pledges = 9")


def test_a_consent_is_to_an_amount():
    pledge = PledgeFactory()
    refused(
        "consent_amount_positive",
        lambda: Consent.objects.create(pledge=pledge, text_version="1", amount_minor=0),
    )


@pytest.mark.parametrize(
    "change",
    [{"text_version": "2"}, {"amount_minor": 2}, {"agreed_at": soon()}, {"payment_method_id": "x"}],
)
def test_what_a_backer_agreed_to_stays(change):
    consent = Consent.objects.create(pledge=PledgeFactory(), text_version="1", amount_minor=1)
    rows = Consent.objects.filter(pk=consent.pk)
    refused("pledges_consent_frozen", lambda: rows.update(**change))
    assert rows.get().amount_minor == 1


def test_no_charge_is_planned_before_a_campaign_is_decided():
    pledge = PledgeFactory()
    refused("pledges_chargeattempt_funded", lambda: attempt(pledge))


def test_no_charge_is_planned_for_a_campaign_that_was_not_funded():
    campaign = CampaignFactory(state=CampaignState.UNFUNDED)
    unfunded = OutcomeFactory(campaign=campaign, decision=Decision.UNFUNDED)
    pledge = PledgeFactory(campaign=campaign, outcome=unfunded, state=PledgeState.RELEASED)
    refused("pledges_chargeattempt_funded", lambda: attempt(pledge))
    assert ChargeAttempt.objects.count() == 0


@pytest.mark.parametrize(
    "state",
    [AttemptState.PLANNED, AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.PROCESSING],
)
def test_a_second_try_waits_until_the_first_is_answered(state):
    pledge = PledgeFactory(state=PledgeState.CHARGING)
    attempt(pledge, state=state)
    refused("attempt_one_open_per_pledge", lambda: attempt(pledge, n=2))


def test_a_pledge_is_charged_with_success_once():
    pledge = PledgeFactory(state=PledgeState.CHARGING)
    attempt(pledge, state=AttemptState.SUCCEEDED)
    refused(
        "attempt_one_success_per_pledge",
        lambda: attempt(pledge, n=2, state=AttemptState.SUCCEEDED),
    )


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"state": "asleep"}, "attempt_state_known"),
        ({"kind": "by_magic"}, "attempt_kind_known"),
    ],
)
def test_no_attempt_is_like_this(given, constraint):
    pledge = PledgeFactory(state=PledgeState.CHARGING)
    refused(constraint, lambda: attempt(pledge, **given))


def test_tries_are_numbered_and_their_keys_are_their_own():
    pledge = PledgeFactory(state=PledgeState.CHARGING)
    attempt(pledge, state=AttemptState.DECLINED)
    refused("attempt_number", lambda: attempt(pledge, key="other"))
    with pytest.raises(IntegrityError, match="idempotency_key"), transaction.atomic():
        attempt(pledge, n=2, key=f"cf:{pledge.pk}:1")


@pytest.mark.parametrize(
    "change", [{"parameters": {"amount_minor": 1}}, {"idempotency_key": "new"}, {"n": 7}]
)
def test_what_a_try_asked_for_is_frozen(change):
    tried = attempt(PledgeFactory(state=PledgeState.CHARGING))
    refused(
        "pledges_chargeattempt_frozen",
        lambda: ChargeAttempt.objects.filter(pk=tried.pk).update(**change),
    )
