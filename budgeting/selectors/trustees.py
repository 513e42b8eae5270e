"""Who keeps the parts of a vote's key, and whether that looks like somebody who works here."""

from __future__ import annotations

from collections.abc import Sequence

from budgeting.domain.naming import NamedTrustee, may_be_one_person, trustees_digest
from budgeting.models import Cycle, TrusteeKey
from civicfund.people.selectors import staff_members


def key_of(cycle: Cycle) -> TrusteeKey | None:
    """The cycle's key with its trustees; None before it is given."""
    return TrusteeKey.objects.filter(cycle=cycle).prefetch_related("trustees").first()


def named_trustees(key: TrusteeKey) -> list[NamedTrustee]:
    """Who they are, by their parts."""
    return [each.named for each in key.trustees.all()]


def agreed_of_key(key: TrusteeKey) -> dict[str, str]:
    """What of key and trustees the second person agrees to. No names: what was asked for stays."""
    return {"public_key": key.public_key, "trustees": trustees_digest(named_trustees(key))}


def called_like_staff(trustees: Sequence[NamedTrustee]) -> list[str]:
    """Of the trustees, the names that somebody goes by who works here.

    Trustees have no account, so that nothing but a name can tell.
    """
    here = list(staff_members().values_list("display_name", flat=True))
    return [
        each.name for each in trustees if any(may_be_one_person(each.name, name) for name in here)
    ]
