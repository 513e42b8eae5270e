from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import BallotKind, PhaseKind
from budgeting.models import Participation, Proposal, SealedBallot
from budgeting.selectors.proposals import PROPOSALS_PER_PAGE
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_phase, add_pot, cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import submit_proposal
from budgeting.services.results import certify, publish
from civicfund.audit.services import db_now
from civicfund.ledger.selectors import balance_minor
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import Wrong
from civicfund.projects.models import CoAuthor
from civicfund.projects.services import edit_project
from civicfund.projects.services.moderating import hide_project
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    certifier,
    codes,
    draft_cycle,
    end_voting,
    fill_roll,
    open_by_trustees,
    opened,
    running_cycle,
)
from tests.factories.options import options_at_once
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly

pytestmark = pytest.mark.django_db


def page_of(name, cycle):
    return reverse(name, args=[cycle.slug])


def text_of(answer):
    return " ".join(answer.content.decode().split())


def without_noise(answer):
    """The page without what changes with every request: form tokens and the time of day."""
    return re.sub(r'(name="csrfmiddlewaretoken" value|data-now)="[^"]*"', "", text_of(answer))


def published(votes, **cycle):
    counted = unsealed(votes, **cycle)
    count_cycle(counted)
    certify(counted, by=certifier())
    return publish(counted, by=certifier())


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_drafts_are_seen_only_by_those_who_prepare_them(client):
    cycle = draft_cycle()
    assert client.get(page_of("cycle", cycle)).status_code == 404
    client.force_login(UserFactory())
    assert client.get(page_of("cycle", cycle)).status_code == 404
    client.force_login(administrator())
    assert client.get(page_of("cycle", cycle)).status_code == 200


def test_the_list_names_running_and_finished_cycles(client):
    running, _ = running_cycle()
    done = published([[0]])
    page = text_of(client.get(reverse("cycles")))
    assert running.title in page
    assert done.title in page


def test_a_cancelled_cycle_says_why(client):
    cycle, _ = running_cycle()
    request_cancelling(cycle, by=administrator(), reason="The flood took the money.")
    cancel_cycle(cycle, by=administrator())
    assert "The flood took the money." in text_of(client.get(page_of("cycle", cycle)))


