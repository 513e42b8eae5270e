"""What moderators find again: what waits, what was hidden, what one account wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import PROJECT_EVENT_WORDS, SAME, ProjectState
from civicfund.projects.models import CoAuthor, ProjectHiding
from civicfund.projects.services.moderating import appeal_project, flag_project, hide_project
from civicfund.talk.enums import COMMENT_EVENT_WORDS, AppealOutcome, SubjectKind, Wrong
from civicfund.talk.models import Hiding
from civicfund.talk.services import delete_comment, flag_comment, restore_comment
from civicfund.talk.views import desk
from civicfund.town.enums import AREAS, PRIVATE
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, subject_of
from tests.talk.test_moderating import appealed, decide, hide, moderator
from tests.talk.test_moderation_pages import page
from tests.talk.test_ways_to_judge import come, judging

pytestmark = pytest.mark.django_db

DESK, HIDDEN = reverse("comments_desk"), reverse("hidden_desk")


# --- what was hidden


def rows(client, **asked):
    answer = client.get(HIDDEN, asked)
    assert answer.status_code == 200
    return [hiding for hiding, _about in answer.context["rows"]]


def hidden_project(by=None, **fields):
    project = ProjectFactory(**fields)
    return hide_project(project, by=by or moderator(), reason=Wrong.ADVERT, words="It sells cars.")


def test_what_was_hidden_stands_with_why_by_whom_and_what_became_of_it(client):
    first, second = moderator(), moderator()
    comment = hide(CommentFactory(body="You are all fools."), by=first)
    project = hidden_project(by=second, title="Cars")
    upheld = appealed()
    decide(upheld, moderator(), AppealOutcome.UPHELD)
    waits = appealed()
    again = hide(CommentFactory())
    restore_comment(again.comment, subject_of(again.comment), by=first)
    come(client)
    assert rows(client) == [again, waits, upheld, project, comment]
    shown = page(client, HIDDEN)
    for words in (
        "You are all fools.", "Please stay kind.", "It insults or threatens people", "Cars",
        "It sells cars.", f"Hidden by {first} on", f"Hidden by {second} on", "Shown again",
        "An appeal waits", "Stays hidden after an appeal", judging(comment.comment),
        reverse("judge_project", args=[project.project_id]), "5 were hidden",
    ):  # fmt: skip
        assert words in shown, words
    assert "Show it again" in page(client, judging(comment.comment))


def test_it_is_narrowed_by_whom_why_where_and_since(client):
    place = NeighborhoodFactory()
    there = ProjectFactory(neighborhood=place)
    campaign = CampaignFactory(project=ProjectFactory(neighborhood=place))
    thread = ThreadFactory(subject_id=there.pk)
    about = ThreadFactory(kind=SubjectKind.CAMPAIGN, subject_id=campaign.pk)
    by = moderator()
    in_place = hide(CommentFactory(thread=thread), by=by, reason=Wrong.ADVERT)
    of_campaign = hide(CommentFactory(thread=about), by=by)
    elsewhere = hide(CommentFactory(), by=by)
    project = hidden_project(neighborhood=place)
    old = hide(CommentFactory())
    Hiding.objects.filter(pk=old.pk).update(hidden_at=timezone.now() - timedelta(days=40))
    come(client)
    assert rows(client, by=by.pk) == [elsewhere, of_campaign, in_place]
    assert rows(client, reason="advert") == [project, in_place]
    assert rows(client, place=place.slug) == [project, of_campaign, in_place]
    assert len(rows(client, place=place.parent.slug)) == 5  # the whole town
    assert rows(client, place=place.slug, kind="comment") == [of_campaign, in_place]
    assert rows(client, kind="project") == [project]
    assert rows(client, since=f"{timezone.localdate():%Y-%m-%d}")[-1] == in_place
    assert rows(client)[-1] == old
    for wrong in ({"by": "0"}, {"reason": "dull"}, {"place": "nowhere"}, {"since": "then"}):
        assert client.get(HIDDEN, wrong).status_code == 400


def test_nobody_reads_there_what_others_did_to_their_own(client):
    judge = moderator()
    shared = ProjectFactory()
    CoAuthor.objects.create(project=shared, user=judge)
    campaign = CampaignFactory(project=shared)
    hide(CommentFactory(author=judge))
    for kind, pk in ((SubjectKind.PROJECT, shared.pk), (SubjectKind.CAMPAIGN, campaign.pk)):
        hide(CommentFactory(thread=ThreadFactory(kind=kind, subject_id=pk)))
    hidden_project(proposer=judge)
    joined = ProjectFactory()
    CoAuthor.objects.create(project=joined, user=judge)
    hide_project(joined, by=moderator(), reason=Wrong.ADVERT)
    others = hide(CommentFactory())
    come(client, judge)
    assert rows(client) == [others]
    come(client)
    assert len(rows(client)) == 6


def test_it_has_pages_of_twenty_five(client):
    by = moderator()
    for _ in range(26):
        hide(CommentFactory(), by=by)
    come(client)
    assert len(rows(client)) == 25
    assert len(rows(client, page=2)) == 1


def test_who_hid_something_is_led_to_it(client):
    by = come(client)
    comment = CommentFactory()
    flag_comment(comment, by=UserFactory(), reason=Wrong.ADVERT)
    sent = {"act": "hide", "comments": [comment.pk], "reason": "advert", "words": ""}
    answer = client.post(DESK, sent, follow=True)
    way = f'<a href="{HIDDEN}?by={by.pk}">What was hidden</a>'
    assert way in answer.content.decode()
    assert rows(client, by=by.pk)[0].comment == comment
    other = CommentFactory()
    answer = client.post(judging(other), {"act": "hide", "reason": "advert"}, follow=True)
    assert way in answer.content.decode()


@pytest.mark.parametrize("address", [HIDDEN, reverse("judge_author", args=[1])])
def test_only_moderators_read_it(client, address):
    person = UserFactory()
    for role in set(Role) - {Role.MODERATOR}:
        grant_role(person, role, by=None)
    come(client, person)
    assert client.get(address).status_code == 403


# --- the desk, narrowed


def test_the_desk_says_that_there_is_more_and_leads_to_all_of_it(client, monkeypatch):
    monkeypatch.setattr(desk, "MOST_ON_DESK", 2)
    projects = ProjectFactory.create_batch(3)
    for each in projects:
        flag_project(each, by=UserFactory(), reason=Wrong.OTHER)
    waiting = [appealed() for _ in range(3)]
    come(client)
    answer = client.get(DESK)
    shown = answer.content.decode()
    assert len(answer.context["appeals"]) == len(answer.context["flagged_projects"]) == 2
    assert "The 2 that have waited longest stand here." in shown
    assert "Of each kind the 2 that have waited longest stand here." in shown
    assert '<a href="?kind=appeals">' in shown
    assert '<a href="?kind=projects">' in shown
    every = client.get(DESK, {"kind": "appeals"}).context["appeals"]
    assert [hiding for hiding, _words, _about in every] == waiting


def test_a_list_of_the_desk_has_pages_and_leaves_nothing_out(client):
    by = moderator()
    projects = ProjectFactory.create_batch(26)
    for each in projects:
        flag_project(each, by=UserFactory(), reason=Wrong.OTHER)
    hidings = [appealed(by=by) for _ in range(24)]
    for project in ProjectFactory.create_batch(2):
        hide_project(project, by=by, reason=Wrong.ADVERT)
        hidings.append(appeal_project(project, by=project.proposer, words="It does not."))
    come(client)
    seen = [
        each
        for number in (1, 2)
        for each in client.get(DESK, {"kind": "projects", "page": number}).context[
            "flagged_projects"
        ]
    ]
    assert seen == projects
    seen = [
        hiding
        for number in (1, 2)
        for hiding, _words, _about in client.get(DESK, {"kind": "appeals", "page": number}).context[
            "appeals"
        ]
    ]
    assert seen == hidings


def test_the_desk_is_narrowed_by_reason_and_place(client):
    place = NeighborhoodFactory()
    project, other = ProjectFactory(neighborhood=place), ProjectFactory()
    flag_project(project, by=UserFactory(), reason=SAME, other=other)
    flag_project(other, by=UserFactory(), reason=Wrong.ADVERT)
    there = CommentFactory(thread=ThreadFactory(subject_id=project.pk), body="There.")
    elsewhere = CommentFactory(body="Elsewhere.")
    for each in (there, elsewhere):
        flag_comment(each, by=UserFactory(), reason=Wrong.INSULT)
    hide(appeal := CommentFactory(thread=there.thread))
    decided_by_others = appealed(CommentFactory(thread=there.thread))
    come(client)

    def found(**asked):
        shown = client.get(DESK, asked).context
        comments = [comment for comment, _title in shown["flagged"]]
        appeals = [hiding for hiding, _words, _about in shown["appeals"]]
        return list(shown["flagged_projects"]), comments, appeals

    assert found() == ([project, other], [there, elsewhere], [decided_by_others])
    assert found(place=place.slug) == ([project], [there], [decided_by_others])
    assert found(reason="insult") == ([], [there, elsewhere], [decided_by_others])
    assert found(reason=SAME) == ([project], [], [])
    assert found(reason="insult", place=place.slug, kind="comments") == ([], [there], [])
    assert found(kind="projects", reason="advert") == ([other], [], [])
    assert found(kind="appeals", place=other.neighborhood.slug) == ([], [], [])
    assert "Nothing like this waits" in page(client, f"{DESK}?kind=appeals&reason=illegal")
    assert client.get(DESK, {"kind": "everything"}).status_code == 400
    assert appeal.hidings.count() == 1


def test_by_its_reason_nobody_finds_why_their_own_was_reported(client):
    judge, shared = moderator(), ProjectFactory()
    CoAuthor.objects.create(project=shared, user=judge)
    flag_project(shared, by=UserFactory(), reason=Wrong.ADVERT)
    thread = ThreadFactory(subject_id=shared.pk)
    said = [CommentFactory(author=judge), CommentFactory(thread=thread), CommentFactory()]
    for each in said:
        flag_comment(each, by=UserFactory(), reason=Wrong.ADVERT)
    for person, projects, comments in ((judge, [], said[2:]), (None, [shared], said)):
        come(client, person)
        shown = client.get(DESK, {"reason": "advert"}).context
        assert list(shown["flagged_projects"]) == projects
        assert [comment for comment, _title in shown["flagged"]] == comments


def test_whoever_judges_on_a_narrowed_desk_comes_back_to_it(client):
    comment = CommentFactory()
    flag_comment(comment, by=UserFactory(), reason=Wrong.ADVERT)
    come(client)
    narrowed = f"{DESK}?reason=advert"
    answer = client.post(narrowed, {"act": "dismiss", "comments": [comment.pk]})
    assert (answer.status_code, answer.url) == (302, narrowed)


@pytest.mark.parametrize("asked", [{"kind": "appeals"}, {"kind": "projects"}, {"reason": "other"}])
def test_a_narrowed_desk_asks_as_much_for_many_as_for_few(client, asked):
    by = moderator()
    come(client)
    counts = []
    for more in (1, 9):
        for _ in range(more):
            flag_project(ProjectFactory(), by=UserFactory(), reason=Wrong.OTHER)
            flag_comment(CommentFactory(), by=UserFactory(), reason=Wrong.OTHER)
            appealed(by=by)
            hidden = hidden_project(by=by)
            appeal_project(hidden.project, by=hidden.project.proposer, words="No.")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(DESK, asked).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_happened_is_told_in_words(client):
    hiding = hide(CommentFactory())
    project = hidden_project()
    come(client)
    shown = page(client, judging(hiding.comment))
    assert "A comment was hidden" in shown
    assert "comment.hidden" not in shown
    shown = page(client, reverse("judge_project", args=[project.project_id]))
    assert "From now on: Hidden by moderators" in shown
    assert "A project was hidden" in shown
    assert "project." not in shown.replace("project.get", "")


def test_every_act_on_a_comment_and_a_project_has_words():
    told = {verb for area in AREAS for words in area.happened.values() for verb in words}
    for kind, words in (("comment.", COMMENT_EVENT_WORDS), ("project.", PROJECT_EVENT_WORDS)):
        known = {verb for verb in told | PRIVATE if verb.startswith(kind)}
        assert known - set(words) == set()


# --- everything by one account


def test_all_that_one_account_wrote_stands_in_one_list(client):
    author = UserFactory(display_name="Moss Trader")
    comment = CommentFactory(author=author, body="Buy at my shop.")
    gone = CommentFactory(author=author, body="Gone.")
    delete_comment(gone, by=author)
    project = ProjectFactory(proposer=author, title="A shop of mine")
    ProjectFactory(proposer=author, title="In a drawer", state=ProjectState.DRAFT)
    hide(hidden := CommentFactory(author=author, body="Fools."))
    CommentFactory(body="Of somebody else.")
    come(client)
    address = reverse("judge_author", args=[author.pk])
    assert address in page(client, judging(comment))
    assert address in page(client, reverse("judge_project", args=[project.pk]))
    answer = client.get(address)
    assert [row.words for row in answer.context["rows"]] == [
        "Fools.", "A shop of mine", "Buy at my shop.",
    ]  # fmt: skip
    shown = answer.content.decode()
    assert "Everything by Moss Trader" in shown
    assert f'id="tick-comments-{comment.pk}"' in shown
    assert f'id="tick-comments-{hidden.pk}"' not in shown


def test_several_of_it_are_hidden_with_one_reason(client):
    by = come(client)
    author = UserFactory()
    first, second = CommentFactory(author=author), CommentFactory(author=author)
    project = ProjectFactory(proposer=author)
    address = reverse("judge_author", args=[author.pk])
    sent = {"reason": "advert", "words": "No shops.", "projects": [project.pk]}
    answer = client.post(address, sent | {"comments": [first.pk, second.pk]}, follow=True)
    assert "3 are hidden." in answer.content.decode()
    assert f"{HIDDEN}?by={by.pk}" in answer.content.decode()
    assert {(each.reason, each.words) for each in Hiding.objects.all()} == {("advert", "No shops.")}
    assert Hiding.objects.count() == 2
    assert ProjectHiding.objects.get().project == project


def test_what_cannot_be_hidden_there_is_named_and_others_are_not_to_be_ticked(client):
    judge = come(client)
    author = UserFactory()
    fine = CommentFactory(author=author)
    own = CommentFactory(author=author, body="About mine.")
    CoAuthor.objects.create(project_id=own.thread.subject_id, user=judge)
    address = reverse("judge_author", args=[author.pk])
    sent = {"reason": "advert", "words": "Hm."}
    for given in (sent, sent | {"comments": [CommentFactory().pk]}):
        answer = client.post(address, given)
        assert answer.status_code == 400
        assert "Hm." in answer.content.decode()
        assert not Hiding.objects.exists()
    answer = client.post(address, sent | {"comments": [fine.pk, own.pk]})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "1 was left as it is" in shown
    assert "About mine.: This is about something that is yours" in shown
    assert Hiding.objects.get().comment == fine


def test_of_somebody_who_has_left_there_is_no_such_list(client):
    come(client)
    assert client.get(reverse("judge_author", args=[10**9])).status_code == 404
    nobody = CommentFactory(author=None)
    assert "Everything by this author" not in page(client, judging(nobody))
