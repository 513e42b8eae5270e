"""Lists of what the small town of ``test_queries`` cannot have many of: as many queries for a
hundred rows as for three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.selectors.options import _remembered
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_pot
from budgeting.services.imports import import_election
from budgeting.services.kiosks import register_kiosk
from budgeting.services.paper import add_place
from budgeting.services.results import certify, publish
from civicfund.audit.services import record
from civicfund.complaints.services.answering import note, take
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import ask_for_role, grant_role
from civicfund.pledges.enums import Audience, CampaignState, ReportReason
from civicfund.pledges.services.moderating import report_campaign
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.enums import SAME
from civicfund.projects.models import Invitation
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.files import add_file
from civicfund.projects.services.merging import ask_to_merge, merge_as_moderator
from civicfund.projects.services.moderating import flag_project
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.models import Thread
from civicfund.talk.services import flag_comment
from tests.budgeting.test_counting import unsealed
from tests.budgeting.test_importing import file
from tests.complaints.test_complaints import complained
from tests.factories.budgeting import certifier, draft_cycle, running_cycle
from tests.factories.paper import paper_cycle
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory
from tests.hostile_files import a_picture
from tests.pledges.test_receipts import charged
from tests.pledges.test_surveys import answered, collected, sent
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 100


def of_every_role() -> User:
    person = UserFactory()
    for role in Role:
        grant_role(person, role, by=None)
    return person


def asked(client: Client, address: str) -> tuple[list[str], int]:
    """What the page asks the database, and how much it says."""
    _remembered.cache_clear()
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, address
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [query["sql"] for query in queries], len(content)


def assert_constant(
    client: Client, addresses: Iterable[str], add: Callable[[int], None], *, many: int = MANY
) -> None:
    """Each of the pages says more of more rows, with as many queries."""
    pages = list(addresses)
    add(FEW)
    for address in pages:
        asked(client, address)  # fills what is kept between calls
    few = {address: asked(client, address) for address in pages}
    add(many - FEW)
    for address in pages:
        queries, size = asked(client, address)
        assert size > few[address][1] + FEW, address
        extra = [sql for sql in queries if sql not in few[address][0]]
        assert len(queries) <= len(few[address][0]), (address, extra)


def of(*names: str, args: Iterable[object] = ()) -> list[str]:
    return [reverse(name, args=list(args)) for name in names]


def test_lists_of_past_cycles(client, tmp_path):
    def add(rows):
        for _ in range(rows):
            count_cycle(import_election(file(tmp_path)))

    assert_constant(client, of("cycles", "archive", "api_cycles"), add)


def test_lists_of_running_cycles(client):
    person = of_every_role()
    sign_in_with_second_factor(client, person)

    def add(rows):
        for _ in range(rows):
            running_cycle()

    assert_constant(client, of("cycles", "api_cycles", "my_desks"), add, many=15)


def test_acts_of_the_staff(client):
    person = of_every_role()
    sign_in_with_second_factor(client, person)

    def add(rows):
        for _ in range(rows):
            record("comment.hidden", CommentFactory(), actor=person, flags=1)

    assert_constant(client, of("desk_trail"), add, many=40)


def test_lists_of_a_campaign(client):
    campaign = CampaignFactory()
    client.force_login(campaign.creator)
    thread = Thread.objects.create(kind=SubjectKind.CAMPAIGN, subject_id=campaign.pk)

    def add(rows):
        for number in range(rows):
            publish_update(
                campaign, by=campaign.creator, title=f"News {number}", body="Soon.",
                audience=Audience.ALL,
            )  # fmt: skip
            CommentFactory(thread=thread, asks_creator=True)

    pages = of("campaign_updates", "campaign_questions", "api_updates", args=[campaign.pk])
    assert_constant(client, pages, add, many=50)


def test_answers_to_a_survey(client):
    campaign = CampaignFactory(state=CampaignState.SETTLED)
    client.force_login(campaign.creator)
    collected(campaign)
    survey = sent(campaign)

    def add(rows):
        for _ in range(rows):
            answered(survey, collected(campaign, show_name=True))

    assert_constant(client, of("survey", "survey_csv", args=[campaign.pk, 0]), add, many=50)


def test_surveys_of_a_campaign(client):
    campaign = CampaignFactory()
    client.force_login(campaign.creator)

    def add(rows):
        for _ in range(rows):
            RewardFactory(campaign=campaign)

    assert_constant(client, of("campaign_surveys", args=[campaign.pk]), add)


def test_co_authors_of_a_project(client):
    project = ProjectFactory()
    client.force_login(project.proposer)

    def add(rows):
        for _ in range(rows):
            person = UserFactory()
            invitation = invite_co_author(project, person.email, by=project.proposer)
            accept_invitation(invitation, by=person)

    assert_constant(client, of("project_authors", args=[project.pk]), add, many=8)


def test_invitations_of_a_project(client):
    project = ProjectFactory()
    client.force_login(project.proposer)

    def add(rows):
        Invitation.objects.bulk_create(
            Invitation(project=project, address=UserFactory().email) for _ in range(rows)
        )

    assert_constant(client, of("project_authors", args=[project.pk]), add)


def test_files_of_a_project(client):
    project = ProjectFactory()
    client.force_login(project.proposer)

    def add(rows):
        for _ in range(rows):
            add_file(project, a_picture(), words="A bench", by=project.proposer)

    assert_constant(client, of("project_files", "project", args=[project.pk]), add, many=8)


def test_money_of_many_projects(client):
    sign_in_with_second_factor(client, of_every_role())

    def add(rows):
        for _ in range(rows):
            pledge = PledgeFactory()
            legs = books.charge(pledge.campaign.project_id, 1_000)
            of_pledge = {"source_type": "pledge", "source_id": str(pledge.pk)}
            post("charge", legs=legs, currency="EUR", **of_pledge)

    statement = of("treasury_account", "treasury_account_csv")
    pages = [f"{page}?code=stripe_pending" for page in statement]
    assert_constant(client, [*pages, *of("payouts")], add)


def test_desks_of_a_cycle_with_many_places(client):
    cycle, *_ = paper_cycle()
    person = of_every_role()
    sign_in_with_second_factor(client, person)

    def add(rows):
        for number in range(rows):
            name = f"Hall {rows}.{number}"
            add_place(cycle, name=name, address="Mill Lane 1", by=person)
            register_kiosk(cycle, name=name, by=person)

    names = ("paper", "paper_csv", "paper_desk", "check_in", "kiosks_desk")
    assert_constant(client, of(*names, args=[cycle.slug]), add, many=40)


def test_pots_of_a_draft(client):
    cycle = draft_cycle()
    person = of_every_role()
    sign_in_with_second_factor(client, person)

    def add(rows):
        for _ in range(rows):
            add_pot(cycle, NeighborhoodFactory(), name="A pot", amount_minor=1_000, by=person)

    names = ("pots", "cycle", "cycle_desk", "ballot_desk", "reviews")
    assert_constant(client, of(*names, args=[cycle.slug]), add, many=40)


def pages_of_many_options(client: Client, options: int) -> dict[str, list[str]]:
    """The queries of every page of a cycle that names its options, by the page's name."""
    costs = [1_000 + number for number in range(options)]
    running, [voter] = running_cycle(costs_minor=costs)
    for role in Role:
        grant_role(voter, role, by=None)
    client.logout()
    sign_in_with_second_factor(client, voter)
    pages = (
        "cycle", "ballot", "ballot_desk", "proposals_csv", "reviews", "cycle_desk", "api_cycle",
        "api_ballot", "observing",
    )  # fmt: skip
    found = {name: asked(client, reverse(name, args=[running.slug]))[0] for name in pages}
    done = unsealed([[0], [1]], costs_minor=costs)
    count_cycle(done)
    certify(done, by=certifier())
    publish(done, by=certifier())
    for name in ("results", "api_results", "bundle", "archived_cycle", "observing"):
        found[f"{name} done"] = asked(client, reverse(name, args=[done.slug]))[0]
    rounds = reverse("rounds", args=[done.slug, done.pots.get().pk])
    return found | {"rounds": asked(client, rounds)[0]}


