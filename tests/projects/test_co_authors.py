"""Writing a project together: who is asked, who may do what, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services.erasure import erase
from civicfund.people.services.roles import grant_role
from civicfund.projects.enums import MergeState, ProjectState, Wrong
from civicfund.projects.models import (
    INVITATION,
    CoAuthor,
    Invitation,
    InvitationPause,
    Project,
)
from civicfund.projects.services import ProjectError, edit_project, withdraw_project
from civicfund.projects.services.authors import (
    ASKED_ANEW_AFTER,
    ASKED_ANEW_AFTER_NO,
    MOST_AUTHORS,
    accept_invitation,
    decline_invitation,
    invite_co_author,
    leave_project,
    name_author_on_paper,
    remove_co_author,
    say_what_one_does,
    take_back_invitation,
)
from civicfund.projects.services.joining import accept_wish, ask_to_join
from civicfund.projects.services.merging import ask_to_merge
from civicfund.projects.services.moderating import hide_project
from tests.altering import bent
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def holder(role):
    person = UserFactory()
    grant_role(person, role, by=None)
    return person


def joined(project):
    user = UserFactory()
    asked = invite_co_author(project, user.email, by=project.proposer)
    accept_invitation(asked, by=user)
    return user


def test_who_has_an_account_is_told_and_joins(client, mailoutbox):
    project, friend = ProjectFactory(state=ProjectState.DRAFT), UserFactory()
    asked = invite_co_author(project, friend.email.upper(), by=project.proposer)
    send_next()
    assert asked.get_absolute_url() in mailoutbox[0].body
    client.force_login(friend)
    assert client.get(project.get_absolute_url()).status_code == 404
    assert project.title in client.get(asked.get_absolute_url()).content.decode()
    client.post(asked.get_absolute_url(), {"accept": "yes"})
    assert CoAuthor.objects.get().user == friend
    assert Invitation.objects.count() == 0
    assert client.get(project.get_absolute_url()).status_code == 200


def test_an_address_without_account_gets_a_link_and_no_mail_and_the_answers_are_alike(client):
    project, known = ProjectFactory(), UserFactory()
    client.force_login(project.proposer)
    address = reverse("project_authors", args=[project.pk])
    answers = [client.post(address, {"address": each}) for each in (known.email, "new@example.org")]
    assert [(each.status_code, each.url) for each in answers] == [(302, address)] * 2
    assert list(Message.objects.values_list("recipient", flat=True)) == [known.pk]
    page = client.get(address).content.decode()
    for invitation in Invitation.objects.all():
        assert invitation.get_absolute_url() in page
    assert "new@example.org" not in Invitation.objects.last().get_absolute_url()


def test_a_link_that_was_made_otherwise_is_no_link(client):
    project, friend = ProjectFactory(), UserFactory()
    asked = invite_co_author(project, friend.email, by=project.proposer)
    client.force_login(friend)
    for token in (signing.dumps(asked.pk, salt=INVITATION), "x", "x:y:z"):
        assert client.get(reverse("project_invitation", args=[token])).status_code == 404


def test_the_link_opens_only_for_its_address(client):
    project, stranger = ProjectFactory(), UserFactory()
    asked = invite_co_author(project, "new@example.org", by=project.proposer)
    client.force_login(stranger)
    answer = client.post(asked.get_absolute_url(), {"accept": "yes"})
    assert answer.status_code == 403
    assert "new@example.org" not in answer.content.decode()
    assert project.title not in answer.content.decode()
    with pytest.raises(ProjectError):
        accept_invitation(asked, by=stranger)
    assert CoAuthor.objects.count() == 0
    assert Invitation.objects.count() == 1


def test_a_link_that_was_made_up_or_answered_opens_nothing(client):
    project, friend = ProjectFactory(), UserFactory()
    asked = invite_co_author(project, friend.email, by=project.proposer)
    page = asked.get_absolute_url()
    client.force_login(friend)
    assert client.get(bent(page[:-1]) + "/").status_code == 404
    decline_invitation(asked, by=friend)
    assert client.post(page, {"accept": "yes"}).status_code == 404
    assert CoAuthor.objects.count() == 0


def test_a_co_author_changes_it_and_only_the_proposer_withdraws_or_asks_others(client):
    project = ProjectFactory()
    friend = joined(project)
    edit_project(project, by=friend, title="A better bench")
    client.force_login(friend)
    assert client.get(reverse("project_edit", args=[project.pk])).status_code == 200
    assert client.post(reverse("project_withdraw", args=[project.pk])).status_code == 403
    others = reverse("project_authors", args=[project.pk])
    assert client.post(others, {"address": "x@example.org"}).status_code == 403
    assert client.post(others, {"remove": str(friend.pk)}).status_code == 403
    for act in (
        lambda: withdraw_project(project, by=friend),
        lambda: invite_co_author(project, "x@example.org", by=friend),
        lambda: remove_co_author(project, friend.pk, by=friend),
    ):
        with pytest.raises(ProjectError, match="Only the person who proposed it"):
            act()
    row = Project.objects.get()
    assert (row.title, row.state) == ("A better bench", ProjectState.READY)
    assert (CoAuthor.objects.count(), Invitation.objects.count()) == (1, 0)


def test_somebody_else_neither_sees_nor_changes_who_writes(client):
    project, stranger = ProjectFactory(), UserFactory()
    asked = invite_co_author(project, "new@example.org", by=project.proposer)
    client.force_login(stranger)
    assert client.get(reverse("project_authors", args=[project.pk])).status_code == 403
    assert client.post(reverse("project_leave", args=[project.pk])).status_code == 403
    back = reverse("project_invitation_taken_back", args=[project.pk, asked.pk])
    assert client.post(back).status_code == 403
    with pytest.raises(ProjectError, match="Only those who write it"):
        edit_project(project, by=stranger, title="Mine")
    assert Invitation.objects.count() == 1


def test_one_leaves_or_is_removed_and_may_change_nothing_any_more(client):
    project = ProjectFactory()
    for act in (
        lambda friend: leave_project(project, by=friend),
        lambda friend: remove_co_author(project, friend.pk, by=project.proposer),
    ):
        friend = joined(project)
        act(friend)
        with pytest.raises(ProjectError, match="Only those who write it"):
            edit_project(project, by=friend, title="Mine")
    assert CoAuthor.objects.count() == 0


def test_the_pages_remove_leave_and_take_back(client):
    project = ProjectFactory()
    gone, leaves = joined(project), joined(project)
    asked = invite_co_author(project, "new@example.org", by=project.proposer)
    client.force_login(project.proposer)
    page = reverse("project_authors", args=[project.pk])
    client.post(page, {"remove": str(gone.pk)})
    client.post(page, {"remove": "nobody"})
    client.post(reverse("project_invitation_taken_back", args=[project.pk, asked.pk]))
    assert list(CoAuthor.objects.values_list("user", flat=True)) == [leaves.pk]
    assert Invitation.objects.count() == 0
    client.force_login(leaves)
    client.post(reverse("project_leave", args=[project.pk]))
    assert CoAuthor.objects.count() == 0


def test_what_is_taken_back_before_the_mail_left_is_not_sent():
    project, friend = ProjectFactory(), UserFactory()
    asked = invite_co_author(project, friend.email, by=project.proposer)
    take_back_invitation(asked, by=project.proposer)
    assert Message.objects.count() == 0
    with pytest.raises(ProjectError, match="taken back"):
        accept_invitation(asked, by=friend)


@pytest.mark.parametrize(
    ("ends", "wait"),
    [
        (lambda asked, friend: decline_invitation(asked, by=friend), ASKED_ANEW_AFTER_NO),
        (
            lambda asked, friend: take_back_invitation(asked, by=asked.project.proposer),
            ASKED_ANEW_AFTER,
        ),
    ],
)
def test_who_was_asked_in_vain_is_not_asked_again_at_once(client, ends, wait):
    project, friend = ProjectFactory(), UserFactory()
    ends(invite_co_author(project, friend.email, by=project.proposer), friend)
    Message.objects.all().delete()
    client.force_login(project.proposer)
    page = reverse("project_authors", args=[project.pk])
    answer = client.post(page, {"address": friend.email.upper()})
    assert answer.status_code == 400
    assert "was asked lately, in vain" in answer.content.decode()
    assert (Invitation.objects.count(), Message.objects.count()) == (0, 0)
    pause = InvitationPause.objects.get()
    assert friend.email not in str(vars(pause))
    assert timedelta() < pause.until - db_now() <= wait
    other = ProjectFactory(proposer=project.proposer)
    assert invite_co_author(other, friend.email, by=project.proposer)
    InvitationPause.objects.update(until=db_now())
    assert client.post(page, {"address": friend.email}).status_code == 302
    assert Message.objects.filter(recipient=friend).count() == 2


def test_whether_an_address_has_an_account_does_not_show_where_it_was_asked_in_vain():
    project = ProjectFactory()
    said = set()
    for address in (UserFactory().email, "new@example.org"):
        take_back_invitation(
            invite_co_author(project, address, by=project.proposer), by=project.proposer
        )
        InvitationPause.objects.update(until=db_now() + ASKED_ANEW_AFTER)
        with pytest.raises(ProjectError, match="in vain") as refusal:
            invite_co_author(project, address, by=project.proposer)
        said.add(str(refusal.value)[:40])
    assert len(said) == 1


def test_that_somebody_said_no_is_kept_no_longer_than_it_holds_nor_than_their_account():
    project, friend, other = ProjectFactory(), UserFactory(), UserFactory()
    for person in (friend, other):
        asked = invite_co_author(project, person.email, by=project.proposer)
        decline_invitation(asked, by=person)
    erase(friend)
    assert InvitationPause.objects.count() == 1
    InvitationPause.objects.update(until=db_now())
    asked = invite_co_author(project, "new@example.org", by=project.proposer)
    take_back_invitation(asked, by=project.proposer)
    assert InvitationPause.objects.get().until > db_now()


def test_the_table_keeps_no_address():
    with pytest.raises(IntegrityError, match="keeps_a_hash"), transaction.atomic():
        InvitationPause.objects.create(
            project=ProjectFactory(), key_hash="new@example.org", until=db_now()
        )


def test_nobody_joins_a_draft_that_was_withdrawn(client):
    project, friend = ProjectFactory(state=ProjectState.DRAFT), UserFactory()
    asked = invite_co_author(project, friend.email, by=project.proposer)
    withdraw_project(project, by=project.proposer)
    client.force_login(friend)
    for answer in (
        client.get(asked.get_absolute_url()),
        client.post(asked.get_absolute_url(), {"accept": "yes"}),
    ):
        assert answer.status_code == 404
        assert "no longer open" in answer.content.decode()
        assert project.title not in answer.content.decode()
    with pytest.raises(ProjectError, match="taken back"):
        accept_invitation(asked, by=friend)
    assert client.get(project.get_absolute_url()).status_code == 404
    assert CoAuthor.objects.count() == Invitation.objects.count() == Message.objects.count() == 0


def test_a_link_kept_from_before_opens_nothing_of_a_project_that_is_gone(client):
    project, friend = ProjectFactory(state=ProjectState.WITHDRAWN), UserFactory()
    asked = Invitation.objects.create(project=project, address=friend.email)
    client.force_login(friend)
    assert client.get(asked.get_absolute_url()).status_code == 404
    with pytest.raises(ProjectError, match="is gone"):
        accept_invitation(asked, by=friend)
    assert CoAuthor.objects.count() == 0


def test_while_a_project_is_merged_its_invitation_waits(client):
    project, whole, friend = ProjectFactory(), ProjectFactory(), UserFactory()
    asked = invite_co_author(project, friend.email, by=project.proposer)
    merged = {"state": ProjectState.MERGED, "merged_into": whole}
    Project.objects.filter(pk=project.pk).update(**merged)
    client.force_login(friend)
    assert client.get(asked.get_absolute_url()).status_code == 404
    Project.objects.filter(pk=project.pk).update(state=ProjectState.READY, merged_into=None)
    assert client.get(asked.get_absolute_url()).status_code == 200


def test_asking_oneself_a_co_author_or_too_many_is_refused():
    project = ProjectFactory()
    friend = joined(project)
    for number in range(MOST_AUTHORS - 1):
        invite_co_author(project, f"friend{number}@example.org", by=project.proposer)
    for address, words in (
        (project.proposer.email, "your own address"),
        (friend.email, "already"),
        ("one.more@example.org", "No more than"),
    ):
        with pytest.raises(ProjectError, match=words) as refused:
            invite_co_author(project, address, by=project.proposer)
        assert refused.value.field == "address"
    assert Invitation.objects.count() == MOST_AUTHORS - 1


def test_the_trail_says_who_joined_and_names_no_address():
    project = ProjectFactory()
    friend = joined(project)
    invite_co_author(project, "new@example.org", by=project.proposer)
    events = Event.objects.filter(verb__startswith="project.co_author").order_by("pk")
    assert [(each.verb, each.actor_id) for each in events] == [
        ("project.co_author_invited", project.proposer_id),
        ("project.co_author_joined", friend.pk),
        ("project.co_author_invited", project.proposer_id),
    ]
    assert not [each for each in events if "@" in str(each.data)]


def test_a_co_author_says_what_they_do_and_nobody_says_it_for_them(client):
    campaign = CampaignFactory()
    project, ann, ben = campaign.project, UserFactory(), UserFactory()
    for each in (ann, ben):
        CoAuthor.objects.create(project=project, user=each)
    page = reverse("project_authors", args=[project.pk])
    client.force_login(ann)
    assert client.post(page, {"does": "x" * 121}).status_code == 400
    assert client.post(page, {"does": "Builds <it>."}).url == page
    client.force_login(project.proposer)
    client.post(page, {"does": "Does nothing."})
    client.force_login(UserFactory())
    assert client.post(page, {"does": "Does nothing."}).status_code == 403
    rows = CoAuthor.objects.order_by("user_id")
    assert [each.does for each in rows] == ["Builds <it>.", ""]
    with pytest.raises(ProjectError, match="does not write"):
        say_what_one_does(project, by=project.proposer, words="Does nothing.")
    client.logout()
    shown = client.get(campaign.get_absolute_url()).content.decode()
    assert f"with {ann}: Builds &lt;it&gt;." in shown
    assert f"with {ben}" in shown


def test_a_campaigns_page_asks_as_much_for_a_team_of_three_as_of_one(client):
    campaign, counts = CampaignFactory(), []
    for more in (1, 2):
        for _ in range(more):
            CoAuthor.objects.create(project=campaign.project, user=UserFactory(), does="Helps.")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(campaign.get_absolute_url()).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_database_refuses_a_second_time_the_proposer_and_two_spellings():
    project = ProjectFactory()
    friend = joined(project)
    invite_co_author(project, "a@example.org", by=project.proposer)
    for constraint, make in (
        ("co_author_once", lambda: CoAuthor.objects.create(project=project, user=friend)),
        (
            "co_author_is_another",
            lambda: CoAuthor.objects.create(project=project, user=project.proposer),
        ),
        (
            "invitation_once",
            lambda: Invitation.objects.create(project=project, address="a@example.org"),
        ),
        (
            "invitation_address_lower_case",
            lambda: Invitation.objects.create(project=project, address="B@example.org"),
        ),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            make()
        assert refused.value.__cause__.diag.constraint_name == constraint


def test_co_authors_stand_on_the_page_and_have_it_on_their_own(client):
    project = ProjectFactory()
    friend = joined(project)
    assert f"with {friend.display_name}" in client.get(project.get_absolute_url()).content.decode()
    client.force_login(friend)
    assert project.title in client.get(reverse("my_page")).content.decode()


# --- handed in on paper


def on_paper(**given):
    return ProjectFactory(handed_in_by="Ann Quill", **given)


def test_whoever_entered_it_corrects_the_name_and_asks_one_to_take_it_over(client):
    project, other = on_paper(), UserFactory()
    page = reverse("project_authors", args=[project.pk])
    client.force_login(joined(project))
    assert client.post(page, {"handed_in_by": "Mine"}).status_code == 403
    client.force_login(project.proposer)
    assert client.post(page, {"handed_in_by": "\u200b"}).status_code == 400
    assert client.post(page, {"handed_in_by": " A resident "}).status_code == 302
    project.refresh_from_db()
    assert project.handed_in_by == "A resident"
    client.post(page, {"address": other.email})
    client.post(page, {"address": other.email, "takes_over": "on"})
    assert [each.takes_over for each in project.invitations.all()] == [True]
    again = client.post(page, {"address": "new@example.org", "takes_over": "on"})
    assert "Somebody is asked to take it over already" in again.content.decode()
    assert project.invitations.count() == 1


def test_any_administrator_sees_to_the_name_and_the_invitation_once_the_clerk_has_left(client):
    project, friend = on_paper(), UserFactory()
    invite_co_author(project, friend.email, by=project.proposer)
    asked = invite_co_author(project, "ann@example.org", by=project.proposer, takes_over=True)
    ask_to_join(project, "I have a saw.", by=UserFactory())
    page = reverse("project_authors", args=[project.pk])
    taken_back = reverse("project_invitation_taken_back", args=[project.pk, asked.pk])
    sign_in_with_second_factor(client, holder(Role.BUDGET_ADMINISTRATOR))
    assert page in client.get(project.get_absolute_url()).content.decode()
    shown = client.get(page).content.decode()
    assert "ann@example.org" in shown
    assert [words for words in (friend.email, "a saw", "Leave this") if words in shown] == []
    erase(project.proposer)
    client.post(taken_back)
    client.post(page, {"handed_in_by": "A resident"})
    client.post(page, {"address": "quill@example.org"})
    project.refresh_from_db()
    assert project.handed_in_by == "A resident"
    [anew] = project.invitations.all()
    assert (anew.address, anew.takes_over) == ("quill@example.org", True)
    assert client.post(page, {"remove": friend.pk}).status_code == 403


def test_an_administrator_removes_the_name_of_what_is_hidden_too(client):
    project = on_paper()
    hide_project(project, by=holder(Role.MODERATOR), reason=Wrong.OTHER)
    page = reverse("project_authors", args=[project.pk])
    sign_in_with_second_factor(client, holder(Role.BUDGET_ADMINISTRATOR))
    assert client.post(page, {"handed_in_by": "A resident"}).status_code == 302
    assert Project.objects.get().handed_in_by == "A resident"


def test_an_administrator_sees_to_what_is_on_paper_with_a_second_factor_only(client):
    project = on_paper()
    asked = invite_co_author(project, "ann@example.org", by=project.proposer, takes_over=True)
    client.force_login(holder(Role.BUDGET_ADMINISTRATOR))
    page = reverse("project_authors", args=[project.pk])
    assert page in client.get(project.get_absolute_url()).content.decode()
    for answer in (
        client.get(page),
        client.post(page, {"handed_in_by": "Mine"}),
        client.post(page, {"address": "mine@example.org"}),
    ):
        assert answer.url.startswith(reverse("admin:login"))
    taken_back = reverse("project_invitation_taken_back", args=[project.pk, asked.pk])
    assert client.post(taken_back).status_code == 403
    assert Project.objects.get().handed_in_by == project.handed_in_by
    assert [each.address for each in project.invitations.all()] == ["ann@example.org"]


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.MODERATOR, "Ann Quill"),
        (Role.REVIEWER, "Ann Quill"),
        (Role.BUDGET_ADMINISTRATOR, ""),
    ],
)
def test_nobody_else_sees_to_them_nor_administrators_to_what_is_not_from_paper(client, role, name):
    project = ProjectFactory(handed_in_by=name)
    takes_over = bool(name)
    asked = invite_co_author(project, "ann@example.org", by=project.proposer, takes_over=takes_over)
    by = holder(role)
    sign_in_with_second_factor(client, by)
    page = reverse("project_authors", args=[project.pk])
    assert page not in client.get(project.get_absolute_url()).content.decode()
    assert client.get(page).status_code == 403
    assert client.post(page, {"handed_in_by": "Mine"}).status_code == 403
    taken_back = reverse("project_invitation_taken_back", args=[project.pk, asked.pk])
    assert client.post(taken_back).status_code == 403
    for act in (
        lambda: name_author_on_paper(project, "Mine", by=by),
        lambda: invite_co_author(project, "b@example.org", by=by, takes_over=True),
        lambda: take_back_invitation(asked, by=by),
    ):
        with pytest.raises(ProjectError, match="Only the person who proposed it"):
            act()
    assert Project.objects.get(pk=project.pk).handed_in_by == name
    assert [each.pk for each in project.invitations.all()] == [asked.pk]


def test_an_administrator_asks_others_of_what_is_on_paper_for_nothing_else():
    project, by = on_paper(), holder(Role.BUDGET_ADMINISTRATOR)
    asked = invite_co_author(project, "b@example.org", by=project.proposer)
    for act in (
        lambda: invite_co_author(project, "c@example.org", by=by),
        lambda: take_back_invitation(asked, by=by),
    ):
        with pytest.raises(ProjectError, match="Only the person who proposed it"):
            act()
    assert [each.pk for each in project.invitations.all()] == [asked.pk]


def test_whoever_writes_it_already_can_be_asked_to_take_it_over():
    project = on_paper()
    ann = joined(project)
    with pytest.raises(ProjectError, match="writes with you already"):
        invite_co_author(project, ann.email, by=project.proposer)
    asked = invite_co_author(project, ann.email, by=project.proposer, takes_over=True)
    accept_invitation(asked, by=ann)
    project.refresh_from_db()
    assert (project.proposer, project.handed_in_by) == (ann, "")
    assert not CoAuthor.objects.exists()


def test_a_wish_that_is_answered_leaves_what_is_theirs_on_paper_to_be_taken_over():
    project, ann = on_paper(), UserFactory()
    asked = invite_co_author(project, ann.email, by=project.proposer, takes_over=True)
    accept_wish(ask_to_join(project, "It is my idea.", by=ann), by=project.proposer)
    assert CoAuthor.objects.get().user == ann
    accept_invitation(asked, by=ann)
    assert Project.objects.get().proposer == ann
    assert not CoAuthor.objects.exists()


def test_what_was_not_handed_in_on_paper_is_taken_over_by_nobody():
    project = ProjectFactory()
    with pytest.raises(ProjectError, match="not handed in on paper"):
        invite_co_author(project, "new@example.org", by=project.proposer, takes_over=True)
    with pytest.raises(ProjectError, match="not handed in on paper"):
        name_author_on_paper(project, "Ann", by=project.proposer)
    assert (Invitation.objects.count(), Project.objects.get().handed_in_by) == (0, "")


def test_whoever_takes_it_over_reads_that_it_is_asked_to_be_theirs_and_then_is(client):
    project, ann = on_paper(), UserFactory()
    asked = invite_co_author(project, ann.email, by=project.proposer, takes_over=True)
    client.force_login(ann)
    mine = client.get(reverse("my_page")).content.decode()
    assert f"we ask whether “{project.title}”, handed in on paper, is yours." in mine
    assert "with others" not in mine
    assert "it will be yours" in client.get(asked.get_absolute_url()).content.decode()
    answer = client.post(asked.get_absolute_url(), {"accept": "yes"}, follow=True)
    assert "It is yours now" in answer.content.decode()


def test_whoever_takes_it_over_has_not_asked_for_what_was_asked_before():
    project, other, ann = on_paper(), ProjectFactory(), UserFactory()
    clerk = project.proposer
    merge = ask_to_merge(project, other, reason="The same.", by=clerk)
    asked = invite_co_author(project, ann.email, by=clerk, takes_over=True)
    accept_invitation(asked, by=ann)
    merge.refresh_from_db()
    assert merge.state == MergeState.WITHDRAWN
    assert Project.objects.get(pk=project.pk).proposer == ann
    assert not CoAuthor.objects.exists()


def test_what_money_ties_is_written_together_and_they_are_told_so(client):
    project, ann = on_paper(state=ProjectState.READY), UserFactory()
    clerk = project.proposer
    CampaignFactory(project=project, creator=clerk)
    asked = invite_co_author(project, ann.email, by=clerk, takes_over=True)
    client.force_login(ann)
    page = client.get(asked.get_absolute_url()).content.decode()
    assert "it stays with them, and you write it together" in page
    assert "it will be yours" not in page
    answer = client.post(asked.get_absolute_url(), {"accept": "yes"}, follow=True)
    assert "You write it together with whoever entered it." in answer.content.decode()
    project.refresh_from_db()
    assert (project.proposer, project.handed_in_by) == (clerk, "Ann Quill")
    assert CoAuthor.objects.get().user == ann


def test_what_was_entered_from_paper_is_taken_over_from_a_former_resident():
    project, ann = on_paper(), UserFactory()
    clerk = project.proposer
    asked = invite_co_author(project, ann.email, by=clerk, takes_over=True)
    invite_co_author(project, "new@example.org", by=clerk)
    erase(clerk)
    assert [each.pk for each in project.invitations.all()] == [asked.pk]
    accept_invitation(asked, by=ann)
    assert Project.objects.get(pk=project.pk).proposer == ann


def test_the_database_refuses_a_blank_name_and_two_who_take_it_over():
    with pytest.raises(IntegrityError, match="handed_in_by_somebody"), transaction.atomic():
        ProjectFactory(handed_in_by=" ")
    project = on_paper()
    Invitation.objects.create(project=project, address="a@example.org", takes_over=True)
    with pytest.raises(IntegrityError, match="one_takes_over"), transaction.atomic():
        Invitation.objects.create(project=project, address="b@example.org", takes_over=True)
