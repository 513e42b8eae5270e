"""Asking to write a project with its authors, who say yes or no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.services.erasure import erase
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import CoAuthor, Invitation, JoinWish
from civicfund.projects.services import ProjectError, edit_project, withdraw_project
from civicfund.projects.services.authors import (
    MOST_AUTHORS,
    accept_invitation,
    invite_co_author,
    leave_project,
)
from civicfund.projects.services.joining import (
    ASKED_ANEW_AFTER,
    MOST_WAITING,
    accept_wish,
    ask_to_join,
    decline_wish,
    take_back_wish,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.projects.test_moderating import hide
from tests.projects.test_similar import known

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory(title="A bench")


@pytest.fixture
def person(client):
    person = UserFactory(display_name="Ada North")
    client.force_login(person)
    return person


def page_of(project):
    return reverse("project_join", args=[project.pk])


def answer(client, wish, act):
    address = reverse("project_join_answer", args=[wish.project_id, wish.pk])
    return client.post(address, {"act": act})


def asked(project, person=None, words="I live there."):
    return ask_to_join(project, words, by=person or UserFactory())


def test_somebody_asks_and_an_author_says_yes(client, project, person, mailoutbox):
    friend = UserFactory()
    CoAuthor.objects.create(project=project, user=friend)
    assert "Ask to write with them" in client.get(project.get_absolute_url()).content.decode()
    client.post(page_of(project), {"words": " I live <there>. "})
    wish = JoinWish.objects.get()
    assert (wish.project, wish.person, wish.words) == (project, person, "I live <there>.")
    assert "they have not answered yet" in client.get(page_of(project)).content.decode()
    while send_next():
        pass
    assert sorted(to for mail in mailoutbox for to in mail.to) == sorted(
        [project.proposer.email, friend.email]
    )
    authors = reverse("project_authors", args=[project.pk])
    assert authors in mailoutbox[0].body
    client.force_login(friend)
    page = client.get(authors).content.decode()
    assert "I live &lt;there&gt;." in page
    assert "Ada North" in page
    assert answer(client, wish, "accept").url == authors
    assert CoAuthor.objects.filter(project=project, user=person).exists()
    assert not JoinWish.objects.exists()
    edit_project(project, by=person, title="Two benches")
    while send_next():
        pass
    assert mailoutbox[-1].to == [person.email]
    assert 'You write "A bench" now' in mailoutbox[-1].body
    assert Event.objects.get(verb="project.join_accepted").data == {"person": person.pk}


def test_a_no_stands_without_the_words_and_is_asked_for_once(client, project, person, mailoutbox):
    wish = asked(project, person)
    client.force_login(project.proposer)
    answer(client, wish, "decline")
    wish.refresh_from_db()
    assert (wish.words, wish.declined_at is None) == ("", False)
    assert not CoAuthor.objects.exists()
    assert (
        "Ada North"
        not in client.get(reverse("project_authors", args=[project.pk])).content.decode()
    )
    while send_next():
        pass
    assert [mail.to for mail in mailoutbox] == [[person.email]]
    assert "would rather go on as they are" in mailoutbox[0].body
    client.force_login(person)
    assert "rather go on as they are" in client.get(page_of(project)).content.decode()
    refused = client.post(page_of(project), {"words": "Please."})
    assert refused.status_code == 400
    with pytest.raises(ProjectError, match="said no"):
        asked(project, person)
    for act in (accept_wish, decline_wish):
        with pytest.raises(ProjectError, match="answered already"):
            act(wish, by=project.proposer)
    with pytest.raises(ProjectError, match="answered already"):
        take_back_wish(project, by=person)
    assert JoinWish.objects.count() == 1


def test_it_is_taken_back_before_it_is_answered(client, project, person):
    wish = asked(project, person)
    client.post(page_of(project), {"act": "withdraw"})
    assert not JoinWish.objects.exists()
    assert not Message.objects.exists()
    with pytest.raises(ProjectError, match="was taken back"):
        accept_wish(wish, by=project.proposer)
    assert not CoAuthor.objects.exists()


def test_what_was_taken_back_is_asked_anew_after_a_day(client, project, person):
    asked(project, person)
    take_back_wish(project, by=person)
    refused = client.post(page_of(project), {"words": "I do live there."})
    assert refused.status_code == 400
    assert "less than a day ago" in refused.content.decode()
    assert "I do live there." in refused.content.decode()
    assert (JoinWish.objects.count(), Message.objects.count()) == (0, 0)
    assert asked(ProjectFactory(), person)
    assert asked(project)
    other = ProjectFactory()
    since = datetime.now(UTC) - ASKED_ANEW_AFTER - timedelta(minutes=5)
    Event.objects.create(
        at=since, actor=person, verb="project.join_taken_back",
        target_type="projects.project", target_id=str(other.pk),
    )  # fmt: skip
    assert asked(other, person).project == other


def test_only_authors_answer(client, project, person):
    wish, stranger = asked(project, person), UserFactory()
    for nobody in (stranger, person):
        client.force_login(nobody)
        assert answer(client, wish, "accept").status_code == 403
        for act in (accept_wish, decline_wish):
            with pytest.raises(ProjectError, match="Only those who write it"):
                act(wish, by=nobody)
    other = ProjectFactory()
    client.force_login(other.proposer)
    elsewhere = reverse("project_join_answer", args=[other.pk, wish.pk])
    assert client.post(elsewhere, {"act": "accept"}).status_code == 404
    client.force_login(project.proposer)
    assert answer(client, wish, "nonsense").status_code == 404
    assert not CoAuthor.objects.exists()
    assert JoinWish.objects.waiting().get() == wish


def test_who_cannot_ask_is_told_why(client, project, person):
    for by, words, said in (
        (project.proposer, "Hm.", "You write this project already"),
        (person, " \u200b ", "in words"),
    ):
        with pytest.raises(ProjectError, match=said):
            asked(project, by, words)
    asked(project, person)
    with pytest.raises(ProjectError, match="not answered yet"):
        asked(project, person)
    for state in (ProjectState.DRAFT, ProjectState.WITHDRAWN):
        with pytest.raises(ProjectError, match="on the list"):
            asked(ProjectFactory(state=state), person)
    left = ProjectFactory()
    erase(left.proposer)
    with pytest.raises(ProjectError, match="Nobody is left"):
        asked(left, person)
    for _ in range(MOST_WAITING - 1):
        asked(ProjectFactory(), person)
    with pytest.raises(ProjectError, match="wait for some"):
        asked(ProjectFactory(), person)
    assert JoinWish.objects.count() == MOST_WAITING
    hide(project)  # there it cannot be taken back
    project = ProjectFactory()
    assert asked(project, person).project == project
    assert client.post(page_of(left), {"words": " "}).status_code == 400
    client.force_login(project.proposer)
    assert client.get(page_of(project)).url == reverse("project_authors", args=[project.pk])


def test_there_is_room_for_so_many(project, person):
    wish = asked(project, person)
    for number in range(MOST_AUTHORS):
        Invitation.objects.create(project=project, address=f"{number}@example.org")
    for act in (lambda: accept_wish(wish, by=project.proposer), lambda: asked(project)):
        with pytest.raises(ProjectError, match="No more than"):
            act()
    assert JoinWish.objects.get() == wish
    assert not CoAuthor.objects.exists()


def test_whoever_was_invited_as_well_comes_in_once(project, person):
    other = UserFactory()
    first, second = asked(project, person), asked(project, other)
    invite_co_author(project, person.email, by=project.proposer)
    accept_wish(first, by=project.proposer)
    assert not Invitation.objects.exists()
    accept_invitation(invite_co_author(project, other.email, by=project.proposer), by=other)
    assert not JoinWish.objects.exists()
    with pytest.raises(ProjectError, match="was taken back, or they write"):
        accept_wish(second, by=project.proposer)
    assert CoAuthor.objects.count() == 2
    leave_project(project, by=other)
    assert asked(project, other).declined_at is None


def test_a_hidden_project_takes_nobody_in(project, person):
    wish = asked(project, person)
    hide(project)
    with pytest.raises(ProjectError, match="on the list"):
        accept_wish(wish, by=project.proposer)
    assert not CoAuthor.objects.exists()


def test_wishes_go_with_whoever_has_them_and_with_what_they_are_about(project, person):
    kept, other = asked(project), ProjectFactory()
    decline_wish(asked(project, person), by=project.proposer)
    asked(other, person)
    erase(person)
    assert list(JoinWish.objects.all()) == [kept]
    assert not Message.objects.filter(recipient=other.proposer).exists()
    withdraw_project(project, by=project.proposer)
    asked(other)
    erase(other.proposer)
    assert not JoinWish.objects.exists()


def test_of_what_looks_alike_one_can_ask_whoever_writes_it(client, person):
    theirs, own = known("A bench at the mill pond"), known("Mill bench", proposer=person)
    page = client.post(reverse("similar_projects"), {"title": "Bench at the mill pond"})
    assert {each.pk for each in page.context["similar"]} == {theirs.pk, own.pk}
    assert f'href="{page_of(theirs)}" target="_blank"' in page.content.decode()
    assert page_of(own) not in page.content.decode()


def refused_by(constraint, act):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        act()
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_the_database_keeps_one_wish_of_another_and_a_no(project, person):
    wish, friend = asked(project, person), UserFactory()
    CoAuthor.objects.create(project=project, user=friend)
    again = JoinWish(project=project, person=person, words="Again.")
    refused_by("join_wish_once", again.save)
    for author in (project.proposer, friend):
        own = JoinWish(project=project, person=author, words="Mine.")
        refused_by("join_wish_by_another", own.save)
    rows = JoinWish.objects.all()
    has_words = "join_wish_has_words_while_it_waits"
    for change in ({"words": " "}, {"declined_at": "2026-01-01T00:00Z"}):
        refused_by(has_words, lambda change=change: rows.update(**change))
    decline_wish(wish, by=project.proposer)
    for change in ({"declined_at": None, "words": "Again."}, {"person": UserFactory()}):
        refused_by("projects_joinwish_frozen", lambda change=change: rows.update(**change))
