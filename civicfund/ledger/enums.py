"""Kinds of account."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    """What a balance of the account means. Memo accounts hold promises, never money."""

    ASSET = "asset", _("What the town holds")
    LIABILITY = "liability", _("What the town owes")
    INCOME = "income", _("What the town earned")
    EXPENSE = "expense", _("What the town spent")
    MEMO = "memo", _("What was promised")
