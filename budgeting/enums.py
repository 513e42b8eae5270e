"""States and kinds of the ballot half, and which state leads to which."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    """Where a cycle's ballots come from."""

    RUN = "run", _("Held here")
    IMPORTED = "imported", _("Imported")


class CycleState(models.TextChoices):
    """How far a cycle has come. What may be done within ``open`` is told by its phases."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    UNSEALED = "unsealed", _("Being counted")
    COUNTED = "counted", _("Counted")
    CERTIFIED = "certified", _("Certified")
    PUBLISHED = "published", _("Published")
    CANCELLED = "cancelled", _("Cancelled")


_AFTER_OPENING_THE_BALLOTS: dict[CycleState, frozenset[CycleState]] = {
    CycleState.UNSEALED: frozenset({CycleState.COUNTED}),
    CycleState.COUNTED: frozenset({CycleState.CERTIFIED}),
    CycleState.CERTIFIED: frozenset({CycleState.PUBLISHED}),
    CycleState.PUBLISHED: frozenset(),
    CycleState.CANCELLED: frozenset(),
}
CYCLE_MOVES: dict[CycleState, frozenset[CycleState]] = {
    CycleState.DRAFT: frozenset({CycleState.OPEN, CycleState.CANCELLED}),
    CycleState.OPEN: frozenset({CycleState.CLOSED, CycleState.CANCELLED}),
    CycleState.CLOSED: frozenset({CycleState.UNSEALED, CycleState.CANCELLED}),
    **_AFTER_OPENING_THE_BALLOTS,
}
# An imported cycle was voted on elsewhere: it is never open here, and its ballots come unsealed.
IMPORTED_CYCLE_MOVES: dict[CycleState, frozenset[CycleState]] = {
    CycleState.DRAFT: frozenset({CycleState.UNSEALED, CycleState.CANCELLED}),
    CycleState.OPEN: frozenset(),
    CycleState.CLOSED: frozenset(),
    **_AFTER_OPENING_THE_BALLOTS,
}
# What the public may know of: a draft is being prepared, and may still become anything.
PUBLIC_STATES = tuple(state for state in CycleState if state != CycleState.DRAFT)
# While proposals may still be reviewed, and come on the ballot.
BEFORE_THE_CLOSE = (CycleState.DRAFT, CycleState.OPEN)
RUNNING_STATES = (CycleState.OPEN,)
OVER_STATES = (CycleState.PUBLISHED, CycleState.CANCELLED)
COUNTING_STATES = (CycleState.CLOSED, CycleState.UNSEALED)
COUNTED_STATES = (CycleState.COUNTED, CycleState.CERTIFIED, CycleState.PUBLISHED)


class PhaseKind(models.TextChoices):
    """What a window of time within an open cycle is for."""

    INFORMING = "informing", _("Informing")
    PROPOSING = "proposing", _("Proposing")
    REVIEWING = "reviewing", _("Reviewing")
    SUPPORTING = "supporting", _("Supporting")
    BALLOTING = "balloting", _("Voting")


class SupportsFrom(models.TextChoices):
    """Whose supports count towards what a cycle asks for."""

    EVERYBODY = "everybody", _("everybody with an account")
    TOWN = "town", _("people with a confirmed home in the town")
    POT = "pot", _("people with a confirmed home where the pot's money goes")


class BallotKind(models.TextChoices):
    """What a voter writes on a ballot; the values are those of ``budgeting.domain``."""

    APPROVAL = "approval", _("Tick the projects you want")
    CHOOSE_ONE = "choose_one", _("Choose one project")
    KNAPSACK = "knapsack", _("Spend the budget")
    CUMULATIVE = "cumulative", _("Share out points")
    SCORING = "scoring", _("Score the projects")
    RANKING = "ranking", _("Rank the projects")


# Held here, a ballot ranks no more projects, and gives one no more points.
MOST_RANKS = 20
MOST_POINTS = 1_000_000


class TieOrder(models.TextChoices):
    """What decides between projects that a rule cannot tell apart."""

    SEEDED = "seeded", _("A draw by lot from a seed committed before voting")
    LEXICOGRAPHIC = "lexicographic", _("The order of the projects' codes")


class ProposalState(models.TextChoices):
    """How far a project has come in one cycle."""

    SUBMITTED = "submitted", _("Submitted")
    FEASIBLE = "feasible", _("Feasible")
    NOT_FEASIBLE = "not_feasible", _("Not feasible")
    ON_BALLOT = "on_ballot", _("On the ballot")
    SELECTED = "selected", _("Selected")
    NOT_SELECTED = "not_selected", _("Not selected")
    LEFT = "left", _("Taken out by its authors")


PROPOSAL_MOVES: dict[ProposalState, frozenset[ProposalState]] = {
    # Its authors may take it out while proposals are taken, and enter it again.
    ProposalState.SUBMITTED: frozenset(
        {ProposalState.FEASIBLE, ProposalState.NOT_FEASIBLE, ProposalState.LEFT}
    ),
    ProposalState.LEFT: frozenset({ProposalState.SUBMITTED}),
    # An appeal: somebody looks again.
    ProposalState.NOT_FEASIBLE: frozenset({ProposalState.FEASIBLE}),
    # Rewritten since, it is reviewed again.
    ProposalState.FEASIBLE: frozenset({ProposalState.ON_BALLOT, ProposalState.SUBMITTED}),
    # Before voting begins it may be taken off again, with a reason for everybody.
    ProposalState.ON_BALLOT: frozenset(
        {ProposalState.SELECTED, ProposalState.NOT_SELECTED, ProposalState.FEASIBLE}
    ),
    ProposalState.SELECTED: frozenset(),
    ProposalState.NOT_SELECTED: frozenset(),
}


# Nothing is final yet: where the project goes, by being withdrawn or merged, so does the proposal.
UNDER_WAY = (ProposalState.SUBMITTED, ProposalState.FEASIBLE)

# Its review said yes, and everybody may read what that found.
FOUND_FEASIBLE = (
    ProposalState.FEASIBLE,
    ProposalState.ON_BALLOT,
    ProposalState.SELECTED,
    ProposalState.NOT_SELECTED,
)


class Fate(models.TextChoices):
    """What became of a proposal that is on no ballot, where its state alone does not say so."""

    NOT_DECIDED = "not_decided", _("Not decided in time")
    LEFT_OFF = "left_off", _("Feasible, but not put on the ballot")
    TAKEN_OFF = "taken_off", _("Feasible, but taken off the ballot")
    SHORT = "short", _("Short of supports")
    CALLED_OFF = "called_off", _("The cycle was called off")


# Where a proposal stands, beside its state: it has fewer supports than its pot needs.
SHORT_OF_SUPPORTS = "short"


class ProposalOrder(models.TextChoices):
    """In which order proposals are found; without one pot by pot, as they came in."""

    NEWEST = "newest", _("Newest first")
    SUPPORTED = "supported", _("Most supported first")
    CLOSEST = "closest", _("Fewest supports missing first")
    CHEAPEST = "cheapest", _("Lowest cost first")
    DEAREST = "dearest", _("Highest cost first")


# These are offered where pots need supports.
BY_SUPPORTS = (ProposalOrder.SUPPORTED, ProposalOrder.CLOSEST)


class ReviewKind(models.TextChoices):
    """Which look at a proposal a review is, each by another person."""

    FIRST = "first", _("First review")
    SECOND = "second", _("Second review")
    APPEAL = "appeal", _("Appeal")


class ReviewNews(models.TextChoices):
    """What the reviewer of a review has not been told of yet."""

    ASSIGNED = "assigned", _("It is theirs")
    RETURNED = "returned", _("Its project came back from its authors")


class Channel(models.TextChoices):
    """How somebody voted."""

    WEB = "web", _("On the web")
    CODE = "code", _("With a code sent by post")
    KIOSK = "kiosk", _("At a kiosk")
    PAPER = "paper", _("On paper")


class VoterGroup(models.TextChoices):
    """Why somebody belongs to the town; the values are those of a roll file's ``group``."""

    RESIDENT = "resident", _("people who live here")
    WORKER = "worker", _("people who work here")
    STUDENT = "student", _("people who study here")


