"""People who only read: `python -m civicfund.town.bench.readers SITE PER_SECOND SECONDS PAGE…`.

A process of its own, without the framework. Loopback only; it ends by itself.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading

from civicfund.town.bench.measure import Load, loopback, steady_load

AT_ONCE = 32
TIMEOUT_SECONDS = 30


def read_pages(site: str, pages: list[str], *, per_second: float, seconds: float) -> Load:
    """Pages in turn, over connections that are kept. Anything but 200 is an error."""
    host, port = loopback(site)
    mine = threading.local()

    def read(turn: int) -> None:
        if not hasattr(mine, "connection"):
            mine.connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        try:
            mine.connection.request("GET", pages[turn % len(pages)])
            answer = mine.connection.getresponse()
            answer.read()
        except OSError:
            mine.connection.close()
            raise
        if answer.status != http.client.OK:
            raise RuntimeError(f"{pages[turn % len(pages)]}: {answer.status}")

    return steady_load(read, per_second=per_second, seconds=seconds, at_once=AT_ONCE)


if __name__ == "__main__":
    site, rate, seconds, *pages = sys.argv[1:]
    load = read_pages(site, pages, per_second=float(rate), seconds=float(seconds))
    sys.stdout.write(json.dumps(load.as_dict()))
