"""What a money fact does to the books, as legs that sum to zero. Pure; amounts in minor units.

A leg's amount is a debit when positive and a credit when negative. Whatever a town holds or
spends grows by debits; whatever it owes or earns grows by credits.
"""

from __future__ import annotations

from dataclasses import dataclass

# Money at the payment provider: what it has not yet released, what can be paid out, and the costs.
STRIPE_PENDING = "stripe_pending"
STRIPE_AVAILABLE = "stripe_available"
PROCESSOR_FEE = "processor_fee"
DISPUTE_FEE = "dispute_fee"
# What backers are to get back and have not got yet.
REFUNDS_PAYABLE = "refunds_payable"
# What projects are to be paid and have not been yet.
PAYOUTS_PAYABLE = "payouts_payable"
# The town's own bank accounts, as far as these books see them: what the provider sent there, less
# what was paid from there to projects. Mostly below zero.
BANK = "bank"
# What the town keeps for projects of its own.
OWN_PROJECTS = "own_projects"
# What payers took back through their banks after a project had been paid.
CHARGEBACK_LOSS = "chargeback_loss"
# What the town keeps of what is collected, where it was configured to.
TOWN_FEE = "town_fee"
# What treasurers corrected, where the provider and these books told money differently for good.
CORRECTIONS = "corrections"
# Public money that residents have voted on: what the town's budget gives to projects.
VOTED_BUDGET = "voted_budget"
# The other side of what the town's budget sets aside for votes.
APPROPRIATIONS = "memo:appropriations"
# The other side of every promise, so that promises balance among themselves.
PROMISES = "memo:promises"

