"""Building Marrowmere, the made-up town: the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from django.conf import settings
from django.db import transaction

from civicfund.projects.models import Project
from civicfund.town.demo.accounts import (
    RESIDENTS,
    make_backer,
    make_residents,
    make_staff,
    verify_addresses,
)
from civicfund.town.demo.campaigns import PLANS, make_campaigns
from civicfund.town.demo.complaints import make_complaints
from civicfund.town.demo.cycles import (
    make_held_cycle,
    make_open_cycle,
    make_points_cycle,
    make_running_cycle,
)
from civicfund.town.demo.geography import draw
from civicfund.town.demo.projects import make_projects
from civicfund.town.demo.stubs import make_stubs
from civicfund.town.demo.talk import ask_creators, make_talk, make_updates

SEED = 2011


@transaction.atomic
def build(*, say: Callable[[str], None], seed: int = SEED, resident_count: int = RESIDENTS) -> None:
    """Places, labelled accounts, projects, cycles, campaigns, what people say.

    What takes people afterwards (pledging, certifying, publishing) is left to ``demo_actors``.
    """
    random = Random(seed)
    places = draw(settings.TOWN_NAME)
    say(f"{len(places)} neighborhoods")
    make_staff()
    residents = make_residents(places, random, resident_count)
    make_backer()
    verify_addresses()
    say(f"{len(residents)} residents")
    projects = make_projects(places, residents, settings.CURRENCY, random)
    say(f"{len(projects)} projects")
    entered = list(Project.objects.select_related("neighborhood", "proposer").order_by("pk"))
    make_held_cycle(entered, residents, random)
    make_running_cycle(entered, residents, random)
    make_open_cycle(entered, residents, random)
    make_points_cycle(entered, residents, random)
    say("4 budget cycles, with ballots")
    make_campaigns(entered)
    say(f"{len(PLANS)} campaigns")
    say(f"{len(make_stubs(places, residents, random))} stubs that look for help")
    make_talk(entered, residents, random)
    make_updates()
    ask_creators(residents)
    say("comments, questions to the city and to creators, and updates of campaigns")
    say(f"{make_complaints(residents)} complaints that wait for an answer")
