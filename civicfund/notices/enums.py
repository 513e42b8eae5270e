"""What mail may be about that people can do without."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Topic(models.TextChoices):
    """Mail that anybody may switch off. Mail about one's own money is not among it."""

    VOTING = "voting", _("Reminders to vote")
    FOLLOWING = "following", _("News of what I follow")
    BACKING = "backing", _("Updates of campaigns that I back")
    REVIEWING = "reviewing", _("Reviews that are mine to give")
    DESKS = "desks", _("What waits at my desks")
    SECOND = "second", _("Acts that wait for a second person")
    TOWN = "town", _("Announcements of the town about its votes")


# Mail that only those get who asked for it. All else comes until somebody switches it off.
ASKED_FOR = frozenset({Topic.TOWN})

# What each mail tells, as its sender's desk names it. A mail's kind is its template's name.
TOLD_WORDS: dict[str, Promise] = {
    "announcement": _("An announcement of the town"),
    "appeal_ends": _("The time to appeal against a review is over soon"),
    "appeal_of_nobody": _("An appeal waits, and no moderator may decide it"),
    "ballot_reminder": _("A reminder to vote"),
    "board_closed": _("The root of a vote's board, after its close"),
    "campaign_appealed": _("A creator appeals: the campaign is suspended"),
    "campaign_cancelled": _("The campaign was called off"),
    "campaign_correction": _("An update of the campaign was corrected"),
    "campaign_failed_short": _("Too little could be collected"),
    "campaign_funded": _("The campaign reached its goal"),
    "campaign_unfunded": _("The campaign missed its goal"),
    "campaign_update": _("An update of the campaign"),
    "campaign_waits": _("The campaign cannot start yet"),
    "changes_due": _("Changes to a project are due soon"),
    "changes_requested": _("Changes to a project were asked for"),
    "changes_taken_back": _("Changes to a project are asked for no more"),
    "charge_failed": _("The card could not be charged"),
    "claim_ended": _("Their account votes as somebody no more: a newer letter was sent"),
    "comment_hidden": _("A comment was hidden"),
    "comment_restored": _("A comment is there again"),
    "comment_stays_hidden": _("A comment stays hidden"),
    "complaint_answered": _("A complaint was answered"),
    "complaint_late": _("A complaint is late"),
    "complaint_received": _("A complaint came in"),
    "creator_answered": _("The creator answered a question"),
    "dates_moved": _("The dates of a vote have moved"),
    "desks_wait": _("What waits at their desks"),
    "milestone_reached": _("A milestone was reached"),
    "news": _("News of what is followed"),
    "own_campaign_approved": _("Their campaign was approved"),
    "own_campaign_changes_requested": _("Changes to their campaign were asked for"),
    "own_campaign_failed_short": _("Too little could be collected of their campaign"),
    "own_campaign_funded": _("Their campaign reached its goal"),
    "own_campaign_refunded": _("Every backer of their campaign has been refunded"),
    "own_campaign_resumed": _("Their campaign goes on"),
    "own_campaign_settled": _("Their campaign was collected"),
    "own_campaign_stays_suspended": _("Their campaign stays suspended"),
    "own_campaign_suspended": _("Their campaign was suspended"),
    "own_campaign_too_late": _("Their campaign could not start in time"),
    "own_campaign_unfunded": _("Their campaign missed its goal"),
    "own_campaign_waits": _("Their campaign cannot start yet"),
    "own_milestone_judged": _("Their milestone was looked at"),
    "own_payout_taken_back": _("Money paid to their project was taken back"),
    "own_project_paid": _("Their project was paid"),
    "paper_given": _("A paper ballot was given to them"),
    "pause_ended": _("They can write again"),
    "pause_stays": _("The pause of their writing stays"),
    "pledge_changed": _("The pledge was changed"),
    "pledge_collected": _("The pledge was collected: the receipt"),
    "pledge_confirmed": _("The pledge counts"),
    "pledge_dropped": _("The pledge was dropped"),
    "pledge_refunded": _("Money was given back"),
    "project_handed_on": _("A project or draft is theirs now"),
    "project_hidden": _("A project of theirs was hidden"),
    "project_invitation": _("An invitation to write a project"),
    "project_join_answered": _("A wish to write a project with others was answered"),
    "project_join_asked": _("Somebody would like to write their project with them"),
    "project_merge_asked": _("Two projects may become one"),
    "project_merge_declined": _("Two projects do not become one"),
    "project_merge_undone": _("Two projects are apart again"),
    "project_merged": _("Two projects became one"),
    "project_offer": _("Somebody offers help"),
    "project_offer_answered": _("An offer of help was answered"),
    "project_part_taken_down": _("A part of a project of theirs was taken down"),
    "project_shown_again": _("A project of theirs is shown again"),
    "project_stays_hidden": _("A project of theirs stays hidden"),
    "proposal_became": _("What became of their projects in a vote"),
    "proposal_given_pot": _("A project was given another pot"),
    "proposal_off_ballot": _("A project was taken off the ballot"),
    "proposal_reviewed_again": _("A project is reviewed again"),
    "question_answered": _("A question was answered"),
    "recovery_day_2": _("Second day: the card still could not be charged"),
    "recovery_day_4": _("Fourth day: the card still could not be charged"),
    "recovery_day_6": _("Sixth day: the card still could not be charged"),
    "recovery_reminder": _("A reminder that the card could not be charged"),
    "residence_document_decided": _("A document about a home was decided on"),
    "review_assigned": _("Reviews are theirs to give"),
    "review_due": _("Reviews are due soon"),
    "review_late": _("Reviews are overdue"),
    "review_returned": _("Reviews of theirs go on"),
    "review_taken_back": _("A review of theirs was taken back"),
    "second_asked": _("An act waits for a second person"),
    "survey_asked": _("Questions about what is to be delivered"),
    "survey_reminder": _("The same questions, once more"),
    "verdict_published": _("A verdict was published"),
    "voting_nears": _("Voting begins soon, and something is to be done before"),
    "writing_paused": _("Their writing was paused"),
}
