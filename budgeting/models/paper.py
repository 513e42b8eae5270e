"""Voting on paper: places, sheets, who was checked in, what was keyed, and how that was tried."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import MOST_READINGS, SampleRole, VoidReason
from budgeting.models.cycles import Cycle
from budgeting.models.roll import Participation
from civicfund.audit.models import AppendOnly, Approval
from civicfund.places.models import Neighborhood

_HASH = "^[0-9a-f]{64}$"
_PERSON = settings.AUTH_USER_MODEL


class PaperVote(AppendOnly):
    """That a cycle is voted on on paper too. The key itself is a file, never here.

    ``first_key_hash`` names the key that paper was offered with; read ``key_hash``. ``commitment``
    is the SHA-256 of the seed that draws the comparison sample. It is public from the start, the
    seed once keying has ended.
    """

    cycle = models.OneToOneField(Cycle, models.PROTECT, related_name="paper", primary_key=True)
    first_key_hash = models.CharField(max_length=64, db_column="key_hash")
    seed = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    sample_size = models.PositiveIntegerField(_("sheets to compare"))
    made_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("vote on paper")
        verbose_name_plural = _("votes on paper")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    first_key_hash__regex=_HASH, seed__regex=_HASH, commitment__regex=_HASH
                ),
                name="paper_holds_hashes",
            ),
            models.CheckConstraint(condition=Q(sample_size__gte=1), name="paper_sample_not_empty"),
        ]

    def __str__(self) -> str:
        return f"paper vote of cycle {self.cycle_id}"

    @property
    def key_hashes(self) -> list[str]:
        """What names each key of the sheets that there was; the last one holds."""
        return [self.first_key_hash, *(each.key_hash for each in self.keyings_anew.all())]

    @property
    def key_hash(self) -> str:
        """What names the key of the sheets: the one under which keying was begun last."""
        return self.key_hashes[-1]


class PollingPlace(models.Model):
    """Where people vote on paper."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="polling_places")
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=200)
    hours = models.CharField(_("opening hours"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("polling place")
        verbose_name_plural = _("polling places")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "name"], name="polling_place_named_once"),
            # What composite foreign keys point at.
            models.UniqueConstraint(fields=["id", "cycle"], name="polling_place_with_cycle"),
        ]

    def __str__(self) -> str:
        return self.name


class SheetBatch(AppendOnly):
    """Sheets that were printed together for one place, with the pots of one neighborhood."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="sheet_batches")
    place = models.ForeignKey(PollingPlace, models.PROTECT, related_name="batches")
    area = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    language = models.CharField(_("language"), max_length=16)
    printed = models.PositiveIntegerField(_("printed"))
    made_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("batch of sheets")
        verbose_name_plural = _("batches of sheets")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "cycle"], name="sheet_batch_with_cycle"),
            models.CheckConstraint(condition=Q(printed__gte=1), name="sheet_batch_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.printed} sheets for {self.place_id}"


class Sheet(AppendOnly):
    """One printed ballot, known by a random number that nobody writes down beside a voter."""

    # Random, so that not even the order of printing is kept.
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="sheets")
    batch = models.ForeignKey(SheetBatch, models.PROTECT, related_name="sheets")
    number = models.CharField(_("number"), max_length=16)

    class Meta:
        verbose_name = _("sheet")
        verbose_name_plural = _("sheets")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="sheet_number_once"),
            models.UniqueConstraint(fields=["id", "cycle"], name="sheet_with_cycle"),
        ]

    def __str__(self) -> str:
        return self.number


class CheckIn(AppendOnly):
    """That a voter was given a paper ballot, where and when: from then on paper is their vote.

    It names no sheet.
    """

    participation = models.OneToOneField(Participation, models.PROTECT, related_name="check_in")
    place = models.ForeignKey(PollingPlace, models.PROTECT, related_name="check_ins")
    officer = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")

    def __str__(self) -> str:
        return f"check-in of participation {self.participation_id}"


class PlaceTotals(AppendOnly):
    """What became of a place's sheets, as an officer counted; the newest version holds."""

    place = models.ForeignKey(PollingPlace, models.PROTECT, related_name="totals")
    version = models.PositiveSmallIntegerField()
    cast = models.PositiveIntegerField(_("in the box"))
    spoiled = models.PositiveIntegerField(_("spoiled, and replaced"))
    returned = models.PositiveIntegerField(_("returned unused"))
    # Public where the sums do not meet.
    reason = models.CharField(_("why they differ"), max_length=500, blank=True)
    made_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("totals of a place")
        verbose_name_plural = _("totals of places")
        constraints = [
            models.UniqueConstraint(fields=["place", "version"], name="place_totals_version"),
        ]

    def __str__(self) -> str:
        return f"totals {self.version} of {self.place_id}"


