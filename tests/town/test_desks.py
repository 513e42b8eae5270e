"""Who may open which desk and do what there: a table, and every desk of the site is in it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from budgeting.models import Cycle
from budgeting.views import (
    announcements,
    ballot_desk,
    cycle_desk,
    extending,
    money,
    moving,
    paper,
    preparing,
    proposal_files,
    reviews,
    rolls,
)
from civicfund.complaints.views import desk as complaints_desk
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.people.views import confirming, roles
from civicfund.pledges.views import moderating
from civicfund.projects.views import veiling
from civicfund.projects.views.moderation import JUDGEMENTS as PROJECT_JUDGEMENTS
from civicfund.staff import SUPERUSER
from civicfund.talk.views.desk import JUDGEMENTS
from civicfund.talk.views.pausing import PAUSE_ACTS
from civicfund.town.enums import TRAIL_ROLES
from civicfund.town.views.desks import DESKS
from tests.factories.budgeting import running_cycle, trustees
from tests.factories.paper import paper_cycle
from tests.factories.people import UserFactory
from tests.signing_in import sign_in_with_second_factor
from tests.town.test_routes import address, walk_patterns

pytestmark = pytest.mark.django_db

ADMINISTRATOR, CERTIFIER, OBSERVER = Role.BUDGET_ADMINISTRATOR, Role.CERTIFIER, Role.OBSERVER
REVIEWER = Role.REVIEWER
OFFICER, CLERK, TREASURER = Role.POLL_OFFICER, Role.CLERK, Role.TREASURER
# Nobody's roles: a resident, and a trustee, who holds no role and knows a part of the key.
NOBODY = ("resident", "trustee")
WHO = (*Role, *NOBODY, SUPERUSER)


@dataclass(frozen=True)
class Declared:
    """Who may open a desk; of its acts, who may do which (the page's own readers where unsaid)."""

    readers: frozenset[str]
    acts: dict[str, frozenset[str]] = field(default_factory=dict)
    only_post: bool = False


def declared(*readers, acts=(), only_post=False, **others):
    by_act = {name: frozenset(readers) for name in acts}
    return Declared(
        frozenset(readers),
        by_act | {name: frozenset({role}) for name, role in others.items()},
        only_post,
    )


# By the name of the address. Acts that are sent without the name of one stand as "".
TABLE = {
    "cycle_desk": declared(
        ADMINISTRATOR, CERTIFIER,
        ask_open=ADMINISTRATOR, agree_open=ADMINISTRATOR, reword=ADMINISTRATOR,
        ask_cancel=ADMINISTRATOR, agree_cancel=ADMINISTRATOR,
        certify=CERTIFIER, certify_anew=CERTIFIER, agree_publish=CERTIFIER,
        acts=["take_back"],
    ),
    "proposals_csv": declared(ADMINISTRATOR, REVIEWER),
    "proposal_file": declared(ADMINISTRATOR, acts=proposal_files.FILE_ACTS),
    "participation": declared(ADMINISTRATOR, OBSERVER),
    "participation_csv": declared(ADMINISTRATOR, OBSERVER),
    "trail": declared(ADMINISTRATOR, CERTIFIER, OBSERVER),
    "trail_csv": declared(ADMINISTRATOR, CERTIFIER, OBSERVER),
    "desk_trail": declared(*TRAIL_ROLES, SUPERUSER),
    "desk_trail_csv": declared(*TRAIL_ROLES, SUPERUSER),
    "cycles_desk": declared(ADMINISTRATOR, acts=["like", "nothing"]),
    "cycle_rules": declared(ADMINISTRATOR, acts=["rules"]),
    "timeline": declared(ADMINISTRATOR, acts=[""]),
    "pots": declared(ADMINISTRATOR, acts=preparing.POT_ACTS),
    "ballot_desk": declared(ADMINISTRATOR, acts=[*ballot_desk.BALLOT_ACTS, "keep_off"]),
    "off_ballot": declared(ADMINISTRATOR, acts=[""]),
    "reviews": declared(
        ADMINISTRATOR, REVIEWER,
        limit=ADMINISTRATOR, instant=ADMINISTRATOR, assign=ADMINISTRATOR,
        add_rule=ADMINISTRATOR, remove_rule=ADMINISTRATOR, empty_notes=ADMINISTRATOR,
    ),
    "review": declared(
        ADMINISTRATOR, REVIEWER, give=REVIEWER, ask_changes=REVIEWER,
        acts=["take_back", "again", "give_pot", "take_back_review"], empty_notes=REVIEWER,
    ),
    "announcements": declared(ADMINISTRATOR, acts=announcements.ANNOUNCEMENTS_ACTS),
    "announcement": declared(ADMINISTRATOR, acts=announcements.ANNOUNCEMENT_ACTS),
    "announcement_html": declared(ADMINISTRATOR),
    "roll_desk": declared(ADMINISTRATOR, acts=rolls.ROLL_ACTS),
    "letters_desk": declared(ADMINISTRATOR, acts=rolls.LETTER_ACTS),
    "officers_desk": declared(OFFICER, acts=rolls.PERSON_ACTS),
    "extending": declared(ADMINISTRATOR, acts=extending.EXTENSION_ACTS),
    "moving": declared(ADMINISTRATOR, acts=moving.MOVING_ACTS),
    "cycle_money": declared(
        ADMINISTRATOR, TREASURER, ask=TREASURER, agree=TREASURER, acts=["take_back"]
    ),
    "kiosks_desk": declared(
        ADMINISTRATOR, OFFICER, acts=["register", "unlock", "free", "revoke"]
    ),
    "paper_desk": declared(
        ADMINISTRATOR,
        acts=[
            "offer", "add_place", "correct_place", "print", "account", "end_keying",
            *paper.ANEW_ACTS,
        ],
    ),
    "check_in": declared(OFFICER, acts=["find", "give", "account"]),
    "keying": declared(CLERK, acts=[""]),
    "sample": declared(OBSERVER, CLERK, acts=[""]),
    "cycle_key": declared(ADMINISTRATOR, acts=[""]),
    "unsealing": declared(ADMINISTRATOR, acts=[""]),
    "trials": declared(ADMINISTRATOR, acts=[""]),
    "trial": declared(ADMINISTRATOR),
    "observing": declared(OBSERVER),
    "observed_ballots": declared(OBSERVER, acts=[""], only_post=True),
    "comments_desk": declared(Role.MODERATOR),
    "judge_project": declared(Role.MODERATOR, acts=["dismiss", "hide", *PROJECT_JUDGEMENTS]),
    "judge_version": declared(Role.MODERATOR, acts=veiling.ACTS),
    "judge_file": declared(Role.MODERATOR, acts=veiling.ACTS),
    "hidden_desk": declared(Role.MODERATOR),
    "judge_author": declared(Role.MODERATOR, acts=[""]),
    "pause_person": declared(Role.MODERATOR, acts=["pause", *PAUSE_ACTS]),
    "judge_comment": declared(Role.MODERATOR, acts=["dismiss", "hide", *JUDGEMENTS]),
    "complaints_desk": declared(Role.COMPLAINTS_OFFICER),
    "complaint_desk": declared(Role.COMPLAINTS_OFFICER, acts=complaints_desk.ACTS),
    "questions_desk": declared(Role.SPOKESPERSON),
    "answer_question": declared(Role.SPOKESPERSON, acts=[""]),
    "campaigns_desk": declared(REVIEWER, Role.MODERATOR),
    "milestones_desk": declared(TREASURER, Role.MODERATOR, acts=["confirm", "not-yet"]),
    "preview_campaign": declared(REVIEWER, Role.MODERATOR),
    "judge_campaign": declared(
        REVIEWER, Role.MODERATOR,
        approve=REVIEWER, request_changes=REVIEWER,
        suspend=Role.MODERATOR, resume=Role.MODERATOR, handle=Role.MODERATOR,
        lift=Role.MODERATOR, uphold=Role.MODERATOR,
    ),
    "roles_desk": declared(SUPERUSER, acts=roles.ROLE_ACTS),
    "population_desk": declared(ADMINISTRATOR, acts=[""]),
    "homes_desk": declared(OFFICER, acts=confirming.HOME_ACTS),
    "residence_desk": declared(OFFICER),
    "residence_document": declared(OFFICER, acts=["find", "agree"]),
    "residence_content": declared(OFFICER, acts=[""], only_post=True),
    "treasury": declared(TREASURER),
    "orphan_review": declared(TREASURER, acts=[""], only_post=True),
    "books_check": declared(TREASURER, acts=[""], only_post=True),
    "treasury_account": declared(TREASURER),
    "treasury_account_csv": declared(TREASURER),
    "treasury_pledges": declared(TREASURER),
    "treasury_pledge": declared(TREASURER, acts=[""]),
    "treasury_campaign": declared(TREASURER, acts=[""]),
    "payouts": declared(TREASURER),
    "payout_account_approve": declared(TREASURER, acts=[""], only_post=True),
    "project_payouts": declared(TREASURER, acts=[""]),
    "merge_desk": declared(Role.MODERATOR, acts=[""]),
    "reconciliation": declared(TREASURER, acts=[""]),
    "difference": declared(TREASURER, acts=[""]),
    "reconciliation_csv": declared(TREASURER),
}  # fmt: skip
# The acts of the desks that name theirs.
ACTS = {
    "announcements": announcements.ANNOUNCEMENTS_ACTS,
    "announcement": announcements.ANNOUNCEMENT_ACTS,
    "cycle_desk": cycle_desk.CYCLE_ACTS,
    "ballot_desk": [*ballot_desk.BALLOT_ACTS, "keep_off"],
    "pots": preparing.POT_ACTS,
    "proposal_file": proposal_files.FILE_ACTS,
    "reviews": reviews.BOARD_ACTS,
    "review": reviews.REVIEW_ACTS,
    "roll_desk": rolls.ROLL_ACTS,
    "letters_desk": rolls.LETTER_ACTS,
    "officers_desk": rolls.PERSON_ACTS,
    "extending": extending.EXTENSION_ACTS,
    "moving": moving.MOVING_ACTS,
    "cycle_money": money.MONEY_ACTS,
    "complaint_desk": complaints_desk.ACTS,
    "homes_desk": confirming.HOME_ACTS,
    "roles_desk": roles.ROLE_ACTS,
    "judge_version": veiling.ACTS,
    "judge_file": veiling.ACTS,
    "judge_campaign": [*moderating.ACTS, moderating.HANDLE],
}
# Enough of every form for an act to come as far as the question who may do it.
FILLED_IN = {"reason": "The flood.", "one": "part", "two": "part", "asked": "1"}
FILLED_IN |= {"title": "The budget"}
FILLED_IN |= {"total_minor": "5", "words": "The council."}


def desks():
    """Every page of the site that a role opens: its name, its route, its roles."""
    return {
        pattern.name: (route, pattern.callback.desk_of)
        for route, pattern in walk_patterns(get_resolver())
        if hasattr(pattern.callback, "desk_of")
    }


FOUND = desks()
PAGES = sorted(name for name in TABLE if not TABLE[name].only_post)
DEEDS = sorted((name, act) for name, each in TABLE.items() for act in each.acts)


@pytest.fixture
def cycle():
    return running_cycle()[0]


@pytest.fixture
def somebody(client):
    """``somebody(who)`` signs in, with a second factor just given."""

    def come(who):
        person = UserFactory(is_superuser=who == SUPERUSER, is_staff=who == SUPERUSER)
        if who in Role.values:
            grant_role(person, Role(who), by=None)
        sign_in_with_second_factor(client, person)

    return come


def address_of(name, cycle):
    route = FOUND[name][0]
    if "budget/<slug:slug>" not in route:
        return address(route)
    pot = str(cycle.pots.get().pk)
    return "/" + re.sub(r"<int:\w+>", pot, route).replace("<slug:slug>", cycle.slug)


def may(who, roles):
    return who in roles


def test_every_desk_is_declared_with_the_roles_that_it_is_for():
    assert {name: roles for name, (_route, roles) in FOUND.items()} == {
        name: each.readers for name, each in TABLE.items()
    }


def test_every_act_of_a_desk_is_declared():
    for name, acts in ACTS.items():
        assert set(TABLE[name].acts) == set(acts), name


@pytest.mark.parametrize("who", WHO)
def test_a_desk_opens_for_its_roles_and_for_nobody_else(client, cycle, somebody, who):
    somebody(who)
    for name in PAGES:
        status = client.get(address_of(name, cycle)).status_code
        if may(who, TABLE[name].readers):
            assert status in (200, 404), (name, status)
        else:
            assert status == 403, (name, status)


@pytest.mark.parametrize("who", WHO)
def test_an_act_is_done_by_its_roles_and_by_nobody_else(client, cycle, somebody, who):
    somebody(who)
    parts = dict(zip(("one", "two"), trustees(), strict=False)) if who == "trustee" else {}
    before = Cycle.objects.values().get(pk=cycle.pk)
    for name, act in DEEDS:
        sent = FILLED_IN | parts | ({"act": act} if act else {})
        status = client.post(address_of(name, cycle), sent).status_code
        if may(who, TABLE[name].acts[act]):
            assert status in (200, 302, 400, 404, 405), (name, act, status)
        else:
            assert status == 403, (name, act, status)
    assert Cycle.objects.values().get(pk=cycle.pk) == before


def test_a_desk_without_a_second_factor_opens_for_nobody(client, cycle):
    for role in Role:
        person = UserFactory()
        grant_role(person, role, by=None)
        client.force_login(person)
        for name in PAGES:
            if role in TABLE[name].readers:
                answer = client.get(address_of(name, cycle))
                assert answer.status_code == 302, name
                assert answer["Location"].startswith("/admin/login/"), name


# --- my desks


def links_of(page):
    return [
        address
        for address, _words in itertools.chain(
            page.context["of_the_town"], *(desks for _cycle, desks in page.context["of_cycles"])
        )
    ]


@pytest.mark.parametrize("who", WHO)
def test_my_desks_are_those_that_my_role_opens(client, cycle, somebody, who):
    somebody(who)
    page = client.get(reverse("my_desks"))
    links = links_of(page)
    assert bool(links) == any(desk.role == who and lists(desk, cycle) for desk in DESKS)
    for link in links:
        assert client.get(link).status_code == 200, link


def lists(desk, cycle):
    return not desk.states or desk.is_of_use(cycle)


def test_where_people_vote_on_paper_an_officer_finds_the_check_in(client, somebody):
    voted_on_paper, *_ = paper_cycle()
    somebody(OFFICER)
    check_in = reverse("check_in", args=[voted_on_paper.slug])
    assert check_in in links_of(client.get(reverse("my_desks")))
    assert client.get(check_in).status_code == 200


def test_every_desk_that_is_listed_is_for_its_role():
    for desk in DESKS:
        if desk.page in TABLE:
            assert desk.role in TABLE[desk.page].readers, desk


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get(reverse("my_desks"))["Location"].startswith("/accounts/login/")


def test_my_desks_ask_as_much_for_three_cycles_as_for_one(client, cycle, somebody):
    somebody(ADMINISTRATOR)
    counts = []
    for more in (0, 2):
        for _ in range(more):
            running_cycle()
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("my_desks"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
