"""Whose writing is paused, why and until when."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.talk.models import Pause, PauseQuerySet


def pause_of(person: User) -> Pause | None:
    """What keeps somebody from writing now, the one that lasts longest; None where nothing does."""
    return next(iter(_standing(person.pk)), None)


@Prepared
def _standing(person: int) -> QuerySet[Pause]:
    return Pause.objects.standing().filter(person=person).order_by("-until", "-pk")[:1]


def why_paused(person: User) -> str:
    """Why somebody may not write now, and until when, in words for them; empty where they may."""
    pause = pause_of(person)
    if pause is None:
        return ""
    return _(
        "A moderator has paused your writing until %(until)s: %(reason)s. You can still read,"
        " support, vote and pledge. More about it, and how to appeal: %(address)s"
    ) % {
        "until": date_format(timezone.localtime(pause.until), "j F Y, H:i"),
        "reason": pause.get_reason_display(),
        "address": reverse("my_pause"),
    }


def pauses_of(person: User) -> PauseQuerySet:
    """Every pause of somebody's, the newest first, with who did what."""
    rows = Pause.objects.filter(person=person).order_by("-pk")
    return rows.select_related("paused_by", "decided_by", "lifted_by")


def pause_appeals_for(moderator: User | int) -> PauseQuerySet:
    """Appeals that this moderator may decide: against what somebody else did to others."""
    others = Pause.objects.appealed().exclude(paused_by=moderator).exclude(person=moderator)
    return others.select_related("person")


@Prepared
def pause_appeals_now(moderator: int) -> PauseQuerySet:
    """All of them."""
    return pause_appeals_for(moderator)
