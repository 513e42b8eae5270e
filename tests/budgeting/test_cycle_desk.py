from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from nacl.public import PrivateKey

from budgeting.domain.sealing import public_key_of
from budgeting.domain.trustee import answer_of
from budgeting.enums import CycleState, PhaseKind, TrusteePair
from budgeting.models import Cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import (
    add_phase,
    cancel_cycle,
    open_cycle,
    request_cancelling,
    request_opening,
)
from budgeting.services.errors import RefusedError
from budgeting.services.results import certify
from budgeting.services.reviewers import add_rule
from budgeting.services.trustees import give_key, pass_rehearsal
from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    fill_roll,
    named_trustees,
    rehearsed,
    running_cycle,
    voters,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def desk_of(cycle):
    return reverse("cycle_desk", args=[cycle.slug])


def signed_in(client, user=None):
    client.logout()
    user = user or administrator()
    sign_in_with_second_factor(client, user)
    return user


def send(client, cycle, act, **given):
    """Send an act's form; who agrees names what the page shows first, unless they say what."""
    page = client.get(desk_of(cycle))
    offers = page.context["offers"] if page.status_code == 200 else []
    shown = [offer.asked.pk for offer in offers if offer.name == act and offer.asked]
    if act.startswith("agree") and "asked" not in given:
        given["asked"] = shown[0] if shown else 0
    return client.post(desk_of(cycle), {"act": act, **given})


def state_of(cycle):
    return Cycle.objects.get(pk=cycle.pk).state


def checklist(client, cycle):
    steps = client.get(desk_of(cycle)).context["readiness"]
    return {step.label: step.done for step in steps}


def test_the_desk_says_what_is_done_and_what_is_missing(client):
    cycle = draft_cycle()
    signed_in(client)
    assert checklist(client, cycle) == {
        "Title and rules": True, "Phases": True, "Pots": True, "Money": False,
        "Reviewers": True, "Options": True,
        "Who may vote": False, "Voter roll": False, "Key of the vote": False, "Rehearsal": False,
    }  # fmt: skip
    page = client.get(desk_of(cycle)).content.decode()
    assert "Once nothing is missing" in page
    assert 'value="ask_open"' not in page
    voters(cycle, 1)
    rehearsed(cycle)
    assert checklist(client, cycle) == {
        "Title and rules": True, "Phases": True, "Pots": True, "Money": False,
        "Reviewers": True, "Options": True,
        "Who may vote": False, "Voter roll": True, "Key of the vote": True, "Rehearsal": True,
    }  # fmt: skip
    assert 'value="ask_open"' in client.get(desk_of(cycle)).content.decode()


def test_where_residents_will_propose_the_desk_asks_for_reviewers(client):
    by, now = administrator(), db_now()
    cycle = draft_cycle(by=by)
    signed_in(client)
    week = timedelta(weeks=1)
    add_phase(cycle, PhaseKind.PROPOSING, starts_at=now, ends_at=now + week, by=by)
    assert checklist(client, cycle)["Reviewers"] is False
    assert "to think twice about" in client.get(desk_of(cycle)).content.decode()
    add_rule(cycle, by, by=by)
    assert checklist(client, cycle)["Reviewers"] is True


def test_every_step_leads_to_a_page_that_the_administrator_may_open(client):
    cycle = draft_cycle()
    signed_in(client)
    for step in client.get(desk_of(cycle)).context["readiness"]:
        assert client.get(step.address).status_code == 200, step


def test_pots_in_which_few_may_vote_are_warned_of(client):
    here, there = NeighborhoodFactory(), NeighborhoodFactory()
    cycle = draft_cycle(place=here)
    for number in range(31):
        ResidencyFactory(neighborhood=here if number < 30 else there)
    signed_in(client)
    assert client.get(desk_of(cycle)).context["small_pots"] == [cycle.pots.get()]
    fill_roll(cycle)
    assert client.get(desk_of(cycle)).context["small_pots"] == []


def test_a_cycle_is_opened_at_the_desk_by_another_than_asked(client):
    cycle = rehearsed(draft_cycle())
    signed_in(client)
    assert send(client, cycle, "ask_open").status_code == 302
    assert "You asked for it" in client.get(desk_of(cycle)).content.decode()
    assert send(client, cycle, "agree_open").status_code == 400
    assert state_of(cycle) == CycleState.DRAFT
    signed_in(client)
    assert "cannot be undone" in client.get(desk_of(cycle)).content.decode()
    assert send(client, cycle, "agree_open").status_code == 302
    assert state_of(cycle) == CycleState.OPEN


def test_what_is_missing_keeps_the_opening_from_being_asked_for(client):
    cycle = draft_cycle()
    signed_in(client)
    answer = send(client, cycle, "ask_open")
    assert answer.status_code == 400
    assert "public key of its trustees" in answer.content.decode()
    assert not ActRequest.objects.filter(act="cycle.open").exists()


@pytest.mark.parametrize("act", ["agree_open", "agree_cancel"])
def test_agreeing_takes_a_second_factor_given_just_now(client, settings, act):
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    request_cancelling(cycle, by=administrator(), reason="The flood.")
    signed_in(client)
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    assert "reauthenticate" in send(client, cycle, act)["Location"]
    assert state_of(cycle) == CycleState.DRAFT
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    answer = send(client, cycle, act)
    assert answer["Location"] == desk_of(Cycle.objects.get(pk=cycle.pk))
    assert state_of(cycle) != CycleState.DRAFT


