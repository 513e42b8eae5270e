"""Pages with forms that the small town has no occasion for, each with who opens it; and what is
sent along by a page that only comes as an answer.
"""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from nacl.public import PrivateKey

from budgeting.domain.sealing import public_key_of
from budgeting.enums import PhaseKind
from budgeting.models import PlaceTotals
from budgeting.services.reviews import give_review, request_changes
from budgeting.services.roll import request_person
from budgeting.services.trustees import approve_unsealing, give_key, request_unsealing
from civicfund.complaints.services.answering import take
from civicfund.complaints.services.filing import complain
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.services.deciding import approve_payout
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services.consenting import agree
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.services.moderating import appeal_suspension, suspend_campaign
from civicfund.projects.models import Project
from civicfund.projects.services.merging import merge_as_moderator
from civicfund.talk.enums import Wrong
from civicfund.talk.services import flag_comment, pause_writing
from tests.budgeting.test_changing_pots import entered, two_pots
from tests.budgeting.test_kiosks import at_kiosk
from tests.budgeting.test_moving import opened_with
from tests.complaints.test_complaints import answered
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    named_trustees,
    reviewed,
)
from tests.factories.delivery import planned
from tests.factories.paper import accounted, closed, holder, lose_key, paper_by_number, paper_cycle
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly, reviewing_cycle
from tests.factories.talk import CommentFactory
from tests.payouts.test_payouts import ask, awarded
from tests.signing_in import sign_in_with_second_factor
from tests.town.filling_in import Paper, Papers, Text
from tests.town.more_words import Pages, asked_backer
from tests.town.people import OWNER, RESIDENT
from tests.town.small_town import SmallTown

ADMINISTRATOR, MODERATOR = str(Role.BUDGET_ADMINISTRATOR), str(Role.MODERATOR)


def more_forms(town: SmallTown, paid: Project) -> Pages:
    """Pages of the town's people, and of a few others who have to be somebody else."""
    return (
        _of_keys(town)
        | _of_phases(town)
        | _of_paper(town)
        | _of_a_roll_by_number(town)
        | _of_reviews(town)
        | _of_campaigns(town)
        | _of_projects(town)
        | _of_complaints(town)
        | _page(town, Role.TREASURER, "project_payouts", paid.pk)
    )


def to_be_paid() -> Project:
    """A project to which a bank is to pay money. The small town's books do not add up: it comes
    before them.
    """
    paid = awarded()
    payout = ask(paid, new_treasurer(), 20_000, Source.AWARD, Method.BANK)
    approve_payout(payout, by=new_treasurer())
    return paid


def client_of(person: User) -> Client:
    """They have just signed in."""
    agree(person)
    client = Client()
    client.force_login(person)
    return client


def _page(town: SmallTown, who: str, name: str, *args: object) -> Pages:
    return {f"{name} {args}": (town.clients[who], reverse(name, args=args))}


def _of_keys(town: SmallTown) -> Pages:
    """A key that nobody has rehearsed yet."""
    keyed = draft_cycle()
    give_key(
        keyed, public_key_of(bytes(PrivateKey.generate())), named_trustees(), by=administrator()
    )
    return _page(town, ADMINISTRATOR, "cycle_key", keyed.slug)


def _of_phases(town: SmallTown) -> Pages:
    """A phase that can be moved."""
    cycle, _people = opened_with({PhaseKind.INFORMING: (-1, 1)}, voting=(60, 70))
    return _page(town, ADMINISTRATOR, "moving", cycle.slug)


def _of_paper(town: SmallTown) -> Pages:
    """A vote that is over: its sheets are keyed, and its ballots opened. Another, whose key of the
    sheets is gone.
    """
    over, _people, place, _numbers = paper_cycle()
    lost = paper_cycle()[0]
    closed(over)
    closed(lost)
    accounted(place, 1)
    lose_key(lost)
    request_unsealing(over, by=administrator())
    approve_unsealing(over, by=administrator())
    return {
        **_page(town, ADMINISTRATOR, "paper_desk", over.slug),
        **_page(town, ADMINISTRATOR, "paper_desk", lost.slug),
        **_page(town, ADMINISTRATOR, "unsealing", over.slug),
        **_page(town, Role.CLERK, "keying", over.slug),
    }


