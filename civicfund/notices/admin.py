"""The outbox in the admin."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.notices.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin[Message]):
    """What people were told, and what could not be delivered."""

    list_display = ("kind", "source", "recipient", "created_at", "tries", "sent_at", "given_up_at")
    list_filter = (
        "kind",
        ("sent_at", admin.EmptyFieldListFilter),
        ("given_up_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("recipient",)
    ordering = ("-pk",)
