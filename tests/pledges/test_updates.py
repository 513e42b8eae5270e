"""What a creator tells: numbered, for all or for backers, told once, corrected, never changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.enums import Topic
from civicfund.notices.models import Message
from civicfund.notices.services import StopLink, send_next, stop_mail
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from civicfund.pledges.access import (
    guest_token,
    readable_updates,
    subject_of_campaign,
    subject_of_update,
)
from civicfund.pledges.enums import Audience, CampaignState, PledgeState
from civicfund.pledges.models import CampaignUpdate
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.news import tell_of_corrections, tell_of_updates
from civicfund.pledges.services.updates import correct_update, publish_update
from civicfund.projects.models import CoAuthor
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import NewsKind, Pace, SubjectKind, Wrong
from civicfund.talk.models import Comment, News, Thread
from civicfund.talk.services import (
    TalkError,
    answer_for_city,
    correct_words,
    delete_comment,
    edit_comment,
    flag_comment,
    follow,
    hide_comment,
    restore_comment,
    write_comment,
)
from civicfund.talk.services.news import mail_news
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.talk.test_moderating import moderator

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(project__title="Cider press")


def published(campaign, audience=Audience.ALL, title="The press is here", body="It is red."):
    return publish_update(campaign, by=campaign.creator, title=title, body=body, audience=audience)


def page_of(client, update):
    return client.get(update.get_absolute_url())


def list_of(campaign):
    return reverse("campaign_updates", args=[campaign.pk])


def hidden(update, words=None):
    """``words`` below it, or its own."""
    by = moderator()
    subject = subject_of_update(update)
    hide_comment(words or update.words, subject, by=by, reason=Wrong.ADVERT, words="An advert.")
    return by, subject


def sent_mails():
    while send_next():
        pass
    return mail.outbox


def test_updates_are_numbered_within_their_campaign(campaign):
    other = published(CampaignFactory())
    numbers = [published(campaign).number for _ in range(3)]
    assert (numbers, other.number) == ([1, 2, 3], 1)
    made = CampaignUpdate.objects.filter(campaign=campaign).latest("number")
    event = Event.objects.get(verb="campaign_update.published", target_id=str(made.pk))
    assert event.data == {"campaign": campaign.pk, "audience": "all"}


@pytest.mark.parametrize(
    ("state", "words"),
    [(CampaignState.APPROVED, "started"), (CampaignState.SUSPENDED, "suspended")],
)
def test_there_is_none_before_the_start_and_while_it_is_suspended(state, words):
    campaign = CampaignFactory(state=state)
    with pytest.raises(RefusedError, match=words):
        published(campaign)
    assert not CampaignUpdate.objects.exists()
    assert not Thread.objects.exists()


@pytest.mark.parametrize("wrong", [{"title": " "}, {"body": " "}, {"body": "x" * 4_001}])
def test_an_update_says_something(campaign, wrong):
    with pytest.raises(RefusedError) as refused:
        published(campaign, **wrong)
    assert [refused.value.field] == list(wrong)
    assert not Comment.objects.exists()


def test_nobody_else_publishes_or_corrects(campaign):
    update = published(campaign)
    with pytest.raises(RefusedError, match="run the campaign or write"):
        publish_update(campaign, by=UserFactory(), title="A", body="B", audience=Audience.ALL)
    with pytest.raises(RefusedError, match="wrote the update"):
        correct_update(update, by=UserFactory(), body="It is blue.")
    assert (CampaignUpdate.objects.count(), Comment.objects.count()) == (1, 1)


def co_author_of(campaign):
    person = UserFactory()
    CoAuthor.objects.create(project=campaign.project, user=person)
    return person


def test_who_writes_the_project_writes_updates_and_corrects_their_own(client, campaign):
    co_author, own = co_author_of(campaign), published(campaign)
    client.force_login(co_author)
    assert b"Write an update" in client.get(list_of(campaign)).content
    new = reverse("update_new", args=[campaign.pk])
    sent = {"title": "Oak", "body": "It came.", "audience": "backers", "act": "publish"}
    assert client.post(new, sent).status_code == 302
    theirs = CampaignUpdate.objects.latest("number")
    assert (theirs.words.author, theirs.audience) == (co_author, Audience.BACKERS)
    wrong = {update: reverse("update_correct", args=[campaign.pk, update.number])
             for update in (own, theirs)}  # fmt: skip
    assert client.post(wrong[own], {"body": "No."}).status_code == 403
    assert client.post(wrong[theirs], {"body": "Elm."}).status_code == 302
    for text in (page_of(client, theirs).content.decode(), page_of(client, own).content.decode()):
        assert ("Correct it" in text) == ("The press is here" not in text)


def test_what_moderators_have_hidden_of_a_co_author_its_creator_neither_reads_nor_corrects(
    client, campaign
):
    co_author = co_author_of(campaign)
    update = publish_update(campaign, by=co_author, title="A", body="Rude.", audience=Audience.ALL)
    page = reverse("update_correct", args=[campaign.pk, update.number])
    client.force_login(campaign.creator)
    assert "Rude." in client.get(page).content.decode()
    hidden(update)
    answer = client.get(page)
    assert (answer.status_code, "Rude." in answer.content.decode()) == (403, False)
    assert client.post(page, {"body": "Oak."}).status_code == 403
    fresh = CampaignUpdate.objects.select_related("words").get()
    with pytest.raises(RefusedError, match="is of its team"):
        correct_update(fresh, by=campaign.creator, body="Oak.")
    client.force_login(co_author)
    assert "Rude." in client.get(page).content.decode()
    assert Comment.objects.count() == 1


def test_the_creator_corrects_what_a_co_author_wrote_who_does_so_no_more_once_they_left(
    client, campaign
):
    co_author = co_author_of(campaign)
    update = publish_update(campaign, by=co_author, title="A", body="B", audience=Audience.ALL)
    correct_update(update, by=co_author, body="Elm.")
    CoAuthor.objects.all().delete()
    with pytest.raises(RefusedError, match="is of its team"):
        correct_update(update, by=co_author, body="Ash.")
    with pytest.raises(IntegrityError, match="is of the team"), transaction.atomic():
        correct_words(update.words, by=co_author, body="Ash.")
    with pytest.raises(TalkError, match="of its team no more"):
        edit_comment(update.words, by=co_author, body="Ash.")
    with pytest.raises(IntegrityError, match="is of the team"), transaction.atomic():
        Comment.objects.filter(author=co_author).update(body="Ash.")
    page = reverse("update_correct", args=[campaign.pk, update.number])
    client.force_login(co_author)
    left = page_of(client, update).content.decode()
    assert "Correct it" not in left
    assert reverse("comment_edit", args=[update.words_id]) not in left
    assert client.post(page, {"body": "Ash."}).status_code == 403
    client.force_login(campaign.creator)
    assert "Correct it" in page_of(client, update).content.decode()
    assert client.post(page, {"body": "Oak."}).status_code == 302
    said = Comment.objects.filter(parent=update.words).order_by("pk")
    assert list(said.values_list("author", "body", "is_official")) == [
        (co_author.pk, "Elm.", True),
        (campaign.creator_id, "Oak.", True),
    ]
    done = Event.objects.filter(verb="comment.corrected").order_by("pk")
    assert [event.actor for event in done] == [co_author, campaign.creator]
    for person in (co_author, campaign.creator):
        follow(subject_of_campaign(campaign), by=person)
    assert [tell_of_updates(), tell_of_corrections()] == [1, 2]
    heard = News.objects.filter(kind=NewsKind.CORRECTION).order_by("pk")
    assert [news.recipient for news in heard] == [campaign.creator, co_author]
    assert Comment.objects.get(pk=update.words_id).body == "B"


def test_who_writes_the_project_reads_what_is_for_backers_until_they_leave(client, campaign):
    co_author, update = co_author_of(campaign), published(campaign, Audience.BACKERS)
    client.force_login(co_author)
    assert page_of(client, update).status_code == 200
    CoAuthor.objects.all().delete()
    assert page_of(client, update).status_code == 403
    assert client.get(reverse("update_new", args=[campaign.pk])).status_code == 403


def test_who_wrote_an_update_is_not_told_of_it_and_the_creator_is(campaign):
    co_author = co_author_of(campaign)
    for person in (co_author, campaign.creator):
        follow(subject_of_campaign(campaign), by=person)
    PledgeFactory(campaign=campaign, backer=co_author)
    other = PledgeFactory(campaign=campaign)
    publish_update(campaign, by=co_author, title="A", body="B", audience=Audience.ALL)
    tell_of_updates()
    mailed = Message.objects.filter(kind="campaign_update")
    assert [each.recipient for each in mailed] == [other.backer]
    assert set(News.objects.values_list("recipient", flat=True)) == {
        campaign.creator_id,
        other.backer_id,
    }


def test_the_table_keeps_an_update_as_it_is(campaign):
    update = published(campaign)
    for change in ({"title": "Another"}, {"audience": "backers"}, {"number": 7}):
        with (
            pytest.raises(DatabaseError, match=r"append-only|permission denied"),
            transaction.atomic(),
        ):
            CampaignUpdate.objects.filter(pk=update.pk).update(**change)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        CampaignUpdate.objects.filter(pk=update.pk).delete()
    assert CampaignUpdate.objects.get().title == "The press is here"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"number": 1}, "campaign_update_numbered_once"),
        ({"number": 0}, "campaign_update_from_one"),
        ({"title": ""}, "campaign_update_has_a_title"),
        ({"audience": "some"}, "campaign_update_audience_known"),
    ],
)
def test_the_table_refuses_what_no_update_is(campaign, wrong, name):
    published(campaign)
    thread = Thread.objects.create(kind=SubjectKind.UPDATE, subject_id=0)
    words = Comment.objects.create(thread=thread, author=campaign.creator, body="Words.")
    row = {"campaign": campaign, "number": 2, "title": "T", "audience": "all", "words": words}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CampaignUpdate.objects.create(**row | wrong)


@pytest.mark.parametrize(
    ("state", "may"),
    [
        (PledgeState.ACTIVE, True),
        (PledgeState.COLLECTED, True),
        (PledgeState.DECLINED, True),
        (PledgeState.AUTHORIZING, False),
        (PledgeState.CANCELLED, False),
        (PledgeState.RELEASED, False),
    ],
)
def test_backers_read_what_is_for_backers(client, campaign, state, may):
    update = published(campaign, Audience.BACKERS)
    backer = PledgeFactory(campaign=campaign, state=state).backer
    client.force_login(backer)
    shown = page_of(client, update)
    assert shown.status_code == (200 if may else 403)
    assert ("It is red." in shown.content.decode()) is may
    assert ("The press is here" in client.get(list_of(campaign)).content.decode()) is may
    api = client.get(reverse("api_updates", args=[campaign.pk])).json()["results"]
    assert [each["body"] for each in api] == (["It is red."] if may else [])


def test_others_learn_of_it_that_it_is_there_and_no_more(client, campaign):
    update = published(campaign, Audience.BACKERS)
    PledgeFactory()  # a backer of another campaign
    for person in (None, UserFactory(), PledgeFactory().backer):
        if person:
            client.force_login(person)
        for page in (page_of(client, update), client.get(list_of(campaign))):
            words = page.content.decode()
            assert "Update 1" in words
            assert "The press is here" not in words
            assert "It is red." not in words
        for name in ("comment", "api_comment"):
            assert client.get(reverse(name, args=[update.words_id])).status_code == 404
        assert client.get(reverse("thread", args=["update", update.pk])).status_code == 404
        assert client.get(reverse("atom", args=["update", update.pk])).status_code == 404
    feed = client.get(reverse("atom", args=["campaign", campaign.pk])).content.decode()
    assert "It is red." not in feed


def test_moderators_and_the_creator_read_it(campaign):
    update = published(campaign, Audience.BACKERS)
    judge, by_password = moderator(), moderator()
    judge.gave_second_factor = True
    readers = (campaign.creator, judge, by_password)
    assert [list(readable_updates(each)) for each in readers] == [[update], [update], []]
    assert list(readable_updates(None)) == []


def test_everybody_reads_the_rest_on_the_campaign_its_list_the_feed_and_the_api(client, campaign):
    update = published(campaign)
    assert "1. The press is here" in client.get(campaign.get_absolute_url()).content.decode()
    assert "1. The press is here" in client.get(list_of(campaign)).content.decode()
    assert "It is red." in page_of(client, update).content.decode()
    feed = client.get(reverse("atom", args=["campaign", campaign.pk])).content.decode()
    assert "Update 1: The press is here" in feed
    [found] = client.get(reverse("api_updates", args=[campaign.pk])).json()["results"]
    assert (found["number"], found["title"], found["body"]) == (1, update.title, "It is red.")
    assert (found["audience"], found["hidden_because"]) == ("all", "")
    assert found["page"] == update.get_absolute_url()


def test_a_list_is_read_page_by_page(client, campaign, monkeypatch):
    monkeypatch.setattr("civicfund.pledges.views.updates.PER_PAGE", 2)
    for _ in range(3):
        published(campaign)
    pages = [client.get(list_of(campaign), {"page": n}).context["updates"] for n in (1, 2)]
    assert [[each.update.number for each in page] for page in pages] == [[3, 2], [1]]
    assert client.get(list_of(campaign), {"page": 3}).status_code == 404


def test_backers_are_written_to_once_and_followers_told_once(campaign):
    pledge = PledgeFactory(campaign=campaign)
    PledgeFactory(campaign=campaign, state=PledgeState.CANCELLED)
    follower = UserFactory()
    for person in (follower, pledge.backer, campaign.creator):
        follow(visible_subject(person, SubjectKind.CAMPAIGN, campaign.pk), by=person)
    update = published(campaign)
    assert [tell_of_updates(), tell_of_updates()] == [1, 0]
    [message] = Message.objects.all()
    assert (message.kind, message.recipient) == ("campaign_update", pledge.backer)
    assert {news.recipient for news in News.objects.filter(kind=NewsKind.UPDATE)} == {
        follower, pledge.backer,
    }  # fmt: skip
    assert mail_news(Pace.DAILY) == 1  # the follower's digest: the backer has a mail already
    subjects = {each.to[0]: each.subject for each in sent_mails()}
    assert subjects[pledge.backer.email] == "Cider press: update 1"
    assert update.get_absolute_url() in mail.outbox[0].body + mail.outbox[1].body
    assert len(subjects) == 2


def test_of_what_is_for_backers_only_backers_hear(client, campaign):
    pledge, follower = PledgeFactory(campaign=campaign), UserFactory()
    follow(visible_subject(follower, SubjectKind.CAMPAIGN, campaign.pk), by=follower)
    published(campaign, Audience.BACKERS)
    tell_of_updates()
    assert [news.recipient for news in News.objects.all()] == [pledge.backer]
    client.force_login(pledge.backer)
    assert "Cider press, update 1" in client.get(reverse("my_notices")).content.decode()


def test_whoever_wants_no_such_mail_gets_none(campaign):
    pledge = PledgeFactory(campaign=campaign)
    stop_mail(StopLink(pledge.backer, Topic.BACKING))
    published(campaign)
    assert tell_of_updates() == 1
    assert not Message.objects.exists()
    assert News.objects.get().recipient == pledge.backer


def test_one_click_in_the_mail_ends_it_and_the_box_among_the_notices_brings_it_back(
    client, campaign
):
    pledge = PledgeFactory(campaign=campaign)
    published(campaign)
    tell_of_updates()
    [sent] = sent_mails()
    link = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert client.post(link.removeprefix("http://testserver"), {"List-Unsubscribe": "One-Click"})
    published(campaign)
    tell_of_updates()
    assert len(sent_mails()) == 1
    client.force_login(pledge.backer)
    client.post(reverse("my_notices"), {"pace": "daily", "backing": "on"})
    published(campaign)
    tell_of_updates()
    assert len(sent_mails()) == 2


def test_a_guest_is_written_to_and_reads_it_without_signing_in(client, campaign):
    guest = User.objects.create_guest("guest@example.org")
    pledge = PledgeFactory(campaign=campaign, backer=guest)
    update = published(campaign, Audience.BACKERS)
    tell_of_updates()
    [sent] = sent_mails()
    link = reverse("guest_update_link", args=[guest_token(pledge), 1])
    assert sent.to == ["guest@example.org"]
    assert link in sent.body
    assert page_of(client, update).status_code == 403
    answer = client.get(link)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Location"] == update.get_absolute_url()
    assert "It is red." in page_of(client, update).content.decode()
    assert not News.objects.exists()


def test_of_what_is_hidden_by_then_nobody_is_told(campaign):
    PledgeFactory(campaign=campaign)
    hidden(published(campaign))
    assert tell_of_updates() == 0
    shown = published(campaign)
    assert tell_of_updates() == 1
    message = Message.objects.get(kind="campaign_update")
    assert message.source == f"pledges.campaignupdate:{shown.pk}"


def test_a_mail_that_waits_says_nothing_of_what_is_hidden_meanwhile(campaign):
    pledge = PledgeFactory(campaign=campaign)
    shown, gone = published(campaign), published(campaign, title="Mrs Quill, 555 0134")
    tell_of_updates()
    hidden(gone)
    [sent] = [each for each in sent_mails() if each.to == [pledge.backer.email]]
    assert shown.title in sent.body
    assert "555 0134" not in sent.subject + sent.body


@pytest.mark.parametrize("hides_the_correction", [True, False])
def test_a_correction_that_waits_is_not_mailed_of_what_is_hidden(campaign, hides_the_correction):
    pledge = PledgeFactory(campaign=campaign)
    update = published(campaign)
    tell_of_updates()
    assert len(sent_mails()) == 1
    words = correct_update(update, by=campaign.creator, body="It is blue.")
    assert tell_of_corrections() == 1
    hidden(update, words if hides_the_correction else None)
    assert len([each for each in sent_mails() if each.to == [pledge.backer.email]]) == 1


def test_a_moderator_hides_it_with_a_tombstone_and_shows_it_again(client, campaign):
    update = published(campaign)
    client.force_login(UserFactory())
    flag = reverse("comment_flag", args=[update.words_id])
    assert flag in page_of(client, update).content.decode()
    flag_comment(update.words, by=UserFactory(), reason=Wrong.ADVERT)
    by, subject = hidden(update)
    feed, api = (
        reverse("atom", args=["campaign", campaign.pk]),
        reverse("api_updates", args=[campaign.pk]),
    )
    for address in (update.get_absolute_url(), list_of(campaign), feed, api):
        words = client.get(address).content.decode()
        assert "It is red." not in words
        assert "The press is here" not in words
    assert "An advert." in page_of(client, update).content.decode()
    client.force_login(campaign.creator)
    own = page_of(client, update).content.decode()
    assert reverse("comment_appeal", args=[update.words_id]) in own
    assert "It is red." in own
    restore_comment(update.words, subject, by=by)
    client.logout()
    assert "The press is here" in page_of(client, update).content.decode()


def test_it_is_edited_for_a_quarter_of_an_hour_and_that_shows(client, campaign):
    update = published(campaign)
    edit_comment(update.words, by=campaign.creator, body="It is blue.")
    page = page_of(client, update).content.decode()
    assert "It is blue." in page
    assert "edited at" in page


def test_later_it_is_corrected_below_it_and_never_taken_back(client, campaign):
    update = published(campaign)
    Comment.objects.update(created_at=db_now() - timedelta(hours=1))
    with pytest.raises(TalkError, match="too late"):
        edit_comment(update.words, by=campaign.creator, body="It is blue.")
    with pytest.raises(TalkError, match="stay"):
        delete_comment(update.words, by=campaign.creator)
    client.force_login(campaign.creator)
    address = reverse("update_correct", args=[campaign.pk, 1])
    assert client.post(address, {"body": ""}).status_code == 400
    assert client.post(address, {"body": "It is blue."}).url == update.get_absolute_url()
    client.logout()
    page = page_of(client, update).content.decode()
    assert page.index("It is red.") < page.index("Correction") < page.index("It is blue.")
    with pytest.raises(TalkError, match="stay"):
        delete_comment(Comment.objects.get(is_official=True), by=campaign.creator)


# --- corrections


def told(campaign, audience=Audience.ALL):
    """An update of which its backers are told."""
    update = published(campaign, audience)
    assert tell_of_updates() == 1
    return update


def corrected(update):
    return correct_update(update, by=update.campaign.creator, body="It is blue.")


def mailed_of_a_correction():
    return {each.recipient for each in Message.objects.filter(kind="campaign_correction")}


def test_whoever_was_written_to_of_an_update_is_of_its_correction_once(campaign):
    pledge, gone = (PledgeFactory(campaign=campaign) for _ in range(2))
    update = told(campaign)
    later = PledgeFactory(campaign=campaign).backer
    type(gone).objects.filter(pk=gone.pk).update(state=PledgeState.CANCELLED)
    corrected(update)
    assert [tell_of_corrections(), tell_of_corrections()] == [1, 0]
    assert mailed_of_a_correction() == {pledge.backer, gone.backer}
    corrected(update)
    assert tell_of_corrections() == 1
    mails = [each for each in sent_mails() if "corrected" in each.subject]
    assert [each.to[0] for each in mails].count(pledge.backer.email) == 2
    assert later.email not in {each.to[0] for each in mails}
    assert mails[0].subject == "Cider press: update 1 was corrected"
    assert "The team of “Cider press” has corrected an update" in mails[0].body
    assert "It is blue." not in mails[0].body
    assert update.get_absolute_url() in mails[0].body
    assert "List-Unsubscribe" in mails[0].extra_headers


def test_whoever_wants_no_such_mail_any_more_gets_no_correction_either(campaign):
    before, after, still = (PledgeFactory(campaign=campaign).backer for _ in range(3))
    stop_mail(StopLink(before, Topic.BACKING))
    update = told(campaign)
    stop_mail(StopLink(after, Topic.BACKING))
    corrected(update)
    assert tell_of_corrections() == 1
    assert mailed_of_a_correction() == {still}
    notices = News.objects.filter(kind=NewsKind.CORRECTION)
    assert {news.recipient for news in notices} == {before, after, still}


def test_followers_hear_of_it_and_backers_have_it_in_no_digest_again(campaign):
    backer, follower = PledgeFactory(campaign=campaign).backer, UserFactory()
    for person in (follower, backer):
        follow(visible_subject(person, SubjectKind.CAMPAIGN, campaign.pk), by=person)
    corrected(told(campaign))
    tell_of_corrections()
    notices = News.objects.filter(kind=NewsKind.CORRECTION).order_by("recipient")
    assert {news.recipient: bool(news.mailed_at) for news in notices} == {
        backer: True, follower: False,
    }  # fmt: skip


def test_a_correction_for_backers_goes_to_those_who_may_still_read_it(campaign):
    guest = User.objects.create_guest("guest@example.org")
    pledge = PledgeFactory(campaign=campaign, backer=guest)
    gone, follower = PledgeFactory(campaign=campaign), UserFactory()
    follow(visible_subject(follower, SubjectKind.CAMPAIGN, campaign.pk), by=follower)
    update = told(campaign, Audience.BACKERS)
    type(gone).objects.filter(pk=gone.pk).update(state=PledgeState.CANCELLED)
    corrected(update)
    tell_of_corrections()
    assert mailed_of_a_correction() == {guest}
    assert not News.objects.filter(kind=NewsKind.CORRECTION).exists()
    link = reverse("guest_update_link", args=[guest_token(pledge), 1])
    assert link in sent_mails()[-1].body


def test_of_a_hidden_correction_or_update_nobody_is_told(campaign):
    PledgeFactory(campaign=campaign)
    one, other = told(campaign), told(campaign)
    said = corrected(one)
    hide_comment(said, subject_of_update(one), by=moderator(), reason=Wrong.ADVERT)
    corrected(other)
    hidden(other)
    assert tell_of_corrections() == 0
    assert mailed_of_a_correction() == set()


def test_a_correction_waits_until_people_are_told_of_its_update(campaign):
    backer = PledgeFactory(campaign=campaign).backer
    corrected(published(campaign))
    assert tell_of_corrections() == 0
    assert tell_of_updates() == 1
    assert tell_of_corrections() == 1
    assert mailed_of_a_correction() == {backer}


def test_an_answer_for_the_city_is_no_correction(campaign):
    person = UserFactory()
    grant_role(person, Role.SPOKESPERSON, by=None)
    asked = write_comment(
        visible_subject(person, SubjectKind.CAMPAIGN, campaign.pk),
        by=UserFactory(), body="Why?", asks_city=True,
    )  # fmt: skip
    answer_for_city(
        asked, visible_subject(person, SubjectKind.CAMPAIGN, campaign.pk), by=person, body="So."
    )
    assert tell_of_corrections() == 0


def test_so_many_corrections_a_day(client, campaign, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {
        "campaign_correction": "1/d/user"
    }
    published(campaign)
    client.force_login(campaign.creator)
    address = reverse("update_correct", args=[campaign.pk, 1])
    answers = [client.post(address, {"body": "It is blue."}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 429]
    assert "It is blue." in answers[1].content.decode()
    assert Comment.objects.filter(is_official=True).count() == 1


def test_people_answer_an_update_and_nobody_begins_anything_there(client, campaign):
    update = published(campaign)
    person = UserFactory()
    client.force_login(person)
    client.post(reverse("comment", args=[update.words_id]), {"body": "At last!"})
    assert "At last!" in page_of(client, update).content.decode()
    assert (
        client.get(reverse("thread", args=["update", update.pk])).url == update.get_absolute_url()
    )
    with pytest.raises(TalkError, match="Nothing can be said"):
        write_comment(subject_of_update(update), by=person, body="Something else.")
    delete_comment(Comment.objects.get(author=person), by=person)


def test_a_creator_writes_previews_and_publishes(client, campaign):
    client.force_login(campaign.creator)
    address = reverse("update_new", args=[campaign.pk])
    assert client.get(address).status_code == 200
    words = {"title": "The press is here", "body": "It is red.", "audience": "backers"}
    shown = client.post(address, words | {"act": "preview"}).content.decode()
    assert "This is a preview" in shown
    assert not CampaignUpdate.objects.exists()
    wrong = client.post(address, words | {"title": ""})
    assert wrong.status_code == 400
    assert "It is red." in wrong.content.decode()
    assert client.post(address, words).url == reverse("campaign_update", args=[campaign.pk, 1])
    assert CampaignUpdate.objects.get().is_for_backers


def test_so_many_a_day(client, campaign, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"campaign_update": "1/d/user"}
    client.force_login(campaign.creator)
    words = {"title": "T", "body": "B", "audience": "all"}
    address = reverse("update_new", args=[campaign.pk])
    assert [client.post(address, words).status_code for _ in range(2)] == [302, 429]
    assert CampaignUpdate.objects.count() == 1


@pytest.mark.parametrize("name", ["update_new", "update_correct"])
def test_the_creators_pages_are_the_creators(client, campaign, name):
    published(campaign)
    args = [campaign.pk, 1] if name == "update_correct" else [campaign.pk]
    address = reverse(name, args=args)
    assert client.get(address).status_code == 302
    client.force_login(PledgeFactory(campaign=campaign).backer)
    assert client.get(address).status_code == 403
    assert client.post(address, {"title": "T", "body": "B", "audience": "all"}).status_code == 403
    assert Comment.objects.count() == 1


def test_pages_ask_as_much_for_three_as_for_one(client, campaign):
    client.force_login(PledgeFactory(campaign=campaign).backer)
    counts = []
    addresses = [
        list_of(campaign),
        campaign.get_absolute_url(),
        reverse("api_updates", args=[campaign.pk]),
    ]
    for more in (1, 2):
        for _ in range(more):
            made = published(campaign, Audience.BACKERS)
            write_comment(
                subject_of_update(made), by=UserFactory(), body="Good.", parent=made.words
            )
        asked = []
        for address in [*addresses, made.get_absolute_url()]:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
