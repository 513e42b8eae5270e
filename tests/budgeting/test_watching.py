from __future__ import annotations

import ast
import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import budgeting
from budgeting.enums import (
    ACT_WORDS,
    ANNOUNCEMENT_MOVES,
    CYCLE_MOVES,
    IMPORTED_CYCLE_MOVES,
    PROPOSAL_MOVES,
    VERB_WORDS,
)
from budgeting.models import Participation as TookPart
from budgeting.selectors.participation import participation_of
from budgeting.selectors.said import SAID_WORDS, said_in_words
from budgeting.services.cycles import request_opening
from budgeting.services.reviews import give_review
from civicfund.people.enums import Role
from civicfund.people.services import grant_role, revoke_role
from civicfund.places.models import Neighborhood
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    draft_cycle,
    opened,
    publish_now,
    rehearsed,
    running_cycle,
    voters,
)
from tests.factories.paper import holder, paper_cycle, voted_on_paper
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def voted(*numbers, position=0):
    """A running cycle: of 12 on each neighborhood's roll so many have voted."""
    cycle = draft_cycle()
    places = [NeighborhoodFactory(name=f"Place {n}", population=100) for n, _ in enumerate(numbers)]
    people = [voters(cycle, 12, neighborhood=place) for place in places]
    Neighborhood.objects.exclude(pk__in=[place.pk for place in places]).update(population=0)
    cycle = opened(cycle)
    for those, number in zip(people, numbers, strict=True):
        for person in those[:number]:
            cast_positions(cycle, person, [position])
    return cycle


def test_people_are_told_by_place_beside_the_roll_and_who_lives_there():
    found = participation_of(voted(12, 10))
    assert [
        (part.label, part.voters, part.on_roll, part.population) for part in found.by_place
    ] == [
        ("Place 0", 12, 12, 100),
        ("Place 1", 10, 12, 100),
    ]
    assert [part.of_population for part in found.by_place] == [12, 10]
    assert [part.label for part in found.missing] == ["Place 1"]
    assert (found.voters, found.by_channel) == (22, [("On the web", 22)])


def test_who_is_missing_is_told_of_those_who_live_there_too():
    cycle = voted(12, 10)
    Neighborhood.objects.filter(name="Place 0").update(population=1_000)
    NeighborhoodFactory(name="Place of nobody", population=50)
    found = participation_of(cycle)
    assert [part.label for part in found.missing] == ["Place 1"]
    # Of 1,000, of 100 and of 50 people 22 voted: two in a hundred.
    assert [part.label for part in found.missing_of_population] == ["Place of nobody", "Place 0"]
    assert found.of_population == pytest.approx(100 * 22 / 1_150)
    assert (found.by_place[2].on_roll, found.by_place[2].of_population) == (0, 0)
    assert found.uncounted == []


def test_where_nobody_knows_how_many_people_live_no_share_of_them_is_told(client):
    cycle = voted(12, 10)
    Neighborhood.objects.filter(name="Place 0").update(population=None)
    found = participation_of(cycle)
    assert [part.label for part in found.uncounted] == ["Place 0"]
    assert (found.of_population, found.missing_of_population) == (10, [])
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("participation", args=[cycle.slug]))
    said = " ".join(page.content.decode().split())
    assert "10.0 % of those who live where that is known" in said
    assert "How many people live there is not known of: Place 0." in said
    [_roll, (caption, rows)] = page.context["shares"]
    assert caption == "Of those who live there, in per cent"
    assert [(row["label"], row["value"], row["display"]) for row in rows] == [
        ("Place 0", 0, "not known"),
        ("Place 1", 10, "10.0 %"),
    ]
    Neighborhood.objects.update(population=None)
    page = client.get(reverse("participation", args=[cycle.slug]))
    assert "how many people live here is not known" in page.content.decode()
    assert page.context["shares"][1][1] == []


def test_where_too_few_voted_the_share_of_the_roll_is_told_and_nothing_is_called_unknown(client):
    cycle = voted(3, 3)
    found = participation_of(cycle)
    assert (found.by_place, found.of_roll, found.of_population) == ([], 25, None)
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("participation", args=[cycle.slug])).content.decode()
    assert "25.0 % of the roll" in page
    assert "Too few to tell" in page
    assert "not known" not in page


