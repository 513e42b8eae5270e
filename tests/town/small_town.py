"""One small town with one of everything that a route names, and people of every kind in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from django.test import Client
from django.utils import timezone

from budgeting.models import Trial
from budgeting.services.announcements import write_announcement
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from civicfund.audit.services import db_now
from civicfund.complaints.access import link_to
from civicfund.complaints.services.filing import complain
from civicfund.delivery.services.reaching import say_reached
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.notices.enums import Topic
from civicfund.notices.services import StopLink
from civicfund.payments.models import Orphan
from civicfund.payments.services import note_orphan
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.people.services.consenting import agree
from civicfund.people.services.documents import send_document
from civicfund.pledges.access import guest_token, recovery_token, survey_token
from civicfund.pledges.enums import Audience, CampaignState, PledgeState, QuestionKind
from civicfund.pledges.services.surveys import Asked, send_survey, write_survey
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.enums import Part, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.files import add_file, kept_of
from civicfund.projects.services.joining import ask_to_join
from civicfund.projects.services.merging import ask_to_merge, undo_merge
from civicfund.projects.services.offers import Help, offer_help
from civicfund.projects.services.versions import keep_first_version
from civicfund.talk.enums import NewsKind
from civicfund.talk.models import News
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import administrator, certifier, draft_cycle
from tests.factories.delivery import planned
from tests.factories.paper import paper_cycle
from tests.factories.payouts import approved_account
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory, square
from tests.factories.pledges import (
    CampaignFactory,
    OutcomeFactory,
    PledgeFactory,
    RewardFactory,
)
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewing_cycle
from tests.factories.talk import CommentFactory, ThreadFactory
from tests.hostile_files import a_picture
from tests.pledges.test_receipts import charged
from tests.projects.test_moderating import hide as hide_project
from tests.reconciliation.test_pages import differing
from tests.signing_in import (
    sign_in,
    sign_in_with_second_factor,
    verified,
    walk_in_with_second_factor,
)
from tests.talk.test_moderating import hide
from tests.town.people import (
    ANONYMOUS,
    CO_AUTHOR,
    EVERY_ROLE_BUT,
    NO_SECOND_FACTOR,
    OWNER,
    RESIDENT,
    ROLES,
    SUPERUSER,
    VOTER,
)


class Sessions(dict[str, Client]):
    """Of each person, by name; whoever holds every role but some comes when they are asked for."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).startswith(EVERY_ROLE_BUT)

    def __missing__(self, name: str) -> Client:
        if not name.startswith(EVERY_ROLE_BUT):
            raise KeyError(name)
        without = name.removeprefix(EVERY_ROLE_BUT).split()
        holder = _holder(*(set(Role) - set(map(Role, without))))
        agree(holder)
        self[name] = Client(raise_request_exception=False)
        sign_in_with_second_factor(self[name], holder)  # so many may not come through the pages
        return self[name]


@dataclass
class SmallTown:
    """What stands in it, by the names that ``address`` knows, and the sessions of its people."""

    things: SimpleNamespace
    clients: Sessions
    people: dict[str, User]

    def address(self, route: str, private: bool = False) -> str:
        """A route with the town's own things in it, those that are not public where asked."""
        fillings = PRIVATE if private else PUBLIC
        [given] = [given for begin, given in fillings if re.match(begin, route)][:1] or [{}]
        known = {name: find(self.things) for name, find in given.items()}
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(known[found[1]]), route)


def small_town() -> SmallTown:
    """Made through the services, but for what only a provider or a clock would bring."""
    owner = UserFactory()
    running, [voter, *_], _place, _numbers = paper_cycle()
    people = {RESIDENT: ResidencyFactory().user, OWNER: owner, VOTER: voter}
    people |= {CO_AUTHOR: UserFactory(), SUPERUSER: UserFactory(is_superuser=True, is_staff=True)}
    people |= {role: _holder(Role(role)) for role in ROLES}
    people[NO_SECOND_FACTOR] = _holder(*Role)
    things = SimpleNamespace(
        **_cycles(running, owner),
        **_projects(owner, people[CO_AUTHOR]),
        **_money(owner, people[CO_AUTHOR]),
        **_papers(),
    )
    vars(things).update(_talk(owner, things.project))
    _told_and_asked(owner, things)
    things.complaint = complain(
        about="vote", words="The page was down.", answer_to=owner.email, by=owner
    )
    things.guest_complaint = complain(about="data", words="Hm.", answer_to="guest@example.org")
    stop = StopLink(owner, Topic.TOWN).address
    things.stop = stop.rstrip("/").rpartition("/")[2]
    clients = {
        name: signed_in(user, mfa=name in (*ROLES, SUPERUSER)) for name, user in people.items()
    }
    return SmallTown(things, Sessions({ANONYMOUS: Client()} | clients), people)


