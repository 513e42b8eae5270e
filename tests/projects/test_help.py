"""What a project lacks, who brings it, and whose name stands in its history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.services.erasure import erase
from civicfund.projects.enums import OfferState, Part, ProjectState
from civicfund.projects.models import CoAuthor, Offer, Project, Version
from civicfund.projects.selectors import help_wanted, helps_of_row
from civicfund.projects.services import Cost, ProjectError, edit_project
from civicfund.projects.services.offers import (
    MOST_WAITING,
    Help,
    accept_offer,
    decline_offer,
    offer_help,
    withdraw_offer,
)
from tests.factories.people import UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory, square
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.projects.test_moderating import hide

pytestmark = pytest.mark.django_db


def stub(**more) -> Project:
    place = NeighborhoodFactory(boundary=square(0, 0))
    return ProjectFactory(
        **({"bare": True, "state": ProjectState.STUB, "neighborhood": place} | more)
    )


def offered(project, part=Part.STORY, **more):
    given = Help(**({"words": "Because people wait there."} | more))
    return offer_help(project, part, given, by=UserFactory())


def test_a_stub_lacks_what_it_lacks_and_what_its_authors_look_for():
    project = stub(wanted=["hands", "photo"])
    assert help_wanted(project) == [Part.STORY, Part.PLACE, Part.PHOTO, Part.HANDS]
    assert help_wanted(stub(state=ProjectState.DRAFT)) == []


def test_a_place_in_words_is_a_place(client):
    said, unsaid = stub(title="Said", address="Behind the bus stop"), stub(title="Unsaid")
    assert Part.PLACE not in help_wanted(said)
    wanting = Project.objects.wanting(Part.PLACE)
    assert (list(wanting), Project.objects.count_wanting(Part.PLACE)) == ([unsaid], 1)


def test_a_place_is_offered_in_words_alone(client):
    project = stub()
    client.force_login(UserFactory())
    page = reverse("project_offer", args=[project.pk, "place"])
    assert b'type="hidden" name="latitude"' in client.get(page).content
    client.post(page, {"words": "Behind the bus stop.", "latitude": "", "longitude": ""})
    accept_offer(Offer.objects.get(), by=project.proposer)
    project.refresh_from_db()
    assert (project.address, project.latitude) == ("Behind the bus stop.", None)
    assert Part.PLACE not in help_wanted(project)


def test_the_list_finds_each_kind_of_help_in_each_place(client):
    here, there = stub(title="Here"), stub(title="There", latitude=0.5, longitude=0.5)
    costless = ProjectFactory(title="Costless", neighborhood=here.neighborhood, wanted=["owner"])
    costless.cost_lines.all().delete()
    ProjectFactory(title="Whole")
    ProjectFactory(title="For all", latitude=None, longitude=None, neighborhood=CityFactory())
    stub(title="Private", state=ProjectState.DRAFT)

    def titles(**query):
        page = client.get(reverse("help_wanted"), query)
        return {project.title for project, _parts in page.context["cards"]}

    assert titles() == {"Here", "There", "Costless"}
    assert titles(part="story") == {"Here", "There"}
    assert titles(part="place") == {"Here"}
    assert titles(part="cost") == {"Costless"}
    assert titles(part="owner") == {"Costless"}
    assert titles(part="hands") == set()
    assert titles(neighborhood=there.neighborhood.slug) == {"There"}
    assert client.get(reverse("help_wanted"), {"part": "x"}).status_code == 400
    for project in Project.objects.wanting().select_related("neighborhood"):
        assert helps_of_row(project) == help_wanted(project)


def test_what_nobody_is_left_to_write_is_not_listed_and_says_so_to_whoever_offers(client):
    left, shared, led = (stub(title=title, wanted=["hands"]) for title in ("Left", "Shared", "Led"))
    CoAuthor.objects.create(project=led, user=UserFactory())
    CoAuthor.objects.create(project=shared, user=UserFactory())
    CampaignFactory(project=shared, creator=shared.proposer, state="settled")
    for project in (left, shared, led):
        erase(project.proposer)
    here = Project.objects.order_by("pk")
    assert [(row.title, row.is_abandoned) for row in here] == [
        ("Left", True), ("Shared", False), ("Led", False),
    ]  # fmt: skip
    assert Project.objects.get(title="Shared").proposer.erased_at  # the money ties it to them
    assert list(here.abandoned()) == [left]
    for part in (None, Part.STORY, Part.HANDS):
        assert list(here.wanting(part)) == [shared, led], part
        assert here.count_wanting(part) == 2, part
    listed = client.get(reverse("help_wanted")).content.decode()
    assert "2 projects look for help" in listed
    for project in here:
        place = client.get(project.neighborhood.get_absolute_url()).content.decode()
        page = client.get(project.get_absolute_url()).content.decode()
        offers = reverse("project_offer", args=[project.pk, "hands"])
        for lists in (listed, page):
            assert (offers in lists) == (project != left), project
        assert ("look for help here" in place or "looks for help here" in place) == (
            project != left
        )
    client.force_login(UserFactory())
    page = reverse("project_offer", args=[left.pk, "hands"])
    assert "Nobody is left who writes this project" in client.get(page).content.decode()
    answer = client.post(page, {"words": "I dig."})
    assert (answer.status_code, Offer.objects.count()) == (400, 0)
    assert "Nobody is left who writes this project: you can copy it." in answer.content.decode()


def test_the_list_asks_as_much_for_three_rows_as_for_one(client):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            stub(wanted=["photo"])
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("help_wanted"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_story_that_is_taken_in_credits_whoever_told_it(client, mailoutbox):
    project = stub()
    offer = offered(project)
    assert [m.recipient_id for m in Message.objects.all()] == [project.proposer_id]
    accept_offer(offer, by=project.proposer)
    project.refresh_from_db()
    assert project.story == "Because people wait there."
    latest = Version.objects.last()
    assert (latest.author, latest.helper) == (project.proposer, offer.by)
    page = client.get(project.get_absolute_url()).content.decode()
    assert f"{offer.by} (a story" in page
    history = client.get(reverse("project_history", args=[project.pk])).content.decode()
    assert f"with the help of {offer.by}" in history
    while send_next():
        pass
    assert "took in what you brought" in mailoutbox[-1].body
    assert mailoutbox[-1].to == [offer.by.email]


def test_a_place_and_costs_are_taken_in_and_a_place_elsewhere_is_not():
    project = stub()
    project.cost_lines.all().delete()
    accept_offer(offered(project, Part.PLACE, latitude=0.5, longitude=0.5), by=project.proposer)
    accept_offer(offered(project, Part.COST, costs=[Cost("Wood", 5)]), by=project.proposer)
    project.refresh_from_db()
    assert (project.latitude, project.address) == (0.5, "Because people wait there.")
    assert list(project.cost_lines.values_list("label", "amount_minor")) == [("Wood", 5)]
    other = stub()
    outside = offered(other, Part.PLACE, latitude=50, longitude=50)
    with pytest.raises(ProjectError, match="outside the town"):
        accept_offer(outside, by=other.proposer)
    outside.refresh_from_db()
    other.refresh_from_db()
    assert (outside.state, other.latitude) == (OfferState.WAITING, None)


def test_a_photo_is_not_looked_for_any_more_and_hands_always_are():
    project = stub(wanted=["photo", "hands"])
    for part in (Part.PHOTO, Part.HANDS):
        accept_offer(offered(project, part), by=project.proposer)
    project.refresh_from_db()
    assert project.wanted == ["hands"]


@pytest.mark.parametrize("part", [Part.OWNER, Part.PHOTO, Part.PERMIT, Part.HANDS])
def test_whoever_brought_what_was_asked_for_stands_in_the_history(client, part):
    project = stub(wanted=[part.value])
    offer = offered(project, part)
    accept_offer(offer, by=project.proposer)
    latest = Version.objects.last()
    assert (latest.number, latest.helper) == (2, offer.by)
    page = reverse("project_version", args=[project.pk, 2])
    said = str(part.label) if part != Part.HANDS else "help was taken in"
    assert said in client.get(page).content.decode()


def test_what_was_brought_is_not_looked_for_again_by_whoever_began_before(client):
    project, friend = stub(wanted=["photo"]), UserFactory()
    CoAuthor.objects.create(project=project, user=friend)
    edit_project(project, by=project.proposer, title="Begun")
    client.force_login(project.proposer)
    page = reverse("project_edit", args=[project.pk])
    form = client.get(page).context["form"]
    typed = {name: value for name, value in form.initial.items() if value is not None}
    lines = {"form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0", "seen": "2"}
    accept_offer(offered(project, Part.PHOTO), by=friend)
    answer = client.post(page, typed | lines | {"title": "Ended"})
    assert answer.status_code == 400
    assert "was saved meanwhile" in answer.content.decode()
    project.refresh_from_db()
    assert (project.title, project.wanted) == ("Begun", [])


def test_a_gap_is_filled_once():
    project = stub()
    first, second = offered(project), offered(project, words="Another story.")
    accept_offer(first, by=project.proposer)
    with pytest.raises(ProjectError, match="filled meanwhile"):
        accept_offer(second, by=project.proposer)
    with pytest.raises(ProjectError, match="not looked for"):
        offered(project)
    project.refresh_from_db()
    assert project.story == "Because people wait there."


def test_only_authors_answer_and_only_whoever_offered_takes_back(client):
    project, stranger = stub(), UserFactory()
    offer = offered(project)
    for act, by in (
        (accept_offer, stranger),
        (decline_offer, offer.by),
        (withdraw_offer, project.proposer),
    ):
        with pytest.raises(ProjectError):
            act(offer, by=by)
    answer = reverse("project_offer_answer", args=[project.pk, offer.pk])
    client.force_login(stranger)
    assert client.post(answer, {"act": "accept"}).status_code == 403
    assert (
        offer.words not in client.get(reverse("project_offers", args=[project.pk])).content.decode()
    )
    client.force_login(offer.by)
    client.post(answer, {"act": "accept"})
    assert Offer.objects.get().state == OfferState.WAITING
    assert Project.objects.get().story == ""
    client.post(answer, {"act": "withdraw"})
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert client.post(answer, {"act": "nonsense"}).status_code == 404


def test_authors_do_not_read_what_was_taken_back_and_are_not_told_of_it(client):
    project = stub()
    offer = offered(project)
    withdraw_offer(offer, by=offer.by)
    assert not Message.objects.exists()
    page = reverse("project_offers", args=[project.pk])
    for reader, reads in ((project.proposer, False), (offer.by, True)):
        client.force_login(reader)
        assert (offer.words in client.get(page).content.decode()) is reads


def test_offers_are_read_page_by_page(client, monkeypatch):
    monkeypatch.setattr("civicfund.projects.views.help.OFFERS_PER_PAGE", 2)
    project = stub()
    offers = [offered(project, words=f"Reason no {n}.") for n in range(3)]
    client.force_login(project.proposer)
    page = reverse("project_offers", args=[project.pk])
    read = [client.get(page, {"page": n}).content.decode() for n in (1, 2)]
    assert [[each.words in shown for each in offers] for shown in read] == [
        [False, True, True], [True, False, False],
    ]  # fmt: skip
    assert "Page 2 of 2" in read[1]


def test_an_offer_is_answered_once():
    project = stub()
    offer = offered(project)
    decline_offer(offer, by=project.proposer)
    with pytest.raises(ProjectError, match="answered already"):
        accept_offer(offer, by=project.proposer)
    assert Project.objects.get().story == ""


def test_one_waits_per_part_authors_just_add_it_and_nobody_floods():
    project, busy = stub(wanted=["hands"]), UserFactory()
    given = Help(words="I dig.")
    offer_help(project, Part.HANDS, given, by=busy)
    with pytest.raises(ProjectError, match="already"):
        offer_help(project, Part.HANDS, given, by=busy)
    with pytest.raises(ProjectError, match="just add it"):
        offer_help(project, Part.HANDS, given, by=project.proposer)
    for _ in range(MOST_WAITING - 1):
        offer_help(stub(), Part.STORY, given, by=busy)
    with pytest.raises(ProjectError, match="wait for"):
        offer_help(stub(), Part.STORY, given, by=busy)
    assert Offer.objects.count() == MOST_WAITING
    hide(project)  # there it cannot be taken back
    assert offer_help(stub(), Part.STORY, given, by=busy).state == OfferState.WAITING


@pytest.mark.parametrize(
    ("part", "posted", "words"),
    [
        ("story", {"words": " "}, "Fill in \u201cThe story: what is to be done"),
        ("place", {"words": " ", "latitude": "0.5"}, "Fill in \u201cHow to find the place"),
        ("place", {"words": "Here", "latitude": "0.5"}, "A point needs a latitude"),
        ("cost", {"words": "I asked"}, "Write at least one line"),
    ],
)
def test_the_page_says_what_is_missing_in_an_offer(client, part, posted, words):
    project = stub()
    project.cost_lines.all().delete()
    client.force_login(UserFactory())
    lines = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0"}
    answer = client.post(reverse("project_offer", args=[project.pk, part]), posted | lines)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Offer.objects.count() == 0


def test_costs_are_offered_on_the_page(client):
    project = stub()
    project.cost_lines.all().delete()
    client.force_login(UserFactory())
    page = reverse("project_offer", args=[project.pk, "cost"])
    assert client.get(page).status_code == 200
    typed = {"form-0-label": "Wood", "form-0-amount": "12.50", "words": "I asked the sawmill."}
    client.post(page, typed | {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0"})
    assert Offer.objects.get().cost_lines == [["Wood", 1250]]


def test_a_draft_or_a_part_that_is_not_there_is_no_page(client):
    client.force_login(UserFactory())
    draft = stub(state=ProjectState.DRAFT)
    assert client.get(reverse("project_offer", args=[draft.pk, "story"])).status_code == 404
    assert client.get(reverse("project_offer", args=[stub().pk, "x"])).status_code == 404


def test_what_is_looked_for_is_said_in_the_form():
    project = ProjectFactory()
    edit_project(project, by=project.proposer, wanted=["owner"])
    assert Project.objects.get().wanted == ["owner"]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (
            {"state": "nonsense", "decided_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "offer_state_known",
        ),
        ({"part": "nonsense"}, "offer_part_known"),
        ({"words": ""}, "offer_has_words"),
        ({"state": "accepted"}, "offer_answered_iff_not_waiting"),
    ],
)
def test_the_database_refuses_an_offer_that_cannot_be(change, constraint):
    offer = offered(stub())
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(**change)
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_the_database_keeps_an_answer_one_waiting_offer_and_known_codes():
    project = stub()
    offer = offered(project)
    tries = {
        "offer_one_waits": lambda: Offer.objects.create(
            project=project, part=Part.STORY, by=offer.by, words="Again"
        ),
        "project_wanted_known": lambda: Project.objects.update(wanted=["story"]),
    }
    for constraint, act in tries.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            act()
        assert refused.value.__cause__.diag.constraint_name == constraint
    decline_offer(offer, by=project.proposer)
    for change in ({"state": OfferState.ACCEPTED}, {"words": "Other."}, {"latitude": 0.5}):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Offer.objects.update(**change)
        assert refused.value.__cause__.diag.constraint_name == "projects_offer_frozen"


def test_what_was_taken_in_is_blanked_whole_or_not_at_all():
    project = stub()
    project.cost_lines.all().delete()
    accept_offer(offered(project, Part.COST, costs=[Cost("Wood", 5)]), by=project.proposer)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Offer.objects.update(words="")
    assert refused.value.__cause__.diag.constraint_name == "offer_has_words"
    Offer.objects.update(words="", cost_lines=[])
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Offer.objects.update(words="Forged.")
    assert refused.value.__cause__.diag.constraint_name == "projects_offer_frozen"
