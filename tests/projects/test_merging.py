"""Two projects become one, by agreement, losing nothing; and two again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import SAME, MergeState, Part, ProjectState, Wrong
from civicfund.projects.models import CoAuthor, Merge, Project, ProjectFlag
from civicfund.projects.selectors import helpers_of, merges
from civicfund.projects.selectors.merges import reported_pairs
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
from civicfund.projects.services.moderating import flag_project, hide_project, restore_project
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project
from civicfund.projects.services.writing import withdraw_project
from civicfund.projects.views import merging as views
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


@pytest.mark.parametrize("by_another_way", [False, True])
def test_what_was_taken_out_and_went_in_apart_does_not_come_out_with_another(
    pair, moderator, by_another_way
):
    child, whole = pair
    grandchild, between = ProjectFactory(), ProjectFactory()
    inner = merged(grandchild, child)
    outer = merged(child, whole)
    undo_merge(inner, reason="Not the same.", by=moderator)
    grandchild.refresh_from_db()
    if by_another_way:
        merged(grandchild, between)
        merged(between, whole)
    else:
        merged(grandchild, whole)
    undo_merge(outer, reason="Not the same.", by=moderator)
    grandchild.refresh_from_db()
    assert (grandchild.state, grandchild.merged_into) == (ProjectState.MERGED, whole)
    assert not child.merged_projects.exists()


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
    Project.objects.filter(pk=whole.pk).update(state=state, published_at=None)
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


def test_why_it_is_undone_comes_back_where_it_is_refused(pair, client, moderator):
    child, whole = pair
    merge = merge_as_moderator(child, whole, reason="One.", by=moderator)
    sign_in_with_second_factor(client, moderator)
    answer = client.post(reverse("merge_desk"), {"undo": str(merge.pk), "reason": "<b>" * 200})
    assert answer.status_code == 400
    assert f"{'&lt;b&gt;' * 200}</textarea>" in answer.content.decode()
    child.refresh_from_db()
    assert child.merged_into == whole


def own(moderator):
    """A project that the moderator proposed, and one that they write with somebody."""
    CoAuthor.objects.create(project=(shared := ProjectFactory()), user=moderator)
    return ProjectFactory(proposer=moderator), shared


def test_moderators_decide_on_nothing_that_they_write(moderator):
    other = ProjectFactory()
    for mine in own(moderator):
        merged(ProjectFactory(), mine)
        before = as_stored()
        for pair in ((other, mine), (mine, other)):
            with pytest.raises(ProjectError, match="another moderator"):
                merge_as_moderator(*pair, reason="Mine is better.", by=moderator)
        with pytest.raises(ProjectError, match="another moderator"):
            undo_merge(mine.merges_in.get(), reason="Without them.", by=moderator)
        assert as_stored() == before


def test_nor_on_what_went_into_it_with_theirs(moderator):
    mine, whole, other = own(moderator)[0], ProjectFactory(), ProjectFactory()
    inner = merged(mine, whole)
    outer = merged(whole, other)
    before = as_stored()
    with pytest.raises(ProjectError, match="another moderator"):
        merge_as_moderator(other, ProjectFactory(), reason="One.", by=moderator)
    for merge in (inner, outer):
        with pytest.raises(ProjectError, match="another moderator"):
            undo_merge(merge, reason="Mine again.", by=moderator)
    assert as_stored()[:-1] == before


def test_the_desk_offers_a_moderator_no_merge_of_their_own(client, moderator):
    mine, _shared = own(moderator)
    merged(mine, ProjectFactory())
    open_to_them = merged(ProjectFactory(), ProjectFactory())
    sign_in_with_second_factor(client, moderator)
    page = client.get(reverse("merge_desk")).content.decode()
    assert re.findall(r'name="undo" value="(\d+)"', page) == [str(open_to_them.pk)]
    assert "You write one of the two" in page


def test_the_desk_has_a_page_for_what_was_merged_long_ago(client, moderator, monkeypatch):
    monkeypatch.setattr(views, "MERGES_PER_PAGE", 2)
    made = [merged(ProjectFactory(), ProjectFactory()).pk for _ in range(3)]
    sign_in_with_second_factor(client, moderator)
    pages = [client.get(reverse("merge_desk"), {"page": number}) for number in (1, 2)]
    listed = [[merge.pk for merge in page.context["page"]] for page in pages]
    assert listed == [[made[2], made[1]], [made[0]]]


@pytest.mark.parametrize("undone", [False, True])
def test_the_database_refuses_a_moderators_decision_on_what_they_write(moderator, undone):
    for mine in own(moderator):
        if undone:
            merge = merged(mine, ProjectFactory())
            change = {"state": MergeState.UNDONE, "undone_because": "Mine."}
        else:
            merge = asked(mine, ProjectFactory())
            change = {"state": MergeState.AGREED, "by_moderator": True, "state_before": "ready"}
        change |= {"decided_by": moderator, "decided_at": merge.asked_at}
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Merge.objects.filter(pk=merge.pk).update(**change)
        assert refused.value.__cause__.diag.constraint_name == "merge_by_no_author"


def test_what_went_into_a_project_that_is_withdrawn_is_its_authors_again(pair, client):
    child, whole = pair
    grandchild = ProjectFactory()
    for project in (child, grandchild):
        support_project(project, by=UserFactory())
    merged(grandchild, child)
    merge = merged(child, whole)
    client.force_login(whole.proposer)
    page = reverse("project_withdraw", args=[whole.pk])
    assert child.title in client.get(page).content.decode()
    Message.objects.all().delete()
    assert client.post(page).status_code == 302
    child.refresh_from_db()
    grandchild.refresh_from_db()
    merge.refresh_from_db()
    assert (child.state, child.merged_into, merge.state) == (ProjectState.READY, None, "undone")
    assert (grandchild.state, grandchild.merged_into) == (ProjectState.MERGED, child)
    assert support_counts([child.pk]) == {child.pk: 2}
    assert Message.objects.get(kind="project_merge_undone").recipient == child.proposer
    connection.check_constraints()
    client.logout()
    assert "part of another project" not in client.get(child.get_absolute_url()).content.decode()


def test_whoever_helped_with_a_part_is_named_on_the_page_of_the_whole(client, moderator):
    child, whole = ProjectFactory(wanted=["hands"]), ProjectFactory()
    helper = UserFactory(display_name="Ada Quill")
    accept_offer(offer_help(child, Part.HANDS, Help("Mine."), by=helper), by=child.proposer)
    assert not helpers_of(whole)
    merge = merged(child, whole)
    page = client.get(whole.get_absolute_url()).content.decode()
    assert "Ada Quill (hands that help to do it)" in page
    undo_merge(merge, reason="Not the same.", by=moderator)
    assert not helpers_of(whole)
    assert [offer.by for offer in helpers_of(child)] == [helper]


def test_a_part_that_moderators_hide_comes_out_hidden_when_the_whole_is_withdrawn(
    pair, client, moderator
):
    child, whole = pair
    for project in pair:
        CoAuthor.objects.create(project=project, user=UserFactory())
    merged(grandchild := ProjectFactory(), child)
    merge = merged(child, whole)
    hide_project(child, by=moderator, reason=Wrong.PRIVATE, words="It tells where she lives.")
    Message.objects.all().delete()
    client.force_login(whole.proposer)
    assert client.post(reverse("project_withdraw", args=[whole.pk])).status_code == 302
    connection.check_constraints()
    for row in (child, whole, grandchild, merge):
        row.refresh_from_db()
    assert (whole.state, merge.state) == (ProjectState.WITHDRAWN, MergeState.UNDONE)
    assert (child.state, child.merged_into) == (ProjectState.HIDDEN, None)
    assert (grandchild.state, grandchild.merged_into) == (ProjectState.MERGED, child)
    told = Message.objects.values_list("recipient", flat=True)
    assert set(told) == {child.proposer_id, child.co_authors.get().user_id}
    restore_project(child, by=moderator)
    child.refresh_from_db()
    assert (child.state, child.merged_into) == (ProjectState.READY, None)


@pytest.mark.parametrize("gone", [0, 1])
def test_nobody_waits_for_an_answer_about_a_project_that_was_withdrawn(pair, gone):
    request = asked(*pair)
    left = pair[1 - gone]
    withdraw_project(pair[gone], by=pair[gone].proposer)
    request.refresh_from_db()
    assert (request.state, request.decided_by) == (MergeState.WITHDRAWN, pair[gone].proposer)
    another = asked(left, ProjectFactory())
    assert another.state == MergeState.ASKED


def test_nobody_waits_for_an_answer_about_a_project_that_went_into_another(pair):
    child, whole = pair
    third = ProjectFactory()
    request, elsewhere = asked(third, child), asked(ProjectFactory(), whole)
    merged(child, whole)
    for row in (request, elsewhere):
        row.refresh_from_db()
    assert (request.state, elsewhere.state) == (MergeState.WITHDRAWN, MergeState.ASKED)
    assert asked(third, whole).state == MergeState.ASKED


def test_its_author_reads_that_the_whole_was_withdrawn(pair, mailoutbox):
    child, whole = pair
    merged(child, whole)
    Message.objects.all().delete()
    withdraw_project(whole, by=whole.proposer)
    assert send_next()
    [mail] = mailoutbox
    assert mail.to == [child.proposer.email]
    assert '"Great bench" was withdrawn' in mail.body
    assert "moderator" not in mail.body


def at_the_end(project, **change):
    """Change the row, and ask what is asked at the end of a transaction."""
    Project.objects.filter(pk=project.pk).update(**change)
    connection.check_constraints()


def test_the_database_keeps_no_part_of_a_withdrawn_project(pair):
    child, whole = pair
    merged(child, whole)
    gone, late = ProjectFactory(state=ProjectState.WITHDRAWN), ProjectFactory()
    for project, change in (
        (whole, {"state": ProjectState.WITHDRAWN}),
        (late, {"state": ProjectState.MERGED, "merged_into": gone}),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            at_the_end(project, **change)
        assert refused.value.__cause__.diag.constraint_name == "project_whole_is_there"


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


# --- there twice


def test_a_resident_says_that_two_are_the_same_and_a_moderator_makes_one(pair, client, moderator):
    child, whole = pair
    resident = UserFactory()
    client.force_login(resident)
    report = reverse("project_flag", args=[child.pk])
    assert client.post(report, {"reason": SAME}).status_code == 400
    assert client.post(report, {"reason": SAME, "other": "999999"}).status_code == 400
    assert ProjectFlag.objects.count() == 0
    client.post(report, {"reason": SAME, "other": f"http://x/projects/{whole.pk}/"})
    flag = ProjectFlag.objects.get()
    assert (flag.project, flag.other, flag.reporter) == (child, whole, resident)
    sign_in_with_second_factor(client, moderator)
    judge = client.get(reverse("judge_project", args=[child.pk])).content.decode()
    fill = f"?project={child.pk}&amp;into={whole.pk}#merge"
    assert fill in judge
    desk = reverse("merge_desk")
    page = client.get(desk).content.decode()
    assert fill in page
    assert "1 person" in page
    form = client.get(f"{desk}?project={child.pk}&into={whole.pk}").content.decode()
    assert re.search(rf'name="project" value="{child.pk}"', form)
    assert re.search(rf'name="into" value="{whole.pk}"', form)
    client.post(desk, {"project": child.pk, "into": whole.pk, "reason": "The same bench."})
    flag.refresh_from_db()
    assert flag.handled_at is not None
    assert fill not in client.get(desk).content.decode()


def test_what_is_wrong_with_a_project_names_no_other(pair, client):
    child, whole = pair
    client.force_login(UserFactory())
    report = reverse("project_flag", args=[child.pk])
    client.post(report, {"reason": Wrong.OTHER, "other": str(whole.pk)})
    assert ProjectFlag.objects.get().other is None


def test_a_project_is_the_same_as_another_one_on_the_list(pair):
    child, whole = pair
    withdraw_project(whole, by=whole.proposer)
    whole.refresh_from_db()
    for reason, other in ((SAME, None), (SAME, child), (SAME, whole), (Wrong.OTHER, whole)):
        with pytest.raises(ProjectError) as refused:
            flag_project(child, by=UserFactory(), reason=reason, other=other)
        assert refused.value.field == "other"
    assert ProjectFlag.objects.count() == 0


@pytest.mark.parametrize(
    ("reason", "other", "constraint"),
    [
        (SAME, None, "other_iff_same"),
        (Wrong.OTHER, "whole", "other_iff_same"),
        (SAME, "child", "same_as_another"),
        ("dull", None, "reason_known"),
    ],
)
def test_the_database_refuses_a_report_of_no_pair(pair, reason, other, constraint):
    known = {"child": pair[0], "whole": pair[1], None: None}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ProjectFlag.objects.create(
            project=pair[0], reporter=UserFactory(), reason=reason, other=known[other]
        )


def say_the_same(project, other, times=1):
    for _ in range(times):
        flag_project(project, by=UserFactory(), reason=SAME, other=other)


def test_two_that_are_said_to_be_the_same_are_one_pair_whichever_way_round(pair, client, moderator):
    child, whole = pair
    both = UserFactory()
    for one, other in ((child, whole), (whole, child)):
        flag_project(one, by=both, reason=SAME, other=other)
    [found] = reported_pairs().some
    assert ({found.project, found.into}, found.people, found.also) == ({child, whole}, 1, True)
    say_the_same(child, whole, times=2)
    [found] = reported_pairs().some
    assert (found.project, found.into, found.people, found.also) == (child, whole, 3, True)
    say_the_same(whole, child, times=3)
    [found] = reported_pairs().some
    assert (found.project, found.into, found.people) == (whole, child, 6)
    sign_in_with_second_factor(client, moderator)
    page = client.get(reverse("merge_desk")).content.decode()
    for each in pair:
        assert reverse("judge_project", args=[each.pk]) in page
    assert "6 people" in page


def on_the_desk(client):
    page = client.get(reverse("merge_desk"))
    found = {
        name: [(each.project, each.into) for each in page.context[name].some]
        for name in ("unanswered", "declined")
    }
    assert ("It is ours, too." in page.content.decode()) == any(found.values())
    return found["unanswered"], found["declined"]


def test_the_desk_names_what_waits_for_long_and_what_was_declined_lately(pair, client, moderator):
    child, whole = pair
    ask = ask_to_merge(child, whole, reason="It is ours, too.", by=child.proposer)
    sign_in_with_second_factor(client, moderator)
    assert on_the_desk(client) == ([], [])
    Merge.objects.filter(pk=ask.pk).update(asked_at=db_now() - timedelta(days=8))
    assert on_the_desk(client) == ([(child, whole)], [])
    decline_to_merge(ask, by=whole.proposer)
    assert on_the_desk(client) == ([], [(child, whole)])
    Merge.objects.filter(pk=ask.pk).update(decided_at=db_now() - timedelta(weeks=7))
    assert on_the_desk(client) == ([], [])


def test_what_proposers_asked_is_on_the_desk_as_long_as_both_are_on_the_list(
    pair, client, moderator
):
    child, whole = pair
    ask = ask_to_merge(child, whole, reason="It is ours, too.", by=child.proposer)
    decline_to_merge(ask, by=whole.proposer)
    sign_in_with_second_factor(client, moderator)
    assert on_the_desk(client) == ([], [(child, whole)])
    withdraw_project(child, by=child.proposer)
    assert on_the_desk(client) == ([], [])


def test_the_desk_says_where_there_are_more_pairs_than_it_shows(client, moderator, monkeypatch):
    monkeypatch.setattr(merges, "MOST_PAIRS", 1)
    monkeypatch.setattr(merges, "MOST_ALIKE", 99)
    sign_in_with_second_factor(client, moderator)
    desk, more = reverse("merge_desk"), "There are more than stand here"
    for number in range(2):
        one, other, third = ProjectFactory(), ProjectFactory(), ProjectFactory()
        say_the_same(one, other)
        ask_to_merge(one, other, reason="One.", by=one.proposer)
        Merge.objects.filter(state=MergeState.ASKED).update(asked_at=db_now() - timedelta(days=8))
        again = ask_to_merge(other, third, reason="One.", by=other.proposer)
        decline_to_merge(again, by=third.proposer)
        page = client.get(desk)
        for name in ("reported", "unanswered", "declined"):
            assert (len(page.context[name].some), page.context[name].more) == (1, number == 1)
        assert page.content.decode().count(more) == 3 * number


def test_the_desk_names_what_looks_alike_until_somebody_says_something_of_it(client, moderator):
    old, new = (ProjectFactory(title=f"Benches at the mill {n}") for n in ("pond", "pond!"))
    sign_in_with_second_factor(client, moderator)

    def named():
        page = client.get(reverse("merge_desk"))
        assert ("Nobody has said that they are the same" in page.content.decode()) == bool(
            page.context["alike"].some
        )
        return [(each.project, each.into) for each in page.context["alike"].some]

    assert named() == [(new, old)]
    fill = f"?project={new.pk}&amp;into={old.pk}#merge"
    assert fill in client.get(reverse("merge_desk")).content.decode()
    ask = ask_to_merge(old, new, reason="One.", by=old.proposer)
    assert named() == []
    Merge.objects.filter(pk=ask.pk).delete()
    assert named() == [(new, old)]
    say_the_same(old, new)
    assert named() == []
    ProjectFlag.objects.update(handled_at=db_now())
    assert named() == []


def test_a_pair_of_the_moderators_own_is_for_another(client, moderator):
    mine, _shared = own(moderator)
    flag_project(mine, by=UserFactory(), reason=SAME, other=ProjectFactory())
    sign_in_with_second_factor(client, moderator)
    page = client.get(reverse("merge_desk")).content.decode()
    assert "You write one of the two" in page
    assert "Fill in the form" not in page


def test_its_proposer_finds_the_way_to_a_merge_on_the_projects_page(pair, client):
    child, _whole = pair
    link = reverse("project_merge", args=[child.pk])
    assert link not in client.get(child.get_absolute_url()).content.decode()
    client.force_login(child.proposer)
    assert link in client.get(child.get_absolute_url()).content.decode()
