"""The one thing that somebody should do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, PhaseKind, ProposalState
from budgeting.models import ChangeRequest, Phase, Proposal
from budgeting.selectors import my_participations
from civicfund.delivery.selectors import unreached_milestones
from civicfund.moments import moment
from civicfund.people.models import Residency, User
from civicfund.pledges.enums import HOLDING_CAMPAIGN, SETTLED_CAMPAIGN, CampaignState
from civicfund.pledges.models import Campaign, Pledge, Reward, Suspension
from civicfund.pledges.selectors.surveys import pledges_to_answer
from civicfund.prepared import Prepared
from civicfund.projects.access import authored_by
from civicfund.projects.enums import LISTED_STATES, MergeState, ProjectState
from civicfund.projects.models import Invitation, JoinWish, Merge, Offer, Project, ProjectQuerySet
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment

# All that a step says of a pledge.
_SAID = ("campaign__project__title",)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing that somebody could do now: why, and the page where it is done.

    ``until`` is when it is too late; None where nobody says when.
    """

    why: str
    words: str
    url: str
    until: datetime | None = None


def next_step(
    user: User, home: Residency | None, *, has_pledged: bool = True, writes: bool = True
) -> NextStep:
    """What waits for somebody, the most pressing first: money; what will be too late, the soonest
    first; what others wait for; their home; a draft.

    Who ``has_pledged`` nothing is not asked about pledges, nor who ``writes`` no project about
    campaigns.
    """
    return (
        (has_pledged and _card_to_mend(user))
        or _soonest(
            _ballot_to_cast(user),
            _appeal_to_make(user),
            _changes_to_make(user),
            *((_suspension_to_appeal(user), _campaign_to_change(user)) if writes else ()),
        )
        or (has_pledged and _survey_to_answer(user))
        or (writes and _question_to_answer(user))
        or _merge_to_answer(user)
        or _offer_to_answer(user)
        or _wish_to_answer(user)
        or _invitation_to_answer(user)
        or _home_to_say(home)
        or _draft_to_publish(user)
        or NextStep(
            _("Nothing waits for you."),
            _("See which projects look for help"),
            reverse("help_wanted"),
        )
    )


def _soonest(*steps: NextStep | None) -> NextStep | None:
    """What is too late first; what never is comes last."""
    found = [step for step in steps if step]
    return min(found, key=lambda step: step.until or _NEVER, default=None)


def _card_to_mend(user: User) -> NextStep | None:
    pledge = _failed.first(user.pk)
    if pledge is None:
        return None
    why = _("Your card failed for “%(project)s”, and you can still make good.")
    said = why % {"project": pledge.campaign.project.title}
    return NextStep(said, _("Go to my pledge"), pledge.get_absolute_url())


@Prepared
def _failed(user: int) -> QuerySet[Pledge]:
    failed = Pledge.objects.failed().filter(backer=user).select_related("campaign__project")
    return failed.only(*_SAID).order_by("recovery_ends_at", "pk")[:1]


def _survey_to_answer(user: User) -> NextStep | None:
    pledge = _unanswered.first(user.pk)
    if pledge is None:
        return None
    why = _("The creator of “%(project)s” needs to know something to bring you what you chose.")
    said = why % {"project": pledge.campaign.project.title}
    return NextStep(said, _("Answer"), reverse("pledge_survey", args=[pledge.pk]))


@Prepared
def _unanswered(user: int) -> QuerySet[Pledge]:
    mine = pledges_to_answer().filter(backer=user).select_related(None)
    return mine.select_related("campaign__project").only(*_SAID)[:1]


def _ballot_to_cast(user: User) -> NextStep | None:
    phase = _voting.first(user.pk)
    if phase is None:
        return None
    said = _("You can vote in %(cycle)s and have not yet.") % {"cycle": phase.cycle.title}
    page = reverse("ballot", args=[phase.cycle.slug])
    return NextStep(said, _("Go to my ballot"), page, until=phase.ends_at)


@Prepared
def _voting(user: int) -> QuerySet[Phase]:
    voting = Phase.objects.current().filter(kind=PhaseKind.BALLOTING, cycle__state=CycleState.OPEN)
    mine = voting.filter(cycle__roll__claimed_by=user).exclude(
        cycle__in=my_participations(user).order_by().values("cycle")
    )
    rows = mine.select_related("cycle").only("ends_at", "cycle__title", "cycle__slug")
    return rows.order_by("ends_at", "pk")[:1]


def _appeal_to_make(user: User) -> NextStep | None:
    proposal = _refused.first(user.pk)
    if proposal is None or proposal.published_with is None:
        return None
    until = proposal.published_with.appeals_until
    why = _(
        "“%(project)s” was not found feasible in %(cycle)s. Until %(until)s you can ask that"
        " somebody else look at it again."
    )
    said = why % {
        "project": proposal.project.title,
        "cycle": proposal.cycle.title,
        "until": moment(until),
    }
    page = reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk])
    return NextStep(said, _("Read why, and appeal"), page, until=until)


