"""The administration and the pages of allauth, by every method for everybody, as declared."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from civicfund.payments.enums import EventType
from civicfund.payments.models import Payer, ProviderEvent
from civicfund.people.enums import Role
from civicfund.people.services import ask_for_role, take_back_role_request
from civicfund.pledges.enums import ReportReason
from civicfund.pledges.services.moderating import report_campaign
from civicfund.projects.enums import OfferState, Part
from civicfund.projects.models import Offer, Project
from civicfund.projects.services.moderating import flag_project
from civicfund.talk.enums import Wrong
from civicfund.talk.services import flag_comment
from tests.sizes import FULL
from tests.town.matrix import answered, differences, together
from tests.town.people import (
    ANONYMOUS,
    NO_SECOND_FACTOR,
    OWNER,
    OWNERS,
    RESIDENT,
    SUPERUSER,
    every_role_but,
)
from tests.town.rooms import (
    ACCOUNTS,
    ACTS,
    ADMIN,
    ASKS_AGAIN,
    BY_A_KEY,
    DOORS,
    READERS,
    STAFF,
    THEIR_OWN,
    app_pages,
    expected_in_admin,
    lookers,
)
from tests.town.routes import GET, POST, Route
from tests.town.test_matrix import quiet, town  # noqa: F401 -- fixtures
from tests.town.test_routes import FOUND, WRITES, room_of

pytestmark = pytest.mark.django_db
APP_LIST = re.compile(r"admin/\^\(\?P<app_label>")


def test_every_route_of_a_room_is_declared_and_every_line_has_its_route():
    found = {route for route, _name in FOUND if room_of(route) and not APP_LIST.match(route)}
    assert found == {*ADMIN, *DOORS, *ACCOUNTS, *BY_A_KEY}
    assert sorted(READERS) == sorted(
        model._meta.label_lower.replace(".", "/") for model in admin.site._registry
    )


# Whoever is no staff is sent away before it is asked for what: by these as good as by all, and at
# what lies below the list of a model by strangers, unless all are asked.
OUTSIDE = frozenset({ANONYMOUS, OWNER, NO_SECOND_FACTOR})
# Pages that are alike for all staff, or for nobody: asked by these.
FEW = OUTSIDE | {SUPERUSER, str(Role.CLERK), str(Role.BUDGET_ADMINISTRATOR)}


@pytest.fixture
def rows(town):  # noqa: F811
    """The key of a row of each model."""
    _what_the_town_lacks(town)
    request = RequestFactory().get("/")
    request.user = town.people[SUPERUSER]
    first = {model: page_of(model).get_queryset(request).first() for model in READERS}
    return {model: row.pk if row else 0 for model, row in first.items()}


def page_of(model):
    return admin.site._registry[apps.get_model(*model.split("/"))]


def _what_the_town_lacks(town):  # noqa: F811
    t, by, person = town.things, town.people[SUPERUSER], town.people[RESIDENT]
    take_back_role_request(ask_for_role(person, Role.CLERK, by=by), by=by)
    ask_for_role(person, Role.CLERK, by=by)
    flag_comment(t.comment, by=person, reason=Wrong.OTHER)
    flag_project(t.project, by=person, reason=Wrong.OTHER)
    report_campaign(t.campaign, by=person, reason=ReportReason.OTHER, words="")
    Payer.objects.get_or_create(user=person)
    now = timezone.now()
    ProviderEvent.objects.create(id="evt_1", type=EventType.values[0], created_at=now)
    taken = {"state": OfferState.ACCEPTED, "decided_at": now, "words": "Wood."}
    Offer.objects.create(project=t.project, part=Part.COST, by=person, **taken)


def admin_address(route, rows):
    model = "/".join(route.split("/")[1:3])
    address = route.replace("<int:pk>", str(rows["budgeting/cycle"]))
    kind = ContentType.objects.get_for_model(Project)
    address = address.replace("<path:content_type_id>", str(kind.pk))
    key = rows.get(model, rows["projects/project"])
    address = address.replace("<path:object_id>", str(key))
    return "/" + address.replace(r"(?P<url>.*)$", "nowhere/")


def asked_in_admin(route, declared, method):
    """All staff, as ``together`` says; a few where all of it are let through or nobody is, and
    where a list or a history is sent something: an act on rows is tried by itself, below.
    """
    people = declared.let_through.get(method, frozenset())
    only_read = route.endswith("/history/") or route.count("/") == 3
    alike = people in (STAFF, frozenset()) or (method == POST and only_read)
    outside = frozenset({ANONYMOUS}) if "<path:object_id>" in route and not FULL else OUTSIDE
    if alike:
        return outside | (FEW - OUTSIDE)
    return outside | (STAFF if FULL else together(STAFF, people))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_administration_answers_everybody_as_declared(town, rows):  # noqa: F811
    assert sorted(model for model, key in rows.items() if not key) == []
    found = [
        difference
        for route, declared in DOORS.items()
        for difference in differences(route, declared, f"/{route}", town.clients)
    ]
    for route, declared in (ADMIN | app_pages()).items():
        address = admin_address(route, rows)
        for method in (GET, POST):
            for person in sorted(asked_in_admin(route, declared, method)):
                got = answered(town.clients[person], method, route, address)
                wanted = expected_in_admin(declared, method, person)
                if got not in wanted:
                    words = " or ".join(sorted(wanted))
                    found.append(f"{method.upper()} {route} by {person}: {got}, not {words}")
    if found:
        pytest.fail("\n".join(found))


def acts_offered(model, person):
    request = RequestFactory().get("/")
    request.user = person
    return set(page_of(model).get_actions(request))


def test_each_act_of_the_administration_is_offered_to_whom_it_is_declared(town):  # noqa: F811
    for model in READERS:
        declared = ACTS.get(model, {})
        for person in STAFF:
            mine = {act for act, people in declared.items() if person in people}
            assert acts_offered(model, town.people[person]) == mine, (model, person)


@pytest.mark.timeout(120)
def test_an_act_of_the_administration_is_done_by_nobody_else(town, rows):  # noqa: F811
    """Sent all the same: refused, or said to be none, and nothing is written."""
    for model, acts in ACTS.items():
        for act, people in acts.items():
            for person in sorted(STAFF - people):
                sent = {"action": act, "_selected_action": rows[model]}
                with CaptureQueriesContext(connection) as queries:
                    answer = town.clients[person].post(f"/admin/{model}/", sent)
                told = (200, 302) if person in lookers(model) else (403,)
                assert answer.status_code in told, (model, act, person)
                wrote = [query["sql"] for query in queries if WRITES.match(query["sql"])]
                assert wrote == [], (model, act, person)


@pytest.mark.timeout(120)
def test_allauths_pages_answer_everybody_as_declared(town):  # noqa: F811
    """To whoever has just given their password anew, where a page asks for that first."""
    del town.clients[NO_SECOND_FACTOR]  # here somebody like any resident
    asking = Route({GET: frozenset(), POST: frozenset()}, asks_again=True)
    found = [
        difference
        for route in sorted(ASKS_AGAIN)
        for difference in differences(route, asking, accounts_address(route), town.clients)
    ]
    town.clients[every_role_but(OWNERS)]  # comes, and gives their password like the others
    for client in town.clients.values():
        gave_password_anew(client)
    found += every_difference(town, set(ACCOUNTS) - THEIR_OWN)
    RecoveryCodes.activate(town.people[OWNER])
    found += every_difference(town, THEIR_OWN, a_key(town.people[OWNER]).pk)
    if found:
        pytest.fail("\n".join(found))


def every_difference(town, routes, key=0):  # noqa: F811
    return [
        difference
        for route in sorted(routes)
        for difference in differences(
            route, ACCOUNTS[route], accounts_address(route, key), town.clients
        )
    ]


def gave_password_anew(client):
    session = client.session
    for given in session.get("account_authentication_methods", []):
        given["reauthenticated"] = True
    if session.session_key:
        session.save()


def a_key(user):
    """A passkey, as far as its pages look at it."""
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {}}
    )


def accounts_address(route, key=0):
    filled = route.replace(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", RESET)
    return "/" + filled.replace("<int:pk>", str(key))


RESET = "password/reset/key/1-no-key/"
