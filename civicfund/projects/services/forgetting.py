"""What becomes of somebody's projects when they are erased."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from civicfund.audit.services import record
from civicfund.notices.services import take_back, tell
from civicfund.people.models import User
from civicfund.projects.enums import OfferState, ProjectState
from civicfund.projects.models import (
    CoAuthor,
    Invitation,
    Offer,
    Project,
    ProjectFile,
    ProjectFlag,
    ProjectHiding,
    Support,
)
from civicfund.projects.services.authors import take_back_invitations
from civicfund.projects.services.holding import hold_project
from civicfund.projects.services.offers import OFFERED
from civicfund.projects.services.writing import withdraw_project


def forget_author(person: User) -> None:
    """Public projects stay, by a former resident; drafts and what still waits are taken back.

    A draft that others write, too, is theirs. The caller is in a transaction and holds the person.
    """
    drafts = Project.objects.filter(proposer=person, state=ProjectState.DRAFT)
    for draft in drafts.order_by("pk"):
        if not _hand_on(draft, person):
            withdraw_project(draft, by=person)
            ProjectFile.objects.filter(project=draft).delete()
    _forget_offers(person)
    CoAuthor.objects.filter(user=person).delete()
    Support.objects.filter(person=person).delete()
    take_back_invitations(Invitation.objects.filter(project__proposer=person))
    ProjectFlag.objects.filter(reporter=person).update(reporter=None, words="")
    ProjectHiding.objects.filter(appealed_by=person).update(appealed_by=None, appeal_words="")
    theirs = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    addresses = {address.lower() for address in (person.email, *theirs)}
    Invitation.objects.filter(address__in=addresses).delete()


def _hand_on(draft: Project, person: User) -> bool:
    """Let whoever joined a draft first propose it from now on; whether somebody had joined.

    Nobody else could withdraw it, or ask others. Its versions go on saying who wrote them.
    """
    row = hold_project(draft)
    # One who leaves just now is waited for, and passed over.
    joined = row.co_authors.select_for_update().order_by("since", "pk").first()
    if joined is None:
        return False
    joined.delete()
    Project.objects.filter(pk=row.pk).update(proposer=joined.user_id)
    record("project.handed_on", row, actor=person, to=joined.user_id)
    tell(joined.user, "project_handed_on", row, title=row.title, project_url=row.get_absolute_url())
    return True


def _forget_offers(person: User) -> None:
    """What was taken in stands in its project, and whose help it was; no word to the authors does.

    An author who answers just now holds the offer: what they took in is not in the first query any
    more when it goes on.
    """
    theirs = Offer.objects.filter(by=person)
    gone = theirs.exclude(state=OfferState.ACCEPTED)
    take_back(OFFERED, gone)
    gone.delete()
    theirs.update(words="", latitude=None, longitude=None, cost_lines=[])
