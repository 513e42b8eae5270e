"""Complaints."""

from __future__ import annotations

from django.urls import path

from civicfund.complaints.views import desk, filing

urlpatterns = [
    path("complaint/", filing.complaint, name="complaint"),
    path("complaint/link/<str:token>/", filing.link, name="complaint_link"),
    path("complaint/<int:pk>/", filing.state, name="complaint_state"),
    path("desk/complaints/", desk.desk, name="complaints_desk"),
    path("desk/complaints/<int:pk>/", desk.complaint, name="complaint_desk"),
]
