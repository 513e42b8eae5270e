"""What a card shows of a campaign."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django import template

from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign
from civicfund.projects.models import ProjectFile
from civicfund.templatetags.drawn import says_all

register = template.Library()


@says_all
class CardPicture(NamedTuple):
    """The picture in front."""

    pk: UUID
    words: str
    width: int | None
    height: int | None


@says_all
class CampaignCard(NamedTuple):
    """All that a campaign's card shows but for backers and the time left: it is found by this."""

    pk: int
    title: str
    summary: str
    place: str
    state: str
    goal_minor: int
    pledged_minor: int
    collected_minor: int
    is_being_collected: bool
    picture: CardPicture | None

    def get_state_display(self) -> str:
        """How far it has come, in words."""
        return str(CampaignState(self.state).label)


@register.filter
def campaign_card(campaign: Campaign) -> CampaignCard:
    """A row of ``selectors.lists.cards_of`` or ``totals.with_totals`` for ``<c-campaign-card>``."""
    picture = next(iter(campaign.pictures), None)
    return CampaignCard(
        pk=campaign.pk,
        title=campaign.project.title,
        summary=campaign.project.summary,
        place=campaign.project.neighborhood.name,
        state=campaign.state,
        goal_minor=campaign.goal_minor,
        pledged_minor=campaign.pledged_minor,  # type: ignore[attr-defined]  # annotated
        collected_minor=campaign.collected_minor,  # type: ignore[attr-defined]  # annotated
        is_being_collected=campaign.is_being_collected,
        picture=_shown(picture) if picture else None,
    )


def _shown(picture: ProjectFile) -> CardPicture:
    return CardPicture(picture.pk, picture.words, picture.width, picture.height)
