"""Facts about projects, campaigns and cycles become notices: to whom, and once for each person."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import PhaseKind
from budgeting.services.cycles import add_phase, cancel_cycle, request_cancelling
from budgeting.services.news import tell_of_cycles
from budgeting.services.proposals import submit_proposal
from budgeting.services.results import certify, publish
from budgeting.services.reviews import give_review
from budgeting.tasks import tell_followers as tell_of_cycles_by_task
from civicfund.audit.services import advance, db_now
from civicfund.moments import moment
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, compose, send_next, stop_mail
from civicfund.places.enums import PlaceKind
from civicfund.pledges.enums import CAMPAIGN_MOVES, CampaignState
from civicfund.pledges.services.news import tell_of_campaigns
from civicfund.pledges.tasks import tell_followers as tell_of_campaigns_by_task
from civicfund.projects.services.merging import agree_to_merge, ask_to_merge, undo_merge
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import NewsKind, Pace, SubjectKind
from civicfund.talk.models import Fact, News, Thread
from civicfund.talk.selectors import news_of
from civicfund.talk.selectors.words import words_of
from civicfund.talk.services import follow, set_pace
from civicfund.talk.services.facts import Happened, tell_facts
from civicfund.talk.services.news import mail_news, tell_of_projects
from tests.budgeting.test_publishing import counted
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    extended,
    opened,
    publish_now,
    reviewed,
    running_cycle,
    voters,
)
from tests.factories.budgeting import moved as move
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, suspend
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.talk.test_moderating import moderator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
upgrade = import_module("civicfund.pledges.migrations.0023_goals_reached_before")


def follower(kind, row):
    person = UserFactory()
    follow(visible_subject(person, kind, row.pk), by=person)
    return person


def told(person):
    return [news.kind for news in reversed(news_of(person))]


def fact(project, what=NewsKind.SELECTED, source="made-up:1", **more):
    return Happened((SubjectKind.PROJECT, project.pk), what, source, **more)


def moved(campaign, *states):
    for state in states:
        campaign = advance(campaign, state, CAMPAIGN_MOVES, actor=None)
    return campaign


def test_facts_of_one_sweep_come_in_the_order_in_which_they_happened():
    project = ProjectFactory()
    person = follower(SubjectKind.PROJECT, project)
    tell_facts(
        [
            fact(project, NewsKind.SELECTED, "event:100"),
            fact(project, NewsKind.ON_BALLOT, "event:99"),
            fact(project, NewsKind.FEASIBLE, "event:9"),
        ]
    )
    assert told(person) == [NewsKind.FEASIBLE, NewsKind.ON_BALLOT, NewsKind.SELECTED]


def test_a_fact_that_is_told_again_gives_one_notice_to_each_follower():
    project = ProjectFactory()
    people = [follower(SubjectKind.PROJECT, project) for _ in range(2)]
    assert [tell_facts([fact(project)] * 2), tell_facts([fact(project)])] == [1, 0]
    assert [told(person) for person in people] == [[NewsKind.SELECTED]] * 2
    late = follower(SubjectKind.PROJECT, project)
    assert (tell_facts([fact(project)]), told(late)) == (0, [])


def test_who_follows_a_thing_and_its_place_is_told_once_and_who_did_it_is_not():
    project = ProjectFactory()
    both, actor, gone = (follower(SubjectKind.PROJECT, project) for _ in range(3))
    for person in (both, actor):
        place = visible_subject(person, SubjectKind.NEIGHBORHOOD, project.neighborhood_id)
        follow(place, by=person)
    gone.is_active = False
    gone.save()
    place, itself = SubjectKind.NEIGHBORHOOD, (SubjectKind.PROJECT, project.pk)
    heard_by = frozenset({itself, (place, project.neighborhood_id)})
    tell_facts([fact(project, heard_by=heard_by, by=frozenset({actor.pk}))])
    assert [told(person) for person in (both, actor, gone)] == [[NewsKind.SELECTED], [], []]


def test_telling_asks_as_much_for_many_followers_as_for_one():
    counts = []
    for number in (1, 30):
        project = ProjectFactory()
        for _ in range(number):
            follower(SubjectKind.PROJECT, project)
        with CaptureQueriesContext(connection) as queries:
            tell_facts([fact(project, source=f"made-up:{number}")])
        counts.append(len(queries))
    assert News.objects.count() == 31
    assert counts[0] == counts[1]


def test_the_tables_refuse_a_fact_or_a_notice_of_it_twice_and_what_is_none():
    project = ProjectFactory()
    person = follower(SubjectKind.PROJECT, project)
    tell_facts([fact(project)])
    known, thread = Fact.objects.get(), Thread.objects.get()
    notice = {"recipient": person, "thread": thread, "kind": NewsKind.SELECTED}
    twice = {"thread": thread, "what": NewsKind.SELECTED}
    for make, name in (
        (lambda: Fact.objects.create(**twice, source=known.source), "fact_told_once"),
        (lambda: Fact.objects.create(**twice | {"what": "gossip"}, source="a"), "fact_known"),
        (lambda: Fact.objects.create(**twice | {"what": "comment"}, source="a"), "fact_known"),
        (lambda: News.objects.create(**notice, fact=known), "news_told_once"),
        (lambda: News.objects.create(**notice), "news_of_a_comment_or_a_fact"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make()
    News.objects.all().delete()
    for change in (lambda: Fact.objects.update(what="goal"), lambda: Fact.objects.all().delete()):
        with pytest.raises(DatabaseError, match=r"permission denied"), transaction.atomic():
            change()
    assert Fact.objects.get().what == NewsKind.SELECTED


def test_a_merged_project_is_told_to_who_followed_it():
    child, whole = ProjectFactory(), ProjectFactory()
    person, other = (follower(SubjectKind.PROJECT, each) for each in (child, whole))
    asked = ask_to_merge(child, whole, reason="The same bench.", by=child.proposer)
    tell_of_projects()
    assert told(person) == []
    agree_to_merge(asked, by=whole.proposer)
    assert [tell_of_projects(), tell_of_projects()] == [1, 0]
    assert (told(person), told(other)) == ([NewsKind.MERGED], [])


def test_whoever_follows_a_part_hears_of_the_whole_once_while_it_is_part_of_it():
    cycle, [proposal] = reviewing_cycle()
    whole, child, apart = proposal.project, ProjectFactory(), ProjectFactory()
    person, other, both = (follower(SubjectKind.PROJECT, each) for each in (child, apart, child))
    follow(visible_subject(both, SubjectKind.PROJECT, whole.pk), by=both)
    merges = [
        agree_to_merge(
            ask_to_merge(each, whole, reason="The same bench.", by=each.proposer),
            by=whole.proposer,
        )
        for each in (child, apart)
    ]
    undo_merge(merges[1], reason="Another one.", by=moderator())
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    tell_of_cycles()
    for each in (person, both):
        assert told(each) == [NewsKind.FEASIBLE]
        assert {news.thread.subject_id for news in news_of(each)} == {whole.pk}
    assert told(other) == []


def test_a_verdict_is_told_when_it_is_public_and_not_before():
    cycle, [proposal] = reviewing_cycle()
    person = follower(SubjectKind.PROJECT, proposal.project)
    give_review(proposal, feasible=True, by=reviewer())
    tell_of_cycles()
    assert told(person) == []
    publish_now(cycle, by=administrator())
    tell_of_cycles()
    tell_of_cycles()
    assert told(person) == [NewsKind.FEASIBLE]


def test_of_a_refusal_followers_are_told_as_well():
    _cycle, [proposal] = reviewing_cycle()
    person = follower(SubjectKind.PROJECT, proposal.project)
    reviewed(proposal, by=administrator(), feasible=False, reason="No room.")
    tell_of_cycles()
    assert told(person) == [NewsKind.NOT_FEASIBLE]


def test_of_a_cycle_that_is_a_draft_nobody_hears():
    cycle = draft_cycle()
    project = cycle.proposals.first().project
    person = follower(SubjectKind.PROJECT, project)
    place = follower(SubjectKind.NEIGHBORHOOD, project.neighborhood)
    tell_of_cycles()
    assert (told(person), told(place), Fact.objects.count()) == ([], [], 0)
    voters(cycle, 1)
    opened(cycle)
    tell_of_cycles()
    assert told(person) == [NewsKind.FEASIBLE, NewsKind.ON_BALLOT]


def test_results_are_told_to_who_follows_the_cycle_its_places_or_a_project_in_it():
    cycle = counted()
    city, other = CityFactory(), NeighborhoodFactory()
    proposals = list(cycle.proposals.order_by("pk"))
    watchers = [
        follower(SubjectKind.CYCLE, cycle),
        follower(SubjectKind.NEIGHBORHOOD, city),
        follower(SubjectKind.NEIGHBORHOOD, other),
        *(follower(SubjectKind.PROJECT, each.project) for each in proposals),
    ]
    tell_of_cycles()
    News.objects.all().delete()
    publish(certify(cycle, by=certifier()), by=certifier())
    tell_of_cycles()
    tell_of_cycles()
    states = [NewsKind(each.state) for each in cycle.proposals.order_by("pk")]
    assert [told(each) for each in watchers] == [[NewsKind.RESULTS]] * 3 + [[s] for s in states]
    assert set(states) == {NewsKind.SELECTED, NewsKind.NOT_SELECTED}


def test_a_cycle_of_one_district_is_told_above_and_below_it_and_not_beside_it():
    city = CityFactory()
    district, beside = (NeighborhoodFactory(kind=PlaceKind.DISTRICT, parent=city) for _ in "ab")
    home = NeighborhoodFactory(parent=district)
    people = [follower(SubjectKind.NEIGHBORHOOD, each) for each in (city, district, home, beside)]
    cycle = draft_cycle(costs_minor=(), place=district)
    voters(cycle, 1)
    opened(cycle)
    tell_of_cycles()
    assert [told(each) for each in people] == [[NewsKind.VOTING_BEGINS]] * 3 + [[]]


def test_a_phase_is_told_when_it_begins_and_shortly_before_it_ends():
    day = timedelta(days=1)
    draft = draft_cycle(costs_minor=(), voting_starts_in=7 * day, voting_ends_in=9 * day)
    by, now = administrator(), db_now()
    add_phase(draft, PhaseKind.PROPOSING, starts_at=now - 4 * day, ends_at=now + day, by=by)
    add_phase(draft, PhaseKind.REVIEWING, starts_at=now - 5 * day, ends_at=now + day, by=by)
    add_phase(draft, PhaseKind.SUPPORTING, starts_at=now - day, ends_at=now + day, by=by)
    add_phase(draft, PhaseKind.INFORMING, starts_at=now - 9 * day, ends_at=now + 9 * day, by=by)
    voters(draft, 1)
    person = follower(SubjectKind.CYCLE, opened(draft))
    tell_of_cycles_by_task()
    tell_of_cycles_by_task()
    # Supporting lasts two days, so that its end is no news; informing began too long ago.
    assert sorted(told(person)) == [
        NewsKind.PROPOSING_BEGINS,
        NewsKind.PROPOSING_ENDS,
        NewsKind.REVIEWING_BEGINS,
        NewsKind.SUPPORTING_BEGINS,
    ]


def test_an_end_of_voting_that_is_put_off_is_told_anew():
    day = timedelta(days=1)
    cycle, _people = running_cycle(voting_starts_in=-4 * day, voting_ends_in=day)
    person = follower(SubjectKind.CYCLE, cycle)
    tell_of_cycles()
    extended(cycle, timedelta(hours=2))
    tell_of_cycles()
    assert sorted(told(person)) == sorted(
        [NewsKind.VOTING_BEGINS, NewsKind.DATES_MOVED, *[NewsKind.VOTING_ENDS] * 2]
    )
    assert "“Voting” lasts until" in words_of(news_of(person)).popitem()[1]


def with_a_reviewing_phase():
    """An open cycle in which reviewing is still to end, and two projects of one author."""
    draft = draft_cycle(costs_minor=(), voting_starts_in=9 * DAY, voting_ends_in=10 * DAY)
    now = db_now()
    add_phase(
        draft, PhaseKind.REVIEWING, starts_at=now - DAY, ends_at=now + DAY, by=administrator()
    )
    author = UserFactory()
    for _ in range(2):
        submit_proposal(ProjectFactory(proposer=author), draft.pots.get(), by=administrator())
    voters(draft, 1)
    return opened(draft), author


def test_dates_that_move_are_told_once_to_who_follows_and_who_has_a_project_in_it(client):
    cycle, author = with_a_reviewing_phase()
    person, elsewhere = follower(SubjectKind.CYCLE, cycle), UserFactory()
    tell_of_cycles()
    News.objects.all().delete()
    made = move(cycle, PhaseKind.REVIEWING, 2 * DAY, reason="Reviewers are ill.")
    agreed = made.approval.approved_by
    follow(visible_subject(agreed, "cycle", cycle.pk), by=agreed)
    tell_of_cycles_by_task()
    tell_of_cycles_by_task()
    assert [told(each) for each in (person, author, elsewhere, agreed)] == [
        [NewsKind.DATES_MOVED], [NewsKind.DATES_MOVED], [], [],
    ]  # fmt: skip
    end, was = moment(made.to_ends_at), moment(made.from_ends_at)
    words = f"“Reviewing” lasts until {end}, and not until {was}, as it was to."
    [letter] = Message.objects.filter(kind="dates_moved")
    assert letter.recipient == author
    sent = compose(letter.kind, author, letter.context).body
    assert words in sent
    assert "Reviewers are ill." in sent
    assert (mail_news(Pace.DAILY), Message.objects.filter(kind="news").count()) == (1, 1)
    digest = Message.objects.get(kind="news")
    assert digest.recipient == person
    text = f"{words} The reason: “Reviewers are ill.”"
    assert text in compose(digest.kind, person, digest.context).body
    client.force_login(person)
    assert text in client.get(reverse("my_notices")).content.decode()


def test_notices_of_dates_ask_as_much_for_three_as_for_one(client):
    cycle, _author = with_a_reviewing_phase()
    person, asked = follower(SubjectKind.CYCLE, cycle), []
    client.force_login(person)
    for times in (1, 2):
        for _ in range(times):
            move(cycle, PhaseKind.REVIEWING, timedelta(hours=1))
        tell_of_cycles()
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("my_notices"))
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_cycle_that_is_called_off_is_told():
    cycle, _people = running_cycle()
    person = follower(SubjectKind.CYCLE, cycle)
    tell_of_cycles()
    request_cancelling(cycle, by=administrator(), reason="Flood.")
    cancel_cycle(cycle, by=administrator())
    tell_of_cycles()
    assert told(person) == [NewsKind.VOTING_BEGINS, NewsKind.CALLED_OFF]


def test_of_a_draft_that_is_dropped_nothing_is_told():
    cycle = draft_cycle()
    person = follower(SubjectKind.NEIGHBORHOOD, cycle.pots.get().place)
    request_cancelling(cycle, by=administrator(), reason="A slip of the pen.")
    cancel_cycle(cycle, by=administrator())
    assert tell_of_cycles() == 0
    assert told(person) == []
    assert not Fact.objects.exists()


def test_a_start_is_told_to_who_follows_the_project_or_the_place_and_a_stop_is_no_start():
    campaign = CampaignFactory(state=CampaignState.APPROVED)
    project = follower(SubjectKind.PROJECT, campaign.project)
    place = follower(SubjectKind.NEIGHBORHOOD, campaign.project.neighborhood)
    tell_of_campaigns()
    assert told(project) == []
    live = advance(campaign, CampaignState.LIVE, CAMPAIGN_MOVES, actor=None, live_at=timezone.now())
    tell_of_campaigns()
    suspension = suspend(live)
    stopped = advance(
        live, CampaignState.SUSPENDED, CAMPAIGN_MOVES, actor=None, suspension_reason="Odd."
    )
    suspension.lifted_by, suspension.lifted_at = suspension.suspended_by, timezone.now()
    suspension.save()
    advance(
        stopped, CampaignState.LIVE, CAMPAIGN_MOVES,
        actor=None, suspension_reason="", resumption_reason="It was not.",
    )  # fmt: skip
    tell_of_campaigns()
    assert (told(project), told(place)) == ([NewsKind.STARTED], [NewsKind.STARTED])


def test_a_goal_is_told_once_when_it_is_reached():
    campaign = CampaignFactory(goal_minor=5_000)
    people = [
        follower(SubjectKind.CAMPAIGN, campaign),
        follower(SubjectKind.PROJECT, campaign.project),
    ]
    PledgeFactory(campaign=campaign, amount_minor=4_999)
    tell_of_campaigns()
    assert [told(each) for each in people] == [[], []]
    PledgeFactory(campaign=campaign, amount_minor=1)
    tell_of_campaigns()
    tell_of_campaigns()
    assert [told(each) for each in people] == [[NewsKind.GOAL]] * 2


def test_a_goal_that_was_reached_before_an_upgrade_is_no_news_and_a_later_one_is():
    """Run again, as a migration that was cut off is, it changes nothing."""
    reached, below = (CampaignFactory(goal_minor=5_000) for _ in range(2))
    people = [follower(SubjectKind.CAMPAIGN, each) for each in (reached, below)]
    PledgeFactory(campaign=reached, amount_minor=5_000)
    PledgeFactory(campaign=below, amount_minor=4_999)
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(upgrade.KNOWN)
    assert (tell_of_campaigns(), [told(each) for each in people]) == (0, [[], []])
    PledgeFactory(campaign=below, amount_minor=1)
    assert (tell_of_campaigns(), [told(each) for each in people]) == (1, [[], [NewsKind.GOAL]])


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (["closing", "unfunded"], [NewsKind.UNFUNDED]),
        (["cancelled"], [NewsKind.CALLED_OFF]),
        (["closing", "funded", "collecting", "settled"], [NewsKind.FUNDED, NewsKind.SETTLED]),
        (
            ["closing", "funded", "collecting", "recovering", "settled_short"],
            [NewsKind.FUNDED, NewsKind.SETTLED_SHORT],
        ),
        (
            ["closing", "funded", "collecting", "recovering", "failed_short"],
            [NewsKind.FUNDED, NewsKind.FAILED_SHORT],
        ),
    ],
)
def test_what_became_of_a_campaign_is_told_to_who_follows_it(way, expected):
    campaign = CampaignFactory()
    person = follower(SubjectKind.CAMPAIGN, campaign)
    for state in way:
        campaign = moved(campaign, CampaignState(state))
        tell_of_campaigns_by_task()
    assert told(person) == expected


def test_facts_are_mailed_as_each_wants_and_shown_among_the_notices(client):
    project = ProjectFactory(title="Trees & <b>benches</b>")
    people = {pace: follower(SubjectKind.PROJECT, project) for pace in Pace}
    for pace, person in people.items():
        set_pace(pace, by=person)
    stop_mail(StopLink(people[Pace.DAILY], Topic.FOLLOWING))
    tell_facts([fact(project), fact(project, NewsKind.ON_BALLOT, "made-up:2")])
    assert mail_news(Pace.INSTANT, Pace.DAILY) == 1
    assert Message.objects.get().recipient == people[Pace.INSTANT]
    while send_next():
        pass
    [sent] = mail.outbox
    words = "It is on the ballot, It won and gets the money"
    assert f"Trees & <b>benches</b>: {words}" in sent.body
    assert (
        f"Trees &amp; &lt;b&gt;benches&lt;/b&gt;</strong></a>: {words}" in sent.alternatives[0][0]
    )
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    client.force_login(people[Pace.NEVER])
    page = client.get(reverse("my_notices")).content.decode()
    assert "2 are new" in page
    assert "It won and gets the money: Trees &amp; &lt;b&gt;benches" in page
