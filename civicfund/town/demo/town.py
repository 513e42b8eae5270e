"""Building Marrowmere, the made-up town: the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from django.conf import settings
from django.db import transaction

from civicfund.town.demo.accounts import make_backer, make_residents, make_staff, verify_addresses
from civicfund.town.demo.geography import draw
from civicfund.town.demo.projects import make_projects

SEED = 2011


@transaction.atomic
def build(*, say: Callable[[str], None], seed: int = SEED) -> None:
    """Places, labelled accounts, projects. What people do in it is left to ``demo_actors``."""
    random = Random(seed)
    places = draw(settings.TOWN_NAME)
    say(f"{len(places)} neighborhoods")
    make_staff()
    residents = make_residents(places, random)
    make_backer()
    verify_addresses()
    say(f"{len(residents)} residents")
    projects = make_projects(places, residents, settings.CURRENCY, random)
    say(f"{len(projects)} projects")
