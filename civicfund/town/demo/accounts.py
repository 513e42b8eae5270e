"""Labelled accounts of the made-up town. They are no people: each is named for what it is for."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from random import Random

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password

from civicfund.audit.services import db_now
from civicfund.people.enums import Proof, Role
from civicfund.people.models import Residency, User
from civicfund.people.services import grant_role, mark_as_made_up
from civicfund.places.models import Neighborhood

DOMAIN = "demo.example"
PASSWORD = "marrowmere-demo"  # noqa: S105 -- printed for every visitor of the try-out
RESIDENTS = 240

STAFF = {
    "administrator": ("Demo administrator", Role.BUDGET_ADMINISTRATOR),
    "second-administrator": ("Demo second administrator", Role.BUDGET_ADMINISTRATOR),
    "reviewer": ("Demo reviewer", Role.REVIEWER),
    "second-reviewer": ("Demo second reviewer", Role.REVIEWER),
    "treasurer": ("Demo treasurer", Role.TREASURER),
    "second-treasurer": ("Demo second treasurer", Role.TREASURER),
    "moderator": ("Demo moderator", Role.MODERATOR),
    "second-moderator": ("Demo second moderator", Role.MODERATOR),
    "officer": ("Demo poll officer", Role.POLL_OFFICER),
    "second-officer": ("Demo second poll officer", Role.POLL_OFFICER),
    "clerk": ("Demo clerk", Role.CLERK),
    "second-clerk": ("Demo second clerk", Role.CLERK),
    "third-clerk": ("Demo third clerk", Role.CLERK),
    "certifier": ("Demo certifier", Role.CERTIFIER),
    "second-certifier": ("Demo second certifier", Role.CERTIFIER),
    "observer": ("Demo observer", Role.OBSERVER),
    "spokesperson": ("Demo spokesperson", Role.SPOKESPERSON),
    "complaints-officer": ("Demo complaints officer", Role.COMPLAINTS_OFFICER),
    "second-complaints-officer": ("Demo second complaints officer", Role.COMPLAINTS_OFFICER),
}


def address(name: str) -> str:
    """The e-mail address of a demo account."""
    return f"{name}@{DOMAIN}"


def account(name: str) -> User:
    """A demo account by its name. Raises ``User.DoesNotExist`` where the town is not loaded."""
    return User.objects.get(email=address(name))


def one_time_secret(name: str) -> str:
    """The account's TOTP secret (base 32): known to all, so that a visitor needs no phone."""
    digest = hashlib.sha256(f"civicfund demo {name}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()


def make_staff() -> None:
    """One account for each role, a second where an act takes two, each with a second factor; two
    superusers, who give roles.

    Nobody gives them their roles, so the town is marked as made up first.
    """
    mark_as_made_up()
    for name, (shown, role) in STAFF.items():
        user = User.objects.create_user(address(name), PASSWORD, display_name=shown)
        grant_role(user, role, by=None)
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.TOTP,
            data={"secret": get_adapter().encrypt(one_time_secret(name))},
        )
    two = [address("administrator"), address("second-administrator")]
    User.objects.filter(email__in=two).update(is_superuser=True)


def make_residents(
    places: dict[str, Neighborhood], random: Random, count: int = RESIDENTS
) -> list[User]:
    """Residents whose homes an officer has confirmed, spread as the population is."""
    hashed = make_password(PASSWORD)
    residents = User.objects.bulk_create(
        User(
            email=address(f"resident-{number}"),
            display_name=f"Demo resident {number}",
            password=hashed,
        )
        for number in range(1, count + 1)
    )
    names = list(places)
    weights = [places[name].population or 1 for name in names]
    homes = random.choices(names, weights, k=count)
    officer, now = account("officer"), db_now()
    Residency.objects.bulk_create(
        Residency(
            user=resident,
            neighborhood=places[home],
            since=date(2020, 1, 1),
            proof=Proof.OFFICER,
            proved_at=now,
            proved_by=officer,
            born_by=date(2000, 1, 1),
        )
        for resident, home in zip(residents, homes, strict=True)
    )
    return residents


def make_backer() -> User:
    """Somebody from elsewhere who backs campaigns and may not vote."""
    return User.objects.create_user(address("backer"), PASSWORD, display_name="Demo backer")


def verify_addresses() -> None:
    """Demo addresses need no confirmation mail."""
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True)
        for user in User.objects.filter(email__endswith=f"@{DOMAIN}", emailaddress=None)
    )
