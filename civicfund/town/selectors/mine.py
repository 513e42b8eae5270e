"""What somebody should do next, and what came of what they did."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Phase, Proposal
from budgeting.selectors import my_participations
from civicfund.people.models import Residency, User
from civicfund.pledges.enums import PRIVATE_CAMPAIGN
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors.surveys import pledges_to_answer
from civicfund.projects.access import authored_by
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project

# All that a step says of a pledge.
_SAID = ("campaign__project__title",)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing that somebody could do now: why, and the page where it is done."""

    why: str
    words: str
    url: str


def next_step(user: User, home: Residency | None, *, has_pledged: bool = True) -> NextStep:
    """What waits for somebody, the most pressing first: money, a vote, their home, a draft."""
    return (
        (has_pledged and (_card_to_mend(user) or _survey_to_answer(user)))
        or _ballot_to_cast(user)
        or _home_to_say(home)
        or _draft_to_publish(user)
        or NextStep(
            _("Nothing waits for you."),
            _("See which projects look for help"),
            reverse("help_wanted"),
        )
    )


def _card_to_mend(user: User) -> NextStep | None:
    failed = Pledge.objects.failed().filter(backer=user).select_related("campaign__project")
    pledge = failed.only(*_SAID).order_by("recovery_ends_at", "pk").first()
    if pledge is None:
        return None
    why = _("Your card failed for “%(project)s”, and you can still make good.")
    said = why % {"project": pledge.campaign.project.title}
    return NextStep(said, _("Go to my pledge"), pledge.get_absolute_url())


def _survey_to_answer(user: User) -> NextStep | None:
    mine = pledges_to_answer().filter(backer=user).select_related(None)
    pledge = mine.select_related("campaign__project").only(*_SAID).first()
    if pledge is None:
        return None
    why = _("The creator of “%(project)s” needs to know something to bring you what you chose.")
    said = why % {"project": pledge.campaign.project.title}
    return NextStep(said, _("Answer"), reverse("pledge_survey", args=[pledge.pk]))


def _ballot_to_cast(user: User) -> NextStep | None:
    voting = Phase.objects.current().filter(kind=PhaseKind.BALLOTING, cycle__state=CycleState.OPEN)
    mine = voting.filter(cycle__roll__claimed_by=user).exclude(
        cycle__in=my_participations(user).order_by().values("cycle")
    )
    rows = mine.select_related("cycle").only("cycle__title", "cycle__slug")
    phase = rows.order_by("ends_at", "pk").first()
    if phase is None:
        return None
    said = _("You can vote in %(cycle)s and have not yet.") % {"cycle": phase.cycle.title}
    return NextStep(said, _("Go to my ballot"), reverse("ballot", args=[phase.cycle.slug]))


def _home_to_say(home: Residency | None) -> NextStep | None:
    if home is None:
        said = _("We do not know which neighborhood is yours: it decides which ballots you get.")
        return NextStep(said, _("Say where I live"), reverse("residency"))
    if home.proved_at is None:
        said = _("Your home is not confirmed: until then you cannot vote.")
        return NextStep(said, _("See how it is confirmed"), reverse("residency"))
    return None


def _draft_to_publish(user: User) -> NextStep | None:
    drafts = Project.objects.filter(authored_by(user), state=ProjectState.DRAFT)
    draft = drafts.only("title").order_by("-updated_at", "-pk").first()
    if draft is None:
        return None
    said = _("“%(project)s” is a draft that nobody else sees.") % {"project": draft.title}
    return NextStep(said, _("Go on with it"), draft.get_absolute_url())


def with_what_came_of_it(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each with its public proposals and campaigns, the newest first: two queries for all."""
    public = Proposal.objects.standing().filter(cycle__in=Cycle.objects.public())
    proposals = public.select_related("cycle")
    campaigns = Campaign.objects.exclude(state__in=PRIVATE_CAMPAIGN)
    return projects.prefetch_related(
        Prefetch("proposals", proposals.order_by("-pk"), to_attr="came_to_ballots"),
        Prefetch("campaigns", campaigns.order_by("-pk"), to_attr="came_to_campaigns"),
    )
