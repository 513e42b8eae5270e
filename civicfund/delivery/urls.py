"""Plans of projects, and the desk that looks whether they are kept."""

from __future__ import annotations

from django.urls import path

from civicfund.delivery import api, views

urlpatterns = [
    path("projects/<int:pk>/plan/", views.plan, name="project_plan"),
    path("projects/<int:pk>/plan/reached/", views.reached, name="milestone_reached"),
    path("desk/milestones/", views.desk, name="milestones_desk"),
    path("api/v1/projects/<int:pk>/plan/", api.ProjectPlan.as_view(), name="api_plan"),
]