def test_pages_of_a_cycle_with_many_options(client):
    few, many = pages_of_many_options(client, FEW), pages_of_many_options(client, MANY)
    more = {name: len(many[name]) - len(few[name]) for name in few}
    assert {name: number for name, number in more.items() if number > 0} == {}


def pages_of_many_ballots(client: Client, ballots: int) -> dict[str, list[str]]:
    done = unsealed([[number % 2] for number in range(ballots)])
    count_cycle(done)
    certify(done, by=certifier())
    publish(done, by=certifier())
    names = (
        "board",
        "board_csv",
        "bundle",
        "results",
        "archived_cycle",
        "observing",
        "participation",
    )
    return {name: asked(client, reverse(name, args=[done.slug]))[0] for name in names}


def test_pages_of_a_cycle_with_many_ballots(client):
    sign_in_with_second_factor(client, of_every_role())
    few, many = pages_of_many_ballots(client, FEW), pages_of_many_ballots(client, 60)
    more = {name: len(many[name]) - len(few[name]) for name in few}
    assert {name: number for name, number in more.items() if number > 0} == {}


def test_projects_that_moderators_merged(client):
    moderator = of_every_role()
    sign_in_with_second_factor(client, moderator)

    def add(rows):
        for _ in range(rows):
            child, whole = ProjectFactory(), ProjectFactory()
            merge_as_moderator(child, whole, reason="The same.", by=moderator)
            one, other, third = ProjectFactory(), ProjectFactory(), ProjectFactory()
            ask_to_merge(one, other, reason="The same.", by=one.proposer)
            flag_project(other, by=UserFactory(), reason=SAME, other=third)

    assert_constant(client, of("merge_desk"), add, many=40)


