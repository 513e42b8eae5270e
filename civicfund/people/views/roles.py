"""The superusers' desk where roles are asked for, agreed to and ended."""

from __future__ import annotations

from allauth.core.ratelimit import consume, respond_429
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.audit.models import LAPSES_AFTER
from civicfund.paging import page_asked_for
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.forms.roles import AskForRoleForm, FindPersonForm
from civicfund.people.models import RoleGrant, RoleRequest
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import changes_of_roles, role_grants, superusers, waiting_roles
from civicfund.people.services import (
    RoleError,
    agree_to_role,
    ask_for_role,
    find_people,
    revoke_role,
    take_back_role_request,
)
from civicfund.people.services.roles import MOST_FOUND

PER_PAGE = 50
MOST_WAITING = 100
MOST_CHANGES = 20
# Whoever only has the session finds nobody, gives no role and takes none from anybody. To find
# somebody asks for it as well, so that it is not asked for once the form is filled in.
GRAVE_ACTS = ("find", "ask", "agree", "end")
ROLE_ACTS = (*GRAVE_ACTS, "take_back")


@staff.superusers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def roles_desk(request: SignedInRequest) -> HttpResponseBase:
    """Who holds which role and what waits; ask for a role, agree to one, end one."""
    act = request.POST.get("act", "")
    if act in GRAVE_ACTS and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    if act == "find":
        return _find(request)
    if act == "ask":
        return _ask(request)
    if act in ROLE_ACTS:
        return _decide(request, act)
    return _page(request, FindPersonForm(), status=400 if request.method == "POST" else 200)


def _find(request: SignedInRequest) -> HttpResponse:
    form = FindPersonForm(request.POST)
    if not consume(request, action="find_person", user=request.user):
        too_many: HttpResponse = respond_429(request)
        return too_many
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        people = find_people(form.cleaned_data["who"], by=request.user)
    except RoleError as refusal:
        form.add_error("who", str(refusal))
        return _page(request, form, status=400)
    if len(people) > MOST_FOUND:
        messages.info(request, _("More people are called so: type more of the name to see them."))
    return _page(request, AskForRoleForm.of(people[:MOST_FOUND], by=request.user))


def _ask(request: SignedInRequest) -> HttpResponse:
    form = AskForRoleForm.sent(request.POST, by=request.user)
    if form is None:
        messages.error(request, _("Find the person once more."))
        return _page(request, FindPersonForm(), status=400)
    if not form.is_valid():
        return _page(request, form, status=400)
    person, role = form.people[form.cleaned_data["person"]], Role(form.cleaned_data["role"])
    try:
        ask_for_role(person, role, by=request.user)
    except RoleError as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, status=400)
    words = _("Asked for: %(role)s for %(who)s. Another superuser has to agree.")
    messages.success(request, words % {"role": role.label, "who": person})
    return redirect("roles_desk")


def _decide(request: SignedInRequest, act: str) -> HttpResponse:
    row = whole_number(request.POST.get("row", "")) or 0
    try:
        done = _ended(request, row) if act == "end" else _answered(request, act, row)
    except RoleError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("roles_desk")


def _answered(request: SignedInRequest, act: str, row: int) -> str:
    asked = RoleRequest.objects.asked().filter(pk=row).first()
    if asked is None:
        raise RoleError(_("Nobody asked for this."))
    if act == "take_back":
        take_back_role_request(asked, by=request.user)
        return _("Taken back.")
    grant = agree_to_role(asked, by=request.user)
    return _("Given: %(role)s to %(who)s.") % {"role": asked.role.label, "who": grant.user}


def _ended(request: SignedInRequest, row: int) -> str:
    grant = RoleGrant.objects.filter(pk=row).select_related("user").first()
    if grant is None:
        raise RoleError(_("This person does not hold the role."))
    role = Role(grant.role)
    revoke_role(grant.user, role, by=request.user)
    return _("Ended: %(role)s of %(who)s.") % {"role": role.label, "who": grant.user}


def _page(
    request: SignedInRequest, form: FindPersonForm | AskForRoleForm, *, status: int = 200
) -> HttpResponse:
    page = page_asked_for(Paginator(role_grants(), PER_PAGE), request)
    context: dict[str, object] = {
        "form": form,
        "is_found": isinstance(form, AskForRoleForm),
        "page": page,
        "grants": list(page),
        "waiting": waiting_roles(MOST_WAITING),
        "changes": changes_of_roles(MOST_CHANGES),
        "superusers": list(superusers()),
        "days": LAPSES_AFTER["people.user"].days,
    }
    return render(request, "people/roles_desk.html", context, status=status)
