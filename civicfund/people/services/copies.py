"""A copy of what the town holds about a person: asked for, made by a worker, taken, deleted."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.holdings import held, left_out
from civicfund.people.models import PersonalCopy, PersonalCopyQuerySet, User
from civicfund.people.selectors import all_rows_of
from civicfund.people.services import vault
from civicfund.people.services.errors import CopyError
from civicfund.spreadsheets import csv_lines

DRAWER = "copies"


def ask_for_copy(user: User) -> PersonalCopy:
    """Somebody wants a copy of what is held about them; a worker makes it. One at a time."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if PersonalCopy.objects.at_hand().filter(user=user).exists():
            raise CopyError(_("You have a copy, or wait for one. Delete it to ask for another."))
        now = db_now()
        until = now + timedelta(days=settings.PERSONAL_COPY_DAYS)
        copy = PersonalCopy.objects.create(user=user, asked_at=now, delete_after=until)
        record("personal_copy.asked", copy, actor=user)
    return copy


def make_copy(pk: UUID) -> bool:
    """Make a copy that somebody waits for, unless another worker does; whether it was made."""
    with transaction.atomic():
        waiting = PersonalCopy.objects.waiting().select_for_update(skip_locked=True, of=("self",))
        copy = waiting.select_related("user").filter(pk=pk).first()
        if copy is None:
            return False
        content = packed(copy.user)
        vault.destroy(copy.pk, drawer=DRAWER)  # what a killed worker left
        vault.put(copy.pk, content, drawer=DRAWER)
        PersonalCopy.objects.filter(pk=copy.pk).update(made_at=db_now(), size=len(content))
        record("personal_copy.made", copy, actor=None, size=len(content))
    return True


def take_copy(user: User) -> bytes:
    """The copy itself, for the person whom it is about; that they took it is recorded."""
    with transaction.atomic():
        copies = PersonalCopy.objects.at_hand().filter(user=user, made_at__isnull=False)
        copy = copies.filter(delete_after__gt=db_now()).first()
        if copy is None:
            raise CopyError(_("There is no copy to take."))
        record("personal_copy.taken", copy, actor=user)
    try:
        return vault.get(copy.pk, drawer=DRAWER)
    except vault.VaultError:
        raise CopyError(_("The copy cannot be read. Delete it and ask for another.")) from None


def delete_copy(user: User) -> None:
    """Somebody does not want their copy to lie here any longer."""
    with transaction.atomic():
        for copy in PersonalCopy.objects.at_hand().filter(user=user).select_for_update():
            _delete(copy, by=user)


def delete_copies(*, orphaned_after: timedelta) -> int:
    """Destroy copies past their day and files of which no row knows; return how many."""
    number = 0
    for pk in list(_due().values_list("pk", flat=True)):
        with transaction.atomic():
            copy = _due().filter(pk=pk).select_for_update(skip_locked=True).first()
            if copy is not None:
                _delete(copy, by=None)
                number += 1
    found = vault.ids(older_than=orphaned_after, drawer=DRAWER)
    known = PersonalCopy.objects.at_hand().filter(pk__in=found).values_list("pk", flat=True)
    orphans = set(found) - set(known)
    for pk in orphans:
        vault.destroy(pk, drawer=DRAWER)
    return number + len(orphans)


def _due() -> PersonalCopyQuerySet:
    return PersonalCopy.objects.at_hand().filter(delete_after__lte=db_now())


def _delete(copy: PersonalCopy, *, by: User | None) -> None:
    """The caller is in a transaction and holds the copy. A file that stays is an orphan's."""
    PersonalCopy.objects.filter(pk=copy.pk).update(deleted_at=db_now())
    record("personal_copy.deleted", copy, actor=by)
    transaction.on_commit(lambda: vault.destroy(copy.pk, drawer=DRAWER))


def packed(user: User) -> bytes:
    """A ZIP with all that is held about a person, each kind as JSON and as CSV.

    Also what they did as a guest under an address that they have proved since.
    """
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as folder:
        kinds, everybody = list(held()), all_rows_of(user)
        reasons = sorted({str(why) for why in left_out().values()})
        about = {"kinds": kinds, "reasons": reasons, "town": settings.TOWN_NAME}
        folder.writestr("README.txt", render_to_string("people/copy.txt", about))
        for kind in kinds:
            rows = [row for person in everybody for row in kind.rows_of(person)]
            folder.writestr(f"{kind.name}.json", _as_json(rows))
            lines = csv_lines(list(kind.shows), ([_cell(x) for x in row.values()] for row in rows))
            folder.writestr(f"{kind.name}.csv", "".join(lines))
    return file.getvalue()


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value
