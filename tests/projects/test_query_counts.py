"""No page of a project asks the database more when there is more to show."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import Part
from civicfund.projects.services import copy_project, edit_project, publish_project
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.files import add_file
from civicfund.projects.services.joining import ask_to_join
from civicfund.projects.services.merging import ask_to_merge, merge_as_moderator
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.hostile_files import a_pdf, a_picture
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def fill(project, moderator, rows):
    """So many of everything that can belong to a project."""
    proposer = project.proposer
    for number in range(rows):
        friend = UserFactory()
        accept_invitation(invite_co_author(project, friend.email, by=proposer), by=friend)
        ask_to_join(project, "I dig.", by=UserFactory())
        invite_co_author(project, f"{friend.pk}@elsewhere.example", by=proposer)
        edit_project(project, by=friend, story=f"Story {friend.pk} {number}")
        for decide in (True, False):
            given = Help("I dig.")
            offer = offer_help(project, Part.HANDS, given, by=UserFactory())
            if decide:
                accept_offer(offer, by=proposer)
        add_file(project, a_picture(), words="A bench", by=friend)
        add_file(project, a_pdf(), words="A plan", by=friend)
        support_project(project, by=friend)
        merge_as_moderator(ProjectFactory(), project, reason="Same.", by=moderator)
        asks = ProjectFactory()
        ask_to_merge(asks, project, reason="Same.", by=asks.proposer)
        copy = copy_project(project, neighborhood=NeighborhoodFactory(), by=UserFactory())
        publish_project(copy, by=copy.proposer)


def test_every_page_of_a_project_asks_as_much_for_three_rows_as_for_one(client):
    project = ProjectFactory(wanted=["hands"])
    grant_role(project.proposer, Role.MODERATOR, by=None)
    sign_in_with_second_factor(client, project.proposer)
    names = ("project", "project_authors", "project_history", "project_offers", "project_files")
    addresses = [reverse(name, args=[project.pk]) for name in names]
    addresses += [reverse("merge_desk"), reverse("help_wanted")]

    def counts():
        cache.clear()  # of pairs that were compared
        found = {}
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found[address] = len(queries)
        return found

    moderator = UserFactory()
    grant_role(moderator, Role.MODERATOR, by=None)
    fill(project, moderator, 1)
    one = counts()
    fill(project, moderator, 2)
    assert counts() == one