def test_the_ballot_says_not_cast_then_cast_then_changed_then_closed(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    page = page_of("ballot", cycle)
    pot = cycle.pots.get()
    first, second, _ = codes(pot)
    assert "Your ballot: not cast" in text_of(client.get(page))
    said = client.post(page, {f"pot-{pot.pk}": [first]}, follow=True)
    assert "Your ballot: cast at" in text_of(said)
    said = client.post(page, {f"pot-{pot.pk}": [second]}, follow=True)
    assert "Your ballot: changed at" in text_of(said)
    end_voting(cycle)
    said = text_of(client.get(page))
    assert "Voting: closed" in said
    assert "Your ballot was last changed on" in said
    assert "Cast the new ballot" not in said


def test_a_vote_from_a_page_that_was_still_open_is_refused_after_the_closing_instant(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    page = page_of("ballot", cycle)
    client.get(page)
    end_voting(cycle)
    pot = cycle.pots.get()
    answer = client.post(page, {f"pot-{pot.pk}": codes(pot)[:1]})
    assert answer.status_code == 409
    assert "Voting is closed." in text_of(answer)
    assert Participation.objects.count() == 0


def test_a_refused_ballot_keeps_what_was_chosen_and_says_what_is_wrong(client):
    cycle, [person] = running_cycle(max_options=1)
    client.force_login(person)
    pot = cycle.pots.get()
    first, second, third = codes(pot)
    answer = client.post(page_of("ballot", cycle), {f"pot-{pot.pk}": [first, third]})
    assert answer.status_code == 400
    page = text_of(answer)
    assert "this pot allows 1 project" in page
    assert page.count(" checked") == 2
    assert f'value="{second}" data-cost="200000" checked' not in page
    assert SealedBallot.objects.count() == 0


def test_a_ballot_with_a_made_up_pot_or_nonsense_is_refused(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    for given in ({}, {"pot-999999": ["1"]}, {"pot-": ["1"]}, {"pot-x": ["1"]}):
        assert client.post(page_of("ballot", cycle), given).status_code == 400
    for code in ("0", "\x00", "1\x00", "\U0001f600" * 300):
        given = {f"pot-{cycle.pots.get().pk}": [code]}
        assert client.post(page_of("ballot", cycle), given).status_code == 400
    assert SealedBallot.objects.count() == 0


def test_no_page_shows_what_was_chosen(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    cast_positions(cycle, person, [0])
    assert " checked" not in text_of(client.get(page_of("ballot", cycle)))


def test_strangers_may_look_at_the_ballot_and_not_cast_it(client):
    cycle, _ = running_cycle()
    page = page_of("ballot", cycle)
    assert "Cast my ballot" not in text_of(client.get(page))
    pot = cycle.pots.get()
    assert client.post(page, {f"pot-{pot.pk}": codes(pot)[:1]}).status_code == 403
    client.force_login(UserFactory())
    assert client.post(page, {f"pot-{pot.pk}": codes(pot)[:1]}).status_code == 403
    assert Participation.objects.count() == 0


def test_each_voter_has_an_order_of_their_own_that_stays(client):
    cycle, [one, other] = running_cycle(2, costs_minor=[1000 + n for n in range(12)])
    seen = []
    for person in (one, one, other):
        client.force_login(person)
        page = client.get(page_of("ballot", cycle)).content.decode()
        seen.append(sorted(codes(cycle.pots.get()), key=lambda c: page.index(f'value="{c}"')))
    assert seen[0] == seen[1] != seen[2]


def test_a_choose_one_ballot_has_radio_buttons(client):
    cycle, [person] = running_cycle(kind=BallotKind.CHOOSE_ONE)
    client.force_login(person)
    page = text_of(client.get(page_of("ballot", cycle)))
    assert page.count('type="radio"') == 3
    assert 'type="checkbox"' not in page


@pytest.mark.parametrize("route", ["cycle", "ballot"])
def test_a_page_asks_as_much_of_the_database_with_100_proposals_as_with_3(client, route):
    small, [person] = running_cycle(costs_minor=[1000] * 3)
    large = draft_cycle(costs_minor=[1000] * 100)
    fill_roll(large)
    client.force_login(person)
    pages = [page_of(route, small), page_of(route, opened(large))]
    for page in pages:
        client.get(page)
    assert len({queries_of(client, page) for page in pages}) == 1


def test_the_list_asks_as_much_of_the_database_for_3_cycles_as_for_1(client):
    running_cycle()
    published([[0]])
    client.get(reverse("cycles"))
    one = queries_of(client, reverse("cycles"))
    for _ in range(2):
        running_cycle()
        published([[0]])
    assert queries_of(client, reverse("cycles")) == one


def test_the_results_ask_as_much_of_the_database_with_30_options_as_with_3(client):
    small = published([[0], [1]])
    large = published([[0], [1]], costs_minor=[1000] * 30)
    client.get(page_of("results", small))
    assert queries_of(client, page_of("results", small)) == queries_of(
        client, page_of("results", large)
    )


@pytest.mark.parametrize("route", ["cycles", "cycle", "ballot", "results"])
def test_pages_do_not_tell_what_was_chosen_before_the_outcome_is_published(client, route):
    """Two voters who swap their choices leave every page as it was."""
    cycle, [one, other] = running_cycle(2)
    address = reverse(route) if route == "cycles" else page_of(route, cycle)
    cast_positions(cycle, one, [0])
    cast_positions(cycle, other, [1])
    before = without_noise(client.get(address))
    cast_positions(cycle, one, [1])
    cast_positions(cycle, other, [1, 2])
    assert without_noise(client.get(address)) == before


def test_results_wait_for_two_people_and_then_tell_winners_and_reasons(client):
    cycle, people = running_cycle(3)
    results = page_of("results", cycle)
    for person, positions in zip(people, [[0], [0, 1], [0, 1]], strict=True):
        cast_positions(cycle, person, positions)
    assert "Nothing is counted yet" in text_of(client.get(results))
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    assert "The ballots are being counted" in text_of(client.get(results))
    count_cycle(cycle)
    names = [option.name for option in cycle.options.order_by("position")]
    page = text_of(client.get(results))
    assert "One person now certifies the count" in page
    assert not any(name in page for name in names)
    first, second = certifier(), certifier()
    cycle = certify(cycle, by=first)
    assert "A second person now publishes" in text_of(client.get(results))
    publish(cycle, by=second)
    page = text_of(client.get(results))
    assert all(name in page for name in names)
    assert "It got 3 votes and came in place 1 of 3." in page
    assert "No voter supports it." in page or "Needed: 1 or more." in page
    assert list(
        Proposal.objects.filter(cycle=cycle).order_by("pk").values_list("state", flat=True)
    ) == ["selected", "selected", "not_selected"]
    for option in cycle.options.filter(position__lt=2):
        account = f"project_payable/{option.proposal.project_id}/award"
        assert balance_minor(account) == -option.cost_minor


def test_the_waiting_page_renews_a_part_of_itself_and_then_all(client):
    cycle = unsealed([[0]])
    results = page_of("results", cycle)
    part = client.get(results, headers={"HX-Request": "true"})
    assert part.content.decode().strip().startswith('<div id="progress"')
    assert 'hx-trigger="every 2s"' in part.content.decode()
    count_cycle(cycle)
    certify(cycle, by=certifier())
    cycle.refresh_from_db()
    publish(cycle, by=certifier())
    assert client.get(results, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def proposing():
    by = administrator()
    cycle = draft_cycle(by=by, voting_starts_in=timedelta(minutes=10))
    now = db_now()
    add_phase(
        cycle,
        PhaseKind.PROPOSING,
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(minutes=5),
        by=by,
    )
    return opened(cycle)


def test_a_resident_enters_their_project_while_proposing(client):
    cycle = proposing()
    project = ProjectFactory()
    client.force_login(project.proposer)
    pot = cycle.pots.get()
    answer = client.post(
        page_of("cycle_propose", cycle), {"project": project.pk, "pot": pot.pk}, follow=True
    )
    assert "Your project is entered." in text_of(answer)
    assert Proposal.objects.get(project=project).state == "submitted"


def test_a_co_author_enters_what_they_write_and_nothing_else(client):
    cycle = proposing()
    shared, other = ProjectFactory(title="A bench"), ProjectFactory(title="A pond")
    CoAuthor.objects.create(project=shared, user=(friend := UserFactory()))
    client.force_login(friend)
    address, pot = page_of("cycle_propose", cycle), cycle.pots.get()
    page = text_of(client.get(address))
    assert ("A bench" in page, "A pond" in page) == (True, False)
    assert client.post(address, {"project": other.pk, "pot": pot.pk}).status_code == 400
    with pytest.raises(RefusedError, match="those who write"):
        submit_proposal(other, pot, by=friend)
    answer = client.post(address, {"project": shared.pk, "pot": pot.pk}, follow=True)
    assert "Your project is entered." in text_of(answer)
    assert Proposal.objects.get(project=shared).submitted_by == friend
    assert not Proposal.objects.filter(project=other).exists()


def test_nobody_enters_somebody_elses_project_or_after_proposing(client):
    cycle = proposing()
    project = ProjectFactory()
    client.force_login(UserFactory())
    given = {"project": project.pk, "pot": cycle.pots.get().pk}
    assert client.post(page_of("cycle_propose", cycle), given).status_code == 400
    client.force_login(project.proposer)
    voting, _ = running_cycle()
    given["pot"] = voting.pots.get().pk
    answer = client.post(page_of("cycle_propose", voting), given)
    assert answer.status_code == 400
    assert "not the time to propose" in text_of(answer)
    assert not Proposal.objects.filter(project=project).exists()


def test_no_component_is_left_raw(client):
    cycle, [person] = running_cycle()
    client.force_login(person)
    for route in ("cycle", "ballot", "results"):
        assert b"<c-" not in client.get(page_of(route, cycle)).content
    assert b"<c-" not in client.get(reverse("cycles")).content
    assert b"<c-" not in client.get(page_of("results", published([[0]]))).content


def several_pots(*counts):
    """A draft with a pot for each count, and so many proposals in it; the pots in their order."""
    cycle = draft_cycle(costs_minor=[])
    by = administrator()
    pots = [*cycle.pots.all()]
    for _count in counts[1:]:
        place = NeighborhoodFactory(parent=pots[0].place)
        pots.append(add_pot(cycle, place, name=place.name, amount_minor=500_000, by=by))
    for pot, count in zip(pots, counts, strict=True):
        options_at_once(pot, [100_000] * count, by=by)
    return cycle, pots


def test_a_cycle_shows_its_proposals_page_by_page_and_every_pot_on_each(client):
    cycle, pots = several_pots(PROPOSALS_PER_PAGE - 1, 3, 2)
    opened(cycle)
    first, second = (client.get(page_of("cycle", cycle) + at) for at in ("", "?page=2"))
    told = [
        [([each.pk for each in shown.proposals], shown.begins_on) for shown in page.context["pots"]]
        for page in (first, second)
    ]
    keys = [list(pot.proposals.order_by("pk").values_list("pk", flat=True)) for pot in pots]
    assert told == [
        [(keys[0], 1), (keys[1][:1], 1), ([], 2)],
        [([], 1), (keys[1][1:], 1), (keys[2], 2)],
    ]
    for pot in pots:
        assert f'id="pot-{pot.pk}"' in first.content.decode()
        assert f'id="pot-{pot.pk}"' in second.content.decode()
    assert "Of 3 proposals a part stands on this page." in first.content.decode()
    assert f'href="?page=2#pot-{pots[2].pk}"' in first.content.decode()
    assert "2 proposals, on other pages" in first.content.decode()
    assert f'href="?page=1#pot-{pots[0].pk}"' in second.content.decode()
    assert client.get(page_of("cycle", cycle) + "?page=3").status_code == 404


def test_a_cycle_reads_no_story_nor_outline_to_name_its_proposals(client):
    cycle, _voters = running_cycle()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page_of("cycle", cycle)).status_code == 200
    read = [query["sql"] for query in asked if '"projects_project"."title"' in query["sql"]]
    assert len(read) == 1
    for column in ("story", "search", "boundary"):
        assert f'"{column}"' not in read[0]


def hidden(project):
    by = UserFactory()
    grant_role(by, Role.MODERATOR, by=None)
    return hide_project(project, by=by, reason=Wrong.PRIVATE)


def test_of_a_hidden_project_that_was_refused_its_cycle_says_that_it_is_hidden(client):
    cycle, proposal, _ = refused_publicly()
    project = proposal.project
    assert project.title in text_of(client.get(page_of("cycle", cycle)))
    hidden(project)
    edit_project(project, by=project.proposer, title="Mrs Quill steals")
    cycle.refresh_from_db()
    page = text_of(client.get(page_of("cycle", cycle)))
    assert "Hidden by moderators" in page
    unsaid = (
        project.title,
        "Mrs Quill steals",
        "The bridge is listed.",
        project.get_absolute_url(),
    )
    assert [words for words in unsaid if words in page] == []


def test_of_a_hidden_project_that_was_voted_on_its_cycle_says_what_stood_on_the_ballot(client):
    cycle = published([[0]])
    [proposal] = cycle.proposals.select_related("project", "option").all()[:1]
    hidden(proposal.project)
    edit_project(proposal.project, by=proposal.project.proposer, title="Mrs Quill steals")
    page = text_of(client.get(page_of("cycle", cycle)))
    assert proposal.option.name in page
    assert "Hidden by moderators" in page
    assert "Mrs Quill steals" not in page
