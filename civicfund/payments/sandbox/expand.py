"""Objects put in place of their ids: https://docs.stripe.com/api/expanding_objects"""

from __future__ import annotations

from civicfund.payments.sandbox.balance import with_status
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import Transaction

# Which property holds the id of which kind of object.
EXPANDABLE = {
    "balance_transaction": ("balance_transaction",),
    "charge": ("charge",),
    "customer": ("customer",),
    "destination_payment": ("charge",),
    "latest_charge": ("charge",),
    "payment_intent": ("payment_intent",),
    "payment_method": ("payment_method",),
    "refund": ("refund",),
    "source": ("charge", "refund", "transfer", "payout", "dispute", "transfer_reversal"),
    "source_transaction": ("charge",),
    "transfer": ("transfer",),
    "transfer_reversal": ("transfer_reversal",),
    "default_payment_method": ("payment_method",),
    "failure_balance_transaction": ("balance_transaction",),
}
MAX_DEPTH = 4


def expand(tx: Transaction, body: Obj, paths: list[str]) -> None:
    """Put whole objects in place of the ids that these paths name."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_DEPTH:
            raise invalid(f"Expansion goes at most {MAX_DEPTH} levels deep: {path}", param="expand")
        _expand_one(tx, body, parts, path)


def _expand_one(tx: Transaction, node: Obj, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    if name not in node or (name != "data" and name not in EXPANDABLE):
        raise _not_expandable(path)
    if name == "data":
        for item in node["data"]:
            if rest:
                _expand_one(tx, item, rest, path)
        return
    if isinstance(node[name], str):
        node[name] = _whole(tx, name, node[name])
    if rest and isinstance(node[name], dict):
        _expand_one(tx, node[name], rest, path)


def _whole(tx: Transaction, name: str, identifier: str) -> Obj:
    for kind in EXPANDABLE[name]:
        found = tx.find(kind, identifier)
        if found is not None:
            return shown(with_status(tx, found) if kind == "balance_transaction" else found)
    raise missing(name, identifier)


def _not_expandable(path: str) -> ApiError:
    return invalid(f"This property cannot be expanded ({path}).", param="expand")
