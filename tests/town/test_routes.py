"""Every route of the site is declared here, with who may GET it without signing in.

A route that is missing fails, and so does a line whose route is gone. Add one line per route.
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

pytestmark = pytest.mark.django_db

ANYONE = "anyone"  # without arguments: below 400; with made-up ones: below 500
MEMBERS = "members"  # a stranger is sent to sign in, or refused with 403
ACT = "act"  # only POST; a stranger's GET is refused or sent to sign in
HOOK = "hook"  # only POST, by a machine that signs what it says

ROUTES = {
    "": ANYONE,
    "health/": ANYONE,
    "health/work/": ANYONE,
    "me/": MEMBERS,
    "me/all/<slug:name>/": MEMBERS,
    "desk/": MEMBERS,
    "me/residency/": MEMBERS,
    "me/residency/document/": ACT,
    "me/residency/document/withdraw/": ACT,
    "policies/<slug:name>/": ANYONE,
    "complaint/": ANYONE,
    "me/close/": MEMBERS,
    "me/data/": MEMBERS,
    "me/data/copy.zip": MEMBERS,
    "me/data/delete/": ACT,
    "desk/residence/": MEMBERS,
    "desk/residence/<uuid:pk>/": MEMBERS,
    "desk/residence/<uuid:pk>/content/": ACT,
    "mail/stop/<str:token>/": ANYONE,
    "neighborhoods/<slug:slug>/": ANYONE,
    "archive/": ANYONE,
    "archive/<slug:slug>/": ANYONE,
    "feeds/<slug:kind>/<int:pk>.atom": ANYONE,
    "feeds/<slug:kind>/<int:pk>.ics": ANYONE,
    "projects/": ANYONE,
    "projects/new/": MEMBERS,
    "projects/<int:pk>/": ANYONE,
    "projects/<int:pk>/edit/": MEMBERS,
    "projects/<int:pk>/publish/": ACT,
    "projects/<int:pk>/withdraw/": MEMBERS,
    "projects/<int:pk>/authors/": MEMBERS,
    "projects/<int:pk>/authors/<int:invitation>/": ACT,
    "projects/<int:pk>/history/": ANYONE,
    "projects/<int:pk>/history/<int:number>/": ANYONE,
    "projects/<int:pk>/history/<int:number>/restore/": ACT,
    "projects/help/": ANYONE,
    "projects/<int:pk>/help/<slug:part>/": MEMBERS,
    "projects/<int:pk>/offers/": MEMBERS,
    "projects/<int:pk>/offers/<int:offer>/": ACT,
    "projects/<int:pk>/support/": ACT,
    "api/v1/projects/<int:pk>/support/": ACT,
    "projects/similar/": ACT,
    "projects/<int:pk>/merge/": MEMBERS,
    "projects/merges/": MEMBERS,
    "projects/merges/<int:merge>/": ACT,
    "projects/<int:pk>/files/": MEMBERS,
    "projects/<int:pk>/files/<uuid:file>/": ACT,
    "files/<uuid:pk>/": ANYONE,
    "files/<uuid:pk>/small/": ANYONE,
    "projects/<int:pk>/copy/": MEMBERS,
    "projects/<int:pk>/leave/": ACT,
    "projects/invitations/<str:token>/": MEMBERS,
    "projects/<int:pk>/campaign/": MEMBERS,
    "budget/": ANYONE,
    "budget/<slug:slug>/": ANYONE,
    "budget/what-if/": MEMBERS,
    "budget/trustee.py": ANYONE,
    "budget/verify/": ANYONE,
    "budget/<slug:slug>/board/": ANYONE,
    "budget/<slug:slug>/board.csv": ANYONE,
    "budget/<slug:slug>/bundle.zip": ANYONE,
    "budget/<slug:slug>/desk/": MEMBERS,
    "budget/<slug:slug>/announcements/": MEMBERS,
    "budget/<slug:slug>/announcements/<int:pk>/": MEMBERS,
    "budget/<slug:slug>/announcements/<int:pk>/html/": MEMBERS,
    "budget/<slug:slug>/key/": MEMBERS,
    "budget/<slug:slug>/observing/": MEMBERS,
    "budget/<slug:slug>/observing/<int:pot>/": ACT,
    "budget/<slug:slug>/roll/": ANYONE,
    "budget/<slug:slug>/roll/desk/": MEMBERS,
    "budget/<slug:slug>/roll/letters/": MEMBERS,
    "budget/<slug:slug>/roll/officers/": MEMBERS,
    "budget/<slug:slug>/code/": ANYONE,
    "budget/<slug:slug>/code/claim/": ACT,
    "budget/<slug:slug>/code/leave/": ACT,
    "budget/<slug:slug>/extending/": MEMBERS,
    "budget/<slug:slug>/kiosk/": ANYONE,
    "budget/<slug:slug>/kiosks/": MEMBERS,
    "budget/<slug:slug>/unsealing/": MEMBERS,
    "budget/<slug:slug>/paper/": ANYONE,
    "budget/<slug:slug>/paper.csv": ANYONE,
    "budget/<slug:slug>/paper/desk/": MEMBERS,
    "budget/<slug:slug>/paper/check-in/": MEMBERS,
    "budget/<slug:slug>/paper/keying/": MEMBERS,
    "budget/<slug:slug>/paper/sample/": MEMBERS,
    "talk/<slug:kind>/<int:pk>/": ANYONE,
    "talk/<slug:kind>/<int:pk>/follow/": ACT,
    "me/notices/": MEMBERS,
    "comments/<int:pk>/": ANYONE,
    "comments/<int:pk>/edit/": MEMBERS,
    "comments/<int:pk>/delete/": MEMBERS,
    "comments/<int:pk>/flag/": MEMBERS,
    "comments/<int:pk>/appeal/": MEMBERS,
    "moderation/": ANYONE,
    "moderation.csv": ANYONE,
    "desk/comments/": MEMBERS,
    "desk/comments/<int:pk>/": MEMBERS,
    "desk/questions/": MEMBERS,
    "desk/questions/<int:pk>/": MEMBERS,
    "api/v1/me/follows/": MEMBERS,
    "api/v1/me/notices/": MEMBERS,
    "api/v1/talk/<slug:kind>/<int:pk>/": ANYONE,
    "api/v1/comments/<int:pk>/": ANYONE,
    "campaigns/<int:pk>/backers/": MEMBERS,
    "campaigns/<int:pk>/backers.csv": MEMBERS,
    "campaigns/<int:pk>/report/": ANYONE,
    "desk/campaigns/": MEMBERS,
    "desk/campaigns/<int:pk>/": MEMBERS,
    "desk/campaigns/<int:pk>/preview/": MEMBERS,
    "treasury/": MEMBERS,
    "me/payout-account/": MEMBERS,
    "me/payout-account/provider/": MEMBERS,
    "me/payout-account/return/": MEMBERS,
    "treasury/payouts/": MEMBERS,
    "treasury/payouts/accounts/<int:pk>/approve/": MEMBERS,
    "treasury/payouts/projects/<int:pk>/": MEMBERS,
    "treasury/reconciliation/": MEMBERS,
    "treasury/reconciliation/<int:pk>/": MEMBERS,
    "treasury/reconciliation.csv": MEMBERS,
    "treasury/account/": MEMBERS,
    "treasury/account.csv": MEMBERS,
    "treasury/unmatched/<int:pk>/": ACT,
    "treasury/pledges/": MEMBERS,
    "treasury/pledges/<uuid:pk>/": MEMBERS,
    "treasury/campaigns/<int:pk>/": MEMBERS,
    "budget/what-if/<int:pk>/": MEMBERS,
    "desk/cycles/": MEMBERS,
    "budget/<slug:slug>/proposals.csv": MEMBERS,
    "budget/<slug:slug>/proposals/file/": MEMBERS,
    "budget/<slug:slug>/participation/": MEMBERS,
    "budget/<slug:slug>/trail/": MEMBERS,
    "budget/<slug:slug>/timeline/": MEMBERS,
    "budget/<slug:slug>/pots/": MEMBERS,
    "budget/<slug:slug>/ballot/desk/": MEMBERS,
    "budget/<slug:slug>/reviews/": MEMBERS,
    "budget/<slug:slug>/reviews/<int:pk>/": MEMBERS,
    "budget/<slug:slug>/proposals/<int:pk>/": MEMBERS,
    "budget/<slug:slug>/propose/": MEMBERS,
    "budget/<slug:slug>/ballot/": ANYONE,
    "budget/<slug:slug>/results/": ANYONE,
    "budget/<slug:slug>/results/<int:pot>/rounds/": ANYONE,
    "campaigns/": ANYONE,
    "campaigns/<int:pk>/": ANYONE,
    "campaigns/<int:pk>/edit/": MEMBERS,
    "campaigns/<int:pk>/submit/": ACT,
    "campaigns/<int:pk>/cancel/": MEMBERS,
    "campaigns/<int:pk>/pledge/": ANYONE,
    "campaigns/<int:pk>/settlement/": ANYONE,
    "pledges/<uuid:pk>/": MEMBERS,
    "pledges/<uuid:pk>/change/": MEMBERS,
    "pledges/<uuid:pk>/receipt.pdf": MEMBERS,
    "me/statements/": MEMBERS,
    "me/statements/<int:year>.pdf": MEMBERS,
    "pledges/<uuid:pk>/cancel/": MEMBERS,
    "pledges/<uuid:pk>/card/": MEMBERS,
    "pledges/<uuid:pk>/recover/": MEMBERS,
    "pledges/<uuid:pk>/return/": MEMBERS,
    "pledges/<uuid:pk>/paid/": MEMBERS,
    "pledges/pay/<str:token>/": ANYONE,
    "pledges/open/<str:token>/": ANYONE,
    "payments/webhooks/stripe/": HOOK,
    "payments/webhooks/stripe/connect/": HOOK,
    "api/v1/campaigns/": ANYONE,
    "api/v1/campaigns/<int:pk>/": ANYONE,
    "api/v1/campaigns/<int:pk>/pledge/": ACT,
    "api/v1/pledges/": MEMBERS,
    "api/v1/pledges/<uuid:pk>/": MEMBERS,
    "api/v1/pledges/<uuid:pk>/card/": ACT,
    "api/v1/": ANYONE,
    "api/v1/schema/": ANYONE,
    "api/v1/cycles/": ANYONE,
    "api/v1/cycles/<slug:slug>/": ANYONE,
    "api/v1/cycles/<slug:slug>/ballot/": MEMBERS,
    "api/v1/cycles/<slug:slug>/results/": ANYONE,
    "api/v1/neighborhoods/": ANYONE,
    "api/v1/neighborhoods/at/": ANYONE,
    "api/v1/neighborhoods.geojson": ANYONE,
    "api/v1/projects/": ANYONE,
    "api/v1/projects/<int:pk>/": ANYONE,
    "api/v1/projects/<int:pk>/publish/": ACT,
    "api/v1/projects/<int:pk>/withdraw/": ACT,
}
# Without these a GET says which parameters it needs.
NEEDED = {"api/v1/neighborhoods/at/": "?latitude=0&longitude=0"}

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
    match ROUTES[route]:
        case "anyone":
            missing = "<" in route or route in NEEDED
            assert answer.status_code < 400 or (missing and answer.status_code == 404)
        case "members":
            assert sends_to_sign_in(answer) or answer.status_code == 403
        case "act":
            assert sends_to_sign_in(answer) or answer.status_code in (403, 405)
        case "hook":
            assert answer.status_code == 405


@pytest.mark.parametrize(("room", "route", "name"), IN_ROOMS)
def test_a_stranger_reads_only_the_open_pages_of_a_room(client, room, route, name):
    answer = client.get(address(route))
    assert answer.status_code < 500
    if name not in OPEN_IN_ROOM[room]:
        assert answer.status_code in (302, 403, 404, 405), answer.status_code


@pytest.mark.parametrize("route", OWN)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_stranger_writes_nothing(client, route, method):
    CityFactory()
    with CaptureQueriesContext(connection) as queries:
        answer = getattr(client, method)(address(route))
    assert answer.status_code < 500
    assert [query["sql"] for query in queries if WRITES.match(query["sql"])] == []
