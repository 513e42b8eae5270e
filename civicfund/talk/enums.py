"""What people talk about and follow."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What is found wrong with a comment is found wrong with a project in the same words.
from civicfund.projects.enums import AppealOutcome as AppealOutcome
from civicfund.projects.enums import Wrong as Wrong


class SubjectKind(models.TextChoices):
    """What a thread is about. A neighborhood is followed and not talked about, a review neither."""

    PROJECT = "project", _("Project")
    CAMPAIGN = "campaign", _("Campaign")
    CYCLE = "cycle", _("Cycle")
    NEIGHBORHOOD = "neighborhood", _("Neighborhood")
    UPDATE = "update", _("Update of a campaign")
    REVIEW = "review", _("Review of a proposal")


# Where anybody begins to talk. An update's own words come first; others answer them.
TALKED_ABOUT = frozenset({SubjectKind.PROJECT, SubjectKind.CAMPAIGN, SubjectKind.CYCLE})


class NewsKind(models.TextChoices):
    """What there is to tell: what somebody said, and facts about projects, campaigns, cycles."""

    COMMENT = "comment", _("A new comment")
    ANSWER = "answer", _("Somebody answered you")
    CITY = "city", _("The city answered a question")
    QUESTION = "question", _("Somebody asks you")
    CREATOR = "creator", _("The creator answered a question")
    PROJECT = "project", _("A new project")
    MERGED = "merged", _("It was merged into another project")
    FEASIBLE = "feasible", _("The review says that it can be done")
    NOT_FEASIBLE = "not_feasible", _("The review says that it cannot be done")
    TOO_FEW = "too_few", _("It had too few supports to come on the ballot")
    ON_BALLOT = "on_ballot", _("It is on the ballot")
    OFF_BALLOT = "off_ballot", _("It was taken off the ballot")
    NOT_DECIDED = "not_decided", _("It was not decided before voting began")
    LEFT_OFF = "left_off", _("It can be done, and is not on the ballot")
    APPEAL_LATE = "appeal_late", _("Its appeal was not decided before voting began")
    VOTE_OFF = "vote_off", _("The vote that it was in was called off")
    SELECTED = "selected", _("It won and gets the money")
    NOT_SELECTED = "not_selected", _("It did not win")
    INFORMING_BEGINS = "informing_begins", _("The town informs about it now")
    PROPOSING_BEGINS = "proposing_begins", _("Projects can be proposed now")
    PROPOSING_ENDS = "proposing_ends", _("Projects can be proposed only for a few days more")
    REVIEWING_BEGINS = "reviewing_begins", _("The proposals are being reviewed now")
    SUPPORTING_BEGINS = "supporting_begins", _("Projects can be supported now")
    SUPPORTING_ENDS = "supporting_ends", _("Projects can be supported only for a few days more")
    VOTING_BEGINS = "balloting_begins", _("Voting has begun")
    VOTING_ENDS = "balloting_ends", _("Voting ends within a few days")
    DATES_MOVED = "dates_moved", _("Its dates have moved")
    RESULTS = "results", _("The results are published")
    STARTED = "started", _("It has started: people can pledge")
    GOAL = "goal", _("It has reached its goal")
    FUNDED = "funded", _("It succeeded: the pledges are being collected")
    UNFUNDED = "unfunded", _("It ended below its goal: nobody is charged")
    SETTLED = "settled", _("All pledges are collected")
    SETTLED_SHORT = "settled_short", _("The pledges are collected in part")
    FAILED_SHORT = "failed_short", _("Too little was collected: everybody gets their money back")
    CALLED_OFF = "called_off", _("It was called off")
    UPDATE = "update", _("A new update")
    CORRECTION = "correction", _("An update was corrected")
    MILESTONE = "milestone", _("A milestone is reached")
    REVIEW_ASSIGNED = "review_assigned", _("It is yours to review")
    REVIEW_RETURNED = "review_returned", _("Your review goes on")
    REVIEW_DUE = "review_due", _("Your review is due soon")
    REVIEW_LATE = "review_late", _("Your review is overdue")


# What somebody said; all else are facts.
SAID = (
    NewsKind.COMMENT,
    NewsKind.ANSWER,
    NewsKind.CITY,
    NewsKind.QUESTION,
    NewsKind.CREATOR,
)


# What happens to a comment, as people read it.
COMMENT_EVENT_WORDS: dict[str, Promise] = {
    "comment.answered_for_city": _("A question was answered for the city"),
    "comment.appeal_lifted": _("An appeal for a comment was granted"),
    "comment.appeal_upheld": _("An appeal for a comment was refused"),
    "comment.appealed": _("The author of a hidden comment appealed"),
    "comment.corrected": _("An update was corrected"),
    "comment.deleted": _("Its author deleted it"),
    "comment.edited": _("Its author said it in other words"),
    "comment.flagged": _("Somebody reported it"),
    "comment.flags_dismissed": _("Reports of a comment were answered: it stays"),
    "comment.hidden": _("A comment was hidden"),
    "comment.restored": _("A comment is shown again"),
    "comment.written": _("It was said"),
}


class PauseOutcome(models.TextChoices):
    """What another moderator decided on an appeal against a pause."""

    UPHELD = "upheld", _("The pause stays")
    LIFTED = "lifted", _("The pause is over")


# For how many days somebody's writing is paused.
PAUSE_DAYS = (1, 7, 30)

# What happens to a pause, as people read it.
PAUSE_EVENT_WORDS: dict[str, Promise] = {
    "pause.appeal_lifted": _("An appeal against a pause was granted"),
    "pause.appeal_upheld": _("An appeal against a pause was refused"),
    "pause.appealed": _("Somebody whose writing is paused appealed"),
    "pause.begun": _("Somebody's writing was paused"),
    "pause.ended": _("A pause was ended before its time"),
}


class Pace(models.TextChoices):
    """How often mail about what somebody follows comes."""

    INSTANT = "instant", _("At once")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week, on Mondays")
    NEVER = "never", _("Never: I look at my notices here")
