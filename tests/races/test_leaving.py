"""Something leaves in the moment in which others count on it: a project, or whoever offers help."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from budgeting.enums import ProposalState
from budgeting.models import Option, Proposal
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot
from civicfund.people.models import User
from civicfund.people.services.erasure import erase
from civicfund.projects.enums import OfferState, Part
from civicfund.projects.models import Offer, Project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.writing import withdraw_project
from tests.factories.budgeting import administrator, reviewed
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewing_cycle
from tests.races.test_complaint_locks import this_connection, waits_for
from tests.races.test_counting import until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def feasible():
    _cycle, [proposal] = reviewing_cycle()
    return reviewed(proposal, by=administrator())


def refusal_of(act):
    """What another connection got."""
    try:
        act()
    except (RefusedError, ProjectError, IntegrityError) as refusal:
        return refusal
    finally:
        connections.close_all()
    return None


def while_held(first, second):
    """What the second one got, who came while the first had not committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            later = pool.submit(refusal_of, second)
            held_by = this_connection()
            assert until(lambda: waits_for(held_by))
        return later.result()


def withdraw(proposal):
    project = proposal.project
    withdraw_project(project, by=project.proposer)


def stands(proposal):
    project = Project.objects.get(pk=proposal.project_id)
    return project.state, Option.objects.filter(proposal=proposal).count()


def test_whoever_withdraws_second_is_told_that_it_is_on_the_ballot():
    proposal, by = feasible(), administrator()
    got = while_held(lambda: put_on_ballot(proposal, by=by), lambda: withdraw(proposal))
    assert "is on the ballot" in str(got)
    assert stands(proposal) == ("ready", 1)


def test_whoever_puts_it_on_the_ballot_second_is_told_that_it_was_withdrawn():
    proposal, by = feasible(), administrator()
    got = while_held(lambda: withdraw(proposal), lambda: put_on_ballot(proposal, by=by))
    assert "was withdrawn" in str(got)
    assert stands(proposal) == ("withdrawn", 0)


def offered():
    project = ProjectFactory(wanted=["hands"])
    return offer_help(project, Part.HANDS, Help("I dig."), by=UserFactory())


def accept(offer):
    accept_offer(offer, by=offer.project.proposer)


def test_what_is_taken_in_while_whoever_offered_it_leaves_stays_without_its_words():
    offer = offered()
    assert while_held(lambda: accept(offer), lambda: erase(offer.by)) is None
    left = Offer.objects.get()
    assert (left.state, left.words) == (OfferState.ACCEPTED, "")


def while_another_is_offered(offer, offers):
    """What an answer to it got, and what the same helper got, who offers the next thing at once."""
    with ThreadPoolExecutor(1) as pool:
        try:
            with transaction.atomic():
                Project.objects.select_for_update().get(pk=offer.project_id)
                later = pool.submit(refusal_of, offers)
                held_by = this_connection()
                assert until(lambda: waits_for(held_by))
                accept(offer)
        except OperationalError as error:
            return error, later.exception() or later.result()
        return None, later.exception() or later.result()


def test_help_is_offered_while_an_earlier_offer_of_the_same_person_is_answered():
    offer = offered()
    project = Project.objects.get(pk=offer.project_id)

    def offers():
        offer_help(project, Part.PHOTO, Help("I draw."), by=offer.by)

    Project.objects.filter(pk=project.pk).update(wanted=["hands", "photo"])
    assert while_another_is_offered(offer, offers) == (None, None)
    assert Offer.objects.filter(by=offer.by).count() == 2


def test_control_whoever_holds_a_person_against_all_that_names_them_stops_the_answer():
    offer = offered()

    def careless():
        with transaction.atomic():
            User.objects.select_for_update().get(pk=offer.by_id)
            Project.objects.select_for_update().get(pk=offer.project_id)

    answered, held = while_another_is_offered(offer, careless)
    assert "deadlock detected" in f"{answered} {held}"


def test_what_went_with_whoever_offered_it_is_not_taken_in():
    offer = offered()
    got = while_held(lambda: erase(offer.by), lambda: accept(offer))
    assert "has left" in str(got)
    assert not Offer.objects.exists()
    assert Project.objects.get().wanted == ["hands"]


def test_control_without_a_look_at_the_project_the_database_refuses_the_option():
    proposal = feasible()

    def careless():
        with transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(state=ProposalState.ON_BALLOT)
            Option.objects.create(
                cycle=proposal.cycle, pot=proposal.pot, position=0, code="1", name="Bench",
                cost_minor=1, proposal=proposal,
            )  # fmt: skip

    got = while_held(lambda: withdraw(proposal), careless)
    assert got.__cause__.diag.constraint_name == "option_listed"
    assert stands(proposal) == ("withdrawn", 0)
