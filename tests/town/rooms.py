"""The rooms that other packages bring, declared as ``routes`` declares the site's own: the
administration, model by model, and what allauth has under ``accounts/``.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.town.matrix import AGAIN, MISSING, NO_METHOD, REFUSED, THROUGH
from tests.town.people import (
    ADMINISTRATORS,
    ANONYMOUS,
    ANYONE,
    CERTIFIERS,
    MEMBERS,
    MODERATORS,
    NO_SECOND_FACTOR,
    NOBODY,
    OFFICERS,
    OWNERS,
    REVIEWERS,
    ROLES,
    SUPERUSERS,
    TREASURERS,
    People,
)
from tests.town.routes import GET, POST, Route, form, see

# Who comes into the administration, each with a second factor; ``NO_SECOND_FACTOR`` gave none.
STAFF: People = frozenset(ROLES) | SUPERUSERS
_PROJECTS, _BALLOT = ADMINISTRATORS | REVIEWERS | MODERATORS, ADMINISTRATORS | REVIEWERS
_CAMPAIGNS = ADMINISTRATORS | REVIEWERS | MODERATORS | TREASURERS
# Whose lists and rows a role opens. Superusers look at all of them, and change none.
READERS: dict[str, People] = {
    "audit/actrequest": NOBODY,
    "audit/approval": NOBODY,
    "audit/event": NOBODY,
    "audit/withdrawal": NOBODY,
    "budgeting/cycle": ADMINISTRATORS,
    "budgeting/option": _BALLOT,
    "budgeting/proposal": _BALLOT,
    "budgeting/tally": ADMINISTRATORS,
    "ledger/account": ADMINISTRATORS | TREASURERS,
    "ledger/entry": ADMINISTRATORS | TREASURERS,
    "notices/message": NOBODY,
    "payments/orphan": TREASURERS,
    "payments/payer": TREASURERS,
    "payments/providerevent": TREASURERS,
    "people/residency": NOBODY,
    "people/rolerequest": NOBODY,
    "people/user": NOBODY,
    "places/neighborhood": _CAMPAIGNS | OFFICERS,
    "pledges/campaign": _CAMPAIGNS,
    "pledges/campaignreport": MODERATORS,
    "pledges/pledge": TREASURERS,
    "projects/merge": _PROJECTS,
    "projects/offer": ADMINISTRATORS | MODERATORS,
    "projects/project": _PROJECTS,
    "projects/projectflag": MODERATORS,
    "projects/projecthiding": MODERATORS,
    "projects/version": _PROJECTS,
    "talk/comment": MODERATORS,
    "talk/flag": MODERATORS,
    "talk/hiding": MODERATORS,
}
# Who types into a row. Of all others nobody does.
EDITORS: dict[str, People] = {"places/neighborhood": ADMINISTRATORS}
# Who is offered which act on rows.
ACTS: dict[str, dict[str, People]] = {
    "budgeting/cycle": {
        "ask_to_open": ADMINISTRATORS,
        "open_it": ADMINISTRATORS,
        "cancel_it": ADMINISTRATORS,
        "certify_it": CERTIFIERS,
        "publish_it": CERTIFIERS,
    },
    "budgeting/proposal": {"put_it_on_the_ballot": ADMINISTRATORS},
    "people/rolerequest": {"agree": SUPERUSERS, "take_back": SUPERUSERS},
    "people/user": {f"{act}_{role}": SUPERUSERS for role in ROLES for act in ("ask_for", "revoke")},
    "pledges/campaign": {
        "approve": REVIEWERS,
        "ask_for_changes": REVIEWERS,
        "suspend": MODERATORS,
        "resume": MODERATORS,
    },
    "pledges/campaignreport": {"handled": MODERATORS},
}
OTHER_ADMIN = {
    "admin/": form(STAFF),
    "admin/password_change/": form(STAFF),
    "admin/password_change/done/": see(STAFF),
    "admin/autocomplete/": Route(),
    "admin/jsi18n/": see(STAFF),
    # Leads to the address of a row that has one; the page there says who may see it.
    "admin/r/<path:content_type_id>/<path:object_id>/": form(STAFF),
    "admin/budgeting/cycle/prepare/": form(ADMINISTRATORS),
    "admin/budgeting/cycle/<int:pk>/phase/": form(ADMINISTRATORS),
    "admin/budgeting/cycle/<int:pk>/pot/": form(ADMINISTRATORS),
    "admin/budgeting/cycle/<int:pk>/cancel/": form(ADMINISTRATORS),
    r"admin/(?P<url>.*)$": Route(),
}


def lookers(model: str) -> People:
    """Who may look at a model's rows."""
    return READERS[model] | EDITORS.get(model, NOBODY) | SUPERUSERS


