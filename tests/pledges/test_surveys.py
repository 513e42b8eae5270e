"""Surveys after success: sent once, answered once for each pledge, read by the creator alone."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.models import User
from civicfund.people.services.copies import packed
from civicfund.people.services.erasure import erase
from civicfund.pledges.access import ANSWERING_SECONDS, guest_token, survey_token
from civicfund.pledges.enums import CampaignState, Handover, PledgeState, QuestionKind
from civicfund.pledges.models import (
    ShippingZone,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveyReminder,
    SurveyReply,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.news import remind_of_surveys, tell_of_surveys
from civicfund.pledges.services.surveys import (
    Asked,
    answer_survey,
    close_survey,
    forget_answers,
    remind,
    send_survey,
    write_survey,
)
from civicfund.pledges.tasks import forget_survey_answers
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory, soon

pytestmark = pytest.mark.django_db
SIZE = Asked("Which size?", QuestionKind.CHOICE, ("Small", "Large"))
NAME = Asked("Which name goes on it?", QuestionKind.TEXT, may_be_empty=True)
COMES = Asked("Do you come to the opening?", QuestionKind.YES_NO)
ADDRESS = "Ann Example\nMill Lane 1"


@pytest.fixture
def campaign():
    return CampaignFactory(state=CampaignState.SETTLED, project__title="Cider press")


@pytest.fixture
def reward(campaign):
    return RewardFactory(campaign=campaign, title="A shirt", handover=Handover.SHIPPING)


@pytest.fixture
def zone(campaign):
    return ShippingZone.objects.create(campaign=campaign, position=0, name="Here", amount_minor=0)


def collected(campaign, **more):
    return PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED, **more)


def written(campaign, reward=None, questions=(SIZE, NAME, COMES), by=None):
    by = by or campaign.creator
    return write_survey(campaign, by=by, reward=reward, intro="Hello.", questions=questions)


def sent(campaign, reward=None, **more):
    return send_survey(written(campaign, reward, **more), by=campaign.creator)


def said(survey, *words):
    return dict(zip([each.pk for each in survey.questions.all()], words, strict=True))


def answered(survey, pledge, *words, address=""):
    words = words or ("Small", "", "yes")
    return answer_survey(survey, pledge, replies=said(survey, *words), address=address)


def typed(survey, *words, **more):
    return {f"question_{pk}": each for pk, each in said(survey, *words).items()} | more


def page_of(survey):
    return reverse("survey", args=[survey.campaign_id, survey.reward_id or 0])


def mine(pledge):
    return reverse("pledge_survey", args=[pledge.pk])


def sent_mails():
    while send_next():
        pass
    return mail.outbox


def refused_by_the_table(name):
    return pytest.raises((IntegrityError, DatabaseError), match=name)


def test_a_draft_is_written_over_and_sent_once(campaign, reward):
    first = written(campaign, reward, questions=[NAME])
    second = written(campaign, reward)
    assert first.pk == second.pk
    assert [each.words for each in second.questions.all()] == [
        SIZE.words, NAME.words, COMES.words,
    ]  # fmt: skip
    send_survey(second, by=campaign.creator)
    for act in (
        lambda: send_survey(second, by=campaign.creator),
        lambda: written(campaign, reward, questions=[NAME]),
    ):
        with pytest.raises(RefusedError, match="sent"):
            act()
    assert second.questions.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [
        [Asked("Size?", QuestionKind.CHOICE, ("One",))],
        [Asked("Size?", QuestionKind.CHOICE, ("One", "One"))],
        [Asked("", QuestionKind.TEXT)],
        [NAME] * 9,
    ],
)
def test_questions_that_cannot_be_answered_are_refused(campaign, wrong):
    with pytest.raises(RefusedError):
        written(campaign, questions=wrong)
    assert not Survey.objects.exists()


def test_nothing_is_asked_of_nobody(campaign, reward, zone):
    empty = written(campaign, reward, questions=[])
    with pytest.raises(RefusedError, match="Ask something"):
        send_survey(empty, by=campaign.creator)
    collected(campaign, reward=reward, shipping_zone=zone)
    assert send_survey(empty, by=campaign.creator).is_open  # where to, at least


@pytest.mark.parametrize("state", [CampaignState.LIVE, CampaignState.FAILED_SHORT])
def test_backers_are_asked_once_it_is_funded(state):
    campaign = CampaignFactory(state=state)
    with pytest.raises(RefusedError, match="funded"):
        written(campaign)
    assert not Survey.objects.exists()


def test_nobody_else_asks_sends_or_closes(campaign):
    stranger, survey = UserFactory(), written(campaign)
    for act in (
        lambda: written(campaign, by=stranger),
        lambda: send_survey(survey, by=stranger),
        lambda: close_survey(survey, by=stranger),
    ):
        with pytest.raises(RefusedError, match="creator"):
            act()
    survey.refresh_from_db()
    assert (survey.sent_at, survey.closed_at) == (None, None)


def test_only_rewards_of_the_campaign_have_one(campaign):
    with pytest.raises(RefusedError, match="no reward"):
        written(campaign, RewardFactory())
    with refused_by_the_table("survey_reward_of_its_campaign"), transaction.atomic():
        Survey.objects.create(campaign=campaign, reward=RewardFactory())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_tables_keep_what_was_sent(campaign):
    survey = sent(campaign)
    question = survey.questions.first()
    changes = (
        ("pledges_survey_kept", lambda: Survey.objects.update(intro="Other.")),
        ("pledges_survey_kept", lambda: Survey.objects.update(sent_at=None, forget_at=None)),
        ("pledges_survey_kept", lambda: Survey.objects.filter(pk=survey.pk)._raw_delete("default")),
        ("as_sent", lambda: SurveyQuestion.objects.update(words="Other?")),
        ("as_sent", lambda: SurveyQuestion.objects.filter(pk=question.pk).delete()),
        (
            "as_sent",
            lambda: SurveyQuestion.objects.create(
                survey=survey, position=9, kind="text", words="One more?"
            ),
        ),
    )
    for name, change in changes:
        with refused_by_the_table(r"stay|" + name), transaction.atomic():
            change()
    close_survey(survey, by=campaign.creator)
    with refused_by_the_table("stays"), transaction.atomic():
        Survey.objects.update(closed_at=None)
    assert survey.questions.count() == 3


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"kind": "number"}, "survey_question_kind_known"),
        ({"words": ""}, "survey_question_asks"),
        ({"kind": "choice", "choices": ["One"]}, "survey_question_choices_where_chosen"),
        ({"choices": ["One", "Two"]}, "survey_question_choices_where_chosen"),
        ({"position": 0}, "survey_question_position"),
    ],
)
def test_the_table_refuses_what_is_no_question(campaign, wrong, name):
    survey = written(campaign, questions=[NAME])
    row = {"survey": survey, "position": 1, "kind": "text", "words": "Which?"}
    with refused_by_the_table(name), transaction.atomic():
        SurveyQuestion.objects.create(**row | wrong)


def test_a_backer_answers_and_corrects(campaign, reward, zone):
    pledge = collected(campaign, reward=reward, shipping_zone=zone)
    survey = sent(campaign, reward)
    first = answered(survey, pledge, "Small", "Ann", "no", address=ADDRESS)
    second = answered(survey, pledge, "Large", "", "no", address="Elsewhere 2")
    assert first.pk == second.pk
    assert second.changed_at is not None
    assert [reply.words for reply in second.replies.order_by("question__position")] == [
        "Large", "no",
    ]  # fmt: skip
    assert second.address == "Elsewhere 2"


@pytest.mark.parametrize(
    ("words", "address", "field"),
    [
        (("", "", "yes"), ADDRESS, 0),
        (("Medium", "", "yes"), ADDRESS, 0),
        (("Small", "x" * 501, "yes"), ADDRESS, 1),
        (("Small", "", "perhaps"), ADDRESS, 2),
        (("Small", "", "yes"), " ", "address"),
        (("Small", "", "yes"), "x" * 401, "address"),
    ],
)
def test_a_wrong_answer_is_refused_beside_its_question(
    campaign, reward, zone, words, address, field
):
    pledge = collected(campaign, reward=reward, shipping_zone=zone)
    survey = sent(campaign, reward)
    with pytest.raises(RefusedError) as refused:
        answered(survey, pledge, *words, address=address)
    pks = [str(each.pk) for each in survey.questions.all()]
    assert refused.value.field == (field if field == "address" else pks[field])
    assert not SurveyAnswer.objects.exists()


def test_who_gets_nothing_by_post_gives_no_address(campaign):
    given = answered(sent(campaign), collected(campaign), address=ADDRESS)
    assert given.address == ""


def test_only_who_is_asked_answers_and_only_while_it_is_open(campaign, reward):
    survey, asked = sent(campaign), collected(campaign)
    others = [
        collected(campaign, reward=reward),
        PledgeFactory(campaign=campaign, state=PledgeState.DROPPED),
        collected(CampaignFactory(state=CampaignState.SETTLED)),
    ]
    for pledge in others[:2]:
        with pytest.raises(RefusedError, match="not asked"):
            answered(survey, pledge)
    for pledge in others:
        with refused_by_the_table("is not asked"), transaction.atomic():
            SurveyAnswer.objects.create(survey=survey, pledge=pledge)
    answer = answered(survey, asked)
    close_survey(survey, by=campaign.creator)
    with pytest.raises(RefusedError, match="no more answers"):
        answered(survey, asked, "Large", "", "no")
    question = survey.questions.get(position=0)
    for change in (
        lambda: SurveyAnswer.objects.update(address="Elsewhere"),
        lambda: SurveyReply.objects.update(words="Large"),
        lambda: SurveyReply.objects.create(answer=answer, question=question, words="Large"),
    ):
        with refused_by_the_table(r"not open|is closed"), transaction.atomic():
            change()
    draft = written(campaign, reward)
    with refused_by_the_table("not open"), transaction.atomic():
        SurveyAnswer.objects.create(survey=draft, pledge=others[0])


def test_the_tables_refuse_what_is_no_answer_to_the_question(campaign, reward):
    survey, pledge = sent(campaign, questions=[SIZE, COMES]), collected(campaign)
    other = sent(campaign, reward, questions=[NAME])
    answer = SurveyAnswer.objects.create(survey=survey, pledge=pledge)
    size, comes = survey.questions.all()
    for question, words, name in (
        (size, "Medium", "no answer to question"),
        (comes, "Yes", "no answer to question"),
        (other.questions.get(), "Ann", "no answer to question"),
        (comes, "", r"no answer|says_something"),
    ):
        with refused_by_the_table(name), transaction.atomic():
            SurveyReply.objects.create(answer=answer, question=question, words=words)
    SurveyReply.objects.create(answer=answer, question=size, words="Small")
    with refused_by_the_table("survey_reply_once"), transaction.atomic():
        SurveyReply.objects.create(answer=answer, question=size, words="Large")
    with refused_by_the_table("pledge_id"), transaction.atomic():
        SurveyAnswer.objects.create(survey=survey, pledge=pledge)


def test_each_backer_is_written_to_once_also_who_pays_only_later(campaign, reward):
    backer = collected(campaign, reward=reward).backer
    late = PledgeFactory(campaign=campaign, reward=reward, state=PledgeState.DECLINED)
    collected(campaign)  # chose nothing, is asked nothing
    sent(campaign, reward)
    written(campaign)
    assert [tell_of_surveys(), tell_of_surveys()] == [1, 0]
    assert [each.recipient for each in Message.objects.all()] == [backer]
    late.payment_intent_id, late.state = "pi_late", PledgeState.COLLECTED
    late.save()
    assert [tell_of_surveys(), tell_of_surveys()] == [1, 0]
    assert {each.to[0] for each in sent_mails()} == {backer.email, late.backer.email}
    assert mine(late) in mail.outbox[-1].body


def sent_a_week_ago(campaign):
    """Eight days before: once sent, the table keeps when."""
    survey = written(campaign)
    drafts = Survey.objects.filter(pk=survey.pk)
    drafts.update(sent_at=soon(days=-8), forget_at=soon(days=100))
    survey.refresh_from_db()
    return survey


def asked_a_week_ago():
    tell_of_surveys()
    Message.objects.filter(kind="survey_asked").update(created_at=soon(days=-8))


def test_who_has_not_answered_is_asked_once_more_and_nobody_else(client, campaign):
    survey = sent_a_week_ago(campaign)
    quick, slow, shy = (collected(campaign, show_name=name) for name in (True, True, False))
    asked_a_week_ago()
    answered(survey, quick)
    late = collected(campaign)
    client.force_login(campaign.creator)
    page = client.get(page_of(survey)).content.decode()
    assert "3 backers have not answered yet." in page
    assert slow.backer.display_name in page
    for hidden in (shy, quick):
        assert hidden.backer.display_name not in page
    assert client.post(page_of(survey), {"act": "remind"}).status_code == 302
    assert [remind_of_surveys(), remind_of_surveys()] == [2, 0]
    reminded = Message.objects.filter(kind="survey_reminder")
    assert {each.recipient for each in reminded} == {slow.backer, shy.backer}
    assert tell_of_surveys() == 1
    assert remind_of_surveys() == 0
    assert Message.objects.get(kind="survey_asked", recipient=late.backer)
    [to_slow] = [each for each in sent_mails() if each.to == [slow.backer.email]][1:]
    assert mine(slow) in to_slow.body
    assert "still waits" in to_slow.subject


def test_nobody_is_reminded_within_a_week_nor_of_what_is_closed(client, campaign):
    reward = RewardFactory(campaign=campaign)
    new, survey = sent(campaign, reward), sent_a_week_ago(campaign)
    pledge, _other = collected(campaign), collected(campaign, reward=reward)
    asked_a_week_ago()
    with pytest.raises(RefusedError, match="within the last week"):
        remind(new, by=campaign.creator)
    client.force_login(campaign.creator)
    assert "They can be asked once more from" in client.get(page_of(new)).content.decode()
    with refused_by_the_table("survey_reminders_apart"), transaction.atomic():
        SurveyReminder.objects.create(survey=new)
    with pytest.raises(RefusedError, match="creator"):
        remind(survey, by=UserFactory())
    remind(survey, by=campaign.creator)
    for again in (
        lambda: remind(survey, by=campaign.creator),
        lambda: SurveyReminder.objects.create(survey=survey),
    ):
        with pytest.raises((RefusedError, IntegrityError)), transaction.atomic():
            again()
    close_survey(survey, by=campaign.creator)
    assert remind_of_surveys() == 0
    with pytest.raises(RefusedError, match="not open"):
        remind(survey, by=campaign.creator)
    assert SurveyReminder.objects.count() == 1
    assert not Message.objects.filter(kind="survey_reminder", recipient=pledge.backer).exists()


def test_whoever_has_left_is_not_waited_for(client, campaign):
    survey = sent_a_week_ago(campaign)
    erase(collected(campaign).backer)
    client.force_login(campaign.creator)
    assert "Everybody who is asked has answered." in client.get(page_of(survey)).content.decode()
    with pytest.raises(RefusedError, match="Everybody has answered"):
        remind(survey, by=campaign.creator)


def test_where_everybody_has_answered_nobody_is_reminded(client, campaign):
    survey = sent_a_week_ago(campaign)
    answered(survey, collected(campaign))
    with pytest.raises(RefusedError, match="Everybody has answered"):
        remind(survey, by=campaign.creator)
    client.force_login(campaign.creator)
    assert "Everybody who is asked has answered." in client.get(page_of(survey)).content.decode()


def test_three_backers_are_written_to_with_as_many_queries_as_one(campaign):
    sent(campaign)
    asked = []
    for backers in (1, 3):
        for _ in range(backers):
            collected(campaign)
        with CaptureQueriesContext(connection) as queries:
            assert tell_of_surveys() == backers
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert Message.objects.filter(kind="survey_asked").count() == 4


def test_a_backer_answers_on_the_page_of_their_pledge(client, campaign, reward, zone):
    pledge = collected(campaign, reward=reward, shipping_zone=zone)
    client.force_login(pledge.backer)
    assert client.get(mine(pledge)).status_code == 404
    survey = sent(campaign, reward)
    assert mine(pledge) in client.get(pledge.get_absolute_url()).content.decode()
    wrong = client.post(mine(pledge), typed(survey, "", "Ann", "yes", address=ADDRESS))
    assert wrong.status_code == 400
    assert "Mill Lane 1" in wrong.content.decode()
    right = typed(survey, "Large", "Ann", "yes", address=ADDRESS)
    assert client.post(mine(pledge), right).url == mine(pledge)
    page = client.get(mine(pledge)).content.decode()
    assert "You have answered" in page
    assert "Mill Lane 1" in page
    close_survey(survey, by=campaign.creator)
    assert (
        client.post(mine(pledge), typed(survey, "Small", "", "no", address="x")).status_code == 400
    )
    assert "no more corrections" in client.get(mine(pledge)).content.decode()
    assert SurveyAnswer.objects.get().address == ADDRESS


def test_my_page_names_it_until_it_is_answered(client, campaign):
    pledge, survey = collected(campaign), sent(campaign)
    client.force_login(pledge.backer)
    assert mine(pledge) in client.get(reverse("my_page")).content.decode()
    answered(survey, pledge)
    assert mine(pledge) not in client.get(reverse("my_page")).content.decode()


def test_nobody_elses_pledge_is_answered_for(client, campaign):
    pledge, survey = collected(campaign), sent(campaign)
    answers = typed(survey, "Large", "", "yes")
    assert client.post(mine(pledge), answers).status_code == 302
    for person in (UserFactory(), campaign.creator, collected(campaign).backer):
        client.force_login(person)
        assert client.get(mine(pledge)).status_code == 404
        assert client.post(mine(pledge), answers).status_code == 404
    assert not SurveyAnswer.objects.exists()


def test_a_guest_answers_through_the_link_in_the_mail_for_some_days(client, campaign, settings):
    guest = User.objects.create_guest("guest@example.org")
    pledge, survey = collected(campaign, backer=guest), sent(campaign)
    tell_of_surveys()
    [written_to] = sent_mails()
    [link] = [part for part in written_to.body.split() if "/pledges/survey/" in part]
    link = link.removeprefix("http://testserver")
    answer = client.get(link)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Location"] == mine(pledge)
    assert client.post(mine(pledge), typed(survey, "Large", "", "yes")).url == mine(pledge)
    assert SurveyReply.objects.filter(words="Large").exists()
    assert client.get(pledge.get_absolute_url()).status_code == 302  # it opens nothing else
    client.logout()
    with time_machine.travel(db_now() + timedelta(days=settings.SURVEY_LINK_DAYS, minutes=1)):
        assert client.get(link).status_code == 404
    client.get(reverse("guest_pledge_link", args=[guest_token(pledge)]))
    assert client.get(mine(pledge)).status_code == 200


def test_a_browser_that_came_by_the_link_answers_for_some_hours(client, campaign):
    """Not as long as its session lasts: it may be somebody else's tomorrow."""
    pledge = collected(campaign, backer=User.objects.create_guest("g@example.org"))
    survey = sent(campaign)
    client.get(reverse("survey_link", args=[survey_token(pledge)]))
    assert client.get(mine(pledge)).status_code == 200
    with time_machine.travel(db_now() + timedelta(seconds=ANSWERING_SECONDS + 60)):
        assert client.get(mine(pledge)).status_code == 302
        assert client.post(mine(pledge), typed(survey, "Large", "", "yes")).status_code == 302
    assert not SurveyReply.objects.exists()


