"""The list of projects, and a proposer's pages. A project's own page is the town's."""

from __future__ import annotations

from django.urls import path

from civicfund.projects import api
from civicfund.projects.views import listing, writing

urlpatterns = [
    path("projects/", listing.project_list, name="projects"),
    path("projects/new/", writing.project_new, name="project_new"),
    path("projects/<int:pk>/edit/", writing.project_edit, name="project_edit"),
    path("projects/<int:pk>/publish/", writing.project_publish, name="project_publish"),
    path("projects/<int:pk>/withdraw/", writing.project_withdraw, name="project_withdraw"),
    path("api/v1/projects/", api.Projects.as_view(), name="api_projects"),
    path("api/v1/projects/<int:pk>/", api.OneProject.as_view(), name="api_project"),
    path(
        "api/v1/projects/<int:pk>/publish/",
        api.PublishProject.as_view(),
        name="api_project_publish",
    ),
    path(
        "api/v1/projects/<int:pk>/withdraw/",
        api.WithdrawProject.as_view(),
        name="api_project_withdraw",
    ),
]