def _pages(model: str) -> Iterator[tuple[str, Route]]:
    seen, row = lookers(model), f"admin/{model}/<path:object_id>"
    yield f"admin/{model}/", form(seen)
    yield f"admin/{model}/add/", Route()
    yield f"{row}/history/", form(seen)
    yield f"{row}/delete/", Route()
    yield f"{row}/change/", Route({GET: seen, POST: EDITORS.get(model, NOBODY)})
    # Leads to the line before.
    yield f"{row}/", form(STAFF)


def app_pages() -> dict[str, Route]:
    """What the administration has of each app, for whoever may look at anything of it."""
    seen: dict[str, People] = {}
    for model in READERS:
        app = model.partition("/")[0]
        seen[app] = seen.get(app, NOBODY) | lookers(model)
    return {f"admin/{app}/": form(people) for app, people in seen.items()}


ADMIN: dict[str, Route] = OTHER_ADMIN | dict(page for model in READERS for page in _pages(model))
KEPT_APART = frozenset({ANONYMOUS}) | (MEMBERS - STAFF)
# The way in, which says what is missing, and the way out.
DOORS: dict[str, Route] = {
    "admin/login/": form(STAFF | {NO_SECOND_FACTOR}),
    "admin/logout/": Route({GET: KEPT_APART, POST: ANYONE}, refused=405),
}


def expected_in_admin(declared: Route, method: str, person: str) -> frozenset[str]:
    """Whoever is no staff, or gave no second factor, is asked for what is missing, everywhere."""
    if person in declared.let_through.get(method, NOBODY):
        return frozenset({THROUGH})
    return frozenset({AGAIN}) if person in KEPT_APART else frozenset({REFUSED, MISSING, NO_METHOD})


# What changes how somebody signs in asks for the password anew, of whoever is signed in.
ASKS_AGAIN = {
    "accounts/2fa/totp/activate/",
    "accounts/2fa/recovery-codes/generate/",
    "accounts/2fa/webauthn/add/",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/",
}
# Opened by a key that came by mail, and by nothing else: ``tests/people/test_accounts.py``.
BY_A_KEY = {r"accounts/^confirm-email/(?P<key>[-:\w]+)/$"}
# What is there for whoever has such a thing, and for nobody else.
THEIR_OWN = {
    "accounts/2fa/recovery-codes/",
    "accounts/2fa/recovery-codes/download/",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/",
}
ACCOUNTS: dict[str, Route] = {
    "accounts/login/": form(ANYONE),
    "accounts/logout/": form(ANYONE),
    "accounts/inactive/": see(ANYONE),
    "accounts/signup/": form(ANYONE),
    "accounts/reauthenticate/": form(MEMBERS),
    "accounts/email/": form(MEMBERS),
    "accounts/confirm-email/": see(ANYONE),
    "accounts/password/change/": form(MEMBERS),
    "accounts/password/set/": form(MEMBERS),
    "accounts/password/reset/": form(ANYONE),
    "accounts/login/code/confirm/": form(MEMBERS),
    "accounts/password/reset/key/done/": see(ANYONE),
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": form(ANYONE),
    "accounts/password/reset/done/": see(ANYONE),
    "accounts/2fa/": see(MEMBERS),
    "accounts/2fa/authenticate/": form(MEMBERS),
    # To the password, whoever has set up none.
    "accounts/2fa/reauthenticate/": Route({GET: STAFF, POST: STAFF}, asks_again=True),
    "accounts/2fa/totp/activate/": form(MEMBERS),
    "accounts/2fa/totp/deactivate/": form(STAFF, hidden=True),
    "accounts/2fa/recovery-codes/": see(OWNERS, hidden=True),
    "accounts/2fa/recovery-codes/generate/": form(MEMBERS),
    "accounts/2fa/recovery-codes/download/": see(OWNERS, hidden=True),
    "accounts/2fa/webauthn/": see(MEMBERS),
    "accounts/2fa/webauthn/add/": form(MEMBERS),
    # Nobody in the town has a key that could be asked for.
    "accounts/2fa/webauthn/reauthenticate/": Route(asks_again=True),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": form(OWNERS, hidden=True),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": form(OWNERS, hidden=True),
}
