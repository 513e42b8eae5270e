"""Projects over the API."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from civicfund.audit.services import StaleStateError
from civicfund.paging import LeanPages, LeanPaginator
from civicfund.people.requests import may_now, person_of
from civicfund.prepared import Prepared
from civicfund.projects.access import authored_project, own_project, visible_project
from civicfund.projects.enums import ProjectState
from civicfund.projects.filters import ProjectFilter
from civicfund.projects.models import Project, ProjectQuerySet
from civicfund.projects.serializers import ProjectDetailOutput, ProjectInput, ProjectOutput
from civicfund.projects.services import (
    ProjectError,
    create_project,
    edit_project,
    publish_project,
    withdraw_project,
)
from civicfund.projects.services.supporting import support_project, withdraw_support

Made = TypeVar("Made")


@Prepared
def _rows(pks: Collection[int]) -> ProjectQuerySet:
    return Project.objects.listed().filter(pk__in=pks).for_cards()


class _Paginator(LeanPaginator):
    """Rows of keys are asked for alike, whatever the list is narrowed to."""

    def __init__(self, rows: QuerySet[Project], per_page: int) -> None:
        super().__init__(rows, per_page, read=_rows)


class ProjectPages(LeanPages):
    """Pages of projects."""

    django_paginator_class = _Paginator  # type: ignore[assignment]  # made of rows and a size alone


class Projects(ListAPIView[Project]):
    """Every public project; and a new one."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = ProjectOutput
    filterset_class = ProjectFilter
    pagination_class = ProjectPages

    def get_queryset(self) -> QuerySet[Project]:
        """As the page lists them."""
        return Project.objects.listed().for_cards()

    @extend_schema(request=ProjectInput, responses={201: ProjectDetailOutput})
    def post(self, request: Request) -> Response:
        """Keep a draft that only its proposer sees."""
        given = ProjectInput(data=request.data)
        given.is_valid(raise_exception=True)
        _check_not_too_much(request, "create_project")
        project = _told(lambda: create_project(person_of(request), **given.description()))
        return _answer(request, project.pk, status.HTTP_201_CREATED)


class OneProject(APIView):
    """One project; its authors change what is given."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=ProjectDetailOutput)
    def get(self, request: Request, pk: int) -> Response:
        """A public project, or one's own in any state."""
        return _answer(request, pk)

    @extend_schema(request=ProjectInput(partial=True), responses=ProjectDetailOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given, and nothing else."""
        project = authored_project(person_of(request), pk)
        given = ProjectInput(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        _told(lambda: edit_project(project, by=person_of(request), **given.description()))
        return _answer(request, pk)


class PublishProject(APIView):
    """Show a draft that one writes to everybody, or make a stub ready."""

    @extend_schema(request=None, responses=ProjectDetailOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Ready where nothing is missing, a stub otherwise."""
        project = authored_project(person_of(request), pk)
        if project.state == ProjectState.DRAFT:
            _check_not_too_much(request, "publish_project")
        _told(lambda: publish_project(project, by=person_of(request)))
        return _answer(request, pk)


class SupportProject(APIView):
    """Whether I support a project."""

    @extend_schema(request=None, responses=ProjectDetailOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Support it; twice is once."""
        project = visible_project(person_of(request), pk)
        _told(lambda: support_project(project, by=person_of(request)))
        return _answer(request, pk)

    @extend_schema(responses=ProjectDetailOutput)
    def delete(self, request: Request, pk: int) -> Response:
        """Support it no more."""
        project = visible_project(person_of(request), pk)
        _told(lambda: withdraw_support(project, by=person_of(request)))
        return _answer(request, pk)


class WithdrawProject(APIView):
    """Take one's own project back, for good."""

    @extend_schema(request=None, responses=ProjectDetailOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Withdraw it."""
        project = own_project(person_of(request), pk)
        _told(lambda: withdraw_project(project, by=person_of(request)))
        return _answer(request, pk)


def _check_not_too_much(request: Request, action: str) -> None:
    """As on the pages."""
    if not may_now(request, action, by=person_of(request)):
        raise Throttled


def _told(act: Callable[[], Made]) -> Made:
    """What the act made; its refusal as the field and the reason."""
    try:
        return act()
    except ProjectError as refusal:
        field = refusal.field or api_settings.NON_FIELD_ERRORS_KEY
        raise ValidationError({field: [str(refusal)]}) from refusal
    except StaleStateError as refusal:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(refusal)]}) from refusal


def _answer(request: Request, pk: int, code: int = status.HTTP_200_OK) -> Response:
    """The project as it now stands."""
    return Response(ProjectDetailOutput(visible_project(request.user, pk)).data, status=code)
