"""What can be said about an option, one English sentence per code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

Value = int | str | Fraction | tuple[str, ...]

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "costless": "It costs nothing and {support} voters support it, so it was funded first.",
        "dearer_than_budget": "It costs {cost_minor}; the whole budget is {budget_minor}.",
        "no_supporters": "No voter supports it.",
        "too_few_supporters": "Voters who support it: {support}. Needed: {least} or more.",
        "group_taken": "Only one of its group can be funded, and {winner} came before it.",
        "votes_won": (
            "It got {score} votes and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}."
        ),
        "votes_won_tie": (
            "It got {score} votes and came in place {place} of {options}: tied with {tied_with},"
            " it was put first by the published order of ties. {remaining_minor} was left and it"
            " costs {cost_minor}."
        ),
        "votes_did_not_fit": (
            "It got {score} votes and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}: {short_minor} too much."
        ),
        "votes_did_not_fit_others_did": (
            "It got {score} votes and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}: {short_minor} too much."
            " Of those behind it, this still fitted: {fitted}."
        ),
        "votes_after_stop": (
            "It got {score} votes and came in place {place} of {options}. Funding had ended"
            " before its turn, at {stopped_at}, which did not fit."
        ),
        "votes_below_threshold": "Votes: {score}. Needed: {threshold} or more.",
        "points_won": (
            "It got {score} points and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}."
        ),
        "points_won_tie": (
            "It got {score} points and came in place {place} of {options}: tied with {tied_with},"
            " it was put first by the published order of ties. {remaining_minor} was left and it"
            " costs {cost_minor}."
        ),
        "points_did_not_fit": (
            "It got {score} points and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}: {short_minor} too much."
        ),
        "points_did_not_fit_others_did": (
            "It got {score} points and came in place {place} of {options}. When its turn came,"
            " {remaining_minor} was left and it costs {cost_minor}: {short_minor} too much."
            " Of those behind it, this still fitted: {fitted}."
        ),
        "points_after_stop": (
            "It got {score} points and came in place {place} of {options}. Funding had ended"
            " before its turn, at {stopped_at}, which did not fit."
        ),
        "points_below_threshold": "Points: {score}. Needed: {threshold} or more.",
        "shares_won": (
            "{support} voters support it. {paid_in_full} of them paid {price_minor} each, and"
            " {paid_in_part} paid less: all they had left."
        ),
        "shares_won_evenly": (
            "{support} voters support it, and {paid_in_full} paid {price_minor} each."
        ),
        "shares_points_won": (
            "{support} voters support it. {paid_in_full} of them paid {price_minor} for each point"
            " they gave it, and {paid_in_part} paid less: all they had left."
        ),
        "shares_too_few": (
            "Its {support} supporters began with {endowment_minor} each, {initial_minor} together."
            " It costs {cost_minor}: too few supporters for its cost."
        ),
        "shares_money_gone": (
            "Its {support} supporters began with {initial_minor} together and paid for others that"
            " they support too, most of it for {went_to}. In the end {could_pay} of them had"
            " {left_minor} left together, and it costs {cost_minor}. When it came closest, they"
            " would have given {effective} percent of its cost at the price of the winner."
        ),
        "would_win_at_cost": "If it had cost {cost_minor}, it would have won.",
        "would_win_at_cost_least": "At a cost of {cost_minor} or less it would have won.",
        "would_win_with": (
            "Had more people voted, for it alone, it would have won with this many: {supporters}."
        ),
        "would_win_with_least": (
            "Had more people voted, for it alone, it would have won with {supporters}, and with no"
            " fewer."
        ),
        "would_win_with_points": (
            "Had more people voted, each giving it {points} points and nothing to others, it would"
            " have won with this many: {supporters}."
        ),
        "would_win_with_points_least": (
            "Had more people voted, each giving it {points} points and nothing to others, it would"
            " have won with {supporters}, and with no fewer."
        ),
        "completion_won": (
            "Its supporters could not pay for it alone. What was left over went by support: it"
            " came in place {place} with {score}, {remaining_minor} was left and it costs"
            " {cost_minor}."
        ),
        "phragmen_won": (
            "Its {support} supporters were the next who could pay for it together, once every"
            " voter had been given {load_minor}."
        ),
        "phragmen_won_tie": (
            "Its {support} supporters could pay for it together once every voter had been given"
            " {load_minor}: at the same moment as for {tied_with}, and the published order of ties"
            " put it first."
        ),
        "phragmen_did_not_fit": (
            "Its {support} supporters were the next who could pay for it together, but only"
            " {remaining_minor} was left and it costs {cost_minor}. The count ended there."
        ),
        "phragmen_ended": (
            "The count ended at {stopped_at}, which was due and did not fit. Its own {support}"
            " supporters could not pay for it before that."
        ),
        "phragmen_unsupported_won": "No voter supports it, but all that is supported was funded.",
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of ``SENTENCES`` and the figures for its placeholders.

    A value whose name ends in ``_minor`` is money in minor units, exact, so perhaps a fraction.
    Names of options are their ids.
    """

    code: str
    values: Mapping[str, Value]

    def sentence(self, scale: int = 1) -> str:
        """The English sentence with plain figures, ``scale`` minor units to one unit of money."""
        shown = {
            name: _money(v, scale) if name.endswith("_minor") else _show(v)
            for name, v in self.values.items()
        }
        return SENTENCES[self.code].format(**shown)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a fraction is the string "n/d"."""
        return {"code": self.code, "values": {name: _plain(v) for name, v in self.values.items()}}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Reason:
        """The reason that ``to_json`` wrote."""
        return cls(record["code"], {name: _value(n) for name, n in record["values"].items()})


def _money(value: Value, scale: int) -> str:
    """Rounded to hundredths of a unit, or to what the scale needs if that is finer."""
    amount = Fraction(value) / scale  # type: ignore[arg-type]  # names in _minor hold numbers
    places = max(2, len(str(scale)) - 1)
    rounded = round(amount * 10**places)
    whole, rest = divmod(rounded, 10**places)
    return f"{whole}.{rest:0{places}d}" if rest else str(whole)


def _show(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _plain(value: Value) -> int | str | list[str] | dict[str, str]:
    if isinstance(value, Fraction):
        return {"fraction": f"{value.numerator}/{value.denominator}"}
    return list(value) if isinstance(value, tuple) else value


def _value(value: int | str | list[str] | dict[str, str]) -> Value:
    if isinstance(value, dict):
        return Fraction(value["fraction"])
    return tuple(value) if isinstance(value, list) else value
