"""Staying under the provider's rate limits, however many processes of ours ask it.

A window that slides with every request, kept in Redis and read by Redis's clock: one for each
endpoint, one for all of them. https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# A little more than the provider's second, since requests that leave us apart may arrive together.
WINDOW_MS = 1_100
# Rather than wait longer than this a caller is told, and comes back by a sweep.
LONGEST_WAIT_SECONDS = 15.0

# 0 where every window had room, and the request is counted in all; else the milliseconds to wait.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window = tonumber(ARGV[1])
local wait = 0
for i = 1, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - window)
    local most = tonumber(ARGV[i + 2])
    local too_many = redis.call('ZCARD', KEYS[i]) - most
    if most > 0 and too_many >= 0 then
        -- There is room once this one has left; others may be allowed more, and stand before it.
        local leaving = redis.call('ZRANGE', KEYS[i], too_many, too_many, 'WITHSCORES')[2]
        wait = math.max(wait, leaving + window - now + 1)
    end
end
if wait > 0 then
    return wait
end
for i = 1, #KEYS do
    redis.call('ZADD', KEYS[i], now, ARGV[2])
    redis.call('PEXPIRE', KEYS[i], window * 2)
end
return 0
"""


class TooBusyError(Exception):
    """There was no room for the request within the longest wait."""


def take_turn(account: str, endpoint: str, *, most_in_all: int) -> None:
    """Wait until the endpoint and the account have room for one more request.

    Raises ``TooBusyError``. Where Redis does not answer the request goes ahead: the provider
    refuses what is too much, and a pledge page should not fail for that.
    """
    give_up = time.monotonic() + LONGEST_WAIT_SECONDS
    while (wait := _take(account, endpoint, most_in_all)) > 0:
        if time.monotonic() + wait > give_up:
            raise TooBusyError(endpoint)
        time.sleep(wait)


def _take(account: str, endpoint: str, most_in_all: int) -> float:
    keys = [f"pace:{account}:{endpoint}", f"pace:{account}"]
    arguments = [WINDOW_MS, uuid4().hex, settings.PROVIDER_CALLS_PER_ENDPOINT, most_in_all]
    try:
        taken = _redis(settings.REDIS_URL).eval(_TAKE, len(keys), *keys, *map(str, arguments))
    except RedisError as error:
        log.warning("provider.not_paced", reason=type(error).__name__)
        return 0.0
    return float(str(taken)) / 1000


@lru_cache(maxsize=4)
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)


def endpoint_of(method: str, url: str) -> str:
    """A request's endpoint: its method and path, ids taken out."""
    version, *parts = urlsplit(url).path.strip("/").split("/")
    named = ["{id}" if re.search(r"[0-9A-Z]", part) else part for part in parts]
    return " ".join([method.lower(), "/".join([version, *named])])
