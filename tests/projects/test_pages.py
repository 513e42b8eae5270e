from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposer(client):
    user = UserFactory()
    client.force_login(user)
    return user


@pytest.fixture
def place():
    return NeighborhoodFactory(slug="millside", boundary=square(0, 0))


def typed(*lines: tuple[str, str], **fields) -> dict[str, str]:
    form = {
        "title": "A bench",
        "summary": "Somewhere to sit.",
        "story": "",
        "category": "green",
        "neighborhood": "millside",
        "latitude": "",
        "longitude": "",
        "form-TOTAL_FORMS": str(len(lines)),
        "form-INITIAL_FORMS": "0",
    }
    for number, (label, amount) in enumerate(lines):
        form |= {f"form-{number}-label": label, f"form-{number}-amount": amount}
    return form | fields


def propose(client, *lines, **fields):
    return client.post(reverse("project_new"), typed(*lines, **fields))


def test_a_stranger_is_asked_to_sign_in_first(client):
    answer = client.get(reverse("project_new"))
    assert answer.url == "/accounts/login/?next=/projects/new/"
    assert propose(client).status_code == 302
    assert Project.objects.count() == 0


def test_a_draft_is_kept_with_its_costs_in_minor_units(client, proposer, place):
    answer = propose(client, ("Wood", "1,234.50"), ("", ""), ("Screws", "7"), save="yes")
    project = Project.objects.get()
    assert answer.url == project.get_absolute_url()
    assert (project.state, project.proposer) == (ProjectState.DRAFT, proposer)
    assert list(project.cost_lines.values_list("label", "amount_minor")) == [
        ("Wood", 123_450),
        ("Screws", 700),
    ]


def test_publishing_at_once_says_once_what_is_missing_and_where_to_fill_it_in(
    client, proposer, place
):
    propose(client, publish="yes")
    project = Project.objects.get()
    assert project.state == ProjectState.STUB
    said = client.get(project.get_absolute_url()).content.decode()
    assert said.count("To be ready it still needs:") == 1
    assert "<li>a story: what is to be done, and why</li>" in said
    assert f'<a href="{reverse("project_edit", args=[project.pk])}">Fill in what is missing' in said


def test_what_was_saved_meanwhile_in_another_tab_is_not_written_over_unseen(
    client, proposer, place
):
    propose(client, save="yes")
    project = Project.objects.get()
    address = reverse("project_edit", args=[project.pk])
    seen = client.get(address).context["seen"]
    mine = {"seen": seen, "save": "yes"}

    def send(**fields):
        return client.post(address, typed(**fields))

    assert send(story="Of the first tab.", **mine).status_code == 302
    late = send(story="Of the second tab.", **mine)
    assert late.status_code == 400
    page = late.content.decode()
    assert "This was saved meanwhile" in page
    assert "Of the second tab." in page
    assert reverse("project_history", args=[project.pk]) in page
    project.refresh_from_db()
    assert project.story == "Of the first tab."
    wrong = send(title="", **mine)
    assert wrong.context["seen"] == str(seen)
    again = {"seen": late.context["seen"], "save": "yes"}
    assert send(story="Of the second tab.", **again).status_code == 302
    project.refresh_from_db()
    assert project.story == "Of the second tab."


def test_about_a_draft_nobody_is_asked_to_talk_nor_to_plan_its_money(client, proposer, place):
    propose(client, save="yes")
    said = client.get(Project.objects.get().get_absolute_url()).content.decode()
    for words in ("What people say", "Follow this", "Plan milestones", "/feeds/"):
        assert words not in said


