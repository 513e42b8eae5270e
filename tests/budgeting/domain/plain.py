"""Equal shares and Phragmen as their definitions say, in fractions, one voter at a time.

Slow on purpose: nothing here is shared with the code it is compared with.
"""

from __future__ import annotations

from fractions import Fraction

from budgeting.domain.election import Election

Voter = dict[int, int]


def voters_of(counted: Election) -> list[Voter]:
    """Every voter's utility per option; ballots that stand for several are written out."""
    voters = []
    for choices, points, weight in counted.ballots.rows():
        utility = dict(zip(choices, points or [1] * len(choices), strict=True))
        voters += [{option: worth for option, worth in utility.items() if worth}] * weight
    return voters


def price_of(cost: int, option: int, voters: list[Voter], money: list[Fraction]) -> Fraction | None:
    """The price per utility at which the supporters pay ``cost`` together, None if they cannot."""
    asked = sorted((money[v] / u[option], v) for v, u in enumerate(voters) if option in u)
    if sum(money[v] for _, v in asked) < cost:
        return None
    paid = Fraction(0)
    for place, (most, _) in enumerate(asked):
        price = (cost - paid) / sum(voters[v][option] for _, v in asked[place:])
        if price <= most:
            return price
        paid += money[asked[place][1]]
    raise AssertionError("somebody can pay")


def shares(counted: Election, endowment: Fraction, *, cost_utility: bool) -> list[str]:
    """The ids that equal shares selects, in order; ties by id."""
    voters = voters_of(counted)
    money = [endowment] * len(voters)
    options, groups, selected = counted.options, set(), []
    while True:
        offers = []
        for option, each in enumerate(options):
            if each.id in selected or each.group in groups or not each.cost_minor:
                continue
            if not any(option in voter for voter in voters):
                continue
            price = price_of(each.cost_minor, option, voters, money)
            if price is not None:
                rho = price / each.cost_minor if cost_utility else price
                offers.append((rho, each.id, option, price))
        if not offers:
            return selected
        _, option_id, option, price = min(offers)
        selected.append(option_id)
        groups |= {options[option].group} - {None}
        for place, voter in enumerate(voters):
            if option in voter:
                money[place] -= min(money[place], price * voter[option])


def add1(counted: Election, *, cost_utility: bool, until_exhaustive: bool) -> list[str]:
    """Add1 one step at a time, from the exact share of the budget."""
    costs = {option.id: option for option in counted.options}
    supported = {option for voter in voters_of(counted) for option in voter}
    endowment = Fraction(counted.budget_minor, counted.ballots.count)
    kept: list[str] | None = None
    while True:
        selected = shares(counted, endowment, cost_utility=cost_utility)
        spent = sum(costs[each].cost_minor for each in selected)
        if kept is not None and spent > counted.budget_minor:
            return kept
        kept, endowment = selected, endowment + counted.increment_minor
        groups = {costs[each].group for each in selected} - {None}
        unsold = [
            option.cost_minor
            for place, option in enumerate(counted.options)
            if place in supported and option.id not in selected and option.group not in groups
        ]
        if not unsold or (until_exhaustive and min(unsold) + spent > counted.budget_minor):
            return kept
