"""The pages a person sees: the overview, the card fields, the issuer's page."""

from __future__ import annotations

from civicfund.payments.sandbox.engine import Engine, Request, Response
from civicfund.payments.sandbox.webhooks import Deliverer


class Pages:
    """Pages and the scripts that belong to them."""

    def __init__(self, engine: Engine, deliverer: Deliverer) -> None:
        self.engine = engine
        self.deliverer = deliverer

    def handle(self, request: Request) -> Response:
        """The page at this address."""
        return Response(404, b"There is no such page.", content_type="text/plain")
