"""Every main page, at both widths: axe at zero, nothing wider than the screen."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Campaign
from tests.factories.delivery import planned
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.pledges import CampaignFactory, PledgeFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town():
    """A place with a project, a campaign with rewards, and somebody who has a part in all."""
    place = NeighborhoodFactory(name="Lantern Quay", boundary=square(0, 0))
    resident = ResidencyFactory(neighborhood=place).user
    project = ProjectFactory(
        title="Benches along the quay",
        summary="Twelve benches with backs, one every eighty steps.",
        story="## Why here\n\nEverybody has asked.\n\n- oak\n- iron",
        neighborhood=place,
        proposer=resident,
        latitude=0.5,
        longitude=0.5,
        category="streets",
    )
    campaign = CampaignFactory(project=project)
    RewardFactory(campaign=campaign, title="Your name on a bench")
    pledge = PledgeFactory(campaign=campaign, backer=resident)
    planned(project, 40, 60)
    CommentFactory(
        thread=ThreadFactory(subject_id=project.pk), asks_city=True, body="Who oils them each year?"
    )
    CampaignFactory(
        project__proposer=resident,
        project__neighborhood=place,
        project__title="A shelter at the ferry",
        state=CampaignState.CHANGES_REQUESTED,
    )
    built = CampaignFactory(project__neighborhood=place, project__title="Lamps on the quay")
    planned(built.project, 40, 60)
    Campaign.objects.filter(pk=built.pk).update(state=CampaignState.SETTLED)
    return {"place": place, "resident": resident, "campaign": campaign, "pledge": pledge}


def _addresses(town) -> dict[str, str]:
    project = town["campaign"].project
    return {
        "home": "/",
        "projects": reverse("projects"),
        "projects-none": reverse("projects") + "?q=zeppelin",
        "project": project.get_absolute_url(),
        "project-new": reverse("project_new"),
        "neighborhood": town["place"].get_absolute_url(),
        "my-page": reverse("my_page"),
        "residency": reverse("residency"),
        "campaigns": reverse("campaigns"),
        "campaigns-here": f"{reverse('campaigns')}?show=finished&neighborhood={town['place'].slug}",
        "campaign": town["campaign"].get_absolute_url(),
        "pledge": town["pledge"].get_absolute_url(),
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_a_resident_pass_axe(open_page, sign_in, check_axe, screenshot, town, width):
    page = open_page({"width": width, "height": 900})
    sign_in(page, town["resident"])
    for name, address in _addresses(town).items():
        assert page.goto(address).status == 200, address
        screenshot(page, f"{name}-{width}")
        check_axe(page)


def test_pages_of_a_stranger_pass_axe(page, check_axe, town):
    closed = {"my-page", "residency", "project-new", "pledge"}
    for name, address in _addresses(town).items():
        if name not in closed:
            assert page.goto(address).status == 200, address
            check_axe(page)