def test_a_place_without_a_roll_of_which_nobody_knows_how_many_live_there_is_named(client):
    cycle = voted(12, 10)
    NeighborhoodFactory(name="Docks", population=None)
    NeighborhoodFactory(name="Forest", population=0)
    found = participation_of(cycle)
    assert [part.label for part in found.uncounted] == ["Docks"]
    assert len(found.by_place) == 3
    assert "Forest" not in {part.label for part in found.by_place}
    assert found.of_population == 11
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("participation", args=[cycle.slug])).content.decode()
    assert "How many people live there is not known of: Docks." in " ".join(page.split())


def test_a_place_of_which_nothing_is_known_is_not_taken_together_with_others():
    cycle = voted(12, 7, 2)
    NeighborhoodFactory(name="Docks", population=None)
    told = [(part.label, part.voters, part.population) for part in participation_of(cycle).by_place]
    assert told == [("Docks", 0, None), ("others together", 21, 300)]


def test_two_places_of_one_name_are_two():
    cycle = voted(12, 10)
    Neighborhood.objects.filter(name="Place 1").update(name="Place 0", population=40)
    assert sorted((part.voters, part.population) for part in participation_of(cycle).by_place) == [
        (10, 40),
        (12, 100),
    ]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((12, 10, 9), [("Place 0", 12), ("others together", 19)]),
        ((12, 5, 5), [("Place 0", 12), ("others together", 10)]),
        ((3, 3), []),
        ((12, 0), [("Place 0", 12), ("Place 1", 0)]),
    ],
)
def test_of_fewer_than_ten_nothing_is_told_nor_can_be_reckoned(numbers, told):
    found = participation_of(voted(*numbers))
    assert [(part.label, part.voters) for part in found.by_place] == told
    assert all(part.voters == 0 or part.voters >= 10 for part in found.by_place)


def test_what_is_shown_is_the_same_whatever_people_choose(client):
    sign_in_with_second_factor(client, administrator())
    pages = []
    for position in (0, 2):
        cycle = voted(12, 11, position=position)
        page = client.get(reverse("participation", args=[cycle.slug]))
        pages.append(page.context["found"])
        assert page.status_code == 200
    one, other = ([part.voters for part in found.by_place if part.voters] for found in pages)
    assert one == other == [12, 11]
    assert pages[0].by_channel == pages[1].by_channel


def test_participation_asks_as_much_for_three_places_as_for_one(client):
    sign_in_with_second_factor(client, administrator())
    counts = []
    for numbers in ((10,), (10, 11, 12)):
        cycle = voted(*numbers)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("participation", args=[cycle.slug])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- the trail


def trail(client, cycle, **asked):
    return client.get(reverse("trail", args=[cycle.slug]), asked)


def acts(page):
    return [act.what for act in page.context["acts"]]


def test_the_trail_tells_every_act_and_is_narrowed_by_kind_person_and_time(client):
    first = administrator()
    cycle = rehearsed(draft_cycle(by=first))
    request_opening(cycle, by=first)
    second = administrator()
    sign_in_with_second_factor(client, second)
    everything = trail(client, cycle)
    assert {"cycle.made", "cycle.pot_added", "proposal.submitted", "cycle.open.asked"} <= set(
        acts(everything)
    )
    assert acts(everything)[0] == "cycle.open.asked"
    assert set(acts(trail(client, cycle, kind="cycle.made"))) == {"cycle.made"}
    mine = trail(client, cycle, person=first.pk)
    assert {act.who for act in mine.context["acts"]} == {first.pk}
    assert {act.name for act in mine.context["acts"]} == {str(first)}
    assert acts(trail(client, cycle, person=second.pk)) == []
    today, day = timezone.localdate(), timedelta(days=1)
    assert acts(trail(client, cycle, until=today - day)) == []
    assert acts(trail(client, cycle, since=today + day)) == []
    assert acts(trail(client, cycle, since=today - day, until=today + day)) == acts(everything)
    assert trail(client, cycle, kind="dreams").status_code == 400
    assert trail(client, cycle, person="me").status_code == 400
    assert trail(client, cycle, until="9999-12-31").status_code == 400


