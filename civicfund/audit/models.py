"""Facts about acts, written once, read by anyone who must know; rows that sweeps come back to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound="Stepped")

# What becomes of these, somebody may follow. Named here, since an index names its rows.
FOLLOWED_TYPES = (
    "budgeting.cycle",
    "budgeting.proposal",
    "pledges.campaign",
    "projects.project",
)

# Who was of the staff when. Named here, since an index names them.
ROLE_VERBS = ("role.granted", "role.revoked")

# What is asked for on one of these can be agreed to for so long; ``approval_in_time`` holds to it.
LAPSES_AFTER = {"budgeting.cycle": timedelta(days=7), "people.user": timedelta(days=7)}


class AppendOnly(models.Model):
    """A fact. Its table has an ``append_only`` trigger, and the application role may only add."""

    class Meta:
        abstract = True


class Event(AppendOnly):
    """Who did what to which, when. Ids, amounts and codes only: never a name or an address."""

    at = models.DateTimeField(db_default=Now())
    # No actor: the system itself, in a sweep.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # The history of one thing, on its page in the admin.
            models.Index(fields=["target_type", "target_id", "id"], name="event_of_target"),
            # The trail that staff read, by kinds of things.
            models.Index(fields=["target_type", "at", "id"], name="event_of_kind_of_thing"),
            # The sweeps that tell followers what has happened lately.
            models.Index(
                fields=["target_type", "at"],
                condition=models.Q(target_type__in=FOLLOWED_TYPES),
                name="event_of_what_is_followed",
            ),
            # Everybody who ever was of the staff, and the newest of these.
            models.Index(
                fields=["id"], condition=models.Q(verb__in=ROLE_VERBS), name="event_of_roles"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_type} {self.target_id}"


class ActRequest(AppendOnly):
    """One person asks for an act that needs two; ``parameters`` is what the second one approves."""

    at = models.DateTimeField(db_default=Now())
    act = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            # What waits for a second person, on the page of the thing.
            models.Index(fields=["target_type", "target_id", "act"], name="act_request_of_target"),
        ]
        constraints = [
            # What an approval's composite foreign key points at.
            models.UniqueConstraint(
                fields=["id", "requested_by"], name="act_request_with_requester"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.target_type} {self.target_id}"

    @property
    def lapses_at(self) -> datetime | None:
        """From when on nobody can agree to it; None where it waits as long as its thing does."""
        after = LAPSES_AFTER.get(self.target_type)
        return self.at + after if after else None


class Approval(AppendOnly):
    """A second person's yes. The database refuses the requester's own."""

    at = models.DateTimeField(db_default=Now())
    request = models.OneToOneField(ActRequest, models.PROTECT, related_name="approval")
    # A copy that a composite foreign key ties to the request, so that the check below can see it.
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(requested_by=F("approved_by")), name="approval_by_another_person"
            ),
        ]

    def __str__(self) -> str:
        return f"approval of {self.request_id}"


class Withdrawal(AppendOnly):
    """Whoever asked for an act took that back before anybody agreed; the database lets no other."""

    at = models.DateTimeField(db_default=Now())
    request = models.OneToOneField(ActRequest, models.PROTECT, related_name="withdrawal")
    # A composite foreign key ties it to whoever asked.
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"withdrawal of {self.request_id}"


class SteppedQuerySet(models.QuerySet[Row]):
    """Questions of sweeps and workers."""

    def due(self) -> Self:
        """Those that want a look now, by the database's clock, and have no worker."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
        return self.filter(free, next_step_at__lte=Now())


class Stepped(models.Model):
    """When a sweep has to look again; who is at it; until when a woken worker may still come."""

    next_step_at = models.DateTimeField(_("next step"), null=True, blank=True)
    lease_until = models.DateTimeField(_("taken until"), null=True, blank=True)
    woken_until = models.DateTimeField(_("woken until"), null=True, blank=True)

    class Meta:
        abstract = True
