"""Who may vote in a cycle, and who has."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import Channel, RollSource, VoterGroup
from budgeting.models.cycles import Cycle
from civicfund.audit.models import AppendOnly, Approval
from civicfund.places.models import Neighborhood

_DIGEST = "^[0-9a-f]{64}$"


class Eligibility(AppendOnly):
    """Who may vote in a cycle, as data; the version with the highest number holds."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="eligibilities")
    version = models.PositiveSmallIntegerField(_("version"))
    minimum_age = models.PositiveSmallIntegerField(_("youngest age"))
    age_on = models.DateField(_("on the day"))
    groups = ArrayField(models.CharField(max_length=16), verbose_name=_("who"))
    # The town as a whole where there is none.
    places = models.ManyToManyField(Neighborhood, related_name="+", blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        verbose_name = _("eligibility")
        verbose_name_plural = _("eligibilities")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "version"], name="eligibility_version"),
            models.CheckConstraint(
                condition=Q(groups__contained_by=VoterGroup.values) & Q(groups__len__gte=1),
                name="eligibility_groups_known",
            ),
            models.CheckConstraint(
                condition=Q(minimum_age__lte=130), name="eligibility_age_possible"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version} of cycle {self.cycle_id}"


class RollBatch(AppendOnly):
    """Lines that came onto a roll together, as one person asked for and another agreed to.

    ``digest`` is the SHA-256 of its lines, sorted: ``person_key place`` and a line feed each.
    ``late`` are those that came after the cycle was opened; the public is told how many.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="roll_batches")
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="+")
    source = models.CharField(_("from"), max_length=16, choices=RollSource.choices)
    added = models.PositiveIntegerField(_("added"))
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    digest = models.CharField(max_length=64)
    late = models.BooleanField(_("after the opening"))
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("lines added to a roll")
        verbose_name_plural = _("lines added to a roll")
        ordering = ["pk"]
        constraints = [
            # What a composite foreign key points at.
            models.UniqueConstraint(fields=["id", "cycle"], name="roll_batch_with_cycle"),
            models.CheckConstraint(
                condition=Q(source__in=RollSource.values, digest__regex=_DIGEST),
                name="roll_batch_source_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.added} lines of cycle {self.cycle_id}"


class RollEntry(models.Model):
    """One person who may vote in one cycle: a voter, on every channel, is always one of these.

    ``person_key`` is an HMAC under a key kept outside the database: it tells whether two lines
    are one person, and who that is only to whoever holds the key.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="roll")
    person_key = models.CharField(max_length=64)
    place = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    # None only on lines that are older than batches.
    batch = models.ForeignKey(RollBatch, models.PROTECT, null=True, related_name="entries")
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
                condition=Q(person_key__regex=_DIGEST), name="roll_entry_key_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"roll entry {self.pk} of cycle {self.cycle_id}"


class PostedCode(models.Model):
    """A code that was sent by post: whoever has it and knows the year of birth votes as the entry.

    Of both together an HMAC is kept, under a key outside the database; a new code ends older ones.
    """

    entry = models.ForeignKey(RollEntry, models.PROTECT, related_name="codes")
    approval = models.ForeignKey(Approval, models.PROTECT, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("posted code")
        verbose_name_plural = _("posted codes")
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(revoked_at__isnull=True), name="posted_code_one_valid"
            ),
            models.CheckConstraint(
                condition=Q(code_hash__regex=_DIGEST), name="posted_code_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"code of roll entry {self.entry_id}"


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
