"""Proposals of a cycle are searched, narrowed and put in order by what everybody reads of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import PhaseKind, ProposalOrder, ProposalState, SupportsFrom
from budgeting.models import Pot, Proposal
from budgeting.selectors import supports
from budgeting.selectors.proposals import PROPOSALS_PER_PAGE
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_phase, add_pot, cancel_cycle, request_cancelling
from budgeting.services.proposals import put_on_ballot, submit_proposal, take_off_ballot
from budgeting.services.results import certify, publish
from budgeting.services.reviews import Estimate, give_review
from budgeting.services.supports import count_supports_from, keep_supports, need_supports
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.places.enums import PlaceKind
from civicfund.projects.enums import Category, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services.supporting import support_project
from tests.budgeting.test_counting import unsealed
from tests.budgeting.test_pages import without_noise
from tests.factories.budgeting import (
    _holder,
    administrator,
    begin_voting,
    certifier,
    draft_cycle,
    opened,
    publish_now,
    running_cycle,
    voters,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO
from tests.projects.test_moderating import hide

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ORDERS = [None, *ProposalOrder.values]
STATES = [each for each in ProposalState.values if each != ProposalState.LEFT]


@pytest.fixture(autouse=True)
def _counted_anew():
    supports._remembered.cache_clear()
    caches["frames"].clear()


def drafted(*, needed=0, ends_in=HOUR):
    """A draft with a pot for the town and one for a neighborhood, while supports are gathered."""
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=(), voting_starts_in=24 * HOUR, voting_ends_in=48 * HOUR)
    now = db_now()
    for kind in (PhaseKind.PROPOSING, PhaseKind.SUPPORTING):
        add_phase(cycle, kind, starts_at=now - 24 * HOUR, ends_at=now + ends_in, by=by)
    add_pot(cycle, NeighborhoodFactory(name="Harbor"), name="Harbor", amount_minor=100_000, by=by)
    if needed:
        need_supports(cycle, needed, by=by)
    voters(cycle, 1)
    return cycle


def entered(cycle, title, *, pot=0, people=0, **project):
    """A proposal with so many supports."""
    asked = cycle.pots.order_by("position")[pot]
    if asked.place.parent_id:
        project.setdefault("neighborhood", asked.place)
    made = ProjectFactory(title=title, **project)
    for _ in range(people):
        support_project(made, by=UserFactory())
    return submit_proposal(made, asked, by=administrator())


def answer_of(client, cycle, **query):
    return client.get(reverse("cycle", args=[cycle.slug]), query)


def found(client, cycle, **query):
    answer = answer_of(client, cycle, **query)
    assert answer.status_code == 200
    return [each.project.title for each in answer.context["page"]]


def test_without_filters_all_stand_pot_by_pot_as_they_came_in(client):
    cycle = drafted()
    entered(cycle, "By the harbor", pot=1)
    entered(cycle, "First")
    entered(cycle, "Second")
    answer = answer_of(client, opened(cycle))
    assert [each.project.title for each in answer.context["page"]] == [
        "First", "Second", "By the harbor",
    ]  # fmt: skip
    assert 'role="search"' in answer.content.decode()


def test_words_are_found_in_title_sentence_and_story_the_title_first(client):
    cycle = drafted()
    entered(cycle, "A wall", story="With a fountain beside it.")
    entered(cycle, "A square", summary="Around the fountain.")
    entered(cycle, "A fountain", pot=1)
    entered(cycle, "A tree")
    ProjectFactory(title="A fountain that is in no cycle")
    cycle = opened(cycle)
    assert found(client, cycle, q="fountain") == ["A fountain", "A square", "A wall"]
    assert found(client, cycle, q="fontain") == ["A fountain"]
    page = answer_of(client, cycle, q="fountain").content.decode()
    assert "3 proposals" in page
    assert 'value="fountain"' in page


def test_pot_subject_and_place_narrow_the_list_alone_and_together(client):
    cycle = drafted()
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    inside = NeighborhoodFactory(parent=district)
    entered(cycle, "Play inside", category=Category.PLAY, neighborhood=inside)
    entered(cycle, "Green inside", category=Category.GREEN, neighborhood=inside)
    entered(cycle, "Play elsewhere", category=Category.PLAY)
    harbor = entered(cycle, "Play at the harbor", category=Category.PLAY, pot=1)
    cycle = opened(cycle)
    assert found(client, cycle, category="play", neighborhood=district.slug) == ["Play inside"]
    assert found(client, cycle, neighborhood=inside.slug) == ["Play inside", "Green inside"]
    assert found(client, cycle, pot=harbor.pot_id) == ["Play at the harbor"]
    assert found(client, cycle, pot=harbor.pot_id, category="green") == []
    assert found(client, cycle, category="play", q="elsewhere", sort="newest") == ["Play elsewhere"]


def judged(cycle):
    """The cycle with one proposal in each state before the ballot, its verdicts public."""
    by = administrator()
    entered(cycle, "Waits")
    yes, no = entered(cycle, "A yes"), entered(cycle, "A no")
    give_review(yes, feasible=True, by=by)
    for reviewer in (by, administrator()):
        give_review(no, **NO, by=reviewer)
    publish_now(cycle, by=by)
    return opened(cycle)


def test_where_a_proposal_stands_narrows_the_list(client):
    cycle = judged(drafted())
    assert found(client, cycle, state="submitted") == ["Waits"]
    assert found(client, cycle, state="feasible") == ["A yes"]
    assert found(client, cycle, state="not_feasible") == ["A no"]
    assert found(client, cycle, state="on_ballot") == []


def test_what_won_is_found_once_the_outcome_is_published_and_not_before(client):
    cycle = unsealed([[0]])
    titles = [each.name for each in cycle.options.order_by("position")]
    count_cycle(cycle)
    cycle = certify(cycle, by=certifier())
    assert found(client, cycle, state="on_ballot") == titles
    assert (
        found(client, cycle, state="selected") == found(client, cycle, state="not_selected") == []
    )
    publish(cycle, by=certifier())
    won = found(client, cycle, state="selected")
    assert won[0] == titles[0]
    assert sorted(won + found(client, cycle, state="not_selected")) == sorted(titles)


def offered(client, cycle):
    return [
        str(value)
        for value, _words in answer_of(client, cycle).context["filter"]["state"].field.choices
    ]


def before_voting():
    """One of each that something becomes of as voting begins, and a no; supports are counted."""
    cycle, by = drafted(needed=1, ends_in=-HOUR), administrator()
    entered(cycle, "Short")
    entered(cycle, "Undecided", people=1)
    left, off, on, no = (entered(cycle, each, people=1) for each in ("Left", "Off", "On", "No"))
    for each in (left, off, on):
        give_review(each, feasible=True, by=by)
    for reviewer in (by, administrator()):
        give_review(no, **NO, by=reviewer)
    publish_now(cycle, by=by)
    cycle = opened(cycle)
    keep_supports(cycle)
    for each in (off, on):
        put_on_ballot(Proposal.objects.get(pk=each.pk), by=by)
    take_off_ballot(Proposal.objects.get(pk=off.pk), reason="Reed.", by=by)
    return cycle


def test_once_voting_has_begun_all_is_found_by_what_lines_say(client):
    cycle = before_voting()
    assert found(client, cycle, state="feasible") == ["Left", "Off"]
    assert found(client, cycle, state="short") == ["Short"]
    assert "not_decided" not in offered(client, cycle)
    begin_voting(cycle)
    by_state = {each: found(client, cycle, state=each) for each in offered(client, cycle) if each}
    assert by_state == {
        "not_feasible": ["No"], "on_ballot": ["On"], "selected": [], "not_selected": [],
        "not_decided": ["Undecided"], "left_off": ["Left"], "taken_off": ["Off"],
        "short": ["Short"],
    }  # fmt: skip
    for old in ("submitted", "feasible"):
        assert found(client, cycle, state=old) == []


def test_choices_of_before_voting_are_not_shown_once_it_has_begun_or_was_called_off(client):
    begun, off = before_voting(), before_voting()
    for cycle in (begun, off):
        assert 'value="feasible"' in answer_of(client, cycle).content.decode()
    begin_voting(begun)
    request_cancelling(off, by=administrator(), reason="The flood.")
    cancel_cycle(off, by=administrator())
    for cycle, words in ((begun, 'value="not_decided"'), (off, 'value="called_off"')):
        page = answer_of(client, cycle).content.decode()
        assert 'value="feasible"' not in page
        assert words in page


def test_of_a_cycle_that_was_called_off_that_is_found(client):
    cycle = before_voting()
    request_cancelling(cycle, by=administrator(), reason="The flood.")
    cycle = cancel_cycle(cycle, by=administrator())
    assert offered(client, cycle) == ["", "not_feasible", "called_off"]
    called_off = ["Short", "Undecided", "Left", "Off", "On"]
    assert found(client, cycle, state="called_off") == called_off
    assert found(client, cycle, state="on_ballot") == found(client, cycle, state="short") == []


def looked_at(cycle):
    """What a review finds and does not say yet, of a yes and of a no."""
    by = administrator()
    yes, no = Proposal.objects.filter(cycle=cycle).order_by("pk")[:2]
    give_review(yes, feasible=True, cost=Estimate(1, 2, 3), yearly_minor=4, by=by)
    for reviewer in (by, administrator()):
        give_review(no, feasible=False, reason="It stands on a lighthouse.", by=reviewer)


@pytest.fixture
def reviewed_in_secret(client):
    """Asks for the page before and after two verdicts were found that nobody knows of yet."""
    cycle = drafted(needed=2)
    for number, title in enumerate(["Bench", "Pond", "Trees"]):
        entered(cycle, title, people=number, cost_minor=1000 + number)
    cycle = opened(cycle)

    def ask(**query):
        before = answer_of(client, cycle, **query)
        looked_at(cycle)
        after = answer_of(client, cycle, **query)
        assert before.status_code == after.status_code == 200
        return before, after

    return ask


@pytest.mark.parametrize("state", [*STATES, "short", None])
def test_no_state_tells_of_a_verdict_that_is_not_public(reviewed_in_secret, state):
    before, after = reviewed_in_secret(**{"state": state} if state else {})
    assert without_noise(after) == without_noise(before)
    titles = [each.project.title for each in after.context["page"]]
    expected = {None: ["Bench", "Pond", "Trees"], "submitted": ["Bench", "Pond", "Trees"]}
    assert titles == expected.get(state, ["Bench", "Pond"] if state == "short" else [])


@pytest.mark.parametrize("order", ProposalOrder.values)
def test_no_order_tells_of_a_verdict_that_is_not_public(reviewed_in_secret, order):
    before, after = reviewed_in_secret(sort=order)
    assert without_noise(after) == without_noise(before)


@pytest.mark.parametrize(
    "query", [{"q": "lighthouse"}, {"category": "other"}, {"q": "bench pond or trees"}]
)
def test_no_other_filter_tells_of_a_verdict_that_is_not_public(reviewed_in_secret, query):
    before, after = reviewed_in_secret(**query)
    assert without_noise(after) == without_noise(before)


def test_the_story_of_a_project_that_is_hidden_is_not_searched_its_title_is(client):
    cycle = judged(drafted())
    no = Project.objects.get(title="A no")
    Project.objects.filter(pk=no.pk).update(story="A word that gives it away: rhododendron.")
    assert found(client, cycle, q="rhododendron") == ["A no"]
    Project.objects.filter(pk=no.pk).update(state=ProjectState.WITHDRAWN)
    assert found(client, cycle, q="rhododendron") == []
    assert found(client, cycle, q="a no", state="not_feasible") == ["A no"]
    Project.objects.filter(pk=no.pk).update(state=ProjectState.READY)
    hide(Project.objects.get(pk=no.pk))
    assert found(client, cycle, q="a no", state="not_feasible") == []


def test_orders_by_date_and_cost_what_says_no_cost_comes_last(client):
    cycle = drafted()
    entered(cycle, "Dear", cost_minor=900)
    free = entered(cycle, "Says no cost", pot=1)
    free.project.cost_lines.all().delete()
    entered(cycle, "Cheap", cost_minor=100)
    cycle = opened(cycle)
    assert found(client, cycle, sort="newest") == ["Cheap", "Says no cost", "Dear"]
    assert found(client, cycle, sort="cheapest") == ["Cheap", "Dear", "Says no cost"]
    assert found(client, cycle, sort="dearest") == ["Dear", "Cheap", "Says no cost"]


def test_what_is_on_the_ballot_is_ordered_by_what_it_costs_there(client):
    cycle, _ = running_cycle(costs_minor=[300, 100, 200])
    names = [each.name for each in cycle.options.order_by("cost_minor")]
    assert found(client, cycle, sort="cheapest") == names


def test_orders_by_supports_most_first_or_fewest_missing_first(client):
    cycle = drafted(needed=3)
    for people in (1, 4, 0, 2):
        entered(cycle, f"{people} people", people=people)
    Pot.objects.filter(cycle=cycle, name="Harbor").update(supports_needed=0)
    entered(cycle, "Needs none", pot=1, people=5)
    cycle = opened(cycle)
    by_people = ["4 people", "2 people", "1 people", "0 people", "Needs none"]
    assert found(client, cycle, sort="supported") == by_people
    closest = ["2 people", "1 people", "0 people", "4 people", "Needs none"]
    assert found(client, cycle, sort="closest") == closest
    assert found(client, cycle, state="short", sort="closest") == closest[:3]
    assert found(client, cycle, state="short") == ["1 people", "0 people", "2 people"]


def test_once_supports_are_counted_they_order_by_that_number(client):
    cycle = opened(drafted(needed=1, ends_in=-HOUR))
    less, more = (entered(cycle, f"{people} people", people=people) for people in (1, 2))
    keep_supports(cycle)
    for _ in range(3):
        support_project(less.project, by=UserFactory())
    assert found(client, cycle, sort="supported") == ["2 people", "1 people"]
    assert more.support_count.people == 2


@pytest.mark.parametrize("whom", SupportsFrom.values)
def test_they_are_ordered_by_the_supports_that_the_page_shows(client, whom):
    cycle = drafted(needed=9)
    count_supports_from(cycle, whom, by=administrator())
    home = NeighborhoodFactory(parent=CityFactory())
    Pot.objects.filter(cycle=cycle, position=0).update(place=home)
    loud, near, whole = (
        entered(cycle, title, neighborhood=home, people=people)
        for title, people in (("Loud", 4), ("Near", 0), ("Whole", 1))
    )
    for _ in range(3):
        support_project(near.project, by=ResidencyFactory(neighborhood=home).user)
    part = ProjectFactory(neighborhood=home)
    for person in [whole.project.supports.get().person, ResidencyFactory(neighborhood=home).user]:
        support_project(part, by=person)
    Project.objects.filter(pk=part.pk).update(state="merged", merged_into=whole.project)
    answer = answer_of(client, opened(cycle), sort="supported")
    shown = [answer.context["supports"][each.pk].people for each in answer.context["page"]]
    everybody = [4, 3, 2]
    assert shown == (everybody if whom == SupportsFrom.EVERYBODY else [3, 1, 0])
    assert {loud.pk, near.pk, whole.pk} == {each.pk for each in answer.context["page"]}


@pytest.mark.parametrize("query", [{"sort": "supported"}, {"sort": "closest"}, {"state": "short"}])
def test_supports_are_offered_only_where_a_pot_needs_any(client, query):
    cycle = drafted()
    entered(cycle, "Bench")
    cycle = opened(cycle)
    answer = answer_of(client, cycle, **query)
    assert answer.status_code == 400
    assert list(answer.context["filter"].errors) == list(query)
    assert "Most supported" not in answer_of(client, cycle).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"pot": "0"},
        {"pot": "x"},
        {"category": "nonsense"},
        {"neighborhood": "atlantis"},
        {"state": "left"},
        {"state": "draft"},
        {"sort": "id"},
        {"sort": "-project__proposer__email"},
        {"q": "x" * 201},
        {"q": "a\x00b"},
    ],
)
def test_a_filter_that_is_none_is_named_and_lists_nothing(client, query):
    cycle = drafted()
    entered(cycle, "Bench")
    answer = answer_of(client, opened(cycle), **query)
    assert answer.status_code == 400
    assert list(answer.context["filter"].errors) == list(query)
    assert list(answer.context["page"]) == []


def test_the_pot_of_another_cycle_is_none(client):
    cycle, other = drafted(), drafted()
    entered(cycle, "Bench")
    answer = answer_of(client, opened(cycle), pot=other.pots.first().pk)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "typed", ["'; DROP TABLE", '"', "&|!():*", "\\", "a & | b", "%", "-", "{{ 7 }}", "%(x)s", "$1"]
)
def test_signs_in_the_search_field_are_words_like_any_other(client, typed):
    cycle = drafted()
    entered(cycle, "Bench")
    assert found(client, opened(cycle), q=typed) == []


def test_what_was_typed_is_shown_as_it_was_typed_and_is_no_markup(client):
    cycle = drafted()
    entered(cycle, "Bench")
    page = answer_of(client, opened(cycle), q='"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_spaces_search_for_nothing(client):
    cycle = drafted()
    entered(cycle, "Bench")
    answer = answer_of(client, opened(cycle), q="  ")
    assert "narrowed" not in answer.context
    assert len(answer.context["page"]) == 1


def test_nothing_found_leads_back_to_all(client):
    cycle = drafted()
    entered(cycle, "Bench")
    cycle = opened(cycle)
    page = answer_of(client, cycle, q="lighthouse").content.decode()
    assert "0 proposals" in page
    assert "No proposal like this" in page
    assert f'<a href="{cycle.get_absolute_url()}#proposals">Show all</a>' in page


def many(cycle, count):
    proposer, place, pot = UserFactory(), NeighborhoodFactory(), cycle.pots.first()
    projects = Project.objects.bulk_create(
        Project(
            title=f"Bench {number}", summary="To sit on.", state=ProjectState.READY,
            neighborhood=place, proposer=proposer,
        )
        for number in range(count)
    )  # fmt: skip
    Proposal.objects.bulk_create(
        Proposal(cycle=cycle, pot=pot, project=project, submitted_by=proposer)
        for project in projects
    )


def test_pages_keep_the_filters_and_the_order_and_show_each_once(client):
    cycle = opened(drafted())
    many(cycle, PROPOSALS_PER_PAGE + 3)
    query = {"q": "bench", "sort": "newest"}
    first = answer_of(client, cycle, **query)
    assert "?q=bench&amp;sort=newest&amp;page=2" in first.content.decode()
    second = answer_of(client, cycle, **query, page=2)
    assert "?q=bench&amp;sort=newest&amp;page=1" in second.content.decode()
    shown = [each.pk for answer in (first, second) for each in answer.context["page"]]
    assert len(set(shown)) == len(shown) == PROPOSALS_PER_PAGE + 3
    assert shown == sorted(shown, reverse=True)
    assert answer_of(client, cycle, **query, page=3).status_code == 404


QUERIES = [
    {"q": "bench"}, {"category": "other"}, {"state": "submitted"}, {"state": "short"},
    *({"sort": order} for order in ProposalOrder.values),
    {"q": "bench", "state": "short", "sort": "closest"},
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_narrowed_page_asks_as_much_for_three_proposals_as_for_one(client, query):
    cycle = opened(drafted(needed=2))
    asked = []
    for more in (1, 2):
        many(cycle, more)
        supports._remembered.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            assert len(found(client, cycle, **query)) == sum((1, 2)[: len(asked) + 1])
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_page_without_filters_asks_no_more_for_having_them(client):
    cycle = opened(drafted(needed=2))
    many(cycle, 3)
    answer_of(client, cycle)
    with CaptureQueriesContext(connection) as queries:
        page = answer_of(client, cycle).content.decode()
    assert 'name="neighborhood"' in page
    every_place = 'FROM "places_neighborhood" ORDER BY'
    assert [each["sql"] for each in queries if every_place in each["sql"]] == []


def test_a_draft_offers_the_pot_that_was_just_added(client):
    cycle, by = drafted(), administrator()
    entered(cycle, "Bench")
    client.force_login(by)
    assert "Upper town" not in answer_of(client, cycle).content.decode()
    add_pot(cycle, NeighborhoodFactory(), name="Upper town", amount_minor=1000, by=by)
    page = answer_of(client, cycle).content.decode()
    assert page.index('<select name="pot"') < page.index("Upper town</option>")


def test_nobody_is_asked_to_search_where_nothing_is_proposed(client):
    assert 'role="search"' not in answer_of(client, opened(drafted())).content.decode()


def test_strangers_get_what_they_asked_for_and_the_pages_that_are_kept_stay_few(client, settings):
    settings.PAGES_KEPT_SECONDS = 60
    kept = caches["pages"]
    kept.clear()
    most = kept._max_entries
    cycle = drafted()
    entered(cycle, "Bench", summary="To sit on.")
    entered(cycle, "Pond", summary="To swim in.")
    cycle = opened(cycle)
    try:
        assert found(client, cycle) == ["Bench", "Pond"]
        assert found(client, cycle, q="pond") == ["Pond"]
        assert b"Pond" not in answer_of(client, cycle, q="bench").content
        kept._max_entries = 6
        for number in range(12):
            answer_of(client, cycle, q=f"bench {number}", anything=number)
        assert len(kept._cache) <= 6
        assert most == 300
    finally:
        kept._max_entries = most
        kept.clear()


def test_staff_find_the_file_of_all_proposals_on_the_page(client):
    cycle = opened(drafted())
    address = reverse("proposals_csv", args=[cycle.slug])
    assert address not in answer_of(client, cycle).content.decode()
    client.force_login(_holder(Role.BUDGET_ADMINISTRATOR))
    assert address in answer_of(client, cycle).content.decode()