def test_a_browser_answers_no_longer_than_its_link_is_good(client, campaign, settings):
    pledge = collected(campaign, backer=User.objects.create_guest("g@example.org"))
    sent(campaign)
    with time_machine.travel(db_now() - timedelta(days=settings.SURVEY_LINK_DAYS, minutes=-5)):
        token = survey_token(pledge)
    client.get(reverse("survey_link", args=[token]))
    assert client.get(mine(pledge)).status_code == 200
    with time_machine.travel(db_now() + timedelta(minutes=10)):
        assert client.get(mine(pledge)).status_code == 302


def test_links_of_another_kind_and_of_accounts_open_nothing(client, campaign):
    guests = collected(campaign, backer=User.objects.create_guest("guest@example.org"))
    with_account = collected(campaign)
    sent(campaign)
    for token in (guest_token(guests), survey_token(guests)[:-1], "x"):
        assert client.get(reverse("survey_link", args=[token])).status_code == 404
    client.get(reverse("survey_link", args=[survey_token(with_account)]))
    for pledge in (guests, with_account):
        assert client.get(mine(pledge)).status_code == 302


def test_a_creator_writes_sends_reads_counts_and_closes(client, campaign, reward):
    pledges = [collected(campaign, reward=reward) for _ in range(2)]
    client.force_login(campaign.creator)
    desk = reverse("campaign_surveys", args=[campaign.pk])
    assert desk in client.get(campaign.get_absolute_url()).content.decode()
    address = reverse("survey", args=[campaign.pk, reward.pk])
    form = {
        "intro": "Hello.", "questions-TOTAL_FORMS": "2", "questions-INITIAL_FORMS": "0",
        "questions-0-words": "Which size?", "questions-0-kind": "choice",
        "questions-0-choices": "Small\r\nLarge\r\n", "questions-1-words": "",
        "questions-1-kind": "text",
    }  # fmt: skip
    wrong = client.post(address, form | {"questions-0-choices": "Small"})
    assert wrong.status_code == 400
    assert "Hello." in wrong.content.decode()
    assert client.post(address, form).url == address
    assert "Which size?" in client.get(address).content.decode()
    assert not Survey.objects.filter(sent_at__isnull=False).exists()
    assert client.post(address, form | {"act": "send"}).url == address
    survey = Survey.objects.get()
    answered(survey, pledges[0], "Large")
    page = client.get(address)
    assert page.context["counts"][0][1] == [("Small", 0), ("Large", 1)]
    assert str(pledges[0].pk) in page.content.decode()
    [of_reward, _none] = client.get(desk).context["groups"]
    assert (of_reward.backers, of_reward.answered) == (2, 1)
    assert client.post(address, {"act": "close"}).url == address
    survey.refresh_from_db()
    assert not survey.is_open


