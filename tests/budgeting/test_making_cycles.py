from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.timezone import localtime

from budgeting.enums import BallotKind, CycleState, PhaseKind, VoterGroup
from budgeting.models import Cycle, Phase, Pot
from budgeting.selectors import (
    Holidays,
    eligibility_of,
    holidays_of,
    phase_steps,
    readiness,
    timeline_warnings,
)
from budgeting.services.cycles import add_phase, add_pot, create_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.preparing import (
    TEMPLATES,
    change_pot,
    copy_cycle,
    cycle_from_template,
    remove_pot,
    set_phases,
    share_out,
)
from budgeting.services.reviewers import add_rule, plan_reviews
from budgeting.services.roll import set_eligibility
from civicfund.audit.services import db_now
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from tests.factories.budgeting import administrator, draft_cycle, opened, voters
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.reviews import reviewer
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 2, 1)


def windows(cycle):
    return [(phase.kind, phase.starts_at, phase.ends_at) for phase in cycle.phases.all()]


def test_a_template_gives_ballots_a_rule_and_phases_without_gaps():
    for name, template in TEMPLATES.items():
        cycle = cycle_from_template(
            template, slug=name, title=name, first_day=MONDAY, by=administrator()
        )
        assert (cycle.ballot_kind, cycle.rule) == (template.ballot_kind, template.rule)
        phases = list(cycle.phases.all())
        assert localtime(phases[0].starts_at).date() == MONDAY
        assert timeline_warnings(phases, []) == []
        assert cycle.voting is not None