_KINDS = {
    STRIPE_PENDING: "asset",
    STRIPE_AVAILABLE: "asset",
    PROCESSOR_FEE: "expense",
    DISPUTE_FEE: "expense",
    CHARGEBACK_LOSS: "expense",
    CORRECTIONS: "expense",
    TOWN_FEE: "income",
    "dispute_hold/": "asset",
    REFUNDS_PAYABLE: "liability",
    PAYOUTS_PAYABLE: "liability",
    BANK: "asset",
    OWN_PROJECTS: "income",
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


def project_payable(project_id: int, source: str) -> str:
    """The account of what the town owes a project from one source: ``pledges`` or ``award``."""
    return f"project_payable/{project_id}/{source}"


def project_pledges(project_id: int) -> str:
    """The account of what the town owes a project from pledges that were collected."""
    return project_payable(project_id, "pledges")


def project_award(project_id: int) -> str:
    """The account of what the town owes a project from the public budget that was voted."""
    return project_payable(project_id, "award")


def dispute_hold(project_id: int | str) -> str:
    """The account of what banks hold of a project's pledges until disputes are decided."""
    return f"dispute_hold/{project_id}"


def pledged(project_id: int) -> str:
    """The memo account of what backers have still to be charged for a funded project."""
    return f"memo:pledged/{project_id}"


def appropriated(cycle_id: int | str) -> str:
    """The memo account of what the town's budget set aside for a vote and was not awarded yet."""
    return f"memo:appropriated/{cycle_id}"


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


def charge(project_id: int, amount_minor: int, *, town_fee_minor: int = 0) -> Legs:
    """A backer's card was charged: the provider holds it, the town owes it to the project, less
    what it keeps as its fee.
    """
    return balanced(
        Leg(STRIPE_PENDING, amount_minor),
        Leg(project_pledges(project_id), town_fee_minor - amount_minor),
        *_unless_zero(Leg(TOWN_FEE, -town_fee_minor)),
    )


def fee(amount_minor: int, *, project_id: int = 0, borne_minor: int = 0) -> Legs:
    """The provider kept its fee. The town bears it, or the project what of it is said."""
    return balanced(
        *_unless_zero(Leg(PROCESSOR_FEE, amount_minor - borne_minor)),
        *_unless_zero(Leg(project_pledges(project_id), borne_minor)),
        Leg(STRIPE_PENDING, -amount_minor),
    )


def available(amount_minor: int) -> Legs:
    """The provider released what it kept of a charge after its fee: it can be paid out."""
    return balanced(Leg(STRIPE_AVAILABLE, amount_minor), Leg(STRIPE_PENDING, -amount_minor))


@dataclass(frozen=True)
class Fees:
    """What of a charge's fees goes back with its money; the project gives back the rest.

    The town gives its own fee back. The provider keeps its fee: what the project bore of it, the
    town bears from then on.
    """

    town_minor: int = 0
    provider_minor: int = 0

    @property
    def all_minor(self) -> int:
        """What the project need not give back."""
        return self.town_minor + self.provider_minor


NO_FEES = Fees()


def refund_owed(project_id: int, amount_minor: int, fees: Fees = NO_FEES) -> Legs:
    """A refund was decided: the town owes the backer what it owed the project, and the fees."""
    return balanced(
        *_borne(project_id, amount_minor, fees),
        Leg(REFUNDS_PAYABLE, -amount_minor),
    )


def refund_called_off(project_id: int, amount_minor: int, fees: Fees = NO_FEES) -> Legs:
    """A refund could not be made: the money is the project's again, and the fees are kept."""
    return _opposite(refund_owed(project_id, amount_minor, fees))


def _borne(project_id: int, amount_minor: int, fees: Fees) -> Legs:
    """Who gives money of a charge back: the project, and the town for the fees."""
    return (
        *_unless_zero(Leg(project_pledges(project_id), amount_minor - fees.all_minor)),
        *_unless_zero(Leg(TOWN_FEE, fees.town_minor)),
        *_unless_zero(Leg(PROCESSOR_FEE, fees.provider_minor)),
    )


def _opposite(legs: Legs) -> Legs:
    return tuple(Leg(leg.account, -leg.amount_minor) for leg in legs)


def refund_paid(amount_minor: int) -> Legs:
    """The provider took a refund from what it holds for us and sent it to the backer's card."""
    return balanced(Leg(REFUNDS_PAYABLE, amount_minor), Leg(STRIPE_AVAILABLE, -amount_minor))


def refund_came_back(amount_minor: int) -> Legs:
    """The backer's bank sent a refund back to the provider."""
    return balanced(Leg(STRIPE_AVAILABLE, amount_minor), Leg(REFUNDS_PAYABLE, -amount_minor))


def dispute_opened(
    project_id: int, amount_minor: int, fee_minor: int, fees: Fees = NO_FEES
) -> Legs:
    """A bank took a disputed charge back until it is decided, and the provider a fee for it.

    The fees of the charge go back to the project, so that it bears no more than it got of it.
    """
    return balanced(
        Leg(dispute_hold(project_id), amount_minor),
        Leg(STRIPE_AVAILABLE, -amount_minor - fee_minor),
        *_unless_zero(Leg(DISPUTE_FEE, fee_minor)),
        *_fees_to_project(project_id, fees),
    )


def dispute_won(project_id: int, amount_minor: int, fee_minor: int, fees: Fees = NO_FEES) -> Legs:
    """The bank decided for the project: what was taken comes back, and perhaps the fee."""
    return balanced(
        Leg(STRIPE_AVAILABLE, amount_minor + fee_minor),
        Leg(dispute_hold(project_id), -amount_minor),
        *_unless_zero(Leg(DISPUTE_FEE, -fee_minor)),
        *_opposite(_fees_to_project(project_id, fees)),
    )


def _fees_to_project(project_id: int, fees: Fees) -> Legs:
    return (
        *_unless_zero(Leg(TOWN_FEE, fees.town_minor)),
        *_unless_zero(Leg(PROCESSOR_FEE, fees.provider_minor)),
        *_unless_zero(Leg(project_pledges(project_id), -fees.all_minor)),
    )


def dispute_lost(project_id: int, amount_minor: int, held_minor: int) -> Legs:
    """The bank decided for the payer. The project bears what is still held for it, the town the
    rest.
    """
    borne = max(0, min(amount_minor, held_minor))
    return balanced(
        Leg(dispute_hold(project_id), -amount_minor),
        *_unless_zero(Leg(project_pledges(project_id), borne)),
        *_unless_zero(Leg(CHARGEBACK_LOSS, amount_minor - borne)),
    )


def _unless_zero(leg: Leg) -> Legs:
    return (leg,) if leg.amount_minor else ()


def payout_owed(project_id: int, source: str, amount_minor: int) -> Legs:
    """A payout was approved: what the town owed the project is on its way to be paid."""
    return balanced(
        Leg(project_payable(project_id, source), amount_minor),
        Leg(PAYOUTS_PAYABLE, -amount_minor),
    )


def payout_called_off(project_id: int, source: str, amount_minor: int) -> Legs:
    """A payout could not be made: the town owes it to the project again."""
    return balanced(
        Leg(PAYOUTS_PAYABLE, amount_minor),
        Leg(project_payable(project_id, source), -amount_minor),
    )


def payout_made(amount_minor: int, out_of: str) -> Legs:
    """A payout left: the provider's balance, the town's bank, or into the town's own projects."""
    return balanced(Leg(PAYOUTS_PAYABLE, amount_minor), Leg(out_of, -amount_minor))


def payout_reversed(project_id: int, amount_minor: int) -> Legs:
    """A transfer was taken back: the money is with the provider, and owed to the project, again."""
    return balanced(
        Leg(STRIPE_AVAILABLE, amount_minor), Leg(project_pledges(project_id), -amount_minor)
    )


def withdrawn(amount_minor: int) -> Legs:
    """The provider sent money that it holds for us to the town's own bank."""
    return balanced(Leg(BANK, amount_minor), Leg(STRIPE_AVAILABLE, -amount_minor))


def withdrawal_returned(amount_minor: int) -> Legs:
    """The town's bank did not take it: the provider holds it again."""
    return balanced(Leg(STRIPE_AVAILABLE, amount_minor), Leg(BANK, -amount_minor))


def corrected(by_minor: int) -> Legs:
    """Two people set right what these books say the provider holds; above zero where it is more."""
    return balanced(Leg(STRIPE_AVAILABLE, by_minor), Leg(CORRECTIONS, -by_minor))


def promise(project_id: int, amount_minor: int) -> Legs:
    """A campaign was funded: its backers now owe what they pledged. Not cash."""
    return balanced(Leg(pledged(project_id), amount_minor), Leg(PROMISES, -amount_minor))


def promise_ended(project_id: int, amount_minor: int) -> Legs:
    """A promise was kept (its charge is an entry of its own) or dropped."""
    return balanced(Leg(PROMISES, amount_minor), Leg(pledged(project_id), -amount_minor))


def set_aside(cycle_id: int, amount_minor: int) -> Legs:
    """The town's budget sets an amount aside for a vote, or less of it (below zero)."""
    return balanced(Leg(appropriated(cycle_id), amount_minor), Leg(APPROPRIATIONS, -amount_minor))


def set_aside_used(cycle_id: int, amount_minor: int) -> Legs:
    """What was set aside for a vote is awarded."""
    return set_aside(cycle_id, -amount_minor)


def award(project_id: int, amount_minor: int) -> Legs:
    """Residents gave a project public money by their vote: the town now owes it to the project."""
    return balanced(Leg(VOTED_BUDGET, amount_minor), Leg(project_award(project_id), -amount_minor))
