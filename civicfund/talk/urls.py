"""Threads."""

from __future__ import annotations

from django.urls import path

from civicfund.talk import api
from civicfund.talk.views import comments, desk, flagging, following, hidden, pausing, questions

urlpatterns = [
    path("talk/<slug:kind>/<int:pk>/", comments.thread, name="thread"),
    path("talk/<slug:kind>/<int:pk>/follow/", following.follow, name="follow"),
    path("me/notices/", following.my_notices, name="my_notices"),
    path("me/notices/<int:pk>/", following.my_notice, name="my_notice"),
    path("me/pause/", pausing.my_pause, name="my_pause"),
    path("comments/<int:pk>/", comments.comment, name="comment"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("comments/<int:pk>/flag/", flagging.flag, name="comment_flag"),
    path("comments/<int:pk>/appeal/", flagging.appeal, name="comment_appeal"),
    path("moderation/", flagging.moderation, name="moderation"),
    path("moderation.csv", flagging.moderation_csv, name="moderation_csv"),
    path("desk/comments/", desk.desk, name="comments_desk"),
    path("desk/comments/hidden/", hidden.hidden, name="hidden_desk"),
    path("desk/comments/by/<int:pk>/", hidden.author, name="judge_author"),
    path("desk/comments/by/<int:pk>/pause/", pausing.pause, name="pause_person"),
    path("desk/comments/<int:pk>/", desk.judge, name="judge_comment"),
    path("desk/questions/", questions.desk, name="questions_desk"),
    path("desk/questions/<int:pk>/", questions.answer, name="answer_question"),
    path("api/v1/talk/<slug:kind>/<int:pk>/", api.OneThread.as_view(), name="api_thread"),
    path("api/v1/me/follows/", api.MyFollows.as_view(), name="api_follows"),
    path("api/v1/me/notices/", api.MyNotices.as_view(), name="api_notices"),
    path("api/v1/comments/<int:pk>/", api.OneComment.as_view(), name="api_comment"),
]