def test_a_copy_has_all_of_the_other_but_projects_people_and_key(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    by, mine = administrator(), reviewer()
    source = draft_cycle(by=by, kind=BallotKind.CUMULATIVE, rule="greedy_points", max_sum_points=7)
    source.phases.all().delete()
    zone = ZoneInfo("Europe/Berlin")
    starts = datetime(2026, 3, 2, 8, tzinfo=zone)
    add_phase(
        source, PhaseKind.PROPOSING, starts_at=starts, ends_at=starts + timedelta(weeks=3), by=by
    )
    voting = datetime(2026, 4, 6, 8, tzinfo=zone)
    add_phase(
        source, PhaseKind.BALLOTING, starts_at=voting, ends_at=voting + timedelta(weeks=2), by=by
    )
    set_eligibility(
        source, minimum_age=14, age_on=date(2026, 3, 2), groups=[VoterGroup.RESIDENT], by=by
    )
    plan_reviews(source, second_above_minor=5, by=by)
    add_rule(source, mine, by=by)
    voters(source, 1)
    first_day = date(2027, 3, 1)
    made = copy_cycle(source, slug="next", title="Next", first_day=first_day, by=by)
    assert (made.ballot_kind, made.rule, made.rule_parameters) == (
        source.ballot_kind, source.rule, source.rule_parameters,
    )  # fmt: skip
    hours = [localtime(at, zone) for _kind, *times in windows(made) for at in times]
    assert [f"{at:%Y-%m-%d %H:%M}" for at in hours] == [
        "2027-03-01 08:00", "2027-03-22 08:00", "2027-04-05 08:00", "2027-04-19 08:00",
    ]  # fmt: skip
    pot = made.pots.get()
    assert (pot.place, pot.amount_minor, pot.max_sum_points) == (CityFactory(), 500_000, 7)
    assert eligibility_of(made).age_on == first_day
    assert made.review_plan.second_above_minor == 5
    assert made.reviewer_rules.get().reviewer == mine
    assert not made.proposals.exists()
    assert not made.roll.exists()
    assert made.state == CycleState.DRAFT


def test_what_cannot_be_copied_is_refused_and_nothing_is_made():
    by = administrator()
    bare = draft_cycle(by=by)
    bare.phases.all().delete()
    cycles = Cycle.objects.count()
    with pytest.raises(RefusedError, match="no phases"):
        copy_cycle(bare, slug="next", title="Next", first_day=MONDAY, by=by)
    taken = draft_cycle(by=by)
    with pytest.raises(RefusedError, match="Another cycle has this address"):
        copy_cycle(taken, slug=bare.slug, title="Next", first_day=MONDAY, by=by)
    with pytest.raises(PermissionDenied):
        copy_cycle(taken, slug="next", title="Next", first_day=MONDAY, by=UserFactory())
    assert Cycle.objects.count() == cycles + 1


def test_a_phase_tells_its_years_where_one_is_not_this_year(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    cycle = draft_cycle()
    zone = ZoneInfo("Europe/Berlin")
    windows = [
        (PhaseKind.INFORMING, (2026, 2, 1), (2026, 3, 1)),
        (PhaseKind.PROPOSING, (2026, 12, 1), (2027, 1, 9)),
        (PhaseKind.BALLOTING, (2027, 2, 1), (2027, 3, 1)),
    ]
    phases = [
        (kind, datetime(*first, tzinfo=zone), datetime(*last, tzinfo=zone))
        for kind, first, last in windows
    ]
    set_phases(cycle, phases, by=administrator())
    steps = phase_steps(Cycle.objects.get(pk=cycle.pk), datetime(2026, 6, 1, tzinfo=zone))
    assert [step["when"].replace(" \u2013 ", " to ") for step in steps] == [
        "1 Feb to 1 Mar", "1 Dec 2026 to 9 Jan 2027", "1 Feb to 1 Mar 2027",
    ]  # fmt: skip


@pytest.mark.parametrize("slug", ["with space", "-5", "spring/2027"])
def test_the_address_of_a_cycle_is_asked_for_in_plain_words(client, slug):
    sign_in_with_second_factor(client, administrator())
    given = {"act": "like", "title": "Spring", "slug": slug, "first_day": "2027-02-01"}
    page = client.post(reverse("cycles_desk"), given).content.decode()
    assert "Letters, digits and hyphens only, as spring-2027." in page
    assert "slug”" not in page
    assert not Cycle.objects.exists()


def test_phases_are_set_together_or_not_at_all():
    by, cycle = administrator(), draft_cycle()
    before, now, week = windows(cycle), db_now(), timedelta(weeks=1)
    wrong = [(PhaseKind.PROPOSING, now, now + week), (PhaseKind.BALLOTING, now, now)]
    with pytest.raises(RefusedError, match="“Voting” ends before it starts"):
        set_phases(cycle, wrong, by=by)
    assert windows(cycle) == before
    right = [
        (PhaseKind.PROPOSING, now, now + week),
        (PhaseKind.BALLOTING, now + week, now + 2 * week),
    ]
    set_phases(cycle, right, by=by)
    assert windows(cycle) == right
    voters(cycle, 1)
    with pytest.raises(RefusedError, match="has been opened"):
        set_phases(opened(cycle), wrong[:1], by=by)


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        ([("proposing", 0, 3), ("reviewing", 4, 7), ("balloting", 7, 9)], ["Nothing runs"]),
        ([("proposing", 0, 3), ("reviewing", 2, 7), ("balloting", 7, 9)], ["run at once"]),
        ([("proposing", 0, 3), ("balloting", 3, 5)], ["no time to review"]),
        ([("reviewing", 0, 2), ("proposing", 2, 4), ("balloting", 4, 5)], ["comes before"]),
        ([("proposing", 0, 1), ("reviewing", 1, 3), ("balloting", 3, 4)], ["shorter than 14"]),
        ([("informing", 0, 1), ("proposing", 1, 3), ("reviewing", 3, 5), ("balloting", 5, 6)], []),
    ],
)
def test_the_timeline_warns(weeks, words):
    start, week = datetime(2027, 2, 1, 8, tzinfo=ZoneInfo("UTC")), timedelta(weeks=1)
    phases = [
        Phase(kind=kind, starts_at=start + one * week, ends_at=start + two * week)
        for kind, one, two in weeks
    ]
    found = timeline_warnings(phases, [])
    assert len(found) == len(words)
    for part, said in zip(words, found, strict=True):
        assert part in said
    last = f"{localtime(phases[-1].ends_at):%Y-%m-%d}"
    assert len(timeline_warnings(phases, [last])) == len(words) + 1


def test_the_timeline_says_which_holidays_it_knows(client, settings):
    cycle = draft_cycle()
    at = datetime(2027, 3, 1, 8, tzinfo=ZoneInfo("UTC"))
    voting = (PhaseKind.BALLOTING, at, at + timedelta(weeks=2))
    set_phases(cycle, [voting], by=administrator())
    sign_in_with_second_factor(client, administrator())
    page = reverse("timeline", args=[cycle.slug])

    def said(*days):
        settings.PUBLIC_HOLIDAYS = list(days)
        return client.get(page).content.decode()

    assert "No public holidays are entered" in said()
    assert "No public holidays are entered" in said("the first Monday of May")
    known = said("2027-12-25", "2027-03-08", "2027-02-28", "2027-03-16")
    listed = re.findall(r"<li>(\w+, \d+ \w+ 2027)</li>", known)
    assert listed == ["Monday, 8 March 2027"]
    assert "goes on in a later year" not in known
    assert "None of those that are entered is in the time" in said("2027-01-01")
    run_out = said("2026-12-25")
    assert "The last one that is entered is 25 December 2026" in run_out


