"""Payouts, and the accounts that they go to."""

from __future__ import annotations

from django.urls import path

from civicfund.payouts import views

urlpatterns = [
    path("me/payout-account/", views.account, name="payout_account"),
    path("me/payout-account/provider/", views.onboarding, name="payout_onboarding"),
    path("me/payout-account/return/", views.account_return, name="payout_account_return"),
    path("treasury/payouts/", views.desk, name="payouts"),
    path(
        "treasury/payouts/accounts/<int:pk>/approve/",
        views.account_approve,
        name="payout_account_approve",
    ),
    path("treasury/payouts/projects/<int:pk>/", views.project, name="project_payouts"),
]
