"""How the site is served: the same here, in measurements and in production."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from civicfund.launch.ports import HOST

# Each worker process listens for itself, and the kernel deals connections out. With one shared
# socket a worker that is awake takes them all, and keeps those that are kept alive. Elsewhere than
# on Linux the option means something else.
_LISTEN_APART = ("--reuse-port",) if sys.platform == "linux" else ()


def gunicorn(
    python: str, port: int, *more: str, application: str = "civicfund.wsgi:application"
) -> Sequence[str]:
    """The command that serves the site on a port of loopback.

    The site is loaded once, and its processes are copies: one that has to be replaced is there
    at once.
    """
    return (
        python, "-m", "gunicorn", application, "--bind", f"{HOST}:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket",
        "--preload",
        *_LISTEN_APART, *more,
    )  # fmt: skip
