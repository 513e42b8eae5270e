"""Pledges made without an account come to the account that proves their address."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from civicfund.audit.services import record
from civicfund.people.models import User
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Pledge
from civicfund.pledges.services.locks import pledge_alone


def claim_pledges(account: User) -> int:
    """Give an account the guests' pledges whose address it has verified; how many.

    The database lets a pledge change hands in no other way. Where the account has itself pledged
    to a campaign, the guest's pledge to it stays the guest's, who still holds its link.
    """
    verified = EmailAddress.objects.filter(user=account, verified=True)
    addresses = [address.lower() for address in verified.values_list("email", flat=True)]
    unclaimed = Pledge.objects.filter(backer__guest_email__in=addresses).exclude(
        backer__guest_email=""
    )
    return sum(_claim(pledge, account) for pledge in unclaimed.order_by("created_at", "pk"))


@transaction.atomic
def _claim(pledge: Pledge, account: User) -> bool:
    # One at a time for an account, so that two sign-ins at once do not claim past each other.
    # Rows that name the account may be written meanwhile by somebody who has the pledge.
    User.objects.select_for_update(no_key=True).get(pk=account.pk)
    row = pledge_alone(pledge.pk)
    own = Pledge.objects.filter(campaign=row.campaign_id, backer=account)
    taken = own.exclude(state=PledgeState.CANCELLED).exists()
    if row.state != PledgeState.CANCELLED and taken:
        return False
    claimed = Pledge.objects.filter(pk=row.pk, backer=pledge.backer_id).update(backer=account)
    if claimed:
        record("pledge.claimed", row, actor=account)
    return bool(claimed)
