from __future__ import annotations

from datetime import UTC, date, datetime

import factory

from civicfund.people.enums import Proof
from civicfund.people.models import Residency, User
from tests.factories.places import NeighborhoodFactory


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    display_name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password("correct horse battery")


class ResidencyFactory(factory.django.DjangoModelFactory):
    """Somebody whose home was confirmed by an officer."""

    class Meta:
        model = Residency

    user = factory.SubFactory(UserFactory)
    neighborhood = factory.SubFactory(NeighborhoodFactory)
    since = date(2020, 1, 1)
    proof = Proof.OFFICER
    proved_at = datetime(2020, 1, 2, tzinfo=UTC)
    born_by = factory.LazyAttribute(lambda home: date(1990, 1, 1) if home.proved_at else None)
