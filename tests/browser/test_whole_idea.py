"""One idea from a stub to a ballot: a co-author, a merge, a review, a vote; on a phone throughout.

Everybody has a browser of their own. What a sweep does in the town is done here as the sweep does.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from playwright.sync_api import expect

from budgeting.enums import PhaseKind
from budgeting.models import Cycle, OpenedBallot, Participation
from budgeting.services.closing import close_cycle
from budgeting.services.cycles import add_phase
from budgeting.services.proposals import put_on_ballot
from budgeting.services.reviews import give_review
from civicfund.audit.services import db_now
from civicfund.notices.services import send_next
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors.supports import support_counts
from tests.browser.walking import Walk
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    draft_cycle,
    end_voting,
    fill_roll,
    open_by_trustees,
    opened,
    publish_now,
)
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]


class Idea(Walk):
    """The people, their phones, and the project that they are about."""

    name = "whole-idea"

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.place = NeighborhoodFactory(
            name="Northbank", slug="northbank", boundary=square(-8, 53, 0.02)
        )
        self.ada, self.ben, self.cleo = (self.resident(name) for name in ("Ada", "Ben", "Cleo"))

    def resident(self, name: str):
        return ResidencyFactory(user__display_name=name, neighborhood=self.place).user

    @property
    def project(self) -> Project:
        return Project.objects.get(title="A bench at the mill")


def ada_writes_a_stub(idea):
    tab = idea.phone(idea.ada, "/projects/new/")
    tab.get_by_label("Title").fill("A bench at the mill")
    tab.get_by_label("In one sentence").fill("Somewhere to rest on the way up from the river.")
    tab.get_by_label("Neighborhood").select_option("northbank")
    idea.seen(tab, "written")
    tab.get_by_role("button", name="Publish").click()
    expect(tab.get_by_role("heading", name="A bench at the mill")).to_be_visible()
    expect(tab.get_by_text("To be ready it still needs").first).to_be_visible()
    idea.seen(tab, "stub")
    return tab


def ben_writes_with_her(idea, ada):
    ada.goto(f"/projects/{idea.project.pk}/authors/")
    ada.get_by_label("Their e-mail address").fill(idea.ben.email)
    ada.get_by_role("button", name="Invite").click()
    expect(ada.get_by_text(idea.ben.email).first).to_be_visible()
    idea.seen(ada, "invited")
    send_next()
    link = re.search(r"/projects/invitations/\S+", mail.outbox[-1].body)[0]
    tab = idea.phone(idea.ben, link)
    idea.seen(tab, "invitation")
    tab.get_by_role("button", name="Yes, I write with them").click()
    tab.goto(f"/projects/{idea.project.pk}/edit/")
    tab.get_by_label("The story").fill("It is a long way up, and there is **nowhere** to sit.")
    tab.get_by_role("button", name="Set the point in the middle of the map").click()
    expect(tab.get_by_text("The point is set, in Northbank.")).to_be_visible()
    tab.get_by_label("What for").first.fill("Bench and setting")
    tab.get_by_label("Amount").first.fill("1200")
    idea.seen(tab, "edited")
    tab.get_by_role("button", name="Save and mark as ready").click()
    expect(tab.get_by_text("It is ready: it has all that it needs.")).to_be_visible()
    idea.seen(tab, "ready")


def cleo_makes_hers_part_of_it(idea, ada):
    hers = ProjectFactory(
        title="Seats near the mill", proposer=idea.cleo, neighborhood=idea.place,
        latitude=53.01, longitude=-7.99,
    )  # fmt: skip
    tab = idea.phone(idea.cleo, f"/projects/{hers.pk}/")
    tab.get_by_role("button", name="Support it").click()
    tab.goto(f"/projects/{hers.pk}/merge/")
    tab.get_by_role("link", name="A bench at the mill").click()
    tab.get_by_label("Why").fill("It is the same corner.")
    idea.seen(tab, "merge-asked")
    tab.get_by_role("button", name="Ask for it").click()
    ada.goto(f"/projects/{idea.project.pk}/")
    expect(ada.get_by_text("It is the same corner.")).to_be_visible()
    idea.seen(ada, "merge-answered")
    ada.get_by_role("button", name="Agree").click()
    tab.goto(f"/projects/{hers.pk}/")
    expect(tab.get_by_role("link", name="A bench at the mill").first).to_be_visible()
    idea.seen(tab, "merged")
    tab.goto(f"/projects/{idea.project.pk}/")
    expect(tab.get_by_text("Seats near the mill").first).to_be_visible()
    idea.seen(tab, "whole")


def ada_enters_it(idea, ada) -> Cycle:
    by, day = administrator(), timedelta(days=1)
    drafted = draft_cycle(by=by, costs_minor=(), voting_starts_in=2 * day, voting_ends_in=3 * day)
    now = db_now()
    add_phase(drafted, PhaseKind.PROPOSING, starts_at=now - day, ends_at=now + day, by=by)
    fill_roll(drafted)
    cycle = opened(drafted)
    ada.goto(f"/budget/{cycle.slug}/propose/")
    idea.seen(ada, "entering")
    ada.get_by_role("button", name="Enter it").click()
    expect(ada.get_by_text("It will be reviewed next")).to_be_visible()
    idea.seen(ada, "entered")
    return cycle


def it_comes_on_the_ballot(idea, ada, cycle) -> None:
    by, [proposal] = administrator(), cycle.proposals.all()
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=by)
    ada.reload()
    expect(ada.get_by_text("Feasible").first).to_be_visible()
    idea.seen(ada, "feasible")
    proposal.refresh_from_db()
    put_on_ballot(proposal, by=by)
    begin_voting(cycle)


def all_three_vote(idea, cycle) -> None:
    for person in (idea.ada, idea.ben, idea.cleo):
        tab = idea.phone(person, f"/budget/{cycle.slug}/ballot/")
        tab.get_by_label("A bench at the mill").check()
        idea.seen(tab, f"ballot-{person.display_name}")
        tab.get_by_role("button", name="Cast my ballot").click()
        expect(tab.get_by_text("Your ballot: cast at")).to_be_visible()
    idea.seen(tab, "cast")


def test_a_resident_from_a_stub_to_the_ballot(open_page, sign_in, check_axe, screenshot):
    idea = Idea(open_page, sign_in, check_axe, screenshot)
    ada = ada_writes_a_stub(idea)
    ben_writes_with_her(idea, ada)
    cleo_makes_hers_part_of_it(idea, ada)
    assert idea.project.state == ProjectState.READY
    assert support_counts([idea.project.pk]) == {idea.project.pk: 1}
    cycle = ada_enters_it(idea, ada)
    it_comes_on_the_ballot(idea, ada, cycle)
    all_three_vote(idea, cycle)
    assert Participation.objects.filter(cycle=cycle).count() == 3
    end_voting(cycle)
    assert close_cycle(cycle)
    open_by_trustees(cycle)
    assert [row.options for row in OpenedBallot.objects.filter(cycle=cycle)] == [[0], [0], [0]]