def test_a_draft_without_phases_has_no_holidays():
    assert holidays_of([], ["2027-01-01"]) == Holidays([], date(2027, 1, 1), None)


def test_the_demo_has_holidays_of_its_own_that_move_with_the_year():
    words = "import civicfund.settings.local as l, json; print(json.dumps(l.PUBLIC_HOLIDAYS))"
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    days = [date.fromisoformat(day) for day in json.loads(told.stdout.splitlines()[-1])]
    this_year = datetime.now(ZoneInfo("UTC")).year
    assert {day.year for day in days} == set(range(this_year - 1, this_year + 4))
    [moving] = [day for day in days if (day.year, day.month) == (this_year, 5)]
    assert (moving.weekday(), moving.day <= 7) == (0, True)


def test_money_is_shared_out_to_the_last_unit():
    by, cycle = administrator(), draft_cycle(costs_minor=())
    for population in (100, 200, 400):
        NeighborhoodFactory(kind=PlaceKind.DISTRICT, population=population)
    share_out(cycle, PlaceKind.DISTRICT, amount_minor=1_000, by_population=True, by=by)
    amounts = sorted(
        cycle.pots.filter(place__kind="district").values_list("amount_minor", flat=True)
    )
    assert amounts == [143, 286, 571]
    NeighborhoodFactory(population=None)
    pots = Pot.objects.count()
    with pytest.raises(RefusedError, match="not known how many people"):
        share_out(cycle, PlaceKind.NEIGHBORHOOD, amount_minor=5, by_population=True, by=by)
    with pytest.raises(RefusedError, match="has a pot"):
        share_out(cycle, PlaceKind.DISTRICT, amount_minor=9, by_population=False, by=by)
    assert Pot.objects.count() == pots


@pytest.mark.parametrize(
    ("kind", "rule", "limits"),
    [
        (BallotKind.APPROVAL, "greedy", {"max_options": "3"}),
        (BallotKind.CHOOSE_ONE, "greedy", {}),
        (BallotKind.KNAPSACK, "greedy", {}),
        (BallotKind.CUMULATIVE, "greedy_points", {"max_sum_points": "10", "max_points": "5"}),
        (BallotKind.SCORING, "greedy_points", {"max_points": "5"}),
        (BallotKind.RANKING, "greedy_borda", {"max_options": "4"}),
    ],
)
def test_every_place_gets_a_pot_whatever_the_kind_of_ballot(client, kind, rule, limits):
    cycle = create_cycle(by=administrator(), slug="a", title="A", ballot_kind=kind, rule=rule)
    places = [NeighborhoodFactory(kind=PlaceKind.DISTRICT) for _ in range(2)]
    sign_in_with_second_factor(client, administrator())
    page = reverse("pots", args=[cycle.slug])
    given = {"act": "share_out", "kind": "district", "amount": "500"}
    assert client.post(page, given | limits).status_code == 302
    pots = list(cycle.pots.all())
    assert {pot.place for pot in pots} == set(places)
    wanted = {name: int(value) for name, value in limits.items()}
    for pot in pots:
        assert {name: getattr(pot, name) for name in limits} == wanted


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BallotKind.CUMULATIVE, "Say how many points a voter has to give out."),
        (BallotKind.SCORING, "Say what the highest score is."),
    ],
)
def test_a_pot_for_every_place_says_which_limit_is_missing(client, kind, words):
    cycle = draft_cycle(
        kind=kind, rule="greedy_points", costs_minor=(), max_points=2,
        **({"max_sum_points": 4} if kind == BallotKind.CUMULATIVE else {}),
    )  # fmt: skip
    NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    sign_in_with_second_factor(client, administrator())
    given = {"act": "share_out", "kind": "district", "amount": "500"}
    answer = client.post(reverse("pots", args=[cycle.slug]), given)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert cycle.pots.count() == 1


