"""Acts of whoever would like to write a project, and of its authors who say yes or no."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from civicfund.audit.models import Event
from civicfund.audit.services import db_now, record
from civicfund.notices.services import Letter, take_back, tell, tell_all
from civicfund.people.models import User
from civicfund.projects.access import authors_of, is_author
from civicfund.projects.enums import LISTED_STATES
from civicfund.projects.models import CoAuthor, JoinWish, Project
from civicfund.projects.services.authors import (
    ASKED_TO_JOIN,
    MOST_AUTHORS,
    forget_wishes,
    take_back_invitations,
)
from civicfund.projects.services.errors import ProjectError
from civicfund.projects.services.hearing import let_joined_hear
from civicfund.projects.services.holding import check_may_write, hold_authored, hold_project
from civicfund.words import seen

ANSWERED = "project_join_answered"
TAKEN_BACK = "project.join_taken_back"
MOST_WAITING = 10
# Each wish writes to all authors.
ASKED_ANEW_AFTER = timedelta(days=1)


def ask_to_join(project: Project, words: str, *, by: User) -> JoinWish:
    """Ask those who write a project to write it with them; they are told. ``ProjectError``."""
    check_may_write(by)
    words = seen(words)
    with transaction.atomic():
        # Nobody waits for this but another wish of theirs: who writes to them needs only the key.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        row = hold_project(project)
        _check_may_ask(row, words, by)
        wish = JoinWish.objects.create(project=row, person=by, words=words)
        record("project.join_asked", row, actor=by)
        page = reverse("project_authors", args=[row.pk])
        context = {"title": row.title, "authors_url": page}
        tell_all(ASKED_TO_JOIN, [Letter(author, wish, context) for author in authors_of(row)])
    return wish


def _check_may_ask(project: Project, words: str, by: User) -> None:
    if is_author(by, project):
        raise ProjectError(_("You write this project already."))
    if not words:
        raise ProjectError(_("Say it in words."), field="words")
    wish = project.join_wishes.filter(person=by).first()
    if wish and wish.declined_at:
        raise ProjectError(_("You have asked already, and those who write it said no."))
    if wish:
        raise ProjectError(_("You have asked already; its authors have not answered yet."))
    if _took_back_lately(project, by):
        raise ProjectError(_("You took this back less than a day ago: ask again tomorrow."))
    if project.is_abandoned:
        raise ProjectError(_("Nobody is left who writes this project: you can copy it."))
    if JoinWish.objects.waiting().at_public_projects().filter(person=by).count() >= MOST_WAITING:
        words_of = _("%(most)s of your wishes wait for an answer: please wait for some of them.")
        raise ProjectError(words_of % {"most": MOST_WAITING})
    _check_takes_somebody(project)


def _took_back_lately(project: Project, by: User) -> bool:
    acts = Event.objects.filter(target_type=project._meta.label_lower, target_id=str(project.pk))
    since = db_now() - ASKED_ANEW_AFTER
    return acts.filter(verb=TAKEN_BACK, actor=by, at__gt=since).exists()


def _check_takes_somebody(project: Project) -> None:
    if project.state not in LISTED_STATES:
        raise ProjectError(_("Only a project on the list takes somebody in."))
    if project.co_authors.count() + project.invitations.count() >= MOST_AUTHORS:
        raise ProjectError(_("No more than %(most)s people, please.") % {"most": MOST_AUTHORS})


def accept_wish(wish: JoinWish, *, by: User) -> CoAuthor:
    """An author says yes: whoever asked writes the project from now on. ``ProjectError``."""
    check_may_write(by)
    with transaction.atomic():
        project = hold_authored(wish.project, by)
        person = _held(wish).person
        # Whoever was invited as well comes in through one of the two doors; what is theirs on paper
        # they can still take over.
        asked = project.invitations.filter(address=person.email.lower(), takes_over=False)
        take_back_invitations(asked)
        _check_takes_somebody(project)
        forget_wishes(project.join_wishes.filter(person=person))
        joined, _is_new = CoAuthor.objects.get_or_create(project=project, user=person)
        let_joined_hear(project, person.pk)
        record("project.join_accepted", project, actor=by, person=person.pk)
        _answer(wish, project, person, "accepted")
    return joined


def decline_wish(wish: JoinWish, *, by: User) -> None:
    """An author says no; whoever asked is told, and asks this project no more."""
    with transaction.atomic():
        project = hold_authored(wish.project, by)
        row = _held(wish)
        row.words, row.declined_at = "", db_now()
        row.save(update_fields=["words", "declined_at"])
        take_back(ASKED_TO_JOIN, JoinWish.objects.filter(pk=row.pk))
        record("project.join_declined", project, actor=by, person=row.person_id)
        _answer(row, project, row.person, "declined")


def _held(wish: JoinWish) -> JoinWish:
    """The wish, if it still waits. The caller holds its project."""
    rows = JoinWish.objects.select_for_update(of=("self",)).select_related("person")
    row = rows.filter(pk=wish.pk).first()
    if row is None:
        raise ProjectError(_("This was taken back, or they write with you already."))
    if row.declined_at:
        raise ProjectError(_("This was answered already."))
    return row


def _answer(wish: JoinWish, project: Project, person: User, outcome: str) -> None:
    page = project.get_absolute_url()
    tell(person, ANSWERED, wish, title=project.title, outcome=outcome, project_url=page)


def take_back_wish(project: Project, *, by: User) -> None:
    """Whoever asked does so no more; authors who were not told yet are not told any more."""
    with transaction.atomic():
        row = hold_project(project)
        mine = row.join_wishes.waiting().filter(person=by)
        if not mine.exists():
            raise ProjectError(_("This was answered already."))
        forget_wishes(mine)
        record(TAKEN_BACK, row, actor=by)
