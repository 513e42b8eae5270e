"""What becomes of somebody's accounts for receiving money when they are erased."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from civicfund.payouts.models import Payout, PayoutAccount
from civicfund.payouts.selectors import projects_with_money
from civicfund.people.models import User


def why_payouts_keep(person: User) -> Iterator[str]:
    """Money that the town still owes for somebody's projects."""
    if not PayoutAccount.objects.filter(user=person).exists():
        return
    for project, _owed in projects_with_money():
        if project.proposer_id == person.pk:
            words = _("Money for “%(project)s” is still to be paid to you.")
            yield words % {"project": project.title}


def forget_payee(person: User) -> None:
    """An account that was paid stays, as a number in the books; one that never was is gone."""
    paid = Payout.objects.filter(account__user=person).values("account")
    PayoutAccount.objects.filter(user=person).exclude(pk__in=paid).delete()
