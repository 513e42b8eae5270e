"""Following a thing, and my notices."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund.notices.enums import Topic
from civicfund.notices.services import StopLink, allow_mail, stop_mail, wants_mail
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.talk import services
from civicfund.talk.access import closed_subject, visible_subject, visible_subjects
from civicfund.talk.enums import Pace
from civicfund.talk.forms import NoticesForm, PaceForm
from civicfund.talk.models import News
from civicfund.talk.selectors import PER_PAGE, followed_by, news_of, pace_of, unread_count
from civicfund.talk.selectors.words import words_of
from civicfund.talk.services import TalkError

FOLLOWED_PER_PAGE = 25
_LONGEST_KEY = 19
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
    if "unfollow" in request.POST:
        return _unfollow(request)
    if form.is_bound and form.is_valid():
        services.set_pace(Pace(form.cleaned_data["pace"]), by=request.user)
        for name, topic in topics.items():
            set_mail = allow_mail if form.cleaned_data[name] else stop_mail
            set_mail(StopLink(request.user, topic))
        messages.success(request, _("Saved."))
        return redirect("my_notices")
    narrowing = NoticesForm(request.GET or None)
    told = news_of(request.user).filter(narrowing.narrowed)
    page = Paginator(told, PER_PAGE).get_page(request.GET.get("page"))
    threads = Paginator(followed_by(request.user), FOLLOWED_PER_PAGE).get_page(
        request.GET.get("followed")
    )
    wanted = {(each.kind, each.subject_id) for each in [*threads, *(row.thread for row in page)]}
    subjects = visible_subjects(request.user, wanted)
    more = words_of(page)
    context = {
        "page": page,
        # What is gone has no title there: each that counts as unread can be found and read.
        "rows": [
            (row, subjects.get(key) or closed_subject(*key), more.get(row.pk, ""))
            for row in page
            if (key := (row.thread.kind, row.thread.subject_id))
        ],
        "followed_page": threads,
        "followed": [
            (each, subjects.get(key) or closed_subject(*key))
            for each in threads
            if (key := (each.kind, each.subject_id))
        ],
        "unread": unread_count(request.user),
        "narrowing": narrowing,
        "form": form,
    }
    status = 400 if form.errors or narrowing.errors else 200
    return render(request, "talk/notices.html", context, status=status)


def _unfollow(request: SignedInRequest) -> HttpResponse:
    """End one of what I follow, and come back to the list."""
    thread = request.POST["unfollow"]
    if thread.isdecimal() and len(thread) < _LONGEST_KEY:
        services.unfollow_thread(int(thread), by=request.user)
    messages.success(request, _("You follow this no more."))
    return redirect(f"{request.get_full_path()}#followed")


@login_required
@require_safe
@never_cache
def my_notice(request: SignedInRequest, pk: int) -> HttpResponse:
    """To what a notice of mine tells of, which I have read then.

    It changes nothing but that, and nothing of anybody else's: so a link may do it.
    """
    notice = get_object_or_404(News.objects.select_related("thread"), pk=pk, recipient=request.user)
    key = notice.thread.kind, notice.thread.subject_id
    subject = visible_subjects(request.user, [key]).get(key)
    if request.method == "GET":
        services.read_notice(notice)
    if subject is None:
        messages.info(request, _("What this told of is no longer open to you."))
        return redirect("my_notices")
    target = reverse("comment", args=[notice.comment_id]) if notice.comment_id else subject.url
    # Every page of a subject is one of ours; should one ever not be, nobody is sent there.
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return redirect(target if safe else reverse("my_notices"))
