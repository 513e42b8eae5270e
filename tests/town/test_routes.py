"""The site answers as ``routes`` declares, to everybody, by every method; and to strangers first.

A route that is missing there fails, and so does a line whose route is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.factories.places import CityFactory
from tests.town.people import ANONYMOUS
from tests.town.routes import NEEDED, ROUTES

pytestmark = pytest.mark.django_db

# Rooms of other packages: pages that a stranger may read. All others send to signing in.
OPEN_IN_ROOM = {
    "accounts/": {
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_confirm_email",
        "account_email_verification_sent",
        "account_inactive",
        "mfa_login_webauthn",
    },
    "admin/": set(),
}
WRITES = re.compile(r"INSERT|UPDATE|DELETE")
MADE_UP = {
    "int": "1",
    "slug": "nothing",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "str": "nothing",
    "path": "nothing",
}


def walk_patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each pattern of the URLconf, with its route as it is written there."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk_patterns(entry, route)
        else:
            yield route, entry


def walk(resolver: URLResolver) -> Iterator[tuple[str, str | None]]:
    """Each route as it is written in the URLconf, with its name."""
    for route, entry in walk_patterns(resolver):
        assert isinstance(entry.pattern, RoutePattern) or room_of(route), route
        yield route, entry.name


def room_of(route: str) -> str | None:
    return next((room for room in OPEN_IN_ROOM if route.startswith(room)), None)


FOUND = list(walk(get_resolver()))
OWN = sorted(route for route, _name in FOUND if not room_of(route))
IN_ROOMS = sorted(
    (room_of(route), route, name) for route, name in FOUND if room_of(route) and "(" not in route
)


def address(route: str) -> str:
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: MADE_UP[found[1] or "str"], route)
    return f"/{filled.removesuffix('$')}{NEEDED.get(route, '')}"


def sends_to_sign_in(answer) -> bool:
    return answer.status_code == 302 and answer.url.startswith(
        ("/accounts/login/", "/admin/login/")
    )


def test_every_route_is_declared_and_every_line_has_its_route():
    assert sorted(ROUTES) == OWN


@pytest.mark.parametrize("route", OWN)
def test_a_stranger_gets_what_the_table_says(client, route):
    CityFactory()
    answer = client.get(address(route))
    if ANONYMOUS in ROUTES[route].reads:
        missing = "<" in route or route in NEEDED
        assert answer.status_code < 400 or (missing and answer.status_code == 404)
    else:
        turned_away = (403, 404, 405) if ROUTES[route].open_door else (403, 405)
        assert sends_to_sign_in(answer) or answer.status_code in turned_away


@pytest.mark.parametrize(("room", "route", "name"), IN_ROOMS)
def test_a_stranger_reads_only_the_open_pages_of_a_room(client, room, route, name):
    answer = client.get(address(route))
    assert answer.status_code < 500
    if name not in OPEN_IN_ROOM[room]:
        assert answer.status_code in (302, 403, 404, 405), answer.status_code


@pytest.mark.parametrize("route", OWN)
def test_a_stranger_writes_nothing(client, route):
    CityFactory()
    for method in ("post", "put", "patch", "delete"):
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(client, method)(address(route))
        assert answer.status_code < 500, method
        wrote = [query["sql"] for query in queries if WRITES.match(query["sql"])]
        assert wrote == [], method
