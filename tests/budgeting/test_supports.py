from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime

from budgeting.enums import CycleState, PhaseKind, SupportsFrom
from budgeting.models import Cycle, Option, Pot, Proposal, SupportCount
from budgeting.selectors.supports import gathering_of, people_supporting, supports_now
from budgeting.services.cycles import add_phase, open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.preparing import TEMPLATES, change_pot, copy_cycle, cycle_from_template
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.supports import (
    check_supports,
    count_supports_from,
    keep_supports,
    need_supports,
)
from budgeting.tasks import keep_due_supports
from civicfund.audit.services import db_now
from civicfund.people.models import Residency
from civicfund.places.enums import PlaceKind
from civicfund.projects.models import Project, Support
from civicfund.projects.selectors.supports import supports_by_home
from civicfund.projects.services.supporting import support_project
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    opened,
    rehearsed,
    reviewed,
    voters,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def supporting_draft(needed=2, ends_in=-HOUR, *, supporting=True):
    """A draft whose pot needs supports; supporting ends in so much time, voting starts later."""
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=(), voting_starts_in=24 * HOUR, voting_ends_in=48 * HOUR)
    if supporting:
        end = db_now() + ends_in
        add_phase(cycle, PhaseKind.SUPPORTING, starts_at=end - 24 * HOUR, ends_at=end, by=by)
    need_supports(cycle, needed, by=by)
    voters(cycle, 1)
    return cycle


def supported(cycle, people=0):
    """A feasible proposal with so many supports."""
    by = administrator()
    project = ProjectFactory(cost_minor=100)
    for _ in range(people):
        support_project(project, by=UserFactory())
    return reviewed(submit_proposal(project, cycle.pots.get(), by=by), by=by)


def test_what_is_short_of_supports_cannot_come_on_the_ballot_and_says_how_many_are_missing():
    cycle = opened(supporting_draft(needed=3))
    short, enough = supported(cycle, 1), supported(cycle, 3)
    with pytest.raises(RefusedError, match="has 1 of the 3 supports that it needs: 2 are missing"):
        put_on_ballot(short, by=administrator())
    short.refresh_from_db()
    assert (short.state, Option.objects.count()) == ("feasible", 0)
    put_on_ballot(enough, by=administrator())
    assert list(Option.objects.values_list("proposal", flat=True)) == [enough.pk]


def test_one_support_that_is_missing_is_said_in_the_singular():
    cycle = opened(supporting_draft(needed=2))
    with pytest.raises(RefusedError, match="1 is missing"):
        put_on_ballot(supported(cycle, 1), by=administrator())


def test_supports_are_kept_when_supporting_is_over_and_do_not_move_with_what_comes_later():
    cycle = opened(supporting_draft(needed=2))
    proposal = supported(cycle, 2)
    keep_due_supports()
    keep_due_supports()
    Support.objects.filter(project=proposal.project).delete()
    assert SupportCount.objects.get(proposal=proposal).people == 2
    put_on_ballot(proposal, by=administrator())
    assert keep_supports(cycle) == 0


def test_while_supporting_goes_on_nothing_is_kept_nor_comes_on_the_ballot():
    cycle = opened(supporting_draft(needed=1, ends_in=HOUR))
    proposal = supported(cycle, 5)
    keep_due_supports()
    with pytest.raises(RefusedError, match="when the supporting phase is over"):
        put_on_ballot(proposal, by=administrator())
    assert not SupportCount.objects.exists()


def test_whoever_supports_a_project_and_one_merged_into_it_counts_once():
    cycle = opened(supporting_draft(needed=2))
    proposal = supported(cycle, 1)
    twin = ProjectFactory(neighborhood=proposal.project.neighborhood)
    support_project(twin, by=Support.objects.get(project=proposal.project).person)
    support_project(twin, by=UserFactory())
    Project.objects.filter(pk=twin.pk).update(state="merged", merged_into=proposal.project)
    keep_supports(cycle)
    assert SupportCount.objects.get(proposal=proposal).people == 2


