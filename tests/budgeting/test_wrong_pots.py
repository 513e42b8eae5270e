"""A project outside of its pot's place comes on no ballot, and the staff gives it another pot."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from budgeting.enums import PhaseKind, SupportsFrom
from budgeting.models import Option, PotChange, Proposal
from budgeting.selectors import ballot_desk, what_a_move_undoes
from budgeting.services.cycles import add_phase, add_pot
from budgeting.services.errors import ManyRefusedError, RefusedError
from budgeting.services.news import tell_of_cycles
from budgeting.services.preparing import remove_pot
from budgeting.services.proposals import (
    change_pot,
    give_pot,
    leave_cycle,
    put_all_on_ballot,
    put_on_ballot,
    submit_proposal,
)
from budgeting.services.reviewers import assign
from budgeting.services.supports import count_supports_from, keep_supports, need_supports
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import compose
from civicfund.places.enums import PlaceKind
from civicfund.projects.models import CoAuthor
from civicfund.projects.services import edit_project
from civicfund.projects.services.supporting import support_project
from tests.budgeting.test_changing_pots import HOUR, entered, north, page_of, two_pots
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    draft_cycle,
    opened,
    reviewed,
    without_guard,
)
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
WHY = "It is on Hill Street."


def town(cycle):
    return cycle.pots.exclude(name="North").get()


def moved_away(**options):
    """A project that was entered for the money of its place, and is in another one now."""
    cycle, place = two_pots(**options)
    project = ProjectFactory(neighborhood=place)
    proposal = submit_proposal(project, north(cycle), by=administrator())
    edit_project(project, by=project.proposer, neighborhood=NeighborhoodFactory(name="Hill"))
    return Proposal.objects.get(pk=proposal.pk)


def stands(proposal):
    """All that none of it may change where it is refused."""
    now = Proposal.objects.get(pk=proposal.pk)
    events = Event.objects.filter(verb="proposal.pot_given").count()
    told = Message.objects.filter(kind="proposal_given_pot").count()
    return now.pot_id, now.state, PotChange.objects.count(), events, told


def review_of(proposal):
    return reverse("review", args=[proposal.cycle.slug, proposal.pk])


# --- on no ballot


def test_what_lies_outside_of_its_pot_comes_on_no_ballot_until_it_asks_another():
    proposal, by = moved_away(), administrator()
    found = reviewed(proposal, by=by)
    for put in (
        lambda: put_on_ballot(found, by=by),
        lambda: put_all_on_ballot(found.cycle, [found], by=by),
    ):
        with pytest.raises((RefusedError, ManyRefusedError)) as refusal:
            put()
        said = " ".join(getattr(refusal.value, "each", None) or [str(refusal.value)])
        assert "is in Hill, and “North” is for projects in" in said
    found.refresh_from_db()
    assert (found.state, Option.objects.count()) == ("feasible", 0)
    give_pot(found, town(found.cycle), reason=WHY, by=by)
    found = Proposal.objects.get(pk=found.pk)
    assert put_on_ballot(found, by=by).pot == town(found.cycle)


def test_the_database_takes_no_line_of_it_nor_one_in_another_pot_than_it_asks():
    proposal = reviewed(moved_away(), by=administrator())
    fine = reviewed(entered(proposal.cycle, NeighborhoodFactory()), by=administrator())

    def line(of, pot):
        Option.objects.create(
            cycle=of.cycle, pot=pot, position=0, code="1", name="x", cost_minor=1, proposal=of
        )

    for of, pot in (
        (proposal, north(proposal.cycle)),
        (proposal, town(proposal.cycle)),
        (fine, north(proposal.cycle)),
    ):
        with refused("option_placed"):
            line(of, pot)
    line(fine, town(proposal.cycle))
    with refused("option_placed"):
        Option.objects.update(pot=north(proposal.cycle))


def test_every_level_of_the_tree_reaches_what_is_below_it_and_nothing_else():
    by, city = administrator(), CityFactory()
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT, parent=city)
    place, beside = NeighborhoodFactory(parent=district), NeighborhoodFactory(parent=district)
    cycle = draft_cycle(by=by, costs_minor=(), place=city)
    pots = [cycle.pots.get(), *(
        add_pot(cycle, each, name=each.name, amount_minor=1_000, by=by)
        for each in (district, place, beside)
    )]  # fmt: skip
    project = ProjectFactory(neighborhood=place)
    with connection.cursor() as cursor:
        found = []
        for pot in pots:
            cursor.execute("SELECT budgeting_lies_in_pot(%s, %s)", [project.pk, pot.pk])
            found.append(cursor.fetchone()[0])
    assert found == [True, True, True, False]


def test_the_ballot_desk_marks_it_and_does_not_tick_it(client):
    proposal = reviewed(moved_away(), by=administrator())
    rows = [row for each in ballot_desk(proposal.cycle) for row in each.feasible]
    assert [(row.misplaced, row.may_come) for row in rows] == [(True, False)]
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("ballot_desk", args=[proposal.cycle.slug])).content.decode()
    assert "Outside of its pot" in page
    assert f"{review_of(proposal)}#pot" in page


# --- its authors


def test_authors_are_told_before_and_after_they_move_it(client):
    cycle, place = two_pots()
    project = ProjectFactory(neighborhood=place)
    proposal = submit_proposal(project, north(cycle), by=administrator())
    said = what_a_move_undoes(project)
    assert cycle.title in said
    assert "“North”, whose money is for projects in" in said
    client.force_login(project.proposer)
    assert "Before you change it" in client.get(f"/projects/{project.pk}/edit/").content.decode()
    assert "Outside of its pot" not in client.get(page_of(proposal)).content.decode()
    edit_project(project, by=project.proposer, neighborhood=NeighborhoodFactory(name="Hill"))
    page = client.get(page_of(proposal)).content.decode()
    assert "Outside of its pot" in page
    assert "Ask another pot, below." in page
    change_pot(proposal, town(cycle), by=project.proposer)
    assert "Outside of its pot" not in client.get(page_of(proposal)).content.decode()
    assert what_a_move_undoes(project) == ""


def test_once_voting_has_begun_its_authors_read_why_it_is_on_no_ballot_and_no_promise(client):
    proposal = reviewed(moved_away(), by=administrator())
    author = proposal.project.proposer
    client.force_login(author)
    page = client.get(page_of(proposal)).content.decode()
    assert "Those who prepare the vote can give it another pot." in page
    assert "put it on the ballot before voting begins" not in page
    begin_voting(proposal.cycle)
    page = client.get(page_of(proposal)).content.decode()
    assert "can give it another pot" not in page
    assert "Nobody said why." not in page
    assert "outside of it this one could not come on the ballot" in page
    tell_of_cycles()
    letter = Message.objects.filter(kind="proposal_became", recipient=author).latest("pk")
    sent = compose(letter.kind, author, letter.context)
    assert "It lay outside of the place that its pot is for" in sent.body
    assert "Nobody said why." not in sent.body


def test_once_voting_has_begun_no_pot_is_promised_to_whoever_moves_a_project():
    cycle, place = two_pots()
    project = ProjectFactory(neighborhood=place)
    submit_proposal(project, north(cycle), by=administrator())
    assert "give it one" in what_a_move_undoes(project)
    begin_voting(cycle)
    assert what_a_move_undoes(project) == ""


# --- another pot, by the staff


def test_an_administrator_gives_it_another_pot_and_its_authors_are_told(client):
    proposal = moved_away(proposing=(-2 * HOUR, -HOUR))
    project, by = proposal.project, administrator()
    friend = CoAuthor.objects.create(project=project, user=UserFactory()).user
    sign_in_with_second_factor(client, by)
    page = client.get(review_of(proposal)).content.decode()
    assert "like this it does not come on the ballot" in page
    assert "Give it another pot" in page
    pots = client.get(review_of(proposal)).context["forms"]["give_pot"].fields["pot"].queryset
    assert list(pots) == [town(proposal.cycle)]
    before = stands(proposal)
    empty = client.post(review_of(proposal), {"act": "give_pot", "pot": "", "reason": " "})
    assert empty.status_code == 400
    assert stands(proposal) == before
    sent = {"act": "give_pot", "pot": town(proposal.cycle).pk, "reason": WHY}
    answer = client.post(review_of(proposal), sent, follow=True).content.decode()
    assert "asks “Whole town” for its money now" in answer
    assert WHY in answer
    assert "Outside of its pot" not in answer
    change = PotChange.objects.get()
    proposal = Proposal.objects.get(pk=proposal.pk)
    assert (proposal.pot, proposal.state) == (town(proposal.cycle), "submitted")
    assert (change.reason, change.by, change.pot) == (WHY, by, proposal.pot_id)
    event = Event.objects.get(verb="proposal.pot_given")
    assert event.data == {
        "pot_before": north(proposal.cycle).pk, "pot": proposal.pot_id, "change": change.pk,
    }  # fmt: skip
    letters = Message.objects.filter(kind="proposal_given_pot")
    assert {each.recipient_id for each in letters} == {project.proposer_id, friend.pk}
    client.force_login(project.proposer)
    assert WHY in client.get(page_of(proposal)).content.decode()


def test_a_reviewer_gives_another_pot_to_what_is_theirs_to_review_and_nothing_else():
    proposal, mine, other = moved_away(), reviewer(), reviewer()
    pot, before = town(proposal.cycle), stands(proposal)
    with pytest.raises(RefusedError, match="Whoever reviews it, or an administrator"):
        give_pot(proposal, pot, reason=WHY, by=mine)
    assign(proposal.cycle, [proposal.reviews.get()], mine, by=administrator())
    with pytest.raises(RefusedError, match="Whoever reviews it"):
        give_pot(proposal, pot, reason=WHY, by=other)
    assert stands(proposal) == before
    give_pot(proposal, pot, reason=WHY, by=mine)
    assert Proposal.objects.get(pk=proposal.pk).pot == pot


@pytest.mark.parametrize("somebody", [reviewer, administrator])
def test_nobody_says_which_pot_their_own_project_asks(somebody):
    proposal, by = moved_away(), somebody()
    CoAuthor.objects.create(project=proposal.project, user=by)
    before = stands(proposal)
    with pytest.raises(RefusedError, match="for others to say"):
        give_pot(proposal, town(proposal.cycle), reason=WHY, by=by)
    assert stands(proposal) == before


def test_only_a_pot_of_its_cycle_that_reaches_it_with_a_reason():
    proposal, by = moved_away(), administrator()
    beside = NeighborhoodFactory()
    other, _there = two_pots()
    before = stands(proposal)
    for pot, reason, why in (
        (town(proposal.cycle), "  ", "Say why"),
        (north(proposal.cycle), WHY, "asks this pot already"),
        (town(other), WHY, "not of this cycle"),
    ):
        with pytest.raises(RefusedError, match=why):
            give_pot(proposal, pot, reason=reason, by=by)
    edit_project(proposal.project, by=proposal.project.proposer, neighborhood=beside)
    change_pot(proposal, town(proposal.cycle), by=proposal.project.proposer)
    with pytest.raises(RefusedError, match="is for projects in"):
        give_pot(proposal, north(proposal.cycle), reason=WHY, by=by)
    assert stands(proposal) == (town(proposal.cycle).pk, *before[1:])


def out(proposal):
    leave_cycle(proposal, by=proposal.project.proposer)


def not_feasible(proposal):
    reviewed(proposal, by=administrator(), feasible=False, reason="x")


def found_feasible(proposal):
    """And where its pot is for it is nothing to put right."""
    home = proposal.pot.place
    edit_project(proposal.project, by=proposal.project.proposer, neighborhood=home)
    reviewed(proposal, by=administrator())


def on_ballot(proposal):
    found_feasible(proposal)
    put_on_ballot(Proposal.objects.get(pk=proposal.pk), by=administrator())


def voted_on(proposal):
    begin_voting(proposal.cycle)


@pytest.mark.parametrize(
    ("late", "why"),
    [
        (out, "not in the cycle any more"),
        (not_feasible, "public verdict"),
        (found_feasible, "public verdict"),
        (on_ballot, "on the ballot"),
        (voted_on, "Voting has begun"),
    ],
)
def test_too_late_it_stays_in_its_pot(client, late, why):
    proposal, by = moved_away(), administrator()
    late(proposal)
    before, pot = stands(proposal), town(proposal.cycle)
    with pytest.raises(RefusedError, match=why):
        give_pot(proposal, pot, reason=WHY, by=by)
    with refused("pot_change_in_time"):
        PotChange.objects.create(
            proposal=proposal, pot_before=proposal.pot_id, pot=pot.pk, reason=WHY, by=by
        )
    assert stands(proposal) == before
    sign_in_with_second_factor(client, by)
    assert "Give it another pot" not in client.get(review_of(proposal)).content.decode()


def test_the_database_moves_no_pot_but_as_it_was_just_written_down():
    proposal, by = moved_away(proposing=(-2 * HOUR, -HOUR)), administrator()
    pot, other = town(proposal.cycle), north(two_pots()[0])
    with refused("proposal_pot_in_time"):
        Proposal.objects.filter(pk=proposal.pk).update(pot=pot)
    given = {"proposal": proposal, "pot_before": proposal.pot_id, "reason": WHY, "by": by}
    for name, wrong in (
        ("pot_change_in_its_cycle", {"pot": other.pk}),
        ("pot_change_in_its_cycle", {"pot": pot.pk, "pot_before": pot.pk + 1_000}),
        ("pot_change_says_why", {"pot": pot.pk, "reason": " "}),
        ("pot_change_placed", {"pot": proposal.pot_id}),
    ):
        with refused(name):
            PotChange.objects.create(**given | wrong)
    change = PotChange.objects.create(**given, pot=pot.pk)
    with refused("budgeting_potchange_append_only"):
        PotChange.objects.filter(pk=change.pk).update(reason="Other words.")
    Proposal.objects.filter(pk=proposal.pk).update(pot=pot)
    with refused("proposal_pot_in_time"):
        Proposal.objects.filter(pk=proposal.pk).update(pot=north(proposal.cycle))


def supported(whom, at_hill=1):
    """Supporting is over, counted as the cycle says; all pots need one but for the town's. The
    project is in Hill, and asks North.
    """
    by, city, now = administrator(), CityFactory(), db_now()
    place, hill = NeighborhoodFactory(parent=city), NeighborhoodFactory(parent=city)
    cycle = draft_cycle(
        by=by, costs_minor=(), place=city, voting_starts_in=9 * HOUR, voting_ends_in=19 * HOUR
    )
    pots = [
        add_pot(cycle, each, name=name, amount_minor=5_000, by=by)
        for each, name in ((place, "North"), (hill, "Hill"))
    ]
    add_phase(cycle, PhaseKind.SUPPORTING, starts_at=now - 2 * HOUR, ends_at=now - HOUR / 2, by=by)
    need_supports(cycle, 1, pots=pots, by=by)
    need_supports(cycle, at_hill, pots=pots[1:], by=by)
    count_supports_from(cycle, whom, by=by)
    project = ProjectFactory(neighborhood=place)
    proposal = submit_proposal(project, pots[0], by=by)
    edit_project(project, by=project.proposer, neighborhood=hill)
    return opened(cycle), Proposal.objects.get(pk=proposal.pk), cycle.pots.get(name="Hill")


def test_what_is_counted_where_the_pot_is_goes_into_none_that_needs_supports_elsewhere():
    for whom, may in ((SupportsFrom.POT, False), (SupportsFrom.EVERYBODY, True)):
        cycle, proposal, at_hill = supported(whom)
        assert keep_supports(cycle) == 1
        before = stands(proposal)
        if may:
            give_pot(proposal, at_hill, reason=WHY, by=administrator())
            continue
        with pytest.raises(RefusedError, match="counted where the money of “North” goes"):
            give_pot(proposal, at_hill, reason=WHY, by=administrator())
        with refused("pot_change_as_counted"):
            PotChange.objects.create(
                proposal=proposal, pot_before=proposal.pot_id, pot=at_hill.pk, reason=WHY,
                by=administrator(),
            )  # fmt: skip
        assert stands(proposal) == before
        pot = cycle.pots.get(name="Whole town")
        give_pot(proposal, pot, reason=WHY, by=administrator())
        assert Proposal.objects.get(pk=proposal.pk).pot == pot


def test_what_is_short_of_what_another_pot_needs_is_told_whenever_it_was_given_that():
    cycle, proposal, at_hill = supported(SupportsFrom.EVERYBODY, at_hill=2)
    support_project(proposal.project, by=UserFactory())
    assert keep_supports(cycle) == 1
    without_guard(
        "budgeting_supportcount",
        "budgeting_supportcount_append_only",
        "UPDATE budgeting_supportcount SET counted_at = counted_at - interval '8 days'",
    )

    def told():
        tell_of_cycles()
        letters = Message.objects.filter(kind="proposal_became")
        return [item["what"] for letter in letters for item in letter.context["items"]]

    assert told() == []
    give_pot(proposal, at_hill, reason=WHY, by=administrator())
    assert told() == ["too_few"]
    assert told() == ["too_few"]


def test_in_a_draft_nobody_hears_of_it_and_the_pot_before_can_go():
    by = administrator()
    place = NeighborhoodFactory()
    cycle = draft_cycle(by=by, costs_minor=(), place=CityFactory())
    add_pot(cycle, place, name="North", amount_minor=5_000, by=by)
    proposal = submit_proposal(ProjectFactory(neighborhood=place), north(cycle), by=by)
    give_pot(proposal, town(cycle), reason=WHY, by=by)
    assert not Message.objects.filter(kind="proposal_given_pot").exists()
    remove_pot(north(cycle), by=by)
    assert cycle.pots.count() == 1
