"""States of campaigns, pledges and attempts, and the moves between them."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class CampaignState(models.TextChoices):
    """From an idea of raising money to the money raised, or not."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    LIVE = "live", _("Live")
    SUSPENDED = "suspended", _("Suspended")
    CANCELLED = "cancelled", _("Cancelled")
    CLOSING = "closing", _("Closing")
    FUNDED = "funded", _("Funded")
    UNFUNDED = "unfunded", _("Not funded")
    COLLECTING = "collecting", _("Collecting pledges")
    RECOVERING = "recovering", _("Collecting the last pledges")
    SETTLED = "settled", _("Collected in full")
    SETTLED_SHORT = "settled_short", _("Collected in part")
    FAILED_SHORT = "failed_short", _("Too little collected, being refunded")
    REFUNDED = "refunded", _("Refunded")


# What happened to a campaign, as those who look after it read it.
CAMPAIGN_EVENT_WORDS: dict[str, Promise] = {
    "campaign.appeal_lifted": _("Its appeal was granted: it goes on"),
    "campaign.appeal_upheld": _("Its appeal was refused: it stays suspended"),
    "campaign.appealed": _("Its creator appealed"),
    "campaign.created": _("It was written"),
    "campaign.edited": _("It was changed"),
    "campaign.handed_on": _("It is a co-author's: whoever began it has left"),
    "campaign.resumed": _("It was let go on, for a reason"),
    "campaign.reviewed": _("It was reviewed"),
    "campaign.reward_added": _("A reward was added while it is live"),
    "campaign.stopped": _("It was stopped, for a reason"),
    "campaign.thrown_away": _("Its draft was thrown away"),
    "campaign.too_late": _("It was too late to start"),
    **{
        f"campaign.{state}": format_lazy(_("From now on: {state}"), state=state.label)
        for state in CampaignState
    },
}


class RunBy(models.TextChoices):
    """Who does the work in the end, and so has the money."""

    PROPOSER = "proposer", _("The person who proposes it")
    TOWN = "town", _("The town itself")


class FeeBearer(models.TextChoices):
    """Who bears what the payment provider keeps of a charge."""

    TOWN = "town", _("The town")
    PROJECT = "project", _("The project")


CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SUBMITTED}),
    # Until it starts its creator can take it back, change it and send it again.
    CampaignState.SUBMITTED: frozenset(
        {CampaignState.CHANGES_REQUESTED, CampaignState.APPROVED, CampaignState.DRAFT}
    ),
    CampaignState.CHANGES_REQUESTED: frozenset({CampaignState.SUBMITTED}),
    # Its end may come before it could start: then its creator gives it other dates.
    CampaignState.APPROVED: frozenset(
        {CampaignState.LIVE, CampaignState.CHANGES_REQUESTED, CampaignState.DRAFT}
    ),
    CampaignState.LIVE: frozenset(
        {CampaignState.SUSPENDED, CampaignState.CLOSING, CampaignState.CANCELLED}
    ),
    # Suspended until its deadline, it is cancelled: nobody is charged for what staff stopped.
    CampaignState.SUSPENDED: frozenset({CampaignState.LIVE, CampaignState.CANCELLED}),
    CampaignState.CANCELLED: frozenset(),
    CampaignState.CLOSING: frozenset({CampaignState.FUNDED, CampaignState.UNFUNDED}),
    CampaignState.FUNDED: frozenset({CampaignState.COLLECTING}),
    CampaignState.UNFUNDED: frozenset(),
    CampaignState.COLLECTING: frozenset({CampaignState.RECOVERING, CampaignState.SETTLED}),
    CampaignState.RECOVERING: frozenset(
        {CampaignState.SETTLED, CampaignState.SETTLED_SHORT, CampaignState.FAILED_SHORT}
    ),
    CampaignState.SETTLED: frozenset(),
    CampaignState.SETTLED_SHORT: frozenset(),
    CampaignState.FAILED_SHORT: frozenset({CampaignState.REFUNDED}),
    CampaignState.REFUNDED: frozenset(),
}
EDITABLE_CAMPAIGN = (CampaignState.DRAFT, CampaignState.CHANGES_REQUESTED)
PRIVATE_CAMPAIGN = (*EDITABLE_CAMPAIGN, CampaignState.SUBMITTED)
# Not started yet: what it still lacks for that is shown.
WAITING_CAMPAIGN = (*PRIVATE_CAMPAIGN, CampaignState.APPROVED)
OPEN_CAMPAIGN = (CampaignState.LIVE, CampaignState.SUSPENDED, CampaignState.CLOSING)
COLLECTING_CAMPAIGN = (
    CampaignState.FUNDED,
    CampaignState.COLLECTING,
    CampaignState.RECOVERING,
)
# Too little was collected: every backer gets the money back.
RETURNING_CAMPAIGN = (CampaignState.FAILED_SHORT, CampaignState.REFUNDED)
# With a share to be collected, it is not certain yet that the project keeps the money.
MAY_GO_BACK_CAMPAIGN = (*COLLECTING_CAMPAIGN, CampaignState.FAILED_SHORT)
# Every pledge is collected or dropped, and the project has the money.
SETTLED_CAMPAIGN = (CampaignState.SETTLED, CampaignState.SETTLED_SHORT)
# Its creator asks backers what is needed to deliver.
ASKING_CAMPAIGN = (*COLLECTING_CAMPAIGN, *SETTLED_CAMPAIGN)
# Was funded: cards are or were charged.
FUNDED_CAMPAIGN = (*COLLECTING_CAMPAIGN, *SETTLED_CAMPAIGN, *RETURNING_CAMPAIGN)
# Sent for review, and nobody pledges yet: its creator can take it back.
SENT_CAMPAIGN = (CampaignState.SUBMITTED, CampaignState.APPROVED)
# Reviewed, and people pledge or have pledged on what was written: the project stays as it is.
HOLDING_CAMPAIGN = (CampaignState.APPROVED, *OPEN_CAMPAIGN, *COLLECTING_CAMPAIGN)
# For these nobody has paid anything, nor will: another person may propose the project.
UNPAID_CAMPAIGN = (*EDITABLE_CAMPAIGN, CampaignState.CANCELLED, CampaignState.UNFUNDED)
# A project may start another campaign once its last one is in one of these.
FINISHED_CAMPAIGN = (
    CampaignState.CANCELLED,
    CampaignState.UNFUNDED,
    *SETTLED_CAMPAIGN,
    CampaignState.REFUNDED,
)


class RewardKind(models.TextChoices):
    """What backers choose one of, and what they may add to it."""

    REWARD = "reward", _("Reward")
    ADD_ON = "add_on", _("Add-on")


class Handover(models.TextChoices):
    """How a reward comes to its backer."""

    NONE = "none", _("Nothing to hand over")
    PICKUP = "pickup", _("Picked up in the neighborhood")
    SHIPPING = "shipping", _("Sent by post")


class ShortPolicy(models.TextChoices):
    """What happens when some cards of a funded campaign fail: chosen before launch, shown."""

    PAY_ANYWAY = "pay_anyway", _("The project receives what could be collected")
    FLOOR = "floor", _("Below a share of what was pledged, everyone gets their money back")


class Decision(models.TextChoices):
    """How a campaign ended."""

    FUNDED = "funded", _("Funded")
    UNFUNDED = "unfunded", _("Not funded")


class PledgeState(models.TextChoices):
    """From a promise to money, or to nothing."""

    DRAFT = "draft", _("No card yet")
    AUTHORIZING = "authorizing", _("Card being saved")
    ACTIVE = "active", _("Promised")
    CANCELLED = "cancelled", _("Cancelled")
    RELEASED = "released", _("Released, nothing charged")
    DUE = "due", _("About to be charged")
    CHARGING = "charging", _("Being charged")
    PROCESSING = "processing", _("Waiting for the bank")
    DECLINED = "declined", _("Card declined")
    ACTION_REQUIRED = "action_required", _("Needs your confirmation")
    COLLECTED = "collected", _("Collected")
    DISPUTED = "disputed", _("Collected, disputed with the bank")
    CHARGED_BACK = "charged_back", _("Taken back by the bank")
    DROPPED = "dropped", _("Dropped, nothing charged")


