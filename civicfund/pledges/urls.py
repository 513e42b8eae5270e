"""Campaigns, and a backer's own pages."""

from __future__ import annotations

from django.urls import path

from civicfund.pledges import api
from civicfund.pledges.views import (
    campaigns,
    choosing,
    desk,
    drafting,
    guests,
    moderating,
    pledges,
    receipts,
    rewards,
    surveys,
    updates,
)

urlpatterns = [
    path("campaigns/", campaigns.campaign_list, name="campaigns"),
    path("campaigns/<int:pk>/", campaigns.campaign_page, name="campaign"),
    path("campaigns/<int:pk>/settlement/", campaigns.settlement, name="settlement"),
    path("campaigns/<int:pk>/backers/", desk.campaign_backers, name="campaign_backers"),
    path("campaigns/<int:pk>/backers.csv", desk.campaign_backers_csv, name="campaign_backers_csv"),
    path("campaigns/<int:pk>/report/", desk.campaign_report, name="campaign_report"),
    path("campaigns/<int:pk>/questions/", desk.campaign_questions, name="campaign_questions"),
    path("campaigns/<int:pk>/updates/", updates.campaign_updates, name="campaign_updates"),
    path("campaigns/<int:pk>/updates/new/", updates.update_new, name="update_new"),
    path(
        "campaigns/<int:pk>/updates/<int:number>/", updates.campaign_update, name="campaign_update"
    ),
    path(
        "campaigns/<int:pk>/updates/<int:number>/correct/",
        updates.update_correct,
        name="update_correct",
    ),
    path("campaigns/<int:pk>/rewards/new/", rewards.reward_new, name="reward_new"),
    path("campaigns/<int:pk>/surveys/", surveys.campaign_surveys, name="campaign_surveys"),
    path("campaigns/<int:pk>/surveys/<int:reward>/", surveys.survey, name="survey"),
    path("campaigns/<int:pk>/surveys/<int:reward>.csv", surveys.survey_csv, name="survey_csv"),
    path("pledges/<uuid:pk>/survey/", surveys.pledge_survey, name="pledge_survey"),
    path("pledges/survey/<str:token>/", surveys.survey_link, name="survey_link"),
    path("desk/campaigns/", moderating.desk, name="campaigns_desk"),
    path("desk/campaigns/<int:pk>/", moderating.judge, name="judge_campaign"),
    path("desk/campaigns/<int:pk>/preview/", moderating.preview, name="preview_campaign"),
    path("projects/<int:pk>/campaign/", drafting.campaign_new, name="campaign_new"),
    path(
        "projects/<int:pk>/campaign/preview/",
        drafting.campaign_new_preview,
        name="campaign_new_preview",
    ),
    path("campaigns/<int:pk>/edit/", drafting.campaign_edit, name="campaign_edit"),
    path(
        "campaigns/<int:pk>/edit/preview/",
        drafting.campaign_edit_preview,
        name="campaign_edit_preview",
    ),
    path("campaigns/<int:pk>/submit/", drafting.campaign_submit, name="campaign_submit"),
    path(
        "campaigns/<int:pk>/throw-away/", drafting.campaign_throw_away, name="campaign_throw_away"
    ),
    path("campaigns/<int:pk>/cancel/", campaigns.campaign_cancel, name="campaign_cancel"),
    path("campaigns/<int:pk>/take-back/", campaigns.campaign_take_back, name="campaign_take_back"),
    path("campaigns/<int:pk>/appeal/", campaigns.campaign_appeal, name="campaign_appeal"),
    path("campaigns/<int:pk>/pledge/", choosing.pledge_new, name="pledge"),
    path("pledges/<uuid:pk>/", pledges.pledge_detail, name="pledge_detail"),
    path("pledges/<uuid:pk>/receipt.pdf", receipts.receipt_pdf, name="pledge_receipt"),
    path("me/statements/", receipts.statements, name="statements"),
    path("me/statements/<int:year>.pdf", receipts.statement_pdf, name="statement_pdf"),
    path("pledges/<uuid:pk>/change/", choosing.pledge_change, name="pledge_change"),
    path("pledges/<uuid:pk>/cancel/", pledges.pledge_cancel, name="pledge_cancel"),
    path("pledges/<uuid:pk>/card/", pledges.pledge_card, name="pledge_card"),
    path("pledges/<uuid:pk>/recover/", pledges.pledge_recover, name="pledge_recover"),
    path("pledges/<uuid:pk>/paid/", pledges.pledge_paid, name="pledge_paid"),
    path("pledges/pay/<str:token>/", pledges.recovery_link, name="pledge_recovery_link"),
    path("pledges/open/<str:token>/", guests.guest_link, name="guest_pledge_link"),
    path(
        "pledges/open/<str:token>/updates/<int:number>/",
        guests.guest_update_link,
        name="guest_update_link",
    ),
    path("pledges/<uuid:pk>/return/", pledges.pledge_return, name="pledge_return"),
    path("api/v1/campaigns/", api.Campaigns.as_view(), name="api_campaigns"),
    path("api/v1/campaigns/<int:pk>/", api.OneCampaign.as_view(), name="api_campaign"),
    path("api/v1/campaigns/<int:pk>/pledge/", api.PledgeToCampaign.as_view(), name="api_pledge"),
    path("api/v1/campaigns/<int:pk>/updates/", api.Updates.as_view(), name="api_updates"),
    path("api/v1/pledges/", api.MyPledges.as_view(), name="api_pledges"),
    path("api/v1/pledges/<uuid:pk>/", api.MyPledge.as_view(), name="api_pledge_detail"),
    path("api/v1/pledges/<uuid:pk>/card/", api.MyPledgeCard.as_view(), name="api_pledge_card"),
]