def signed_in(user: User, *, mfa: bool) -> Client:
    """A session as the pages leave it, with a second factor given just now or with none."""
    agree(user)
    client = Client(raise_request_exception=False)
    if mfa:
        walk_in_with_second_factor(client, user)
    else:
        sign_in(client, verified(user))
    return client


def _holder(*roles: Role) -> User:
    user = UserFactory()
    for role in roles:
        grant_role(user, role, by=None)
    return User.objects.get(pk=user.pk)


def _cycles(running, owner) -> dict[str, object]:
    reviewing, [proposal] = reviewing_cycle(proposer=owner)
    done = unsealed([[0], [1]])
    count_cycle(done)
    certify(done, by=certifier())
    publish(done, by=certifier())
    by = administrator()
    letter = write_announcement(running, subject="Voting begins", body="Come.", places=(), by=by)
    trial = Trial.objects.create(
        name="A try", pot=done.pots.get(), currency="EUR", made_by=by, rules=["greedy"]
    )
    return {
        "running": running, "reviewing": reviewing, "proposal": proposal, "published": done,
        "draft_cycle": draft_cycle(), "announcement": letter, "trial": trial,
    }  # fmt: skip


def _projects(owner: User, co_author: User) -> dict[str, object]:
    project = ProjectFactory(
        proposer=owner, state=ProjectState.STUB, story="", wanted=["hands", "photo"]
    )
    keep_first_version(project)
    accept_invitation(invite_co_author(project, co_author.email, by=owner), by=co_author)
    guest = invite_co_author(project, "guest@example.org", by=owner)
    offer = offer_help(project, Part.STORY, Help("People wait there."), by=UserFactory())
    photo = Help("I stood there.", file=kept_of(a_picture(), words="The corner"))
    photo_offer = offer_help(project, Part.PHOTO, photo, by=UserFactory())
    wish = ask_to_join(project, "I live there.", by=UserFactory())
    other = ProjectFactory()
    _apart_again(owner)  # before another: the first one is what the administration shows
    merge = ask_to_merge(other, project, reason="The same bench.", by=other.proposer)
    file = add_file(project, a_picture(), words="A bench", by=owner)
    milestone = planned(project, 40, 60)[0]
    report = say_reached(milestone, by=owner, words="It stands, go and see it.")
    inviting = ProjectFactory()
    asked = invite_co_author(inviting, owner.email, by=inviting.proposer)
    hidden_project = ProjectFactory(proposer=owner)
    accept_invitation(invite_co_author(hidden_project, co_author.email, by=owner), by=co_author)
    hide_project(hidden_project)
    return {
        "hidden_project": hidden_project,
        "project": project, "invitation": guest, "offer": offer, "merge": merge, "file": file,
        "photo_offer": photo_offer, "wish": wish,
        "asked": asked, "milestone": milestone, "report": report,
        "draft_project": ProjectFactory(proposer=owner, state=ProjectState.DRAFT),
    }  # fmt: skip


def _apart_again(owner: User) -> None:
    """Two that were one, and are two again."""
    one, whole = ProjectFactory(proposer=owner), ProjectFactory(proposer=owner)
    merged = ask_to_merge(one, whole, reason="The same path.", by=owner)
    undo_merge(merged, reason="They are two.", by=_holder(Role.MODERATOR))


