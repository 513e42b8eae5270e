"""Erasing a person: the account goes, and with it the name on whatever stays."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.holdings import forget_everywhere, kept_because
from civicfund.people.models import (
    ERASED_DOMAIN,
    FORMER,
    PersonalCopy,
    ResidenceDocument,
    Residency,
    RoleGrant,
    User,
)
from civicfund.people.selectors import all_rows_of
from civicfund.people.services import vault
from civicfund.people.services.copies import DRAWER
from civicfund.people.services.errors import ErasureError


def why_kept(user: User) -> list[str]:
    """What somebody has to settle before they can be erased, in words for them."""
    return [reason for person in all_rows_of(user) for reason in kept_because(person)]


def erase(user: User) -> None:
    """Erase somebody who asked for it: the row stays, without a name, for what points at it.

    Tallies, books, the record of acts and what is public stay as they are. Raises
    ``ErasureError`` while something is owed, and then nothing was changed.

    Whoever works on a row of theirs may still write to them, which needs the person: so at first
    only what others do not need is held, until all these rows are ours. Then the person is held
    whole, so that nothing is added any more, and what came in between is forgotten as well.
    """
    with transaction.atomic():
        rows = User.objects.filter(pk__in=[row.pk for row in all_rows_of(user)]).order_by("pk")
        _forget_all(user, rows.select_for_update(no_key=True))
        held = _forget_all(user, rows.select_for_update())
        for person in held:
            _forget_addresses(person)
            _blank(person)
        record("person.erased", user, actor=user)


def _forget_all(user: User, rows: QuerySet[User]) -> list[User]:
    """Lock the person's rows as they are given, and let go of what may be let go of."""
    held = list(rows)
    if any(person.erased_at for person in held):
        raise ErasureError([_("This account is closed already.")])
    if reasons := why_kept(user):
        raise ErasureError(reasons)
    for person in held:
        forget_everywhere(person)
    return held


def why_people_keep(user: User) -> list[str]:
    """Whoever works for the town gives that back first: the town has to know who acted."""
    if user.is_staff or user.is_superuser or RoleGrant.objects.filter(user=user).exists():
        return [_("You hold a role for the town. Ask a superuser to take it back first.")]
    return []


def forget_person(user: User) -> None:
    """What the account itself is made of. Sealed files are destroyed once this has committed."""
    _end_sessions(user)
    homes = Residency.objects.filter(user=user)
    for document in ResidenceDocument.objects.filter(residency__in=homes):
        transaction.on_commit(partial(vault.destroy, document.pk))
    for copy in PersonalCopy.objects.at_hand().filter(user=user):
        transaction.on_commit(partial(vault.destroy, copy.pk, drawer=DRAWER))
    homes.delete()
    PersonalCopy.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    _forget_entries(User, [str(user.pk)])


def _forget_entries(model: type, pks: list[str]) -> None:
    """The admin's own log names what was changed."""
    kind = ContentType.objects.get_for_model(model)
    LogEntry.objects.filter(content_type=kind, object_id__in=pks).update(object_repr="")


def _end_sessions(user: User) -> None:
    """Every browser is signed out. A session names its address, packed, so each is looked into."""
    if user.guest_email:  # nobody signs in as a guest
        return
    for session in Session.objects.filter(expire_date__gt=Now()).iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            SessionStore(session.session_key).delete()


def _forget_addresses(user: User) -> None:
    """After everything else: what was sent to an address is found by it."""
    addresses = EmailAddress.objects.filter(user=user)
    _forget_entries(EmailAddress, [str(pk) for pk in addresses.values_list("pk", flat=True)])
    addresses.delete()


def _blank(user: User) -> None:
    user.set_unusable_password()
    user.email, user.guest_email = f"{uuid4().hex}@{ERASED_DOMAIN}", ""
    user.display_name, user.erased_at = FORMER, db_now()
    user.is_active, user.last_login = False, None
    user.save()
