"""Connected accounts that receive transfers: the recipient part of Accounts v2.

https://docs.stripe.com/connect/accounts-v2 and https://docs.stripe.com/api/v2/core/accounts
"""

from __future__ import annotations

from stripe.params.v2.core import (
    AccountCloseParams,
    AccountCreateParams,
    AccountLinkCreateParams,
    AccountRetrieveParams,
    AccountUpdateParams,
)

from civicfund.payments.sandbox.errors import invalid, missing
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj, clone, iso
from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "v2.core.account"
LINK = "_onboarding"
LINK_SECONDS = 300  # https://docs.stripe.com/api/v2/core/account-links: a link lives for minutes
FIELDS = (
    "configuration contact_email contact_phone dashboard defaults display_name identity include "
    "metadata"
)
# Only what `include` names is in an answer: https://docs.stripe.com/api-v2-overview
ON_DEMAND = ("defaults", "future_requirements", "identity", "requirements")
STATUSES = ("active", "pending", "restricted", "unsupported")


@endpoint("POST", "/v2/core/accounts", AccountCreateParams, FIELDS)
def create(call: Call) -> Obj:
    """A new account. What it may do begins restricted, until its owner is onboarded."""
    given = call.params
    _check_configuration(given.get("configuration", {}))
    account: Obj = {
        "id": new_id("acct", 16),
        "object": KIND,
        "applied_configurations": sorted(given.get("configuration", {})),
        "closed": False,
        "configuration": {"recipient": None},
        "contact_email": given.get("contact_email"),
        "contact_phone": given.get("contact_phone"),
        "created": iso(call.tx.now),
        "dashboard": given.get("dashboard"),
        "defaults": given.get("defaults"),
        "display_name": given.get("display_name"),
        "future_requirements": None,
        "identity": given.get("identity"),
        "livemode": False,
        "metadata": {},
        "requirements": {"entries": []},
    }
    merge_metadata(account, given.get("metadata", {}))
    if "recipient" in given.get("configuration", {}):
        account["configuration"]["recipient"] = _recipient("restricted")
    call.tx.add(KIND, account)
    _tell(call.tx, account, ".created")
    return _included(account, given)


@endpoint("GET", "/v2/core/accounts/{account}", AccountRetrieveParams, "include")
def retrieve(call: Call) -> Obj:
    """One account, with the parts that ``include`` names."""
    return _included(_existing(call.tx, call.ids["account"]), call.params)


@endpoint("POST", "/v2/core/accounts/{account}", AccountUpdateParams, FIELDS)
def update(call: Call) -> Obj:
    """Change what is given."""
    _existing(call.tx, call.ids["account"])
    given = call.params
    _check_configuration(given.get("configuration", {}))
    account = call.tx.edit(KIND, call.ids["account"])
    for name in ("contact_email", "contact_phone", "dashboard", "display_name"):
        account[name] = given.get(name, account[name])
    merge_metadata(account, given.get("metadata", {}))
    _tell(call.tx, account, ".updated")
    for name in ("defaults", "identity"):
        if name in given:
            account[name] = (account[name] or {}) | given[name]
            _tell(call.tx, account, f"[{name}].updated")
    if "recipient" in given.get("configuration", {}) and not account["configuration"]["recipient"]:
        account["configuration"]["recipient"] = _recipient("restricted")
        account["applied_configurations"] = ["recipient"]
        _tell(call.tx, account, "[configuration.recipient].updated")
    return _included(account, given)


@endpoint("POST", "/v2/core/accounts/{account}/close", AccountCloseParams, "applied_configurations")
def close(call: Call) -> Obj:
    """Close it: no transfer reaches it any more."""
    _existing(call.tx, call.ids["account"])
    account = call.tx.edit(KIND, call.ids["account"])
    account["closed"] = True
    _tell(call.tx, account, ".closed")
    set_status(call.tx, account["id"], "restricted")
    return _included(account, {})


