"""Errors in the shape Stripe's API gives them.

https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes
"""

from __future__ import annotations

from civicfund.payments.sandbox.shapes import Obj


class ApiError(Exception):
    """An answer other than 200.

    ``executed`` says that the endpoint had begun its work: only then is the answer kept under
    the idempotency key, and only then is what the endpoint wrote committed.
    https://docs.stripe.com/api/idempotent_requests
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        headers: dict[str, str] | None = None,
        extra: Obj | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        self.headers = headers or {}
        self.error: Obj = {"type": kind, "message": message}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param:
            self.error["param"] = param
        self.error |= extra or {}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """A request that asks for something impossible; nothing was begun."""
    return ApiError(400, "invalid_request_error", message, param=param, code=code)


def missing(kind: str, identifier: str, *, param: str = "id") -> ApiError:
    """No such object: 404 when the address names it, 400 when a parameter does."""
    status = 404 if param == "id" else 400
    return ApiError(
        status,
        "invalid_request_error",
        f"No such {kind}: '{identifier}'",
        code="resource_missing",
        param=param,
    )


def unexpected_state(intent: Obj, message: str) -> ApiError:
    """An act that an intent's status does not allow; the intent comes inside the error.

    https://docs.stripe.com/error-codes#payment-intent-unexpected-state
    """
    kind = intent["object"]
    return ApiError(
        400,
        "invalid_request_error",
        message,
        code=f"{kind}_unexpected_state",
        executed=True,
        extra={kind: intent},
    )


def card_error(error: Obj) -> ApiError:
    """A card was refused: 402, with the intent as it now stands inside the error."""
    fields = {key: value for key, value in error.items() if key not in ("message", "code")}
    return ApiError(
        402, "card_error", error["message"], code=error["code"], executed=True, extra=fields
    )
