"""Two projects become one, by agreement, losing nothing; and two again."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import MergeState, ProjectState
from civicfund.projects.models import Merge, Project
from civicfund.projects.selectors.supports import support_counts
from civicfund.projects.services import ProjectError
from civicfund.projects.services.merging import (
    agree_to_merge,
    ask_to_merge,
    decline_to_merge,
    merge_as_moderator,
    take_back_merge,
    undo_merge,
)
from civicfund.projects.services.supporting import support_project
from tests.factories.budgeting import draft_cycle
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return ProjectFactory(title="Small bench"), ProjectFactory(title="Great bench")


@pytest.fixture
def moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    return user


def asked(child, whole):
    return ask_to_merge(child, whole, reason="The same bench.", by=child.proposer)


def merged(child, whole):
    return agree_to_merge(asked(child, whole), by=whole.proposer)


def as_stored():
    return list(Project.objects.order_by("pk").values("pk", "state", "merged_into"))


def test_the_other_proposer_agrees_and_all_is_kept(pair):
    child, whole = pair
    both, only = UserFactory.create_batch(2)
    for project, person in ((child, both), (whole, both), (child, only)):
        support_project(project, by=person)
    before = Project.objects.values("story", "proposer", "title").get(pk=child.pk)
    merged(child, whole)
    child.refresh_from_db()
    assert (child.state, child.merged_into) == (ProjectState.MERGED, whole)
    assert Project.objects.values("story", "proposer", "title").get(pk=child.pk) == before
    assert child.supports.count() == 2
    assert support_counts([whole.pk]) == {whole.pk: 2}


def test_everybody_concerned_is_told_once(pair, mailoutbox):
    child, whole = pair
    support_project(child, by=(fan := UserFactory()))
    support_project(child, by=child.proposer)
    merged(child, whole)
    told = Message.objects.filter(kind="project_merged").values_list("recipient", flat=True)
    assert sorted(told) == sorted([child.proposer_id, fan.pk])
    while send_next():
        pass
    assert "is part of" in mailoutbox[-1].subject
    assert {mail.to[0] for mail in mailoutbox} == {
        child.proposer.email,
        whole.proposer.email,
        fan.email,
    }


def test_the_proposer_of_the_one_that_stays_may_ask_as_well(pair):
    child, whole = pair
    ask = ask_to_merge(child, whole, reason="Join us.", by=whole.proposer)
    with pytest.raises(ProjectError, match="Only the other proposer"):
        agree_to_merge(ask, by=whole.proposer)
    agree_to_merge(ask, by=child.proposer)
    child.refresh_from_db()
    assert child.merged_into == whole


def test_whoever_proposed_both_needs_nobody():
    one = ProjectFactory()
    other = ProjectFactory(proposer=one.proposer)
    assert asked(one, other).state == MergeState.AGREED


def test_nobody_else_asks_or_answers_and_nothing_moves(pair, client):
    child, whole = pair
    stranger, before = UserFactory(), as_stored()
    with pytest.raises(ProjectError, match="one of the two"):
        ask_to_merge(child, whole, reason="Mine.", by=stranger)
    ask = asked(child, whole)
    for act, by in (
        (agree_to_merge, stranger),
        (agree_to_merge, child.proposer),
        (decline_to_merge, child.proposer),
        (take_back_merge, whole.proposer),
    ):
        with pytest.raises(ProjectError):
            act(ask, by=by)
    for act in (
        lambda: merge_as_moderator(child, whole, reason="Mine.", by=stranger),
        lambda: undo_merge(ask, reason="Mine.", by=stranger),
    ):
        with pytest.raises(PermissionDenied):
            act()
    client.force_login(stranger)
    answer = reverse("project_merge_answer", args=[ask.pk])
    assert client.post(answer, {"act": "agree"}).status_code == 404
    assert client.get(reverse("project_merge", args=[child.pk])).status_code == 403
    assert as_stored() == before


def test_declined_or_taken_back_both_stay(pair):
    child, whole = pair
    before = as_stored()
    decline_to_merge(ask := asked(child, whole), by=whole.proposer)
    with pytest.raises(ProjectError, match="answered already"):
        agree_to_merge(ask, by=whole.proposer)
    take_back_merge(asked(child, whole), by=child.proposer)
    assert as_stored() == before
    told = Message.objects.get(kind="project_merge_declined")
    assert told.recipient == child.proposer


def test_what_had_gone_into_it_comes_along_and_comes_out_again(pair, moderator):
    child, whole = pair
    grandchild = ProjectFactory()
    support_project(grandchild, by=UserFactory())
    merged(grandchild, child)
    merge = merged(child, whole)
    grandchild.refresh_from_db()
    assert grandchild.merged_into == whole
    assert support_counts([whole.pk]) == {whole.pk: 1}
    undo_merge(merge, reason="Not the same.", by=moderator)
    child.refresh_from_db()
    grandchild.refresh_from_db()
    assert (child.state, child.merged_into) == (ProjectState.READY, None)
    assert grandchild.merged_into == child
    assert support_counts([whole.pk, child.pk]) == {whole.pk: 0, child.pk: 1}


def test_an_inner_merge_is_undone_after_the_outer_one(pair, moderator):
    child, whole = pair
    grandchild = ProjectFactory()
    inner = merged(grandchild, child)
    outer = merged(child, whole)
    undo_merge(inner, reason="Not the same.", by=moderator)
    undo_merge(outer, reason="Not the same.", by=moderator)
    assert not Project.objects.exclude(merged_into=None).exists()
    with pytest.raises(ProjectError, match="not merged"):
        undo_merge(outer, reason="Again.", by=moderator)


def test_what_people_vote_on_does_not_go_into_another():
    draft_cycle()
    held, other = Project.objects.order_by("pk")[:1].get(), ProjectFactory()
    with pytest.raises(ProjectError):
        asked(held, other)
    assert Merge.objects.count() == 0


@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.WITHDRAWN])
def test_both_have_to_be_on_the_list(pair, state):
    child, whole = pair
    ask = asked(child, whole)
    Project.objects.filter(pk=whole.pk).update(state=state)
    with pytest.raises(ProjectError, match="on the list"):
        agree_to_merge(ask, by=whole.proposer)
    child.refresh_from_db()
    assert child.state == ProjectState.READY


def test_the_pages_ask_agree_and_lead_from_one_to_the_other(pair, client):
    child, whole = pair
    client.force_login(child.proposer)
    page = reverse("project_merge", args=[child.pk])
    assert whole.title in client.get(page).content.decode()
    answer = client.post(page, {"into": "999999", "stays": "other", "reason": "x"})
    assert answer.status_code == 400
    client.post(page, {"into": f"/projects/{whole.pk}/", "stays": "other", "reason": "Same."})
    ask = Merge.objects.get()
    client.force_login(whole.proposer)
    assert "Should “Small bench”" in client.get(whole.get_absolute_url()).content.decode()
    client.post(reverse("project_merge_answer", args=[ask.pk]), {"act": "agree"})
    client.logout()
    old = client.get(child.get_absolute_url()).content.decode()
    assert "This is part of another project now" in old
    assert f'href="{whole.get_absolute_url()}"' in old
    assert "Small bench" in client.get(whole.get_absolute_url()).content.decode()


def test_moderators_merge_and_undo_with_a_public_reason(pair, client, moderator):
    child, whole = pair
    asked(child, whole)
    sign_in_with_second_factor(client, moderator)
    desk = reverse("merge_desk")
    given = {"project": str(child.pk), "into": str(whole.pk)}
    assert client.post(desk, given | {"reason": " "}).status_code == 400
    client.post(desk, given | {"reason": "One and the same."})
    assert "One and the same." in client.get(child.get_absolute_url()).content.decode()
    merge = Merge.objects.get(state=MergeState.AGREED)
    assert merge.by_moderator
    assert client.post(desk, {"undo": str(merge.pk), "reason": ""}).status_code == 400
    client.post(desk, {"undo": str(merge.pk), "reason": "They differ."})
    child.refresh_from_db()
    assert (child.state, child.merged_into) == (ProjectState.READY, None)


def test_the_desk_is_for_moderators(client):
    client.force_login(UserFactory())
    assert client.get(reverse("merge_desk")).status_code == 403


def test_the_database_refuses_chains_of_merged_projects(pair):
    child, whole = pair
    third = ProjectFactory()
    merged(child, whole)
    for into, from_ in ((child, third), (third, whole)):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Project.objects.filter(pk=from_.pk).update(state=ProjectState.MERGED, merged_into=into)
        assert refused.value.__cause__.diag.constraint_name == "project_merged_into_a_whole"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"reason": ""}, "merge_has_reason"),
        ({"state": "agreed"}, "merge_answered_iff_not_asked"),
        ({"undone_because": "Because."}, "merge_undone_iff_because"),
    ],
)
def test_the_database_refuses_a_merge_that_cannot_be(pair, change, constraint):
    asked(*pair)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Merge.objects.update(**change)
    assert refused.value.__cause__.diag.constraint_name in {constraint, "merge_can_be_undone"}


def test_the_database_refuses_a_project_in_itself_and_two_questions(pair):
    child, whole = pair
    asked(child, whole)
    for constraint, into in (("merge_into_another", child), ("merge_one_asked", whole)):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Merge.objects.create(project=child, into=into, reason="x", asked_by=child.proposer)
