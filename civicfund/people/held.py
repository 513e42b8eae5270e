"""What people and the packages for accounts hold of a person."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import Event
from civicfund.holdings import columns, erases, holds, leaves_out
from civicfund.people.models import PersonalCopy, PolicyConsent, Residency, RoleGrant, User
from civicfund.people.services.erasure import forget_person, why_people_keep


def declare() -> None:
    """Say it, once the models are loaded."""
    erases(forget_person, keeps=why_people_keep)
    holds(
        "account", _("Your account"), User, "pk",
        columns("email display_name joined_at last_login is_active"),
    )  # fmt: skip
    holds(
        "addresses", _("E-mail addresses"), EmailAddress, "user", columns("email verified primary")
    )
    holds(
        "second_factors", _("That you have a second factor, not the factor"), Authenticator, "user",
        columns("type created_at last_used_at"),
    )  # fmt: skip
    holds(
        "consents", _("Which terms you agreed to"), PolicyConsent, "user",
        columns("version digest agreed_at"),
    )  # fmt: skip
    holds(
        "homes", _("Where you said that you live"), Residency, "user",
        columns("neighborhood__name since until proof proved_at born_by"),
    )  # fmt: skip
    holds("roles", _("Roles that you hold"), RoleGrant, "user", columns("role granted_at"))
    holds(
        "copies", _("Copies like this one"), PersonalCopy, "user",
        columns("asked_at made_at delete_after deleted_at"),
    )  # fmt: skip
    holds(
        "acts", _("What you did here, as the record of acts has it"), Event, "actor",
        columns("at verb target_type"),
    )  # fmt: skip
    _leave_out()


def _leave_out() -> None:
    leaves_out(
        _("You acted on somebody else's matter: it is among your acts, the rest is theirs."),
        "people.Residency.proved_by",
        "people.RoleGrant.granted_by",
        "audit.ActRequest.requested_by",
        "audit.Approval.requested_by",
        "audit.Approval.approved_by",
        "audit.Withdrawal.requested_by",
        "admin.LogEntry.user",
    )
    leaves_out(
        _("Not used: rights follow from roles."),
        "people.User_groups.user",
        "people.User_user_permissions.user",
    )
