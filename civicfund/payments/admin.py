"""What the provider told us, to look at."""

from __future__ import annotations

from django.contrib import admin

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.payments.models import Orphan, Payer, ProviderEvent
from civicfund.people.enums import Role

READERS = frozenset({Role.TREASURER})


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin[ProviderEvent]):
    """Events of the provider, and whether they were acted on."""

    readers = READERS
    list_display = ("id", "type", "object_id", "received_at", "handled_at", "tries", "error")
    list_filter = ("type", ("handled_at", admin.EmptyFieldListFilter))
    search_fields = ("=id", "=object_id")
    ordering = ("-received_at", "id")
    show_full_result_count = False


@admin.register(Orphan)
class OrphanAdmin(ReadOnlyAdmin[Orphan]):
    """What the provider holds that fits nothing of ours."""

    readers = READERS
    list_display = ("object_id", "reason", "found_at")
    ordering = ("-pk",)


@admin.register(Payer)
class PayerAdmin(ReadOnlyAdmin[Payer]):
    """Who somebody is at the provider."""

    readers = READERS
    list_display = ("user", "customer_id")
    list_select_related = ("user",)
    search_fields = ("=customer_id",)
    ordering = ("-pk",)