def test_a_whole_project_is_ready_at_once(client, proposer, place):
    whole = {"story": "Because.", "latitude": "0.5", "longitude": "0.5"}
    propose(client, ("All", "10"), publish="yes", **whole)
    assert Project.objects.get().state == ProjectState.READY


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("ten", "Write an amount such as 1200 or 1234.50."),
        ("1,50,5", "Write an amount such as 1200 or 1234.50."),
        ("NaN", "Write an amount such as 1200 or 1234.50."),
        ("1e5", "Write an amount such as 1200 or 1234.50."),
        (".", "Write an amount such as 1200 or 1234.50."),
        ("0", "The amount must be above zero."),
        ("0.00", "The amount must be above zero."),
        ("-5", "The amount must be above zero."),
        ("1.0050", "There are too many digits after the point."),
        ("1,200", "Is this 1,200.00 or 1.20? Write 1200 or 1.20."),
        ("1.200", "Is this 1,200.00 or 1.20? Write 1200 or 1.20."),
        ("9" * 20, "This is more than can be written here."),
        ("", "Say what this costs."),
    ],
)
def test_a_wrong_amount_is_named_and_kept_as_typed(client, proposer, place, amount, said):
    answer = propose(client, ("Wood", amount), save="yes")
    assert answer.status_code == 400
    assert answer.context["lines"].errors == [{"amount": [said]}]
    page = answer.content.decode()
    assert f'value="{amount}"' in page or not amount
    assert 'value="A bench"' in page
    assert Project.objects.count() == 0
    assert Event.objects.count() == 0


