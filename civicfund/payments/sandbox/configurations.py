"""Payment method configurations: https://docs.stripe.com/api/payment_method_configurations

The account has one, with cards only, as a platform has that charges cards off-session.
"""

from __future__ import annotations

from stripe.params import (
    PaymentMethodConfigurationListParams,
    PaymentMethodConfigurationRetrieveParams,
)

from civicfund.payments.sandbox.errors import missing
from civicfund.payments.sandbox.lists import page
from civicfund.payments.sandbox.routes import Call, endpoint
from civicfund.payments.sandbox.shapes import Obj

ON: Obj = {"available": True, "display_preference": {"preference": "on", "value": "on"}}
CARDS_ONLY: Obj = {
    "id": "pmc_civicfund_sandbox",
    "object": "payment_method_configuration",
    "active": True,
    "application": None,
    "card": ON,
    "created": 0,
    "is_default": True,
    "livemode": False,
    "name": "Cards only",
    "parent": None,
}


@endpoint("GET", "/v1/payment_method_configurations/{id}", PaymentMethodConfigurationRetrieveParams)
def retrieve(call: Call) -> Obj:
    """The one configuration."""
    check_configuration(call.ids["id"], param="id")
    return CARDS_ONLY


@endpoint(
    "GET",
    "/v1/payment_method_configurations",
    PaymentMethodConfigurationListParams,
    "active ending_before limit starting_after",
)
def list_configurations(call: Call) -> Obj:
    """The one configuration, in a list."""
    found = [CARDS_ONLY] if call.params.get("active", True) else []
    return page(found, call.params, "/v1/payment_method_configurations")


def check_configuration(identifier: str, *, param: str = "payment_method_configuration") -> None:
    """Refuse a configuration that the account does not have."""
    if identifier != CARDS_ONLY["id"]:
        raise missing("payment_method_configuration", identifier, param=param)


def details(params: Obj) -> Obj | None:
    """What an intent tells of its configuration."""
    if "payment_method_configuration" not in params:
        return None
    check_configuration(params["payment_method_configuration"])
    return {"id": CARDS_ONLY["id"], "parent": None}
