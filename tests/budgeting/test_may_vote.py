from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from budgeting.enums import VoterGroup
from budgeting.models import Cycle, RollEntry
from budgeting.selectors import may_vote
from budgeting.services.errors import RefusedError
from budgeting.services.roll import set_eligibility
from civicfund.audit.services import db_now
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    draft_cycle,
    end_voting,
    fill_roll,
    opened,
)
from tests.factories.paper import entry_of, paper_cycle, voted_on_paper
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


@pytest.fixture
def place():
    return NeighborhoodFactory(name="Harbour")


def ruled(cycle, **changes):
    rule = {"minimum_age": 16, "age_on": DAY, "groups": [VoterGroup.RESIDENT]} | changes
    set_eligibility(cycle, by=administrator(), **rule)
    return cycle


def answer(cycle, user, entry=None):
    return may_vote(Cycle.objects.get(pk=cycle.pk), user, entry, db_now())


def test_a_home_that_is_not_confirmed_has_three_ways(client, place):
    cycle = opened(ruled(draft_cycle()))
    home = ResidencyFactory(neighborhood=place, proof="", proved_at=None)
    said = answer(cycle, home.user)
    assert (said.to_confirm, said.yes) == (True, False)
    assert said.why == "Your home in Harbour is not confirmed."
    client.force_login(home.user)
    page = client.get(reverse("roll", args=[cycle.slug])).content.decode()
    assert "three ways" in page
    assert reverse("voting_code", args=[cycle.slug]) in page
    assert f"{reverse('residency')}#document" in page
    assert "who confirms your home" in page


def test_a_home_outside_the_places_that_vote_is_told_so_first(place):
    elsewhere = NeighborhoodFactory(name="Elsewhere")
    cycle = ruled(draft_cycle(), places=[place])
    home = ResidencyFactory(neighborhood=elsewhere, proof="", proved_at=None)
    said = answer(cycle, home.user)
    assert said.why == "This vote is for people in Harbour; your home is in Elsewhere."
    inside = ResidencyFactory(neighborhood=place)
    assert answer(cycle, inside.user).why == "The roll is still being made."


def test_a_place_within_a_district_that_votes_is_inside(place):
    cycle = ruled(draft_cycle(), places=[place.parent])
    assert answer(cycle, ResidencyFactory(neighborhood=place).user).why == (
        "The roll is still being made."
    )


def test_a_vote_that_is_not_for_residents_says_for_whom_it_is(place):
    cycle = ruled(draft_cycle(), groups=[VoterGroup.WORKER, VoterGroup.STUDENT])
    said = answer(cycle, ResidencyFactory(neighborhood=place).user)
    assert "people who study here / people who work here" in said.why
    assert "Living here is not enough" in said.why


def test_a_home_that_was_confirmed_too_late_is_told_when_and_perhaps_too_young(place):
    cycle = ruled(draft_cycle())
    ResidencyFactory(neighborhood=place)
    fill_roll(cycle)
    cycle = opened(cycle)
    late = ResidencyFactory(neighborhood=place, proved_at=db_now(), born_by=None)
    said = answer(cycle, late.user)
    assert "is confirmed, but you are not on the roll" in said.why
    assert "as of 1 January 2026; yours came later" in said.why
    assert "16 or older on 1 January 2026" in said.why
    assert "We keep no dates of birth" in said.why


def test_an_early_home_that_is_not_on_the_roll_came_not_too_late(place):
    cycle = ruled(draft_cycle(), minimum_age=0)
    fill_roll(cycle)
    early = ResidencyFactory(neighborhood=place)
    said = answer(opened(cycle), early.user)
    assert said.why.endswith("you are not on the roll of this cycle.")


def test_who_was_checked_in_on_paper_has_voted_for_good_and_who_voted_online_has_not():
    cycle, [both, online], place, _ = paper_cycle(2)
    for person in (both, online):
        cast_positions(cycle, person, [0])
    voted_on_paper(cycle, [both], place)
    said, beside = (answer(cycle, each, entry_of(cycle, each)) for each in (both, online))
    assert "checked in at a polling place" in said.why
    assert not said.yes
    assert beside.yes


def test_once_voting_is_over_nobody_may_and_no_way_is_offered(client, place):
    cycle = draft_cycle()
    person = ResidencyFactory(neighborhood=place).user
    fill_roll(cycle)
    cycle = opened(cycle)
    end_voting(cycle)
    entry = RollEntry.objects.get(claimed_by=person)
    for who, line in ((person, entry), (UserFactory(), None)):
        said = answer(cycle, who, line)
        assert (said.why, said.yes, said.grows) == ("Voting is over.", False, False)
    client.force_login(UserFactory())
    page = client.get(reverse("roll", args=[cycle.slug])).content.decode()
    assert "Use the code from a letter" not in page


def test_confirmed_homes_outside_the_places_stay_off_the_roll(place):
    cycle = ruled(draft_cycle(), places=[place])
    inside, outside = ResidencyFactory(neighborhood=place), ResidencyFactory()
    assert fill_roll(cycle).added == 1
    assert cycle.roll.filter(claimed_by=inside.user).exists()
    assert not cycle.roll.filter(claimed_by=outside.user).exists()


def test_a_roll_that_is_not_for_residents_takes_no_confirmed_homes(place):
    cycle = ruled(draft_cycle(), groups=[VoterGroup.WORKER])
    ResidencyFactory(neighborhood=place)
    with pytest.raises(RefusedError, match="not for people who live here"):
        fill_roll(cycle)
    assert not cycle.roll.exists()
