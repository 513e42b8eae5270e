"""The administrators' desk where it is written how many people live where."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.places.services import Population, PopulationError, set_populations
from tests.factories.budgeting import running_cycle
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
DESK = "/desk/population/"
SOURCE = "Register of residents, 1 January 2026"


def holding(role):
    person = UserFactory()
    grant_role(person, role, by=None)
    return person


@pytest.fixture
def administrator(client):
    person = holding(Role.BUDGET_ADMINISTRATOR)
    sign_in_with_second_factor(client, person)
    return person


@pytest.fixture
def mill():
    return NeighborhoodFactory(name="Millside", population=900)


@pytest.fixture
def docks():
    return NeighborhoodFactory(name="Docks", population=None)


def filled(client, **written):
    """The page's form as a browser sends it, with some numbers typed over."""
    form = client.get(DESK).context["form"]
    sent = {"source": written.pop("source", SOURCE)}
    for place, field in form.rows:
        shown = "" if field.initial is None else str(field.initial)
        sent |= {field.html_initial_name: shown}
        sent |= {field.html_name: written.get(place.name.lower(), shown)}
    return sent


def told(client, page):
    return " ".join(client.get(page).content.decode().split())


def population(place):
    return Neighborhood.objects.values_list("population", flat=True).get(pk=place.pk)


def trail():
    told = Event.objects.filter(verb="neighborhood.population_set").order_by("id")
    return [(event.target_id, event.actor, event.data) for event in told]


def test_all_numbers_are_written_in_one_form_and_each_change_is_recorded(
    client, administrator, mill, docks
):
    answer = client.post(DESK, filled(client, docks="1200", millside="950"), follow=True)
    assert "Saved for 2 places." in answer.content.decode()
    assert (population(mill), population(docks)) == (950, 1200)
    assert trail() == [
        (str(mill.pk), administrator, {"before": 900, "people": 950, "source": SOURCE}),
        (str(docks.pk), administrator, {"before": None, "people": 1200, "source": SOURCE}),
    ]
    assert f"by {administrator}" in client.get(DESK).content.decode()


def test_a_number_without_a_source_is_written_nowhere_and_lost_nowhere(
    client, administrator, mill, docks
):
    answer = client.post(DESK, filled(client, docks="1200", source="  "))
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Say where these numbers come from, and of which day they are." in page
    assert 'value="1200"' in page
    with pytest.raises(PopulationError, match="where these numbers come from"):
        set_populations([Population(docks.pk, 1200, None, " ")], by=administrator)
    assert (population(mill), population(docks)) == (900, None)
    assert trail() == []


def test_everybody_reads_where_a_number_comes_from_until_it_is_emptied(client, administrator, mill):
    client.post(DESK, filled(client, millside="950"))
    for page in (DESK, mill.get_absolute_url()):
        assert SOURCE in client.get(page).content.decode()
    [listed] = [
        each
        for each in client.get("/api/v1/neighborhoods/").json()["results"]
        if each["slug"] == mill.slug
    ]
    assert listed["population_source"] == SOURCE
    client.post(DESK, filled(client, millside="", source=""))
    assert Neighborhood.objects.get(pk=mill.pk).population_source == ""
    for page in (DESK, mill.get_absolute_url()):
        assert SOURCE not in client.get(page).content.decode()


def test_the_database_keeps_no_source_of_no_number(mill, docks):
    """Also where a process that knows of none empties a number, while an upgrade runs."""
    Neighborhood.objects.filter(pk=mill.pk).update(population_source=SOURCE)
    Neighborhood.objects.filter(pk=mill.pk).update(population=None)
    assert Neighborhood.objects.get(pk=mill.pk).population_source == ""
    with pytest.raises(IntegrityError, match="source_of_a_number"):
        Neighborhood.objects.filter(pk=docks.pk).update(population_source=SOURCE)


def test_what_was_written_before_is_said_to_come_from_there_where_all_of_it_does(
    client, administrator, mill, docks
):
    refused = client.post(DESK, filled(client))
    assert refused.status_code == 400
    page = refused.content.decode()
    assert "No number was written: is it where all of these come from?" in page
    assert f'value="{SOURCE}"' in page
    assert trail() == []
    answer = client.post(DESK, filled(client) | {"of_all": "on"}, follow=True)
    assert "Saved for 1 place." in answer.content.decode()
    sources = Neighborhood.objects.order_by("name").values_list("name", "population_source")
    assert set(sources) >= {("Docks", ""), ("Millside", SOURCE)}
    assert trail() == [
        (str(mill.pk), administrator, {"before": 900, "people": 900, "source": SOURCE})
    ]


def test_all_numbers_come_from_somewhere(client, administrator, mill):
    answer = client.post(DESK, filled(client, source="") | {"of_all": "on"})
    assert "Say where these numbers come from" in answer.content.decode()
    assert trail() == []


def test_what_is_not_changed_leaves_no_trace(client, administrator, mill, docks):
    answer = client.post(DESK, filled(client, source=""), follow=True)
    assert "Nothing was changed." in answer.content.decode()
    assert client.post(DESK).status_code == 302
    assert (population(mill), population(docks)) == (900, None)
    assert trail() == []