def test_a_file_of_answers_runs_in_no_spreadsheet(client, campaign, reward, zone):
    pledge = collected(campaign, reward=reward, shipping_zone=zone)
    asked = Asked("=1+1", QuestionKind.TEXT)
    answered(sent(campaign, reward, questions=[asked]), pledge, "=HYPERLINK(1)", address="@SUM(1)")
    client.force_login(campaign.creator)
    answer = client.get(reverse("survey_csv", args=[campaign.pk, reward.pk]))
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert row["pledge"] == str(pledge.pk)
    assert (row["'=1+1"], row["address"]) == ("'=HYPERLINK(1)", "'@SUM(1)")


@pytest.mark.parametrize("name", ["campaign_surveys", "survey", "survey_csv"])
def test_the_answers_are_for_the_creator_alone(client, campaign, name):
    answered(sent(campaign), collected(campaign))
    address = reverse(name, args=[campaign.pk] if name == "campaign_surveys" else [campaign.pk, 0])
    assert client.get(address).status_code == 302
    for person in (UserFactory(), collected(campaign).backer):
        client.force_login(person)
        assert client.get(address).status_code == 403
        assert client.post(address).status_code in (403, 405)
    assert Survey.objects.get().is_open


def test_answers_are_in_the_copy_of_whoever_gave_them_and_go_with_them(campaign, reward, zone):
    pledge = collected(campaign, reward=reward, shipping_zone=zone)
    other = collected(campaign, reward=reward, shipping_zone=zone)
    survey = sent(campaign, reward)
    for each, where in ((pledge, ADDRESS), (other, "Elsewhere 2")):
        answered(survey, each, "Large", "Ann", "no", address=where)
    close_survey(survey, by=campaign.creator)
    with ZipFile(io.BytesIO(packed(pledge.backer))) as files:
        [answer] = json.loads(files.read("survey_answers.json"))
        replies = json.loads(files.read("survey_replies.json"))
    assert answer["address"] == ADDRESS
    assert {(each["question_words"], each["words"]) for each in replies} == {
        (SIZE.words, "Large"), (NAME.words, "Ann"), (COMES.words, "no"),
    }  # fmt: skip
    erase(pledge.backer)
    assert [each.pledge for each in SurveyAnswer.objects.all()] == [other]


