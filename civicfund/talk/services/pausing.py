"""Keeping somebody from writing for a while, and appeals against it.

It is about words in public alone: reading, voting, supporting and pledging are no business of it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.services import tell, tell_who_gives_roles
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role, people_with
from civicfund.talk.enums import PAUSE_DAYS, PauseOutcome, Wrong
from civicfund.talk.models import Pause
from civicfund.talk.services.errors import TalkError


def pause_writing(person: User, *, by: User, days: int, reason: Wrong, words: str = "") -> Pause:
    """Let somebody write nothing for so many days, and tell them why. Raises ``TalkError``."""
    _check_moderator(by)
    if days not in PAUSE_DAYS:
        raise TalkError(_("Choose one of the times."))
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if row.pk == by.pk or row.is_staff:
            raise TalkError(_("This is somebody of the staff: superusers end roles."))
        if row.is_guest or row.erased_at:
            raise TalkError(_("There is no such account."))
        if Pause.objects.standing().filter(person=row).exists():
            raise TalkError(_("A pause stands already."))
        now = db_now()
        pause = Pause.objects.create(
            person=row, reason=reason, words=words.strip(), paused_by=by, paused_at=now,
            until=now + timedelta(days=days),
        )  # fmt: skip
        record("pause.begun", pause, actor=by, reason=reason, days=days)
        _tell(pause, "writing_paused")
    return pause


def end_pause(pause: Pause, *, by: User) -> Pause:
    """Let somebody write again, on a moderator's own thought. Raises ``TalkError``."""
    with transaction.atomic():
        row = _to_judge(pause, by)
        if row.appealed_at:
            raise TalkError(_("They have appealed: another moderator decides."))
        row.lifted_by, row.lifted_at = by, db_now()
        row.save(update_fields=["lifted_by", "lifted_at"])
        record("pause.ended", row, actor=by)
        _tell(row, "pause_ended")
    return row


def appeal_pause(pause: Pause, *, by: User, words: str) -> Pause:
    """Ask for another moderator's look, once. Where no other may decide, superusers are told.

    Raises ``TalkError``.
    """
    with transaction.atomic():
        row = _standing(pause)
        if row.person_id != by.pk:
            raise TalkError(_("Only the person whose writing is paused can do this."))
        if row.appealed_at:
            raise TalkError(_("You have appealed already."))
        if not words.strip():
            raise TalkError(_("Write something first."))
        row.appeal_words, row.appealed_at = words.strip(), db_now()
        row.save(update_fields=["appeal_words", "appealed_at"])
        record("pause.appealed", row, actor=by)
        if not people_with(Role.MODERATOR).exclude(pk__in=[row.paused_by_id, by.pk]).exists():
            tell_who_gives_roles(row, what="pause", title="")
    return row


def decide_pause(pause: Pause, *, by: User, outcome: PauseOutcome) -> Pause:
    """Decide as another moderator than the one who paused it. Raises ``TalkError``."""
    with transaction.atomic():
        row = _to_judge(pause, by)
        if row.appealed_at is None or row.decided_at:
            raise TalkError(_("There is no appeal to decide."))
        if row.paused_by_id == by.pk:
            raise TalkError(_("You did it: another moderator decides."))
        row.outcome, row.decided_by, row.decided_at = outcome, by, db_now()
        if outcome == PauseOutcome.LIFTED:
            row.lifted_by, row.lifted_at = by, row.decided_at
        row.save()
        record(f"pause.appeal_{outcome}", row, actor=by)
        _tell(row, "pause_ended" if outcome == PauseOutcome.LIFTED else "pause_stays")
    return row


def _check_moderator(by: User) -> None:
    if not has_role(by, Role.MODERATOR):
        raise TalkError(_("Only a moderator can do this."))


def _standing(pause: Pause) -> Pause:
    """The pause, locked, while it stands."""
    row = Pause.objects.select_for_update().get(pk=pause.pk)
    if row.lifted_at or row.until <= db_now():
        raise TalkError(_("This pause is over."))
    return row


def _to_judge(pause: Pause, by: User) -> Pause:
    """The same for a moderator whom it is not about."""
    _check_moderator(by)
    row = _standing(pause)
    if row.person_id == by.pk:
        raise TalkError(_("This is your own: another moderator looks at it."))
    return row


def _tell(pause: Pause, kind: str) -> None:
    tell(
        pause.person,
        kind,
        pause,
        reason=str(pause.get_reason_display()),
        words=pause.words,
        until=date_format(timezone.localtime(pause.until), "j F Y, H:i"),
        pause_url=reverse("my_pause"),
    )
