"""Following a thing, and my notices."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from civicfund.notices.enums import Topic
from civicfund.notices.services import StopLink, allow_mail, stop_mail, wants_mail
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.talk import services
from civicfund.talk.access import closed_subject, visible_subject, visible_subjects
from civicfund.talk.enums import Pace
from civicfund.talk.forms import PaceForm
from civicfund.talk.selectors import PER_PAGE, followed_by, news_of, pace_of, unread_count
from civicfund.talk.services import TalkError

# What the form switches, by the name of its box.
_TOPICS = {
    "backing": Topic.BACKING,
    "voting": Topic.VOTING,
    "reviewing": Topic.REVIEWING,
    "desks": Topic.DESKS,
    "second": Topic.SECOND,
    "town": Topic.TOWN,
}


@login_required
@require_POST
def follow(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Follow it, or follow it no more, and go back to it."""
    subject = visible_subject(request.user, kind, pk)
    if "stop" in request.POST:
        services.unfollow(subject, by=request.user)
        messages.success(request, _("You follow this no more."))
        return redirect(subject.url)
    try:
        services.follow(subject, by=request.user)
    except TalkError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You follow this. What is new stands among your notices."))
    return redirect(subject.url)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def my_notices(request: SignedInRequest) -> HttpResponse:
    """What is new in what I follow, what that is, and how often mail comes."""
    roles = roles_of(request.user)
    form = PaceForm(
        request.POST if "pace" in request.POST else None,
        reviews=Role.REVIEWER in roles,
        staff=bool(roles) or request.user.is_superuser,
    )
    topics = {name: topic for name, topic in _TOPICS.items() if name in form.fields}
    form.initial = {"pace": pace_of(request.user)} | {
        name: wants_mail(request.user, topic) for name, topic in topics.items()
    }
    if "read" in request.POST:
        services.mark_read(by=request.user)
        return redirect("my_notices")
    if form.is_bound and form.is_valid():
        services.set_pace(Pace(form.cleaned_data["pace"]), by=request.user)
        for name, topic in topics.items():
            set_mail = allow_mail if form.cleaned_data[name] else stop_mail
            set_mail(StopLink(request.user, topic))
        messages.success(request, _("Saved."))
        return redirect("my_notices")
    page = Paginator(news_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    threads = list(followed_by(request.user))
    wanted = {(each.kind, each.subject_id) for each in [*threads, *(row.thread for row in page)]}
    subjects = visible_subjects(request.user, wanted)
    context = {
        "page": page,
        # What is gone has no title there: each that counts as unread can be found and read.
        "rows": [
            (row, subjects.get(key) or closed_subject(*key))
            for row in page
            if (key := (row.thread.kind, row.thread.subject_id))
        ],
        "followed": [
            subject for each in threads if (subject := subjects.get((each.kind, each.subject_id)))
        ],
        "unread": unread_count(request.user),
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "talk/notices.html", context, status=status)