class RollSource(models.TextChoices):
    """Where lines of a voter roll come from."""

    RESIDENCIES = "residencies", _("Confirmed homes")
    FILE = "file", _("A file")
    PERSON = "person", _("One person, seen by an officer")


class TrusteePair(models.TextChoices):
    """Two of the three trustees."""

    ONE_TWO = "1+2", _("Trustees 1 and 2")
    ONE_THREE = "1+3", _("Trustees 1 and 3")
    TWO_THREE = "2+3", _("Trustees 2 and 3")


# Acts on a cycle that one person asks for and another agrees to, as pages name them.
ACT_WORDS: dict[str, Promise] = {
    "cycle.appropriate": _("Setting money aside"),
    "cycle.open": _("Opening"),
    "cycle.extend": _("Extending the vote"),
    "cycle.move_phase": _("Moving a phase"),
    "cycle.cancel": _("Cancelling"),
    "cycle.roll": _("Additions to the voter roll"),
    "cycle.letters": _("Letters with codes"),
    "cycle.keying_anew": _("Keying begun anew"),
    "cycle.unseal": _("Opening the ballots"),
    "cycle.publish": _("Certifying and publishing"),
}


class AskedStanding(models.TextChoices):
    """What became of a request for an act of two people."""

    AGREED = "agreed", _("agreed to")
    TAKEN_BACK = "taken_back", _("nobody: it was taken back")
    LAPSED = "lapsed", _("nobody, in time")
    ROLE_LOST = "role_lost", _("nobody: whoever asked no longer has the role")
    OUTDATED = "outdated", _("nobody: the cycle has moved on")
    WAITING = "waiting", _("nobody yet")


