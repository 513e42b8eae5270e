"""Asks a town for every page that it has, as everybody who might ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver

from budgeting.models import Board, BoardLine, Cycle
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.town.bench.visitors import session_of
from tests.factories.people import UserFactory
from tests.town.test_routes import MADE_UP, NEEDED, walk
from tests.trust.electorate import Vote

# Who asks, by what they are called here: None is somebody who is not signed in.
Cast = Mapping[str, int | None]
# Which role asked for which address in which format.
Key = tuple[str, str, str]
Answers = dict[Key, "Answer"]

FORMATS: dict[str, dict[str, str]] = {
    "html": {},
    "head": {},
    "json": {"HTTP_ACCEPT": "application/json"},
    "file": {"HTTP_ACCEPT": "text/csv, application/zip, application/rss+xml, text/calendar"},
    "fragment": {"HTTP_HX_REQUEST": "true"},
}
# Headers that are another with every request.
OWN_HEADERS = {"Set-Cookie", "Date", "X-Request-ID"}


# The rooms of a town in which a vote could show itself, and how each is asked.
VOTE = re.compile(r"^/$|^/budget/|^/api/|^/me/|^/projects/|^/neighborhoods/")
SECOND_ADMINISTRATOR = "second administrator"
DESK = re.compile(r"^/admin/(budgeting|audit|notices)/")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: by whom, in which states, and of which addresses in which formats."""

    roles: Sequence[str]
    states: Sequence[str]
    rooms: Sequence[tuple[re.Pattern[str], Sequence[str]]]

    @classmethod
    def full(cls) -> Asked:
        """Every address: what the vote is about in every format."""
        roles = [*Role.values, "anonymous", "voter", "another voter", "superuser"]
        rooms = [(VOTE, list(FORMATS)), (DESK, ["html", "head"]), (re.compile(""), ["html"])]
        return cls(roles, ("open", "closed", "unsealed", "counted", "certified"), rooms)

    def in_state(self, state: str) -> Asked:
        """What is asked for then: the rooms that are about no vote once before and once after."""
        if state in ("open", "counted"):
            return self
        return replace(self, rooms=[room for room in self.rooms if room[0].pattern])

    @classmethod
    def small(cls) -> Asked:
        """The ballot half, by those who might learn most."""
        roles = ["anonymous", "voter", Role.BUDGET_ADMINISTRATOR]
        desk = "^/admin/$|^/admin/budgeting/(cycle|tally)/"
        rooms = [(re.compile(rf"^/$|^/budget/|^/api/v1/cycles|{desk}"), ["html"])]
        return cls(roles, ("open", "unsealed"), rooms)

    @classmethod
    def planted(cls) -> Asked:
        """Enough to find the planted view."""
        return cls(["anonymous"], ("open",), [(re.compile("^/budget/.*/trend/"), ["html"])])

    @property
    def formats(self) -> set[str]:
        """Every format that is asked for."""
        return {form for _, forms in self.rooms for form in forms}

    def keys(self, addresses: Sequence[str]) -> list[Key]:
        """Every role at every address in every format of its room."""
        forms = {
            address: next((forms for room, forms in self.rooms if room.search(address)), ())
            for address in addresses
        }
        return [
            (role, address, form)
            for role in self.roles
            for address in addresses
            for form in forms[address]
        ]


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a client can see of an answer, without what is another every time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    length: int
    body: str


def cast_of(vote: Vote) -> Cast:
    """Somebody of every role, two of the voters, and nobody."""
    people: dict[str, int | None] = {"anonymous": None}
    for role in Role:
        person = UserFactory()
        grant_role(person, role, by=None)
        people[role] = person.pk
    people["superuser"] = UserFactory(is_staff=True, is_superuser=True).pk
    # Asks for nothing: agrees to what the other one has asked for.
    people[SECOND_ADMINISTRATOR] = UserFactory().pk
    grant_role(
        User.objects.get(pk=people[SECOND_ADMINISTRATOR]), Role.BUDGET_ADMINISTRATOR, by=None
    )
    # The first casts nothing.
    people["another voter"], people["voter"] = (voter.user.pk for voter in vote.voters[:2])
    return people


def answers(vote: Vote, people: Cast, asked: Asked) -> Answers:
    """What everybody is answered everywhere."""
    return ask(people, asked.keys(_addresses(vote)), vote)


def ask(people: Cast, keys: Sequence[Key], vote: Vote) -> Answers:
    """What is answered to these."""
    digests, clients, found = _digests(vote.cycle.pk), {}, {}
    for number, key in enumerate(keys):
        role, address, form = key
        if role not in clients:
            clients[role] = _client(people[role])
        if number % 50 == 0:
            cache.clear()  # or the limits on how often one may ask would answer
        found[key] = _ask(clients[role], address, form, digests)
    return found


