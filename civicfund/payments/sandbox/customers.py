"""Customers: https://docs.stripe.com/api/customers"""

from __future__ import annotations

from stripe.params import (
    CustomerCreateParams,
    CustomerDeleteParams,
    CustomerListParams,
    CustomerRetrieveParams,
    CustomerUpdateParams,
)

from civicfund.payments.sandbox.errors import missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.lookups import existing_customer
from civicfund.payments.sandbox.metadata import merge_metadata
from civicfund.payments.sandbox.payment_methods import detach_from_customer
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import new_id

TEXTS = ("description", "email", "name", "phone")
EDITABLE = "address description email metadata name phone preferred_locales shipping"


@endpoint("POST", "/v1/customers", CustomerCreateParams, EDITABLE)
def create(call: Call) -> Obj:
    """A new customer."""
    customer: Obj = {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.tx.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_settings": {"default_payment_method": None},
        "livemode": False,
        "metadata": {},
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
    } | dict.fromkeys(TEXTS)
    _fill(customer, call.params)
    call.tx.emit("customer.created", customer)
    return call.tx.add("customer", customer)


@endpoint("GET", "/v1/customers/{customer}", CustomerRetrieveParams)
def retrieve(call: Call) -> Obj:
    """One customer; of a deleted one, only that it is deleted."""
    customer = call.tx.find("customer", call.ids["customer"])
    if customer is None:
        raise missing("customer", call.ids["customer"])
    return customer


@endpoint("POST", "/v1/customers/{customer}", CustomerUpdateParams, EDITABLE)
def update(call: Call) -> Obj:
    """Change what is given, leave the rest."""
    existing_customer(call.tx, call.ids["customer"], param="id")
    customer = call.tx.edit("customer", call.ids["customer"])
    _fill(customer, call.params)
    call.tx.emit("customer.updated", customer)
    return customer


@endpoint("DELETE", "/v1/customers/{customer}", CustomerDeleteParams)
def delete(call: Call) -> Obj:
    """Forget a customer and every card it held; its charges stay."""
    customer = existing_customer(call.tx, call.ids["customer"], param="id")
    for method in list(call.tx.newest_first("payment_method")):
        if method["customer"] == customer["id"]:
            detach_from_customer(call.tx, method["id"])
    call.tx.emit("customer.deleted", customer)
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    return call.tx.add("customer", stub)


@endpoint(
    "GET", "/v1/customers", CustomerListParams, "created email ending_before limit starting_after"
)
def list_customers(call: Call) -> Obj:
    """Customers, newest first."""
    email = call.params.get("email")
    found = (
        customer
        for customer in call.tx.newest_first("customer")
        if not customer.get("deleted") and (email is None or customer["email"] == email)
    )
    return page(found, call.params, "/v1/customers")


def _fill(customer: Obj, params: Obj) -> None:
    for name, value in params.items():
        if name == "metadata":
            merge_metadata(customer, value)
        elif name != "expand":
            customer[name] = value if value != "" else None
