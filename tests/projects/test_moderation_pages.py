"""Reporting a project, the moderators' desk, the tombstone and the veils, without a browser."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.audit.services import record
from civicfund.notices.services import send_next
from civicfund.people.models import User
from civicfund.people.services.erasure import erase
from civicfund.projects.enums import PROJECT_EVENT_WORDS, AppealOutcome, ProjectState, Wrong
from civicfund.projects.models import CoAuthor, ProjectFlag, ProjectHiding
from civicfund.projects.services import withdraw_project
from civicfund.projects.services.files import add_file
from civicfund.projects.services.merging import merge_as_moderator
from civicfund.projects.services.moderating import decide_project_appeal, flag_project
from civicfund.talk.services import follow
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, subject_of
from tests.hostile_files import a_picture
from tests.projects.test_admin import acted_on_unseen
from tests.projects.test_moderating import appealed, fresh, hide, moderator
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
TITLE = "Mrs Quill of 4 Mill Lane is a thief"
WHY = {"reason": "private", "words": "It tells where somebody lives."}


@pytest.fixture
def project():
    return ProjectFactory(title=TITLE, summary="Call her: 555 0134.", wanted=["hands"])


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def test_somebody_reports_a_project_and_a_moderator_hides_it(client, project):
    flagging = reverse("project_flag", args=[project.pk])
    assert flagging not in page(client, project.get_absolute_url())
    client.force_login(UserFactory())
    assert flagging in page(client, project.get_absolute_url())
    assert TITLE in page(client, flagging)
    client.post(flagging, {"reason": "private", "words": "She is my neighbor."})
    client.logout()
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_project", args=[project.pk])
    desk = page(client, reverse("comments_desk"))
    assert judging in desk
    assert "1 report since" in desk
    assert "She is my neighbor." in page(client, judging)
    assert client.post(judging, {"act": "hide"} | WHY).url == reverse("comments_desk")
    assert judging not in page(client, reverse("comments_desk"))
    assert TITLE in page(client, project.get_absolute_url())
    client.logout()
    shown = page(client, project.get_absolute_url(), 410)
    assert "It tells private things about somebody." in shown
    assert "It tells where somebody lives." in shown
    assert "noindex" in shown


def test_what_is_reported_while_a_moderator_reads_is_not_answered_with_the_rest(client, project):
    first = flag_project(project, by=UserFactory(), reason="other", words="first")
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_project", args=[project.pk])
    assert f'name="seen" value="{first.pk}"' in page(client, judging)
    second = flag_project(project, by=UserFactory(), reason="private", words="My address!")
    answer = client.post(judging, {"act": "dismiss", "seen": first.pk}, follow=True)
    assert answer.redirect_chain == [(judging, 302)]
    assert "was reported again" in answer.content.decode()
    assert "My address!" in answer.content.decode()
    assert list(ProjectFlag.objects.waiting()) == [second]
    client.post(judging, {"act": "dismiss"})
    assert list(ProjectFlag.objects.waiting()) == [second]
    done = client.post(judging, {"act": "dismiss", "seen": second.pk})
    assert (done.url, ProjectFlag.objects.waiting().exists()) == (reverse("comments_desk"), False)


def test_of_a_hidden_project_nothing_is_left_anywhere(client, project):
    comment = CommentFactory(thread=ThreadFactory(subject_id=project.pk), body="What a house.")
    file = add_file(project, a_picture(), words="Her door", by=project.proposer)
    whole = ProjectFactory(title="A whole")
    child = ProjectFactory(title="Mrs Quill again")
    by = moderator()
    merge_as_moderator(child, whole, reason="Same.", by=by)
    reader = UserFactory()
    follow(subject_of(comment), by=reader)
    hide(project)
    hide(child)
    client.force_login(reader)
    for name in (
        "project_history",
        "project_flag",
        "project_copy",
        "api_project",
        "project_offers",
    ):
        page(client, reverse(name, args=[project.pk]), 404)
    for address in (
        reverse("thread", args=["project", project.pk]),
        comment.get_absolute_url(),
        file.get_absolute_url(),
        reverse("project_file_small", args=[file.pk]),
        reverse("api_project", args=[project.pk]),
        reverse("api_plan", args=[project.pk]),
        f"/feeds/project/{project.pk}.atom",
    ):
        page(client, address, 404)
    place = project.neighborhood
    for address in (
        "/",
        "/projects/?q=Quill",
        "/projects/help/",
        place.get_absolute_url(),
        child.neighborhood.get_absolute_url(),
        f"/feeds/neighborhood/{place.pk}.atom",
        reverse("api_projects"),
        whole.get_absolute_url(),
        "/me/",
        "/me/notices/",
    ):
        assert "Mrs Quill" not in page(client, address), address
    assert client.post(reverse("project_support", args=[project.pk])).status_code == 404


def test_a_page_that_leads_to_a_hidden_whole_does_not_name_it(client, project):
    child = ProjectFactory()
    merge_as_moderator(child, project, reason="Same.", by=moderator())
    hide(project)
    shown = page(client, child.get_absolute_url())
    assert "Quill" not in shown
    assert "Moderators have hidden that one" in shown


def test_of_a_campaign_that_is_over_only_its_own_page_is_left(client):
    campaign = CampaignFactory(project__title=TITLE, state="unfunded")
    hide(campaign.project)
    assert "Quill" not in page(client, "/campaigns/?show=finished")
    assert "Quill" not in page(client, campaign.project.neighborhood.get_absolute_url())
    page(client, campaign.get_absolute_url())


def test_its_authors_are_told_change_it_and_appeal(client, project):
    CoAuthor.objects.create(project=project, user=(friend := UserFactory()))
    hide(project)
    while send_next():
        pass
    assert {address for each in mail.outbox for address in each.to} == {
        project.proposer.email, friend.email,
    }  # fmt: skip
    assert all(project.get_absolute_url() in each.body for each in mail.outbox)
    client.force_login(friend)
    appealing = reverse("project_appeal", args=[project.pk])
    shown = page(client, project.get_absolute_url())
    assert TITLE in shown
    assert appealing in shown
    assert reverse("project_support", args=[project.pk]) not in shown
    assert "Say it" not in shown
    page(client, reverse("project_edit", args=[project.pk]))
    assert client.post(appealing, {"words": ""}).status_code == 400
    assert client.post(appealing, {"words": "It is my own house."}).status_code == 302
    again = client.post(appealing, {"words": "Once more."})
    assert again.status_code == 400
    assert "Once more." in again.content.decode()
    assert "Another moderator looks at your appeal." in page(client, project.get_absolute_url())
    client.logout()
    sign_in_with_second_factor(client, moderator())
    judging = reverse("judge_project", args=[project.pk])
    assert judging in page(client, reverse("comments_desk"))
    assert "It is my own house." in page(client, judging)
    client.post(judging, {"act": "lift"})
    client.logout()
    assert TITLE in page(client, project.get_absolute_url())


def test_an_appeal_is_for_the_authors_of_what_is_hidden(client, project):
    appealing = reverse("project_appeal", args=[project.pk])
    client.force_login(project.proposer)
    assert client.get(appealing).status_code == 404
    hide(project)
    for other in (UserFactory(), moderator()):
        client.force_login(other)
        assert client.get(appealing).status_code == 404
        assert client.post(appealing, {"words": "x"}).status_code == 404
    assert ProjectHiding.objects.get().appealed_at is None


def test_a_desk_says_why_an_act_is_refused(client):
    by = moderator()
    hiding = appealed(by=by)
    held = CampaignFactory().project
    sign_in_with_second_factor(client, by)
    judging = reverse("judge_project", args=[hiding.project_id])
    assert "another moderator decides on the appeal" in page(client, judging)
    for act in ("lift", "uphold", "restore", "hide", "nothing"):
        answer = client.post(judging, {"act": act, "reason": "other"})
        assert answer.status_code == (200 if act == "nothing" else 400)
    assert fresh(hiding.project).state == ProjectState.HIDDEN
    judging = reverse("judge_project", args=[held.pk])
    assert "It cannot be hidden now" in page(client, judging)
    refused = client.post(judging, {"act": "hide"} | WHY)
    assert refused.status_code == 400
    assert "People pledge money" in refused.content.decode()
    own = ProjectFactory(proposer=by)
    assert "This is your own" in page(client, reverse("judge_project", args=[own.pk]))
    draft = ProjectFactory(state=ProjectState.DRAFT)
    page(client, reverse("judge_project", args=[draft.pk]), 404)


def test_a_report_needs_a_reason_and_comes_once_and_not_without_end(client, project, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"flag_comment": "2/h/user"}
    client.force_login(UserFactory())
    flagging = reverse("project_flag", args=[project.pk])
    assert client.post(flagging, {"words": "Rude."}).status_code == 400
    other = ProjectFactory()
    itself = {"reason": "same", "other": project.pk, "words": "Word for word."}
    sent = [{"reason": "insult"}, {"reason": "insult"}, itself, itself | {"other": other.pk}]
    assert [client.post(flagging, said).status_code for said in sent] == [302, 400, 400, 302]
    assert client.post(flagging, itself | {"other": ProjectFactory().pk}).status_code == 429
    assert [each.other for each in ProjectFlag.objects.order_by("pk")] == [None, other]


def test_a_refused_report_is_shown_as_typed_with_why(client, project):
    client.force_login(UserFactory())
    said = {"reason": "same", "other": project.get_absolute_url(), "words": "Word for word."}
    answer = client.post(reverse("project_flag", args=[project.pk]), said)
    assert answer.status_code == 400
    assert "This is the number of the project itself." in answer.content.decode()
    assert "Word for word." in answer.content.decode()
    assert answer.context["form"].errors.keys() == {"other"}


def test_the_desk_asks_as_much_for_many_projects_as_for_one(client):
    sign_in_with_second_factor(client, moderator())
    counts = []
    for more in (1, 19):
        for flagged in ProjectFactory.create_batch(more):
            flag_project(flagged, by=UserFactory(), reason=Wrong.OTHER)
            appealed()
        with CaptureQueriesContext(connection) as queries:
            page(client, reverse("comments_desk"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_public_counts_say_what_was_done_to_projects(client):
    decide_project_appeal(appealed().project, by=moderator(), outcome=AppealOutcome.UPHELD)
    decide_project_appeal(appealed().project, by=moderator(), outcome=AppealOutcome.LIFTED)
    hide(ProjectFactory(), reason=Wrong.ADVERT)
    flag_project(ProjectFactory(), by=UserFactory(), reason=Wrong.OTHER)
    [header, month] = b"".join(client.get(reverse("moderation_csv"))).decode().splitlines()
    counts = dict(zip(header.split(","), month.split(","), strict=True))
    assert counts["month"] == f"{timezone.localdate():%Y-%m}"
    assert {name: count for name, count in counts.items() if count != "0"} == {
        "month": counts["month"], "project_flags": "1", "projects_hidden": "3",
        "projects_shown_again": "1", "project_appeals": "2", "projects_upheld": "1",
        "projects_hidden_private": "2", "projects_hidden_advert": "1",
    }  # fmt: skip
    assert "Projects hidden" in page(client, reverse("moderation"))


def test_a_draft_that_was_dropped_is_not_judged(client):
    draft = ProjectFactory(title="A private thought", state=ProjectState.DRAFT)
    file = add_file(draft, a_picture(), words="My door", by=draft.proposer)
    withdraw_project(draft, by=draft.proposer)
    sign_in_with_second_factor(client, moderator())
    page(client, reverse("judge_project", args=[draft.pk]), 404)
    page(client, reverse("judge_file", args=[draft.pk, file.pk]), 404)


def test_a_draft_of_somebody_who_has_left_is_not_judged(client):
    draft = ProjectFactory(story="A secret.", state=ProjectState.DRAFT)
    erase(draft.proposer)
    sign_in_with_second_factor(client, moderator())
    page(client, reverse("judge_project", args=[draft.pk]), 404)


def test_what_was_withdrawn_after_it_was_published_is_judged(client, project):
    withdraw_project(project, by=project.proposer)
    sign_in_with_second_factor(client, moderator())
    assert TITLE in page(client, reverse("judge_project", args=[project.pk]))


def test_a_moderators_page_names_nobody_who_did_something_unseen(client, project):
    names = acted_on_unseen(project)
    sign_in_with_second_factor(client, moderator())
    shown = page(client, reverse("judge_project", args=[project.pk]))
    assert [each for each in names if each in shown] == []
    assert "It leans." in shown


def test_a_moderators_page_tells_the_newest_acts_alone(client, project):
    for _ in range(60):
        record("project.edited", project, actor=project.proposer)
    sign_in_with_second_factor(client, moderator())
    shown = page(client, reverse("judge_project", args=[project.pk]))
    assert shown.count(str(PROJECT_EVENT_WORDS["project.edited"])) == 50


def test_what_is_reported_of_ones_own_is_for_other_moderators(client, project):
    reporter = UserFactory(display_name="Rob Reporting")
    flag_project(project, by=reporter, reason="other", words="She lies.")
    flag = ProjectFlag.objects.get()
    other, own = moderator(), moderator()
    CoAuthor.objects.create(project=project, user=own)
    at_the_desk = reverse("judge_project", args=[project.pk])
    in_the_admin = reverse("admin:projects_projectflag_change", args=[flag.pk])
    for reader, reads in ((other, True), (own, False)):
        reader.refresh_from_db()
        sign_in_with_second_factor(client, reader)
        assert ("She lies." in page(client, at_the_desk)) is reads
        shown = page(client, in_the_admin, 200 if reads else 302)
        assert ("She lies." in shown) is reads
        assert "Rob Reporting" not in shown


def test_what_is_hidden_opens_for_a_moderator_with_a_second_factor_only(client, project):
    hide(project)
    by_password = moderator()
    client.force_login(by_password)
    page(client, project.get_absolute_url(), 410)
    page(client, reverse("project_history", args=[project.pk]), 404)
    sign_in_with_second_factor(client, by_password)
    assert TITLE in page(client, project.get_absolute_url())


def test_what_was_done_to_ones_own_is_for_other_moderators(client, project):
    by, own = moderator(), moderator()
    User.objects.filter(pk=by.pk).update(display_name="Mo Moderating")
    hiding = hide(project, by=by)
    CoAuthor.objects.create(project=project, user=own)
    at_the_desk = reverse("judge_project", args=[project.pk])
    in_the_admin = reverse("admin:projects_projecthiding_change", args=[hiding.pk])
    for reader, reads in ((moderator(), True), (own, False)):
        sign_in_with_second_factor(client, reader)
        assert ("Mo Moderating" in page(client, at_the_desk)) is reads
        page(client, in_the_admin, 200 if reads else 302)
