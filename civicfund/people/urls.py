"""A person's own pages, and the officers' desk for homes. Signing in and up is allauth's."""

from __future__ import annotations

from django.urls import path

from civicfund.people.views import closing, confirming, copies, documents, homes, roles

urlpatterns = [
    path("me/residency/", homes.residency, name="residency"),
    path("me/residency/document/", documents.send, name="send_document"),
    path("me/residency/document/withdraw/", documents.withdraw, name="withdraw_document"),
    path("me/data/", copies.my_data, name="my_data"),
    path("me/data/copy.zip", copies.take, name="take_my_data"),
    path("me/data/delete/", copies.delete, name="delete_my_data"),
    path("me/close/", closing.close, name="close_account"),
    path("desk/roles/", roles.roles_desk, name="roles_desk"),
    path("desk/homes/", confirming.homes_desk, name="homes_desk"),
    path("desk/residence/", documents.desk, name="residence_desk"),
    path("desk/residence/<uuid:pk>/", documents.document, name="residence_document"),
    path("desk/residence/<uuid:pk>/content/", documents.content, name="residence_content"),
]
