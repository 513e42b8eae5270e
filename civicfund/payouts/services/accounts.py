"""Accounts for receiving money: made by their owner, used once a treasurer has approved them."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest
from civicfund.audit.services import ApprovalError, approve_act, db_now, record, request_act
from civicfund.payments.enums import ACCOUNT_EVENTS
from civicfund.payments.gateways import gateway
from civicfund.payments.models import ProviderEvent
from civicfund.payments.services import act_on_events
from civicfund.payouts.enums import AccountStatus
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.errors import RefusedError
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role

ACT = "use_payout_account"


def open_account(user: User) -> PayoutAccount:
    """The account that somebody is setting up, made at the provider once. Calls the network.

    Whoever has an approved one already sets up another in its place; until that is approved, the
    old one is used.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        account, is_new = PayoutAccount.objects.get_or_create(user=user, approved_at=None)
        if is_new:
            record("payout_account.opened", account, actor=user)
            request_act(ACT, account, requested_by=user)
    if not account.account_id:
        made = gateway().create_account(
            key=f"acct:{account.request_key}",
            country=settings.PAYOUT_COUNTRY,
            email=user.email,
            metadata={"payout_account": str(account.request_key)},
        )
        PayoutAccount.objects.filter(pk=account.pk, account_id="").update(account_id=made)
        account.refresh_from_db()
    return account


def onboarding_address(account: PayoutAccount, *, return_url: str, refresh_url: str) -> str:
    """The provider's page on which its owner says who they are. Calls the network."""
    return gateway().onboarding_link(
        account.account_id, return_url=return_url, refresh_url=refresh_url
    )


def read_account(account: PayoutAccount) -> PayoutAccount:
    """Read back what the provider thinks of an account. Calls the network."""
    if not account.account_id:
        return account
    status = AccountStatus(gateway().capability_of(account.account_id))
    if status != account.status:
        PayoutAccount.objects.filter(pk=account.pk).update(status=status)
        record("payout_account.status", account, actor=None, status=status)
        account.refresh_from_db()
    return account


def hear_of_accounts(most: int) -> int:
    """Act on news of accounts, each by itself; return how many. Calls the network.

    Only that something has changed is believed: what, is read at the provider.
    """
    return act_on_events(ACCOUNT_EVENTS, _hear, most)


def _hear(event: ProviderEvent) -> None:
    account = PayoutAccount.objects.filter(account_id=event.account).first()
    if account is not None:
        read_account(account)


def approve_account(account: PayoutAccount, *, by: User) -> PayoutAccount:
    """Let somebody else's account be used from now on. Raises ``RefusedError``."""
    check_treasurer(by)
    with transaction.atomic():
        row = PayoutAccount.objects.select_for_update().get(pk=account.pk)
        if row.approved_at is not None:
            raise RefusedError(_("This account is approved already."))
        if not row.can_be_paid:
            raise RefusedError(_("The provider does not pay this account yet."))
        request = ActRequest.objects.get(
            act=ACT, target_type=row._meta.label_lower, target_id=str(row.pk)
        )
        try:
            approve_act(request, approved_by=by)
        except ApprovalError as error:
            raise RefusedError(_("Nobody approves an account of their own.")) from error
        PayoutAccount.objects.filter(pk=row.pk).update(approved_at=db_now())
        record("payout_account.approved", row, actor=by)
    account.refresh_from_db()
    return account


def check_treasurer(by: User) -> None:
    """Raise ``RefusedError`` for anybody else."""
    if not has_role(by, Role.TREASURER):
        raise RefusedError(_("Only a treasurer can do this."))
