from __future__ import annotations

from datetime import UTC, date, datetime

import factory

from civicfund.people.enums import Proof
from civicfund.people.models import Residency, User
from tests.factories.numbers import numbered
from tests.factories.places import NeighborhoodFactory


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = numbered("person{}@example.org")
    display_name = numbered("Person {}")
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
