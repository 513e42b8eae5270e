"""Switching mail off, from a link in it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from civicfund.notices.services import BadLinkError, StopLink, allow_mail, stop_mail, wants_mail


# Whoever has the link may do this and nothing else; mail programs post it without a cookie
# (RFC 8058), and no other site knows it.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """A button switches it off, without signing in; another one switches it on again.

    Reading the page does nothing: programs that look through mail follow every link in it.
    """
    try:
        link = StopLink.read(token)
    except BadLinkError:
        raise Http404("No such link.") from None
    acts = request.method == "POST"
    if acts:
        (allow_mail if "allow" in request.POST else stop_mail)(link)
    context = {"topic": link.topic, "wanted": wants_mail(link.user, link.topic), "acts": acts}
    return render(request, "notices/stop.html", context)