@Prepared
def _refused(user: int) -> QuerySet[Proposal]:
    refused = Proposal.objects.to_look_at().filter(
        state=ProposalState.NOT_FEASIBLE,
        cycle__state=CycleState.OPEN,
        published_with__appeals_until__gt=Now(),
        appeal__isnull=True,
        project__in=Project.objects.filter(authored_by(user)),
    )
    rows = refused.select_related("project", "cycle", "published_with")
    rows = rows.only(
        "project__title", "cycle__slug", "cycle__title", "published_with__appeals_until"
    )
    return rows.order_by("published_with__appeals_until", "pk")[:1]


def _listed_of(user: int) -> ProjectQuerySet:
    """Projects on the list that they write."""
    return Project.objects.listed().filter(authored_by(user))


def _changes_to_make(user: User) -> NextStep | None:
    request = _asked_for_changes.first(user.pk)
    if request is None:
        return None
    proposal = request.proposal
    if request.due_at:
        why = _("Reviewers ask you to change “%(project)s” by %(until)s.")
        said = why % {"project": proposal.project.title, "until": moment(request.due_at)}
    else:
        said = _("Reviewers ask you to change “%(project)s”.") % {"project": proposal.project.title}
    page = reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk])
    return NextStep(said, _("See what they ask for"), page, until=request.due_at)


@Prepared
def _asked_for_changes(user: int) -> QuerySet[ChangeRequest]:
    asked = (
        ChangeRequest.objects.held_up()
        .in_time()
        .filter(
            proposal__state=ProposalState.SUBMITTED,
            proposal__cycle__state=CycleState.OPEN,
            proposal__project__in=_listed_of(user),
        )
    )
    rows = asked.select_related("proposal__project", "proposal__cycle")
    rows = rows.only("due_at", "proposal__project__title", "proposal__cycle__slug")
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")[:1]


def _suspension_to_appeal(user: User) -> NextStep | None:
    suspension = _suspensions.first(user.pk)
    if suspension is None:
        return None
    campaign = suspension.campaign
    why = _(
        "Your campaign for “%(project)s” is suspended. Until %(until)s you can ask that another"
        " moderator look at it."
    )
    said = why % {"project": campaign.project.title, "until": moment(campaign.deadline_at)}
    page = campaign.get_absolute_url()
    return NextStep(said, _("Read why, and appeal"), page, until=campaign.deadline_at)


@Prepared
def _suspensions(user: int) -> QuerySet[Suspension]:
    """Until its deadline, after which it can no longer go on."""
    standing = Suspension.objects.standing().filter(
        appealed_at__isnull=True,
        campaign__creator=user,
        campaign__state=CampaignState.SUSPENDED,
        campaign__deadline_at__gt=Now(),
    )
    rows = standing.select_related("campaign__project")
    rows = rows.only("campaign__deadline_at", "campaign__project__title")
    return rows.order_by("campaign__deadline_at", "pk")[:1]


def _campaign_to_change(user: User) -> NextStep | None:
    campaign = _campaigns_to_change.first(user.pk)
    if campaign is None:
        return None
    why = _("Your campaign for “%(project)s” needs changes before it is reviewed again.")
    said = why % {"project": campaign.project.title}
    return NextStep(said, _("See what they ask for"), campaign.get_absolute_url())


@Prepared
def _campaigns_to_change(user: int) -> QuerySet[Campaign]:
    asked = Campaign.objects.filter(creator=user, state=CampaignState.CHANGES_REQUESTED)
    return asked.select_related("project").only("project__title").order_by("pk")[:1]


def _question_to_answer(user: User) -> NextStep | None:
    question = _questions.first(user.pk, localdate())
    if question is None:
        return None
    theirs = Campaign.objects.public().filter(creator=user).order_by()
    campaign = theirs.select_related("project").get(pk=question.thread.subject_id)
    why = _("Since %(since)s a question about your campaign for “%(project)s” waits for an answer.")
    said = why % {"since": moment(question.created_at), "project": campaign.project.title}
    page = reverse("campaign_questions", args=[campaign.pk])
    return NextStep(said, _("Read it and answer"), page)


@Prepared
def _questions(user: int, day: date) -> QuerySet[Comment]:
    """About campaigns that go on, or owe something yet."""
    theirs = Campaign.objects.public().filter(_owes(day), creator=user).order_by()
    asked = Comment.objects.open_to_creator().filter(
        thread__kind=SubjectKind.CAMPAIGN, thread__subject_id__in=theirs.values("pk")
    )
    return asked.select_related("thread").order_by("created_at", "pk")[:1]


