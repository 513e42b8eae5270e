from __future__ import annotations

from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, request_act
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.accounts import ACT
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.factories.people import UserFactory
from tests.factories.pledges import soon


def new_treasurer():
    """Somebody who may move money, with a second person."""
    user = UserFactory()
    grant_role(user, Role.TREASURER, by=None)
    user.refresh_from_db()
    return user


def approved_account(user, account_id="acct_made_up", status="active"):
    """An account that a treasurer has approved, which no provider knows."""
    account = PayoutAccount.objects.create(user=user, account_id=account_id, status=status)
    request_act(ACT, account, requested_by=user)
    request = ActRequest.objects.get(act=ACT, target_id=str(account.pk))
    approve_act(request, approved_by=new_treasurer())
    PayoutAccount.objects.filter(pk=account.pk).update(approved_at=soon())
    account.refresh_from_db()
    return account
