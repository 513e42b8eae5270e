"""The outbox in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.notices.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin[Message]):
    """Of what people were told, when, and what could not be delivered.

    Never what stands in it: its links open what they are sent for without signing in. Who made a
    complaint is for nobody, and so are the mails about it.
    """

    shown = (
        "kind",
        "source",
        "recipient",
        "created_at",
        "next_try_at",
        "tries",
        "sent_at",
        "given_up_at",
    )
    list_display = ("kind", "source", "recipient", "created_at", "tries", "sent_at", "given_up_at")
    list_filter = (
        "kind",
        ("sent_at", admin.EmptyFieldListFilter),
        ("given_up_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("recipient",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """All but those about complaints."""
        return super().get_queryset(request).exclude(kind__startswith="complaint_")
