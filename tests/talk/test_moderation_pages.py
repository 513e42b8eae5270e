"""Reporting, the moderators' desk, the tombstone and the public counts, without a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services import withdraw_project
from civicfund.talk.enums import Wrong
from civicfund.talk.models import Comment, Flag, Hiding
from civicfund.talk.services import flag_comment
from tests.factories.people import UserFactory
from tests.factories.talk import CommentFactory, subject_of
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_moderating import appealed, decide, hide, moderator

pytestmark = pytest.mark.django_db


@pytest.fixture
def comment():
    return CommentFactory(body="You are all fools.")


def withdrawn(comment):
    """The project that the comment is about, which nobody but its authors sees from now on."""
    project = Project.objects.get(pk=comment.thread.subject_id)
    return withdraw_project(project, by=project.proposer)


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def reported(number):
    comments = [CommentFactory(body=f"Buy here {n}.") for n in range(number)]
    for each in comments:
        flag_comment(each, by=UserFactory(), reason=Wrong.ADVERT)
    return comments


def test_a_wave_of_reports_is_judged_at_once(client):
    judge = moderator()
    sign_in_with_second_factor(client, judge)
    first, second, fine = reported(3)
    own = CommentFactory(author=judge, body="Mine.")
    flag_comment(own, by=UserFactory(), reason=Wrong.OTHER)
    desk = reverse("comments_desk")
    why = {"act": "hide", "reason": Wrong.ADVERT, "words": "No advertisements."}
    answer = client.post(desk, why | {"comments": [first.pk, second.pk, own.pk]})
    assert answer.status_code == 400
    said = answer.content.decode()
    assert "2 comments are hidden" in said
    assert "Mine.: " in said
    assert f'value="{own.pk}" id="tick-{own.pk}"' in said
    assert set(Hiding.objects.values_list("comment", "words", "hidden_by")) == {
        (each.pk, "No advertisements.", judge.pk) for each in (first, second)
    }
    assert client.post(desk, {"act": "dismiss", "comments": [fine.pk]}).url == desk
    assert not fine.flags.filter(handled_at=None).exists()
    assert own.flags.filter(handled_at=None).exists()
    assert Hiding.objects.count() == 2


def test_what_is_reported_while_a_moderator_reads_is_not_answered_with_the_rest(client):
    [comment] = reported(1)
    [first] = comment.flags.all()
    sign_in_with_second_factor(client, moderator())
    desk, judging = reverse("comments_desk"), reverse("judge_comment", args=[comment.pk])
    for address in (desk, judging):
        assert f'name="seen" value="{first.pk}"' in page(client, address)
    second = flag_comment(comment, by=UserFactory(), reason=Wrong.PRIVATE, words="My address!")
    ticked = {"act": "dismiss", "comments": [comment.pk], "seen": first.pk}
    answer = client.post(desk, ticked)
    assert (answer.status_code, "was reported again" in answer.content.decode()) == (400, True)
    answer = client.post(judging, {"act": "dismiss", "seen": first.pk}, follow=True)
    assert "My address!" in answer.content.decode()
    client.post(judging, {"act": "dismiss"})
    assert list(Flag.objects.waiting()) == [second]
    assert client.post(judging, {"act": "dismiss", "seen": second.pk}).url == desk
    assert not Flag.objects.waiting().exists()


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("comments", "Tick at least one"),
        ("reason", "There is a problem"),
        ("act", "There is a problem"),
    ],
)
def test_what_is_left_out_is_asked_for_and_what_was_ticked_stays(client, left_out, said):
    sign_in_with_second_factor(client, moderator())
    [comment] = reported(1)
    given = {"act": "hide", "comments": [comment.pk], "reason": Wrong.ADVERT, "words": "Hm."}
    del given[left_out]
    answer = client.post(reverse("comments_desk"), given)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert said in text
    assert "Hm." in text
    assert (f'id="tick-{comment.pk}" aria-label="Tick: {comment.body}" checked' in text) is (
        left_out != "comments"
    )
    assert Hiding.objects.count() == 0
    assert comment.flags.filter(handled_at=None).exists()


@pytest.mark.parametrize("act", ["hide", "none such"])
def test_why_nothing_was_done_is_said_where_nothing_waits_any_more(client, act):
    sign_in_with_second_factor(client, moderator())
    [comment] = reported(1)
    hide(comment)
    sent = {"act": act, "comments": [comment.pk], "reason": Wrong.ADVERT, "words": "Hm."}
    answer = client.post(reverse("comments_desk"), sent)
    said = answer.content.decode()
    assert (answer.status_code, "Nothing waits" in said) == (400, True)
    assert ("Buy here 0.: " in said) is (act == "hide")
    assert ("There is a problem" in said) is (act != "hide")
    assert Hiding.objects.count() == 1


def test_somebody_reports_a_comment_and_a_moderator_hides_it(client, comment):
    flagging = reverse("comment_flag", args=[comment.pk])
    client.force_login(UserFactory())
    assert flagging in page(client, comment.get_absolute_url())
    assert "You are all fools." in page(client, flagging)
    client.post(flagging, {"reason": "insult", "words": "Rude."})
    client.logout()
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_comment", args=[comment.pk])
    assert judging in page(client, reverse("comments_desk"))
    assert "Rude." in page(client, judging)
    sent = {"act": "hide", "reason": "insult", "words": "We talk as neighbors."}
    assert client.post(judging, sent).url == reverse("comments_desk")
    assert judging not in page(client, reverse("comments_desk"))
    client.logout()
    for address in (
        comment.get_absolute_url(),
        reverse("thread", args=["project", comment.thread.subject_id]),
        reverse("project", args=[comment.thread.subject_id]),
    ):
        shown = page(client, address)
        assert "You are all fools." not in shown
        assert "Hidden by a moderator: It insults or threatens people." in shown
        assert "We talk as neighbors." in shown
    listed = page(client, reverse("api_thread", args=["project", comment.thread.subject_id]))
    assert '"hidden_because":"insult"' in listed
    assert "You are all fools." not in listed


def test_its_author_still_reads_it_is_told_and_appeals(client, comment):
    hide(comment)
    while send_next():
        pass
    [sent] = mail.outbox
    assert sent.to == [comment.author.email]
    assert comment.get_absolute_url() in sent.body
    client.force_login(comment.author)
    appealing = reverse("comment_appeal", args=[comment.pk])
    shown = page(client, comment.get_absolute_url())
    assert "You are all fools." in shown
    assert appealing in shown
    assert client.post(appealing, {"words": ""}).status_code == 400
    assert client.post(appealing, {"words": "I quoted a play."}).status_code == 302
    again = client.post(appealing, {"words": "Once more."})
    assert again.status_code == 400
    assert "Once more." in again.content.decode()
    assert "Another moderator looks at your appeal." in page(client, comment.get_absolute_url())
    client.logout()
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_comment", args=[comment.pk])
    assert "I quoted a play." in page(client, judging)
    client.post(judging, {"act": "lift"})
    assert "You are all fools." in page(client, comment.get_absolute_url())


def test_an_appeal_is_for_the_author_of_what_is_hidden(client, comment):
    appealing = reverse("comment_appeal", args=[comment.pk])
    client.force_login(comment.author)
    assert client.get(appealing).status_code == 404
    hide(comment)
    client.force_login(UserFactory())
    assert client.get(appealing).status_code == 403
    assert client.post(appealing, {"words": "x"}).status_code == 403
    assert Hiding.objects.get().appealed_at is None


def test_a_desk_says_why_an_act_is_refused(client, comment):
    by = moderator()
    hiding = appealed(comment, by=by)
    sign_in_with_second_factor(client, by)
    judging = reverse("judge_comment", args=[comment.pk])
    assert "another moderator decides on the appeal" in page(client, judging)
    for act in ("lift", "uphold", "restore", "hide", "nothing"):
        answer = client.post(judging, {"act": act, "reason": "other"})
        assert answer.status_code == (200 if act == "nothing" else 400)
    hiding.refresh_from_db()
    assert (hiding.decided_at, hiding.lifted_at) == (None, None)


def test_the_desk_offers_nothing_to_whoever_writes_what_it_was_said_of(client, comment):
    flag_comment(comment, by=UserFactory(), reason=Wrong.INSULT)
    hiding = appealed()
    for each in (comment, hiding.comment):
        CoAuthor.objects.create(project_id=each.thread.subject_id, user=(by := moderator()))
        sign_in_with_second_factor(client, by)
        judging = reverse("judge_comment", args=[each.pk])
        shown = page(client, judging)
        assert "another moderator looks at it" in shown
        assert 'name="act"' not in shown
        for act in ("dismiss", "hide", "lift", "uphold"):
            answer = client.post(judging, {"act": act, "reason": "other"})
            assert answer.status_code == 400
        desk = page(client, reverse("comments_desk"))
        assert (judging in desk) == (each == comment)
        client.logout()
    assert Flag.objects.waiting().count() == 1
    hiding.refresh_from_db()
    assert hiding.decided_at is None


def test_a_report_needs_a_reason_and_comes_once_and_not_without_end(client, comment, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"flag_comment": "2/h/user"}
    client.force_login(UserFactory())
    flagging = reverse("comment_flag", args=[comment.pk])
    assert client.post(flagging, {"words": "Rude."}).status_code == 400
    assert [client.post(flagging, {"reason": "insult"}).status_code for _ in range(3)] == [
        302, 302, 429,
    ]  # fmt: skip
    assert Flag.objects.count() == 1


def test_the_desk_asks_as_much_for_a_hundred_as_for_one(client):
    sign_in_with_second_factor(client, moderator())
    counts = []
    for more in (1, 99):
        for flagged in CommentFactory.create_batch(more):
            flag_comment(flagged, by=UserFactory(), reason=Wrong.OTHER)
        for _ in range(min(more, 9)):
            appealed()
        with CaptureQueriesContext(connection) as queries:
            page(client, reverse("comments_desk"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_public_counts_say_what_was_done_and_name_nobody(client):
    upheld, lifted, old = appealed(), appealed(), CommentFactory()
    decide(upheld, moderator(), "upheld")
    decide(lifted, moderator(), "lifted")
    hide(CommentFactory(), reason=Wrong.ADVERT)
    flag_comment(CommentFactory(), by=UserFactory(), reason=Wrong.OTHER)
    Comment.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=800))
    [header, month] = b"".join(client.get(reverse("moderation_csv"))).decode().splitlines()
    assert dict(zip(header.split(","), month.split(","), strict=True)) == {
        "month": f"{timezone.localdate():%Y-%m}",
        "comments": "4", "flags": "1", "hidden": "3", "shown_again": "1", "appeals": "2",
        "upheld": "1", "hidden_insult": "2", "hidden_private": "0", "hidden_advert": "1",
        "hidden_off_topic": "0", "hidden_illegal": "0", "hidden_other": "0",
        "project_flags": "0", "projects_hidden": "0", "projects_shown_again": "0",
        "project_appeals": "0", "projects_upheld": "0", "parts_taken_down": "0",
        **{f"projects_hidden_{reason}": "0" for reason in Wrong.values},
        "pauses": "0", "pauses_ended": "0", "pause_appeals": "0", "pauses_upheld": "0",
        "campaign_reports": "0", "campaigns_suspended": "0", "campaigns_go_on": "0",
        "campaign_appeals": "0", "campaigns_upheld": "0",
    }  # fmt: skip
    shown = page(client, reverse("moderation"))
    assert "Appeals refused" in shown
    assert upheld.comment.author.display_name not in shown


def test_nothing_said_is_nothing_counted(client):
    assert "Nothing was said yet" in page(client, reverse("moderation"))


def test_what_is_flagged_about_a_subject_that_is_gone_still_shows_at_the_desk(client):
    gone = CommentFactory(thread__subject_id=10**9)
    flag_comment(gone, by=UserFactory(), reason=Wrong.OTHER)
    sign_in_with_second_factor(client, moderator())
    listed = page(client, reverse("comments_desk"))
    assert gone.body in listed
    assert "Something that is no longer public" in listed
    with pytest.raises(Exception, match="No such subject"):
        subject_of(gone)


def test_a_report_is_answered_once_the_project_is_withdrawn(client, comment):
    flag_comment(comment, by=UserFactory(), reason=Wrong.INSULT)
    project = withdrawn(comment)
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_comment", args=[comment.pk])
    shown = page(client, judging)
    assert "You are all fools." in shown
    assert project.title not in shown
    assert f'href="{comment.get_absolute_url()}"' not in shown
    client.post(judging, {"act": "hide", "reason": "insult"})
    assert judging not in page(client, reverse("comments_desk"))
    assert Hiding.objects.get().comment == comment


def test_an_appeal_is_written_and_decided_once_the_project_is_withdrawn(client, comment):
    hiding = hide(comment)
    withdrawn(comment)
    client.force_login(comment.author)
    appealing = reverse("comment_appeal", args=[comment.pk])
    assert appealing in page(client, comment.get_absolute_url())
    assert client.post(appealing, {"words": "I quoted a play."}).status_code == 302
    client.logout()
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_comment", args=[comment.pk])
    assert judging in page(client, reverse("comments_desk"))
    assert client.post(judging, {"act": "lift"}).url == reverse("comments_desk")
    hiding.refresh_from_db()
    assert hiding.outcome == "lifted"


def test_at_the_desk_nobody_reads_who_reported_a_comment(client, comment):
    reporter, judge = UserFactory(display_name="Reporting Rose"), moderator()
    flag_comment(comment, by=reporter, reason=Wrong.OTHER, words="Rude.")
    judge.refresh_from_db()
    sign_in_with_second_factor(client, judge)
    for address in (
        reverse("judge_comment", args=[comment.pk]),
        reverse("admin:talk_comment_change", args=[comment.pk]),
    ):
        assert "Reporting Rose" not in page(client, address), address


@pytest.mark.parametrize("how", ["author", "of the project"])
def test_what_is_reported_of_ones_own_words_is_for_other_moderators(client, comment, how):
    reporter = UserFactory(display_name="Rob Reporting")
    flag_comment(comment, by=reporter, reason=Wrong.OTHER, words="So rude.")
    flag = Flag.objects.get()
    own = comment.author if how == "author" else UserFactory()
    if how != "author":
        CoAuthor.objects.create(project_id=comment.thread.subject_id, user=own)
    grant_role(own, Role.MODERATOR, by=None)
    at_the_desk = reverse("judge_comment", args=[comment.pk])
    in_the_admin = reverse("admin:talk_flag_change", args=[flag.pk])
    for reader, reads in ((moderator(), True), (own, False)):
        reader.refresh_from_db()
        sign_in_with_second_factor(client, reader)
        assert ("So rude." in page(client, at_the_desk)) is reads
        shown = page(client, in_the_admin, 200 if reads else 302)
        assert ("So rude." in shown) is reads
        assert "Rob Reporting" not in shown
