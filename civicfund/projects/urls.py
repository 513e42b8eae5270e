"""The list of projects, and a proposer's pages. A project's own page is the town's."""

from __future__ import annotations

from django.urls import path

from civicfund.projects import api
from civicfund.projects.views import (
    authors,
    copying,
    files,
    help,
    history,
    joining,
    listing,
    merging,
    moderation,
    similar,
    supporting,
    veiling,
    writing,
)

urlpatterns = [
    path("projects/", listing.project_list, name="projects"),
    path("projects/new/", writing.project_new, name="project_new"),
    path("projects/<int:pk>/edit/", writing.project_edit, name="project_edit"),
    path("projects/<int:pk>/publish/", writing.project_publish, name="project_publish"),
    path("projects/<int:pk>/withdraw/", writing.project_withdraw, name="project_withdraw"),
    path("projects/<int:pk>/authors/", authors.authors, name="project_authors"),
    path(
        "projects/<int:pk>/authors/<int:invitation>/",
        authors.take_back,
        name="project_invitation_taken_back",
    ),
    path("projects/<int:pk>/join/", joining.join, name="project_join"),
    path("projects/<int:pk>/join/<int:wish>/", joining.answer, name="project_join_answer"),
    path("projects/<int:pk>/leave/", authors.leave, name="project_leave"),
    path("projects/invitations/<str:token>/", authors.invitation, name="project_invitation"),
    path("projects/<int:pk>/support/", supporting.support, name="project_support"),
    path("projects/similar/", similar.similar, name="similar_projects"),
    path("projects/<int:pk>/merge/", merging.ask, name="project_merge"),
    path("projects/merges/", merging.desk, name="merge_desk"),
    path("projects/merges/<int:merge>/", merging.answer, name="project_merge_answer"),
    path("projects/<int:pk>/flag/", moderation.flag, name="project_flag"),
    path("projects/<int:pk>/appeal/", moderation.appeal, name="project_appeal"),
    path("desk/projects/<int:pk>/", moderation.judge, name="judge_project"),
    path(
        "desk/projects/<int:pk>/versions/<int:number>/",
        veiling.judge_version,
        name="judge_version",
    ),
    path("desk/projects/<int:pk>/files/<uuid:file>/", veiling.judge_file, name="judge_file"),
    path("projects/<int:pk>/files/", files.files, name="project_files"),
    path("projects/<int:pk>/files/<uuid:file>/", files.remove, name="project_file_removed"),
    path("projects/<int:pk>/files/<uuid:file>/words/", files.describe, name="project_file_words"),
    path("projects/<int:pk>/files/<uuid:file>/first/", files.put_first, name="project_file_first"),
    path("files/<uuid:pk>/", files.content, name="project_file"),
    path("files/<uuid:pk>/tiny/", files.content, {"side": "tiny"}, name="project_file_tiny"),
    path("files/<uuid:pk>/small/", files.content, {"side": "small"}, name="project_file_small"),
    path("projects/<int:pk>/copy/", copying.copy, name="project_copy"),
    path("projects/help/", help.wanted, name="help_wanted"),
    path("projects/<int:pk>/help/<slug:part>/", help.offer, name="project_offer"),
    path("projects/<int:pk>/offers/", help.offers, name="project_offers"),
    path("projects/<int:pk>/offers/<int:offer>/", help.answer, name="project_offer_answer"),
    path("projects/<int:pk>/offers/<int:offer>/file/", help.file, name="project_offer_file"),
    path(
        "projects/<int:pk>/offers/<int:offer>/file/small/",
        help.file,
        {"side": "small"},
        name="project_offer_file_small",
    ),
    path("projects/<int:pk>/history/", history.history, name="project_history"),
    path("projects/<int:pk>/history/<int:number>/", history.version, name="project_version"),
    path(
        "projects/<int:pk>/history/<int:number>/restore/",
        history.restore,
        name="project_restore",
    ),
    path("api/v1/projects/", api.Projects.as_view(), name="api_projects"),
    path("api/v1/projects/<int:pk>/", api.OneProject.as_view(), name="api_project"),
    path(
        "api/v1/projects/<int:pk>/publish/",
        api.PublishProject.as_view(),
        name="api_project_publish",
    ),
    path(
        "api/v1/projects/<int:pk>/support/",
        api.SupportProject.as_view(),
        name="api_project_support",
    ),
    path(
        "api/v1/projects/<int:pk>/withdraw/",
        api.WithdrawProject.as_view(),
        name="api_project_withdraw",
    ),
]
