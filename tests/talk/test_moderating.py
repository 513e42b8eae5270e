"""Flags, what moderators hide and show again, and appeals that another one decides."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import CoAuthor, Project
from civicfund.talk.enums import AppealOutcome, Wrong
from civicfund.talk.models import Comment, Flag, Hiding
from civicfund.talk.selectors.desks import appeals_for, flagged_comments
from civicfund.talk.services import (
    TalkError,
    appeal_hiding,
    decide_appeal,
    delete_comment,
    dismiss_flags,
    edit_comment,
    flag_comment,
    forget_author,
    hide_comment,
    restore_comment,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, subject_of

pytestmark = pytest.mark.django_db


def moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    return user


def hide(comment, by=None, reason=Wrong.INSULT, words="Please stay kind."):
    by = by or moderator()
    return hide_comment(comment, subject_of(comment), by=by, reason=reason, words=words)


def appealed(comment=None, by=None):
    comment = comment or CommentFactory()
    hide(comment, by=by)
    return appeal_hiding(
        comment, subject_of(comment), by=comment.author, words="It was a quotation."
    )


def decide(hiding, by, outcome=AppealOutcome.LIFTED):
    comment = hiding.comment
    return decide_appeal(comment, subject_of(comment), by=by, outcome=outcome)


def fresh(comment):
    return Comment.objects.get(pk=comment.pk)


def verbs(comment):
    found = Event.objects.filter(target_type="talk.comment", target_id=str(comment.pk))
    return list(found.order_by("pk").values_list("verb", flat=True))


def test_a_flag_waits_until_a_moderator_finds_nothing_wrong():
    comment = CommentFactory()
    flag_comment(comment, by=UserFactory(), reason=Wrong.ADVERT, words=" Again. ")
    flag_comment(comment, by=UserFactory(), reason=Wrong.OTHER)
    assert [each.waiting for each in flagged_comments()] == [2]
    assert dismiss_flags(comment, subject_of(comment), by=moderator()) == 2
    assert not flagged_comments()
    assert fresh(comment).shown_body == comment.body
    assert verbs(comment) == ["comment.flagged"] * 2 + ["comment.flags_dismissed"]


def test_one_person_flags_a_comment_once_and_not_their_own():
    comment, person = CommentFactory(), UserFactory()
    flag_comment(comment, by=person, reason=Wrong.ADVERT)
    dismiss_flags(comment, subject_of(comment), by=moderator())
    with pytest.raises(TalkError, match="already"):
        flag_comment(comment, by=person, reason=Wrong.INSULT)
    with pytest.raises(TalkError, match="your own"):
        flag_comment(comment, by=comment.author, reason=Wrong.INSULT)
    assert Flag.objects.get().reason == Wrong.ADVERT


def test_a_hidden_comment_shows_the_reason_and_no_words():
    comment = CommentFactory()
    flag_comment(comment, by=UserFactory(), reason=Wrong.INSULT)
    hiding = hide(comment)
    left = fresh(comment)
    assert (left.shown_body, left.body) == ("", "A bench would be good.")
    assert (left.hiding, left.hiding.reason, left.hiding.words) == (
        hiding, Wrong.INSULT, "Please stay kind.",
    )  # fmt: skip
    assert not flagged_comments()
    assert not Flag.objects.waiting().exists()
    told = Message.objects.get()
    assert (told.kind, told.recipient) == ("comment_hidden", comment.author)
    for act in (
        lambda: hide(left),
        lambda: flag_comment(left, by=UserFactory(), reason=Wrong.OTHER),
        lambda: edit_comment(left, by=left.author, body="Kinder."),
    ):
        with pytest.raises(TalkError):
            act()


def test_a_moderator_shows_it_again_and_may_hide_it_again():
    comment = CommentFactory()
    hide(comment)
    restore_comment(comment, subject_of(comment), by=moderator())
    assert fresh(comment).shown_body == comment.body
    with pytest.raises(TalkError, match="not hidden"):
        restore_comment(comment, subject_of(comment), by=moderator())
    hide(comment)
    assert Hiding.objects.filter(comment=comment).count() == 2
    assert verbs(comment) == ["comment.hidden", "comment.restored", "comment.hidden"]


@pytest.mark.parametrize("outcome", AppealOutcome)
def test_another_moderator_decides_on_an_appeal(outcome):
    hiding, other = appealed(), moderator()
    assert list(appeals_for(other)) == [hiding]
    decided = decide(hiding, other, outcome)
    assert (decided.outcome, decided.decided_by) == (outcome, other)
    assert (fresh(hiding.comment).hiding is None) == (outcome == AppealOutcome.LIFTED)
    assert not appeals_for(other)
    assert verbs(hiding.comment)[-2:] == ["comment.appealed", f"comment.appeal_{outcome}"]
    last = Message.objects.latest("pk")
    assert last.kind == (
        "comment_restored" if outcome == AppealOutcome.LIFTED else "comment_stays_hidden"
    )
    with pytest.raises(TalkError, match=r"no appeal|not hidden"):
        decide(hiding, moderator())


def test_who_hid_it_decides_no_appeal_and_cannot_get_round_it():
    first = moderator()
    hiding = appealed(by=first)
    assert not appeals_for(first)
    for outcome in AppealOutcome:
        with pytest.raises(TalkError, match="another moderator"):
            decide(hiding, first, outcome)
    with pytest.raises(TalkError, match="has appealed"):
        restore_comment(hiding.comment, subject_of(hiding.comment), by=first)
    assert Hiding.objects.get().decided_at is None
    assert fresh(hiding.comment).hiding == hiding


def test_an_appeal_is_made_once_by_the_author_and_in_words():
    comment = CommentFactory()
    with pytest.raises(TalkError, match="not hidden"):
        appeal_hiding(comment, subject_of(comment), by=comment.author, words="Why?")
    hide(comment)
    with pytest.raises(TalkError, match="Only the person"):
        appeal_hiding(comment, subject_of(comment), by=UserFactory(), words="Why?")
    with pytest.raises(TalkError, match="Write something"):
        appeal_hiding(comment, subject_of(comment), by=comment.author, words=" ")
    assert Hiding.objects.get().appealed_at is None
    appeal_hiding(comment, subject_of(comment), by=comment.author, words="Why?")
    with pytest.raises(TalkError, match="already"):
        appeal_hiding(comment, subject_of(comment), by=comment.author, words="Why, oh why?")
    assert Hiding.objects.get().appeal_words == "Why?"


def told_that_nobody_decides():
    return {message.recipient for message in Message.objects.filter(kind="appeal_of_nobody")}


def test_an_appeal_that_no_moderator_may_decide_is_told_to_who_gives_roles():
    one, another = (UserFactory(is_superuser=True, is_staff=True) for _ in range(2))
    UserFactory(is_superuser=True, is_active=False)
    alone = moderator()
    hiding = appealed(by=alone)
    assert told_that_nobody_decides() == {one, another}
    told = Message.objects.filter(kind="appeal_of_nobody")
    assert {message.source for message in told} == {f"talk.hiding:{hiding.pk}"}
    assert {message.context["desk_url"] for message in told} == {"/desk/roles/"}
    moderator()
    appealed(by=alone)
    assert told.count() == 2


@pytest.mark.parametrize("whose", ["the comment", "the project that it is about"])
def test_a_moderator_whom_it_concerns_is_no_second_one(whose):
    root = UserFactory(is_superuser=True, is_staff=True)
    project = ProjectFactory(proposer=moderator()) if whose != "the comment" else ProjectFactory()
    author = moderator() if whose == "the comment" else UserFactory()
    thread = ThreadFactory(subject_id=project.pk)
    appealed(CommentFactory(thread=thread, author=author), by=moderator())
    assert told_that_nobody_decides() == {root}


@pytest.mark.parametrize("who", ["a resident", "the author, who is a moderator"])
def test_only_moderators_judge_and_not_what_they_said_themselves(who):
    own = CommentFactory(author=moderator())
    by, why = (UserFactory(), "Only a moderator") if who == "a resident" else (own.author, "own")
    flag_comment(own, by=UserFactory(), reason=Wrong.OTHER)
    for act in (lambda: hide(own, by=by), lambda: dismiss_flags(own, subject_of(own), by=by)):
        with pytest.raises(TalkError, match=why):
            act()
    assert Flag.objects.waiting().count() == 1
    hiding = appealed(own)
    for act in (
        lambda: restore_comment(own, subject_of(own), by=by),
        lambda: decide(hiding, by),
    ):
        with pytest.raises(TalkError, match=why):
            act()
    assert not appeals_for(own.author)
    assert fresh(own).hiding == hiding


def concerned(comment, how):
    """A moderator who proposed what the comment is about, or writes it with whoever did."""
    by = moderator()
    project = Project.objects.filter(pk=comment.thread.subject_id)
    if how == "the proposer":
        project.update(proposer=by)
    else:
        CoAuthor.objects.create(project=project.get(), user=by)
    return by


@pytest.mark.parametrize("how", ["the proposer", "a co-author"])
def test_nobody_judges_what_was_said_of_what_they_write(how):
    question, hiding = CommentFactory(), appealed()
    flag_comment(question, by=UserFactory(), reason=Wrong.OTHER)
    theirs, other = concerned(question, how), concerned(hiding.comment, how)
    for act in (
        lambda: hide(question, by=theirs),
        lambda: dismiss_flags(question, subject_of(question), by=theirs),
        lambda: restore_comment(hiding.comment, subject_of(hiding.comment), by=other),
        lambda: decide(hiding, other),
    ):
        with pytest.raises(TalkError, match="something that is yours"):
            act()
    assert Flag.objects.waiting().count() == 1
    assert fresh(question).hiding is None
    assert Hiding.objects.get().decided_at is None
    assert dismiss_flags(question, subject_of(question), by=other) == 1


@pytest.mark.parametrize("how", ["the proposer", "a co-author"])
def test_the_table_refuses_a_judge_who_writes_what_it_was_said_of(how):
    shown, hiding, now = CommentFactory(), appealed(), timezone.now()
    unasked = hide(CommentFactory())
    decided = {"outcome": "upheld", "decided_at": now}
    for act in (
        lambda: Hiding.objects.create(
            comment=shown, reason="other", hidden_by=concerned(shown, how)
        ),
        lambda: Hiding.objects.filter(pk=hiding.pk).update(
            decided_by=concerned(hiding.comment, how), **decided
        ),
        lambda: Hiding.objects.filter(pk=unasked.pk).update(
            lifted_by=concerned(unasked.comment, how), lifted_at=now
        ),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            act()
        assert refused.value.__cause__.diag.constraint_name == "hiding_by_no_author"


def test_whoever_joins_a_project_later_has_not_judged_what_was_said_of_it():
    comment, by = CommentFactory(), moderator()
    hide(comment, by=by)
    CoAuthor.objects.create(project_id=comment.thread.subject_id, user=by)
    appeal_hiding(comment, subject_of(comment), by=comment.author, words="It was a quotation.")
    assert decide(Hiding.objects.get(), moderator()).outcome == AppealOutcome.LIFTED


def test_what_its_author_deletes_waits_for_nobody():
    flagged, hiding = CommentFactory(), appealed()
    flag_comment(flagged, by=UserFactory(), reason=Wrong.OTHER)
    for comment in (flagged, hiding.comment):
        delete_comment(comment, by=comment.author)
    assert not flagged_comments()
    assert not appeals_for(moderator())
    with pytest.raises(TalkError, match="not hidden"):
        decide(hiding, moderator())


def test_of_somebody_who_is_erased_no_words_to_moderators_are_left():
    hiding, flagged = appealed(), CommentFactory()
    person = hiding.comment.author
    flag_comment(flagged, by=person, reason=Wrong.OTHER, words="He lives next door to me.")
    forget_author(person)
    assert Hiding.objects.get().appeal_words == ""
    flag = Flag.objects.get()
    assert (flag.reporter, flag.words, flag.reason) == (None, "", Wrong.OTHER)


def test_the_tables_refuse_what_no_moderator_may_do():
    hiding, now = appealed(), timezone.now()
    same = {"outcome": "lifted", "decided_by": hiding.hidden_by, "decided_at": now}
    unasked = hide(CommentFactory())
    by = moderator()
    for row, changes, name in (
        (hiding, same, "hiding_decided_by_another"),
        (hiding, {"lifted_by": by, "lifted_at": now}, "hiding_appealed_is_decided"),
        (hiding, {"outcome": "lifted"}, "hiding_decided_after_an_appeal"),
        (unasked, same | {"decided_by": by}, "hiding_decided_after_an_appeal"),
        (unasked, {"lifted_at": now}, "hiding_lifted_by_somebody"),
        (unasked, {"reason": "dull"}, "hiding_reason_known"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Hiding.objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(IntegrityError, match="hiding_one_at_a_time"), transaction.atomic():
        Hiding.objects.create(comment=hiding.comment, reason="other", hidden_by=by)


def test_the_tables_refuse_a_second_flag_and_an_unknown_reason():
    flag = flag_comment(CommentFactory(), by=UserFactory(), reason=Wrong.OTHER)
    with pytest.raises(IntegrityError, match="flag_once_per_person"), transaction.atomic():
        Flag.objects.create(comment=flag.comment, reporter=flag.reporter, reason="other")
    with pytest.raises(IntegrityError, match="flag_reason_known"), transaction.atomic():
        Flag.objects.create(comment=flag.comment, reporter=UserFactory(), reason="dull")
