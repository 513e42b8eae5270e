"""What pledges hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, erases, holds, leaves_out
from civicfund.pledges.models import (
    Campaign,
    CampaignReport,
    CampaignUpdate,
    Consent,
    Pledge,
    Refund,
    SurveyAnswer,
    SurveyReply,
    Suspension,
)
from civicfund.pledges.services.forgetting import forget_backer, why_pledges_keep


def declare() -> None:
    """Say it. Of the card what anyone may see; ids at the provider open something, and stay out."""
    erases(forget_backer, keeps=why_pledges_keep)
    holds(
        "pledges", _("What you pledged"), Pledge, "backer",
        columns(
            "id campaign__project__title state amount_minor currency reward__title shipping_minor"
            " show_name created_at confirmed_at card_brand card_last4 card_forgotten_at"
        ),
    )  # fmt: skip
    holds(
        "consents_to_charges", _("Which charges you agreed to"), Consent, "pledge__backer",
        columns("pledge_id text_version amount_minor agreed_at"),
    )  # fmt: skip
    holds(
        "survey_answers", _("Where to you want it sent, as you told a creator"), SurveyAnswer,
        "pledge__backer", columns("pledge_id address answered_at changed_at survey__forget_at"),
    )  # fmt: skip
    holds(
        "survey_replies", _("What else you answered a creator"), SurveyReply,
        "answer__pledge__backer", columns("answer__pledge_id question__words words"),
    )  # fmt: skip
    holds(
        "refunds", _("What was given back to you"), Refund, "pledge__backer",
        columns("pledge_id amount_minor state"),
    )  # fmt: skip
    holds(
        "campaigns", _("Campaigns that you started"), Campaign, "creator",
        columns("id project__title state goal_minor currency deadline_at created_at live_at"),
    )  # fmt: skip
    holds(
        "campaign_updates", _("Updates that you published; their words are among your comments"),
        CampaignUpdate, "words__author",
        columns("campaign_id number title audience published_at words_id"),
    )  # fmt: skip
    holds(
        "reports_of_campaigns", _("Campaigns that you reported"), CampaignReport, "reporter",
        columns("campaign_id reason words created_at"),
    )  # fmt: skip
    holds(
        "suspended_campaigns", _("Why your campaigns were suspended, and your appeals"), Suspension,
        "campaign__creator",
        columns(
            "campaign_id words suspended_at appeal_words appealed_at outcome answer decided_at"
            " lifted_at"
        ),
    )  # fmt: skip
    leaves_out(
        _("Done as a moderator to somebody else's campaign; it stands among your acts."),
        "pledges.Suspension.suspended_by",
        "pledges.Suspension.decided_by",
        "pledges.Suspension.lifted_by",
    )
    leaves_out(
        _("Done as a treasurer; it stands among your acts."),
        "pledges.Refund.requested_by",
        "pledges.RefundBatch.requested_by",
    )
