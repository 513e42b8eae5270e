"""Reading people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Cast, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest, Event
from civicfund.people.domain import years_before
from civicfund.people.enums import Role
from civicfund.people.models import (
    ROLE_GRANTED,
    ROLE_REVOKED,
    ResidenceDocument,
    ResidenceDocumentQuerySet,
    Residency,
    RoleGrant,
    RoleRequest,
    User,
)
from civicfund.prepared import Prepared


def all_rows_of(user: User) -> list[User]:
    """The account, and whoever pledged as a guest under one of its proved addresses."""
    proved = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    guests = Q(guest_email__in=[address.lower() for address in proved]) & ~Q(guest_email="")
    return list(User.objects.filter(Q(pk=user.pk) | guests).order_by("pk"))


def whose_row(guest: User) -> QuerySet[User]:
    """Those who have proved the address of a guest: ``all_rows_of`` the other way round."""
    proved = EmailAddress.objects.filter(verified=True, email__iexact=guest.guest_email)
    return User.objects.filter(pk__in=proved.exclude(email="").values("user"))


def person_at(email: str) -> User | None:
    """Who has an account and has proved this address, whatever the case; None where nobody."""
    proved = EmailAddress.objects.filter(email__iexact=email.strip(), verified=True)
    return User.objects.filter(pk__in=proved.values("user"), is_active=True).first()


def has_role(user: User | AnonymousUser, role: Role) -> bool:
    """Whether somebody was given the role."""
    return user.is_authenticated and role in _roles(user.pk)


def roles_of(user: User) -> set[str]:
    """The roles that somebody was given."""
    return set(_roles(user.pk))


@Prepared
def _roles(user: int) -> QuerySet[RoleGrant, str]:
    return RoleGrant.objects.filter(user=user).values_list("role", flat=True)


def people_with(role: Role) -> QuerySet[User]:
    """Those who were given the role and can sign in."""
    return User.objects.filter(role_grants__role=role, is_active=True).order_by("pk")


def staff_members() -> QuerySet[User]:
    """Those who hold any role or are superusers, and can sign in."""
    return User.objects.filter(pk__in=_keys_of_staff(), is_active=True).order_by("pk")


def _keys_of_staff(*more: QuerySet[Event, int]) -> list[int]:
    """Of those who hold a role, of superusers and of whom else is given.

    Looked up for themselves, since the database knows too little of a table with a few roles: it
    would look for these people among everybody.
    """
    holding = RoleGrant.objects.order_by().values_list("user", flat=True)
    rooted = User.objects.filter(is_superuser=True).order_by().values_list("pk", flat=True)
    return list(holding.union(rooted, *more))


def superusers() -> QuerySet[User]:
    """Those who give roles, by name."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("display_name", "pk")


def role_grants() -> QuerySet[RoleGrant]:
    """Who holds which role, by role and name, with those who gave it."""
    rows = RoleGrant.objects.select_related("user", "granted_by", "approval__approved_by")
    return rows.order_by("role", "user__display_name", "pk")


def waiting_roles(most: int) -> list[tuple[RoleRequest, User | None]]:
    """What waits for another superuser, what lapses first coming first, and for whom it is."""
    waiting = RoleRequest.objects.waiting().select_related("requested_by").order_by("id")
    rows = list(waiting[:most])
    people = User.objects.in_bulk([int(row.target_id) for row in rows])
    return [(row, people.get(int(row.target_id))) for row in rows]


def changes_of_roles(most: int) -> list[tuple[Event, str, User | None]]:
    """The newest roles that were given and ended: the event, the role in words, and whose it is."""
    told = Event.objects.filter(
        target_type=User._meta.label_lower, verb__in=(ROLE_GRANTED, ROLE_REVOKED)
    )
    rows = list(told.select_related("actor").order_by("-id")[:most])
    people = User.objects.in_bulk([int(row.target_id) for row in rows])
    labels = {str(role): str(role.label) for role in Role}
    return [
        (row, labels.get(row.data["role"], row.data["role"]), people.get(int(row.target_id)))
        for row in rows
    ]


