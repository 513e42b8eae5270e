"""The comparison with the provider."""

from __future__ import annotations

from django.urls import path

from civicfund.reconciliation import views

urlpatterns = [
    path("treasury/reconciliation/", views.reconciliation, name="reconciliation"),
    path("treasury/reconciliation/<int:pk>/", views.difference, name="difference"),
    path("treasury/reconciliation.csv", views.reconciliation_csv, name="reconciliation_csv"),
]