def test_the_cycle_page_tells_who_has_how_many_and_is_short_of_how_many(client):
    cycle = opened(supporting_draft(needed=3, ends_in=HOUR))
    some, enough = supported(cycle, 1), supported(cycle, 3)
    page = client.get(reverse("cycle", args=[cycle.slug]))
    told = {pk: (each.people, each.short) for pk, each in page.context["supports"].items()}
    assert told == {some.pk: (1, 2), enough.pk: (3, 0)}
    assert "3 people have to support a project" in page.content.decode()
    assert "1 of 3, 2 short" in page.content.decode()


def test_the_cycle_page_asks_as_much_for_three_proposals_as_for_one(client):
    cycle = opened(supporting_draft(needed=2))
    supported(cycle, 1)
    client.get(reverse("cycle", args=[cycle.slug]))  # what is the same for all is drawn
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("cycle", args=[cycle.slug]))
    for people in (0, 3):
        supported(cycle, people)
    with CaptureQueriesContext(connection) as three:
        assert client.get(reverse("cycle", args=[cycle.slug])).status_code == 200
    assert len(one) == len(three)


def living(proposal, *homes):
    """People who support a proposal, each with a confirmed home there, or an account alone."""
    for home in homes:
        person = UserFactory()
        support_project(proposal.project, by=person)
        if home:
            ResidencyFactory(user=person, neighborhood=home)
    return proposal


@pytest.fixture
def town():
    """Two neighborhoods of one district, and one elsewhere."""
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    return district, [
        NeighborhoodFactory(parent=place) for place in (district, district, CityFactory())
    ]


def counting(whom, place=None):
    """An open cycle that needs two supports and counts these people's, for a pot of a place."""
    cycle = supporting_draft(needed=2, ends_in=HOUR)
    count_supports_from(cycle, whom, by=administrator())
    if place:
        Pot.objects.filter(cycle=cycle).update(place=place)
    return opened(cycle)


@pytest.mark.parametrize(
    ("whom", "of_district", "people"),
    [
        (SupportsFrom.EVERYBODY, True, 6),
        (SupportsFrom.TOWN, True, 4),
        (SupportsFrom.POT, True, 3),
        (SupportsFrom.POT, False, 4),
    ],
)
def test_those_are_counted_whom_the_cycle_counts(town, whom, of_district, people):
    district, [here, there, elsewhere] = town
    cycle = counting(whom, district if of_district else None)
    project = ProjectFactory(neighborhood=here)
    proposal = submit_proposal(project, cycle.pots.get(), by=administrator())
    living(proposal, here, here, there, elsewhere, None)
    stated = UserFactory()
    support_project(project, by=stated)
    Residency.objects.create(user=stated, neighborhood=here, since="2020-01-01")
    assert people_supporting([proposal])[proposal.pk] == people
    assert supports_now([proposal]) == {proposal.pk: people}
    [said] = gathering_of([project.pk])[project.pk]
    assert (said.people, said.needed, said.asked_by) == (people, 2, cycle.title)


def test_who_moved_away_counts_nowhere_and_who_supports_a_part_as_well_counts_once(town):
    _district, [here, there, _] = town
    cycle = counting(SupportsFrom.POT, here)
    proposal = submit_proposal(
        ProjectFactory(neighborhood=here), cycle.pots.get(), by=administrator()
    )
    living(proposal, here, there)
    both = Support.objects.filter(project=proposal.project).first().person
    twin = ProjectFactory(neighborhood=here)
    support_project(twin, by=both)
    support_project(twin, by=ResidencyFactory(neighborhood=here).user)
    Project.objects.filter(pk=twin.pk).update(state="merged", merged_into=proposal.project)
    assert people_supporting([proposal])[proposal.pk] == 2
    assert gathering_of([proposal.project_id])[proposal.project_id][0].people == 2
    Residency.objects.filter(user=both).update(until=localdate())
    assert people_supporting([proposal])[proposal.pk] == 1
    assert gathering_of([proposal.project_id])[proposal.project_id][0].people == 1


