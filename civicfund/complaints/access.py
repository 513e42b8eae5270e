"""Who may see which complaint: whoever made it, by their account or a link, and the desk."""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, Signer
from django.http import Http404
from django.urls import reverse

from civicfund.complaints.models import Complaint, ComplaintQuerySet
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest
from civicfund.people.selectors import all_rows_of

_LINKS = Signer(sep=".", salt="complaints")
_OPENED = "complaints"
# A browser shared at a library forgets the older ones.
MOST_OPENED = 5


def link_to(complaint: Complaint) -> str:
    """The address that opens one complaint, and nothing else, without signing in."""
    return reverse("complaint_link", args=[_LINKS.sign(str(complaint.pk))])


def open_complaint(session: SessionBase, token: str) -> Complaint:
    """Let this browser read the complaint of a link; ``Http404`` where the link is not ours."""
    try:
        complaint = _found(Complaint.objects.filter(pk=int(_LINKS.unsign(token))))
    except (BadSignature, ValueError):
        raise Http404("No such link.") from None
    remember(session, complaint)
    return complaint


def remember(session: SessionBase, complaint: Complaint) -> None:
    """Let this browser come back to it."""
    before = [pk for pk in session.get(_OPENED, []) if pk != complaint.pk]
    session[_OPENED] = [*before, complaint.pk][-MOST_OPENED:]


def keep_only_own(session: SessionBase, person: User) -> None:
    """Whoever signs in does not read on in what somebody else opened here before."""
    if _OPENED in session:
        theirs = Complaint.objects.filter(complainant__in=all_rows_of(person))
        kept = set(theirs.filter(pk__in=session[_OPENED]).values_list("pk", flat=True))
        session[_OPENED] = [pk for pk in session[_OPENED] if pk in kept]


def complaint_here(request: HttpRequest, pk: int) -> Complaint:
    """One's own complaint; ``Http404`` for others, who are not to know that it exists.

    ``PermissionDenied`` where signing in may help.
    """
    found = Complaint.objects.filter(pk=pk)
    if pk in request.session.get(_OPENED, []):
        return _found(found)
    if isinstance(request.user, User):
        return _found(found.filter(complainant=request.user))
    raise PermissionDenied


def complaint_at_desk(officer: User, pk: int) -> Complaint:
    """A complaint that this officer may read; ``Http404`` where it is about them, or theirs."""
    return _found(Complaint.objects.open_to(officer).filter(pk=pk))


def _found(complaints: ComplaintQuerySet) -> Complaint:
    complaint = complaints.kept().first()
    if complaint is None:
        raise Http404("No such complaint.")
    return complaint
