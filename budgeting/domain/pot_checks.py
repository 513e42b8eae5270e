"""What a bundle says of its pots, looked at: each is there, and counted again as it was opened.

Rules, kind of ballot, money and limits are taken from ``rules``, which the board begins with; what
a pot says of them itself has to be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from budgeting.domain import pabulib
from budgeting.domain.ballots import BallotKind
from budgeting.domain.checks import Check, not_looked_at, same
from budgeting.domain.digest import ballots_digest, election_digest
from budgeting.domain.election import Election
from budgeting.domain.limits import BallotError, BallotLimits, validate_ballot
from budgeting.domain.outcome import digest_of
from budgeting.domain.rules import count
from budgeting.domain.ties import TieOrder, lexicographic, seeded

# Of fewer ballots no rows are published: who knows how some voted could tell the others' votes.
LEAST_BALLOTS = 30

_OPTION = ("id", "cost_minor", "name", "group")

Record = Mapping[str, Any]


def pots_checks(record: Record, names: list[str]) -> Iterator[Check]:
    """That no pot was left out or slipped in, nor a file; ``names`` are those in the bundle."""
    pots = record["pots"]
    opened = sorted(rule[0] for rule in record["rules"]["pots"])
    found = sorted(pot["id"] for pot in pots)
    yield same("the pots are those that were opened, each once", opened, found)
    yield options_check(record)
    known = {"bundle.json", "board.csv"}
    for pot in pots:
        if pot["published_ballots"]:
            known |= {f"pots/{pot['id']}.csv", f"pots/{pot['id']}.pb"}
    more = sorted(set(names) - known) + sorted({name for name in names if names.count(name) > 1})
    yield Check("nothing else is in the file", not more, ", ".join(more) or "nothing")
    # Whoever's ballot counts said something of one pot at least, but for pots void on paper.
    void = sum(record["paper"]["void_pots"].values()) if record["paper"] else 0
    rows = sum(pot["ballots"] for pot in pots)
    name = "pots have at least as many ballots as were counted"
    yield Check(name, rows + void >= record["counted"], str(rows))


def options_check(record: Record) -> Check:
    """That options, costs, names and groups are those that stood on the ballots."""
    name = "options, costs and groups are those that voting began with"
    committed = record["board"].get("options")
    if not committed:
        return not_looked_at(name, "voting began before the board held them")
    return same(name, committed["sha256"], options_digest(record["pots"]))


def options_digest(pots: Sequence[Record]) -> str:
    """SHA-256 of what stood on the ballots; the database computes the same when voting begins.

    Canonical JSON: pots by their ids, each with its name, its money and its options in their order,
    each of these with its id, cost, name and group.
    """
    return digest_of(
        [
            [
                pot["id"], pot["name"], pot["amount_minor"],
                [[each[part] for part in _OPTION] for each in pot["options"]],
            ]
            for pot in sorted(pots, key=lambda pot: int(pot["id"]))
        ]
    )  # fmt: skip


def pot_checks(
    record: Record, pot: Record, election: Callable[[], Election], as_pabulib: str | None
) -> Iterator[Check]:
    """One pot. ``election`` reads it as it was counted, where its ballots are published."""
    name, rules = pot["name"], record["rules"]
    [ruled] = [rule for rule in rules["pots"] if rule[0] == pot["id"]]
    yield same(f"{name}: the money is what was opened", ruled[2], pot["amount_minor"])
    kind = rules["ballot_kind"]
    yield same(f"{name}: ballots are of the kind that was opened", kind, pot["kind"])
    if "increment_minor" in rules:
        step = f"{name}: shares are raised as was opened"
        yield same(step, rules["increment_minor"], pot["increment_minor"])
    yield same(f"{name}: rule", rules["rule"], pot["outcome"]["rule"])
    paper = record["paper"]
    most = record["board"]["size"] - record["board"]["superseded"]
    most += paper["sheets"] if paper else 0
    yield Check(f"{name}: no more ballots than were left", pot["ballots"] <= most, str(most))
    if pot["published_ballots"]:
        yield from _counted_again(record, pot, election(), _limits(ruled, kind))
        if as_pabulib is not None:
            yield _pabulib_check(pot, election(), as_pabulib)
    elif pot["ballots"] < LEAST_BALLOTS:
        yield _winners_fit(pot)
        why = f"{pot['ballots']} ballots, too few to publish: only observers can count them"
        yield not_looked_at(f"{name}: who won", why)
    else:
        enough = f"{name}: ballots are published where there are enough"
        yield Check(enough, holds=False, found=str(pot["ballots"]))


def _winners_fit(pot: Record) -> Check:
    """All that can be told of winners whom nobody can count again."""
    selected = pot["outcome"]["selected"]
    won = [each for each in pot["options"] if each["id"] in selected]
    groups = [each["group"] for each in won if each["group"]]
    holds = (
        len(won) == len(selected)
        and len(set(groups)) == len(groups)
        and sum(each["cost_minor"] for each in won) <= pot["amount_minor"]
    )
    name = f"{pot['name']}: winners are on the ballot, one of a group, and there is money for all"
    return Check(name, holds, ", ".join(selected))


def _counted_again(
    record: Record, pot: Record, election: Election, limits: BallotLimits
) -> Iterator[Check]:
    name, said = pot["name"], pot["outcome"]
    yield same(f"{name}: ballots", pot["ballots"], election.ballots.count)
    fault = _fault(election, limits)
    yield Check(f"{name}: every ballot keeps to the limits", not fault, fault or "all")
    yield same(f"{name}: ballots and options", pot["election_digest"], election_digest(election))
    rules = record["rules"]
    outcome = count(rules["rule"], election, _ties(record, election), **rules["rule_parameters"])
    counted = outcome.to_json()
    yield same(f"{name}: parameters", said["parameters"], counted["parameters"])
    yield same(f"{name}: counted again", pot["outcome_digest"], outcome.digest)
    # How much of it took exact arithmetic may change with the program, and says nothing of it.
    told = {**said, "exact_decisions": outcome.exact_decisions}
    yield Check(f"{name}: rounds", told == counted, str(len(counted["rounds"])))
    yield same(f"{name}: winners", ", ".join(said["selected"]), ", ".join(outcome.selected))


def _limits(ruled: list[Any], kind: str) -> BallotLimits:
    _pot, _place, amount, least, most, *points = ruled
    least_points, most_points, sum_points = points
    return BallotLimits(
        min_choices=least,
        max_choices=most,
        budget_minor=amount if kind == BallotKind.KNAPSACK else None,
        min_points=least_points,
        max_points=most_points,
        max_sum_points=sum_points,
    )


def _fault(election: Election, limits: BallotLimits) -> str:
    """The first line of the ballots that breaks a rule, and which; nothing where none does."""
    ids = [option.id for option in election.options]
    costs = {option.id: option.cost_minor for option in election.options}
    for line, (choices, points, _times) in enumerate(election.ballots.rows(), start=1):
        try:
            chosen = [ids[choice] for choice in choices]
            validate_ballot(election.ballots.kind, chosen, points, costs, limits)
        except BallotError as error:
            return f"line {line}: {error.code}"
    return ""


def _ties(record: Record, election: Election) -> TieOrder:
    if record["rules"]["ties"] == "lexicographic":
        return lexicographic(election.options)
    return seeded(bytes.fromhex(record["tie_seed"]), election.options)


def _pabulib_check(pot: Record, election: Election, text: str) -> Check:
    """That the file in the field's own format has the same money, options, ballots and winners."""
    scale = election.increment_minor
    file = pabulib.read(text.splitlines(keepends=True), places=len(str(scale)) - 1)
    options = [(each.id, each.cost_minor, _plain(each.name or each.id)) for each in file.options]
    said = [(each.id, each.cost_minor, _plain(each.name or each.id)) for each in election.options]
    differ = {
        "money": (file.scale, file.election.budget_minor) != (scale, election.budget_minor),
        "options": options != said,
        "ballots": file.points_scale != 1
        or file.meta.get("num_votes") != str(election.ballots.count)
        or ballots_digest(file.election.ballots) != ballots_digest(election.ballots),
        "winners": set(file.selected_by_city or ()) != set(pot["outcome"]["selected"]),
    }
    wrong = ", ".join(part for part, differs in differ.items() if differs)
    return Check(f"{pot['name']}: the .pb file says the same", not wrong, wrong or "all")


def _plain(name: str) -> str:
    return " ".join(name.split())