def test_the_trail_of_one_thing_and_the_file_tell_what_the_page_tells(client):
    cycle, [proposal] = reviewing_cycle()
    give_review(proposal, **NO, by=reviewer())
    sign_in_with_second_factor(client, administrator())
    about = f"budgeting.proposal:{proposal.pk}"
    page = trail(client, cycle, about=about)
    assert {act.about for act in page.context["acts"]} == {about}
    assert "review.given" in acts(page)
    assert f"to one thing: proposal {proposal.pk}." in page.content.decode()
    for asked in ({}, {"about": about}, {"kind": "review.given"}):
        shown = trail(client, cycle, **asked).context["acts"]
        answer = client.get(reverse("trail_csv", args=[cycle.slug]), asked)
        rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))[1:]
        assert sorted((row[0], row[1], row[4]) for row in rows) == sorted(
            (act.at.isoformat(), act.what, act.of) for act in shown
        )
    client.logout()
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    hinted = client.get(reverse("trail_csv", args=[cycle.slug]), {"about": about})
    assert b"review.given" not in b"".join(hinted)
    wrong = client.get(reverse("trail_csv", args=[cycle.slug]), {"about": "x"})
    assert wrong.status_code == 404


def test_participation_as_a_file_tells_the_groups_of_the_page(client):
    cycle = voted(12, 11)
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    page = client.get(reverse("participation", args=[cycle.slug]))
    answer = client.get(reverse("participation_csv", args=[cycle.slug]))
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    assert rows[0] == ["by", "group", "voters", "on the roll", "live there"]
    found = page.context["found"]
    assert rows[-1] == ["in all", "", "23", str(found.on_roll), ""]
    told = {(row[0], row[1], row[2]) for row in rows[1:-1]}
    assert told == {
        *(("neighborhood", part.label, str(part.voters)) for part in found.by_place),
        *(("channel", label, str(number)) for label, number in found.by_channel),
        *(("day", label, str(number)) for label, number in found.by_day),
    }
    assert found.by_place


def test_the_trail_names_whoever_was_of_the_staff_once(client):
    grant_role(former := UserFactory(), Role.BUDGET_ADMINISTRATOR, by=None)
    cycle = draft_cycle(by=former)
    revoke_role(former, Role.BUDGET_ADMINISTRATOR, by=None)
    sign_in_with_second_factor(client, administrator())
    [made] = [act for act in trail(client, cycle).context["acts"] if act.what == "cycle.made"]
    assert (made.who, made.name) == (former.pk, str(former))
    assert {act.who for act in trail(client, cycle, person=former.pk).context["acts"]} == {
        former.pk
    }


def test_the_trail_of_a_cycle_tells_of_no_other_and_of_no_voter(client):
    cycle, [person] = running_cycle()
    running_cycle()
    cast_positions(cycle, person, [0])
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    told = trail(client, cycle).context["acts"]
    own = {
        f"cycle {cycle.pk}",
        *(f"proposal {pk}" for pk in cycle.proposals.values_list("pk", flat=True)),
    }
    assert {act.of for act in told} == own
    assert TookPart.objects.count() == 1
    assert person.pk not in {act.who for act in told}


def test_the_trail_hints_at_no_verdict_before_it_is_public(client):
    cycle, [proposal] = reviewing_cycle()
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    before = acts(trail(client, cycle))
    for _ in range(2):
        give_review(proposal, **NO, by=reviewer())
    page = trail(client, cycle)
    assert acts(page) == before
    assert "review.given" not in page.content.decode()
    assert "A review was handed in" not in page.content.decode()
    client.logout()
    sign_in_with_second_factor(client, administrator())
    page = trail(client, cycle, kind="review.given")
    assert len(acts(page)) == 2
    assert NO["reason"] not in page.content.decode()
    publish_now(cycle, by=administrator())
    client.logout()
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    assert len(acts(trail(client, cycle, kind="review.given"))) == 2