def _money(owner: User, co_author: User) -> dict[str, object]:
    project = ProjectFactory(proposer=owner)
    accept_invitation(invite_co_author(project, co_author.email, by=owner), by=co_author)
    campaign = CampaignFactory(project=project)
    RewardFactory(campaign=campaign)
    settled = OutcomeFactory(campaign=_campaign(owner, CampaignState.FUNDED)).campaign
    paid = charged(owner, at=db_now(), campaign=settled)
    legs = books.charge(settled.project_id, paid.amount_minor)
    post("charge", source_type="pledge", source_id=str(paid.pk), legs=legs, currency="EUR")
    note_orphan("re_by_hand", "refund_made_elsewhere")
    return {
        "campaign": campaign, "funded_project": project,
        "pledge": PledgeFactory(campaign=campaign, backer=owner),
        "started": PledgeFactory(backer=owner, state=PledgeState.DRAFT, customer_id=""),
        "guest_pledge": PledgeFactory(campaign=campaign, backer=UserFactory()),
        "account": approved_account(owner), "orphan": Orphan.objects.get(),
        "difference": differing(),
        "free_project": ProjectFactory(proposer=owner),
        "draft_campaign": _campaign(owner, CampaignState.DRAFT),
        "submitted": _campaign(owner, CampaignState.SUBMITTED),
        "suspended": _campaign(owner, CampaignState.SUSPENDED),
        "settled": settled, "collected": paid,
    }  # fmt: skip


def _campaign(owner: User, state: CampaignState):
    return CampaignFactory(project=ProjectFactory(proposer=owner), state=state)


def _talk(owner: User, project: Project) -> dict[str, object]:
    thread = ThreadFactory(subject_id=project.pk)
    comment = CommentFactory(thread=thread, author=owner)
    question = CommentFactory(thread=thread, author=owner, asks_city=True)
    hidden = CommentFactory(thread=thread, author=owner)
    hide(hidden)
    # One that was read, so that opening it changes no page, and one that was not.
    told = {"recipient": owner, "thread": thread, "kind": NewsKind.COMMENT}
    notice = News.objects.create(**told, comment=question, read_at=timezone.now())
    News.objects.create(**told, comment=comment)
    return {"comment": comment, "question": question, "hidden": hidden, "notice": notice}


def _told_and_asked(owner: User, things: SimpleNamespace) -> None:
    """An update of the live campaign, and a survey of the one that is collected."""
    publish_update(things.campaign, by=owner, title="News", body="Soon.", audience=Audience.ALL)
    asked = [Asked("Do you come?", QuestionKind.YES_NO)]
    words = write_survey(things.settled, by=owner, reward=None, intro="", questions=asked)
    send_survey(words, by=owner)


def _papers() -> dict[str, object]:
    home = ResidencyFactory(proof="", proved_at=None)
    NeighborhoodFactory(boundary=square(-1, -1, 2))
    return {"document": send_document(home.user, a_picture()), "city": CityFactory()}


