"""Who writes a project together with its proposer, and who is asked to."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import PUBLIC_STATES
from civicfund.projects.models.projects import Project

INVITATION = "projects.invitation"


class CoAuthor(models.Model):
    """Somebody who may change a project that another person proposed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="co_authors")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="co_authorships"
    )
    since = models.DateTimeField(_("since"), db_default=Now())
    # In their own words; shown on the project's campaign.
    does = models.CharField(_("what they do"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("co-author")
        verbose_name_plural = _("co-authors")
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="co_author_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.project_id}"


class Invitation(models.Model):
    """An address whose owner may become co-author, or proposer of what was entered for them; gone
    once they have answered.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    address = models.EmailField(_("e-mail"))
    invited_at = models.DateTimeField(_("invited"), db_default=Now())
    takes_over = models.BooleanField(_("to take it over"), default=False, db_default=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(fields=["project", "address"], name="invitation_once"),
            models.CheckConstraint(
                condition=Q(address=Func(F("address"), function="LOWER")),
                name="invitation_address_lower_case",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(takes_over=True),
                name="invitation_one_takes_over",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation to {self.project_id}"

    def get_absolute_url(self) -> str:
        """Where it is answered, the same whenever asked; only who has its address can open it."""
        token = signing.Signer(salt=INVITATION).sign_object(self.pk)
        return reverse("project_invitation", args=[token])


class InvitationPause(models.Model):
    """Until then a project invites an address no more: it said no, or was asked in vain.

    Of the address only a keyed hash is kept: most have no account, and nobody reads them here.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    key_hash = models.CharField(max_length=64)
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key_hash"], name="invitation_pause_once"),
            models.CheckConstraint(
                condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"),
                name="invitation_pause_keeps_a_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} until {self.until}"


class JoinWishQuerySet(models.QuerySet["JoinWish"]):
    """Questions about wishes to join."""

    def waiting(self) -> JoinWishQuerySet:
        """Those that the authors have not answered."""
        return self.filter(declined_at__isnull=True)

    def at_public_projects(self) -> JoinWishQuerySet:
        """Those that whoever asked can find, and take back while they wait."""
        return self.filter(project__state__in=PUBLIC_STATES)


class JoinWish(models.Model):
    """Somebody would like to write a project; gone once they do, or take it back.

    One that was declined stays without its words, so that nobody is asked again and again.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="join_wishes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    words = models.CharField(_("in words"), max_length=500, blank=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)

    objects = JoinWishQuerySet.as_manager()

    class Meta:
        verbose_name = _("wish to join")
        verbose_name_plural = _("wishes to join")
        constraints = [
            models.UniqueConstraint(fields=["project", "person"], name="join_wish_once"),
            models.CheckConstraint(
                condition=(Q(declined_at__isnull=True) & Q(words__regex=r"\S"))
                | Q(declined_at__isnull=False, words=""),
                name="join_wish_has_words_while_it_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} to {self.project_id}"
