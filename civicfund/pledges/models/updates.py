"""What a campaign's creator tells its backers, or everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from civicfund.audit.models import AppendOnly
from civicfund.pledges.enums import Audience
from civicfund.pledges.models.campaigns import Campaign
from civicfund.talk.models import Comment

if TYPE_CHECKING:
    from datetime import datetime


class CampaignUpdateQuerySet(models.QuerySet["CampaignUpdate"]):
    """Questions about updates."""

    def whole(self) -> CampaignUpdateQuerySet:
        """Each with all that a page shows of it."""
        rows = self.select_related("campaign__project", "words__author", "words__thread")
        return rows.prefetch_related("words__hidings")

    def shown(self) -> CampaignUpdateQuerySet:
        """Those that moderators have not hidden."""
        return self.filter(words__in=Comment.objects.shown())


class CampaignUpdate(AppendOnly):
    """An update, numbered within its campaign. It stays; its words are a comment, so that people
    answer and report them and moderators hide them as any other.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="updates")
    number = models.PositiveSmallIntegerField(gettext_lazy("number"))
    title = models.CharField(gettext_lazy("title"), max_length=120)
    audience = models.CharField(
        gettext_lazy("who reads it"), max_length=8, choices=Audience.choices
    )
    words = models.OneToOneField(Comment, models.PROTECT, related_name="+")
    published_at = models.DateTimeField(gettext_lazy("published"), db_default=Now())

    objects = CampaignUpdateQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("update of a campaign")
        verbose_name_plural = gettext_lazy("updates of campaigns")
        indexes = [
            # The sweep that tells.
            models.Index(fields=["published_at"], name="campaign_update_published"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "number"], name="campaign_update_numbered_once"
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="campaign_update_from_one"),
            models.CheckConstraint(condition=~Q(title=""), name="campaign_update_has_a_title"),
            models.CheckConstraint(
                condition=Q(audience__in=Audience.values), name="campaign_update_audience_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.number}"

    def get_absolute_url(self) -> str:
        """Its own page."""
        return reverse("campaign_update", args=[self.campaign_id, self.number])

    @property
    def is_for_backers(self) -> bool:
        """Whether backers alone read it."""
        return self.audience == Audience.BACKERS

    @property
    def name(self) -> str:
        """What it is called where its title must not stand: that may be hidden, or not for all."""
        words = {"project": self.campaign.project.title, "number": self.number}
        return _("%(project)s, update %(number)s") % words

    @property
    def shown_title(self) -> str:
        """Its title; its number alone where moderators hide it."""
        return _("Update %(number)s") % {"number": self.number} if self.words.hiding else self.title

    @property
    def edited_at(self) -> datetime | None:
        """When its words were changed last, within the minutes after it was published."""
        return self.words.edited_at
