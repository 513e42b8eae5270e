"""Acts of whoever wants a project: support it, and support it no more."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.people.models import User
from civicfund.projects.enums import LISTED_STATES
from civicfund.projects.models import Project, Support
from civicfund.projects.services.errors import ProjectError


def support_project(project: Project, *, by: User) -> None:
    """Somebody supports it from now on; twice is once."""
    with transaction.atomic():
        if not Project.objects.filter(pk=project.pk, state__in=LISTED_STATES).exists():
            raise ProjectError(_("This project cannot be supported."))
        _row, is_new = Support.objects.get_or_create(project=project, person=by)
        if is_new:
            record("project.supported", project, actor=by)


def withdraw_support(project: Project, *, by: User) -> None:
    """Somebody supports it no more, nor what was merged into it."""
    whole = Q(project=project) | Q(project__merged_into=project)
    with transaction.atomic():
        gone, _rows = Support.objects.filter(whole, person=by).delete()
        if gone:
            record("project.not_supported", project, actor=by)
