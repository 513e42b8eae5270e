"""Everything erasable about a person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from civicfund.people.enums import Proof, Role
from civicfund.places.models import Neighborhood


class UserManager(BaseUserManager["User"]):
    """People sign in by e-mail; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person. The address is kept in lower case, so that one address is one person."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Somebody who may do everything in the admin site, behind a second factor."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person's account."""

    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(
        _("name shown to others"), max_length=80, help_text=_("Others see this name.")
    )
    is_staff = models.BooleanField(_("may open the admin site"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Func(F("email"), function="LOWER")), name="user_email_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or str(_("Somebody"))

    def get_full_name(self) -> str:
        """The name shown to others."""
        return self.display_name

    def get_short_name(self) -> str:
        """The name shown to others."""
        return self.display_name


class RoleGrant(models.Model):
    """A role that somebody was given, by whom and since when."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = models.CharField(_("role"), max_length=32, choices=Role.choices)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="role_grant_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_grant_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"


class DateRange(Func):
    """PostgreSQL's ``daterange`` of two columns."""

    function = "DATERANGE"
    output_field = DateRangeField()


class Residency(models.Model):
    """Who lives where, since when, proved how, when and by whom."""

    user = models.ForeignKey(User, models.CASCADE, related_name="residencies")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="residencies")
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    proof = models.CharField(_("proved by"), max_length=16, choices=Proof.choices, blank=True)
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True)
    proved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("residency")
        verbose_name_plural = _("residencies")
        constraints = [
            ExclusionConstraint(
                name="residency_one_home_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (DateRange("since", "until"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
                name="residency_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(proof="", proved_at__isnull=True)
                | (Q(proof__in=Proof.values) & Q(proved_at__isnull=False)),
                name="residency_proof_has_its_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.neighborhood_id}"
