"""Lists of what the small town of ``test_queries`` cannot have many of: as many queries for a
hundred rows as for three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from secrets import token_hex

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Cycle, Kiosk, Phase, PollingPlace, Pot, Proposal
from budgeting.selectors.options import _remembered
from budgeting.services.counting import count_cycle
from budgeting.services.imports import import_election
from budgeting.services.results import certify, publish
from civicfund.audit.services import db_now, record
from civicfund.complaints.models import Note
from civicfund.complaints.services.answering import take
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import ask_for_role, grant_role
from civicfund.places.models import Neighborhood
from civicfund.pledges.enums import Audience, CampaignState, ReportReason
from civicfund.pledges.models import CampaignReport
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.enums import SAME, MergeState, ProjectState
from civicfund.projects.models import Invitation, Merge, Project, ProjectFlag, Support
from civicfund.projects.services.authors import (
    MOST_AUTHORS,
    accept_invitation,
    invite_co_author,
)
from civicfund.projects.services.files import MOST_FILES, add_file
from civicfund.projects.services.moderating import hide_project
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.models import Comment, Flag, Hiding, Thread
from tests.budgeting.test_counting import unsealed
from tests.budgeting.test_importing import file
from tests.budgeting.test_supports import supporting_draft
from tests.complaints.test_complaints import complained
from tests.factories.budgeting import as_owner, certifier, draft_cycle, opened, running_cycle
from tests.factories.paper import paper_cycle
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory, square
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


def open_cycles(like: Cycle, rows: int) -> None:
    """Open cycles with the phases and pots of one that the services opened, all at once: what
    lists read of a cycle. The rest of an opening takes a third of a second.
    """
    first = Cycle.objects.count()
    made = Cycle.objects.bulk_create(
        Cycle(
            slug=f"like-{first + number}", title=f"Like {first + number}", rule=like.rule,
            ballot_kind=like.ballot_kind, currency=like.currency, tie_seed=like.tie_seed,
            tie_commitment=like.tie_commitment,
        )
        for number in range(rows)
    )  # fmt: skip
    for model, parts in ((Phase, like.phases.all()), (Pot, like.pots.all())):
        model.objects.bulk_create(
            copied(part, cycle_id=cycle.pk) for cycle in made for part in parts
        )
    ids = ", ".join(str(cycle.pk) for cycle in made)
    as_owner(
        "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE budgeting_cycle DISABLE TRIGGER USER;"  # noqa: S608
        f"UPDATE budgeting_cycle SET state = 'open' WHERE id IN ({ids});"
        "ALTER TABLE budgeting_cycle ENABLE TRIGGER USER; SET CONSTRAINTS ALL DEFERRED"
    )


def copied(row: Model, **changed: object) -> Model:
    """The same row once more, not saved."""
    fields = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    return type(row)(**{name: getattr(row, name) for name in fields} | changed)


def people(rows: int) -> list[User]:
    return User.objects.bulk_create(UserFactory.build_batch(rows))


def projects(rows: int, place: Neighborhood | None = None) -> list[Project]:
    place = place or NeighborhoodFactory()
    proposers = people(rows)
    return Project.objects.bulk_create(
        ProjectFactory.build(neighborhood=place, proposer=person) for person in proposers
    )


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
    like, _voters = running_cycle()
    pages = of("cycles", "api_cycles", "my_desks")
    assert_constant(client, pages, partial(open_cycles, like))


def test_lists_of_projects_whose_supports_are_gathered(client):
    cycle = opened(supporting_draft(needed=2, ends_in=timedelta(hours=1)))
    pot, place = cycle.pots.get(), NeighborhoodFactory()

    def add(rows):
        made = projects(rows, place)
        Proposal.objects.bulk_create(
            Proposal(cycle=cycle, pot=pot, project=project) for project in made
        )
        Support.objects.bulk_create(
            Support(project=project, person=project.proposer) for project in made
        )

    pages = [*of("home", "projects", "help_wanted"), f"{reverse('projects')}?q=bench"]
    pages += [place.get_absolute_url(), cycle.get_absolute_url()]
    assert_constant(client, pages, add)
    for page in pages[:-1]:
        assert b"1 of 2 supports, 1 to go" in client.get(page).content.replace(b"\n", b" "), page


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
        Comment.objects.bulk_create(
            CommentFactory.build(thread=thread, author=person, asks_creator=True)
            for person in people(rows)
        )

    pages = of("campaign_updates", "campaign_questions", "api_updates", args=[campaign.pk])
    assert_constant(client, pages, add)


def test_answers_to_a_survey(client):
    campaign = CampaignFactory(state=CampaignState.SETTLED)
    client.force_login(campaign.creator)
    collected(campaign)
    survey = sent(campaign)

    def add(rows):
        for _ in range(rows):
            answered(survey, collected(campaign, show_name=True))

    assert_constant(client, of("survey", "survey_csv", args=[campaign.pk, 0]), add)


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

    # A project has ten authors and invitations at most, its proposer not counted.
    assert_constant(client, of("project_authors", args=[project.pk]), add, many=MOST_AUTHORS)


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

    # A project has eight files at most.
    assert_constant(client, of("project_files", "project", args=[project.pk]), add, many=MOST_FILES)


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
        names = [f"Hall {rows}.{number}" for number in range(rows)]
        PollingPlace.objects.bulk_create(
            PollingPlace(cycle=cycle, name=name, address="Mill Lane 1") for name in names
        )
        Kiosk.objects.bulk_create(
            Kiosk(cycle=cycle, name=name, key_hash=token_hex(32), registered_by=person)
            for name in names
        )

    names = ("paper", "paper_csv", "paper_desk", "check_in", "kiosks_desk")
    assert_constant(client, of(*names, args=[cycle.slug]), add)


def test_pots_of_a_draft(client):
    cycle = draft_cycle()
    person = of_every_role()
    sign_in_with_second_factor(client, person)

    def add(rows):
        first, city = cycle.pots.count(), CityFactory()
        places = Neighborhood.objects.bulk_create(
            NeighborhoodFactory.build_batch(rows, parent=city)
        )
        Pot.objects.bulk_create(
            Pot(cycle=cycle, place=place, position=position, name="A pot", amount_minor=1_000)
            for position, place in enumerate(places, start=first)
        )

    names = ("pots", "cycle", "cycle_desk", "ballot_desk", "reviews")
    assert_constant(client, of(*names, args=[cycle.slug]), add)


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
    few, many = pages_of_many_ballots(client, FEW), pages_of_many_ballots(client, MANY)
    more = {name: len(many[name]) - len(few[name]) for name in few}
    assert {name: number for name, number in more.items() if number > 0} == {}


def test_projects_that_moderators_merged(client):
    moderator = of_every_role()
    sign_in_with_second_factor(client, moderator)

    def add(rows):
        made = Merge.objects.bulk_create(
            Merge(
                project=child, into=whole, reason="The same.", asked_by=moderator,
                by_moderator=True, state=MergeState.AGREED, decided_by=moderator,
                decided_at=db_now(), state_before=ProjectState.READY,
            )
            for child, whole in zip(projects(rows), projects(rows), strict=True)
        )  # fmt: skip
        for merge in made:
            merge.project.state, merge.project.merged_into = ProjectState.MERGED, merge.into
        children = [merge.project for merge in made]
        Project.objects.bulk_update(children, ["state", "merged_into"])
        now = db_now()
        long_ago = {"reason": "The same.", "asked_at": now - timedelta(days=30)}
        no = {"state": MergeState.DECLINED, "decided_by": moderator, "decided_at": now}
        Merge.objects.bulk_create(
            Merge(project=one, into=other, asked_by=one.proposer, **long_ago, **answer)
            for answer in ({}, no)
            for one, other in zip(projects(rows), projects(rows), strict=True)
        )
        ProjectFlag.objects.bulk_create(
            ProjectFlag(project=one, other=other, reporter=one.proposer, reason=SAME)
            for one, other in zip(projects(rows), projects(rows), strict=True)
        )

    assert_constant(client, of("merge_desk"), add)


def test_what_is_said_under_a_comment(client):
    comment = CommentFactory()
    sign_in_with_second_factor(client, of_every_role())

    def add(rows):
        by = people(rows)
        Comment.objects.bulk_create(
            CommentFactory.build(thread=comment.thread, parent=comment, author=person)
            for person in by
        )
        Flag.objects.bulk_create(
            Flag(comment=comment, reporter=person, reason=Wrong.OTHER) for person in by
        )

    pages = of("comment", "judge_comment", args=[comment.pk])
    assert_constant(client, pages, add)


def test_what_moderators_hid(client):
    author, by = UserFactory(), of_every_role()
    thread = CommentFactory().thread
    sign_in_with_second_factor(client, by)

    def add(rows):
        said = Comment.objects.bulk_create(
            CommentFactory.build(thread=thread, author=author) for _ in range(rows)
        )
        Hiding.objects.bulk_create(
            Hiding(comment=each, reason=Wrong.OTHER, hidden_by=by) for each in said
        )
        for project in ProjectFactory.create_batch(rows, proposer=author):
            hide_project(project, by=by, reason=Wrong.OTHER)

    pages = [*of("hidden_desk"), *of("judge_author", args=[author.pk])]
    assert_constant(client, pages, add)


def test_reports_of_a_campaign_and_notes_on_a_complaint(client):
    campaign, complaint = CampaignFactory(), complained()
    by = of_every_role()
    sign_in_with_second_factor(client, by)
    take(complaint, by=by)

    def add(rows):
        CampaignReport.objects.bulk_create(
            CampaignReport(campaign=campaign, reporter=person, reason=ReportReason.OTHER)
            for person in people(rows)
        )
        Note.objects.bulk_create(
            Note(complaint=complaint, by=by, words="They called.") for _ in range(rows)
        )

    pages = of("judge_campaign", args=[campaign.pk]) + of("complaint_desk", args=[complaint.pk])
    assert_constant(client, pages, add)


def test_pledges_of_one_person(client):
    backer = of_every_role()
    sign_in_with_second_factor(client, backer)

    def add(rows):
        first = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=rows)
        for number in range(rows):
            charged(backer, at=first + timedelta(minutes=number))

    statement = of("statement_pdf", args=[2026])
    found = [f"{page}?q={backer.email}" for page in of("treasury_pledges")]
    assert_constant(client, [*statement, *found], add)


def test_outlines_of_the_town(client):
    def add(rows):
        for number in range(rows):
            NeighborhoodFactory(boundary=square(number * 1.0, rows * 0.5))

    assert_constant(client, of("api_outlines"), add)


def test_roles_that_are_held_and_asked_for(client):
    by = UserFactory(is_superuser=True, is_staff=True)
    sign_in_with_second_factor(client, by)

    def add(rows):
        for _ in range(rows):
            grant_role(UserFactory(), Role.CLERK, by=None)
            ask_for_role(UserFactory(), Role.CLERK, by=by)

    assert_constant(client, of("roles_desk"), add)