def test_a_number_is_emptied_where_nobody_knows(client, administrator, mill):
    client.post(DESK, filled(client, millside="", source=""))
    assert population(mill) is None
    assert trail() == [(str(mill.pk), administrator, {"before": 900, "people": None, "source": ""})]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("many", "Write a whole number, in figures alone."),
        ("-1", "Write a whole number from 0 on."),
        ("12.5", "Write a whole number, in figures alone."),
        ("100000001", "So many people live in no city."),
        ("9" * 5000, "Write a whole number, in figures alone."),
    ],
)
def test_one_wrong_number_writes_none_and_loses_none(
    client, administrator, mill, docks, wrong, words
):
    answer = client.post(DESK, filled(client, docks=wrong, millside="950"))
    assert answer.status_code == 400
    page = answer.content.decode()
    assert words in page
    assert 'value="950"' in page
    assert f'value="{wrong}"' in page
    assert (population(mill), population(docks)) == (900, None)
    assert trail() == []


def test_what_somebody_else_changed_meanwhile_is_shown_and_then_written_over(
    client, administrator, mill, docks
):
    sent = filled(client, millside="950", docks="1200")
    another = holding(Role.BUDGET_ADMINISTRATOR)
    set_populations([Population(mill.pk, 940, 900, "A count")], by=another)
    answer = client.post(DESK, sent)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Somebody has written 940 here meanwhile." in page
    assert 'value="950"' in page
    assert (population(mill), population(docks)) == (940, None)
    form = answer.context["form"]
    again = {"source": form.data["source"]} | {
        name: form.data[name]
        for _place, field in form.rows
        for name in (field.html_name, field.html_initial_name)
    }
    assert client.post(DESK, again).status_code == 302
    assert (population(mill), population(docks)) == (950, 1200)
    assert trail()[1:2] == [
        (str(mill.pk), administrator, {"before": 940, "people": 950, "source": SOURCE})
    ]


def test_what_somebody_else_emptied_and_what_was_never_shown_writes_nothing(
    client, administrator, mill
):
    sent = filled(client, millside="950")
    forged = sent | {f"initial-place-{mill.pk}": "x"}
    assert client.post(DESK, forged).status_code == 400
    assert population(mill) == 900
    Neighborhood.objects.filter(pk=mill.pk).update(population=None)
    answer = client.post(DESK, sent)
    assert "Somebody has emptied this meanwhile." in answer.content.decode()
    assert population(mill) is None
    assert trail() == []


def test_what_others_changed_and_i_did_not_stays(client, administrator, mill, docks):
    sent = filled(client, docks="1200")
    Neighborhood.objects.filter(pk=mill.pk).update(population=940)
    assert client.post(DESK, sent).status_code == 302
    assert (population(mill), population(docks)) == (940, 1200)


def test_places_stand_below_what_they_lie_in_and_other_sums_are_said(client, administrator):
    city = CityFactory(population=2_000)
    north = NeighborhoodFactory(kind=PlaceKind.DISTRICT, name="North", population=900)
    south = NeighborhoodFactory(kind=PlaceKind.DISTRICT, name="South", population=1_100)
    NeighborhoodFactory(name="Docks", parent=south, population=1_000)
    NeighborhoodFactory(name="Mill", parent=north, population=900)
    page = client.get(DESK)
    assert [place.name for place, *_ in page.context["rows"]] == [
        city.name, "North", "Mill", "South", "Docks",
    ]  # fmt: skip
    assert [parts for _place, _field, parts, _event in page.context["rows"]] == [
        None, None, None, 1_000, None,
    ]  # fmt: skip
    assert "its parts together: 1,000" in page.content.decode()


def test_nobody_else_writes_how_many_people_live_anywhere(client, mill):
    superuser = UserFactory(is_superuser=True, is_staff=True)
    others = [holding(role) for role in set(Role) - {Role.BUDGET_ADMINISTRATOR}]
    sent = {"source": SOURCE, f"place-{mill.pk}": "1", f"initial-place-{mill.pk}": "900"}
    for person in [superuser, UserFactory(), *others]:
        sign_in_with_second_factor(client, person)
        assert client.post(DESK, sent).status_code == 403
        with pytest.raises(PopulationError):
            set_populations([Population(mill.pk, 1, 900, "A count")], by=person)
    assert population(mill) == 900
    assert trail() == []


def test_it_is_among_an_administrators_desks_and_beside_who_takes_part(client, administrator):
    cycle, *_ = running_cycle()
    beside = reverse("participation", args=[cycle.slug])
    for page in (reverse("my_desks"), beside):
        assert f'href="{DESK}"' in client.get(page).content.decode()
    sign_in_with_second_factor(client, holding(Role.OBSERVER))
    assert f'href="{DESK}"' not in client.get(beside).content.decode()


def test_beside_who_takes_part_it_stands_where_each_number_comes_from(client, administrator):
    cycle, _people = running_cycle(2)
    here = Neighborhood.objects.filter(kind=PlaceKind.NEIGHBORHOOD).order_by("name")
    beside = reverse("participation", args=[cycle.slug])
    here.update(population=100)
    assert "How many people live where:" not in client.get(beside).content.decode()
    here.update(population_source=SOURCE)
    assert f"How many people live where: {SOURCE}</p>" in told(client, beside)
    *some, last = here
    Neighborhood.objects.filter(pk=last.pk).update(population_source="")
    named = ", ".join(place.name for place in some)
    words = f"{SOURCE} ({named}); nobody says where from ({last.name})</p>"
    assert f"How many people live where: {words}" in told(client, beside)
