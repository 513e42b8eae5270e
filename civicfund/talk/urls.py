"""Threads."""

from __future__ import annotations

from django.urls import path

from civicfund.talk import api
from civicfund.talk.views import comments

urlpatterns = [
    path("talk/<slug:kind>/<int:pk>/", comments.thread, name="thread"),
    path("comments/<int:pk>/", comments.comment, name="comment"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("api/v1/talk/<slug:kind>/<int:pk>/", api.OneThread.as_view(), name="api_thread"),
    path("api/v1/comments/<int:pk>/", api.OneComment.as_view(), name="api_comment"),
]
