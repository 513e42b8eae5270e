"""Everything erasable about a person."""

from __future__ import annotations

from typing import Any, Self
from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import LAPSES_AFTER, ROLE_VERBS, ActRequest, AppendOnly, Approval
from civicfund.people.enums import DocumentKind, DocumentOutcome, Proof, Role
from civicfund.places.models import Neighborhood

# A domain that no mail can reach: https://www.rfc-editor.org/rfc/rfc2606
GUEST_DOMAIN = "guest.invalid"
ERASED_DOMAIN = "erased.invalid"
# What stands where the name of somebody who is erased stood.
FORMER = "A former resident"


class UserManager(BaseUserManager["User"]):
    """People sign in by e-mail; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person. The address is kept in lower case, so that one address is one person."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_guest(self, address: str, **fields: Any) -> User:
        """Somebody who gave an address to write to, and has no account."""
        made_up = f"{uuid4().hex}@{GUEST_DOMAIN}"
        return self.create_user(made_up, None, guest_email=address.strip().lower(), **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Somebody who may do everything in the admin site, behind a second factor."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person's account."""

    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(
        _("name shown to others"), max_length=80, help_text=_("Others see this name.")
    )
    # Where a guest is written to: somebody who pledged without an account. Such a row has no
    # password and a made-up ``email``, so that nobody signs in as it.
    guest_email = models.EmailField(_("guest's e-mail address"), blank=True)
    is_staff = models.BooleanField(_("may open the admin site"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)
    # Since when this is nobody any more: a row that only keeps others from pointing at nothing.
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    # The version of the terms that they agreed to last; empty where they signed up before there
    # were any. None: made in another way than by signing up, and never asked.
    agreed_to = models.CharField(max_length=16, null=True, blank=True)  # noqa: DJ001

    # Whether whoever asks here gave a second factor, as ``SaysSecondFactor`` finds it; no column.
    gave_second_factor = False

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            # What they have left behind, such as projects that nobody writes any more.
            models.Index(fields=["id"], condition=Q(erased_at__isnull=False), name="user_erased"),
            # Who gives roles, and is of the staff.
            models.Index(fields=["id"], condition=Q(is_superuser=True), name="user_superuser"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Func(F("email"), function="LOWER")), name="user_email_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(guest_email="")
                | Q(
                    guest_email=Func(F("guest_email"), function="LOWER"),
                    email__endswith=f"@{GUEST_DOMAIN}",
                    password__startswith="!",  # noqa: S106 -- how unusable ones begin
                    is_staff=False,
                    is_superuser=False,
                ),
                name="user_guest_cannot_sign_in",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(
                    email__endswith=f"@{ERASED_DOMAIN}",
                    guest_email="",
                    display_name=FORMER,
                    password__startswith="!",  # noqa: S106 -- how unusable ones begin
                    is_active=False,
                    is_staff=False,
                    is_superuser=False,
                    last_login__isnull=True,
                ),
                name="user_erased_is_nobody",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or str(_("Somebody"))

    @property
    def is_guest(self) -> bool:
        """Whether this is somebody without an account, known by an address that nobody proved."""
        return bool(self.guest_email)

    @property
    def mail_address(self) -> str:
        """Where mail to this person goes."""
        return self.guest_email or self.email

    def get_full_name(self) -> str:
        """The name shown to others."""
        return self.display_name

    def get_short_name(self) -> str:
        """The name shown to others."""
        return self.display_name


# What is asked for of another superuser, so that nobody gives roles alone.
GIVE_ROLE = "role.give"
# What the trail says of a person's roles.
ROLE_GRANTED, ROLE_REVOKED = ROLE_VERBS
# And of a look at who somebody is, before a role is asked for.
LOOKED_UP = "role.looked_up"


class RoleRequestQuerySet(models.QuerySet["RoleRequest"]):
    """Questions about who was to be given which role."""

    def asked(self) -> Self:
        """Of all that is asked for of a second person, only this."""
        return self.filter(act=GIVE_ROLE)

    def open(self) -> Self:
        """Nobody has agreed to it or taken it back."""
        return self.asked().filter(approval__isnull=True, withdrawal__isnull=True)

    def waiting(self) -> Self:
        """Another superuser can agree to it now."""
        return self.open().filter(
            at__gt=Now() - LAPSES_AFTER["people.user"],
            requested_by__is_superuser=True,
            requested_by__is_active=True,
        )


class RoleRequest(ActRequest):
    """One superuser asks that somebody be given a role; ``parameters`` name it."""

    objects = RoleRequestQuerySet.as_manager()  # type: ignore[misc]  # the proxy's own questions

    class Meta:
        proxy = True
        verbose_name = _("role that was asked for")
        verbose_name_plural = _("roles that were asked for")

    @property
    def role(self) -> Role:
        """Which one."""
        return Role(self.parameters["role"])


class RoleGrant(models.Model):
    """A role that somebody was given, by whom and since when.

    Where somebody gave it, two did: one asked, and another agreed, in the transaction that gives
    it. The database holds to that (``people_rolegrant_by_two``).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = models.CharField(_("role"), max_length=32, choices=Role.choices)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approval = models.OneToOneField(Approval, models.PROTECT, null=True, related_name="+")
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
    # The latest day on which somebody can be born of whom papers showed that they are so old.
    # Never the date of birth; none where no papers showed an age.
    born_by = models.DateField(_("born by"), null=True, blank=True)

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
            models.CheckConstraint(
                condition=Q(born_by__isnull=True) | Q(proved_at__isnull=False),
                name="residency_age_with_its_proof",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.neighborhood_id}"


class ResidenceDocumentQuerySet(models.QuerySet["ResidenceDocument"]):
    """Questions about documents."""

    def waiting(self) -> ResidenceDocumentQuerySet:
        """Those that nobody has decided on."""
        return self.filter(outcome="")


class ResidenceDocument(models.Model):
    """That somebody sent something to show where they live, and what became of it.

    The document itself is a sealed file outside the database, gone once this is decided, and on
    the day ``delete_after`` in any case. Two officers decide; the database holds them to it.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    residency = models.ForeignKey(Residency, models.CASCADE, related_name="documents")
    kind = models.CharField(_("kind"), max_length=8, choices=DocumentKind.choices)
    size = models.PositiveIntegerField(_("bytes"))
    sent_at = models.DateTimeField(_("sent"))
    delete_after = models.DateTimeField(_("deleted by"))
    outcome = models.CharField(
        _("outcome"), max_length=16, choices=DocumentOutcome.choices, blank=True
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)

    objects = ResidenceDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document about a home")
        verbose_name_plural = _("documents about homes")
        indexes = [
            # The sweeps that delete and tell, and the officers' desk.
            models.Index(fields=["outcome", "delete_after"], name="residence_document_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["residency"], condition=Q(outcome=""), name="residence_document_one_waits"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DocumentKind.values), name="residence_document_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True)
                | (Q(outcome__in=DocumentOutcome.values) & Q(decided_at__isnull=False)),
                name="residence_document_decided_iff_outcome",
            ),
            models.CheckConstraint(
                condition=Q(delete_after__gt=F("sent_at")), name="residence_document_has_its_day"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True, told_at__isnull=True) | ~Q(outcome=""),
                name="residence_document_kept_while_it_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"document {self.pk}"

    @property
    def is_picture(self) -> bool:
        """Whether it may be shown in a page: we have drawn it anew."""
        return self.kind == DocumentKind.PICTURE


class PersonalCopyQuerySet(models.QuerySet["PersonalCopy"]):
    """Questions about copies."""

    def at_hand(self) -> PersonalCopyQuerySet:
        """Those that are waited for or can be taken."""
        return self.filter(deleted_at=None)

    def waiting(self) -> PersonalCopyQuerySet:
        """Those that are still to be made, the longest waited for first."""
        rows = self.at_hand().filter(made_at=None, delete_after__gt=Now())
        return rows.order_by("asked_at", "pk")


class PersonalCopy(models.Model):
    """That somebody asked for what the town holds about them. The copy is a sealed file outside
    the database, gone on the day ``delete_after`` at the latest; erased with the person.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="copies")
    asked_at = models.DateTimeField(_("asked for"))
    made_at = models.DateTimeField(_("made"), null=True, blank=True)
    size = models.PositiveIntegerField(_("bytes"), null=True, blank=True)
    delete_after = models.DateTimeField(_("deleted by"))
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = PersonalCopyQuerySet.as_manager()

    class Meta:
        verbose_name = _("copy of what is held about a person")
        verbose_name_plural = _("copies of what is held about people")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(deleted_at=None), name="personal_copy_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True, size__isnull=True)
                | Q(made_at__isnull=False, size__isnull=False, size__gt=0),
                name="personal_copy_made_iff_it_has_a_size",
            ),
            models.CheckConstraint(
                condition=Q(delete_after__gt=F("asked_at")), name="personal_copy_has_its_day"
            ),
        ]

    def __str__(self) -> str:
        return f"copy {self.pk}"


class PolicyConsent(AppendOnly):
    """That somebody agreed to the terms and the privacy page of a version, and to which words."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    version = models.CharField(_("version"), max_length=16)
    digest = models.CharField(_("SHA-256 of the words"), max_length=64)
    agreed_at = models.DateTimeField(_("agreed"), db_default=Now())

    class Meta:
        verbose_name = _("consent to the terms")
        verbose_name_plural = _("consents to the terms")
        constraints = [
            models.UniqueConstraint(fields=["user", "version"], name="policy_consent_once"),
            models.CheckConstraint(
                condition=Q(digest__regex="^[0-9a-f]{64}$"), name="policy_consent_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.version}"
