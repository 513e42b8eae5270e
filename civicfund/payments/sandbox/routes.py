"""Which function answers which method and path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from civicfund.payments.sandbox.errors import ApiError, invalid
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Transaction


@dataclass
class Call:
    """One request, its parameters checked, on its way to an endpoint."""

    tx: Transaction
    params: Obj
    ids: dict[str, str] = field(default_factory=dict)
    path: str = ""
    browser: bool = False
    origin: str = ""
    account: str | None = None


Handler = Callable[[Call], Obj]


@dataclass(frozen=True)
class Endpoint:
    """One method and path. ``models`` are the parameters that the sandbox gives a meaning to."""

    method: str
    path: str
    params: type
    models: frozenset[str]
    browser: bool
    connect: bool
    untyped: tuple[str, ...]
    handler: Handler

    @property
    def name(self) -> str:
        """What the rate limit counts by: one method of one path."""
        return f"{self.method} {self.path}"


# By method and number of path segments: each template's segments with its endpoint.
BY_SHAPE: dict[tuple[str, int], list[tuple[list[str], Endpoint]]] = {}


def endpoint(
    method: str,
    path: str,
    params: type,
    models: str = "",
    *,
    browser: bool = False,
    connect: bool = False,
    untyped: str = "",
) -> Callable[[Handler], Handler]:
    """Answer ``method path`` with the decorated function.

    ``browser`` lets a page with the publishable key and the object's client secret call it;
    ``connect`` lets it be called on behalf of a connected account; ``untyped`` are parameters that
    Stripe documents and the SDK's types lack.
    """

    def register(handler: Handler) -> Handler:
        known = frozenset(models.split()) | {"expand"}
        lacking = tuple(untyped.split())
        template = path.strip("/").split("/")
        made = Endpoint(method, path, params, known, browser, connect, lacking, handler)
        BY_SHAPE.setdefault((method, len(template)), []).append((template, made))
        return handler

    return register


def resolve(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint for this path and the ids that the path carries."""
    parts = path.strip("/").split("/")
    for template, candidate in BY_SHAPE.get((method, len(parts)), []):
        ids = _match(template, parts)
        if ids is not None:
            return candidate, ids
    raise ApiError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def _match(template: list[str], parts: list[str]) -> dict[str, str] | None:
    ids = {}
    for wanted, given in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            ids[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return ids


def refuse_unmodelled(endpoint: Endpoint, params: Obj) -> None:
    """Say so, rather than ignore a parameter that Stripe would act on and the sandbox does not."""
    for name in params:
        if name not in endpoint.models:
            raise invalid(
                f"The sandbox does not model the parameter {name} of {endpoint.name}.",
                param=name,
                code="sandbox_does_not_model",
            )