def test_what_is_said_under_a_comment(client):
    comment = CommentFactory()
    sign_in_with_second_factor(client, of_every_role())

    def add(rows):
        for _ in range(rows):
            CommentFactory(thread=comment.thread, parent=comment)
            flag_comment(comment, by=UserFactory(), reason=Wrong.OTHER)

    pages = of("comment", "judge_comment", args=[comment.pk])
    assert_constant(client, pages, add, many=30)


def test_reports_of_a_campaign_and_notes_on_a_complaint(client):
    campaign, complaint = CampaignFactory(), complained()
    by = of_every_role()
    sign_in_with_second_factor(client, by)
    take(complaint, by=by)

    def add(rows):
        for _ in range(rows):
            report_campaign(campaign, by=UserFactory(), reason=ReportReason.OTHER)
            note(complaint, by=by, words="They called.")

    pages = of("judge_campaign", args=[campaign.pk]) + of("complaint_desk", args=[complaint.pk])
    assert_constant(client, pages, add, many=30)


def test_pledges_of_one_person(client):
    backer = of_every_role()
    sign_in_with_second_factor(client, backer)

    def add(rows):
        for number in range(rows):
            at = datetime(2026, 3, 1, 12, number, tzinfo=UTC)
            charged(backer, at=at + timedelta(days=rows))

    statement = of("statement_pdf", args=[2026])
    found = [f"{page}?q={backer.email}" for page in of("treasury_pledges")]
    assert_constant(client, [*statement, *found], add, many=30)


def test_outlines_of_the_town(client):
    def add(rows):
        for number in range(rows):
            NeighborhoodFactory(boundary=square(number * 1.0, rows * 1.0))

    assert_constant(client, of("api_outlines"), add, many=30)


def test_roles_that_are_held_and_asked_for(client):
    by = UserFactory(is_superuser=True, is_staff=True)
    sign_in_with_second_factor(client, by)

    def add(rows):
        for _ in range(rows):
            grant_role(UserFactory(), Role.CLERK, by=None)
            ask_for_role(UserFactory(), Role.CLERK, by=by)

    assert_constant(client, of("roles_desk"), add, many=20)