def test_homes_are_not_looked_up_one_by_one():
    proposal = supported(opened(supporting_draft()), 1)
    with CaptureQueriesContext(connection) as queries:
        supports_by_home([proposal.project_id])
    [query] = queries.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query['sql']}")
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert "people_residency" in plan
    assert "SubPlan" not in plan, plan


def test_accounts_without_a_confirmed_home_bring_nothing_on_the_ballot(town):
    _district, [here, *_] = town
    cycle = supporting_draft(needed=2)
    count_supports_from(cycle, SupportsFrom.TOWN, by=administrator())
    cycle = opened(cycle)
    filled, carried = supported(cycle, 5), living(supported(cycle), here, here)
    assert keep_supports(cycle) == 2
    assert SupportCount.objects.get(proposal=filled).people == 0
    with pytest.raises(RefusedError, match="has 0 of the 2 supports"):
        put_on_ballot(filled, by=administrator())
    put_on_ballot(carried, by=administrator())
    with refused("option_supported"):
        Option.objects.create(
            cycle=cycle, pot=filled.pot, position=1, code="x", name="x", cost_minor=1,
            proposal=filled,
        )  # fmt: skip


def test_whose_supports_count_is_set_at_the_desk_and_stays_from_the_opening_on(client):
    by = administrator()
    cycle = supporting_draft(needed=2, ends_in=HOUR)
    with pytest.raises(PermissionDenied):
        count_supports_from(cycle, SupportsFrom.TOWN, by=UserFactory())
    sign_in_with_second_factor(client, by)
    page = reverse("pots", args=[cycle.slug])
    assert "nobody can fill up the number" in client.get(page).content.decode().replace("\n", " ")
    sent = {"act": "count_from", "supports_from": "dogs"}
    assert client.post(page, sent).status_code == 400
    assert client.post(page, sent | {"supports_from": "town"}).status_code == 302
    cycle = opened(Cycle.objects.get(pk=cycle.pk))
    assert cycle.supports_from == SupportsFrom.TOWN
    with pytest.raises(RefusedError, match="has been opened"):
        count_supports_from(cycle, SupportsFrom.EVERYBODY, by=by)
    with refused("supports_from_stays"):
        Cycle.objects.filter(pk=cycle.pk).update(supports_from="everybody")
    assert Cycle.objects.get(pk=cycle.pk).supports_from == SupportsFrom.TOWN


def test_with_options_on_the_ballot_of_a_draft_whose_supports_count_stays():
    cycle = draft_cycle()
    with pytest.raises(RefusedError, match="on the ballot already"):
        count_supports_from(cycle, SupportsFrom.TOWN, by=administrator())
    with refused("supports_from_stays"):
        Cycle.objects.filter(pk=cycle.pk).update(supports_from="town")
    with refused("cycle_supports_from_known"):
        Cycle.objects.filter(pk=draft_cycle(costs_minor=()).pk).update(supports_from="dogs")


def test_an_opening_that_was_asked_for_with_others_counted_is_asked_for_anew():
    by = administrator()
    cycle = supporting_draft(needed=2, ends_in=HOUR)
    rehearsed(cycle)
    request_opening(cycle, by=by)
    count_supports_from(cycle, SupportsFrom.TOWN, by=by)
    with pytest.raises(RefusedError, match="has changed since"):
        open_cycle(cycle, by=administrator())


def test_the_projects_page_tells_how_many_are_missing_until_when_and_who_counts(client, town):
    _district, [here, *_] = town
    cycle = counting(SupportsFrom.TOWN)
    proposal = living(supported(cycle), here, None)
    page = proposal.project.get_absolute_url()
    ends = date_format(localtime(cycle.phases.get(kind="supporting").ends_at), "j F Y, H:i")
    said = client.get(page).content.decode()
    assert f"1 of 2 supports, 1 to go until {ends}." in said
    assert "Counted: people with a confirmed home in the town, each once." in said
    living(proposal, here)
    client.force_login(UserFactory())
    said = client.get(page).content.decode()
    assert "2 of 2 supports, as many as it needs" in said
    assert (
        "Counted: people with a confirmed home in the town"
        in client.get(reverse("cycle", args=[cycle.slug])).content.decode()
    )