def test_an_amount_for_nothing_is_named(client, proposer, place):
    answer = propose(client, ("", "12"), save="yes")
    assert answer.context["lines"].errors == [{"label": ["Say what this amount is for."]}]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"summary": " "}, "summary"),
        ({"category": "nonsense"}, "category"),
        ({"neighborhood": "atlantis"}, "neighborhood"),
        ({"neighborhood": ""}, "neighborhood"),
        ({"latitude": "0.5"}, "latitude"),
        ({"latitude": "91", "longitude": "0"}, "latitude"),
        ({"latitude": "nan", "longitude": "0"}, "latitude"),
        ({"latitude": "50", "longitude": "50"}, "latitude"),
        ({"longitude": "east", "latitude": "0"}, "longitude"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(client, proposer, place, fields, wrong):
    answer = propose(client, save="yes", **fields)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [wrong]
    assert Project.objects.count() == 0


@pytest.mark.parametrize("total", ["", "x", "1000000"])
def test_a_forged_count_of_lines_is_refused(client, proposer, place, total):
    answer = propose(client, save="yes", **{"form-TOTAL_FORMS": total})
    assert answer.status_code == 400
    assert Project.objects.count() == 0


def test_more_lines_keep_what_was_typed_and_check_nothing(client, proposer, place):
    answer = propose(client, ("Wood", "ten"), ("", ""), title="", more_lines="yes")
    assert answer.status_code == 200
    assert [form.initial for form in answer.context["lines"] if form.initial] == [
        {"label": "Wood", "amount": "ten"}
    ]
    assert len(answer.context["lines"].forms) == 4
    assert "There is a problem" not in answer.content.decode()
    assert Project.objects.count() == 0


def test_an_edit_starts_from_what_is_there(client, proposer, place):
    project = ProjectFactory(proposer=proposer, neighborhood=place, cost_minor=123_450)
    page = client.get(reverse("project_edit", args=[project.pk])).content.decode()
    assert f'value="{project.title}"' in page
    assert 'value="1234.50"' in page


def test_an_edit_is_kept(client, proposer, place):
    project = ProjectFactory(
        proposer=proposer, neighborhood=place, state=ProjectState.STUB, bare=True
    )
    edited = typed(("Wood", "5"), title="Two benches", save="yes")
    client.post(reverse("project_edit", args=[project.pk]), edited)
    project.refresh_from_db()
    assert project.title == "Two benches"
    assert list(project.cost_lines.values_list("label", "amount_minor")) == [("Wood", 500)]


def test_withdrawing_is_asked_twice(client, proposer):
    project = ProjectFactory(proposer=proposer)
    url = reverse("project_withdraw", args=[project.pk])
    assert "cannot be undone" in client.get(url).content.decode()
    assert Project.objects.get().state == ProjectState.READY
    client.post(url)
    assert Project.objects.get().state == ProjectState.WITHDRAWN


def test_a_withdrawn_project_is_gone_for_others_and_stays_for_its_proposer(client, proposer):
    mine = ProjectFactory(proposer=proposer, state=ProjectState.WITHDRAWN)
    others = ProjectFactory(state=ProjectState.WITHDRAWN)
    assert client.get(mine.get_absolute_url()).status_code == 200
    assert client.get(others.get_absolute_url()).status_code == 404


PAGES = ["project_edit", "project_publish", "project_withdraw"]


@pytest.mark.parametrize("page", PAGES)
def test_others_drafts_are_not_there(client, proposer, page):
    project = ProjectFactory(state=ProjectState.DRAFT, bare=True)
    assert client.get(project.get_absolute_url()).status_code == 404
    assert client.post(reverse(page, args=[project.pk]), typed()).status_code == 404
    assert Project.objects.get().state == ProjectState.DRAFT


@pytest.mark.parametrize("page", PAGES)
def test_others_public_projects_are_not_mine_to_touch(client, proposer, page):
    project = ProjectFactory(state=ProjectState.STUB, bare=True)
    assert client.post(reverse(page, args=[project.pk]), typed()).status_code == 403
    assert Project.objects.get().state == ProjectState.STUB
    assert Event.objects.count() == 0


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("pk", [0, 10**18, 10**30])
def test_a_project_that_never_was_is_not_found(client, proposer, page, pk):
    assert client.post(reverse(page, args=[pk])).status_code == 404


def test_publishing_is_not_done_by_following_a_link(client, proposer):
    project = ProjectFactory(proposer=proposer, state=ProjectState.DRAFT, bare=True)
    assert client.get(reverse("project_publish", args=[project.pk])).status_code == 405
    assert Project.objects.get().state == ProjectState.DRAFT


def test_the_page_of_a_draft_says_what_is_missing_and_offers_to_publish(client, proposer):
    project = ProjectFactory(proposer=proposer, state=ProjectState.DRAFT, bare=True)
    page = client.get(project.get_absolute_url()).content.decode()
    assert "Only those who write it see this draft" in page
    assert "a place on the map" in page
    assert "what it costs" not in page
    client.post(reverse("project_publish", args=[project.pk]))
    assert "Publish as a stub" not in client.get(project.get_absolute_url()).content.decode()


def test_others_are_not_told_what_a_stub_lacks(client):
    project = ProjectFactory(state=ProjectState.STUB, bare=True)
    assert "it still needs" not in client.get(project.get_absolute_url()).content.decode()


AWAY = 'name="point_away"'


def test_a_point_is_taken_away_without_scripts(client, proposer, place):
    assert AWAY not in client.get(reverse("project_new")).content.decode()
    propose(client, latitude="0.0", longitude="0.5", save="yes")
    project = Project.objects.get()
    page = reverse("project_edit", args=[project.pk])
    assert AWAY in client.get(page).content.decode()
    edit = typed(latitude="0.0", longitude="0.5", point_away="on", seen="1")
    wrong = client.post(page, edit | {"title": ""})
    assert f'{AWAY} id="id_point_away" checked' in wrong.content.decode()
    assert client.post(page, edit | {"latitude": "x"}).status_code == 302
    project.refresh_from_db()
    assert (project.latitude, project.longitude, project.neighborhood) == (None, None, place)
    assert AWAY not in client.get(page).content.decode()
    last = project.versions.last()
    assert (last.number, last.latitude) == (2, None)


def test_a_ready_project_keeps_its_only_place(client, proposer, place):
    project = ProjectFactory(proposer=proposer, neighborhood=place, latitude=0.5, longitude=0.5)
    page = reverse("project_edit", args=[project.pk])
    lines = ("Wood", "1")
    edit = typed(lines, story="Told.", latitude="0.5", longitude="0.5", point_away="on")
    refused = client.post(page, edit)
    assert "To be ready it still needs: a place on the map" in refused.content.decode()
    project.refresh_from_db()
    assert (refused.status_code, project.latitude) == (400, 0.5)
