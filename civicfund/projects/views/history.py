"""The history of a project: every version, what changed in it, and the way back."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from civicfund.parsing import whole_number
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.projects.access import authored_project, is_author, moderates, visible_project
from civicfund.projects.selectors import helpers_of
from civicfund.projects.selectors.history import between, versions_of
from civicfund.projects.services import restore_version
from civicfund.projects.services.holding import CHANGEABLE
from civicfund.projects.views.acting import told
from civicfund.templatetags.money import money

PER_PAGE = 25


@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Every version that the reader may see, the newest first."""
    project = visible_project(request.user, pk)
    rows = versions_of(project, with_drafts=is_author(request.user, project))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"project": project, "page": page, "helpers": helpers_of(project)}
    return render(request, "projects/history.html", context)


@require_safe
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version: what it changed, and for those who write it the way back to it.

    Of what a moderator has taken down the public reads neither the words nor what differs from
    them: the next version is compared with the one before. ``since`` in the address names an
    earlier one to compare with.
    """
    project = visible_project(request.user, pk)
    may_write = is_author(request.user, project)
    rows = versions_of(project, with_drafts=may_write).select_related("neighborhood")
    found = rows.filter(number=number).first()
    if found is None:
        raise Http404("No such version.")
    judges = moderates(request.user)
    sees_all = may_write or judges
    earlier = rows.filter(number__lt=number)
    since = whole_number(request.GET.get("since", ""))
    if since is not None:
        earlier = earlier.filter(number__lte=since)
    before = (earlier if sees_all else earlier.unveiled()).first()
    newest = rows.first()
    may_read = sees_all or found.veil is None
    context = {
        "project": project,
        "version": found,
        "before": before,
        "may_read": may_read,
        "differences": between(before, found, money) if may_read else [],
        "may_restore": may_write
        and project.state in CHANGEABLE
        and found != newest
        and found.veil is None,
        "may_judge": judges and not may_write and found != newest,
    }
    return render(request, "projects/version.html", context)


@login_required
@require_POST
def restore(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """Go back to what the project said; it is a new version."""
    project = authored_project(request.user, pk)
    done = _("It says again what it said in version %(number)s.") % {"number": number}
    told(request, lambda: restore_version(project, number, by=request.user), done)
    return redirect(project)
