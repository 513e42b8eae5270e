"""Acts about people."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency, RoleGrant, User
from civicfund.people.selectors import residency_of
from civicfund.places.models import Neighborhood


class ResidencyError(Exception):
    """The residency cannot be stated or proved as asked; the message is for the person."""


def state_residency(user: User, neighborhood: Neighborhood, *, since: date) -> Residency:
    """Somebody says where they live. It counts for nothing until it is proved.

    A former home ends on the day the new one starts.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        current = residency_of(user)
        if current is not None:
            if current.since >= since:
                raise ResidencyError(_("You said that you have lived elsewhere since a later day."))
            Residency.objects.filter(pk=current.pk).update(until=since)
        residency = Residency.objects.create(user=user, neighborhood=neighborhood, since=since)
        record("residency.stated", residency, actor=user, neighborhood=neighborhood.pk)
    return residency


def prove_residency(residency: Residency, *, proof: Proof, by: User) -> Residency:
    """An officer has seen the proof. Nobody proves their own."""
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


def grant_role(user: User, role: Role, *, by: User | None) -> RoleGrant:
    """Give somebody a role; giving it twice changes nothing. Every role opens the admin site."""
    with transaction.atomic():
        grant, created = RoleGrant.objects.get_or_create(
            user=user, role=role, defaults={"granted_by": by}
        )
        if created:
            User.objects.filter(pk=user.pk).update(is_staff=True)
            record("role.granted", user, actor=by, role=role)
    return grant
