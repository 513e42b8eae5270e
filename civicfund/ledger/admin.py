"""The books, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from civicfund.audit.admin import ReadOnlyAdmin, ReadOnlyInline
from civicfund.ledger.models import Account, Entry, Posting
from civicfund.people.enums import Role
from civicfund.templatetags.money import money

READERS = frozenset({Role.TREASURER, Role.BUDGET_ADMINISTRATOR})


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin[Account]):
    """Accounts and what is on them: debits less credits."""

    readers = READERS
    list_display = ("code", "kind", "balance")
    list_filter = ("kind",)
    search_fields = ("code",)
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Each with its balance."""
        return super().get_queryset(request).annotate(sum_minor=Sum("postings__amount_minor"))

    @admin.display(description=_("balance"))
    def balance(self, account: Account) -> str:
        """The sum of its postings."""
        return money(getattr(account, "sum_minor", None) or 0, account.currency)


class PostingInline(ReadOnlyInline[Posting, Entry]):
    """The sides of an entry."""

    model = Posting
    fields = ("account", "amount_minor", "currency")


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    """Entries: one money fact each."""

    readers = READERS
    list_display = ("at", "kind", "source_type", "source_id", "legs")
    list_filter = ("kind",)
    search_fields = ("=source_id",)
    ordering = ("-pk",)
    inlines = (PostingInline,)
    show_full_result_count = False
