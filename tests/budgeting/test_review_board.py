"""The board of reviews in a large cycle: narrowed down, and given out many at a time."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Review
from budgeting.selectors import reviews as selectors
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviews import give_review
from budgeting.views import reviews as views
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.services import revoke_role
from civicfund.projects.models import CoAuthor
from tests.factories.budgeting import administrator
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(client):
    user = administrator()
    sign_in_with_second_factor(client, user)
    return user


def board_of(cycle, **asked):
    return f"{reverse('reviews', args=[cycle.slug])}?{urlencode(asked)}"


def entered(cycle, by, **project):
    return submit_proposal(ProjectFactory(**project), cycle.pots.get(), by=by)


def shown(client, cycle, **asked):
    return [each.proposal for each, _late in client.get(board_of(cycle, **asked)).context["rows"]]


def untouched(proposals):
    return not Review.objects.filter(proposal__in=proposals, reviewer__isnull=False).exists()


def test_the_board_is_narrowed_by_kind_place_pot_and_words_of_the_title(client, by):
    cycle, _ = reviewing_cycle(0)
    here = NeighborhoodFactory()
    bench = entered(cycle, by, title="Two benches by the mill", category="green")
    slide = entered(cycle, by, title="A slide by the mill", category="play", neighborhood=here)
    lamp = entered(cycle, by, title="Lamps", category="streets", neighborhood=here)
    assert shown(client, cycle) == [bench, slide, lamp]
    assert shown(client, cycle, q="mill") == [bench, slide]
    assert shown(client, cycle, q="MILL slide") == [slide]
    assert shown(client, cycle, q=str(lamp.pk)) == [lamp]
    assert shown(client, cycle, category="streets") == [lamp]
    assert shown(client, cycle, neighborhood=here.slug) == [slide, lamp]
    assert shown(client, cycle, neighborhood=here.parent.slug, q="slide") == [slide]
    assert shown(client, cycle, neighborhood=here.slug, category="play") == [slide]
    assert shown(client, cycle, pot=cycle.pots.get().pk, q="bench") == [bench]
    for wrong in ({"category": "none"}, {"neighborhood": "none"}, {"pot": "99999"}):
        assert shown(client, cycle, **wrong) == []


def test_each_row_says_what_it_is_about_and_where(client, by):
    cycle, _ = reviewing_cycle(0)
    one = entered(cycle, by, category="climate")
    page = client.get(board_of(cycle)).content.decode()
    assert "<td>Climate and energy</td>" in page
    assert f"<td>{one.project.neighborhood}</td>" in page
    assert f"number {one.pk}" in page


def test_filters_stay_over_parts_and_pages_and_are_counted(client, by, monkeypatch):
    monkeypatch.setattr(selectors, "REVIEWS_PER_PAGE", 1)
    cycle, _ = reviewing_cycle(2, category="play")
    entered(cycle, by, category="green")
    page = client.get(board_of(cycle, category="play"))
    assert page.context["sums"] == {"all": 2, "mine": 0, "nobody": 2, "late": 0, "proposer": 0}
    told = page.content.decode()
    assert 'href="?category=play&amp;whose=nobody"' in told
    assert 'href="?category=play&amp;page=2"' in told
    second = client.get(board_of(cycle, category="play", page=2))
    assert (len(second.context["rows"]), second.context["page"].number) == (1, 2)


def test_all_that_are_shown_are_given_out_at_once_on_every_page(client, by, monkeypatch):
    monkeypatch.setattr(selectors, "REVIEWS_PER_PAGE", 1)
    cycle, some = reviewing_cycle(3, category="play")
    other = entered(cycle, by, category="green")
    mine, due = reviewer(), db_now().replace(second=0, microsecond=0) + timedelta(days=5)
    address = board_of(cycle, category="play", whose="nobody")
    sent = {"act": "assign", "which": "all", "of": "3", "reviewer": mine.pk}
    answer = client.post(address, sent | {"due_at": f"{due:%Y-%m-%dT%H:%M}"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    given = Review.objects.filter(reviewer=mine, untold="assigned")
    assert set(given.values_list("proposal", flat=True)) == {each.pk for each in some}
    assert untouched([other])
    assert Event.objects.filter(verb="review.assigned", actor=by).count() == 3


def test_all_are_refused_where_there_are_others_by_now_or_too_many(client, by, monkeypatch):
    cycle, some = reviewing_cycle(3)
    sent = {"act": "assign", "which": "all", "of": "2", "reviewer": reviewer().pk}
    page = client.post(board_of(cycle), sent)
    assert (page.status_code, untouched(some)) == (400, True)
    assert "There are 3 now" in page.content.decode()
    monkeypatch.setattr(views, "MOST_AT_ONCE", 2)
    page = client.post(board_of(cycle), sent | {"of": "3"})
    assert (page.status_code, untouched(some)) == (400, True)
    assert "narrow the list down" in page.content.decode()
    assert client.post(board_of(cycle, pot=99999), sent | {"of": "3"}).status_code == 400
    assert untouched(some)


def test_what_was_chosen_stays_chosen_where_it_is_refused(client, by):
    cycle, (one, two, three) = reviewing_cycle(3)
    somebody = reviewer()
    CoAuthor.objects.create(project=two.project, user=somebody)
    box = 'name="reviews" value="{}" aria-label="Choose {}"{}'
    every = [(each, each.reviews.get().pk) for each in (one, two, three)]

    def ticked(page):
        assert page.status_code in (200, 400)
        text = page.content.decode()
        assert all(box.format(pk, each.project.title, "") in text for each, pk in every)
        all_shown = 'name="which" value="all" checked' in text
        assert ('name="which" value="ticked" checked' in text) is not all_shown
        return [
            each for each, pk in every if box.format(pk, each.project.title, " checked") in text
        ], all_shown

    assert ticked(client.get(board_of(cycle))) == ([], False)
    sent = {"act": "assign", "which": "ticked", "of": "3", "reviewer": somebody.pk}
    refused = client.post(board_of(cycle), sent | {"reviews": [every[0][1], every[1][1]]})
    assert ticked(refused) == ([one, two], False)
    assert ticked(client.post(board_of(cycle), sent | {"which": "all", "of": "2"})) == ([], True)
    assert ticked(client.get(board_of(cycle))) == ([], False)
    assert untouched([one, two])


def test_of_all_those_that_somebody_cannot_look_at_stay_and_ticked_ones_keep_the_others(client, by):
    cycle, (own, other) = reviewing_cycle(2)
    mine = reviewer()
    CoAuthor.objects.create(project=own.project, user=mine)
    ticked = [own.reviews.get().pk, other.reviews.get().pk]
    sent = {"act": "assign", "reviewer": mine.pk}
    assert client.post(board_of(cycle), sent | {"reviews": ticked}).status_code == 400
    assert untouched([own, other])
    page = client.post(board_of(cycle), sent | {"which": "all", "of": "2"}, follow=True)
    assert "1 review was given out." in page.content.decode()
    assert "1 stays where it is" in page.content.decode()
    assert (own.reviews.get().reviewer, other.reviews.get().reviewer) == (None, mine)


def test_many_are_given_out_with_as_few_questions_as_some(client, by):
    counts = []
    for number in (2, 8):
        cycle, _ = reviewing_cycle(number)
        sent = {"act": "assign", "which": "all", "of": str(number), "reviewer": reviewer().pk}
        with CaptureQueriesContext(connection) as queries:
            assert client.post(board_of(cycle), sent).status_code == 302
        counts.append(len(queries))
    assert counts[0] == counts[1]


def loads(client, cycle):
    rows = client.get(board_of(cycle)).context["loads"]
    return {load.reviewer: (load.waiting, load.late, load.given) for load in rows}


def test_whoever_gives_reviews_out_sees_how_much_is_with_whom_and_finds_it(client, by):
    ill, well, idle = reviewer(), reviewer(), reviewer()
    cycle, proposals = reviewing_cycle(4)
    now = db_now()
    for person, those in ((ill, proposals[:2]), (well, proposals[2:])):
        chosen = Review.objects.filter(proposal__in=those)
        chosen.update(reviewer=person, due_at=now + timedelta(days=1))
    Review.objects.filter(proposal=proposals[0]).update(due_at=now - timedelta(days=1))
    give_review(proposals[3], **NO, by=well)
    found = loads(client, cycle)
    assert (found[ill], found[well], found[idle]) == ((2, 1, 0), (1, 0, 1), (0, 0, 0))
    assert next(iter(found)) == ill
    assert shown(client, cycle, reviewer=ill.pk) == proposals[:2]
    assert shown(client, cycle, reviewer=ill.pk, whose="late") == [proposals[0]]
    page = client.get(board_of(cycle, reviewer=ill.pk)).content.decode()
    assert f'<option value="{ill.pk}" selected>' in page
    assert f'?reviewer={ill.pk}">{ill}</a>' in page
    revoke_role(ill, Role.REVIEWER, by=None)
    page = client.get(board_of(cycle)).content.decode()
    assert "No reviewer any more" in page
    assert shown(client, cycle, reviewer=ill.pk) == proposals[:2]
    for wrong in (UserFactory().pk, "x", 0):
        assert client.get(board_of(cycle, reviewer=wrong)).context["filter"].errors


def test_a_reviewer_is_not_shown_how_much_others_have(client):
    one = reviewer()
    cycle, _proposals = reviewing_cycle(2)
    sign_in_with_second_factor(client, one)
    page = client.get(board_of(cycle, reviewer=reviewer().pk))
    assert "reviewer" not in page.context["filter"].fields
    assert page.context["loads"] == []
    assert len(page.context["rows"]) == 2


def test_of_an_administrators_own_project_no_load_tells_that_somebody_said_no(client, by):
    one = reviewer()
    cycle, [own, other] = reviewing_cycle(2)
    for proposal in (own, other):
        give_review(proposal, **NO, by=one)
    CoAuthor.objects.create(project=own.project, user=by)
    assert loads(client, cycle)[one] == (0, 0, 1)
    assert sum(waiting for waiting, _late, _given in loads(client, cycle).values()) <= 1


def test_loads_are_counted_with_as_few_questions_for_many_as_for_one(client, by):
    counts = []
    for number in (1, 3):
        cycle, proposals = reviewing_cycle(number)
        for proposal in proposals:
            Review.objects.filter(proposal=proposal).update(reviewer=reviewer())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(board_of(cycle)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