def differences(one: Answers, other: Answers) -> list[Key]:
    """Where the two towns answer differently."""
    return [key for key, answer in one.items() if other[key] != answer]


def shut_out(found: Answers) -> set[str]:
    """Staff who did not get into the administration: their answers would tell nothing."""
    staff = {*Role.values, "superuser"}
    return {
        role
        for (role, address, form), answer in found.items()
        if (address, form) == ("/admin/", "html") and role in staff and answer.status != 200
    }


# Whoever certifies a count has to see it: from the count on, at their desk. Nobody else, nowhere.
CERTIFY = {Role.BUDGET_ADMINISTRATOR, Role.CERTIFIER, "superuser"}
JUDGED = re.compile(rf"{DESK.pattern}|^/budget/[^/]+/desk/$")


def may_learn(state: str, key: Key) -> bool:
    """Whether the answers to this may differ then."""
    role, address, _ = key
    is_counted = state in ("counted", "certified")
    return is_counted and role in CERTIFY and bool(JUDGED.search(address))


def _client(pk: int | None) -> Client:
    client = Client(raise_request_exception=False)
    if pk is not None:
        key = session_of(User.objects.get(pk=pk), second_factor=True)
        client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def _ask(client: Client, address: str, form: str, digests: Mapping[str, str]) -> Answer:
    call = client.head if form == "head" else client.get
    answer = call(address, **FORMATS[form])
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = sorted((name, value) for name, value in answer.items() if name not in OWN_HEADERS)
    body = _without_chance(content.decode("utf-8", "backslashreplace"), digests)
    return Answer(
        answer.status_code,
        tuple((name, _without_chance(value, digests)) for name, value in headers),
        len(content),
        body,
    )


# What may differ, and why. Everything else has to be the same to the letter.
_CSRF = re.compile(r"(csrfmiddlewaretoken\W+value=\W|csrf\w*\W+)[A-Za-z0-9]{64}")
_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?|\b\d{1,2}:\d\d(:\d\d)?( [ap]\.m\.)?"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _without_chance(text: str, digests: Mapping[str, str]) -> str:
    """Without tokens against forged requests, times of day, and this town's digests of its board.

    A digest of the board differs because the ballots do; of these the place on the board is kept.
    Any other digest has to be the same in both towns.
    """
    text = _CSRF.sub("token", text)
    text = _DIGEST.sub(lambda found: digests.get(found[0], found[0]), text)
    return _TIMES.sub("time", text)


def _digests(cycle: int) -> dict[str, str]:
    board = Board.objects.get(pk=cycle)
    found = {board.head: "head", board.root: "root"}
    for line in BoardLine.objects.filter(cycle=cycle):
        found[line.ballot_hash] = f"ballot {line.position}"
        found[line.head] = f"head {line.position}"
    return found


def _addresses(vote: Vote) -> list[str]:
    """Every route of the URLconf, for the things that this town has."""
    cycle = Cycle.objects.get(pk=vote.cycle.pk)
    found = {}
    for route, _name in walk(get_resolver()):
        if "(" not in route:
            found |= dict.fromkeys(_filled(route, cycle))
    return list(found)


def _filled(route: str, cycle: Cycle) -> Iterator[str]:
    pot = cycle.pots.get()
    known = {"<int:pot>": str(pot.pk), "<slug:slug>": cycle.slug}
    if route.startswith("neighborhoods/"):
        known["<slug:slug>"] = cycle.roll.select_related("place")[0].place.slug
    projects = [str(option.proposal.project_id) for option in pot.options.all()[:2]]
    of_projects = route.startswith(("projects/", "api/v1/projects/"))
    for pk in _rows_of(route) or (projects if of_projects else ["1"]):
        address = route.replace("<path:object_id>", pk).replace("<int:pk>", pk)
        for name, value in known.items():
            address = address.replace(name, value)
        made_up = re.sub(r"<(?:(\w+):)?\w+>", lambda kind: MADE_UP[kind[1] or "str"], address)
        yield f"/{made_up.removesuffix('$')}{NEEDED.get(route, '')}"


def _rows_of(route: str) -> list[str]:
    """The first and the last row of the model whose page in the administration this is."""
    found = re.match(r"admin/(\w+)/(\w+)/<path:object_id>/", route)
    if found is None:
        return []
    rows = apps.get_model(found[1], found[2])._default_manager.order_by("pk")
    return [str(row.pk) for row in (*islice(rows, 1), *islice(rows.reverse(), 1))]
