"""What a backer paid, to keep: receipts and yearly statements."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from civicfund.papers import Table, paper, pdf_response
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.pledges.access import own_pledge
from civicfund.pledges.selectors.receipts import Receipt, Statement, receipt_of, statements_of
from civicfund.pledges.views.guests import BackerRequest, backer_required
from civicfund.templatetags.money import money


@login_required
@require_safe
@never_cache
def statements(request: SignedInRequest) -> HttpResponse:
    """What one's cards were charged, year by year."""
    return render(request, "pledges/statements.html", {"statements": statements_of(request.user)})


@login_required
@require_safe
@never_cache
def statement_pdf(request: SignedInRequest, year: int) -> HttpResponse:
    """One year of it, to print and keep."""
    for statement in statements_of(request.user):
        if statement.year == year:
            content = _statement(statement, request.user.display_name)
            return pdf_response(f"statement-{year}.pdf", content)
    raise Http404("Nothing was charged in that year.")


@backer_required
@require_safe
@never_cache
def receipt_pdf(request: BackerRequest, pk: UUID) -> HttpResponse:
    """The receipt of one's own pledge, once its card was charged; a guest's, too."""
    found = receipt_of(own_pledge(request.backer, pk))
    if found is None:
        raise Http404("Nothing was charged.")
    return pdf_response(f"receipt-{pk}.pdf", _receipt(found, _named(request.backer)))


def _named(backer: User) -> str:
    """Who paid: a guest may have given no name, but has an address."""
    return backer.display_name or backer.guest_email


def _receipt(receipt: Receipt, name: str) -> bytes:
    pledge = receipt.pledge
    charged = _day(receipt)
    paid = [(label, money(amount, pledge.currency)) for label, amount in _parts(receipt)]
    paid.append((_("Charged to your card"), money(pledge.amount_minor, pledge.currency)))
    returned = [
        (
            date_format(timezone.localtime(refund.resolved_at), "j F Y"),
            money(refund.amount_minor, refund.currency),
        )
        for refund in receipt.refunds
    ]
    if receipt.by_bank_minor:
        returned.append((_("By your bank"), money(receipt.by_bank_minor, pledge.currency)))
    tables = [Table(_("What you paid for"), [_("What"), _("Amount")], paid)]
    if returned:
        tables.append(Table(_("What was paid back"), [_("When"), _("Amount")], returned))
    return paper(
        _("Receipt"),
        lead=[
            _("For %(name)s") % {"name": name},
            _("Project: %(title)s") % {"title": pledge.campaign.project.title},
            _("Charged on %(day)s, %(card)s") % {"day": charged, "card": pledge.card_words},
            _("Pledge number %(number)s") % {"number": pledge.pk},
        ],
        tables=tables,
        foot=_foot(),
    )


def _parts(receipt: Receipt) -> list[tuple[str, int]]:
    """What the pledge was made of; the rest of it is a gift."""
    pledge = receipt.pledge
    parts = [(pledge.reward.title, pledge.reward.amount_minor)] if pledge.reward else []
    parts += [(str(each), each.amount_minor) for each in pledge.add_ons.all()]
    if pledge.shipping_zone is not None:
        to = _("Sent to: %(zone)s") % {"zone": pledge.shipping_zone.name}
        parts.append((to, pledge.shipping_minor))
    rest = pledge.amount_minor - sum(amount for _label, amount in parts)
    if rest:
        parts.append((_("Support of the project"), rest))
    return parts


def _statement(statement: Statement, name: str) -> bytes:
    rows: list[tuple[str, ...]] = [
        (
            _day(each),
            each.pledge.campaign.project.title,
            money(each.pledge.amount_minor, each.pledge.currency),
            money(each.returned_minor, each.pledge.currency),
            money(each.kept_minor, each.pledge.currency),
        )
        for each in statement.receipts
    ]
    sums = (statement.charged_minor, statement.returned_minor, statement.kept_minor)
    rows.append((_("In all"), "", *(money(amount, settings.CURRENCY) for amount in sums)))
    columns = [_("Charged on"), _("Project"), _("Charged"), _("Paid back"), _("Paid")]
    return paper(
        _("Pledges charged in %(year)s") % {"year": statement.year},
        lead=[
            _("For %(name)s") % {"name": name},
            _("As of %(day)s") % {"day": date_format(timezone.localdate(), "j F Y")},
        ],
        tables=[Table(_("Each pledge"), columns, rows)],
        foot=_foot(),
    )


def _day(receipt: Receipt) -> str:
    return date_format(timezone.localtime(receipt.charged_at), "j F Y")


def _foot() -> str:
    return _("Issued by %(town)s, %(site)s. A pledge supports a project; it is not an invoice.") % {
        "town": settings.TOWN_NAME,
        "site": settings.SITE_URL,
    }
