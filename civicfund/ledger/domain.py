"""What a money fact does to the books, as legs that sum to zero. Pure; amounts in minor units.

A leg's amount is a debit when positive and a credit when negative. Whatever a town holds or
spends grows by debits; whatever it owes or earns grows by credits.
"""

from __future__ import annotations

from dataclasses import dataclass

# Money at the payment provider that it has not yet released, and the cost of taking it.
STRIPE_PENDING = "stripe_pending"
PROCESSOR_FEE = "processor_fee"
# Public money that residents have voted on: what the town's budget gives to projects.
VOTED_BUDGET = "voted_budget"
# The other side of every promise, so that promises balance among themselves.
PROMISES = "memo:promises"

_KINDS = {
    STRIPE_PENDING: "asset",
    PROCESSOR_FEE: "expense",
    VOTED_BUDGET: "expense",
    "project_payable/": "liability",
    "memo:": "memo",
}


class UnbalancedError(ValueError):
    """The legs do not sum to zero, or one of them moves nothing."""


@dataclass(frozen=True)
class Leg:
    """One side of an entry: an account's code and a signed amount in minor units."""

    account: str
    amount_minor: int


Legs = tuple[Leg, ...]


def project_pledges(project_id: int) -> str:
    """The account of what the town owes a project from pledges that were collected."""
    return f"project_payable/{project_id}/pledges"


def project_award(project_id: int) -> str:
    """The account of what the town owes a project from the public budget that was voted."""
    return f"project_payable/{project_id}/award"


def pledged(project_id: int) -> str:
    """The memo account of what backers have still to be charged for a funded project."""
    return f"memo:pledged/{project_id}"


def kind_of(account: str) -> str:
    """The kind of an account, by its code. ``ValueError`` for a code of no known family."""
    for family, kind in _KINDS.items():
        if account == family or (family[-1] in "/:" and account.startswith(family)):
            return kind
    raise ValueError(f"{account!r} belongs to no family of accounts")


def balanced(*legs: Leg) -> Legs:
    """The legs, once it is sure that they are an entry: two or more, none empty, sum zero."""
    if len(legs) < 2 or any(leg.amount_minor == 0 for leg in legs):
        raise UnbalancedError("an entry has at least two legs, and each moves something")
    if sum(leg.amount_minor for leg in legs) != 0:
        raise UnbalancedError("the legs of an entry sum to zero")
    return legs


def charge(project_id: int, amount_minor: int) -> Legs:
    """A backer's card was charged: the provider holds it, the town owes it to the project."""
    return balanced(
        Leg(STRIPE_PENDING, amount_minor), Leg(project_pledges(project_id), -amount_minor)
    )


def fee(amount_minor: int) -> Legs:
    """The provider kept its fee. The town bears it: the project is owed the whole pledge."""
    return balanced(Leg(PROCESSOR_FEE, amount_minor), Leg(STRIPE_PENDING, -amount_minor))


def promise(project_id: int, amount_minor: int) -> Legs:
    """A campaign was funded: its backers now owe what they pledged. Not cash."""
    return balanced(Leg(pledged(project_id), amount_minor), Leg(PROMISES, -amount_minor))


def promise_ended(project_id: int, amount_minor: int) -> Legs:
    """A promise was kept (its charge is an entry of its own) or dropped."""
    return balanced(Leg(PROMISES, amount_minor), Leg(pledged(project_id), -amount_minor))


def award(project_id: int, amount_minor: int) -> Legs:
    """Residents gave a project public money by their vote: the town now owes it to the project."""
    return balanced(Leg(VOTED_BUDGET, amount_minor), Leg(project_award(project_id), -amount_minor))
