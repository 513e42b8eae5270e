"""Whether a route answers somebody as it is declared: called for real, and taken back."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

from django.db import transaction
from django.test import Client

from tests.sizes import FULL
from tests.town.people import (
    ANONYMOUS,
    ANYONE,
    LOOKERS,
    MEMBERS,
    NO_SECOND_FACTOR,
    NOBODY,
    ROLES,
    VOTER,
    People,
    every_role_but,
)
from tests.town.routes import ALARM, DELETE, GET, MEANT, NEEDED, PATCH, POST, PUT, Route

THROUGH, SIGN_IN, AGAIN = "let through", "to sign in", "to a second factor"
REFUSED, MISSING, NO_METHOD = "403", "404", "405"
AWAY = frozenset({SIGN_IN, AGAIN, REFUSED, MISSING, NO_METHOD})
# Where whoever is signed in is sent for what is missing.
ASKING = ("/admin/login/", "/accounts/2fa/reauthenticate/", "/accounts/reauthenticate/")
# What a form or a call says to whoever it deals with: wrong, too late, not so, too often.
DEALT_WITH = (400, 409, 415, 422, 429)


def methods(route: str) -> tuple[str, ...]:
    return (GET, POST, PUT, PATCH, DELETE) if route.startswith("api/") else (GET, POST)


def answered(client: Client, method: str, route: str, address: str) -> str:
    """The class of the answer; nothing that the call did is left."""
    cookies, block = copy.copy(client.cookies), transaction.atomic()
    # As Django's own test case marks its block, so that durable ones may stand within.
    block._from_testcase = True
    with block:
        if method == GET:
            answer = client.get(address + NEEDED.get(route, ""))
        else:
            answer = _sent(client, method, route, address)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    return _class_of(answer, route)


def _sent(client: Client, method: str, route: str, address: str):
    given = MEANT.get(route, {})
    if route.startswith("api/"):
        return getattr(client, method)(address, given, content_type="application/json")
    return client.post(address, given)


def _class_of(answer, route: str) -> str:
    code, to = answer.status_code, answer.headers.get("Location", "")
    if to.startswith("/accounts/login/"):
        return SIGN_IN
    if to.startswith(ASKING):
        return AGAIN
    if code < 400 or code in DEALT_WITH or (code == 503 and route == ALARM):
        return THROUGH
    return THROUGH if _asks_the_provider(answer) else str(code)


def _asks_the_provider(answer) -> bool:
    """Whether it went as far as a call over the network, which our transaction forbids."""
    error = answer.exc_info and answer.exc_info[1]
    return isinstance(error, RuntimeError) and "no network call" in str(error)


def expected(declared: Route, method: str, person: str) -> frozenset[str]:
    """How somebody is to be answered."""
    let_through = declared.let_through.get(method, NOBODY)
    if person in let_through:
        return frozenset({THROUGH})
    if method not in declared.let_through:
        inside = any(person in people for people in declared.let_through.values())
        exactly = inside and not (person == ANONYMOUS and declared.open_door)
        return frozenset({NO_METHOD}) if exactly else AWAY
    if person == ANONYMOUS:
        return frozenset({REFUSED if declared.open_door else SIGN_IN})
    if declared.asks_again or (person == NO_SECOND_FACTOR and let_through & set(ROLES)):
        return frozenset({AGAIN})
    return frozenset({str(declared.refused)})


def differences(
    route: str, declared: Route, address: str, clients: Mapping[str, Client]
) -> Iterator[str]:
    """Each person and method that the route answers otherwise than declared."""
    for method in methods(route):
        for person in sorted(asked(declared, method)):
            if person not in clients:
                continue
            got = answered(clients[person], method, route, address)
            wanted = expected(declared, method, person)
            if got not in wanted:
                words = " or ".join(sorted(wanted))
                yield f"{method.upper()} {route} by {person}: {got}, not {words}"


def asked(declared: Route, method: str) -> People:
    """Everybody, those of the roles that are kept out as one (with ``SIZE=full`` one by one); a few
    where nobody who is signed in is kept out, or everybody is.
    """
    people = declared.let_through.get(method, NOBODY)
    if people in (ANYONE, MEMBERS, NOBODY):
        return LOOKERS
    return ANYONE if FULL else together(ANYONE, people)


def together(everybody: People, let_through: People) -> People:
    """The same people, but those of the roles that are not let through as one."""
    kept_out = frozenset(ROLES) - let_through
    return everybody - kept_out | ({every_role_but(let_through)} if kept_out else NOBODY)


def openings(
    route: str, declared: Route, address: str, clients: Mapping[str, Client]
) -> Iterator[str]:
    """Each person whom a declared method lets at a thing that they are not to know of: strangers,
    a voter, and whoever has the role that the page is for."""
    for method, people in declared.let_through.items():
        staff = people & frozenset(ROLES) if people < MEMBERS else NOBODY
        for person in (LOOKERS | {VOTER} | staff) & clients.keys():
            got = answered(clients[person], method, route, address)
            if got not in AWAY:
                yield f"{method.upper()} {address} by {person}: {got}"