def test_answers_are_kept_until_their_day_and_then_nothing_is_taken(campaign, reward, settings):
    kept = sent(campaign)
    assert kept.forget_at - kept.sent_at == timedelta(days=settings.SURVEY_ANSWER_DAYS)
    stays = answered(kept, collected(campaign))
    over = written(campaign, reward)
    Survey.objects.filter(pk=over.pk).update(sent_at=soon(days=-2), forget_at=soon(days=-1))
    pledge = collected(campaign, reward=reward)
    answered(over, pledge)
    forget_survey_answers()
    assert list(SurveyAnswer.objects.all()) == [stays]
    assert SurveyReply.objects.exclude(answer=stays).count() == 0
    with pytest.raises(RefusedError, match="no more answers"):
        answered(over, pledge)
    assert forget_answers(most=10) == 0


def test_the_table_refuses_a_survey_that_says_not_until_when_or_is_closed_unsent(campaign):
    draft = Survey.objects.filter(pk=written(campaign).pk)
    now = db_now()
    for change, name in (
        ({"sent_at": now}, "survey_sent_says_until_when"),
        ({"sent_at": now, "forget_at": now}, "survey_sent_says_until_when"),
        ({"closed_at": now}, "survey_closed_once_sent"),
    ):
        with refused_by_the_table(name), transaction.atomic():
            draft.update(**change)
    with refused_by_the_table("survey_one_per_reward"), transaction.atomic():
        Survey.objects.create(campaign=campaign)


