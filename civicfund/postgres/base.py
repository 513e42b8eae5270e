"""PostgreSQL as Django speaks to it, but for how a kept connection is looked at."""

from __future__ import annotations

import select
import time
from typing import Any, ClassVar

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

# Whoever has said nothing for so long is asked: a server that lost its power cannot say so.
QUIET_SECONDS = 5
_PLANNED_ONCE = "-c plan_cache_mode=force_generic_plan"


class DatabaseWrapper(base.DatabaseWrapper):
    """Whether a connection still holds is read off its socket, before each request.

    Django asks the server ``SELECT 1`` instead, which is a tenth of what a ballot's page costs.
    """

    # Whether what a connection is told of (civicfund.prepared) is planned once, for any keys. Left
    # alone it is planned anew for those of the first five times, which of most pages takes longer
    # than to answer. So in web processes; a worker goes through whole votes by one question, and
    # may plan it for each.
    plans_once: ClassVar[bool] = False
    _looked_at = 0.0
    # The names of the questions that this connection's server was told of: civicfund.prepared.
    told: set[str]

    def get_connection_params(self) -> dict[str, Any]:
        """What the server is told as a connection begins."""
        params: dict[str, Any] = super().get_connection_params()
        if self.plans_once:
            params["options"] = f"{params.get('options', '')} {_PLANNED_ONCE}"
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A new one, which has been told of nothing."""
        self.told = set()
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the server is still there.

        One that went away has closed its end, and that can be read; an idle server says nothing.
        Where it has said something, was not looked at for a while, or is within a transaction,
        which may have failed, it is asked, as Django does.
        """
        if self.connection is None or self.connection.closed:
            return False
        before, self._looked_at = self._looked_at, time.monotonic()
        socket = select.poll()
        socket.register(self.connection.fileno(), select.POLLIN)
        is_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and self._looked_at - before < QUIET_SECONDS and not socket.poll(0):
            return True
        return bool(super().is_usable())
