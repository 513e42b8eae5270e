"""Help: the list of what is looked for, an offer, and what authors do with offers."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.forms import BaseFormSet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund.asking import asked_again
from civicfund.paging import LeanPaginator
from civicfund.people.domain import LARGEST_BYTES
from civicfund.people.requests import HttpRequest, OnlyInMemory, SignedInRequest
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import feature_collection, ids_within
from civicfund.prepared import Prepared
from civicfund.projects.access import is_author, offered_file, visible_project
from civicfund.projects.enums import OfferState, Part
from civicfund.projects.forms import (
    CostLineForm,
    CostLines,
    HelpFilter,
    OfferForm,
    amount_hint,
    costs_of,
)
from civicfund.projects.models import Offer, OfferFile, Project, ProjectQuerySet
from civicfund.projects.selectors import help_wanted, helps_of_row
from civicfund.projects.selectors.supports import with_gathering
from civicfund.projects.services import ProjectError
from civicfund.projects.services.files import kept_of
from civicfund.projects.services.offers import (
    Help,
    accept_offer,
    decline_offer,
    offer_help,
    withdraw_offer,
)
from civicfund.projects.views.acting import are_too_many_files, is_too_much, told
from civicfund.projects.views.files import served
from civicfund.strangers import kept_for_strangers

PER_PAGE, OFFERS_PER_PAGE = 24, 20
ANSWERS = {"accept": accept_offer, "decline": decline_offer, "withdraw": withdraw_offer}


@kept_for_strangers
@require_safe
def wanted(request: HttpRequest) -> HttpResponse:
    """What projects lack, by neighborhood and by kind of help. Wrong filters answer 400."""
    form = HelpFilter(request.GET)
    page = _pages(form).get_page(request.GET.get("page"))
    cards = [(project, helps_of_row(project)) for project in with_gathering(page)]
    context = {"form": form, "page": page, "cards": cards}
    status = 200 if form.is_valid() else 400
    return render(request, "projects/help_wanted.html", context, status=status)


def _pages(form: HelpFilter) -> LeanPaginator:
    if not form.is_valid():
        return LeanPaginator(Project.objects.none(), PER_PAGE)
    place = form.cleaned_data["neighborhood"]
    part = Part(form.cleaned_data["part"]) if form.cleaned_data["part"] else None
    here = Project.objects.all()
    if place:
        here = here.filter(neighborhood__in=ids_within(place.pk))
    cards = here.wanting(part).order_by("-published_at", "-pk")
    return LeanPaginator(cards, PER_PAGE, count=here.count_wanting(part), read=_rows)


@Prepared
def _rows(pks: Collection[int]) -> ProjectQuerySet:
    rows = Project.objects.filter(pk__in=pks).wanting().select_related("neighborhood")
    return rows.defer("story", "search", "neighborhood__boundary")


@csrf_exempt  # until the handler below is in place; then it is checked as everywhere
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: SignedInRequest, pk: int, part: str) -> HttpResponseBase:
    """Bring a part that a project lacks."""
    if request.method == "POST":
        request.upload_handlers = [OnlyInMemory(request, most=LARGEST_BYTES)]
    return _offer_page(request, pk, part)


@csrf_protect
def _offer_page(request: SignedInRequest, pk: int, part: str) -> HttpResponseBase:
    asks = asked_again(request)
    if asks:
        return asks
    project = visible_project(request.user, pk)
    if part not in Part.values:
        raise Http404("No such part.")
    wanted_part = Part(part)
    posted = request.POST if request.method == "POST" else None
    form, lines = OfferForm(wanted_part, posted, request.FILES or None), CostLines(posted)
    costs, status = wanted_part == Part.COST, 200
    if posted is not None:
        status = _offer(request, project, wanted_part, form, lines if costs else None)
        if status == 200:
            return redirect("project_offers", pk=pk)
    context = {
        "project": project,
        "part": wanted_part,
        "form": form,
        "lines": lines if costs else None,
        "amount_hint": amount_hint(),
        "still": wanted_part in help_wanted(project),
        "shapes": feature_collection(Neighborhood.objects.neighborhoods()),
    }
    return render(request, "projects/offer.html", context, status=status)


def _offer(
    request: SignedInRequest,
    project: Project,
    part: Part,
    form: OfferForm,
    lines: BaseFormSet[CostLineForm] | None,
) -> int:
    """Offer what was written; otherwise the form says why not and keeps it: the answer's status."""
    if request.FILES and are_too_many_files(request, form):
        return 429
    if not all([form.is_valid(), lines is None or lines.is_valid()]):
        return 400
    data = form.cleaned_data
    try:
        content = form.content
        given = Help(
            words=data["words"],
            latitude=data.get("latitude"),
            longitude=data.get("longitude"),
            costs=costs_of(lines) if lines is not None else (),
            file=None if content is None else kept_of(content, words=data["shows"]),
        )
        if is_too_much(request, "offer_help", form):
            return 429
        offer_help(project, part, given, by=request.user)
    except ProjectError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return 400
    return 200


@login_required
@require_safe
def offers(request: SignedInRequest, pk: int) -> HttpResponse:
    """What was offered: for the authors all that nobody took back, one's own for anybody else."""
    project = visible_project(request.user, pk)
    may_write = is_author(request.user, project)
    rows = project.offers.select_related("by").order_by("-offered_at", "-pk")
    rows = rows.prefetch_related(Prefetch("file", OfferFile.objects.without_content()))
    mine = Q(by=request.user)
    shown = rows.filter(mine | ~Q(state=OfferState.WITHDRAWN) if may_write else mine)
    page = Paginator(shown, OFFERS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"project": project, "may_write": may_write, "page": page}
    if any(row.points for row in page):
        context["shapes"] = feature_collection(Neighborhood.objects.neighborhoods())
    return render(request, "projects/offers.html", context)


@login_required
@require_POST
def answer(request: SignedInRequest, pk: int, offer: int) -> HttpResponse:
    """Authors take or decline an offer; whoever made it takes it back."""
    project = visible_project(request.user, pk)
    found = get_object_or_404(Offer.objects.select_related("project"), pk=offer, project=project)
    if not is_author(request.user, project) and found.by_id != request.user.pk:
        raise PermissionDenied
    act = ANSWERS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404("No such answer.")
    told(request, lambda: act(found, by=request.user), _("Done."))
    return redirect("project_offers", pk=pk)


@login_required
@require_safe
def file(request: SignedInRequest, pk: int, offer: int, side: str = "full") -> HttpResponse:
    """What waits with an offer, for those who write the project and whoever brought it."""
    found = offered_file(request.user, pk, offer)
    return served(found, getattr(found, side), public=False)
