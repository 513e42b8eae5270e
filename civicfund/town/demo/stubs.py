"""Ideas of the made-up town that lack something yet, and whoever supports or helps them."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from civicfund.people.models import Residency, User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category, Part
from civicfund.projects.models import Project
from civicfund.projects.services import create_project, publish_project
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project

MOST_SUPPORTERS = 12


class Stub(NamedTuple):
    """An idea that others can help with."""

    title: str
    summary: str
    category: Category
    place: str
    address: str
    wanted: tuple[Part, ...]


STUBS = (
    Stub(
        "A hedge along the school yard",
        "Where a wire fence is now, something that birds like as well.",
        Category.GREEN,
        "Old Mill",
        "Along the lane behind the school",
        (Part.HANDS, Part.OWNER),
    ),
    Stub(
        "A ramp to the lending library",
        "Three steps keep out whoever comes on wheels.",
        Category.CARE,
        "Market Cross",
        "At the side door of the library",
        (Part.PERMIT, Part.PHOTO),
    ),
    Stub(
        "A board for neighbors at the quay",
        "What is lent, looked for and given away, under a small roof.",
        Category.CULTURE,
        "Lantern Quay",
        "Where the ferry used to land",
        (Part.HANDS,),
    ),
)


def make_stubs(
    places: dict[str, Neighborhood], residents: list[User], random: Random
) -> list[Project]:
    """The stubs, published; the first has got its story from a neighbor. All projects supported."""
    homes = list(Residency.objects.select_related("user").order_by("pk"))
    made = []
    for stub in STUBS:
        place = places[stub.place]
        proposer = next((home.user for home in homes if home.neighborhood == place), residents[0])
        project = create_project(
            proposer,
            title=stub.title,
            summary=stub.summary,
            category=stub.category,
            neighborhood=place,
            address=stub.address,
            wanted=[part.value for part in stub.wanted],
        )
        made.append(publish_project(project, by=proposer))
    _help(made[0], residents)
    _support(residents, random)
    return made


def _help(project: Project, residents: list[User]) -> None:
    neighbor = next(person for person in residents if person.pk != project.proposer_id)
    story = Help("Children planted the first ten shrubs last autumn, and all of them grew.")
    offer = offer_help(project, Part.STORY, story, by=neighbor)
    accept_offer(offer, by=project.proposer)


def _support(residents: list[User], random: Random) -> None:
    most = min(MOST_SUPPORTERS, len(residents))
    for project in Project.objects.listed():
        for person in random.sample(residents, random.randint(0, most)):
            support_project(project, by=person)
