"""Acts on a cycle that one person asks for and another does."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from civicfund.audit.models import ActRequest


def acts_asked(cycle: Cycle, act: str) -> bool:
    """Whether somebody has asked for an act on the cycle that nobody has agreed to yet."""
    return _pending(cycle, act).exists()


def _pending(cycle: Cycle, act: str) -> QuerySet[ActRequest]:
    return ActRequest.objects.filter(
        act=act,
        target_type=cycle._meta.label_lower,
        target_id=str(cycle.pk),
        approval__isnull=True,
    )


def pending_request(cycle: Cycle, act: str) -> ActRequest:
    """The newest request for an act on the cycle that waits for a second person."""
    asked = _pending(cycle, act).order_by("-id").first()
    if asked is None:
        raise RefusedError(_("Somebody else has to ask for this first."))
    return asked
