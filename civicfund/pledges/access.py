"""Who may see and do what with campaigns and pledges: the one door to them for every view."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from time import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.db.models import Q, QuerySet
from django.http import Http404

from civicfund.people.models import User
from civicfund.places.models import NeighborhoodQuerySet
from civicfund.pledges.enums import PRIVATE_CAMPAIGN, Audience, CampaignState
from civicfund.pledges.models import (
    Campaign,
    CampaignQuerySet,
    CampaignUpdate,
    CampaignUpdateQuerySet,
    Pledge,
)
from civicfund.pledges.models.pledges import PledgeQuerySet
from civicfund.pledges.models.totals import for_page
from civicfund.prepared import Prepared
from civicfund.projects.access import concerning, is_author, moderates
from civicfund.projects.models import Project
from civicfund.talk.access import Person, Subject
from civicfund.talk.enums import SubjectKind

# What a link in a mail is signed with: it opens one pledge's payment, and nothing else.
_LINKS = Signer(sep=".", salt="pledges.recovery")
_PAYING = "paying_pledge"
# Opens the questions of a pledge's survey for some days.
_SURVEY_LINKS = TimestampSigner(sep=".", salt="pledges.survey")
_ANSWERING = "answering_for"
# Long enough to answer, and no longer: a browser may be somebody else's tomorrow.
ANSWERING_SECONDS = 4 * 3600
# Signed apart, so that neither link does what the other is for.
_GUEST_LINKS = Signer(sep=".", salt="pledges.guest")


def visible_campaigns(user: Person | int) -> CampaignQuerySet:
    """Public campaigns, and in any state those that one runs or whose project one writes."""
    mine = _of_team(user) if isinstance(user, int | User) else Q(pk__in=[])
    return Campaign.objects.filter(mine | Q(pk__in=Campaign.objects.public().values("pk")))


def _of_team(user: User | int) -> Q:
    """Of campaigns, those that somebody runs or whose project they write."""
    written = Project.objects.filter(concerning(user)).order_by().values("pk")
    return Q(creator=user) | Q(project__in=written)


def visible_campaign(user: Person, pk: int) -> Campaign:
    """The campaign with its totals; ``Http404`` where it does not exist for this person."""
    found = _visible(pk, user=user.pk) if user.is_authenticated else _visible(pk)
    if not found:
        raise Http404("No such campaign.")
    return found[0]


@Prepared
def _visible(pk: int, *, user: int | None = None) -> CampaignQuerySet:
    return for_page(_shown_to(user)).select_related("creator").filter(pk=pk)


def _shown_to(user: int | None) -> CampaignQuerySet:
    return Campaign.objects.public() if user is None else visible_campaigns(user)


def own_campaign(user: User, pk: int) -> Campaign:
    """One's own campaign; 404 where it cannot be seen, 403 where it is somebody else's."""
    campaign = visible_campaign(user, pk)
    if campaign.creator_id != user.pk:
        raise PermissionDenied
    return campaign


def team_campaign(user: User, pk: int) -> Campaign:
    """A campaign that one runs or whose project one writes; 404 where it cannot be seen, 403 where
    it is other people's.
    """
    campaign = visible_campaign(user, pk)
    if not is_of_team(user, campaign):
        raise PermissionDenied
    return campaign


def is_of_team(user: Person, campaign: Campaign) -> bool:
    """Whether somebody started it, or writes its project: they tell and answer about it, and judge
    nothing about it.
    """
    if not user.is_authenticated:
        return False
    return campaign.creator_id == user.pk or is_author(user, campaign.project)


def may_correct(user: Person, update: CampaignUpdate) -> bool:
    """Whether somebody may put a correction below it: whoever wrote it while they are of its team,
    and whoever runs the campaign; what moderators have hidden only who wrote it reads.
    """
    if not user.is_authenticated:
        return False
    if update.words.author_id == user.pk:
        return is_of_team(user, update.campaign)
    return update.campaign.creator_id == user.pk and not update.words.hiding


def backs(person: Person | None, campaign: Campaign) -> bool:
    """Whether somebody's pledge to it is live, being collected, or collected."""
    if person is None or not person.is_authenticated:
        return False
    return Pledge.objects.backing().filter(campaign=campaign, backer=person).exists()


def readable_updates(person: Person | None) -> CampaignUpdateQuerySet:
    """Updates for everybody; those for backers, where this person is one, is of its team, or looks
    after what people say.
    """
    updates = CampaignUpdate.objects.all()
    if person is None or not person.is_authenticated:
        return updates.filter(audience=Audience.ALL)
    if moderates(person):
        return updates
    backed = Pledge.objects.backing().filter(backer=person).values("campaign")
    team = Campaign.objects.filter(_of_team(person)).order_by().values("pk")
    mine = Q(campaign__in=team) | Q(campaign__in=backed)
    return updates.filter(Q(audience=Audience.ALL) | mine)


def subject_of_campaign(campaign: Campaign) -> Subject:
    """A campaign as something that people talk about, and whose creator they ask."""
    return Subject(
        kind=SubjectKind.CAMPAIGN,
        pk=campaign.pk,
        title=campaign.project.title,
        url=campaign.get_absolute_url(),
        is_public=campaign.state not in PRIVATE_CAMPAIGN,
        owner_id=campaign.creator_id,
        project_id=campaign.project_id,
    )


