"""What was asked for on a cycle is agreed to as it was shown, soon, and only while it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from budgeting.enums import AskedStanding, CycleState, ProposalState
from budgeting.models import Cycle, SealedBallot
from budgeting.selectors import acts_of_two
from budgeting.selectors.trail import kinds_in
from budgeting.services.closing import close_cycle
from budgeting.services.codes import LETTERS
from budgeting.services.cycles import CANCEL, cancel_cycle, open_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.extensions import EXTEND, extend_voting, extensions_asked
from budgeting.services.results import PUBLISH, certify, certify_anew, publish
from budgeting.services.roll import add_person, request_person
from budgeting.services.roll_homes import add_residents, request_residents
from budgeting.services.second_person import acts_asked, pending_request, take_back
from budgeting.services.trustees import UNSEAL, approve_unsealing, request_unsealing
from civicfund.audit.models import LAPSES_AFTER, ActRequest, Approval, Withdrawal
from civicfund.audit.services import ApprovalError, approve_act, db_now
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.people.services import grant_role
from tests.budgeting.test_publishing import counted
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    certifier,
    draft_cycle,
    end_voting,
    opened,
    running_cycle,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

WEEK = LAPSES_AFTER["budgeting.cycle"]
MINUTE = timedelta(minutes=1)


def aged(asked, by=WEEK):
    """The same request, but asked for so long ago; in place of the one that was made just now."""
    Withdrawal.objects.create(request=asked, requested_by=asked.requested_by)
    return ActRequest.objects.create(
        act=asked.act,
        target_type=asked.target_type,
        target_id=asked.target_id,
        parameters=asked.parameters,
        requested_by=asked.requested_by,
        at=db_now() - by,
    )


def dismissed(person):
    RoleGrant.objects.filter(user=person).delete()


def state_of(cycle):
    return Cycle.objects.get(pk=cycle.pk).state


def a_vote_in_the_urn():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    return cycle


def officer():
    person = UserFactory()
    grant_role(person, Role.POLL_OFFICER, by=None)
    return person


def test_a_superuser_who_lost_the_role_asks_for_nothing_any_more():
    cycle = a_vote_in_the_urn()
    asker = administrator()
    User.objects.filter(pk=asker.pk).update(is_superuser=True)
    asked = request_cancelling(cycle, by=asker, reason="The flood.")
    dismissed(asker)
    with pytest.raises(RefusedError):
        cancel_cycle(cycle, asked.pk, by=administrator())
    assert state_of(cycle) == CycleState.OPEN


# --- an old request


def test_a_request_to_drop_a_draft_does_not_drop_ballots_later():
    cycle = draft_cycle()
    asked = request_cancelling(cycle, by=administrator(), reason="We start anew.")
    opened(cycle)
    with pytest.raises(RefusedError, match="has moved on"):
        cancel_cycle(cycle, asked.pk, by=administrator())
    with pytest.raises(RefusedError, match="has moved on"):
        cancel_cycle(cycle, by=administrator())
    assert state_of(cycle) == CycleState.OPEN


def test_the_database_cancels_only_as_it_was_when_that_was_asked_for():
    cycle = a_vote_in_the_urn()
    asked = request_cancelling(cycle, by=administrator(), reason="The flood.")
    draft = ActRequest.objects.create(
        act=CANCEL, target_type="budgeting.cycle", target_id=str(cycle.pk),
        parameters={"reason": "The flood.", "state": "draft"}, requested_by=administrator(),
    )  # fmt: skip
    approve_act(draft, approved_by=administrator())
    off = {"state": CycleState.CANCELLED, "cancel_reason": "The flood."}
    with pytest.raises(IntegrityError, match="as it was when"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(**off)
    approve_act(asked, approved_by=administrator())
    with pytest.raises(IntegrityError, match="as it was when"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(**off | {"cancel_reason": "Another."})
    assert state_of(cycle) == CycleState.OPEN
    Cycle.objects.filter(pk=cycle.pk).update(**off)
    assert state_of(cycle) == CycleState.CANCELLED


def test_a_request_lapses_after_a_week():
    cycle = a_vote_in_the_urn()
    asked = aged(request_cancelling(cycle, by=administrator(), reason="The flood."))
    assert not acts_asked(cycle, CANCEL)
    with pytest.raises(RefusedError, match="too long ago"):
        cancel_cycle(cycle, asked.pk, by=administrator())
    with pytest.raises(RefusedError, match="too long ago"):
        cancel_cycle(cycle, by=administrator())
    assert (state_of(cycle), SealedBallot.objects.count()) == (CycleState.OPEN, 1)


def test_just_before_a_week_is_over_a_request_still_stands():
    cycle = a_vote_in_the_urn()
    asked = aged(request_cancelling(cycle, by=administrator(), reason="It."), by=WEEK - MINUTE)
    assert cancel_cycle(cycle, asked.pk, by=administrator()).state == CycleState.CANCELLED


@pytest.mark.parametrize("by", [WEEK, -MINUTE])
def test_the_database_refuses_an_agreement_to_what_has_lapsed_or_was_dated_ahead(by):
    asked = aged(request_cancelling(draft_cycle(), by=administrator(), reason="It."), by=by)
    with pytest.raises(IntegrityError, match="has lapsed"), transaction.atomic():
        approve_act(asked, approved_by=administrator())
    assert not Approval.objects.exists()


@pytest.mark.parametrize("act", [UNSEAL, LETTERS, EXTEND, PUBLISH, "cycle.roll", "cycle.open"])
def test_whatever_is_asked_for_on_a_cycle_lapses(act):
    cycle = draft_cycle()
    asked = ActRequest.objects.create(
        act=act, target_type="budgeting.cycle", target_id=str(cycle.pk),
        requested_by=certifier() if act == PUBLISH else administrator(), at=db_now() - WEEK,
    )  # fmt: skip
    with pytest.raises(RefusedError, match="too long ago"):
        pending_request(cycle, act, asked.pk)
    with pytest.raises(IntegrityError, match="has lapsed"), transaction.atomic():
        approve_act(asked, approved_by=administrator())


# --- whoever asked


def test_whoever_asked_takes_it_back_and_nobody_can_agree():
    cycle, asks = a_vote_in_the_urn(), administrator()
    asked = request_cancelling(cycle, by=asks, reason="The flood.")
    with pytest.raises(RefusedError, match="Only whoever asked"):
        take_back(cycle, asked.pk, by=administrator())
    take_back(cycle, asked.pk, by=asks)
    with pytest.raises(RefusedError, match="took it back"):
        cancel_cycle(cycle, asked.pk, by=administrator())
    with pytest.raises(RefusedError, match="took it back"):
        take_back(cycle, asked.pk, by=asks)
    assert state_of(cycle) == CycleState.OPEN
    assert "cycle.cancel.taken_back" in kinds_in(cycle, reader=asks, reviews=True)


def test_the_database_keeps_agreeing_and_taking_back_apart():
    asks, other = administrator(), administrator()
    back, agreed = (request_cancelling(draft_cycle(), by=asks, reason="It.") for _ in range(2))
    Withdrawal.objects.create(request=back, requested_by=asks)
    with pytest.raises(IntegrityError, match="taken back"), transaction.atomic():
        approve_act(back, approved_by=other)
    approve_act(agreed, approved_by=other)
    with pytest.raises(IntegrityError, match="has agreed to"), transaction.atomic():
        Withdrawal.objects.create(request=agreed, requested_by=asks)
    mine = request_cancelling(draft_cycle(), by=asks, reason="It.")
    with pytest.raises(IntegrityError, match="withdrawal_of_its_request"), transaction.atomic():
        Withdrawal.objects.create(request=mine, requested_by=other)


def test_what_was_agreed_to_is_not_taken_back():
    cycle, _ = running_cycle()
    end_voting(cycle)
    cycle, asks = close_cycle(cycle), administrator()
    asked = request_unsealing(cycle, by=asks)
    approve_unsealing(cycle, asked.pk, by=administrator())
    with pytest.raises(RefusedError, match="has agreed to this already"):
        take_back(cycle, asked.pk, by=asks)


def test_a_request_of_somebody_dismissed_is_of_no_use():
    cycle, asks = a_vote_in_the_urn(), administrator()
    asked = request_cancelling(cycle, by=asks, reason="The flood.")
    dismissed(asks)
    with pytest.raises(RefusedError, match="no longer has the role"):
        cancel_cycle(cycle, asked.pk, by=administrator())
    assert state_of(cycle) == CycleState.OPEN


def test_a_request_for_the_roll_of_somebody_dismissed_is_of_no_use():
    cycle, asks = draft_cycle(), administrator()
    day = db_now().date()
    asked = request_residents(cycle, day=day, by=asks)
    dismissed(asks)
    with pytest.raises(RefusedError, match="no longer has the role"):
        add_residents(cycle, asked.pk, by=administrator())


def test_an_officer_asks_for_one_person_as_long_as_they_are_an_officer():
    cycle, asks = draft_cycle(), officer()
    place = NeighborhoodFactory()
    request_person(cycle, number="A1", place=place, by=asks)
    request_person(cycle, number="B2", place=place, by=asks)
    assert add_person(cycle, number="A1", place=place, by=officer()).added == 1
    dismissed(asks)
    with pytest.raises(RefusedError, match="no longer has the role"):
        add_person(cycle, number="B2", place=place, by=officer())


# --- just what was shown


def test_a_second_person_agrees_to_the_reason_that_they_were_shown():
    cycle, asks = a_vote_in_the_urn(), administrator()
    shown = request_cancelling(cycle, by=asks, reason="The flood took the money.")
    request_cancelling(cycle, by=asks, reason="I do not like how it goes.")
    with pytest.raises(RefusedError, match="more than once"):
        cancel_cycle(cycle, by=administrator())
    done = cancel_cycle(cycle, shown.pk, by=administrator())
    assert done.cancel_reason == "The flood took the money."


def test_a_request_of_another_cycle_or_act_is_none():
    cycle, other = a_vote_in_the_urn(), a_vote_in_the_urn()
    asked = request_cancelling(other, by=administrator(), reason="The flood.")
    for act in (cancel_cycle, open_cycle):
        with pytest.raises(RefusedError):
            act(cycle, asked.pk, by=administrator())
    assert (state_of(cycle), state_of(other)) == (CycleState.OPEN, CycleState.OPEN)


def test_the_desk_agrees_to_the_request_on_its_button(client):
    cycle, asks = a_vote_in_the_urn(), administrator()
    request_cancelling(cycle, by=asks, reason="The flood took the money.")
    sign_in_with_second_factor(client, administrator())
    desk = reverse("cycle_desk", args=[cycle.slug])
    [offer] = [each for each in client.get(desk).context["offers"] if each.name == "agree_cancel"]
    sent = {"act": "agree_cancel", "asked": str(offer.form["asked"].value())}
    assert client.post(desk, {"act": "agree_cancel"}).status_code == 400
    request_cancelling(cycle, by=asks, reason="I do not like how it goes.")
    client.post(desk, sent)
    assert Cycle.objects.get(pk=cycle.pk).cancel_reason == "The flood took the money."


# --- what the pages say


def test_the_desk_says_until_when_and_takes_back(client):
    cycle, asks = a_vote_in_the_urn(), administrator()
    asked = request_cancelling(cycle, by=asks, reason="The flood.")
    sign_in_with_second_factor(client, asks)
    desk = reverse("cycle_desk", args=[cycle.slug])
    page = client.get(desk).content.decode()
    assert "It can be agreed to until" in page
    assert "Take it back" in page
    answer = client.post(desk, {"act": "take_back", "asked": asked.pk})
    assert [str(each) for each in get_messages(answer.wsgi_request)] == [
        "It is taken back: nobody can agree to it any more."
    ]
    page = client.get(desk).content.decode()
    assert "it was taken back" in page
    assert "Take it back" not in page
    assert 'value="ask_cancel"' in page


def test_the_desk_tells_what_became_of_each_request():
    cycle, asks, gone = draft_cycle(), administrator(), administrator()
    lapsed = aged(request_cancelling(cycle, by=asks, reason="It."))
    waits = request_cancelling(cycle, by=asks, reason="It.")
    lost = request_cancelling(cycle, by=gone, reason="It.")
    dismissed(gone)
    became = {each.asked_id: each.standing for each in acts_of_two(cycle)}
    assert (became[lapsed.pk], became[waits.pk], became[lost.pk]) == (
        AskedStanding.LAPSED,
        AskedStanding.WAITING,
        AskedStanding.ROLE_LOST,
    )
    opened(cycle)
    became = {each.asked_id: each.standing for each in acts_of_two(Cycle.objects.get(pk=cycle.pk))}
    assert became[waits.pk] == AskedStanding.OUTDATED


def test_an_extension_that_lapsed_is_offered_no_more():
    cycle, _ = running_cycle()
    ends_at = cycle.voting_ends_at
    asked = ActRequest.objects.create(
        act=EXTEND, target_type="budgeting.cycle", target_id=str(cycle.pk),
        parameters={
            "from_at": ends_at.isoformat(),
            "to_at": (ends_at + timedelta(hours=1)).isoformat(),
            "reason": "An outage.",
        },
        requested_by=administrator(), at=db_now() - WEEK,
    )  # fmt: skip
    assert extensions_asked(cycle) == []
    with pytest.raises(RefusedError, match="too long ago"):
        extend_voting(cycle, asked.pk, by=administrator())


def test_the_opening_of_the_ballots_can_be_asked_for_anew(client):
    cycle, _ = running_cycle()
    end_voting(cycle)
    cycle = close_cycle(cycle)
    aged(request_unsealing(cycle, by=administrator()))
    sign_in_with_second_factor(client, administrator())
    page = reverse("unsealing", args=[cycle.slug])
    assert 'name="ask"' in client.get(page).content.decode()
    client.post(page, {"ask": "yes"})
    assert "Take it back" in client.get(page).content.decode()


# --- a count that was certified


def test_a_count_is_certified_anew_where_nobody_can_agree_to_the_first():
    cycle, first, second = counted(), certifier(), certifier()
    certify(cycle, by=first)
    with pytest.raises(RefusedError, match="another certifier has to publish"):
        certify_anew(cycle, by=second)
    dismissed(first)
    with pytest.raises(RefusedError, match="no longer has the role"):
        publish(cycle, by=second)
    certify_anew(cycle, by=second)
    with pytest.raises(ApprovalError):
        publish(cycle, by=second)
    assert publish(cycle, by=certifier()).state == CycleState.PUBLISHED


def test_the_desk_offers_to_certify_anew_where_the_first_yes_lapsed(client):
    cycle = certify(counted(), by=certifier())
    desk = reverse("cycle_desk", args=[cycle.slug])
    sign_in_with_second_factor(client, certifier())
    assert 'value="certify_anew"' not in client.get(desk).content.decode()
    aged(ActRequest.objects.get(act=PUBLISH))
    page = client.get(desk).content.decode()
    assert 'value="certify_anew"' in page
    assert 'value="agree_publish"' not in page
    assert client.post(desk, {"act": "certify_anew"}).status_code == 302
    assert acts_asked(cycle, PUBLISH)
    assert set(cycle.proposals.values_list("state", flat=True)) == {ProposalState.ON_BALLOT}