def staff_names() -> list[tuple[int, str]]:
    """The keys, with their names, of those who hold a role or held one, and of superusers.

    The trail tells what they did, whatever they are today. Two queries.
    """
    given = Event.objects.filter(verb=ROLE_GRANTED).order_by()
    ever = _keys_of_staff(
        given.annotate(person=Cast("target_id", BigIntegerField())).values_list("person", flat=True)
    )
    people = User.objects.filter(pk__in=ever).order_by("pk").only("display_name", "erased_at")
    left = _("Somebody who has left")
    return [(person.pk, left if person.erased_at else str(person)) for person in people]


def people_with_since(roles: Collection[Role], since: datetime) -> QuerySet[User]:
    """Those who can sign in and hold one of the roles, or held one at that time or later.

    By the trail: a role that was given then, and not taken before, was held.
    """
    changes = Event.objects.filter(
        target_type=User._meta.label_lower,
        verb__in=(ROLE_GRANTED, ROLE_REVOKED),
        data__role__in=list(roles),
    ).order_by("id")
    held: set[tuple[str, str]] = set()
    for who, verb, role, at in changes.values_list("target_id", "verb", "data__role", "at"):
        if verb == ROLE_GRANTED:
            held.add((who, role))
        elif at < since:
            held.discard((who, role))
    holding = RoleGrant.objects.filter(role__in=roles).values("user")
    either = Q(pk__in=holding) | Q(pk__in={int(who) for who, _role in held})
    return User.objects.filter(either, is_active=True).order_by("pk")


def residencies_on(day: date) -> QuerySet[Residency]:
    """Who lived where on a day, proved or not."""
    return Residency.objects.filter(Q(until__isnull=True) | Q(until__gt=day), since__lte=day)


def proved_residencies_on(day: date) -> QuerySet[Residency]:
    """Who is proved to have lived where on a day."""
    return residencies_on(day).filter(proved_at__isnull=False)


def old_enough(homes: QuerySet[Residency], minimum_age: int, on: date) -> QuerySet[Residency]:
    """Of homes, those of people of whom papers showed that they are so old on a day."""
    return homes.filter(born_by__lte=years_before(on, minimum_age)) if minimum_age else homes


def residency_of(user: User | AnonymousUser) -> Residency | None:
    """Where somebody lives today, with the neighborhood; None where they have not said."""
    if not user.is_authenticated:
        return None
    return _homes.first(user.pk, timezone.localdate())


@Prepared
def _homes(user: int, day: date) -> QuerySet[Residency]:
    homes = residencies_on(day).filter(user=user).select_related("neighborhood")
    return homes.order_by("pk")[:1]


DECIDE = "residence_document.decide"


def document_of(home: Residency | None) -> ResidenceDocument | None:
    """The newest document that somebody sent for this home, whatever became of it."""
    if home is None:
        return None
    return ResidenceDocument.objects.filter(residency=home).order_by("-sent_at", "-pk").first()


def waiting_documents() -> ResidenceDocumentQuerySet:
    """What officers have to look at, the one that goes first coming first."""
    waiting = ResidenceDocument.objects.waiting().order_by("delete_after", "pk")
    return waiting.select_related("residency__user", "residency__neighborhood")


def finding_on(document: ResidenceDocument) -> ActRequest | None:
    """The newest finding, which waits for a second officer; None where nobody has looked."""
    asked = ActRequest.objects.filter(
        act=DECIDE,
        target_type=document._meta.label_lower,
        target_id=str(document.pk),
        approval__isnull=True,
    )
    return asked.select_related("requested_by").order_by("-id").first()


def agreed_finding(document: ResidenceDocument) -> str:
    """What two officers saw in a document; empty where they decided nothing."""
    asked = ActRequest.objects.filter(
        act=DECIDE,
        target_type=document._meta.label_lower,
        target_id=str(document.pk),
        approval__isnull=False,
    ).last()
    return str(asked.parameters["finding"]) if asked else ""


def documents_overdue(*, minutes: int) -> int:
    """Documents that a sweep should have deleted so long ago."""
    latest = Now() - timedelta(minutes=minutes)
    undecided = Q(outcome="", delete_after__lte=latest)
    left = ~Q(outcome="") & Q(deleted_at=None, decided_at__lte=latest)
    return ResidenceDocument.objects.filter(undecided | left).count()
