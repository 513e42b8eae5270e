"""The trustees' key of a vote, the urn of sealed ballots, and the public board."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from budgeting.domain.naming import NamedTrustee
from budgeting.domain.trustee import PARTS, fingerprint
from budgeting.enums import TrusteePair
from budgeting.models.cycles import Cycle
from budgeting.models.roll import Participation
from civicfund.audit.models import AppendOnly

_HASH = "^[0-9a-f]{64}$"
_ONE_LINE = "^[^[:space:][:cntrl:]][^[:cntrl:]]*$"


class TrusteeKey(models.Model):
    """The public half of a vote's key. Its secret half exists only in the trustees' parts."""

    cycle = models.OneToOneField(Cycle, models.PROTECT, related_name="trustee_key")
    public_key = models.CharField(_("public key"), max_length=64)
    given_at = models.DateTimeField(_("given"), db_default=Now())
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("trustees' key")
        verbose_name_plural = _("trustees' keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(public_key__regex=_HASH), name="trustee_key_is_32_bytes"
            ),
        ]

    def __str__(self) -> str:
        return self.public_key

    @property
    def fingerprint(self) -> str:
        """What people compare, as ``trustee.py`` prints it."""
        return fingerprint(bytes.fromhex(self.public_key))


class Trustee(models.Model):
    """One of the three people who keep a part of a vote's key, as everybody reads it.

    They have no account. What two people opened holds their names, and they are fixed with it.
    """

    key = models.ForeignKey(TrusteeKey, models.CASCADE, related_name="trustees")
    part = models.PositiveSmallIntegerField(_("part"))
    name = models.CharField(_("name"), max_length=80)
    stands_for = models.CharField(_("stands for"), max_length=120)

    class Meta:
        verbose_name = _("trustee")
        verbose_name_plural = _("trustees")
        ordering = ["part"]
        constraints = [
            models.UniqueConstraint(fields=["key", "part"], name="trustee_one_for_each_part"),
            models.UniqueConstraint("key", Lower("name"), name="trustee_another_person_each"),
            models.CheckConstraint(
                condition=Q(part__gte=1, part__lte=PARTS), name="trustee_part_known"
            ),
            models.CheckConstraint(
                condition=Q(name__regex=_ONE_LINE, stands_for__regex=_ONE_LINE),
                name="trustee_is_named",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def named(self) -> NamedTrustee:
        """Who it is."""
        return NamedTrustee(self.name, self.stands_for)


class Rehearsal(models.Model):
    """A test box that a pair of trustees opens before the vote; of the answer a hash is kept."""

    key = models.ForeignKey(TrusteeKey, models.CASCADE, related_name="rehearsals")
    pair = models.CharField(_("pair"), max_length=3, choices=TrusteePair.choices)
    box = models.TextField(_("test box"))
    answer_hash = models.CharField(max_length=64)
    passed_at = models.DateTimeField(_("opened"), null=True, blank=True)

    class Meta:
        ordering = ["pair"]
        constraints = [
            models.UniqueConstraint(fields=["key", "pair"], name="rehearsal_one_for_each_pair"),
            models.CheckConstraint(
                condition=Q(pair__in=TrusteePair.values), name="rehearsal_pair_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pair} of {self.key_id}"


class Board(models.Model):
    """What the board of a vote has come to: its head while ballots are cast, its root after.

    Made when the cycle opens. ``size`` and ``head`` are moved by the database as lines are added.
    """

    cycle = models.OneToOneField(Cycle, models.PROTECT, related_name="board", primary_key=True)
    public_key = models.CharField(max_length=64)
    # How long every ballot is before it is sealed.
    padded_bytes = models.PositiveIntegerField()
    # Tells whether the slot key at hand is the one that this vote began with.
    slot_key_hash = models.CharField(max_length=64)
    # What the chain begins with: the hash of the rules as they were opened.
    first = models.CharField(max_length=64)
    # The rules and the key as they were opened, in the words whose hash that is.
    opened = models.JSONField(default=dict)
    size = models.PositiveIntegerField(_("ballots cast"), default=0)
    head = models.CharField(_("head of the chain"), max_length=64)
    root = models.CharField(_("root"), max_length=64, blank=True)
    # Of the ballots cast: the last of each voter, and what was opened of those.
    kept = models.PositiveIntegerField(null=True, blank=True)
    # Of those that were not kept: the last of voters who then voted on paper.
    replaced_by_paper = models.PositiveIntegerField(blank=True, null=True)
    counted = models.PositiveIntegerField(null=True, blank=True)
    # How many rows the opening wrote for each pot, by its id: no others are counted.
    opened_rows = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("board")
        verbose_name_plural = _("boards")

    def __str__(self) -> str:
        return f"board of {self.cycle_id}"

    @property
    def trustees(self) -> list[NamedTrustee]:
        """Who they were when two people opened the vote; nobody where it had not to be said yet."""
        named = self.opened.get("opening", {}).get("trustees", [])
        return [NamedTrustee(**each) for each in named]

    @property
    def fingerprint(self) -> str:
        """Of the key that ballots are sealed to, as ``trustee.py`` prints it."""
        return fingerprint(bytes.fromhex(self.public_key))

    @property
    def superseded(self) -> int | None:
        """Ballots that a later one of the same voter replaced, or their paper ballot; None before
        the close."""
        return None if self.kept is None else self.size - self.kept

    @property
    def void(self) -> int | None:
        """Kept ballots that could not be counted; None before they were opened."""
        return None if self.kept is None or self.counted is None else self.kept - self.counted


class BoardLine(AppendOnly):
    """One cast on the public board. The database computes ``position`` and ``head``."""

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="board_lines")
    position = models.PositiveIntegerField(default=0)
    ballot_hash = models.CharField(max_length=64)
    receipt_hash = models.CharField(max_length=64)
    head = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "position"], name="board_line_position"),
            models.UniqueConstraint(fields=["cycle", "receipt_hash"], name="board_line_receipt"),
            models.UniqueConstraint(fields=["cycle", "ballot_hash"], name="board_line_ballot"),
            models.CheckConstraint(
                condition=Q(ballot_hash__regex=_HASH, receipt_hash__regex=_HASH),
                name="board_line_holds_hashes",
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.position} of cycle {self.cycle_id}"


class OptionsCommitment(AppendOnly):
    """What stood on the ballots when voting began, as the chain of the board holds it.

    Written before the first line, or at the close where there is none. The database computes both
    fields and moves the head.
    """

    cycle = models.OneToOneField(
        Cycle, models.PROTECT, related_name="options_commitment", primary_key=True
    )
    # SHA-256 of pots and options as canonical JSON (``budgeting.domain.pot_checks``).
    sha256 = models.CharField(max_length=64, default="")
    # How many extensions and moves of phases the chain holds before it.
    extensions = models.PositiveIntegerField(default=0)
    moves = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.sha256


class Casting(AppendOnly):
    """That a voter cast a ballot, and when: the first time or again. Never what."""

    participation = models.ForeignKey(Participation, models.PROTECT, related_name="castings")
    version = models.PositiveIntegerField()
    cast_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participation", "version"], name="casting_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="casting_versions_from_one"),
        ]

    def __str__(self) -> str:
        return f"casting {self.version} of participation {self.participation_id}"


class SealedBallot(AppendOnly):
    """A sealed ballot in the urn of its cycle: a partition of its own, emptied when it is opened.

    ``slot`` is an HMAC of the voter's roll entry under a key that is not in the database and is
    destroyed at the close; from then on it is empty, and only each voter's last version is left.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="+", db_index=False)
    slot = models.CharField(max_length=64, null=True)  # noqa: DJ001 -- NULLs are not equal
    version = models.PositiveIntegerField()
    ciphertext = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "slot", "version"], name="sealed_ballot_version"
            ),
        ]

    def __str__(self) -> str:
        return f"sealed ballot {self.pk}"