def test_the_trail_asks_as_much_for_many_acts_as_for_few(client):
    sign_in_with_second_factor(client, administrator())
    counts = []
    for proposals in (1, 3):
        cycle, _made = reviewing_cycle(proposals)
        with CaptureQueriesContext(connection) as queries:
            assert trail(client, cycle).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


RECORDERS = ("record", "record_all")


def _literal(call):
    """The verb of a ``record(…)`` in the source."""
    verb = call.args[0]
    assert isinstance(verb, ast.Constant), f"line {call.lineno}: a verb that no test can read"
    return verb.value


def _recorded():
    """Every verb that the ballot half records, by itself or with a move."""
    named = {
        _literal(node)
        for file in Path(budgeting.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RECORDERS
    }
    cycles = {
        to for table in (CYCLE_MOVES, IMPORTED_CYCLE_MOVES) for tos in table.values() for to in tos
    }
    moved = {f"cycle.{to}" for to in cycles}
    moved |= {f"proposal.{to}" for tos in PROPOSAL_MOVES.values() for to in tos}
    moved |= {f"announcement.{to}" for tos in ANNOUNCEMENT_MOVES.values() for to in tos}
    return named | moved


def test_every_act_that_is_recorded_anywhere_has_words_and_no_words_are_left_over():
    asked = {f"{act}.{part}" for act in ACT_WORDS for part in ("asked", "agreed", "taken_back")}
    assert len(_recorded()) > 50
    assert set(VERB_WORDS) == _recorded() | asked


def _facts_recorded():
    """The name of every fact that an act of the ballot half leaves beside it."""
    found = {"old"}  # what a move was from
    for path in Path(budgeting.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RECORDERS:
                found |= {keyword.arg for keyword in node.keywords} - {"actor"}
    return found


def test_every_fact_that_is_recorded_anywhere_has_a_name_and_no_name_is_left_over():
    assert len(_facts_recorded()) > 30
    assert set(SAID_WORDS) == _facts_recorded()


@pytest.mark.parametrize(
    ("what", "said", "words"),
    [
        ("cycle.published", {"old": "certified"}, ("before", "Certified")),
        ("proposal.selected", {"old": "on_ballot"}, ("before", "On the ballot")),
        ("announcement.done", {"old": "sending"}, ("before", "Being sent")),
        ("cycle.phase_added", {"kind": "supporting"}, ("kind", "Supporting")),
        ("cycle.pot_added", {"amount_minor": 120_050}, ("amount", "\u20ac1,200.50")),
        ("cycle.reviews_planned", {"second_above_minor": None}, ("two reviews above", "\u2013")),
        ("cycle.supports_needed", {"pots": [3, 5]}, ("pots, numbers", "3, 5")),
        (
            "cycle.verdicts_announced",
            {"at": "2027-03-01T08:00:00+00:00"},
            ("at", "1 March 2027, 08:00"),
        ),
    ],
)
def test_what_an_act_said_is_shown_in_words(what, said, words):
    assert list(said_in_words(what, said)) == [words]


def test_the_trail_shows_no_code_of_the_machine(client):
    cycle = opened(draft_cycle())
    sign_in_with_second_factor(client, administrator())
    page = trail(client, cycle)
    [opening] = [act for act in page.context["acts"] if act.what == "cycle.open"]
    assert (opening.of, opening.said_words) == (f"cycle {cycle.pk}", [("before", "Draft")])
    for name in SAID_WORDS:
        if "_" in name or name == "old":
            assert f"<td>{name}: " not in page.content.decode()


def test_the_trail_says_in_words_what_was_done(client):
    cycle = draft_cycle(costs_minor=())
    sign_in_with_second_factor(client, administrator())
    page = trail(client, cycle).content.decode()
    assert "The cycle was made" in page
    assert "<td>cycle.made" not in page
    assert '<option value="cycle.made">The cycle was made' in page


def test_whoever_was_given_paper_after_a_cast_is_of_those_on_paper():
    cycle, people, place, _ = paper_cycle(20)
    for person in people:
        cast_positions(cycle, person, [0])
    voted_on_paper(cycle, people[10:], place)
    assert participation_of(cycle).by_channel == [("On the web", 10), ("On paper", 10)]
