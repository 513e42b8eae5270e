"""Pictures and papers of a project: its authors' page about them, and the files themselves."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund.people.domain import LARGEST_BYTES
from civicfund.people.requests import HttpRequest, OnlyInMemory, SignedInRequest
from civicfund.projects.access import authored_project, is_author, moderates, visible_project
from civicfund.projects.enums import PUBLIC_STATES, FileKind
from civicfund.projects.forms import FileForm, WordsForm
from civicfund.projects.models import FileContent, OfferFile, Project, ProjectFile
from civicfund.projects.services import ProjectError
from civicfund.projects.services.files import (
    add_file,
    put_in_front,
    remove_file,
    say_what_it_shows,
    tiny,
)
from civicfund.projects.views.acting import are_too_many_files, told

KEPT_SECONDS = 3600


@csrf_exempt  # until the handler below is in place; then it is checked as everywhere
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """What stands on a project's page; its authors add to it."""
    if request.method == "POST":
        request.upload_handlers = [OnlyInMemory(request, most=LARGEST_BYTES)]
    return _files(request, pk)


@csrf_protect
def _files(request: SignedInRequest, pk: int) -> HttpResponseBase:
    project = authored_project(request.user, pk)
    if request.method != "POST":
        return _page(request, project, FileForm())
    form = FileForm(request.POST, request.FILES)
    if are_too_many_files(request, form):
        return _page(request, project, form, status=429)
    if form.is_valid():
        try:
            add_file(project, form.content, words=form.cleaned_data["words"], by=request.user)
        except ProjectError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            return redirect("project_files", pk=pk)
    return _page(request, project, form, status=400)


def _page(
    request: SignedInRequest,
    project: Project,
    form: FileForm,
    *,
    wrong: tuple[UUID, WordsForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """``wrong`` are words for one of the files that were refused, as they were typed."""
    rows = ProjectFile.objects.filter(project=project).select_related("added_by")
    refused, typed = wrong or (None, None)
    files = [
        (file, typed if file.pk == refused else _words_form(file))
        for file in rows.prefetch_related("veils").in_order()
    ]
    context = {"project": project, "form": form, "files": files, "refused": refused}
    return render(request, "projects/files.html", context, status=status)


def _words_form(file: ProjectFile, given: QueryDict | None = None) -> WordsForm:
    return WordsForm(given, initial={"words": file.words}, auto_id=f"id_{file.pk}_%s")


@login_required
@require_POST
def remove(request: SignedInRequest, pk: int, file: UUID) -> HttpResponse:
    """Take a file out."""
    project = authored_project(request.user, pk)
    found = _file_of(project, file)
    told(request, lambda: remove_file(found, by=request.user), _("Removed."))
    return redirect("project_files", pk=project.pk)


@login_required
@require_POST
def put_first(request: SignedInRequest, pk: int, file: UUID) -> HttpResponse:
    """Let a picture come before all others."""
    project = authored_project(request.user, pk)
    found = _file_of(project, file)
    told(request, lambda: put_in_front(found, by=request.user), _("It comes first now."))
    return redirect("project_files", pk=project.pk)


@login_required
@require_POST
def describe(request: SignedInRequest, pk: int, file: UUID) -> HttpResponse:
    """Say anew what a file shows."""
    project = authored_project(request.user, pk)
    found = _file_of(project, file)
    form = _words_form(found, request.POST)
    if not form.is_valid():
        return _page(request, project, FileForm(), wrong=(file, form), status=400)
    words = form.cleaned_data["words"]
    told(request, lambda: say_what_it_shows(found, words=words, by=request.user), _("Changed."))
    return redirect("project_files", pk=project.pk)


def _file_of(project: Project, file: UUID) -> ProjectFile:
    rows = ProjectFile.objects.select_related("project")
    return get_object_or_404(rows, pk=file, project=project)


@require_safe
def content(request: HttpRequest, pk: UUID, side: str = "full") -> HttpResponse:
    """The file, for whoever sees its project.

    A picture was drawn anew and is shown; a PDF is a stranger's file and only downloaded.
    """
    found = get_object_or_404(ProjectFile, pk=pk)
    project = visible_project(request.user, found.project_id)
    is_veiled = found.veil is not None
    if is_veiled and not (is_author(request.user, project) or moderates(request.user)):
        raise Http404("Moderators have taken it down.")
    body = _tiny(pk) if side == "tiny" else _held(pk, side)
    public = project.state in PUBLIC_STATES and not is_veiled
    return served(found, body, public=public)


def _held(pk: UUID, side: str) -> bytes | None:
    body = getattr(FileContent.objects.only(side).get(file=pk), side)
    return None if body is None else bytes(body)


@lru_cache(maxsize=512)
def _tiny(pk: UUID) -> bytes | None:
    """Drawn once in a process, since a file never changes: a list of cards asks for many."""
    small = _held(pk, "small")
    return None if small is None else tiny(small)


def served(
    file: ProjectFile | OfferFile, body: bytes | memoryview | None, *, public: bool
) -> HttpResponse:
    """Its bytes at one of its sizes, as its one type and nothing else."""
    if body is None:
        raise Http404("No such size.")
    is_picture = file.kind == FileKind.PICTURE
    kind, ending = ("image/jpeg", "jpg") if is_picture else ("application/pdf", "pdf")
    shown = "inline" if is_picture else "attachment"
    name = slugify(file.words)[:60] or "file"
    return HttpResponse(
        bytes(body),
        content_type=kind,
        headers={
            "Content-Disposition": f'{shown}; filename="{name}.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": f"public, max-age={KEPT_SECONDS}" if public else "private, no-store",
        },
    )
