"""Atom and iCalendar: well-formed whatever people write, public facts only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from budgeting.models import Phase, Proposal
from budgeting.services.news import tell_of_cycles
from budgeting.services.proposals import submit_proposal
from budgeting.services.results import certify, publish
from civicfund.audit.services import advance
from civicfund.calendars import Event, calendar_response
from civicfund.delivery.models import Milestone
from civicfund.places.enums import PlaceKind
from civicfund.pledges.enums import CAMPAIGN_MOVES, CampaignState
from civicfund.pledges.services.news import tell_of_campaigns
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.services.merging import agree_to_merge, ask_to_merge, undo_merge
from civicfund.talk.enums import NewsKind
from civicfund.talk.models import Fact
from civicfund.talk.services import delete_comment
from civicfund.talk.services.news import tell_of_projects
from civicfund.town.selectors import feeds
from tests.budgeting.test_publishing import counted
from tests.factories.budgeting import administrator, certifier, draft_cycle, running_cycle
from tests.factories.delivery import planned, reach
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import announced, reviewing_cycle
from tests.factories.talk import CommentFactory, ThreadFactory
from tests.talk.test_moderating import hide, moderator

ATOM = "{http://www.w3.org/2005/Atom}"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
# All that feeds may read: no ballot, no participation, no pledge, no sum.
READ = {
    "talk_thread", "talk_comment", "talk_hiding", "people_user", "people_rolegrant",
    "projects_project", "places_neighborhood", "pledges_campaign", "pledges_campaignupdate",
    "budgeting_cycle", "budgeting_phase", "budgeting_phasemove", "budgeting_pot",
    "budgeting_proposal", "budgeting_verdictpublication", "delivery_milestone",
    "delivery_milestonereport", "delivery_milestoneverdict", "talk_fact",
}  # fmt: skip


def entries(client, kind, pk):
    answer = client.get(reverse("atom", args=[kind, pk]))
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)  # noqa: S314 -- our own answer
    return [
        {part.tag.removeprefix(ATOM): part.text or part.get("href") for part in entry}
        for entry in feed.iter(f"{ATOM}entry")
    ]


def lines(client, kind, pk):
    answer = client.get(reverse("calendar", args=[kind, pk]))
    assert answer["Content-Type"].startswith("text/calendar")
    return unfolded(answer.content)


def unfolded(body):
    """As a calendar program reads it; every line as RFC 5545 wants it."""
    assert body.endswith(b"END:VCALENDAR\r\n")
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
        assert b"\n" not in line
        assert b"\r" not in line
    lines = body.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert [line.splitlines() for line in lines] == [[line] for line in lines]
    return lines


@pytest.mark.django_db
def test_a_projects_feed_holds_what_was_said_and_its_calendar_when_its_campaign_ends(client):
    campaign = CampaignFactory()
    project = campaign.project
    thread = ThreadFactory(subject_id=project.pk)
    first = CommentFactory(thread=thread, body="One <b>\n\nhttps://example.org")
    CommentFactory(thread=thread, parent=first, body="Two.")
    hide(CommentFactory(thread=thread, body="Hidden words."))
    gone = CommentFactory(thread=thread, body="Deleted words.")
    delete_comment(gone, by=gone.author)
    found = entries(client, "project", project.pk)
    assert [entry["title"] for entry in found] == ["An answer", "A comment"]
    assert found[1]["link"] == f"http://testserver{first.get_absolute_url()}"
    assert found[1]["summary"] == (
        '<p>One &lt;b&gt;</p>\n\n<p><a href="https://example.org" '
        'rel="nofollow noopener noreferrer">https://example.org</a></p>'
    )
    ends = f"DTEND:{campaign.deadline_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for kind, pk in (("project", project.pk), ("campaign", campaign.pk)):
        shown = lines(client, kind, pk)
        assert ends in shown
        assert f"UID:campaign-{campaign.pk}@127.0.0.1" in shown


@pytest.mark.django_db
def test_a_cycles_feed_says_what_has_begun_and_its_calendar_holds_its_phases(client):
    cycle, _voters = running_cycle()
    begun = Phase.objects.filter(cycle=cycle, starts_at__lte=timezone.now()).count()
    assert len(entries(client, "cycle", cycle.pk)) == begun > 0
    shown = lines(client, "cycle", cycle.pk)
    assert phases_in(client, "cycle", cycle.pk) == phases_of(cycle)
    assert f"SUMMARY:{cycle.title}: Voting" in shown


@pytest.mark.django_db
def test_a_neighborhoods_feed_holds_its_projects_and_its_calendar_what_ends_there(client):
    place = NeighborhoodFactory()
    campaign = CampaignFactory(project__neighborhood=place)
    elsewhere = CampaignFactory()
    ProjectFactory(neighborhood=place, state=ProjectState.DRAFT)
    assert [entry["title"] for entry in entries(client, "neighborhood", place.pk)] == [
        campaign.project.title
    ]
    shown = "\n".join(lines(client, "neighborhood", place.pk))
    assert f"campaign-{campaign.pk}@" in shown
    assert f"campaign-{elsewhere.pk}@" not in shown


def phases_in(client, kind, pk):
    """The numbers of the phases in a calendar."""
    shown = "\n".join(lines(client, kind, pk))
    return {int(number) for number in re.findall(r"UID:phase-(\d+)@", shown)}


def phases_of(*cycles):
    return set(Phase.objects.filter(cycle__in=cycles).values_list("pk", flat=True))


@pytest.mark.django_db
def test_a_neighborhoods_calendar_holds_the_votes_on_its_money_and_none_elsewhere(client):
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    here, there = NeighborhoodFactory(parent=district), NeighborhoodFactory()
    of_all, _voters = running_cycle(costs_minor=())
    near, _voters = running_cycle(place=here, costs_minor=())
    around, _voters = running_cycle(place=district, costs_minor=())
    far, _voters = running_cycle(place=there, costs_minor=())
    draft_cycle(place=here, costs_minor=())
    assert phases_in(client, "neighborhood", here.pk) == phases_of(of_all, near, around)
    assert phases_in(client, "neighborhood", district.pk) == phases_of(of_all, near, around)
    assert phases_in(client, "neighborhood", there.pk) == phases_of(of_all, far)


@pytest.mark.django_db
def test_a_projects_calendar_holds_the_votes_that_it_is_in(client):
    cycle, _voters = running_cycle()
    running_cycle()
    draft = draft_cycle(costs_minor=())
    project = Project.objects.get(pk=cycle.proposals.order_by("pk")[0].project_id)
    submit_proposal(project, draft.pots.get(), by=administrator())
    campaign = CampaignFactory(project=project)
    assert phases_in(client, "project", project.pk) == phases_of(cycle)
    assert f"UID:campaign-{campaign.pk}@127.0.0.1" in lines(client, "project", project.pk)
    other = CampaignFactory().project
    assert phases_in(client, "project", other.pk) == set()


def titles(client, kind, pk):
    return [entry["title"] for entry in entries(client, kind, pk)]


@pytest.mark.django_db
def test_a_projects_feed_says_what_became_of_it(client):
    cycle = counted()
    proposals = list(cycle.proposals.order_by("pk").select_related("project"))
    tell_of_cycles()
    publish(certify(cycle, by=certifier()), by=certifier())
    tell_of_cycles()
    for proposal in Proposal.objects.filter(pk__in=[each.pk for each in proposals]):
        outcome = {"selected": "It won and gets the money", "not_selected": "It did not win"}
        found = entries(client, "project", proposal.project_id)
        assert [entry["title"] for entry in found] == [
            outcome[proposal.state],
            "It is on the ballot",
            "The review says that it can be done",
        ]
        assert len({entry["id"] for entry in found}) == 3
    assert "The results are published" in titles(client, "cycle", cycle.pk)


@pytest.mark.django_db
def test_a_projects_feed_says_that_it_was_merged_while_it_is(client):
    child, into = ProjectFactory(), ProjectFactory()
    asked = ask_to_merge(child, into, reason="The same bench.", by=child.proposer)
    tell_of_projects()
    assert titles(client, "project", child.pk) == []
    merge = agree_to_merge(asked, by=into.proposer)
    tell_of_projects()
    assert titles(client, "project", child.pk) == ["It was merged into another project"]
    assert titles(client, "project", into.pk) == []
    undo_merge(merge, reason="Another one.", by=moderator())
    assert titles(client, "project", child.pk) == []


@pytest.mark.django_db
def test_a_neighborhoods_feed_says_what_starts_and_ends_there(client):
    here, there = NeighborhoodFactory(), NeighborhoodFactory()
    campaign = CampaignFactory(project__neighborhood=here, state=CampaignState.APPROVED)
    advance(campaign, CampaignState.LIVE, CAMPAIGN_MOVES, actor=None, live_at=timezone.now())
    for state in (CampaignState.CLOSING, CampaignState.UNFUNDED):
        advance(campaign, state, CAMPAIGN_MOVES, actor=None)
    cycle, _voters = running_cycle(place=here, costs_minor=())
    tell_of_campaigns()
    tell_of_cycles()
    name = campaign.project.title
    assert set(titles(client, "neighborhood", here.pk)) == {
        name,
        f"It has started: people can pledge: {name}",
        f"It ended below its goal: nobody is charged: {name}",
        f"Voting has begun: {cycle.title}",
    }
    assert titles(client, "neighborhood", there.pk) == []
    Project.objects.filter(pk=campaign.project_id).update(state=ProjectState.WITHDRAWN)
    assert titles(client, "neighborhood", here.pk) == [f"Voting has begun: {cycle.title}"]


@pytest.mark.django_db
def test_no_feed_says_that_a_campaign_has_reached_its_goal(client):
    campaign = CampaignFactory(goal_minor=100)
    PledgeFactory(campaign=campaign, amount_minor=100)
    tell_of_campaigns()
    assert Fact.objects.get().what == NewsKind.GOAL
    for kind, pk in (
        ("campaign", campaign.pk),
        ("project", campaign.project_id),
        ("neighborhood", campaign.project.neighborhood_id),
    ):
        assert not [title for title in titles(client, kind, pk) if "goal" in title]


@pytest.mark.django_db
def test_calendars_hold_verdicts_and_appeals_of_the_vote_that_they_are_about(client):
    cycle, [proposal] = reviewing_cycle()
    verdicts = announced(cycle)
    other, _proposals = reviewing_cycle()
    for kind, pk in (("cycle", cycle.pk), ("project", proposal.project_id)):
        shown = "\n".join(lines(client, kind, pk))
        uid = f"UID:verdicts-{verdicts.pk}@127.0.0.1\n"
        assert shown.count(uid) == shown.count("UID:appeals-") == 1
        assert f"DTSTART:{verdicts.at.astimezone(UTC):%Y%m%dT%H%M%SZ}\nSUMMARY:" in shown
        assert f"DTEND:{verdicts.appeals_until.astimezone(UTC):%Y%m%dT%H%M%SZ}" in shown
    assert "UID:verdicts-" not in "\n".join(lines(client, "cycle", other.pk))


@pytest.mark.django_db
def test_calendars_hold_milestones_that_are_not_reached(client):
    project = CampaignFactory(state=CampaignState.SETTLED).project
    first, second = planned(project, 40, 60)
    reach(first)
    elsewhere = planned(ProjectFactory(), 100)[0]
    for kind, pk in (("project", project.pk), ("neighborhood", project.neighborhood_id)):
        shown = lines(client, kind, pk)
        assert f"UID:milestone-{second.pk}@127.0.0.1" in shown
        assert f"DTSTART;VALUE=DATE:{second.due_on:%Y%m%d}" in shown
        assert f"SUMMARY:{project.title}: {second.title}" in shown
        for absent in (first, elsewhere):
            assert f"UID:milestone-{absent.pk}@127.0.0.1" not in shown


@pytest.mark.django_db
def test_a_places_calendar_is_not_filled_by_what_nobody_builds_or_what_is_past(client, monkeypatch):
    monkeypatch.setattr(feeds, "MOST_DATES", 2)
    place, today = NeighborhoodFactory(), timezone.localdate()

    def due(project, day):
        [step] = planned(project, 100)
        Milestone.objects.filter(pk=step.pk).update(due_on=today + timedelta(days=day))
        return f"UID:milestone-{step.pk}@127.0.0.1"

    def funded():
        return CampaignFactory(project__neighborhood=place, state=CampaignState.SETTLED).project

    late, now, later = due(overdue := funded(), -1), due(funded(), 0), due(funded(), 9)
    lost = CampaignFactory(project__neighborhood=place, state=CampaignState.UNFUNDED).project
    dead = [due(lost, 1), due(ProjectFactory(neighborhood=place), 2)]
    shown = lines(client, "neighborhood", place.pk)
    assert {now, later} <= set(shown)
    assert not {late, *dead} & set(shown)
    assert late in lines(client, "project", overdue.pk)


@pytest.mark.django_db
def test_what_is_not_public_has_no_feed_for_anybody(client):
    project = ProjectFactory(state=ProjectState.DRAFT)
    client.force_login(project.proposer)
    for kind, pk in (("project", project.pk), ("cycle", draft_cycle().pk), ("ballot", 1)):
        for name in ("atom", "calendar"):
            assert client.get(reverse(name, args=[kind, pk])).status_code == 404


@pytest.mark.django_db
def test_feeds_read_nothing_about_choices_or_sums(client):
    """Whoever watches the feeds while people vote and pledge learns nothing from them."""
    cycle, _voters = running_cycle()
    campaign = CampaignFactory()
    place = campaign.project.neighborhood
    CommentFactory(thread=ThreadFactory(kind="cycle", subject_id=cycle.pk))
    tables = set()
    for kind, pk in (
        ("cycle", cycle.pk),
        ("project", campaign.project_id),
        ("campaign", campaign.pk),
        ("neighborhood", place.pk),
    ):
        for name in ("atom", "calendar"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(name, args=[kind, pk])).status_code == 200
            for query in queries:
                tables |= set(re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"]))
    assert tables
    assert tables <= READ


@pytest.mark.django_db
def test_feeds_ask_as_much_for_three_as_for_one(client):
    place, (cycle, _voters) = NeighborhoodFactory(), running_cycle()
    thread = ThreadFactory(kind="cycle", subject_id=cycle.pk)
    counts = []
    for more in (1, 2):
        for campaign in CampaignFactory.create_batch(more, project__neighborhood=place):
            planned(campaign.project, 100)
            built = CampaignFactory(project__neighborhood=place, state=CampaignState.SETTLED)
            planned(built.project, 100)
            of_campaign = ThreadFactory(kind="campaign", subject_id=campaign.pk)
            for of, what in ((of_campaign, NewsKind.STARTED), (thread, NewsKind.VOTING_BEGINS)):
                Fact.objects.create(thread=of, what=what, source=f"made-up:{what}:{campaign.pk}")
        CommentFactory.create_batch(more, thread=thread)
        asked = []
        for kind, pk in (("neighborhood", place.pk), ("cycle", cycle.pk)):
            for name in ("atom", "calendar"):
                with CaptureQueriesContext(connection) as queries:
                    client.get(reverse(name, args=[kind, pk]))
                asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_words_that_xml_and_calendars_cannot_hold_break_neither(client):
    title, summary = "A\x0bB\r\nDTEND:1;2,3\\", "\x1b]]> \u202e"
    campaign = CampaignFactory(project__title=title, project__summary=summary)
    place = campaign.project.neighborhood
    [entry] = entries(client, "neighborhood", place.pk)
    assert entry["title"] == "AB\nDTEND:1;2,3\\"
    shown = lines(client, "neighborhood", place.pk)
    assert "SUMMARY:Last hour to pledge: AB\\nDTEND:1\\;2\\,3\\\\" in shown
    assert "DTEND:1;2,3\\" not in shown


@pytest.mark.parametrize("title", ["x" * 300, "é" * 150, "👩‍🌾" * 40, "a" * 66 + "é", ""])
def test_a_long_line_is_folded_and_no_letter_is_cut(title):
    event = Event("1@town", title, "https://town.example/", NOON, NOON + timedelta(hours=1))
    shown = unfolded(calendar_response("Town", [event], now=NOON).content)
    assert f"SUMMARY:{title}" in shown
    assert "DTSTART:20260501T120000Z" in shown
    assert "DTEND:20260501T130000Z" in shown