def test_a_pot_is_changed_and_removed_while_nobody_asks_for_its_money():
    by, cycle = administrator(), draft_cycle()
    used = cycle.pots.get()
    for _ in range(2):
        add_pot(cycle, NeighborhoodFactory(), name="N", amount_minor=1, by=by)
    _, first, second = cycle.pots.all()
    change_pot(used, name="All", amount_minor=7, by=by)
    remove_pot(first, by=by)
    assert [(pot.pk, pot.position) for pot in cycle.pots.all()] == [(used.pk, 0), (second.pk, 1)]
    with pytest.raises(RefusedError, match="it stays"):
        remove_pot(used, by=by)
    voters(cycle, 1)
    opened(cycle)
    with pytest.raises(RefusedError, match="has been opened"):
        change_pot(second, name="All", amount_minor=7, by=by)
    with pytest.raises(RefusedError, match="has been opened"):
        remove_pot(second, by=by)
    assert cycle.pots.get(pk=second.pk).amount_minor == 1


def test_a_cycle_is_made_and_put_in_order_on_pages_alone(client):
    CityFactory()
    NeighborhoodFactory(kind=PlaceKind.DISTRICT, population=5)
    sign_in_with_second_factor(client, administrator())
    desk = reverse("cycles_desk")
    like = {"act": "like", "title": "Next", "slug": "next", "first_day": "2027-02-01"}
    assert client.post(desk, like | {"basis": "never"}).status_code == 400
    assert client.post(desk, like | {"basis": "quick"}).status_code == 302
    cycle = Cycle.objects.get(slug="next")
    assert client.post(desk, like | {"basis": f"#{cycle.pk}"}).status_code == 400
    copied = like | {"basis": f"#{cycle.pk}", "slug": "copy"}
    assert client.post(desk, copied).status_code == 302
    nothing = {"act": "nothing", "title": "Bare", "slug": "bare", "ballot_kind": "approval"}
    assert client.post(desk, nothing | {"rule": "greedy"}).status_code == 302
    assert set(Cycle.objects.values_list("slug", flat=True)) == {"next", "copy", "bare"}

    pots = reverse("pots", args=["next"])
    district = Neighborhood.objects.get(kind="district")
    shared = {"act": "share_out", "kind": "district", "amount": "500", "by_population": "on"}
    assert client.post(pots, shared).status_code == 302
    pot = cycle.pots.get()
    assert (pot.place, pot.amount_minor) == (district, 50_000)
    changed = {"act": "change_pot", "pot": pot.pk, "name": "East", "amount": "600"}
    changed["min_options"] = "1"
    assert client.post(pots, changed).status_code == 302
    added = {"act": "add_pot", "place": CityFactory().pk, "name": "City", "amount": "900"}
    assert client.post(pots, added | {"min_options": "1"}).status_code == 302
    assert client.post(pots, {"act": "remove_pot", "pot": pot.pk}).status_code == 302
    assert [(pot.name, pot.amount_minor) for pot in cycle.pots.all()] == [("City", 90_000)]


def rows(*phases, initial=0):
    given = {"form-TOTAL_FORMS": len(phases), "form-INITIAL_FORMS": initial}
    for number, (kind, starts_at, ends_at) in enumerate(phases):
        named = {"kind": kind, "starts_at": starts_at, "ends_at": ends_at}
        given |= {f"form-{number}-{name}": value for name, value in named.items()}
    return given


def test_phases_are_edited_on_one_timeline(client, settings):
    cycle = draft_cycle()
    sign_in_with_second_factor(client, administrator())
    page = reverse("timeline", args=[cycle.slug])
    assert "shorter than 7 days" in client.get(page).content.decode()
    before = windows(cycle)
    voting = ("balloting", "2027-03-01 08:00", "2027-03-15 08:00")
    empty = ("", "", "")
    halved = client.post(page, rows(voting, ("proposing", "", ""), initial=1))
    assert halved.status_code == 400
    assert '<a href="#id_form-1-starts_at">' in halved.content.decode()
    assert client.post(page, rows(voting, voting, initial=1)).status_code == 400
    assert windows(cycle) == before
    proposing = ("proposing", "2027-02-01 08:00", "2027-02-22 08:00")
    assert client.post(page, rows(voting, proposing, empty, initial=1)).status_code == 302
    assert [kind for kind, *_ in windows(cycle)] == ["proposing", "balloting"]
    settings.PUBLIC_HOLIDAYS = ["2027-03-15"]
    said = client.get(page).content.decode()
    assert "Nothing runs" in said
    assert "public holiday, 15 March 2027" in said
    [_rules, phases, *_] = readiness(Cycle.objects.get(pk=cycle.pk), db_now())
    assert phases.address == page
