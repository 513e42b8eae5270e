"""Being asked to stop by a signal."""

from __future__ import annotations

import os
import select


class StopAsked:
    """Whether somebody asked to stop. Any thread may wait for it, and a signal handler may set it.

    ``threading.Event`` may not be set there: where the signal comes while its thread goes to wait,
    the handler waits for the lock that this very thread holds, for ever.
    """

    def __init__(self) -> None:
        self._asked = False
        heard, said = os.pipe()
        self._heard, self._said = os.fdopen(heard, "rb", 0), os.fdopen(said, "wb", 0)

    def set(self) -> None:
        """Somebody asks; again changes nothing."""
        if not self._asked:
            self._asked = True
            self._said.write(b".")  # never read: whoever waits, now or later, need not

    def is_set(self) -> bool:
        """Whether somebody has asked."""
        return self._asked

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks, for so long at most; whether they have."""
        if not self._asked:
            self._poll(seconds)
        return self._asked

    def _poll(self, seconds: float | None) -> None:
        # ``select`` knows no descriptor beyond 1,023, and a process may have more.
        heard = select.poll()
        heard.register(self._heard, select.POLLIN)
        heard.poll(None if seconds is None else seconds * 1_000)
