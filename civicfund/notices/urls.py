"""The page that a mail's link leads to."""

from __future__ import annotations

from django.urls import path

from civicfund.notices import views

urlpatterns = [path("mail/stop/<str:token>/", views.stop, name="stop_mail")]
