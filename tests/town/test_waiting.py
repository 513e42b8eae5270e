"""What waits for the staff: beside each desk, once a day by mail, and at once where one of them
asks another.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.services.appropriations import request_appropriation
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.reviewers import assign
from civicfund.audit.services import db_now
from civicfund.delivery.services.reaching import say_reached
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, send_next, stop_mail, wants_mail
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.services.deciding import approve_payout, reject_payout
from civicfund.people.enums import Role
from civicfund.people.services import ask_for_role, grant_role
from civicfund.pledges.enums import CampaignState, ReportReason
from civicfund.pledges.models import CampaignReport
from civicfund.pledges.services.moderating import report_campaign
from civicfund.projects.models import CoAuthor
from civicfund.projects.services.moderating import flag_project
from civicfund.talk.enums import Wrong
from civicfund.talk.services import flag_comment
from civicfund.town import services
from civicfund.town.selectors.waiting import waiting_for
from civicfund.town.services import tell_desks, tell_of_requests
from civicfund.town.tasks import tell_second_people, tell_what_waits
from tests.factories.budgeting import administrator, draft_cycle, rehearsed
from tests.factories.delivery import planned
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.factories.talk import CommentFactory
from tests.mail_links import stop_link_in
from tests.payouts.test_payouts import ask, awarded
from tests.pledges.test_moderating_desk import submitted

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 29)


def holder(*roles):
    person = UserFactory()
    for role in roles:
        grant_role(person, role, by=None)
    person.refresh_from_db()
    return person


def found(person):
    return {(each.page, each.slug): each.number for each in waiting_for(person)}


def bank(project, by):
    return ask(project, by, source=Source.AWARD, method=Method.BANK)


# --- what waits for whom


def test_a_spokesperson_finds_the_questions_and_since_when():
    question = CommentFactory(asks_city=True)
    CommentFactory(asks_city=True)
    [waits] = waiting_for(holder(Role.SPOKESPERSON))
    assert (waits.address, waits.number) == (reverse("questions_desk"), 2)
    question.refresh_from_db()
    assert waits.since == question.created_at
    assert waiting_for(holder(Role.CLERK)) == []


def test_a_moderator_finds_what_is_reported_but_for_their_own():
    moderator = holder(Role.MODERATOR)
    for author in (UserFactory(), moderator):
        comment = CommentFactory(author=author)
        flag_comment(comment, by=UserFactory(), reason=Wrong.ADVERT)
        flag_project(ProjectFactory(proposer=author), by=UserFactory(), reason=Wrong.ADVERT)
        campaign = CampaignFactory(state=CampaignState.LIVE, creator=author)
        report_campaign(campaign, by=UserFactory(), reason=ReportReason.OTHER, words="Look.")
    assert CampaignReport.objects.count() == 2
    assert found(moderator) == {("comments_desk", ""): 2, ("campaigns_desk", ""): 1}


def test_a_reviewer_finds_campaigns_and_proposals_but_for_their_own():
    campaign = submitted()
    mine, other = reviewer(), reviewer()
    cycle, (own, late, others) = reviewing_cycle(3)
    CoAuthor.objects.create(project=own.project, user=mine)
    CoAuthor.objects.create(project=campaign.project, user=other)
    due = db_now() + timedelta(hours=2)
    by = administrator()
    assign(cycle, [late.reviews.get()], mine, due_at=due, by=by)
    assign(cycle, [others.reviews.get()], other, by=by)
    assert found(mine) == {("campaigns_desk", ""): 1, ("reviews", cycle.slug): 1}
    [board] = [each for each in waiting_for(mine) if each.page == "reviews"]
    assert board.until == due
    assert found(other) == {("reviews", cycle.slug): 2}


def test_a_second_treasurer_finds_what_the_first_asked_for():
    first, second = holder(Role.TREASURER), holder(Role.TREASURER)
    payout = bank(awarded(), first)
    assert (found(first), found(second)) == ({}, {("payouts", ""): 1})
    approve_payout(payout, by=second)  # now the bank's payment is to be noted, by either
    assert found(first) == found(second) == {("payouts", ""): 1}


def test_another_administrator_finds_what_one_asked_for_until_it_is_done():
    one, another = administrator(), administrator()
    cycle = draft_cycle(by=one)
    request_cancelling(cycle, by=one, reason="The flood.")
    assert ("cycle_desk", cycle.slug) not in found(one)
    assert found(another)["cycle_desk", cycle.slug] == 1
    assert ("cycle_desk", cycle.slug) not in found(holder(Role.CERTIFIER, Role.TREASURER))
    cancel_cycle(cycle, by=another)
    assert ("cycle_desk", cycle.slug) not in found(another)


def test_another_superuser_finds_a_role_that_was_asked_for():
    one, another = (UserFactory(is_superuser=True, is_staff=True) for _ in range(2))
    ask_for_role(UserFactory(), Role.CLERK, by=one)
    page = "roles_desk"
    assert (found(one), found(another)) == ({}, {(page, ""): 1})


def test_my_desks_say_how_much_waits_and_since_when(client):
    CommentFactory(asks_city=True)
    client.force_login(holder(Role.SPOKESPERSON))
    page = client.get(reverse("my_desks")).content.decode()
    assert "1 waits" in page
    assert "oldest since" in page
    client.force_login(holder(Role.CLERK))
    assert "oldest since" not in client.get(reverse("my_desks")).content.decode()


def test_what_waits_at_no_desk_of_the_list_stands_above_it(client):
    one, another = new_treasurer(), new_treasurer()
    cycle = rehearsed(draft_cycle())
    request_appropriation(cycle, total_minor=100, words="The council said so.", by=one)
    client.force_login(another)
    page = client.get(reverse("my_desks"))
    assert [each.number for each in page.context["others"]] == [1]
    assert reverse("cycle_money", args=[cycle.slug]) in page.content.decode()
    client.force_login(holder(Role.SPOKESPERSON))
    CommentFactory(asks_city=True)
    assert client.get(reverse("my_desks")).context["others"] == []


def test_what_waits_is_asked_for_with_as_few_questions_for_many_as_for_one():
    person = holder(*Role)
    counts = []
    for number in (1, 3):
        for _ in range(number):
            CommentFactory(asks_city=True)
            cycle, _proposals = reviewing_cycle(number)
            request_cancelling(cycle, by=administrator(), reason="The flood.")
            bank(awarded(), holder(Role.TREASURER))
            submitted()
        with CaptureQueriesContext(connection) as queries:
            waiting_for(person)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- once a day


def test_staff_are_written_to_once_a_day_only_where_something_waits(client):
    mine, nothing = holder(Role.SPOKESPERSON), holder(Role.CLERK)
    assert tell_desks(DAY) == 0
    question = CommentFactory(asks_city=True, body="Who mows the lawn?")
    tell_desks(DAY)
    tell_desks(DAY)
    [letter] = Message.objects.all()
    assert (letter.recipient, letter.kind) == (mine, "desks_wait")
    tell_desks(DAY + timedelta(days=1))
    assert Message.objects.filter(recipient=mine).count() == 2
    assert not Message.objects.filter(recipient=nothing).exists()
    assert send_next()
    [sent, *_] = mail.outbox
    html = sent.alternatives[0].content
    for text in (sent.body, html):
        assert "Questions to the city: 1" in text
        assert reverse("questions_desk") in text
        assert question.author.display_name not in text
        assert "mows" not in text
    assert "1 thing waits at your desks" in sent.subject
    stop, ends = stop_link_in(sent.body)
    assert ends == StopLink(mine, Topic.DESKS)
    client.post(stop)
    assert not wants_mail(mine, Topic.DESKS)
    assert tell_desks(DAY + timedelta(days=2)) == 0


def test_the_daily_mail_is_a_task_of_the_towns_day_and_one_failure_stops_no_other(monkeypatch):
    first, second = holder(Role.SPOKESPERSON), holder(Role.SPOKESPERSON)
    CommentFactory(asks_city=True)

    def broken(person):
        if person == first:
            raise ValueError
        return waiting_for(person)

    monkeypatch.setattr(services, "waiting_for", broken)
    tell_what_waits()
    tell_what_waits()
    assert [each.recipient for each in Message.objects.all()] == [second]


def test_staff_switch_each_kind_of_mail_on_the_page_of_notices(client):
    person, page = holder(Role.CLERK), reverse("my_notices")
    client.force_login(person)
    assert "what waits at my desks" in client.get(page).content.decode()
    client.post(page, {"pace": "daily", "second": "on"})
    assert (wants_mail(person, Topic.DESKS), wants_mail(person, Topic.SECOND)) == (False, True)
    client.force_login(other := UserFactory())
    assert "what waits at my desks" not in client.get(page).content.decode()
    client.post(page, {"pace": "daily"})
    assert wants_mail(other, Topic.DESKS)


# --- at once


def told_at_once():
    rows = Message.objects.filter(kind="second_asked").order_by("pk")
    return [(each.recipient, [item["words"] for item in each.context["items"]]) for each in rows]


def test_whoever_may_agree_is_written_to_at_once_and_once():
    first, second = holder(Role.TREASURER), holder(Role.TREASURER)
    holder(Role.MODERATOR)
    bank(awarded(), first)
    tell_second_people()
    tell_second_people()
    assert told_at_once() == [(second, ["A payout"])]
    assert send_next()
    [sent] = mail.outbox
    for text in (sent.body, sent.alternatives[0].content):
        assert reverse("payouts") in text
        assert first.display_name not in text
        assert stop_link_in(text)[1] == StopLink(second, Topic.SECOND)


def test_what_is_asked_for_soon_after_comes_together_a_little_later():
    first, second = holder(Role.TREASURER), holder(Role.TREASURER)
    bank(awarded(), first)
    tell_of_requests()
    bank(awarded(), first)
    bank(awarded(), first)
    assert tell_of_requests() == 0
    Message.objects.update(created_at=db_now() - services.QUIET)
    assert tell_of_requests() == 1
    assert told_at_once() == [(second, ["A payout"]), (second, ["A payout", "A payout"])]


def test_thirty_requests_take_as_many_queries_as_three():
    root, other = (UserFactory(is_superuser=True, is_staff=True) for _ in range(2))
    treasurer, counts = holder(Role.TREASURER), []
    for number in (3, 27):
        for _ in range(number):
            ask_for_role(UserFactory(), Role.CLERK, by=root)
        for _ in range(number // 3):
            [step] = planned(project := awarded(), 100)
            say_reached(step, by=project.proposer, words="Done.")
        Message.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert tell_of_requests() == 2
        counts.append(len(queries))
    assert counts[0] == counts[1]
    told = dict(told_at_once())
    assert {who: len(words) for who, words in told.items()} == {other: 30, treasurer: 10}


def test_who_was_told_lately_is_found_by_an_index():
    rows = Message.objects.filter(kind=services.AT_ONCE, created_at__gt=db_now())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "message_second_asked" in rows.explain()


def test_nobody_is_told_of_what_waits_no_more_or_of_what_is_old(monkeypatch):
    first, _second = holder(Role.TREASURER), holder(Role.TREASURER)
    reject_payout(bank(awarded(), first), by=first)
    assert tell_of_requests() == 0
    bank(awarded(), first)
    monkeypatch.setattr(services, "JUST_NOW", timedelta(0))
    assert tell_of_requests() == 0


def test_acts_on_cycles_and_roles_are_told_with_the_day_on_which_they_lapse():
    one, another = administrator(), administrator()
    cycle = draft_cycle(by=one)
    request_cancelling(cycle, by=one, reason="The flood.")
    root, other_root = (UserFactory(is_superuser=True, is_staff=True) for _ in range(2))
    ask_for_role(UserFactory(), Role.CLERK, by=root)
    tell_of_requests()
    told = dict(told_at_once())
    assert told[another] == [f"Cancelling, {cycle.title}"]
    assert told[other_root] == ["A role for somebody"]
    assert not {one, root} & told.keys()
    letter = Message.objects.get(recipient=another)
    assert letter.context["items"][0]["until"]
    assert letter.context["items"][0]["url"] == reverse("cycle_desk", args=[cycle.slug])


def test_no_mail_at_once_for_whoever_switched_it_off():
    first, second = holder(Role.TREASURER), holder(Role.TREASURER)
    stop_mail(StopLink(second, Topic.SECOND))
    bank(awarded(), first)
    assert tell_of_requests() == 0


def test_whoever_writes_the_project_is_not_asked_about_its_milestone():
    project = awarded()
    own, other = holder(Role.MODERATOR), holder(Role.TREASURER)
    CoAuthor.objects.create(project=project, user=own)
    [step] = planned(project, 100)
    say_reached(step, by=project.proposer, words="Done.")
    assert (found(own), found(other)) == ({}, {("milestones_desk", ""): 1})
    tell_of_requests()
    assert [who for who, _words in told_at_once()] == [other]