def _of_a_roll_by_number(town: SmallTown) -> Pages:
    home = NeighborhoodFactory()
    cycle, _place = paper_by_number(home, "1")
    request_person(cycle, number="2", place=home, by=holder(Role.POLL_OFFICER))
    kiosk = at_kiosk(cycle)
    return {
        "kiosk": (kiosk, reverse("kiosk", args=[cycle.slug])),
        **_page(town, Role.POLL_OFFICER, "kiosks_desk", cycle.slug),
        **_page(town, Role.POLL_OFFICER, "officers_desk", cycle.slug),
    }


def _of_reviews(town: SmallTown) -> Pages:
    refused, proposal, _reviewers = refused_publicly()
    again, [third] = reviewing_cycle()
    asked, [other] = reviewing_cycle(proposer=town.people[OWNER])
    request_changes(other, words="x", by=town.people[Role.REVIEWER])
    with_pots, place = two_pots()
    decided, [said] = reviewing_cycle()
    give_review(said, feasible=True, by=town.people[Role.REVIEWER])
    feasible, [found] = reviewing_cycle()
    reviewed(found, by=administrator())
    return {
        **_page(town, OWNER, "my_proposal", asked.slug, other.pk),
        **_page(town, Role.REVIEWER, "review", decided.slug, said.pk),
        **_page(town, ADMINISTRATOR, "ballot_desk", feasible.slug),
        **_page(town, ADMINISTRATOR, "cycle_desk", feasible.slug),
        "review as again": (
            town.clients[Role.REVIEWER],
            reverse("review", args=[again.slug, third.pk]),
        ),
        "review in a wrong pot": (
            town.clients[ADMINISTRATOR],
            reverse("review", args=[with_pots.slug, entered(with_pots, place).pk]),
        ),
        "appeal": (
            client_of(proposal.project.proposer),
            reverse("my_proposal", args=[refused.slug, proposal.pk]),
        ),
    }


def _of_campaigns(town: SmallTown) -> Pages:
    owner = town.people[OWNER]
    appealed = CampaignFactory(project=ProjectFactory(proposer=owner))
    suspend_campaign(appealed, by=holder(Role.MODERATOR), reason="x")
    appeal_suspension(appealed, by=owner, words="x")
    _survey, pledge = asked_backer()
    live, stopped, asking = (
        CampaignFactory(project=ProjectFactory(proposer=owner), state=state)
        for state in (CampaignState.LIVE, CampaignState.SUSPENDED, CampaignState.SETTLED)
    )
    return {
        **_page(town, MODERATOR, "judge_campaign", live.pk),
        **_page(town, MODERATOR, "judge_campaign", stopped.pk),
        **_page(town, MODERATOR, "judge_campaign", appealed.pk),
        **_page(town, OWNER, "survey", asking.pk, 0),
        "pledge_survey": (
            client_of(pledge.backer), reverse("pledge_survey", args=[pledge.pk]),
        ),
    }  # fmt: skip


