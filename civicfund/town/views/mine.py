"""What somebody proposed, supported, voted in, pledged and follows, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Window
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from budgeting.models import Cycle, Participation
from budgeting.selectors import my_participations, with_phases_and_pots
from civicfund.people.access import may_give_roles
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import residency_of, roles_of
from civicfund.pledges.selectors import pledges_of
from civicfund.prepared import Prepared
from civicfund.projects.access import authored_by
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.talk.access import visible_subjects
from civicfund.talk.selectors import followed_by
from civicfund.town.selectors import next_step, what_came_of

MOST_OF_EACH = 12
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody did of one kind: the newest on their page, all of it on a page of its own."""

    name: str
    title: Promise | str
    rows: Any
    total: int = 0

    @property
    def url(self) -> str:
        """Where all of it stands."""
        return reverse("my_list", args=[self.name])

    @property
    def has_more(self) -> bool:
        """Whether my page shows only the newest."""
        return self.total > MOST_OF_EACH


@require_safe
@login_required
def my_page(request: SignedInRequest) -> HttpResponse:
    """The newest of everything, and the one thing that waits."""
    user, home = request.user, residency_of(request.user)
    took_part = _took_part(user.pk)
    newest = {name: _newest(name, user) for name in TITLES}
    context: dict[str, Any] = {
        **newest,
        "residency": home,
        "next_step": next_step(
            user,
            home,
            has_pledged=newest["pledges"].total > 0,
            writes=newest["projects"].total > 0,
        ),
        "has_desks": may_give_roles(user) or bool(roles_of(user)),
        "participations": took_part,
        "voted": {row.cycle_id for row in took_part},
        "open_to_me": with_phases_and_pots(_open_to(user.pk)),
    }
    return render(request, "town/my_page.html", context)


@Prepared
def _took_part(user: int) -> QuerySet[Participation]:
    return my_participations(user)


@Prepared
def _open_to(user: int) -> QuerySet[Cycle]:
    return Cycle.objects.running().filter(roll__claimed_by=user)


@require_safe
@login_required
def my_list(request: SignedInRequest, name: str) -> HttpResponse:
    """All of one kind, page by page."""
    if name not in TITLES:
        raise Http404("No such list.")
    page = Paginator(_all(name, request.user), PER_PAGE).get_page(request.GET.get("page"))
    kept = Kept(name, TITLES[name], _shown(name, request.user, page.object_list))
    context = {"list": kept, "page": page, "template": f"town/mine/{name}.html"}
    return render(request, "town/my_list.html", context)


TITLES = {
    "projects": _("What I proposed"),
    "supports": _("What I support"),
    "follows": _("What I follow"),
    "pledges": _("What I pledged"),
}


def _newest(name: str, user: User) -> Kept:
    rows = _first_rows[name](user.pk)
    return Kept(name, TITLES[name], _shown(name, user, rows), rows[0].in_all if rows else 0)


def _prepared(name: str) -> Prepared[[int], Any]:
    @Prepared
    def newest(user: int) -> QuerySet[Any]:
        rows = _all(name, user).prefetch_related(None)
        counted: QuerySet[Any] = rows.annotate(in_all=Window(Count("*")))[:MOST_OF_EACH]
        return counted

    return newest


def _all(name: str, user: User | int) -> QuerySet[Any]:
    """The newest first."""
    if name == "projects":
        mine = Project.objects.filter(authored_by(user)).exclude(state=ProjectState.WITHDRAWN)
        return mine.defer("story", "search").order_by("-created_at", "-pk")
    if name == "supports":
        mine = Project.objects.public().filter(supports__person=user).defer("story", "search")
        return mine.order_by("-supports__at", "-pk")
    return followed_by(user) if name == "follows" else pledges_of(user)


def _shown(name: str, user: User, rows: Any) -> list[Any]:
    """Rows as the page shows them: of projects also what came of them; of what is followed, what
    this person may see.
    """
    if name in ("projects", "supports"):
        return what_came_of(list(rows), user)
    if name != "follows":
        return list(rows)
    threads = [(each.kind, each.subject_id) for each in rows]
    seen = visible_subjects(user, threads)
    return [seen[each] for each in threads if each in seen]


_first_rows = {name: _prepared(name) for name in TITLES}