@endpoint("POST", "/v2/core/account_links", AccountLinkCreateParams, "account use_case")
def create_link(call: Call) -> Obj:
    """A page on which the account's owner is onboarded; it serves once, for a few minutes."""
    account = _existing(call.tx, call.params["account"])
    use_case = call.params["use_case"]
    flow = use_case.get(use_case["type"])
    if flow is None:
        raise invalid(f"use_case[{use_case['type']}] is missing.", param="use_case")
    link = {
        "id": new_id("onb", 40),
        "account": account["id"],
        "expires": call.tx.now + LINK_SECONDS,
        "return_url": flow.get("return_url"),
        "refresh_url": flow["refresh_url"],
    }
    call.tx.add(LINK, link)
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": iso(call.tx.now),
        "expires_at": iso(call.tx.now + LINK_SECONDS),
        "livemode": False,
        "url": f"{call.origin}/onboarding/{link['id']}",
        "use_case": use_case,
    }


def takes_transfers(account: Obj) -> bool:
    """Whether transfers may be sent to this account now."""
    recipient = account["configuration"]["recipient"]
    if account["closed"] or recipient is None:
        return False
    status = recipient["capabilities"]["stripe_balance"]["stripe_transfers"]["status"]
    return bool(status == "active")


def set_status(tx: Transaction, identifier: str, status: str) -> Obj:
    """Let Stripe think otherwise of an account's transfers capability."""
    if status not in STATUSES:
        raise invalid(f"A capability is one of {', '.join(STATUSES)}.", param="status")
    _existing(tx, identifier)
    account = tx.edit(KIND, identifier)
    if account["configuration"]["recipient"] is None:
        raise invalid("This account has no recipient configuration.", param="account")
    before = account["configuration"]["recipient"]
    account["configuration"]["recipient"] = after = _recipient(status)
    _tell_of_capabilities(tx, account, before, after)
    tx.emit("account.updated", _as_v1(account), account=identifier)
    return account


def _tell_of_capabilities(tx: Transaction, account: Obj, before: Obj, after: Obj) -> None:
    """One event for each capability that has another status, and one where what is owed differs."""
    was, now = (side["capabilities"]["stripe_balance"] for side in (before, after))
    for name in now:
        if was[name]["status"] != now[name]["status"]:
            data = {"updated_capability": f"stripe_balance.{name}"}
            kind = "[configuration.recipient].capability_status_updated"
            _tell(tx, account, kind, data=data)
    if was["stripe_transfers"]["status_details"] != now["stripe_transfers"]["status_details"]:
        _tell(tx, account, "[requirements].updated")


def _tell(tx: Transaction, account: Obj, kind: str, *, data: Obj | None = None) -> None:
    """https://docs.stripe.com/api/v2/core/accounts/event-types"""
    url = f"/v2/core/accounts/{account['id']}"
    tx.emit_thin(f"{KIND}{kind}", {"id": account["id"], "type": KIND, "url": url}, data=data)


def _recipient(status: str) -> Obj:
    detail = {"code": "requirements_past_due", "resolution": "provide_info"}
    state = {"status": status, "status_details": [] if status == "active" else [detail]}
    balance = {"payouts": clone(state), "stripe_transfers": clone(state)}
    return {"applied": True, "capabilities": {"stripe_balance": balance}}


def _as_v1(account: Obj) -> Obj:
    """The same account as the events of API v1 show it: https://docs.stripe.com/api/accounts"""
    active = takes_transfers(account)
    return {
        "id": account["id"],
        "object": "account",
        "capabilities": {"transfers": "active" if active else "inactive"},
        "charges_enabled": False,
        "details_submitted": active,
        "email": account["contact_email"],
        "metadata": clone(account["metadata"]),
        "payouts_enabled": active,
        "type": "none",
    }


def _included(account: Obj, params: Obj) -> Obj:
    include = params.get("include", [])
    body = account | {name: None for name in ON_DEMAND if name not in include}
    wanted = [name.split(".")[1] for name in include if name.startswith("configuration.")]
    parts = {name: account["configuration"].get(name) for name in wanted}
    return body | {"configuration": parts or None}


def _check_configuration(configuration: Obj) -> None:
    for name in configuration:
        if name != "recipient":
            raise invalid(
                f"The sandbox does not model the configuration {name}.",
                param="configuration",
                code="sandbox_does_not_model",
            )


def _existing(tx: Transaction, identifier: str) -> Obj:
    account = tx.find(KIND, identifier)
    if account is None:
        raise missing("account", identifier)
    return account
