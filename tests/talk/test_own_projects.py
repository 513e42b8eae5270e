"""Who writes a project hears what becomes of it: they follow it, and are written to once."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.models import Proposal, SupportCount
from budgeting.services.news import tell_of_cycles
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.results import certify, publish
from budgeting.services.reviews import give_review
from budgeting.services.supports import keep_supports
from civicfund.audit.services import advance
from civicfund.notices.models import Message
from civicfund.pledges.enums import CAMPAIGN_MOVES, CampaignState
from civicfund.pledges.services.news import tell_of_campaigns
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services import Cost, ProjectError, edit_project, publish_project
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.joining import accept_wish, ask_to_join
from civicfund.projects.services.merging import agree_to_merge, ask_to_merge
from civicfund.talk.enums import NewsKind, Pace
from civicfund.talk.models import Follow, News, Thread
from civicfund.talk.selectors import follows, news_of
from civicfund.talk.services import follow, unfollow
from civicfund.talk.services.news import gather_comments, mail_news, tell_of_projects
from tests.budgeting.test_publishing import counted
from tests.budgeting.test_supports import supported, supporting_draft
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    opened,
    publish_now,
    reviewed,
    voters,
)
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.factories.talk import CommentFactory, about
from tests.projects.test_services import draft
from tests.talk.test_following import sent_mails

pytestmark = pytest.mark.django_db


def follows_it(person, project):
    return follows(person, "project", project.pk)


def told(person):
    return [news.kind for news in reversed(news_of(person))]


def written(kind="proposal_became"):
    return sorted(Message.objects.filter(kind=kind).values_list("recipient", flat=True))


def invited(project):
    """A co-author who came in by an invitation."""
    friend = UserFactory()
    invitation = invite_co_author(project, friend.email, by=project.proposer)
    return accept_invitation(invitation, by=friend).user


def test_whoever_publishes_follows_their_project_until_they_end_it():
    project = draft(latitude=0.5, longitude=0.5)
    assert not Follow.objects.exists()
    with pytest.raises(ProjectError):
        publish_project(project, by=UserFactory())
    assert not Follow.objects.exists()
    project = publish_project(project, by=project.proposer)
    assert project.state == ProjectState.STUB
    assert follows_it(project.proposer, project)
    unfollow(about(project), by=project.proposer)
    edit_project(project, by=project.proposer, story="Because.", cost_lines=[Cost("Wood", 100)])
    assert publish_project(project, by=project.proposer).state == ProjectState.READY
    assert not Follow.objects.exists()


def test_whoever_joins_follows_it_and_of_a_draft_once_it_is_public():
    public = ProjectFactory()
    assert follows_it(invited(public), public)
    asks = UserFactory()
    accept_wish(ask_to_join(public, "I live there.", by=asks), by=public.proposer)
    assert follows_it(asks, public)
    assert not follows_it(public.proposer, public)
    private = draft()
    friend = invited(private)
    assert not follows_it(friend, private)
    publish_project(private, by=private.proposer)
    assert follows_it(friend, private)
    assert follows_it(private.proposer, private)


def test_a_proposer_hears_of_what_is_said_of_their_project_and_not_of_their_own_words():
    project = draft()
    publish_project(project, by=project.proposer)
    thread = Thread.objects.get(subject_id=project.pk)
    CommentFactory(thread=thread)
    CommentFactory(thread=thread, author=project.proposer)
    gather_comments()
    assert told(project.proposer) == [NewsKind.COMMENT]


def test_authors_are_written_to_once_of_ballot_and_result_and_followers_by_their_digest():
    friend, follower = UserFactory(), UserFactory()
    cycle = counted()
    first = cycle.proposals.order_by("pk")[0].project
    CoAuthor.objects.create(project=first, user=friend)
    for person in (follower, first.proposer):
        follow(about(first), by=person)
    proposers = set(cycle.proposals.values_list("project__proposer", flat=True))
    tell_of_cycles()
    tell_of_cycles()
    assert written() == sorted(proposers | {friend.pk})
    publish(certify(cycle, by=certifier()), by=certifier())
    tell_of_cycles()
    tell_of_cycles()
    assert written() == sorted([*proposers, friend.pk] * 2)
    state = NewsKind(Proposal.objects.get(project=first).state)
    for person in (friend, first.proposer):
        assert set(told(person)) - {NewsKind.FEASIBLE} == {NewsKind.ON_BALLOT, state}
    assert not Message.objects.filter(recipient=follower).exists()
    # What is told of the verdict, which nobody was written to while the cycle was a draft.
    News.objects.filter(kind=NewsKind.FEASIBLE).delete()
    assert mail_news(Pace.DAILY) == 1
    assert list(Message.objects.filter(kind="news").values_list("recipient", flat=True)) == [
        follower.pk
    ]


def test_whoever_only_entered_it_from_paper_is_not_written_to_of_theirs():
    friend, cycle = UserFactory(), counted()
    first = cycle.proposals.order_by("pk")[0].project
    Project.objects.filter(pk=first.pk).update(handed_in_by="Ann Quill")
    CoAuthor.objects.create(project=first, user=friend)
    others = set(cycle.proposals.exclude(project=first).values_list("project__proposer", flat=True))
    tell_of_cycles()
    publish(certify(cycle, by=certifier()), by=certifier())
    tell_of_cycles()
    assert first.proposer_id not in others
    assert written() == sorted([*others, friend.pk] * 2)
    assert NewsKind.ON_BALLOT not in told(first.proposer)
    assert NewsKind.ON_BALLOT in told(friend)


def test_the_mails_say_what_became_of_it_in_text_and_html():
    cycle = counted()
    tell_of_cycles()
    publish(certify(cycle, by=certifier()), by=certifier())
    tell_of_cycles()
    found = {sent.subject: sent for sent in sent_mails()}
    for proposal in cycle.proposals.select_related("project"):
        title, outcome = proposal.project.title, proposal.state
        won = "won in" if outcome == "selected" else "did not win in"
        of_ballot = found[f"On the ballot: {title}"]
        of_result = found[f"{'It won' if outcome == 'selected' else 'It did not win'}: {title}"]
        page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
        for sent, words in ((of_ballot, "is on the ballot of"), (of_result, won)):
            for text in (sent.body, sent.alternatives[0][0]):
                assert f"“{title}” {words} “{cycle.title}”" in text
                assert page in text


def test_one_mail_tells_all_of_an_author_in_a_cycle():
    cycle = counted()
    person = UserFactory()
    for proposal in cycle.proposals.select_related("project"):
        proposal.project.proposer = person
        proposal.project.save()
    tell_of_cycles()
    assert written() == [person.pk]
    [sent] = [sent for sent in sent_mails() if person.email in sent.to]
    assert sent.subject == f"What became of your projects in {cycle.title}"
    assert sent.body.count("is on the ballot of") == cycle.proposals.count() == 3


def test_nobody_is_written_to_while_the_cycle_is_a_draft_nor_of_what_they_did_themselves():
    cycle, by = draft_cycle(costs_minor=()), administrator()
    own, others = (ProjectFactory(proposer=person) for person in (by, UserFactory()))
    for project in (own, others):
        proposal = submit_proposal(project, cycle.pots.get(), by=by)
        put_on_ballot(reviewed(proposal, by=administrator()), by=by)
    tell_of_cycles()
    assert written() == []
    voters(cycle, 1)
    opened(cycle)
    tell_of_cycles()
    assert written() == [others.proposer_id]


def test_too_few_supports_are_told_with_the_figures_once():
    cycle = opened(supporting_draft(needed=3))
    short, enough = supported(cycle, 1), supported(cycle, 3)
    Project.objects.filter(pk=short.project_id).update(title="Trees & <b>benches</b>")
    friend, follower = UserFactory(), UserFactory()
    CoAuthor.objects.create(project=short.project, user=friend)
    follow(about(short.project), by=follower)
    tell_of_cycles()
    assert written() == []
    keep_supports(cycle)
    tell_of_cycles()
    tell_of_cycles()
    assert written() == sorted([short.project.proposer_id, friend.pk])
    assert told(follower)[-1] == NewsKind.TOO_FEW
    assert NewsKind.TOO_FEW not in told(enough.project.proposer)
    [sent] = [sent for sent in sent_mails() if friend.email in sent.to]
    words = "1 person supported “{title}”. It needed 3 to come on the ballot"
    assert sent.subject == "Too few supports: Trees & <b>benches</b>"
    assert words.format(title="Trees & <b>benches</b>") in sent.body
    escaped = words.format(title="Trees &amp; &lt;b&gt;benches&lt;/b&gt;")
    assert escaped in sent.alternatives[0][0]
    put_on_ballot(enough, by=administrator())
    assert SupportCount.objects.get(proposal=short).people == 1


def test_an_author_who_was_written_to_of_the_verdict_gets_it_in_no_digest():
    cycle, [proposal] = reviewing_cycle()
    author, follower = proposal.project.proposer, UserFactory()
    for person in (author, follower):
        follow(about(proposal.project), by=person)
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    tell_of_cycles()
    assert told(author) == told(follower) == [NewsKind.FEASIBLE]
    assert written("verdict_published") == [author.pk]
    assert mail_news(Pace.DAILY) == 1
    assert written("news") == [follower.pk]
    assert written() == []


def test_who_was_written_to_of_a_merge_gets_it_in_no_digest():
    child, into = ProjectFactory(), ProjectFactory()
    follower = UserFactory()
    for person in (child.proposer, follower):
        follow(about(child), by=person)
    asked = ask_to_merge(child, into, reason="The same bench.", by=child.proposer)
    agree_to_merge(asked, by=into.proposer)
    tell_of_projects()
    assert told(child.proposer) == told(follower) == [NewsKind.MERGED]
    assert child.proposer_id in written("project_merged")
    assert mail_news(Pace.DAILY) == 1
    assert written("news") == [follower.pk]


def test_a_creator_who_was_written_to_of_the_outcome_gets_it_in_no_digest():
    campaign = CampaignFactory()
    follow(about(campaign.project), by=campaign.creator)
    for state in (CampaignState.CLOSING, CampaignState.UNFUNDED):
        campaign = advance(campaign, state, CAMPAIGN_MOVES, actor=None)
    tell_of_campaigns()
    assert told(campaign.creator) == [NewsKind.UNFUNDED]
    assert mail_news(Pace.DAILY) == 0


def test_telling_authors_asks_as_much_for_three_projects_as_for_one():
    asked = []
    for number in (1, 3):
        cycle = opened(supporting_draft(needed=3))
        for _ in range(number):
            supported(cycle, 1)
        keep_supports(cycle)
        with CaptureQueriesContext(connection) as queries:
            assert tell_of_cycles()
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert len(mail.outbox) == 0
