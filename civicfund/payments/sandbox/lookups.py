"""Find what a request names, or say that there is no such thing."""

from __future__ import annotations

from civicfund.payments.sandbox.errors import missing
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction


def existing_customer(tx: Transaction, identifier: str, *, param: str = "customer") -> Obj:
    """The customer, if it exists and is not deleted."""
    customer = tx.find("customer", identifier)
    if customer is None or customer.get("deleted"):
        raise missing("customer", identifier, param=param)
    return customer
