"""Every form of the site that is typed into: on which page it stands, and who sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from django import forms
from django.test import Client
from django.urls import Resolver404, resolve

from civicfund.people.enums import Role
from civicfund.projects.models import Project
from tests.town.filling_in import Paper, Papers, Text
from tests.town.more_forms import asked_why, more_forms, reasons, sent_along
from tests.town.more_words import Pages
from tests.town.people import ANONYMOUS, RESIDENT, People
from tests.town.routes import POST, ROUTES, Route
from tests.town.small_town import SmallTown, is_private

DOORS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
# What a page sends along for itself, hidden.
SENT_ALONG = {"found", "checked", "digest", "consent_version"}
# After these somebody else cannot do what they came for, or is signed out.
LAST = ("act=hide", "reason yearly again", "act=register", "me/close/")
# Whatever these add to a form, it is the same form.
ROWS = (["lines"], ["rewards"], ["zones"])
CYCLES = "/admin/budgeting/cycle/"


@dataclass
class Errand:
    """A form, and who sends it; its fields, once it was sent."""

    client: Client
    paper: Paper
    fields: dict[str, forms.Field] = field(default_factory=dict)
    takers: dict[str, set[str]] = field(default_factory=dict)


def errands_of(town: SmallTown, paid: Project) -> dict[str, Errand]:
    """Each form by where it leads, what it says and what is typed into it, once for each button.

    What is not public stands beside what is, and what a stranger is shown beside all else.
    """
    found: dict[str, Errand] = {}
    pages = more_forms(town, paid) | desks(town) | rooms(town)
    for client in {id(each): each for each, _address in pages.values()}.values():
        client.raise_request_exception = False
        client.get("/policies/terms/")  # what is said once to a visitor is said
    for name, (client, address) in pages.items():
        for paper in papers_on(client, address):
            found.setdefault(f"{_key(paper)}{name.partition(' as')[2]}", Errand(client, paper))
    by_hand = sent_along(town) | reasons(town) | asked_why()
    found |= {name: Errand(client, paper) for name, (client, paper) in by_hand.items()}
    return dict(sorted(found.items(), key=lambda each: any(act in each[0] for act in LAST)))


def desks(town: SmallTown) -> Pages:
    """Every page for each kind of people to whom it may look otherwise."""
    return {
        f"{route} {person} as{' private' * private}{' stranger' * (person == ANONYMOUS)}": (
            town.clients[person],
            town.address(route, private=private),
        )
        for route, declared in ROUTES.items()
        if declared.reads and not route.startswith("api/")
        for private in {False, is_private(route)}
        for person in sorted(_senders(declared))
    }


def _senders(declared: Route) -> People:
    if len(declared.reads) <= 3:
        return declared.reads
    strangers = {ANONYMOUS} & declared.let_through.get(POST, frozenset())
    return {RESIDENT if RESIDENT in declared.reads else min(declared.reads)} | strangers


def rooms(town: SmallTown) -> Pages:
    """Of the administration and of signing in."""
    t = town.things
    rows = (
        f"{CYCLES}prepare/",
        f"{CYCLES}{t.draft_cycle.pk}/phase/",
        f"{CYCLES}{t.draft_cycle.pk}/pot/",
        f"{CYCLES}{t.running.pk}/cancel/",
        f"/admin/places/neighborhood/{t.city.pk}/change/",
    )
    found = {row: (town.clients[Role.BUDGET_ADMINISTRATOR], row) for row in rows}
    return found | {door: (town.clients[ANONYMOUS], door) for door in DOORS}


def papers_on(client: Client, address: str) -> Iterator[Paper]:
    """The forms of a page, if it is one, into which something is typed."""
    answer = client.get(address, follow=True)
    if answer.streaming or not answer["Content-Type"].startswith("text/html"):
        return
    at = answer.redirect_chain[-1][0] if answer.redirect_chain else address
    for paper in Papers(answer.content.decode(), at).found:
        if paper.texts:
            yield from (way for way in paper.ways() if way.values.get("act") not in ROWS)
        if along := paper.hidden & SENT_ALONG:
            yield replace(paper, texts={name: Text(0, lines=False) for name in along})


def _key(paper: Paper) -> str:
    try:
        route = resolve(paper.action.partition("?")[0]).route
    except Resolver404:
        route = paper.action
    said = [f"{name}={paper.values[name][-1]}" for name in ("act", "as") if name in paper.values]
    return " ".join([route, *said, *sorted({re.sub(r"\d+", "N", name) for name in paper.texts})])
