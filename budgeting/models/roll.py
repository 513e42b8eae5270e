"""Who may vote in a cycle, and who has."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from budgeting.enums import Channel
from budgeting.models.cycles import Cycle
from civicfund.audit.models import AppendOnly
from civicfund.places.models import Neighborhood


class RollEntry(models.Model):
    """One person who may vote in one cycle: a voter, on every channel, is always one of these.

    ``person_key`` is an HMAC under a key kept outside the database: it tells whether two lines
    are one person, and who that is only to whoever holds the key.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="roll")
    person_key = models.CharField(max_length=64)
    place = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    # The account that votes as this entry; emptied when the person is erased.
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="roll_entries"
    )

    class Meta:
        verbose_name = _("roll entry")
        verbose_name_plural = _("voter roll")
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "person_key"], name="roll_entry_one_for_each_person"
            ),
            models.UniqueConstraint(
                fields=["cycle", "claimed_by"], name="roll_entry_one_for_each_account"
            ),
            # What composite foreign keys point at.
            models.UniqueConstraint(fields=["id", "cycle"], name="roll_entry_with_cycle"),
            models.CheckConstraint(
                condition=Q(person_key__regex="^[0-9a-f]{64}$"), name="roll_entry_key_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"roll entry {self.pk} of cycle {self.cycle_id}"


class Participation(AppendOnly):
    """The fact that a roll entry has voted, on whichever channel came first. Never what."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="participations")
    roll_entry = models.ForeignKey(RollEntry, models.PROTECT, related_name="+")
    channel = models.CharField(_("voted"), max_length=16, choices=Channel.choices)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "roll_entry"], name="participation_once"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="participation_channel_known"
            ),
        ]

    def __str__(self) -> str:
        return f"participation {self.pk} in cycle {self.cycle_id}"