PLEDGE_MOVES: dict[PledgeState, frozenset[PledgeState]] = {
    PledgeState.DRAFT: frozenset({PledgeState.AUTHORIZING, PledgeState.CANCELLED}),
    PledgeState.AUTHORIZING: frozenset({PledgeState.ACTIVE, PledgeState.CANCELLED}),
    PledgeState.ACTIVE: frozenset({PledgeState.CANCELLED, PledgeState.RELEASED, PledgeState.DUE}),
    PledgeState.CANCELLED: frozenset(),
    PledgeState.RELEASED: frozenset(),
    PledgeState.DUE: frozenset({PledgeState.CHARGING}),
    PledgeState.CHARGING: frozenset(
        {
            PledgeState.COLLECTED,
            PledgeState.DECLINED,
            PledgeState.ACTION_REQUIRED,
            PledgeState.PROCESSING,
        }
    ),
    PledgeState.PROCESSING: frozenset({PledgeState.COLLECTED, PledgeState.DECLINED}),
    PledgeState.DECLINED: frozenset({PledgeState.CHARGING, PledgeState.DROPPED}),
    PledgeState.ACTION_REQUIRED: frozenset({PledgeState.CHARGING, PledgeState.DROPPED}),
    PledgeState.COLLECTED: frozenset({PledgeState.DISPUTED}),
    PledgeState.DISPUTED: frozenset({PledgeState.COLLECTED, PledgeState.CHARGED_BACK}),
    PledgeState.CHARGED_BACK: frozenset(),
    PledgeState.DROPPED: frozenset(),
}
# A card is being given; the pledge keeps its place and counts for nothing yet.
STARTED_PLEDGE = (PledgeState.DRAFT, PledgeState.AUTHORIZING)
# What its backer can still take back or change.
CHANGEABLE_PLEDGE = (*STARTED_PLEDGE, PledgeState.ACTIVE)
# Its card failed, and its backer can make good.
FAILED_PLEDGE = (PledgeState.DECLINED, PledgeState.ACTION_REQUIRED)
# A charge is or may be under way.
IN_FLIGHT_PLEDGE = (PledgeState.DUE, PledgeState.CHARGING, PledgeState.PROCESSING)
# Owed to a funded campaign, and neither collected nor dropped.
OWED_PLEDGE = (*IN_FLIGHT_PLEDGE, *FAILED_PLEDGE)
# Its card was charged, whatever a bank has done since.
CHARGED_PLEDGE = (PledgeState.COLLECTED, PledgeState.DISPUTED, PledgeState.CHARGED_BACK)
# Collected, and its backer is asked where to and which size.
ANSWERING_PLEDGE = (PledgeState.COLLECTED, PledgeState.DISPUTED)
# Exists only where a campaign was funded.
SETTLING_PLEDGE = (*OWED_PLEDGE, *CHARGED_PLEDGE, PledgeState.DROPPED)
# Its backer stands by it: not let go, dropped or taken back.
BACKING_PLEDGE = (
    PledgeState.ACTIVE,
    *OWED_PLEDGE,
    PledgeState.COLLECTED,
    PledgeState.DISPUTED,
)
# Counts as pledged, whatever became of it.
PLEDGED = (PledgeState.ACTIVE, PledgeState.RELEASED, *SETTLING_PLEDGE)


class Audience(models.TextChoices):
    """Who reads an update of a campaign."""

    ALL = "all", _("Everybody")
    BACKERS = "backers", _("Backers only")


class QuestionKind(models.TextChoices):
    """How a question of a survey is answered."""

    TEXT = "text", _("In a few words")
    CHOICE = "choice", _("One of some choices")
    YES_NO = "yes_no", _("Yes or no")


class AttemptKind(models.TextChoices):
    """Who asked for the charge."""

    AUTO = "auto", _("At the deadline or again later")
    ON_SESSION = "on_session", _("By the backer, on a page")


class AttemptState(models.TextChoices):
    """What is known of one try to charge."""

    PLANNED = "planned", _("Planned")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("No answer yet")
    PROCESSING = "processing", _("Waiting for the bank")
    SUCCEEDED = "succeeded", _("Succeeded")
    DECLINED = "declined", _("Declined")
    ACTION_REQUIRED = "action_required", _("Needs the backer")


