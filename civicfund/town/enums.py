"""What the trail of the town tells, and whom: each kind of act of the staff, or the site itself.

What residents do for themselves is not in it, whatever else they are: whom they support, what they
back, what they say and report, what they show of their homes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from budgeting.enums import ACT_WORDS, VERB_WORDS
from civicfund.payouts.enums import PayoutState, ReversalState
from civicfund.people.enums import Role
from civicfund.pledges.enums import (
    CAMPAIGN_EVENT_WORDS,
    BatchState,
    DisputeState,
    RefundState,
)
from civicfund.projects.enums import PROJECT_EVENT_WORDS, MergeState
from civicfund.reconciliation.enums import ExplanationState
from civicfund.talk.enums import COMMENT_EVENT_WORDS, PAUSE_EVENT_WORDS

Words = Mapping[str, Promise | str]


@dataclass(frozen=True, slots=True)
class Area:
    """Some of the trail: for whom, and what of which kinds of things, in words.

    Superusers read it, too, but where it is ``closed`` to all who lack the role.
    """

    roles: frozenset[Role]
    # By the kind of thing: what happened to it, and what is asked for about it.
    happened: Mapping[str, Words]
    asked: Mapping[str, Words] = field(default_factory=dict)
    closed: bool = False


def _moved(name: str, states: type[TextChoices], thing: Promise) -> dict[str, Promise | str]:
    """Words for each state that something comes to."""
    return {
        f"{name}.{state}": format_lazy(_("{thing}: {state}"), thing=thing, state=state.label)
        for state in states
    }


def _of_cycles(*names: str) -> Words:
    return {verb: said for verb, said in VERB_WORDS.items() if verb.split(".")[0] in names}


def _only(words: Words, *names: str) -> Words:
    return {name: words[name] for name in names}


_PAYOUT, _REVERSAL = _("Payout"), _("Payout that is taken back")
_REFUND, _BATCH = _("Refund"), _("Refund of a campaign")
_DISPUTE, _MERGE = _("Dispute"), _("Merge of two projects")
AREAS = (
    Area(
        frozenset({Role.MODERATOR, Role.REVIEWER}),
        {"pledges.campaign": CAMPAIGN_EVENT_WORDS},
    ),
    Area(
        frozenset({Role.MODERATOR}),
        {
            "pledges.campaignreport": {
                "campaign_report.handled": _("A report of a campaign was answered"),
            },
            "projects.merge": _moved("merge", MergeState, _MERGE),
            "projects.project": _only(
                PROJECT_EVENT_WORDS,
                "project.appeal_lifted",
                "project.appeal_upheld",
                "project.appealed",
                "project.author_on_paper_named",
                "project.came_out_hidden",
                "project.flags_dismissed",
                "project.part_shown_again",
                "project.part_taken_down",
                "project.restored",
                "project.taken_down",
                "project.taken_over",
            ),
            "talk.comment": _only(
                COMMENT_EVENT_WORDS,
                "comment.appeal_lifted",
                "comment.appeal_upheld",
                "comment.appealed",
                "comment.flags_dismissed",
                "comment.hidden",
                "comment.restored",
            ),
            "talk.pause": PAUSE_EVENT_WORDS,
        },
    ),
    Area(
        frozenset({Role.MODERATOR, Role.SPOKESPERSON}),
        {"talk.comment": _only(COMMENT_EVENT_WORDS, "comment.answered_for_city")},
    ),
    Area(
        frozenset({Role.MODERATOR, Role.TREASURER}),
        {
            "delivery.milestone": {
                "milestone.confirmed": _("A milestone was found to be reached"),
                "milestone.not_reached": _("A milestone was found not to be reached"),
                "milestone.reported": _("A milestone was said to be reached"),
            },
        },
        {"delivery.milestonereport": {"reach_milestone": _("Confirming a milestone")}},
    ),
    Area(
        frozenset({Role.TREASURER}),
        {
            "budgeting.cycle": _only(VERB_WORDS, "cycle.appropriated"),
            "notices.message": {"message.sent_again": _("A mail was sent again")},
            "payments.orphan": {
                "orphan.reviewed": _("Somebody looked at what fits nothing of ours"),
            },
            "payouts.payout": _moved("payout", PayoutState, _PAYOUT)
            | {"payout.asked": _("A payout was asked for")},
            "payouts.payoutaccount": {
                "payout_account.approved": _("An account for receiving money was approved"),
                "payout_account.status": _("The provider judged an account for receiving money"),
            },
            "payouts.reversal": _moved("reversal", ReversalState, _REVERSAL)
            | {
                "reversal.asked": _("It was asked that a payout be taken back"),
                "reversal.made_elsewhere": _("A payout was taken back at the provider"),
            },
            "payouts.withdrawal": {"withdrawal.found": _("Money went to the town's bank")},
            "pledges.dispute": _moved("dispute", DisputeState, _DISPUTE)
            | {"dispute.opened": _("A bank disputes a charge")},
            "pledges.pledge": {"pledge.tried_again": _("A card was charged once more")},
            "pledges.refund": _moved("refund", RefundState, _REFUND)
            | {
                "refund.asked": _("A refund was asked for"),
                "refund.made_elsewhere": _("Money was given back at the provider"),
            },
            "pledges.refundbatch": _moved("refundbatch", BatchState, _BATCH)
            | {"refund_batch.asked": _("The refund of a campaign was asked for")},
            "reconciliation.explanation": _moved(
                "explanation", ExplanationState, _("Difference in the books")
            )
            | {"difference.explained": _("A difference in the books was explained")},
        },
        {
            "budgeting.cycle": _only(ACT_WORDS, "cycle.appropriate"),
            "payouts.payout": {"pay_out": _("Payout")},
            "payouts.payoutaccount": {"use_payout_account": _("Account for receiving money")},
            "payouts.reversal": {"take_back_payout": _("Taking a payout back")},
            "pledges.refund": {"refund": _("Refund")},
            "pledges.refundbatch": {"refund_campaign": _("Refund of a campaign")},
            "reconciliation.explanation": {"correct_books": _("Correction of the books")},
        },
    ),
    Area(
        frozenset({Role.POLL_OFFICER}),
        {
            "people.residency": {
                "residency.age_seen": _("It was noted how old somebody is at least"),
                "residency.looked_up": _("A home was looked up"),
                "residency.proof_taken_back": _("A home is no longer confirmed"),
                "residency.proved": _("A home was confirmed"),
            },
            "people.residencedocument": {
                "residence_document.accepted": _("A document about a home was accepted"),
                "residence_document.expired": _("A document about a home was not decided in time"),
                "residence_document.read": _("A document about a home was read"),
                "residence_document.refused": _("A document about a home was refused"),
            },
        },
        {
            "people.residencedocument": {
                "residence_document.decide": _("What a document about a home shows"),
            },
        },
    ),
    Area(
        frozenset({Role.BUDGET_ADMINISTRATOR}),
        {
            "budgeting.announcement": _of_cycles("announcement"),
            "budgeting.cycle": _of_cycles("cycle"),
            "budgeting.kiosk": _of_cycles("kiosk"),
            "budgeting.pollingplace": _of_cycles("polling_place"),
            "budgeting.pot": _of_cycles("pot"),
            "places.neighborhood": {
                "neighborhood.edited": _("The name of a place was corrected"),
                "neighborhood.population_set": _("How many people live in a place was set"),
            },
        },
        {"budgeting.cycle": ACT_WORDS},
    ),
    Area(
        frozenset({Role.COMPLAINTS_OFFICER}),
        {
            "complaints.complaint": {
                "complaint.answered": _("A complaint was answered"),
                "complaint.forgotten": _("A complaint was deleted on its day"),
                "complaint.given_back": _("A complaint was given back"),
                "complaint.made": _("A complaint came in"),
                "complaint.noted": _("A note was written on a complaint"),
                "complaint.reopened": _("A second look at a complaint was asked for"),
                "complaint.taken": _("A complaint was taken on"),
                "complaint.taken_back": _("A complaint was taken back"),
            },
        },
        closed=True,
    ),
    # For superusers alone.
    Area(
        frozenset(),
        {
            "people.user": {
                "role.granted": _("A role was given"),
                "role.looked_up": _("Somebody was looked up, to be given a role"),
                "role.revoked": _("A role was taken"),
            },
        },
        {"people.user": {"role.give": _("A role")}},
    ),
)
# Who has something to read there.
TRAIL_ROLES = tuple(role for role in Role if any(role in area.roles for area in AREAS))
# What an act is called once it is asked for, agreed to, taken back.
ANSWERED = {
    "asked": _("{act}: asked for"),
    "agreed": _("{act}: agreed to"),
    "taken_back": _("{act}: taken back"),
}
# What residents do for themselves, and what the site does with a pledge: on no trail.
PRIVATE = frozenset(
    {
        "campaign_update.published",
        "comment.corrected",
        "comment.deleted",
        "comment.edited",
        "comment.flagged",
        "comment.written",
        # Whom a complaint names is for those who answer it.
        "complaint.named",
        "payout_account.opened",
        "person.erased",
        "personal_copy.asked",
        "personal_copy.deleted",
        "personal_copy.made",
        "personal_copy.taken",
        "pledge.card_changed",
        "pledge.card_renewed",
        "pledge.changed",
        "pledge.chosen",
        "pledge.claimed",
        "policies.agreed",
        "project.co_author_declined",
        "project.co_author_does",
        "project.co_author_invited",
        "project.co_author_joined",
        "project.co_author_left",
        "project.co_author_not_invited",
        "project.co_author_removed",
        "project.copied",
        "project.created",
        "project.edited",
        "project.file_added",
        "project.file_described",
        "project.file_put_in_front",
        "project.file_removed",
        "project.flagged",
        "project.handed_on",
        "project.help_offered",
        "project.join_accepted",
        "project.join_asked",
        "project.join_declined",
        "project.join_taken_back",
        "project.merge_asked",
        "project.not_supported",
        "project.planned",
        "project.supported",
        "residence_document.sent",
        "residence_document.withdrawn",
        "residency.stated",
        "survey.answered",
        "survey.answers_forgotten",
        "survey.closed",
        "survey.reminded",
        "survey.sent",
        "survey.written",
    }
)


def kinds_of(areas: Iterable[Area]) -> dict[str, Promise | str]:
    """Every kind of act in some areas, with its words."""
    kinds: dict[str, Promise | str] = {}
    for area in areas:
        for words in area.happened.values():
            kinds |= words
        for acts in area.asked.values():
            for act, said in acts.items():
                kinds |= {
                    f"{act}.{how}": format_lazy(form, act=said) for how, form in ANSWERED.items()
                }
    return kinds