def lists_of(project):
    """Every list on which a project stands."""
    names = ("home", "projects", "help_wanted")
    place = reverse("neighborhood", args=[project.neighborhood.slug])
    return [*(reverse(name) for name in names), reverse("projects") + "?q=bench", place]


def in_words(client, address):
    return " ".join(client.get(address).content.decode().split())


def test_in_lists_a_project_says_how_far_it_is_while_supports_are_gathered(client, town):
    _district, [here, *_] = town
    cycle = counting(SupportsFrom.TOWN)
    project = ProjectFactory(title="A bench", neighborhood=here, wanted=["hands"])
    proposal = submit_proposal(project, cycle.pots.get(), by=administrator())
    living(proposal, here, None)
    for address in lists_of(project):
        assert f"{cycle.title}: 1 of 2 supports, 1 to go. Counted: people with a" in in_words(
            client, address
        ), address
    living(proposal, here)
    for address in lists_of(project):
        assert "2 of 2 supports, as many as it needs." in in_words(client, address), address


def test_in_lists_it_says_so_of_every_cycle_that_asks_and_of_none_besides(client):
    project = ProjectFactory(title="A bench", wanted=["hands"])
    support_project(project, by=UserFactory())
    for cycle in (
        supporting_draft(needed=9, ends_in=HOUR),
        opened(supporting_draft(needed=8)),
        opened(supporting_draft(needed=0, supporting=False)),
    ):
        submit_proposal(project, cycle.pots.get(), by=administrator())
    for address in lists_of(project):
        assert "to go" not in in_words(client, address), address
    for needed in (3, 4):
        cycle = opened(supporting_draft(needed=needed, ends_in=HOUR))
        submit_proposal(project, cycle.pots.get(), by=administrator())
    for address in lists_of(project):
        said = in_words(client, address)
        assert "1 of 3 supports, 2 to go." in said, address
        assert "1 of 4 supports, 3 to go." in said, address
        assert "Counted:" not in said, address


def test_what_was_refused_gathers_nothing_any_more():
    by = administrator()
    cycle = opened(supporting_draft(needed=3, ends_in=HOUR))
    proposal = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    assert gathering_of([proposal.project_id])
    reviewed(proposal, by=by, feasible=False, reason="No.")
    assert gathering_of([proposal.project_id]) == {}


def test_a_list_asks_once_whether_supports_are_gathered_and_counts_them_at_once(client):
    proposal = supported(opened(supporting_draft(needed=2)), 1)
    asked = []
    for whom in (None, SupportsFrom.TOWN):
        if whom:
            submit_proposal(proposal.project, counting(whom).pots.get(), by=administrator())
        with CaptureQueriesContext(connection) as ran:
            assert client.get(reverse("projects")).status_code == 200
        assert len([query for query in ran if "budgeting_" in query["sql"]]) == 1
        asked.append(len(ran))
    assert asked[1] == asked[0] + 1


def test_once_supporting_is_over_the_projects_page_tells_what_was_missing(client):
    cycle = opened(supporting_draft(needed=2))
    proposal = supported(cycle, 1)
    said = client.get(proposal.project.get_absolute_url()).content.decode()
    assert "it had 1 of the 2 supports that it needs, 1 short." in said
    assert "Counted: everybody with an account, each once." in said


def test_the_projects_page_asks_as_much_in_three_cycles_as_in_one(client, town):
    asked, project = [], ProjectFactory()
    for _ in range(3):
        cycle = counting(SupportsFrom.POT)
        submit_proposal(project, cycle.pots.get(), by=administrator())
        client.force_login(UserFactory())
        with CaptureQueriesContext(connection) as ran:
            assert client.get(project.get_absolute_url()).status_code == 200
        asked.append(len(ran))
    assert asked[1] == asked[2]