def test_of_a_reward_that_comes_late_answers_are_kept_longer(campaign, settings):
    late = RewardFactory(campaign=campaign, delivered_from=soon(days=400).date())
    survey = sent(campaign, late)
    assert survey.forget_at.date() == late.delivered_from + timedelta(
        days=settings.SURVEY_ANSWER_DAYS
    )


def test_pages_ask_as_much_for_three_as_for_one(client, campaign, reward, zone):
    client.force_login(campaign.creator)
    survey = sent(campaign, reward)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            pledge = collected(campaign, reward=reward, shipping_zone=zone)
            answered(survey, pledge, address=ADDRESS)
            RewardFactory(campaign=campaign)
        asked = []
        for address in (page_of(survey), reverse("campaign_surveys", args=[campaign.pk])):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]


def test_what_hides_in_a_choice_keeps_nobody_from_choosing_it(campaign):
    """What backers answer is compared without it, and what was sent stays as it is."""
    hidden = ("Gro\u00ads", "Klein\u200e", "Both\u200b ", "\u200b")
    asked = Asked("Which\u202e?", QuestionKind.CHOICE, hidden)
    drafted = write_survey(campaign, by=campaign.creator, reward=None, intro="", questions=[asked])
    survey = send_survey(drafted, by=campaign.creator)
    question = survey.questions.get()
    assert (question.words, question.choices) == ("Which?", ["Gros", "Klein", "Both"])
    pledge = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED)
    for choice in question.choices:
        answer_survey(survey, pledge, replies={question.pk: choice})
    with pytest.raises(RefusedError, match="different choices"):
        write_survey(
            campaign,
            by=campaign.creator,
            reward=None,
            intro="",
            questions=[Asked("Which?", QuestionKind.CHOICE, ("Yes", "Yes\u200b"))],
        )
