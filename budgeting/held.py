"""What the ballot half holds of a person: that they voted, and nothing about how."""

from __future__ import annotations

from django.db.models.functions import TruncMinute
from django.utils.translation import gettext_lazy as _

from budgeting.models import (
    Appeal,
    Casting,
    Mailing,
    Participation,
    Proposal,
    Review,
    ReviewerRule,
    RollEntry,
    StartedBallot,
    Trial,
)
from budgeting.services.forgetting import forget_voter, why_cycles_keep
from civicfund.holdings import columns, erases, holds, leaves_out


def declare() -> None:
    """Say it. Times of a vote to the minute, as the ballot page tells them."""
    erases(forget_voter, keeps=why_cycles_keep)
    holds(
        "voter_rolls", _("Voter rolls that you are on"), RollEntry, "claimed_by",
        columns("cycle__title place__name"),
    )  # fmt: skip
    holds(
        "votes", _("That you voted, never how"), Participation, "roll_entry__claimed_by",
        columns("cycle__title channel", at=TruncMinute("at")),
    )  # fmt: skip
    holds(
        "casts", _("How often you cast a ballot, and when"), Casting,
        "participation__roll_entry__claimed_by",
        columns("participation__cycle__title version", cast_at=TruncMinute("cast_at")),
    )  # fmt: skip
    holds(
        "started_ballots", _("Ballots that you opened and did not cast"), StartedBallot, "user",
        columns("cycle__title"),
    )  # fmt: skip
    holds(
        "proposals", _("Projects that you proposed in a cycle"), Proposal, "submitted_by",
        columns("project__title cycle__title submitted_at"),
    )  # fmt: skip
    holds("appeals", _("Your appeals"), Appeal, "by", columns("proposal__project__title reason at"))
    holds(
        "reviews", _("Reviews that you gave"), Review, "reviewer",
        columns("proposal__project__title kind reason notes given_at taken_back__at"),
    )  # fmt: skip
    holds(
        "reviewer_rules", _("What you are given to review"), ReviewerRule, "reviewer",
        columns("cycle__title category place__name"),
    )  # fmt: skip
    holds(
        "announcements", _("Announcements that were sent to you"), Mailing, "recipient",
        columns("announcement__subject state decided_at"),
    )  # fmt: skip
    holds("trials", _("Rules that you tried"), Trial, "made_by", columns("name made_at state"))
    _leave_out()


def _leave_out() -> None:
    leaves_out(
        _("Done in a role for the town, about other people's ballots: not to be told apart here."),
        "budgeting.Kiosk.registered_by",
        "budgeting.Kiosk.revoked_by",
        "budgeting.KioskUnlock.officer",
        "budgeting.CheckIn.officer",
        "budgeting.Keying.clerk",
        "budgeting.KeyingEnd.made_by",
        "budgeting.SampleReading.reader",
    )
    leaves_out(
        _("Done in a role for the town; it stands among your acts."),
        "budgeting.Announcement.written_by",
        "budgeting.BallotOmission.by",
        "budgeting.BallotRemoval.by",
        "budgeting.PaperVote.made_by",
        "budgeting.PlaceTotals.made_by",
        "budgeting.PotChange.by",
        "budgeting.SheetBatch.made_by",
        "budgeting.ChangeRequest.asked_by",
        "budgeting.ChangeRequest.taken_back_by",
        "budgeting.ReviewTakenBack.by",
        "budgeting.Rewording.by",
        "budgeting.VerdictPublication.set_by",
        "budgeting.Eligibility.made_by",
        "budgeting.TrusteeKey.given_by",
    )
