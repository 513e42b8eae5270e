from __future__ import annotations

import pytest

from civicfund.ledger import domain
from civicfund.ledger.domain import Leg, UnbalancedError, balanced, kind_of


@pytest.mark.parametrize(
    "plan",
    [
        domain.charge(7, 2500),
        domain.fee(61),
        domain.promise(7, 10_000),
        domain.promise_ended(7, 2500),
        domain.award(7, 2500),
    ],
)
def test_every_plan_sums_to_zero(plan):
    assert sum(leg.amount_minor for leg in plan) == 0


def test_a_charge_is_held_by_the_provider_and_owed_to_the_project():
    assert domain.charge(7, 2500) == (
        Leg("stripe_pending", 2500),
        Leg("project_payable/7/pledges", -2500),
    )


def test_an_award_is_spent_by_the_voted_budget_and_owed_to_the_project_apart_from_pledges():
    assert domain.award(7, 2500) == (
        Leg("voted_budget", 2500),
        Leg("project_payable/7/award", -2500),
    )
    assert kind_of("voted_budget") == "expense"


@pytest.mark.parametrize(
    "legs",
    [
        (Leg("stripe_pending", 5),),
        (Leg("stripe_pending", 5), Leg("processor_fee", -4)),
        (Leg("stripe_pending", 0), Leg("processor_fee", 0)),
    ],
)
def test_what_is_no_entry_is_refused(legs):
    with pytest.raises(UnbalancedError):
        balanced(*legs)


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        ("stripe_pending", "asset"),
        ("processor_fee", "expense"),
        ("project_payable/7/pledges", "liability"),
        ("memo:pledged/7", "memo"),
    ],
)
def test_the_family_of_a_code_gives_its_kind(account, kind):
    assert kind_of(account) == kind


def test_an_account_of_no_family_is_refused():
    with pytest.raises(ValueError, match="no family"):
        kind_of("processor_fees/secret")
