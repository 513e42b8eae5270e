"""A creator appeals for a suspended campaign, and another moderator decides."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import CampaignState, SuspensionOutcome
from civicfund.pledges.models import Campaign, Suspension
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.forgetting import forget_backer
from civicfund.pledges.services.moderating import (
    appeal_suspension,
    cancel_if_suspended_too_long,
    decide_appeal,
    report_campaign,
    resume_campaign,
    suspend_campaign,
)
from civicfund.projects.models import CoAuthor
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, soon
from tests.pledges.test_moderating_desk import MODERATOR, REVIEWER, come, do, listed, reported

pytestmark = pytest.mark.django_db

UPHELD, LIFTED = SuspensionOutcome.UPHELD, SuspensionOutcome.LIFTED


def a_moderator():
    person = UserFactory()
    grant_role(person, Role.MODERATOR, by=None)
    person.refresh_from_db()
    return person


@pytest.fixture
def first():
    return a_moderator()


@pytest.fixture
def second():
    return a_moderator()


@pytest.fixture
def suspended(first):
    return suspend_campaign(CampaignFactory(), by=first, reason="Whose pictures?")


@pytest.fixture
def appealed(suspended, second):
    appeal_suspension(suspended, by=suspended.creator, words=" They are mine. ")
    return suspended


def appeal_page(campaign):
    return reverse("campaign_appeal", args=[campaign.pk])


def state_of(campaign):
    return Campaign.objects.get(pk=campaign.pk).state


def mailed(kind):
    return {message.recipient for message in Message.objects.filter(kind=kind)}


def test_a_creator_is_shown_where_to_appeal_and_nobody_else_is(client, suspended):
    client.force_login(suspended.creator)
    assert appeal_page(suspended) in client.get(suspended.get_absolute_url()).content.decode()
    client.force_login(UserFactory())
    assert appeal_page(suspended) not in client.get(suspended.get_absolute_url()).content.decode()
    assert client.get(appeal_page(suspended)).status_code == 403


def test_a_creator_appeals_once_and_the_other_moderators_are_told(client, suspended, second):
    client.force_login(suspended.creator)
    assert "Whose pictures?" in client.get(appeal_page(suspended)).content.decode()
    assert client.post(appeal_page(suspended), {"words": " "}).status_code == 400
    page = client.post(appeal_page(suspended), {"words": "They are mine."}, follow=True)
    assert "You have appealed" in page.content.decode()
    again = client.post(appeal_page(suspended), {"words": "Really."})
    assert "You have appealed already." in again.content.decode()
    suspension = Suspension.objects.get()
    assert (suspension.appeal_words, suspension.waits) == ("They are mine.", True)
    assert mailed("campaign_appealed") == {second}
    assert Event.objects.filter(verb="campaign.appealed").count() == 1


def test_an_appeal_that_no_moderator_may_decide_is_told_to_who_gives_roles(suspended, first):
    """Nor may a moderator who writes the project."""
    root = UserFactory(is_superuser=True, is_staff=True)
    CoAuthor.objects.create(project=suspended.project, user=a_moderator())
    appeal_suspension(suspended, by=suspended.creator, words="They are mine.")
    assert mailed("appeal_of_nobody") == {root}


def test_where_there_is_a_second_moderator_nobody_else_is_told(suspended, second):
    UserFactory(is_superuser=True, is_staff=True)
    appeal_suspension(suspended, by=suspended.creator, words="They are mine.")
    assert mailed("appeal_of_nobody") == set()


def test_there_is_nothing_to_appeal_on_a_campaign_that_runs(client):
    campaign = CampaignFactory()
    client.force_login(campaign.creator)
    assert client.get(appeal_page(campaign)).status_code == 404
    with pytest.raises(RefusedError, match="not suspended"):
        appeal_suspension(campaign, by=campaign.creator, words="Let it run.")


def test_nobody_appeals_for_another_or_after_the_deadline(suspended):
    with pytest.raises(RefusedError, match="creator"):
        appeal_suspension(suspended, by=UserFactory(), words="Let it run.")
    Campaign.objects.update(deadline_at=soon(seconds=-1))
    with pytest.raises(RefusedError, match="deadline has passed"):
        appeal_suspension(suspended, by=suspended.creator, words="Let it run.")
    assert Suspension.objects.get().appealed_at is None


@pytest.mark.parametrize(
    ("outcome", "state", "kind"),
    [
        (LIFTED, CampaignState.LIVE, "own_campaign_resumed"),
        (UPHELD, CampaignState.SUSPENDED, "own_campaign_stays_suspended"),
    ],
)
def test_another_moderator_decides_and_the_creator_is_told(appealed, second, outcome, state, kind):
    decide_appeal(appealed, by=second, outcome=outcome, reason="Looked at them.")
    suspension = Suspension.objects.get()
    assert (suspension.outcome, suspension.answer) == (outcome, "Looked at them.")
    assert (suspension.decided_by, state_of(appealed)) == (second, state)
    assert (suspension.lifted_by == second) is (outcome == LIFTED)
    assert mailed(kind) == {appealed.creator}
    assert Event.objects.filter(verb=f"campaign.appeal_{outcome}", actor_id=second.pk).exists()
    with pytest.raises(RefusedError):
        decide_appeal(appealed, by=second, outcome=outcome, reason="Again.")


def test_whoever_suspended_it_neither_refuses_nor_goes_past_the_appeal(appealed, first, second):
    with pytest.raises(RefusedError, match="You suspended it"):
        decide_appeal(appealed, by=first, outcome=UPHELD, reason="No.")
    for moderator in (first, second):
        with pytest.raises(RefusedError, match="decided first"):
            resume_campaign(appealed, by=moderator, reason="Never mind.")
    assert state_of(appealed) == CampaignState.SUSPENDED
    assert Suspension.objects.get().waits


def test_whoever_suspended_it_may_let_it_go_on(appealed, first):
    decide_appeal(appealed, by=first, outcome=LIFTED, reason="They are.")
    suspension = Suspension.objects.get()
    assert (suspension.outcome, suspension.decided_by) == (LIFTED, first)
    assert suspension.lifted_by == first
    assert state_of(appealed) == CampaignState.LIVE
    assert mailed("own_campaign_resumed") == {appealed.creator}


def test_nobody_of_its_team_decides(appealed):
    author = a_moderator()
    CoAuthor.objects.create(project=appealed.project, user=author)
    with pytest.raises(RefusedError, match="their own campaign"):
        decide_appeal(appealed, by=author, outcome=LIFTED, reason="It is ours.")
    assert Suspension.objects.get().waits


def joins(project, *people):
    CoAuthor.objects.bulk_create(CoAuthor(project=project, user=each) for each in people)


def test_a_moderator_who_joins_later_keeps_nobody_from_letting_it_go_on(suspended, first, second):
    joins(suspended.project, first)
    resume_campaign(suspended, by=second, reason="Looked at them.")
    assert state_of(suspended) == CampaignState.LIVE


def test_nor_from_deciding_nor_does_who_decided(appealed, first, second):
    joins(appealed.project, first)
    decide_appeal(appealed, by=second, outcome=UPHELD, reason="Not yours.")
    joins(appealed.project, second)
    resume_campaign(appealed, by=a_moderator(), reason="Other pictures.")
    assert state_of(appealed) == CampaignState.LIVE


def test_the_database_takes_no_suspension_by_its_team(first):
    campaign = CampaignFactory()
    joins(campaign.project, first)
    with pytest.raises(IntegrityError, match="their own team"), transaction.atomic():
        Suspension.objects.create(campaign=campaign, words="No.", suspended_by=first)
    assert not Suspension.objects.exists()


def test_only_moderators_decide_and_they_say_why(appealed, second):
    with pytest.raises(RefusedError, match="Only a moderator"):
        decide_appeal(appealed, by=UserFactory(), outcome=LIFTED, reason="Yes.")
    with pytest.raises(RefusedError, match="Say why"):
        decide_appeal(appealed, by=second, outcome=LIFTED, reason=" ")
    assert Suspension.objects.get().waits


def test_a_refused_appeal_is_no_second_one_and_it_may_still_go_on(client, appealed, second):
    decide_appeal(appealed, by=second, outcome=UPHELD, reason="Not yours.")
    client.force_login(appealed.creator)
    page = client.get(appealed.get_absolute_url()).content.decode()
    assert "It stays suspended: Not yours." in page
    with pytest.raises(RefusedError, match="appealed already"):
        appeal_suspension(appealed, by=appealed.creator, words="But they are.")
    resume_campaign(appealed, by=second, reason="Other pictures.")
    assert state_of(appealed) == CampaignState.LIVE


def test_suspended_again_it_is_appealed_again(appealed, first, second):
    decide_appeal(appealed, by=second, outcome=LIFTED, reason="They are.")
    suspend_campaign(appealed, by=second, reason="And the words?")
    appeal_suspension(appealed, by=appealed.creator, words="Mine, too.")
    decide_appeal(appealed, by=first, outcome=LIFTED, reason="They are.")
    assert state_of(appealed) == CampaignState.LIVE
    assert Suspension.objects.count() == 2


def test_an_appeal_puts_no_deadline_off(appealed, second):
    Campaign.objects.update(deadline_at=soon(seconds=-1))
    with pytest.raises(RefusedError, match="deadline has passed"):
        decide_appeal(appealed, by=second, outcome=LIFTED, reason="They are.")
    assert cancel_if_suspended_too_long(appealed)
    assert state_of(appealed) == CampaignState.CANCELLED
    assert not Suspension.objects.undecided().exists()


def offered(client, campaign):
    page = client.get(reverse("judge_campaign", args=[campaign.pk]))
    return [name for name, _act in page.context["acts"]]


def test_the_desk_shows_appeals_first_and_offers_them_to_another(client, appealed, first):
    wrong = reported()
    come(client, MODERATOR)
    assert listed(client) == [appealed.pk, wrong.pk]
    assert offered(client, appealed) == ["lift", "uphold"]
    assert "They are mine." in do(client, appealed, "uphold").content.decode()
    do(client, appealed, "uphold", reason="Not yours.")
    assert Suspension.objects.get().answer == "Not yours."
    assert offered(client, appealed) == ["resume"]


def test_whoever_suspended_it_is_offered_only_to_let_it_go_on(client):
    appealed = suspend_campaign(CampaignFactory(), by=come(client, MODERATOR), reason="Whose?")
    appeal_suspension(appealed, by=appealed.creator, words="Mine.")
    assert offered(client, appealed) == ["lift"]
    page = client.get(reverse("judge_campaign", args=[appealed.pk])).content.decode()
    assert "another moderator decides on the appeal. You can only let it go on." in page
    refusal = do(client, appealed, "uphold", reason="No.")
    assert refusal.status_code == 400
    assert "only another moderator refuses the appeal" in refusal.content.decode()
    assert Suspension.objects.get().waits
    do(client, appealed, "lift", reason="Yes.")
    assert state_of(appealed) == CampaignState.LIVE


def test_reviewers_learn_nothing_of_an_appeal_and_decide_none(client, appealed):
    come(client, REVIEWER)
    page = client.get(reverse("judge_campaign", args=[appealed.pk]))
    assert page.status_code == 200
    assert "They are mine." not in page.content.decode()
    assert do(client, appealed, "lift", reason="Yes.").status_code == 403
    assert state_of(appealed) == CampaignState.SUSPENDED


def refused(match, **columns):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        Suspension.objects.update(**columns)


def decided(by, outcome=UPHELD):
    return {
        "outcome": outcome,
        "answer": "So.",
        "decided_by": by,
        "decided_at": timezone.now(),
    }


def lifted(by):
    return {"lifted_by": by, "lifted_at": timezone.now()}


def test_the_database_wants_another_person_and_an_appeal(appealed, first, second):
    refused("suspension_decided_by_another", **decided(first))
    refused("suspension_appealed_is_decided", **lifted(first))
    refused("suspension_decided_is_done", **decided(second, LIFTED))
    refused("suspension_decided_after_an_appeal", **decided(second) | {"answer": ""})
    refused("suspension_decided_is_done", **decided(first, LIFTED))
    refused("their own team", **decided(appealed.creator))
    refused("what was said stays", appealed_at=timezone.now())
    refused("what was said stays", appeal_words="Something else.")
    refused("what was said stays", words="Something else.")
    refused("what was said stays", suspended_by=second)
    assert Suspension.objects.get().waits


def test_the_database_decides_nothing_without_an_appeal_nor_twice(suspended, second):
    refused("suspension_decided_after_an_appeal", **decided(second))
    appeal_suspension(suspended, by=suspended.creator, words="Mine.")
    decide_appeal(suspended, by=second, outcome=UPHELD, reason="No.")
    refused("what was said stays", **decided(a_moderator()))


def test_no_campaign_goes_past_its_suspension(appealed):
    with pytest.raises(IntegrityError, match="where a suspension stands"), transaction.atomic():
        Campaign.objects.update(state=CampaignState.LIVE, resumption_reason="Yes.")
    live = CampaignFactory()
    with pytest.raises(IntegrityError, match="where a suspension stands"), transaction.atomic():
        Campaign.objects.filter(pk=live.pk).update(state="suspended", suspension_reason="No.")
    assert (state_of(appealed), state_of(live)) == (CampaignState.SUSPENDED, CampaignState.LIVE)


def test_it_is_public_in_counts(client, appealed, second):
    report_campaign(appealed, reason="other", by=None)
    decide_appeal(appealed, by=second, outcome=UPHELD, reason="No.")
    [header, month] = b"".join(client.get(reverse("moderation_csv"))).decode().splitlines()
    counted = dict(zip(header.split(","), month.split(","), strict=True))
    assert {name: int(counted[name]) for name in header.split(",") if "campaign" in name} == {
        "campaign_reports": 1,
        "campaigns_suspended": 1,
        "campaigns_go_on": 0,
        "campaign_appeals": 1,
        "campaigns_upheld": 1,
    }
    page = client.get(reverse("moderation")).content.decode()
    assert "Reports of campaigns" in page
    assert "Not yours" not in page


def test_of_whoever_leaves_the_words_of_an_appeal_go(appealed):
    forget_backer(appealed.creator)
    suspension = Suspension.objects.get()
    assert (suspension.appeal_words, suspension.waits) == ("", True)
