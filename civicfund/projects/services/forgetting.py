"""What becomes of somebody's projects when they are erased."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from civicfund.audit.services import record
from civicfund.notices.services import take_back, tell
from civicfund.people.models import User
from civicfund.projects.enums import MergeState, OfferState, ProjectState
from civicfund.projects.models import (
    CoAuthor,
    Invitation,
    JoinWish,
    Merge,
    Offer,
    OfferFile,
    Project,
    ProjectFile,
    ProjectFlag,
    ProjectHiding,
    Support,
)
from civicfund.projects.selectors import is_tied
from civicfund.projects.services.authors import (
    forget_pauses,
    forget_wishes,
    take_back_invitations,
)
from civicfund.projects.services.holding import hold_project
from civicfund.projects.services.merging import lay_down_requests, take_back_requests
from civicfund.projects.services.offers import OFFERED
from civicfund.projects.services.writing import withdraw_project


def forget_author(person: User) -> None:
    """What others write, too, is theirs. Else public projects stay, by a former resident; drafts
    and what still waits are taken back.

    The caller is in a transaction and holds the person.
    """
    # Whose idea a paper brought can still take it over from a former resident.
    take_back_invitations(Invitation.objects.filter(project__proposer=person, takes_over=False))
    proposed = Project.objects.filter(proposer=person).exclude(state=ProjectState.WITHDRAWN)
    for project in proposed.order_by("pk"):
        if not _hand_on(project, person):
            _leave(project, person)
    take_back_requests(person)
    in_vain = Merge.objects.filter(state__in=[MergeState.DECLINED, MergeState.WITHDRAWN])
    in_vain.filter(asked_by=person).update(reason="")
    _forget_offers(person)
    forget_wishes(JoinWish.objects.filter(person=person))
    CoAuthor.objects.filter(user=person).delete()
    Support.objects.filter(person=person).delete()
    ProjectFlag.objects.filter(reporter=person).update(reporter=None, words="")
    ProjectHiding.objects.filter(appealed_by=person).update(appealed_by=None, appeal_words="")
    theirs = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    addresses = {address.lower() for address in (person.email, *theirs)}
    Invitation.objects.filter(address__in=addresses).delete()
    forget_pauses(addresses)


def heir_of(project: Project) -> CoAuthor | None:
    """Who proposes it once its proposer has left: whoever joined it first, held. None where nobody
    has, where money ties it to its proposer, and where they only entered it from another's paper.

    The caller is in a transaction; it holds the project from now on.
    """
    row = hold_project(project)
    # What is on paper stays its author's, with their name on it, and waits for them.
    if row.state == ProjectState.WITHDRAWN or row.handed_in_by or is_tied(row):
        return None
    # One who leaves just now is waited for, and passed over.
    return row.co_authors.select_for_update().order_by("since", "pk").first()


def _hand_on(project: Project, person: User) -> bool:
    """Let whoever joined first propose it from now on; whether there is anybody.

    Nobody else could withdraw it, ask others, or raise money for it. Its versions go on saying who
    wrote them.
    """
    joined = heir_of(project)
    if joined is None:
        return False
    row = joined.project
    joined.delete()
    Project.objects.filter(pk=row.pk).update(proposer=joined.user_id)
    record("project.handed_on", row, actor=person, to=joined.user_id)
    tell(
        joined.user, "project_handed_on", row,
        title=row.title,
        is_public=row.state != ProjectState.DRAFT,
        project_url=row.get_absolute_url(),
    )  # fmt: skip
    return True


def _leave(project: Project, person: User) -> None:
    """A draft goes; what is public and nobody writes any more nobody waits to join, and no file
    waits to be taken in. What money ties, or a paper brought, its co-authors may go on writing.
    """
    if project.state == ProjectState.DRAFT:
        withdraw_project(project, by=person)
        ProjectFile.objects.filter(project=project).delete()
    else:
        held = hold_project(project)
        lay_down_requests(held, by=person)
        if not held.co_authors.exists():
            forget_wishes(held.join_wishes.all())
            OfferFile.objects.filter(offer__project=held).delete()


def _forget_offers(person: User) -> None:
    """What was taken in stands in its project, and whose help it was; no word to the authors does.

    An author who answers just now holds the offer: what they took in is not among those held any
    more once this goes on. Nothing is deleted but these: a file comes with an offer, so rows are
    read first and deleted by their ids.
    """
    theirs = Offer.objects.filter(by=person)
    waiting = theirs.exclude(state=OfferState.ACCEPTED).order_by("pk").select_for_update()
    gone = theirs.filter(pk__in=[offer.pk for offer in waiting])
    take_back(OFFERED, gone)
    gone.delete()
    theirs.update(words="", latitude=None, longitude=None, cost_lines=[])