def test_a_template_counts_confirmed_homes_and_a_copy_whom_the_earlier_one_counted():
    by, day = administrator(), db_now().date() + timedelta(days=9)
    made = cycle_from_template(TEMPLATES["year"], slug="y", title="Y", first_day=day, by=by)
    assert made.supports_from == SupportsFrom.TOWN
    copy = copy_cycle(made, slug="again", title="Again", first_day=day, by=by)
    assert Cycle.objects.get(pk=copy.pk).supports_from == SupportsFrom.TOWN


def test_the_need_is_set_for_all_pots_or_one_by_administrators_while_it_is_a_draft(client):
    by = administrator()
    cycle = draft_cycle(costs_minor=())
    pot = cycle.pots.get()
    with pytest.raises(PermissionDenied):
        need_supports(cycle, 5, by=UserFactory())
    sign_in_with_second_factor(client, by)
    page = reverse("pots", args=[cycle.slug])
    assert client.post(page, {"act": "need_supports", "supports_needed": 5}).status_code == 302
    assert "5 people have to support a project" in client.get(page).content.decode()
    change_pot(pot, name="Town", amount_minor=1, supports_needed=7, by=by)
    assert Pot.objects.get().supports_needed == 7
    assert client.post(page, {"act": "need_supports", "supports_needed": -1}).status_code == 400
    change_pot(pot, name="City", amount_minor=1, by=by)
    assert Pot.objects.get().supports_needed == 7


def test_a_copied_cycle_needs_as_many():
    cycle = supporting_draft(needed=4)
    day = db_now().date() + timedelta(days=300)
    copy = copy_cycle(cycle, slug="again", title="Again", first_day=day, by=administrator())
    assert copy.pots.get().supports_needed == 4


def test_after_the_opening_or_with_options_on_the_ballot_the_need_stays():
    cycle = opened(supporting_draft(needed=2))
    with pytest.raises(RefusedError, match="has been opened"):
        need_supports(cycle, 1, by=administrator())
    with refused("pot_frozen_when_opened"):
        Pot.objects.filter(cycle=cycle).update(supports_needed=1)
    draft = draft_cycle(costs_minor=(100,))
    with pytest.raises(RefusedError, match="on the ballot already"):
        need_supports(draft, 1, by=administrator())
    with refused("supports_needed_before_options"):
        Pot.objects.filter(cycle=draft).update(supports_needed=1)
    assert set(Pot.objects.values_list("supports_needed", flat=True)) == {2, 0}


def test_a_cycle_that_needs_supports_opens_with_time_for_them_before_voting():
    for draft in [supporting_draft(supporting=False), supporting_draft(ends_in=30 * HOUR)]:
        with pytest.raises(RefusedError, match="a supporting phase that ends before voting"):
            opened(draft)
        with refused("cycle_gives_time_for_supports"):
            Cycle.objects.filter(pk=draft.pk).update(
                state=CycleState.OPEN, tie_seed="0" * 64, tie_commitment="1"
            )


def test_the_database_refuses_options_short_of_supports_and_counts_too_early_or_changed():
    cycle = opened(supporting_draft(needed=2))
    proposal = supported(cycle, 1)
    line = {"cycle": cycle, "pot": proposal.pot, "position": 0, "code": "1", "cost_minor": 5}
    with refused("option_supported"):
        Option.objects.create(**line, name="One", proposal=proposal)
    keep_supports(cycle)
    with refused("option_supported"):
        Option.objects.create(**line, name="One", proposal=proposal)
    with refused("budgeting_supportcount_append_only"):
        SupportCount.objects.filter(proposal=proposal).update(people=2)
    early = supported(opened(supporting_draft(ends_in=HOUR)), 2)
    with refused("supports_counted_when_over"):
        SupportCount.objects.create(proposal=early, people=2)
    assert set(Proposal.objects.values_list("state", flat=True)) == {"feasible"}


def test_without_a_need_supports_are_not_asked_for():
    check_supports(supported(opened(supporting_draft(needed=0, supporting=False))))
