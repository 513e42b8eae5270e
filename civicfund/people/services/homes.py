"""Where people live: stated by themselves, confirmed by others."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.people.domain import years_before
from civicfund.people.enums import Papers, Proof, Role
from civicfund.people.models import Residency, User
from civicfund.people.selectors import has_role, person_at, residency_of
from civicfund.people.services.errors import ResidencyError
from civicfund.people.services.waiting import withdraw_waiting
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood


def state_residency(user: User, neighborhood: Neighborhood, *, since: date) -> Residency:
    """Somebody says where they live. It counts for nothing until it is proved.

    A home that was only stated is corrected; a proved one ends on the day the new one starts.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _check_statement(user, neighborhood, since)
        current = residency_of(user)
        if current is not None and current.proved_at is None:
            residency = _correct(current, neighborhood, since)
        else:
            residency = _move(user, current, neighborhood, since)
        record("residency.stated", residency, actor=user, neighborhood=neighborhood.pk)
    return residency


def _check_statement(user: User, neighborhood: Neighborhood, since: date) -> None:
    if neighborhood.kind != PlaceKind.NEIGHBORHOOD:
        raise ResidencyError(_("Choose a neighborhood."), field="neighborhood")
    if since > timezone.localdate():
        raise ResidencyError(_("This day is still to come."), field="since")
    if Residency.objects.filter(user=user, until__gt=since).exists():
        raise ResidencyError(_("You said that you lived elsewhere on that day."), field="since")


def _correct(current: Residency, neighborhood: Neighborhood, since: date) -> Residency:
    won = Residency.objects.filter(pk=current.pk, proved_at__isnull=True).update(
        neighborhood=neighborhood, since=since
    )
    if won != 1:
        raise ResidencyError(_("Your home has just been confirmed. Please look again."))
    # What was sent shows the home that was stated before.
    withdraw_waiting(current, by=current.user)
    current.refresh_from_db()
    return current


def _move(
    user: User, current: Residency | None, neighborhood: Neighborhood, since: date
) -> Residency:
    if current is not None:
        if current.since >= since:
            raise ResidencyError(
                _("Your confirmed home starts on that day or later. Give a later day."),
                field="since",
            )
        Residency.objects.filter(pk=current.pk).update(until=since)
    return Residency.objects.create(user=user, neighborhood=neighborhood, since=since)


def look_up_home(email: str, *, by: User) -> Residency:
    """Where whoever has this address says they live, for an officer before whom they stand.

    The whole address, and one that was proved. That the officer looked is recorded.
    """
    if not has_role(by, Role.POLL_OFFICER):
        raise ResidencyError(_("Only a poll officer confirms where somebody lives."))
    person = person_at(email)
    if person is None:
        raise ResidencyError(_("Nobody has an account with this address."), field="email")
    home = residency_of(person)
    if home is None:
        raise ResidencyError(
            _("They have not said where they live yet; they do that on their page."), field="email"
        )
    check_officer(by, home)
    record("residency.looked_up", home, actor=by)
    return home


def prove_seen_home(
    residency: Residency,
    *,
    by: User,
    papers: Papers,
    seen: tuple[int, date],
    at_least: int | None = None,
) -> Residency:
    """``prove_residency`` of the home that the officer has read, with what they were shown.

    ``seen`` is its neighborhood and its first day: refused where another one is stated since.
    """
    with transaction.atomic():
        held = Residency.objects.select_for_update().get(pk=residency.pk)
        if (held.neighborhood_id, held.since) != seen:
            raise ResidencyError(_("Another home was stated since. Please look again."))
        return prove_residency(held, by=by, at_least=at_least, papers=papers)


def prove_residency(
    residency: Residency, *, by: User, at_least: int | None = None, papers: Papers | None = None
) -> Residency:
    """A poll officer has seen somebody's papers. Nobody proves their own.

    ``at_least`` so many years old they are, where the papers showed that. It can be noted of a
    home that is confirmed already, since votes for which one has to be older come later.
    ``papers`` is what the trail says that the officer was shown.
    """
    check_officer(by, residency)
    if (
        at_least is not None
        and Residency.objects.filter(pk=residency.pk, proved_at__isnull=False).exists()
    ):
        return _note_age(residency, at_least, by=by, papers=papers)
    born_by = born_by_today(at_least)
    return proved(residency, Proof.OFFICER, by=by, born_by=born_by, papers=papers)


def born_by_today(at_least: int | None) -> date | None:
    """By when somebody is born who is at least so many years old; None where nobody saw it."""
    return None if at_least is None else years_before(timezone.localdate(), at_least)


def _note_age(residency: Residency, at_least: int, *, by: User, papers: Papers | None) -> Residency:
    born_by = born_by_today(at_least)
    with transaction.atomic():
        won = Residency.objects.filter(
            Q(born_by__isnull=True) | Q(born_by__gt=born_by),
            pk=residency.pk,
            proved_at__isnull=False,
        ).update(born_by=born_by)
        if won != 1:
            raise ResidencyError(_("It has been noted already that this person is so old."))
        record("residency.age_seen", residency, actor=by, **_shown(papers))
    residency.refresh_from_db()
    return residency


def _shown(papers: Papers | None) -> dict[str, str]:
    return {} if papers is None else {"papers": papers.value}


def check_officer(by: User, residency: Residency) -> None:
    """Raise ``ResidencyError`` unless somebody may judge where this person lives."""
    if not has_role(by, Role.POLL_OFFICER):
        raise ResidencyError(_("Only a poll officer confirms where somebody lives."))
    if by.pk == residency.user_id:
        raise ResidencyError(_("Somebody else has to confirm where you live."))


def prove_by_post(residency: Residency, *, born_by: date | None) -> Residency:
    """Whoever lives there has typed in a code that was sent to this person by post.

    ``born_by`` is known where the letters went to people of an age only.
    """
    return proved(residency, Proof.POSTED_CODE, by=None, born_by=born_by)


def take_back_post(residency: Residency, *, by: User) -> bool:
    """The letter by which a home was confirmed had come into other hands: it is not any more.

    False where something else confirms it.
    """
    with transaction.atomic():
        won = Residency.objects.filter(pk=residency.pk, proof=Proof.POSTED_CODE).update(
            proof="", proved_at=None, proved_by=None, born_by=None
        )
        if won:
            record("residency.proof_taken_back", residency, actor=by)
    residency.refresh_from_db()
    return bool(won)


def proved(
    residency: Residency,
    proof: Proof,
    *,
    by: User | None,
    born_by: date | None,
    papers: Papers | None = None,
) -> Residency:
    """The home is confirmed, once. What was sent to show it is not needed any more."""
    with transaction.atomic():
        won = Residency.objects.filter(pk=residency.pk, proved_at__isnull=True).update(
            proof=proof, proved_at=db_now(), proved_by=by, born_by=born_by
        )
        if won != 1:
            raise ResidencyError(_("This residence has already been confirmed."))
        record("residency.proved", residency, actor=by, proof=proof, **_shown(papers))
        withdraw_waiting(residency, by=by)
    residency.refresh_from_db()
    return residency
