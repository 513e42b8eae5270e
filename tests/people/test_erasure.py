"""Somebody closes their account: what goes, what stays, and what has to be settled first."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.urls import reverse

from budgeting.models import StartedBallot
from budgeting.services.reminders import note_start
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.delivery.models import MilestoneReport, MilestoneVerdict
from civicfund.delivery.services.reaching import say_reached
from civicfund.notices.models import Message
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import FORMER, Residency, User
from civicfund.people.services import grant_role
from civicfund.people.services.copies import ask_for_copy, make_copy
from civicfund.people.services.documents import send_document
from civicfund.people.services.erasure import erase, why_kept
from civicfund.people.services.errors import ErasureError
from civicfund.people.services.homes import state_residency
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.selectors import named_backers
from civicfund.projects.enums import Part, ProjectState
from civicfund.projects.models import CoAuthor, JoinWish, Offer, Project, Support
from civicfund.projects.services.authors import invite_co_author
from civicfund.projects.services.moderating import appeal_project, flag_project
from civicfund.projects.services.supporting import support_project
from civicfund.talk.enums import Wrong
from civicfund.talk.models import Comment, Follow
from civicfund.talk.services import flag_comment, follow
from tests.budgeting.test_bundle import broken, bundle_of, published
from tests.factories.budgeting import cast_positions, draft_cycle, opened, running_cycle, voters
from tests.factories.delivery import planned
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, subject_of
from tests.hostile_files import a_picture
from tests.pledges.promises import WORKS, funded_campaign, work_until_done
from tests.projects.offering import offers_help
from tests.projects.test_moderating import hide as hide_project
from tests.signing_in import PASSWORD, sign_in, verified, walk_in_with_second_factor, with_totp

pytestmark = pytest.mark.django_db
PAGE = "/me/close/"
NAME, ADDRESS = "Quillon Marchbanks", "quillon.marchbanks@example.org"
ROWS = """
SELECT count(*) FROM {table} AS row
WHERE lower(row::text) LIKE %(name)s OR lower(row::text) LIKE %(address)s
"""


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "sealed")
    return tmp_path / "sealed"


@pytest.fixture
def quillon():
    return verified(UserFactory(display_name=NAME, email=ADDRESS))


def tables_that_name(name: str = NAME, address: str = ADDRESS) -> set[str]:
    """Tables with a row that holds the name or the address in any of its columns, and sessions,
    whose rows hold theirs packed."""
    sought = {"name": f"%{name.lower()}%", "address": f"%{address.lower()}%"}
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(ROWS.format(table=f'"{table}"'), sought)
            if cursor.fetchone()[0]:
                found.add(table)
    unpacked = "".join(str(row.get_decoded()) for row in Session.objects.all()).lower()
    if name.lower() in unpacked or address.lower() in unpacked:
        found.add("sessions, unpacked")
    return found


def has_lived_here(person, client):
    """Somebody who has done a bit of everything that leaves a name or an address."""
    sign_in(client, person)
    state_residency(person, NeighborhoodFactory(), since=date(2020, 1, 1))
    send_document(person, a_picture())
    project = ProjectFactory(proposer=person)
    ProjectFactory(proposer=person, state=ProjectState.DRAFT)
    other = ProjectFactory()
    invite_co_author(other, ADDRESS, by=other.proposer)
    CoAuthor.objects.create(project=ProjectFactory(), user=person)
    support_project(other, by=person)
    offers_help(person, f"{NAME}, 555-0188, would.")
    comment = CommentFactory(author=person, thread__subject_id=other.pk)
    flag_comment(CommentFactory(), by=person, reason=Wrong.ADVERT, words=f"{NAME} says so.")
    flag_project(ProjectFactory(), by=person, reason=Wrong.PRIVATE, words=f"So does {NAME}.")
    hide_project(theirs := ProjectFactory(proposer=person))
    appeal_project(theirs, by=person, words=f"I, {NAME}, wrote the truth.")
    follow(subject_of(comment, person), by=person)
    tell(person, "project_offer", project, title=NAME)
    PledgeFactory(backer=person, state=PledgeState.RELEASED, show_name=True)
    User.objects.create_guest(ADDRESS, display_name=NAME)
    make_copy(ask_for_copy(person).pk)
    return project


def test_after_it_no_column_of_any_table_holds_name_or_address(
    client, quillon, folder, django_capture_on_commit_callbacks
):
    has_lived_here(quillon, client)
    before = tables_that_name()
    assert before >= {
        "people_user", "account_emailaddress", "projects_invitation", "notices_message",
        "projects_offer", "talk_flag", "sessions, unpacked",
    }  # fmt: skip
    assert len(list(folder.rglob("*.box"))) == 2
    with django_capture_on_commit_callbacks(execute=True):
        erase(quillon)
    assert tables_that_name() == set()
    assert list(folder.rglob("*.box")) == []


def test_what_is_public_stays_as_by_a_former_resident(client, quillon):
    project = has_lived_here(quillon, client)
    comment = Comment.objects.get(author=quillon)
    draft = Project.objects.get(state=ProjectState.DRAFT)
    erase(quillon)
    page = client.get(project.get_absolute_url())
    assert f"Proposed by {FORMER}" in page.content.decode()
    comment.refresh_from_db()
    assert (comment.author, comment.body) == (None, "A bench would be good.")
    draft.refresh_from_db()
    assert draft.state == ProjectState.WITHDRAWN
    for gone in (
        Residency.objects.filter(user=quillon), Support.objects.filter(person=quillon),
        CoAuthor.objects.filter(user=quillon), Follow.objects.filter(user=quillon),
        Message.objects.filter(recipient=quillon), EmailAddress.objects.filter(user=quillon),
        quillon.copies.all(),
    ):  # fmt: skip
        assert not gone.exists()
    assert Event.objects.filter(verb="person.erased", actor=quillon).count() == 1


def test_the_account_cannot_be_used_nor_written_to_any_more(client, quillon):
    other = PledgeFactory(backer=quillon, state=PledgeState.RELEASED)
    sign_in(client, quillon)
    assert client.get(reverse("residency")).status_code == 200
    erase(quillon)
    assert client.get(reverse("residency")).status_code == 302
    sign_in(client, quillon)
    assert client.get(reverse("residency")).status_code == 302
    quillon.refresh_from_db()
    tell(quillon, "pledge_refunded", other)
    assert not Message.objects.filter(recipient=quillon).exists()
    with pytest.raises(ErasureError):
        erase(quillon)


def test_the_address_is_free_for_a_new_account(quillon):
    erase(quillon)
    again = UserFactory(email=ADDRESS)
    assert again.pk != quillon.pk


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_books_of_somebody_who_paid_still_hold(provider, quillon, capsys):
    campaign, [pledge] = funded_campaign(WORKS)
    Pledge.objects.filter(pk=pledge.pk).update(show_name=True)
    work_until_done()
    payer = Pledge.objects.get(pk=pledge.pk).backer
    User.objects.filter(pk=payer.pk).update(display_name=NAME)
    before = Pledge.objects.values().get(pk=pledge.pk)
    assert named_backers(campaign) == [NAME]
    erase(payer)
    after = Pledge.objects.values().get(pk=pledge.pk)
    assert after == before | {"show_name": False}
    assert after["state"] == PledgeState.COLLECTED
    assert named_backers(campaign) == []
    assert pledge.consents.exists()
    call_command("check_books")
    assert "BROKEN" not in capsys.readouterr().out


def test_the_record_of_a_vote_still_verifies_with_every_receipt():
    cycle, receipts = published()
    entry = cycle.roll.filter(claimed_by__isnull=False).first()
    voter = entry.claimed_by
    before = bundle_of(cycle)
    erase(voter)
    entry.refresh_from_db()
    assert entry.claimed_by is None
    assert cycle.participations.filter(roll_entry=entry).count() == 1
    assert bundle_of(cycle) == before
    assert broken(bundle_of(cycle), receipts) == []


def kept(person) -> str:
    """What has to be settled first; that nothing moved is looked at as well."""
    before = User.objects.values().get(pk=person.pk)
    with pytest.raises(ErasureError) as refusal:
        erase(person)
    assert User.objects.values().get(pk=person.pk) == before
    assert not Event.objects.filter(verb="person.erased").exists()
    return str(refusal.value)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PledgeState.ACTIVE, "Cancel the pledge"),
        (PledgeState.DECLINED, "being collected"),
        (PledgeState.CHARGING, "being collected"),
        (PledgeState.DISPUTED, "Your bank disputes"),
    ],
)
def test_whoever_owes_something_stays(state, words):
    settled = {"payment_intent_id": "pi_made_up"} if state == PledgeState.DISPUTED else {}
    pledge = PledgeFactory(state=state, **settled)
    assert words in kept(pledge.backer)
    assert Pledge.objects.get().backer.display_name != FORMER


@pytest.mark.parametrize(
    "state", [PledgeState.CANCELLED, PledgeState.RELEASED, PledgeState.COLLECTED]
)
def test_whoever_owes_nothing_goes(state):
    pledge = PledgeFactory(state=state)
    erase(pledge.backer)
    assert Pledge.objects.get().backer.display_name == FORMER


def test_whoever_runs_a_campaign_stays():
    campaign = CampaignFactory(state=CampaignState.LIVE)
    assert "You run the campaign" in kept(campaign.creator)


def test_whoever_holds_a_role_stays():
    person = UserFactory()
    grant_role(person, Role.CLERK, by=None)
    assert "You hold a role" in kept(person)


def test_whoever_can_vote_stays_until_the_vote_is_over():
    cycle, [voter, other] = running_cycle(2)
    cast_positions(cycle, voter, [0])
    for person in (voter, other):  # a cast under way must not pass an erasure
        assert "You are on the voter roll" in kept(person)


def test_before_a_vote_begins_whoever_is_on_its_roll_goes():
    cycle = draft_cycle(voting_starts_in=timedelta(days=2), voting_ends_in=timedelta(days=4))
    [person] = voters(cycle, 1)
    note_start(opened(cycle), person, db_now())
    erase(person)
    assert not StartedBallot.objects.exists()
    assert not cycle.roll.filter(claimed_by=person).exists()


def test_the_only_author_of_a_proposal_under_review_stays():
    cycle, _people = running_cycle()
    proposal = cycle.proposals.first()
    author = proposal.project.proposer
    assert why_kept(author) == []
    type(proposal).objects.bulk_create(
        [type(proposal)(cycle=cycle, pot=proposal.pot, project=ProjectFactory(proposer=author))]
    )
    assert "You are the only author" in kept(author)
    CoAuthor.objects.create(project=author.projects.last(), user=UserFactory())
    assert why_kept(author) == []


def test_a_guests_pledge_under_my_address_counts_as_mine(quillon):
    guest = User.objects.create_guest(ADDRESS, display_name=NAME)
    PledgeFactory(backer=guest)
    assert "Cancel the pledge" in kept(quillon)


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": NAME},
        {"email": ADDRESS},
        {"is_active": True},
        {"erased_at": None},
        {"guest_email": ADDRESS},
    ],
)
def test_the_database_keeps_an_erased_person_erased(quillon, changes):
    erase(quillon)
    with pytest.raises(IntegrityError, match=r"can no longer change|user_erased_is_nobody"):
        User.objects.filter(pk=quillon.pk).update(**changes)


@pytest.mark.parametrize("changes", [{"display_name": NAME}, {"email": "a@example.org"}])
def test_the_database_refuses_somebody_half_erased(changes):
    whole = {
        "email": f"{uuid4().hex}@erased.invalid", "display_name": FORMER, "password": "!",
        "is_active": False, "erased_at": "2026-01-01T00:00Z",
    }  # fmt: skip
    person = UserFactory()
    with pytest.raises(IntegrityError, match="user_erased_is_nobody"):
        User.objects.filter(pk=person.pk).update(**(whole | changes))


def report_of(milestone):
    return say_reached(milestone, by=milestone.project.proposer, words="Done.")


@pytest.mark.parametrize(
    ("make", "table"),
    [
        (lambda person: PledgeFactory(backer=person), "pledges_pledge"),
        (lambda person: CampaignFactory(creator=person), "pledges_campaign"),
        (lambda person: ProjectFactory(proposer=person), "projects_project"),
        (lambda person: CommentFactory(author=person), "talk_comment"),
        (
            lambda person: running_cycle()[0].roll.update(claimed_by=person),
            "budgeting_rollentry",
        ),
        (
            lambda person: Support.objects.create(project=ProjectFactory(), person=person),
            "projects_support",
        ),
        (
            lambda person: CoAuthor.objects.create(project=ProjectFactory(), user=person),
            "projects_coauthor",
        ),
        (
            lambda person: JoinWish.objects.create(
                project=ProjectFactory(), person=person, words="I would."
            ),
            "projects_joinwish",
        ),
        (
            lambda person: Offer.objects.create(
                project=ProjectFactory(), part=Part.OWNER, by=person, words="I would."
            ),
            "projects_offer",
        ),
        (
            lambda person: MilestoneReport.objects.create(
                milestone=planned(ProjectFactory(), 100)[0], by=person, words="Done."
            ),
            "delivery_milestonereport",
        ),
        (
            lambda person: MilestoneVerdict.objects.create(
                report=report_of(planned(ProjectFactory(), 100)[0]),
                by=person,
                confirmed=False,
                words="x",
            ),
            "delivery_milestoneverdict",
        ),
    ],
)
def test_the_database_takes_nothing_new_of_somebody_erased(quillon, make, table):
    erase(quillon)
    with pytest.raises(IntegrityError, match="this person is erased") as refusal:
        make(quillon)
    assert refusal.value.__cause__.diag.constraint_name == f"{table}_by_somebody"


def test_where_one_app_fails_to_forget_nothing_is_erased(quillon, monkeypatch):
    def fails(person):
        raise RuntimeError("not today")

    monkeypatch.setattr("civicfund.holdings._forget", [fails])
    with pytest.raises(RuntimeError):
        erase(quillon)
    assert User.objects.get(pk=quillon.pk).display_name == NAME
    assert EmailAddress.objects.filter(user=quillon).exists()


def test_closed_with_the_password_on_a_page_that_says_what_it_means(client, quillon):
    sign_in(client, quillon)
    page = client.get(PAGE).content.decode()
    assert "What stays, and why" in page
    wrong = client.post(PAGE, {"password": "not it at all"})
    assert wrong.status_code == 400
    assert "This is not your password" in wrong.content.decode()
    assert User.objects.get(pk=quillon.pk).erased_at is None
    assert client.post(PAGE, {"password": PASSWORD}).url == reverse("home")
    assert "Your account is closed" in client.get("/").content.decode()
    assert client.get(PAGE).status_code == 302
    assert User.objects.get(pk=quillon.pk).display_name == FORMER


def test_whoever_has_a_second_factor_gives_it_too(client, quillon):
    sign_in(client, quillon)
    with_totp(quillon)
    answer = client.post(PAGE, {"password": PASSWORD})
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    assert User.objects.get(pk=quillon.pk).erased_at is None


def test_with_both_it_is_closed(client):
    person = UserFactory()
    walk_in_with_second_factor(client, person)
    assert client.post(PAGE, {"password": PASSWORD}).url == reverse("home")
    assert not Authenticator.objects.filter(user=person).exists()


def test_the_page_says_what_has_to_be_settled_and_has_no_button(client, quillon):
    PledgeFactory(backer=quillon)
    sign_in(client, quillon)
    page = client.get(PAGE).content.decode()
    assert "Cancel the pledge" in page
    assert "Close my account for good" not in page
    assert client.post(PAGE, {"password": PASSWORD}).status_code == 400
    assert User.objects.get(pk=quillon.pk).erased_at is None


def test_guessing_passwords_is_slow(client, quillon, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"close_account": "2/h/key"}
    sign_in(client, quillon)
    answers = [client.post(PAGE, {"password": "wrong"}).status_code for _ in range(3)]
    assert answers == [400, 400, 429]