# What stands for a route's parameters, by how the route begins; the first that fits.
Filling = tuple[str, dict[str, Callable[[SimpleNamespace], object]]]
PRIVATE: tuple[Filling, ...] = (
    (r"(api/v1/)?cycles/<|budget/<|archive/<", {
        "slug": lambda t: t.draft_cycle.slug,
        "pk": lambda t: t.draft_cycle.proposals.first().pk,
        "pot": lambda t: t.draft_cycle.pots.get().pk,
    }),
    (r"(api/v1/)?projects/<int:pk>/(?!(offers|authors|history|files|join)/<)", {
        "pk": lambda t: t.draft_project.pk, "part": lambda t: "story",
    }),
    (r"(api/v1/)?campaigns/<", {
        "pk": lambda t: t.draft_campaign.pk, "number": lambda t: 1, "reward": lambda t: 0,
    }),
    (r"(api/v1/)?talk/", {"kind": lambda t: "project", "pk": lambda t: t.draft_project.pk}),
    (r"feeds/", {"kind": lambda t: "project", "pk": lambda t: t.draft_project.pk}),
)  # fmt: skip
PUBLIC: tuple[Filling, ...] = (
    (r"policies/", {"name": lambda t: "terms"}),
    (r"me/notices/", {"pk": lambda t: t.notice.pk}),
    (r"me/all/", {"name": lambda t: "follows"}),
    (r"desk/residence/", {"pk": lambda t: t.document.pk}),
    (r"complaint/link/", {"token": lambda t: link_to(t.guest_complaint).split("/")[-2]}),
    (r"(desk/complaints|complaint)/", {"pk": lambda t: t.complaint.pk}),
    (r"mail/stop/", {"token": lambda t: t.stop}),
    (r"neighborhoods/", {"slug": lambda t: t.city.slug}),
    (r"archive/|budget/[^/]+/(results|bundle|observing)|api/v1/cycles/[^/]+/results", {
        "slug": lambda t: t.published.slug, "pot": lambda t: t.published.pots.get().pk,
    }),
    (r"budget/[^/]+/(reviews|proposals)/", {
        "slug": lambda t: t.reviewing.slug, "pk": lambda t: t.proposal.pk,
    }),
    (r"budget/[^/]+/ballot/desk/<", {
        "slug": lambda t: t.running.slug, "pk": lambda t: t.running.proposals.first().pk,
    }),
    (r"budget/what-if/", {"pk": lambda t: t.trial.pk}),
    (r"(budget|api/v1/cycles)/", {
        "slug": lambda t: t.running.slug, "pk": lambda t: t.announcement.pk,
        "pot": lambda t: t.running.pots.get().pk,
    }),
    (r"projects/merges/", {"merge": lambda t: t.merge.pk}),
    (r"projects/invitations/", {"token": lambda t: t.asked.get_absolute_url().split("/")[-2]}),
    (r"projects/[^/]+/campaign/", {"pk": lambda t: t.free_project.pk}),
    (r"projects/[^/]+/appeal/", {"pk": lambda t: t.hidden_project.pk}),
    (r"projects/[^/]+/offers/[^/]+/file/", {
        "pk": lambda t: t.project.pk, "offer": lambda t: t.photo_offer.pk,
    }),
    (r"(api/v1/|desk/)?projects/", {
        "pk": lambda t: t.project.pk, "invitation": lambda t: t.invitation.pk,
        "number": lambda t: 1, "part": lambda t: "story", "offer": lambda t: t.offer.pk,
        "file": lambda t: t.file.pk, "wish": lambda t: t.wish.pk,
    }),
    (r"files/", {"pk": lambda t: t.file.pk}),
    (r"(feeds|talk|api/v1/talk)/", {"kind": lambda t: "project", "pk": lambda t: t.project.pk}),
    (r"comments/[^/]+/appeal/", {"pk": lambda t: t.hidden.pk}),
    (r"(desk|api/v1)/questions/", {"pk": lambda t: t.question.pk}),
    (r"desk/comments/by/", {"pk": lambda t: t.comment.author_id}),
    (r"(desk/|api/v1/)?comments/", {"pk": lambda t: t.comment.pk}),
    (r"desk/campaigns/", {"pk": lambda t: t.submitted.pk}),
    (r"campaigns/[^/]+/(edit|submit|throw-away)/", {"pk": lambda t: t.draft_campaign.pk}),
    (r"campaigns/[^/]+/appeal/", {"pk": lambda t: t.suspended.pk}),
    (r"campaigns/[^/]+/surveys/", {"pk": lambda t: t.settled.pk, "reward": lambda t: 0}),
    (r"campaigns/[^/]+/settlement/", {"pk": lambda t: t.settled.pk}),
    (r"(api/v1/|treasury/)?campaigns/", {
        "pk": lambda t: t.campaign.pk, "number": lambda t: 1,
    }),
    (r"treasury/payouts/accounts/", {"pk": lambda t: t.account.pk}),
    (r"treasury/payouts/projects/", {"pk": lambda t: t.campaign.project_id}),
    (r"treasury/reconciliation/", {"pk": lambda t: t.difference.pk}),
    (r"treasury/unmatched/", {"pk": lambda t: t.orphan.pk}),
    (r"pledges/pay/", {"token": lambda t: recovery_token(t.guest_pledge)}),
    (r"pledges/open/", {
        "token": lambda t: guest_token(t.guest_pledge), "number": lambda t: 1,
    }),
    (r"pledges/survey/", {"token": lambda t: survey_token(t.guest_pledge)}),
    (r"pledges/[^/]+/(receipt|survey)", {"pk": lambda t: t.collected.pk}),
    (r"(api/v1/)?pledges/[^/]+/(card|return)/", {"pk": lambda t: t.started.pk}),
    (r"(api/v1/|treasury/)?pledges/", {"pk": lambda t: t.pledge.pk}),
    (r"me/statements/", {"year": lambda t: timezone.localdate().year}),
)  # fmt: skip


def is_private(route: str) -> bool:
    """Whether the town has something that is not public for the route."""
    return any(re.match(begin, route) for begin, _given in PRIVATE)
