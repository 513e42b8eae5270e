"""Acts on a cycle that one person asks for and another does."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from civicfund.audit.models import ActRequest


def acts_asked(cycle: Cycle, act: str) -> bool:
    """Whether somebody has asked for an act on the cycle that nobody has agreed to yet."""
    return pending_requests(cycle, act).exists()


def pending_requests(cycle: Cycle, act: str) -> QuerySet[ActRequest]:
    """What waits for a second person, the newest first."""
    return ActRequest.objects.filter(
        act=act,
        target_type=cycle._meta.label_lower,
        target_id=str(cycle.pk),
        approval__isnull=True,
    ).order_by("-id")


def pending_request_with(cycle: Cycle, act: str, asked_id: int) -> ActRequest:
    """The request that a second person agrees to, by its id. Raises ``RefusedError``."""
    asked = pending_requests(cycle, act).filter(pk=asked_id).first()
    if asked is None:
        raise _nobody_asked()
    return asked


def pending_request(cycle: Cycle, act: str, **parameters: object) -> ActRequest:
    """The newest request for an act on the cycle that waits for a second person.

    Where ``parameters`` are given, the newest that asked for just these.
    """
    waiting = pending_requests(cycle, act)
    asked = waiting.filter(parameters__contains=parameters).first()
    if asked is None and waiting.exists():
        raise RefusedError(_("This is not what was asked for."))
    if asked is None:
        raise _nobody_asked()
    return asked


def _nobody_asked() -> RefusedError:
    return RefusedError(_("Somebody else has to ask for this first."))