class Keying(AppendOnly):
    """One sheet as one clerk keyed it, sealed: a partition of its own, emptied at the unsealing.

    ``slot`` and ``digest`` are HMACs under the key of the paper vote: which sheet it is, and
    whether two keyings of it are the same. ``ciphertext`` is empty where nothing is to be counted.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="+", db_index=False)
    slot = models.CharField(max_length=64)
    turn = models.PositiveSmallIntegerField()
    clerk = models.ForeignKey(_PERSON, models.PROTECT, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    void = models.CharField(max_length=16, choices=VoidReason.choices, blank=True)
    voids = models.JSONField(default=dict)
    ciphertext = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "slot", "turn"], name="keying_turn"),
            models.UniqueConstraint(fields=["cycle", "slot", "clerk"], name="keying_by_another"),
        ]

    def __str__(self) -> str:
        return f"keying {self.turn} of a sheet in cycle {self.cycle_id}"


class KeyingAnew(AppendOnly):
    """That keying was begun anew under another key, the one before being gone, as two agreed.

    Writing the row empties the partition of the keyings, in the database, and nothing else does
    before the ballots are opened. ``at`` and ``dropped``, the number of keyings that lay there,
    are set there as well.
    """

    paper = models.ForeignKey(
        PaperVote,
        models.PROTECT,
        related_name="keyings_anew",
        db_column="cycle_id",
        # The unique key of its turns begins with it.
        db_index=False,
    )
    turn = models.PositiveSmallIntegerField()
    key_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(_("why"), max_length=500)
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="+")
    dropped = models.PositiveIntegerField(_("keyings dropped"), default=0)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("keying begun anew")
        verbose_name_plural = _("keyings begun anew")
        ordering = ["turn"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "turn"], name="keying_anew_turn"),
            models.CheckConstraint(
                condition=Q(key_hash__regex=_HASH), name="keying_anew_key_is_hash"
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="keying_anew_says_why"),
        ]

    def __str__(self) -> str:
        return f"keying of cycle {self.paper_id} begun anew, {self.turn}"


class KeyingEnd(AppendOnly):
    """That keying has ended, and what it came to.

    ``decided`` counts the sheets on which two clerks differed, so that more keyed them until two
    agreed, ``beyond_three`` those of them on which three differed.
    ``by_place`` counts sheets by the polling place's id, ``voids`` void sheets by reason, and
    ``void_parts`` single pots that are void on sheets that otherwise count. ``explained`` says, by
    the place's id, why sheets in its box, keyed sheets and people are not as many, with these
    numbers.
    """

    cycle = models.OneToOneField(Cycle, models.PROTECT, related_name="keying_end", primary_key=True)
    sheets = models.PositiveIntegerField(_("sheets keyed"))
    decided = models.PositiveIntegerField(_("two clerks differed"))
    beyond_three = models.PositiveIntegerField(_("three clerks differed"), default=0, db_default=0)
    void = models.PositiveIntegerField(_("void sheets"))
    by_place = models.JSONField(default=dict)
    voids = models.JSONField(default=dict)
    void_parts = models.JSONField(default=dict)
    explained = models.JSONField(default=dict)
    made_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("end of keying")
        verbose_name_plural = _("ends of keying")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    void__lte=F("sheets"),
                    decided__lte=F("sheets"),
                    beyond_three__lte=F("decided"),
                ),
                name="keying_end_sums",
            ),
        ]

    def __str__(self) -> str:
        return f"end of keying of cycle {self.cycle_id}"


class SampledSheet(AppendOnly):
    """A sheet that the seed drew to be compared with what was keyed."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="sampled_sheets")
    sheet = models.OneToOneField(Sheet, models.PROTECT, related_name="sampled")
    rank = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("sheet of the sample")
        verbose_name_plural = _("sheets of the sample")
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "rank"], name="sampled_sheet_rank"),
        ]

    def __str__(self) -> str:
        return f"sheet {self.rank} of the sample of cycle {self.cycle_id}"


class SampleReading(AppendOnly):
    """That one of a pair read a sheet of the sample, and whether it was keyed like that."""

    sampled = models.ForeignKey(SampledSheet, models.PROTECT, related_name="readings")
    role = models.CharField(max_length=16, choices=SampleRole.choices)
    turn = models.PositiveSmallIntegerField()
    reader = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    agrees = models.BooleanField()

    class Meta:
        verbose_name = _("reading of a sheet")
        verbose_name_plural = _("readings of sheets")
        constraints = [
            models.UniqueConstraint(
                fields=["sampled", "role", "turn"], name="sample_reading_once_a_turn"
            ),
            models.CheckConstraint(
                condition=Q(role__in=SampleRole.values, turn__gte=1, turn__lte=MOST_READINGS),
                name="sample_reading_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"reading {self.turn} of {self.sampled_id}"


class PaperCount(AppendOnly):
    """How many sheets were counted when the ballots were opened."""

    cycle = models.OneToOneField(
        Cycle, models.PROTECT, related_name="paper_count", primary_key=True
    )
    counted = models.PositiveIntegerField(_("sheets counted"))

    class Meta:
        verbose_name = _("count of sheets")
        verbose_name_plural = _("counts of sheets")

    def __str__(self) -> str:
        return f"{self.counted} sheets of cycle {self.cycle_id}"