def _owes(day: date) -> Q:
    """Campaigns that are not over, and those over that owe a milestone or a reward, as they said,
    or give back what was pledged.
    """
    work = unreached_milestones().filter(project=OuterRef("project"))
    rewards = Reward.objects.filter(campaign=OuterRef("pk"), delivered_from__gte=day)
    paid = Q(state__in=SETTLED_CAMPAIGN) & Q(Exists(work) | Exists(rewards))
    return Q(state__in=(*HOLDING_CAMPAIGN, CampaignState.FAILED_SHORT)) | paid


def _merge_to_answer(user: User) -> NextStep | None:
    merge = _merges.first(user.pk)
    if merge is None:
        return None
    why = _(
        "Since %(since)s you have been asked whether “%(one)s” should become part of “%(other)s”."
    )
    said = why % {
        "since": moment(merge.asked_at),
        "one": merge.project.title,
        "other": merge.into.title,
    }
    return NextStep(said, _("Say yes or no"), merge.project.get_absolute_url())


@Prepared
def _merges(user: int) -> QuerySet[Merge]:
    """Asked by whoever proposed the other one, as ``agree_to_merge`` has it."""
    mine = Q(into__proposer=user, asked_by=F("project__proposer"))
    mine |= Q(project__proposer=user) & ~Q(asked_by=user)
    listed = Q(project__state__in=LISTED_STATES, into__state__in=LISTED_STATES)
    asked = Merge.objects.filter(mine, listed, state=MergeState.ASKED)
    rows = asked.select_related("project", "into").only("asked_at", "project__title", "into__title")
    return rows.order_by("asked_at", "pk")[:1]


def _offer_to_answer(user: User) -> NextStep | None:
    offer = _offers.first(user.pk)
    if offer is None:
        return None
    why = _("Since %(since)s an offer of help for “%(project)s” waits for your answer.")
    said = why % {"since": moment(offer.offered_at), "project": offer.project.title}
    return NextStep(
        said, _("See what is offered"), reverse("project_offers", args=[offer.project_id])
    )


@Prepared
def _offers(user: int) -> QuerySet[Offer]:
    waiting = Offer.objects.waiting().filter(project__in=_listed_of(user))
    rows = waiting.select_related("project").only("offered_at", "project__title")
    return rows.order_by("offered_at", "pk")[:1]


def _wish_to_answer(user: User) -> NextStep | None:
    wish = _wishes.first(user.pk)
    if wish is None:
        return None
    why = _("Since %(since)s somebody has asked to write “%(project)s” with you.")
    said = why % {"since": moment(wish.asked_at), "project": wish.project.title}
    return NextStep(said, _("Say yes or no"), reverse("project_authors", args=[wish.project_id]))


@Prepared
def _wishes(user: int) -> QuerySet[JoinWish]:
    waiting = JoinWish.objects.waiting().filter(project__in=_listed_of(user))
    rows = waiting.select_related("project").only("asked_at", "project__title")
    return rows.order_by("asked_at", "pk")[:1]


def _invitation_to_answer(user: User) -> NextStep | None:
    invitation = _invitations.first(user.email)
    if invitation is None:
        return None
    why = _("Since %(since)s you have been invited to write “%(project)s” with others.")
    if invitation.takes_over:
        why = _("Since %(since)s we ask whether “%(project)s”, handed in on paper, is yours.")
    said = why % {"since": moment(invitation.invited_at), "project": invitation.project.title}
    return NextStep(said, _("Say yes or no"), invitation.get_absolute_url())


@Prepared
def _invitations(address: str) -> QuerySet[Invitation]:
    """As ``invitation_for`` opens them."""
    open_in = (ProjectState.DRAFT, *LISTED_STATES)
    asked = Invitation.objects.filter(address=address, project__state__in=open_in)
    rows = asked.select_related("project").only("invited_at", "takes_over", "project__title")
    return rows.order_by("invited_at", "pk")[:1]


def _home_to_say(home: Residency | None) -> NextStep | None:
    if home is None:
        said = _("We do not know which neighborhood is yours: it decides which ballots you get.")
        return NextStep(said, _("Say where I live"), reverse("residency"))
    if home.proved_at is None:
        said = _("Your home is not confirmed: until then you cannot vote.")
        return NextStep(said, _("See how it is confirmed"), reverse("residency"))
    return None


def _draft_to_publish(user: User) -> NextStep | None:
    draft = _drafts.first(user.pk)
    if draft is None:
        return None
    words = _("“%(project)s” is a draft that only those who write it see.")
    said = words % {"project": draft.title}
    return NextStep(said, _("Go on with it"), draft.get_absolute_url())


@Prepared
def _drafts(user: int) -> QuerySet[Project]:
    drafts = Project.objects.filter(authored_by(user), state=ProjectState.DRAFT)
    return drafts.only("title").order_by("-updated_at", "-pk")[:1]