# What was done, as the trail of a cycle names it.
VERB_WORDS: dict[str, Promise] = {
    "announcement.changed": _("An announcement was changed"),
    "announcement.done": _("An announcement was sent to the last one"),
    "announcement.released": _("An announcement was released"),
    "announcement.sending": _("An announcement began to be sent"),
    "announcement.stopped": _("An announcement was stopped"),
    "announcement.tested": _("A test of an announcement was sent"),
    "announcement.written": _("An announcement was written"),
    "cycle.appropriated": _("Money was set aside in the books"),
    "cycle.ballots_opened": _("The ballots were opened"),
    "cycle.board_closed": _("The public board was closed"),
    "cycle.cancelled": _("The cycle was cancelled"),
    "cycle.certified": _("The count was certified"),
    "cycle.closed": _("Voting was closed"),
    "cycle.copied": _("The cycle was made like an earlier one"),
    "cycle.counted": _("The ballots were counted"),
    "cycle.eligibility_set": _("Who may vote was set"),
    "cycle.extended": _("The vote was extended"),
    "cycle.imported": _("The election was imported"),
    "cycle.key_given": _("The key of the vote was given"),
    "cycle.key_rehearsed": _("Two trustees rehearsed the key"),
    "cycle.keying_begun_anew": _("Keying of the paper ballots was begun anew"),
    "cycle.keying_ended": _("Keying of the paper ballots was ended"),
    "cycle.letters_made": _("Letters with codes were made and downloaded"),
    "cycle.made": _("The cycle was made"),
    "cycle.open": _("The cycle was opened"),
    "cycle.notes_emptied": _("The internal notes of all reviews were emptied"),
    "cycle.options_grouped": _("Options were put in a group, or let go of it"),
    "cycle.paper_offered": _("Voting on paper was offered"),
    "cycle.phase_added": _("A phase was added"),
    "cycle.phase_moved": _("A phase was moved"),
    "cycle.phases_set": _("The phases were set"),
    "cycle.pot_added": _("A pot was added"),
    "cycle.pot_changed": _("A pot was changed"),
    "cycle.pot_removed": _("A pot was removed"),
    "cycle.proposals_imported": _("Proposals came in from a file"),
    "cycle.published": _("The results were published"),
    "cycle.reviewer_rule_added": _("A rule was added for who reviews what"),
    "cycle.reviewer_rule_removed": _("A rule was removed for who reviews what"),
    "cycle.reviews_planned": _("The reviews were planned"),
    "cycle.reworded": _("The title or the sentence was changed after the opening"),
    "cycle.roll_grew": _("Lines came onto the voter roll"),
    "cycle.rules_changed": _("The title or the rules were changed"),
    "cycle.sheets_printed": _("Paper ballots were printed"),
    "cycle.supports_kept": _("The supports were counted"),
    "cycle.supports_from": _("Whose supports count was set"),
    "cycle.supports_needed": _("How many supports a project needs was set"),
    "cycle.trustees_named": _("The trustees were named anew"),
    "cycle.unsealed": _("The ballots went to the count"),
    "cycle.verdicts_announced": _("The day of the verdicts was set"),
    "cycle.verdicts_published": _("The verdicts were published"),
    "kiosk.freed": _("A kiosk was freed"),
    "kiosk.registered": _("A kiosk was registered"),
    "kiosk.revoked": _("A kiosk was taken out of use"),
    "kiosk.unlocked": _("A kiosk was unlocked for somebody"),
    "polling_place.accounted_for": _("The sheets of a polling place were accounted for"),
    "polling_place.added": _("A polling place was added"),
    "polling_place.corrected": _("A polling place was corrected"),
    "pot.withheld_ballots_read": _("Ballots that are not published were read"),
    "proposal.appeal_refused": _("An appeal was refused"),
    "proposal.appealed": _("An appeal was made"),
    "proposal.feasible": _("A proposal was said to be feasible"),
    "proposal.kept_off": _("It was said why a proposal is not put on the ballot"),
    "proposal.left": _("A project was taken out of the cycle by its authors"),
    "proposal.not_feasible": _("A proposal was said not to be feasible"),
    "proposal.not_selected": _("A proposal was not selected"),
    "proposal.on_ballot": _("A proposal came on the ballot"),
    "proposal.pot_changed": _("A proposal asks another pot for its money"),
    "proposal.pot_given": _("A proposal was given another pot by the staff"),
    "proposal.selected": _("A proposal was selected"),
    "proposal.submitted": _("A project was entered"),
    "proposal.taken_off": _("A proposal was taken off the ballot"),
    "review.assigned": _("A review was given to somebody to do"),
    "review.changes_requested": _("Changes were asked for"),
    "review.changes_taken_back": _("Changes were no longer asked for"),
    "review.given": _("A review was handed in"),
    "review.given_back": _("A project was given back after changes"),
    "review.notes_emptied": _("The internal notes of a review were emptied"),
    "review.sent_back": _("A rewritten project was sent back for review"),
    "review.taken_back": _("A review was taken back before it was public"),
    "roll_entry.claimed": _("Somebody claimed a line of the voter roll"),
    "roll_entry.let_go": _("A newer letter ended the claim of a line of the voter roll"),
    **{
        f"{act}.asked": format_lazy(_("{act}: asked for"), act=said)
        for act, said in ACT_WORDS.items()
    },
    **{
        f"{act}.agreed": format_lazy(_("{act}: agreed to"), act=said)
        for act, said in ACT_WORDS.items()
    },
    **{
        f"{act}.taken_back": format_lazy(_("{act}: taken back"), act=said)
        for act, said in ACT_WORDS.items()
    },
}

