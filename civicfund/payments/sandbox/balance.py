"""Balance transactions and the balance they add up to.

https://docs.stripe.com/api/balance_transactions and https://docs.stripe.com/api/balance
"""

from __future__ import annotations

from collections import defaultdict

from stripe.params import (
    BalanceRetrieveParams,
    BalanceTransactionListParams,
    BalanceTransactionRetrieveParams,
)

from civicfund.payments.sandbox.errors import missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "balance_transaction"
DAY = 86_400
PENDING_DAYS = (
    2  # https://docs.stripe.com/payouts: card money is held for days before it is available
)
# Stripe's standard prices per currency: thousandths of the amount, and a fixed part in minor
# units. https://stripe.com/pricing
PRICES = {"usd": (29, 30), "cad": (29, 30), "eur": (15, 25), "gbp": (15, 20), "chf": (29, 30)}
REPORTING = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "transfer": "transfer",
    "transfer_refund": "transfer_reversal",
    "payment": "charge",
    "payment_refund": "refund",
    "payout": "payout",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "adjustment": "dispute",
}


def fee_minor(amount_minor: int, currency: str) -> int:
    """What Stripe keeps of a charge, rounded half up to the minor unit."""
    thousandths, fixed_minor = PRICES.get(currency, (29, 0))
    return (amount_minor * thousandths + 500) // 1000 + fixed_minor


def post(
    tx: Transaction,
    kind: str,
    amount_minor: int,
    currency: str,
    source: str,
    *,
    fee: int = 0,
    pending_days: int = 0,
    description: str | None = None,
    account: str | None = None,
) -> Obj:
    """One line on the balance of the platform, or of a connected account."""
    details = {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}
    return tx.add(
        KIND,
        {
            "id": new_id("txn"),
            "object": KIND,
            "amount": amount_minor,
            "available_on": tx.now + pending_days * DAY,
            "balance_type": "payments",
            "created": tx.now,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details | {"description": "Processing fee"}] if fee else [],
            "net": amount_minor - fee,
            "reporting_category": REPORTING[kind],
            "source": source,
            "type": kind,
            "_account": account,
            "_payout": None,
        },
    )


def with_status(tx: Transaction, line: Obj) -> Obj:
    """The line with its status, which is a matter of the time only."""
    return line | {"status": "available" if line["available_on"] <= tx.now else "pending"}


def totals(tx: Transaction, account: str | None = None) -> dict[str, dict[str, int]]:
    """Minor units by ``available`` / ``pending`` and currency."""
    sums: dict[str, dict[str, int]] = {"available": defaultdict(int), "pending": defaultdict(int)}
    for line in tx.newest_first(KIND):
        if line["_account"] == account:
            sums[with_status(tx, line)["status"]][line["currency"]] += line["net"]
    return sums


@endpoint("GET", "/v1/balance", BalanceRetrieveParams, connect=True)
def retrieve_balance(call: Call) -> Obj:
    """What can be paid out now, and what still has to become available."""
    sums = totals(call.tx, call.account)
    currencies = sorted({*sums["available"], *sums["pending"]})
    body: Obj = {"object": "balance", "livemode": False}
    for part in ("available", "pending"):
        body[part] = [
            {"amount": sums[part][c], "currency": c, "source_types": {"card": sums[part][c]}}
            for c in currencies
        ]
    return body


@endpoint("GET", "/v1/balance_transactions/{line}", BalanceTransactionRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One line."""
    line = call.tx.find(KIND, call.ids["line"])
    if line is None:
        raise missing("balance transaction", call.ids["line"])
    return with_status(call.tx, line)


@endpoint(
    "GET",
    "/v1/balance_transactions",
    BalanceTransactionListParams,
    "created currency ending_before limit payout source starting_after type",
    connect=True,
)
def list_lines(call: Call) -> Obj:
    """Lines, newest first."""
    keys = {"currency": "currency", "source": "source", "type": "type", "payout": "_payout"}
    wanted = {keys[name]: value for name, value in call.params.items() if name in keys}
    found = (
        with_status(call.tx, line)
        for line in call.tx.newest_first(KIND)
        if line["_account"] == call.account and all(line[k] == v for k, v in wanted.items())
    )
    return page(found, call.params, "/v1/balance_transactions")
