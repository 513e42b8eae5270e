"""Every route of the site, and who is let through by which method. One line per route.

``test_routes`` fails where a route is missing, where a line has lost its route, and where the site
answers anybody otherwise than the line says.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.town.people import (
    ADMINISTRATORS,
    ANYONE,
    AUTHORS,
    CERTIFIERS,
    CLERKS,
    COMPLAINTS_OFFICERS,
    MEMBERS,
    MODERATORS,
    NOBODY,
    OBSERVERS,
    OFFICERS,
    OWNERS,
    REVIEWERS,
    SPOKESPEOPLE,
    TREASURERS,
    VOTERS,
    People,
)

GET, POST, PUT, PATCH, DELETE = "get", "post", "put", "patch", "delete"


@dataclass(frozen=True)
class Route:
    """Whom each method lets through. A method that is not named is refused to everybody.

    ``refused`` is how whoever is signed in is turned away: 404 where it is not to be known that
    the thing exists. A stranger is sent to sign in, unless ``open_door`` says that the page itself
    turns strangers away, and ``asks_again`` that whoever is signed in gives their password anew.
    """

    let_through: dict[str, People] = field(default_factory=dict)
    refused: int = 403
    open_door: bool = False
    asks_again: bool = False

    @property
    def reads(self) -> People:
        """Who may GET it."""
        return self.let_through.get(GET, NOBODY)


def see(people: People, *, hidden: bool = False) -> Route:
    """A page to read."""
    return Route({GET: people}, 404 if hidden else 403)


def act(people: People, *, hidden: bool = False) -> Route:
    """A button."""
    return Route({POST: people}, 404 if hidden else 403)


def form(people: People, writers: People | None = None, *, hidden: bool = False) -> Route:
    """A page with a form, to be sent by the same people or by others."""
    given = {GET: people, POST: people if writers is None else writers}
    return Route(given, 404 if hidden else 403)


def api(*, hidden: bool = False, **let_through: People) -> Route:
    """A call; a stranger is told that it takes signing in."""
    return Route(let_through, 404 if hidden else 403, open_door=True)


ROUTES = {
    "": see(ANYONE),
    "health/": see(ANYONE),
    "health/work/": see(ANYONE),
    "me/": see(MEMBERS),
    "me/all/<slug:name>/": see(MEMBERS),
    "desk/": see(MEMBERS),
    "me/residency/": form(MEMBERS),
    "me/residency/document/": act(MEMBERS),
    "me/residency/document/withdraw/": act(MEMBERS),
    "policies/<slug:name>/": see(ANYONE),
    "complaint/": form(ANYONE),
    "complaint/link/<str:token>/": see(ANYONE),
    "complaint/<int:pk>/": form(OWNERS, hidden=True),
    "desk/complaints/": see(COMPLAINTS_OFFICERS),
    "desk/complaints/<int:pk>/": form(COMPLAINTS_OFFICERS),
    "me/close/": form(MEMBERS),
    "me/data/": form(MEMBERS),
    "me/data/copy.zip": Route({GET: NOBODY}, asks_again=True),
    "me/data/delete/": act(MEMBERS),
    "desk/homes/": form(OFFICERS),
    "desk/residence/": see(OFFICERS),
    "desk/residence/<uuid:pk>/": form(OFFICERS),
    "desk/residence/<uuid:pk>/content/": act(OFFICERS),
    "mail/stop/<str:token>/": form(ANYONE),
    "neighborhoods/<slug:slug>/": see(ANYONE),
    "archive/": see(ANYONE),
    "archive/<slug:slug>/": see(ANYONE),
    "feeds/<slug:kind>/<int:pk>.atom": see(ANYONE),
    "feeds/<slug:kind>/<int:pk>.ics": see(ANYONE),
    "projects/": see(ANYONE),
    "projects/new/": form(MEMBERS),
    "projects/<int:pk>/": see(ANYONE),
    "projects/<int:pk>/edit/": form(AUTHORS),
    "projects/<int:pk>/publish/": act(AUTHORS),
    "projects/<int:pk>/withdraw/": form(OWNERS),
    "projects/<int:pk>/authors/": form(AUTHORS, OWNERS),
    "projects/<int:pk>/authors/<int:invitation>/": act(OWNERS),
    "projects/<int:pk>/history/": see(ANYONE),
    "projects/<int:pk>/history/<int:number>/": see(ANYONE),
    "projects/<int:pk>/history/<int:number>/restore/": act(AUTHORS),
    "projects/help/": see(ANYONE),
    "projects/<int:pk>/help/<slug:part>/": form(MEMBERS),
    "projects/<int:pk>/offers/": see(MEMBERS),
    "projects/<int:pk>/offers/<int:offer>/": act(AUTHORS),
    "projects/<int:pk>/support/": act(MEMBERS),
    "api/v1/projects/<int:pk>/support/": api(post=MEMBERS, delete=MEMBERS),
    "projects/similar/": act(MEMBERS),
    "projects/<int:pk>/merge/": form(OWNERS),
    "projects/merges/": form(MODERATORS),
    "projects/merges/<int:merge>/": act(OWNERS, hidden=True),
    "projects/<int:pk>/plan/": form(OWNERS),
    "projects/<int:pk>/plan/reached/": act(OWNERS),
    "projects/<int:pk>/flag/": form(MEMBERS),
    "projects/<int:pk>/appeal/": form(AUTHORS, hidden=True),
    "desk/projects/<int:pk>/": form(MODERATORS),
    "desk/projects/<int:pk>/versions/<int:number>/": form(MODERATORS),
    "desk/projects/<int:pk>/files/<uuid:file>/": form(MODERATORS),
    "projects/<int:pk>/files/": form(AUTHORS),
    "projects/<int:pk>/files/<uuid:file>/": act(AUTHORS),
    "files/<uuid:pk>/": see(ANYONE),
    "files/<uuid:pk>/small/": see(ANYONE),
    "projects/<int:pk>/copy/": form(MEMBERS),
    "projects/<int:pk>/leave/": act(AUTHORS),
    "projects/invitations/<str:token>/": form(OWNERS),
    "projects/<int:pk>/campaign/": form(OWNERS),
    "budget/": see(ANYONE),
    "budget/<slug:slug>/": see(ANYONE),
    "budget/what-if/": form(ADMINISTRATORS),
    "budget/trustee.py": see(ANYONE),
    "budget/verify/": see(ANYONE),
    "budget/<slug:slug>/board/": form(ANYONE),
    "budget/<slug:slug>/board.csv": see(ANYONE),
    "budget/<slug:slug>/bundle.zip": see(ANYONE),
    "budget/<slug:slug>/desk/": form(ADMINISTRATORS | CERTIFIERS),
    "budget/<slug:slug>/announcements/": form(ADMINISTRATORS),
    "budget/<slug:slug>/announcements/<int:pk>/": form(ADMINISTRATORS),
    "budget/<slug:slug>/announcements/<int:pk>/html/": see(ADMINISTRATORS),
    "budget/<slug:slug>/key/": form(ADMINISTRATORS),
    "budget/<slug:slug>/observing/": see(OBSERVERS),
    "budget/<slug:slug>/observing/<int:pot>/": act(OBSERVERS),
    "budget/<slug:slug>/roll/": see(ANYONE),
    "budget/<slug:slug>/roll/desk/": form(ADMINISTRATORS),
    "budget/<slug:slug>/roll/letters/": form(ADMINISTRATORS),
    "budget/<slug:slug>/roll/officers/": form(OFFICERS),
    "budget/<slug:slug>/code/": form(ANYONE),
    "budget/<slug:slug>/code/claim/": act(ANYONE),
    "budget/<slug:slug>/code/leave/": act(ANYONE),
    "budget/<slug:slug>/extending/": form(ADMINISTRATORS),
    "budget/<slug:slug>/kiosk/": Route(open_door=True),
    "budget/<slug:slug>/kiosks/": form(ADMINISTRATORS | OFFICERS),
    "budget/<slug:slug>/unsealing/": form(ADMINISTRATORS),
    "budget/<slug:slug>/paper/": see(ANYONE),
    "budget/<slug:slug>/paper.csv": see(ANYONE),
    "budget/<slug:slug>/paper/desk/": form(ADMINISTRATORS),
    "budget/<slug:slug>/paper/check-in/": form(OFFICERS),
    "budget/<slug:slug>/paper/keying/": form(CLERKS),
    "budget/<slug:slug>/paper/sample/": form(CLERKS | OBSERVERS),
    "talk/<slug:kind>/<int:pk>/": form(ANYONE, MEMBERS),
    "talk/<slug:kind>/<int:pk>/follow/": act(MEMBERS),
    "me/notices/": form(MEMBERS),
    "comments/<int:pk>/": form(ANYONE, MEMBERS),
    "comments/<int:pk>/edit/": form(OWNERS),
    "comments/<int:pk>/delete/": form(OWNERS),
    "comments/<int:pk>/flag/": form(MEMBERS),
    "comments/<int:pk>/appeal/": form(OWNERS),
    "moderation/": see(ANYONE),
    "moderation.csv": see(ANYONE),
    "desk/comments/": see(MODERATORS),
    "desk/comments/<int:pk>/": form(MODERATORS),
    "desk/questions/": see(SPOKESPEOPLE),
    "desk/questions/<int:pk>/": form(SPOKESPEOPLE),
    "api/v1/me/follows/": api(get=MEMBERS),
    "api/v1/me/notices/": api(get=MEMBERS),
    "api/v1/talk/<slug:kind>/<int:pk>/": api(get=ANYONE, post=MEMBERS),
    "api/v1/comments/<int:pk>/": api(get=ANYONE, patch=OWNERS, delete=OWNERS),
    "campaigns/<int:pk>/backers/": see(OWNERS),
    "campaigns/<int:pk>/backers.csv": see(OWNERS),
    "campaigns/<int:pk>/report/": form(ANYONE),
    "campaigns/<int:pk>/questions/": see(OWNERS),
    "campaigns/<int:pk>/surveys/": see(OWNERS),
    "campaigns/<int:pk>/surveys/<int:reward>/": form(OWNERS),
    "campaigns/<int:pk>/surveys/<int:reward>.csv": see(OWNERS),
    "campaigns/<int:pk>/updates/": see(ANYONE),
    "campaigns/<int:pk>/updates/new/": form(OWNERS),
    "campaigns/<int:pk>/updates/<int:number>/": see(ANYONE),
    "campaigns/<int:pk>/updates/<int:number>/correct/": form(OWNERS),
    "desk/campaigns/": see(REVIEWERS | MODERATORS),
    "desk/campaigns/<int:pk>/": form(REVIEWERS | MODERATORS),
    "desk/campaigns/<int:pk>/preview/": see(REVIEWERS | MODERATORS),
    "treasury/": see(TREASURERS),
    "me/payout-account/": form(MEMBERS),
    "me/payout-account/provider/": see(MEMBERS),
    "me/payout-account/return/": see(MEMBERS),
    "treasury/payouts/": see(TREASURERS),
    "treasury/payouts/accounts/<int:pk>/approve/": act(TREASURERS),
    "treasury/payouts/projects/<int:pk>/": form(TREASURERS),
    "desk/milestones/": form(TREASURERS | MODERATORS),
    "treasury/reconciliation/": form(TREASURERS),
    "treasury/reconciliation/<int:pk>/": form(TREASURERS),
    "treasury/reconciliation.csv": see(TREASURERS),
    "treasury/check/": act(TREASURERS),
    "treasury/account/": see(TREASURERS),
    "treasury/account.csv": see(TREASURERS),
    "treasury/unmatched/<int:pk>/": act(TREASURERS),
    "treasury/pledges/": see(TREASURERS),
    "treasury/pledges/<uuid:pk>/": form(TREASURERS),
    "treasury/campaigns/<int:pk>/": form(TREASURERS),
    "budget/what-if/<int:pk>/": see(ADMINISTRATORS),
    "desk/cycles/": form(ADMINISTRATORS),
    "budget/<slug:slug>/proposals.csv": see(ADMINISTRATORS | REVIEWERS),
    "budget/<slug:slug>/proposals/file/": form(ADMINISTRATORS),
    "budget/<slug:slug>/participation/": see(ADMINISTRATORS | OBSERVERS),
    "budget/<slug:slug>/trail/": see(ADMINISTRATORS | CERTIFIERS | OBSERVERS),
    "budget/<slug:slug>/rules/": form(ADMINISTRATORS),
    "budget/<slug:slug>/timeline/": form(ADMINISTRATORS),
    "budget/<slug:slug>/pots/": form(ADMINISTRATORS),
    "budget/<slug:slug>/ballot/desk/": form(ADMINISTRATORS),
    "budget/<slug:slug>/reviews/": form(ADMINISTRATORS | REVIEWERS, ADMINISTRATORS),
    "budget/<slug:slug>/reviews/<int:pk>/": form(ADMINISTRATORS | REVIEWERS, REVIEWERS),
    "budget/<slug:slug>/proposals/<int:pk>/": form(OWNERS, hidden=True),
    "budget/<slug:slug>/propose/": form(MEMBERS),
    "budget/<slug:slug>/ballot/": Route({GET: ANYONE, POST: VOTERS}, open_door=True),
    "budget/<slug:slug>/results/": see(ANYONE),
    "budget/<slug:slug>/results/<int:pot>/rounds/": see(ANYONE),
    "campaigns/": see(ANYONE),
    "campaigns/<int:pk>/": see(ANYONE),
    "campaigns/<int:pk>/edit/": form(OWNERS, hidden=True),
    "campaigns/<int:pk>/submit/": act(OWNERS, hidden=True),
    "campaigns/<int:pk>/cancel/": form(OWNERS),
    "campaigns/<int:pk>/pledge/": form(ANYONE),
    "campaigns/<int:pk>/settlement/": see(ANYONE),
    "pledges/<uuid:pk>/": see(OWNERS, hidden=True),
    "pledges/<uuid:pk>/change/": form(OWNERS, hidden=True),
    "pledges/<uuid:pk>/receipt.pdf": see(OWNERS, hidden=True),
    "me/statements/": see(MEMBERS),
    "me/statements/<int:year>.pdf": see(OWNERS, hidden=True),
    "pledges/<uuid:pk>/cancel/": form(OWNERS, hidden=True),
    "pledges/<uuid:pk>/card/": see(OWNERS, hidden=True),
    "pledges/<uuid:pk>/recover/": see(OWNERS, hidden=True),
    "pledges/<uuid:pk>/return/": see(OWNERS, hidden=True),
    "pledges/<uuid:pk>/paid/": see(OWNERS, hidden=True),
    "pledges/pay/<str:token>/": see(ANYONE),
    "pledges/open/<str:token>/": see(ANYONE),
    "pledges/open/<str:token>/updates/<int:number>/": see(ANYONE),
    "pledges/survey/<str:token>/": see(ANYONE),
    "pledges/<uuid:pk>/survey/": form(OWNERS, hidden=True),
    "payments/webhooks/stripe/": act(ANYONE),
    "payments/webhooks/stripe/connect/": act(ANYONE),
    "api/v1/campaigns/": api(get=ANYONE),
    "api/v1/campaigns/<int:pk>/": api(get=ANYONE),
    "api/v1/campaigns/<int:pk>/updates/": api(get=ANYONE),
    "api/v1/campaigns/<int:pk>/pledge/": api(post=MEMBERS),
    "api/v1/pledges/": api(get=MEMBERS),
    "api/v1/pledges/<uuid:pk>/": api(get=OWNERS, patch=OWNERS, delete=OWNERS, hidden=True),
    "api/v1/pledges/<uuid:pk>/card/": api(post=OWNERS, hidden=True),
    "api/v1/": api(get=ANYONE),
    "api/v1/schema/": api(get=ANYONE),
    "api/v1/cycles/": api(get=ANYONE),
    "api/v1/cycles/<slug:slug>/": api(get=ANYONE),
    "api/v1/cycles/<slug:slug>/ballot/": api(get=VOTERS, put=VOTERS, post=VOTERS),
    "api/v1/cycles/<slug:slug>/results/": api(get=ANYONE),
    "api/v1/neighborhoods/": api(get=ANYONE),
    "api/v1/neighborhoods/at/": api(get=ANYONE),
    "api/v1/neighborhoods.geojson": api(get=ANYONE),
    "api/v1/projects/": api(get=ANYONE, post=MEMBERS),
    "api/v1/projects/<int:pk>/": api(get=ANYONE, patch=AUTHORS),
    "api/v1/projects/<int:pk>/plan/": api(get=ANYONE),
    "api/v1/projects/<int:pk>/publish/": api(post=AUTHORS),
    "api/v1/projects/<int:pk>/withdraw/": api(post=OWNERS),
}
# Without these a GET says which parameters it needs, or that there is no such thing.
NEEDED = {
    "api/v1/neighborhoods/at/": "?latitude=0&longitude=0",
    "treasury/account/": "?code=stripe_pending",
}
# Without these a POST is about nothing: which of its acts is meant.
MEANT = {
    "projects/<int:pk>/offers/<int:offer>/": {"act": "decline"},
    "projects/merges/<int:merge>/": {"act": "decline"},
    "treasury/pledges/<uuid:pk>/": {"act": "refund"},
    "treasury/campaigns/<int:pk>/": {"act": "refund"},
    "treasury/payouts/projects/<int:pk>/": {"act": "ask-pledges"},
    "api/v1/cycles/<slug:slug>/ballot/": {"pots": [{"pot": 1, "options": ["none"]}]},
}
# It answers 503 while anything is late, and in a town with a difference in its books something is.
ALARM = "health/work/"
