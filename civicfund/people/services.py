"""Acts about people."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency, RoleGrant, User
from civicfund.people.selectors import has_role, residency_of
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood


class ResidencyError(Exception):
    """The residency cannot be stated or proved as asked; the message is for the person.

    ``field`` names what to correct, where it is one thing.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class RoleError(Exception):
    """The role cannot be given or taken by this person."""


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


def prove_residency(residency: Residency, *, proof: Proof, by: User) -> Residency:
    """A poll officer has seen the proof. Nobody proves their own."""
    if not has_role(by, Role.POLL_OFFICER):
        raise ResidencyError(_("Only a poll officer confirms where somebody lives."))
    if by.pk == residency.user_id:
        raise ResidencyError(_("Somebody else has to confirm where you live."))
    with transaction.atomic():
        won = Residency.objects.filter(pk=residency.pk, proved_at__isnull=True).update(
            proof=proof, proved_at=db_now(), proved_by=by
        )
        if won != 1:
            raise ResidencyError(_("This residence has already been confirmed."))
        record("residency.proved", residency, actor=by, proof=proof)
    residency.refresh_from_db()
    return residency


def prove_by_post(residency: Residency) -> Residency:
    """Whoever lives there has typed in a code that was sent to this person by post."""
    with transaction.atomic():
        won = Residency.objects.filter(pk=residency.pk, proved_at__isnull=True).update(
            proof=Proof.POSTED_CODE, proved_at=db_now()
        )
        if won != 1:
            raise ResidencyError(_("This residence has already been confirmed."))
        record("residency.proved", residency, actor=None, proof=Proof.POSTED_CODE)
    residency.refresh_from_db()
    return residency


def grant_role(user: User, role: Role, *, by: User | None) -> RoleGrant:
    """Give somebody a role; giving it twice changes nothing. Every role opens the admin site.

    ``by`` is a superuser, or nobody where a command on the server does it.
    """
    _check_superuser(by)
    with transaction.atomic():
        grant, created = RoleGrant.objects.get_or_create(
            user=user, role=role, defaults={"granted_by": by}
        )
        if created:
            User.objects.filter(pk=user.pk).update(is_staff=True)
            record("role.granted", user, actor=by, role=role)
    return grant


def revoke_role(user: User, role: Role, *, by: User | None) -> None:
    """Take a role away; with the last one the admin site closes, save for superusers."""
    _check_superuser(by)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        gone, _rows = RoleGrant.objects.filter(user=user, role=role).delete()
        if not gone:
            raise RoleError(_("This person does not hold the role."))
        if not RoleGrant.objects.filter(user=user).exists():
            User.objects.filter(pk=user.pk, is_superuser=False).update(is_staff=False)
        record("role.revoked", user, actor=by, role=role)


def _check_superuser(by: User | None) -> None:
    if by is not None and not by.is_superuser:
        raise RoleError(_("Only a superuser gives and takes roles."))