# Pages of this half that are no cycle's.
RESERVED_SLUGS = ("what-if", "verify")
# What a draft's address becomes once it is dropped, with its number, so that another may have it.
DROPPED_SLUG = "dropped-"


class TrialState(models.TextChoices):
    """How far a what-if count has come."""

    WAITING = "waiting", _("Waiting for a worker")
    COUNTING = "counting", _("Being counted")
    DONE = "done", _("Counted")
    FAILED = "failed", _("Failed")


class VoidReason(models.TextChoices):
    """Why a sheet, or a pot on it, cannot be counted."""

    BLANK = "blank", _("Nothing is filled in")
    ILLEGIBLE = "illegible", _("It cannot be read")
    TOO_MANY = "too_many", _("Too many projects are named")
    TOO_FEW = "too_few", _("Too few projects are named")
    OVER_BUDGET = "over_budget", _("It costs more than the pot holds")
    WRONG_POINTS = "wrong_points", _("Points or ranks are not as they should be")
    SPOILED = "spoiled", _("It is torn or crossed out")
    SIGNED = "signed", _("It tells who filled it in")
    FOREIGN = "foreign", _("It is not the sheet that the town printed")


class SampleRole(models.TextChoices):
    """The two who read a sheet of the comparison sample, each at a desk of their own."""

    OBSERVER = "observer", _("Observer")
    CLERK = "clerk", _("Clerk")


# A sheet is keyed by two clerks; where these differ by a third, and by others until two agree.
DECIDING_KEYING = 3
# So often the two who compare a sheet may read it, until they read the same.
MOST_READINGS = 3
# More sheets than one file of a printer should hold.
MOST_SHEETS = 200


class AnnouncementState(models.TextChoices):
    """How far an announcement by mail has come."""

    DRAFT = "draft", _("Draft")
    SENDING = "sending", _("Being sent")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Sent")


ANNOUNCEMENT_MOVES: dict[AnnouncementState, frozenset[AnnouncementState]] = {
    AnnouncementState.DRAFT: frozenset({AnnouncementState.SENDING}),
    AnnouncementState.SENDING: frozenset({AnnouncementState.STOPPED, AnnouncementState.DONE}),
    AnnouncementState.STOPPED: frozenset({AnnouncementState.SENDING}),
    AnnouncementState.DONE: frozenset(),
}


class MailingState(models.TextChoices):
    """What became of an announcement to one person. What is taken is never taken again."""

    WAITING = "waiting", _("Remaining")
    TAKEN = "taken", _("Not known: a worker took it and never said what became of it")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Refused by the mail server")
    SKIPPED = "skipped", _("Not sent: they withdrew, or have left")