_RESOLVED = frozenset(
    {
        AttemptState.PROCESSING,
        AttemptState.SUCCEEDED,
        AttemptState.DECLINED,
        AttemptState.ACTION_REQUIRED,
    }
)
ATTEMPT_MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.PLANNED: frozenset({AttemptState.SENT}) | _RESOLVED,
    AttemptState.SENT: frozenset({AttemptState.UNKNOWN}) | _RESOLVED,
    AttemptState.UNKNOWN: frozenset({AttemptState.SENT}) | _RESOLVED,
    AttemptState.PROCESSING: frozenset({AttemptState.SUCCEEDED, AttemptState.DECLINED}),
    AttemptState.SUCCEEDED: frozenset(),
    AttemptState.DECLINED: frozenset(),
    AttemptState.ACTION_REQUIRED: frozenset(),
}
# At most one of these per pledge: a second try while one may still succeed is refused.
OPEN_ATTEMPT = (
    AttemptState.PLANNED,
    AttemptState.SENT,
    AttemptState.UNKNOWN,
    AttemptState.PROCESSING,
)


class RefundReason(models.TextChoices):
    """Why a backer gets money back."""

    ASKED = "asked", _("The backer asked for it")
    NOT_DELIVERED = "not_delivered", _("The project did not deliver")
    MISTAKE = "mistake", _("It was charged by mistake")
    TOO_LITTLE = "too_little", _("Too little was collected for the project")
    ELSEWHERE = "elsewhere", _("Made at the provider")


# What a person may give as the reason; the others are given by what happened.
GIVEN_REASONS = (RefundReason.ASKED, RefundReason.NOT_DELIVERED, RefundReason.MISTAKE)


class RefundState(models.TextChoices):
    """From somebody's decision to money on a card."""

    WAITING = "waiting", _("Waits for a second person")
    PLANNED = "planned", _("About to be paid back")
    PENDING = "pending", _("On its way")
    SUCCEEDED = "succeeded", _("Paid back")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Not made")


REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.WAITING: frozenset({RefundState.PLANNED, RefundState.CANCELLED}),
    RefundState.PLANNED: frozenset(
        {RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED}
    ),
    RefundState.PENDING: frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
    # A bank may send money back days after the provider said that it was done.
    RefundState.SUCCEEDED: frozenset({RefundState.FAILED}),
    RefundState.FAILED: frozenset(),
    RefundState.CANCELLED: frozenset(),
}
# Counts against what is left of the pledge.
LIVE_REFUND = (
    RefundState.WAITING,
    RefundState.PLANNED,
    RefundState.PENDING,
    RefundState.SUCCEEDED,
)
UNDER_WAY_REFUND = (RefundState.PLANNED, RefundState.PENDING)
# In the books: the backer is owed it, or has it.
DECIDED_REFUND = (*UNDER_WAY_REFUND, RefundState.SUCCEEDED)


class BatchState(models.TextChoices):
    """From the wish to refund a whole campaign to every backer paid back."""

    WAITING = "waiting", _("Waits for a second person")
    RUNNING = "running", _("Being paid back")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Not made")


BATCH_MOVES: dict[BatchState, frozenset[BatchState]] = {
    BatchState.WAITING: frozenset({BatchState.RUNNING, BatchState.CANCELLED}),
    BatchState.RUNNING: frozenset({BatchState.DONE}),
    BatchState.DONE: frozenset(),
    BatchState.CANCELLED: frozenset(),
}


OPEN_BATCH = (BatchState.WAITING, BatchState.RUNNING)


class DisputeState(models.TextChoices):
    """A charge that its payer disputes with the bank."""

    OPEN = "open", _("Being decided")
    WON = "won", _("Decided for the project")
    LOST = "lost", _("Decided for the payer")


DISPUTE_MOVES: dict[DisputeState, frozenset[DisputeState]] = {
    DisputeState.OPEN: frozenset({DisputeState.WON, DisputeState.LOST}),
    DisputeState.WON: frozenset(),
    DisputeState.LOST: frozenset(),
}


class ReportReason(models.TextChoices):
    """What somebody finds wrong with a campaign."""

    FRAUD = "fraud", _("It seems to be a fraud")
    ILLEGAL = "illegal", _("It seems to be illegal")
    OFFENSIVE = "offensive", _("It insults or threatens people")
    NOT_THEIRS = "not_theirs", _("It uses somebody else's work or name")
    OTHER = "other", _("Something else")


class SuspensionOutcome(models.TextChoices):
    """What a moderator decided on an appeal; refused by another one than who suspended it."""

    UPHELD = "upheld", _("It stays suspended")
    LIFTED = "lifted", _("It goes on")