def _of_projects(town: SmallTown) -> Pages:
    """A plan whose first milestone is to be reached, two that became one, one from paper, and a
    comment that was reported.
    """
    going = ProjectFactory(proposer=town.people[OWNER])
    planned(going, 40, 60)
    wanting = ProjectFactory(wanted=["photo"])
    moderator = holder(Role.MODERATOR)
    merge_as_moderator(ProjectFactory(), ProjectFactory(), reason="x", by=moderator)
    brought = ProjectFactory(proposer=town.people[OWNER], handed_in_by="Ann Quill")
    flag_comment(town.things.comment, by=moderator, reason=Wrong.OTHER)
    free, paused, theirs = UserFactory(), UserFactory(), Client()
    pause_writing(paused, by=moderator, days=7, reason=Wrong.OTHER)
    theirs.force_login(paused)
    return {
        **_page(town, OWNER, "project_authors", brought.pk),
        **_page(town, MODERATOR, "comments_desk"),
        **_page(town, MODERATOR, "judge_author", CommentFactory().author_id),
        **_page(town, MODERATOR, "pause_person", free.pk),
        "my_pause": (theirs, reverse("my_pause")),
        **_page(town, OWNER, "project_plan", going.pk),
        **_page(town, RESIDENT, "project_offer", wanting.pk, "photo"),
        **_page(town, MODERATOR, "merge_desk"),
    }


def _of_complaints(town: SmallTown) -> Pages:
    owner, officer = town.people[OWNER], town.people[Role.COMPLAINTS_OFFICER]
    done, taken = (
        complain(about="data", words="Hm.", answer_to=owner.email, by=owner) for _each in range(2)
    )
    answered(done)
    take(taken, by=officer)
    return {
        **_page(town, OWNER, "complaint_state", done.pk),
        **_page(town, Role.COMPLAINTS_OFFICER, "complaint_desk", taken.pk),
    }


# --- without a page of its own


def sent_along(town: SmallTown) -> dict[str, tuple[Client, Paper]]:
    """What comes with an answer and is sent back with the next form: signed, and not typed."""
    t, every = town.things, town.clients
    running, draft = t.running.slug, t.draft_cycle.slug
    administrator, officer = every[ADMINISTRATOR], every[Role.POLL_OFFICER]
    return {
        "check-in": (officer, _hidden("check_in", running, act="give", name="found")),
        "homes": (officer, _hidden("homes_desk", act="confirm", name="found")),
        "roll": (administrator, _hidden("roll_desk", draft, act="ask_file", name="checked")),
        "letters": (
            administrator,
            _hidden("letters_desk", running, act="ask_letters", name="checked"),
        ),
        "pledge": (every[OWNER], _hidden("pledge", t.campaign.pk, act="", name="consent_version")),
        "mail": (
            administrator,
            _hidden("announcement", running, t.announcement.pk, act="send", name="digest"),
        ),
        "file": (administrator, _hidden("proposal_file", draft, act="enter", name="checked")),
    }


def asked_why() -> dict[str, tuple[Client, Paper]]:
    """Keying ends with a difference: its form comes again, and asks why."""
    over = PlaceTotals.objects.latest("pk").place.cycle
    client, another = Client(raise_request_exception=False), administrator()
    agree(another)
    sign_in_with_second_factor(client, another)
    address = reverse("paper_desk", args=[over.slug])
    answer = client.post(address, {"act": "end_keying"})
    found = Papers(answer.content.decode(), address).found
    [paper] = [each for each in found if any(name.startswith("why-") for name in each.texts)]
    return {"why": (client, paper)}


def _hidden(page: str, *args: object, act: str, name: str) -> Paper:
    address = reverse(page, args=args)
    return Paper(address, texts={name: Text(0, lines=False)}, values={"act": [act], name: [""]})


def reasons(town: SmallTown) -> dict[str, tuple[Client, Paper]]:
    """What the administration asks for after an act was chosen for a campaign."""
    address = "/admin/pledges/campaign/"
    acts = {
        "ask_for_changes": (Role.REVIEWER, CampaignState.SUBMITTED),
        "suspend": (MODERATOR, CampaignState.LIVE),
        "resume": (MODERATOR, CampaignState.SUSPENDED),
    }
    return {
        f"admin {act}": (
            town.clients[role],
            Paper(
                address,
                texts={"reason": Text(0, lines=True)},
                values={
                    "action": [act],
                    "_selected_action": [str(CampaignFactory(state=state).pk)],
                },
            ),
        )
        for act, (role, state) in acts.items()
    }