def test_a_cycle_is_cancelled_at_the_desk_by_two_with_a_reason(client):
    cycle, _ = running_cycle()
    signed_in(client)
    assert send(client, cycle, "ask_cancel", reason=" ").status_code == 400
    assert not ActRequest.objects.filter(act="cycle.cancel").exists()
    send(client, cycle, "ask_cancel", reason="The flood took the money.")
    assert send(client, cycle, "agree_cancel").status_code == 400
    assert state_of(cycle) == CycleState.OPEN
    signed_in(client)
    assert "The flood took the money." in client.get(desk_of(cycle)).content.decode()
    send(client, cycle, "agree_cancel")
    assert state_of(cycle) == CycleState.CANCELLED


def test_a_draft_is_dropped_at_the_desk_in_words_of_its_own(client):
    cycle = draft_cycle()
    signed_in(client)
    page = client.get(desk_of(cycle)).content.decode()
    assert "Ask to drop the draft" in page
    assert "for everybody" not in page
    send(client, cycle, "ask_cancel", reason="A slip of the pen.")
    signed_in(client)
    assert "Nobody hears of it" in client.get(desk_of(cycle)).content.decode()
    answer = send(client, cycle, "agree_cancel")
    there = reverse("cycle_desk", args=[f"dropped-{cycle.pk}"])
    assert (answer.status_code, answer["Location"]) == (302, there)
    assert "The draft is dropped." in client.get(there).content.decode()


def test_a_cycle_whose_ballots_were_opened_is_not_cancelled(client):
    cycle = unsealed([[0], [1]])
    by = administrator()
    with pytest.raises(RefusedError, match="too late"):
        request_cancelling(cycle, by=by, reason="We do not like it.")
    signed_in(client)
    assert send(client, cycle, "ask_cancel", reason="No.").status_code == 400
    assert 'value="ask_cancel"' not in client.get(desk_of(cycle)).content.decode()
    with pytest.raises(RefusedError, match="too late"):
        cancel_cycle(cycle, by=by)
    assert not ActRequest.objects.filter(act="cycle.cancel").exists()


def test_a_key_exchanged_after_the_opening_was_asked_for_opens_nothing():
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    by, own = administrator(), bytes(PrivateKey.generate())
    key = give_key(cycle, public_key_of(own), named_trustees(), by=by)
    for rehearsal in key.rehearsals.all():
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer_of(rehearsal.box, own), by=by)
    with pytest.raises(RefusedError, match="key have changed"):
        open_cycle(cycle, by=by)
    assert state_of(cycle) == CycleState.DRAFT
    assert not Approval.objects.filter(request__act="cycle.open").exists()


def test_the_desk_names_who_asked_and_who_agreed(client):
    cycle = rehearsed(draft_cycle())
    first, second = administrator(), administrator()
    request_opening(cycle, by=first)
    open_cycle(cycle, by=second)
    signed_in(client)
    opening = client.get(desk_of(cycle)).context["acts_of_two"][0]
    assert (opening.words, opening.asked_by, opening.agreed_by) == ("Opening", first, second)


def test_the_desk_asks_as_much_for_three_acts_and_pots_as_for_one(client):
    signed_in(client)
    counts = []
    for number in (1, 3):
        cycle = rehearsed(draft_cycle())
        for _ in range(number):
            request_opening(cycle, by=administrator())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(desk_of(cycle)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_draft_has_no_desk_for_whoever_is_no_administrator(client):
    reviewer = UserFactory()
    grant_role(reviewer, Role.REVIEWER, by=None)
    cycle = draft_cycle()
    signed_in(client, reviewer)
    assert client.get(desk_of(cycle)).status_code == 403


def test_the_desk_of_a_counted_cycle_offers_no_opening_and_no_cancelling(client):
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    signed_in(client)
    page = client.get(desk_of(cycle)).content.decode()
    assert 'value="ask_' not in page
    assert "were counted" in page


def counted_cycle():
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    return Cycle.objects.get(pk=cycle.pk)


def test_certifiers_see_the_outcome_and_publish_it_by_two(client):
    cycle = counted_cycle()
    signed_in(client, certifier())
    page = client.get(desk_of(cycle))
    [result] = page.context["results"]
    assert result.digest in page.content.decode()
    assert send(client, cycle, "certify").status_code == 302
    assert send(client, cycle, "agree_publish").status_code == 400
    assert state_of(cycle) == CycleState.CERTIFIED
    signed_in(client, certifier())
    assert send(client, cycle, "agree_publish").status_code == 302
    assert state_of(cycle) == CycleState.PUBLISHED


def test_publishing_takes_a_second_factor_given_just_now(client, settings):
    cycle = certify(counted_cycle(), by=certifier())
    signed_in(client, certifier())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    assert "reauthenticate" in send(client, cycle, "agree_publish")["Location"]
    assert state_of(cycle) == CycleState.CERTIFIED


def test_administrators_do_not_certify_and_certifiers_do_not_cancel(client):
    cycle = counted_cycle()
    signed_in(client)
    assert send(client, cycle, "certify").status_code == 403
    assert 'value="certify"' not in client.get(desk_of(cycle)).content.decode()
    running, _ = running_cycle()
    signed_in(client, certifier())
    assert send(client, running, "ask_cancel", reason="No.").status_code == 403
    assert send(client, running, "agree_cancel").status_code == 403
    assert 'value="ask_' not in client.get(desk_of(running)).content.decode()
    assert (state_of(cycle), state_of(running)) == (CycleState.COUNTED, CycleState.OPEN)