def campaigns(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to campaigns."""
    rows = _subjects(pks, user=user.pk) if user.is_authenticated else _subjects(pks)
    return {row.pk: subject_of_campaign(row) for row in rows}


@Prepared
def _subjects(pks: Collection[int], *, user: int | None = None) -> CampaignQuerySet:
    return _shown_to(user).filter(pk__in=pks).select_related("project")


def subject_of_update(update: CampaignUpdate) -> Subject:
    """An update as something that people answer."""
    return Subject(
        kind=SubjectKind.UPDATE,
        pk=update.pk,
        title=update.name,
        url=update.get_absolute_url(),
        is_public=True,
        owner_id=update.campaign.creator_id,
        project_id=update.campaign.project_id,
    )


def updates(user: Person, pks: Collection[int]) -> dict[int, Subject]:
    """The door to updates."""
    rows = readable_updates(user).filter(pk__in=pks).select_related("campaign__project")
    return {row.pk: subject_of_update(row) for row in rows}


def campaigns_in(places: NeighborhoodQuerySet) -> QuerySet[Any, Any]:
    """The ids of campaigns for what lies in these places."""
    return Campaign.objects.filter(project__neighborhood__in=places).order_by().values("pk")


def updates_in(places: NeighborhoodQuerySet) -> QuerySet[Any, Any]:
    """The ids of their updates."""
    there = CampaignUpdate.objects.filter(campaign__project__neighborhood__in=places)
    return there.order_by().values("pk")


def own_pledge(user: User, pk: UUID) -> Pledge:
    """One's own pledge; ``Http404`` for anybody else, who is not to know that it exists."""
    return _found(Pledge.objects.filter(pk=pk, backer=user))


def any_pledge(pk: UUID) -> Pledge:
    """Any pledge, for a desk that lets only treasurers through; ``Http404`` where none is."""
    return _found(Pledge.objects.filter(pk=pk))


def any_campaign(pk: int) -> Campaign:
    """A campaign with its totals, for a desk of the staff; ``Http404`` where none was sent in."""
    sent_in = Campaign.objects.filter(pk=pk).exclude(state=CampaignState.DRAFT)
    found = for_page(sent_in).select_related("creator").first()
    if found is None:
        raise Http404("No such campaign.")
    return found


def recovery_token(pledge: Pledge) -> str:
    """What a mail's link carries, so that its backer can pay without signing in."""
    return _LINKS.sign(str(pledge.pk))


def open_recovery(session: SessionBase, token: str) -> Pledge:
    """Let this browser pay the pledge that a link names; ``Http404`` where the link is not ours."""
    try:
        pledge = _found(Pledge.objects.filter(pk=UUID(_LINKS.unsign(token))))
    except BadSignature:
        raise Http404("No such link.") from None
    session[_PAYING] = str(pledge.pk)
    return pledge


def guest_token(pledge: Pledge) -> str:
    """What the link carries by which a guest comes back to a pledge."""
    return _GUEST_LINKS.sign(str(pledge.pk))


def guest_pledge(token: str) -> Pledge:
    """The pledge that a guest's link names, claimed or not; ``Http404`` for any other link."""
    try:
        return _found(Pledge.objects.filter(pk=UUID(_GUEST_LINKS.unsign(token))))
    except BadSignature:
        raise Http404("No such link.") from None


def survey_token(pledge: Pledge) -> str:
    """What a mail's link carries for so many days, by which a guest answers the creator."""
    return _SURVEY_LINKS.sign(str(pledge.pk))


def open_survey(session: SessionBase, token: str) -> Pledge:
    """Let this browser answer for the pledge that a link names; ``Http404`` where the link is not
    ours, or too old. It opens nothing else of the pledge.
    """
    try:
        pledge = _found(Pledge.objects.filter(pk=_asked_by(token)))
    except BadSignature:
        raise Http404("No such link.") from None
    session[_ANSWERING] = {"link": token, "until": time() + ANSWERING_SECONDS}
    return pledge


def _asked_by(token: str) -> UUID:
    """The pledge that a survey's link names. ``BadSignature`` where it is not ours, or too old."""
    most = timedelta(days=settings.SURVEY_LINK_DAYS)
    return UUID(_SURVEY_LINKS.unsign(token, max_age=most))


def _may_answer_for(session: SessionBase, pk: UUID) -> bool:
    """Whether this browser came by the pledge's link lately, and the link is still good."""
    opened = session.get(_ANSWERING)
    if not isinstance(opened, dict) or opened["until"] < time():
        return False
    try:
        return _asked_by(opened["link"]) == pk
    except BadSignature:
        return False


def answering_pledge(person: User | None, session: SessionBase, pk: UUID) -> Pledge:
    """One's own pledge, or the one for which a mail's link lets this browser answer.

    Once an account has claimed a guest's pledge, its link opens nothing any more.
    """
    if _may_answer_for(session, pk):
        found = _found(Pledge.objects.filter(pk=pk))
        if found.backer.is_guest:
            return found
    if person is None:
        raise PermissionDenied
    return own_pledge(person, pk)


def payable_pledge(person: User | None, session: SessionBase, pk: UUID) -> Pledge:
    """One's own pledge, or the one that a mail's link has opened in this browser."""
    if session.get(_PAYING) == str(pk):
        return _found(Pledge.objects.filter(pk=pk))
    if person is None:
        raise PermissionDenied
    return own_pledge(person, pk)


def _found(pledges: PledgeQuerySet) -> Pledge:
    whole = pledges.select_related(
        "campaign__project", "campaign__creator", "reward", "outcome", "backer"
    )
    found = whole.first()
    if found is None:
        raise Http404("No such pledge.")
    return found
