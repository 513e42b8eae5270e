"""The owner's plan, what everybody sees of it, and the desk."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from civicfund.delivery.enums import Reach
from civicfund.delivery.models import MilestoneReport, MilestoneVerdict
from civicfund.delivery.selectors import plan_of
from civicfund.delivery.services.reaching import confirm_reached, find_not_reached, say_reached
from civicfund.notices.services import send_next
from tests.factories.delivery import planned, reach
from tests.factories.payouts import new_treasurer
from tests.factories.projects import ProjectFactory
from tests.payouts.test_pages import forget_second_factor
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def page(project):
    return reverse("project_plan", args=[project.pk])


def typed(*shares, **changed):
    """The plan as its form sends it."""
    given = {"form-TOTAL_FORMS": "6", "form-INITIAL_FORMS": "0"}
    for n, share in enumerate(shares):
        given |= {
            f"form-{n}-title": f"Step {n + 1}", f"form-{n}-shows": "Something to see",
            f"form-{n}-due_on": f"2027-0{n + 1}-01", f"form-{n}-share_percent": str(share),
        }  # fmt: skip
    return given | changed


def test_an_owner_plans_and_everybody_reads_it(client, project, page):
    client.force_login(project.proposer)
    assert client.post(page, typed(30, 70)).status_code == 302
    assert [each.share_percent for each in plan_of(project)] == [30, 70]
    assert b'value="Step 1"' in client.get(page).content
    client.logout()
    shown = client.get(project.get_absolute_url()).content.decode()
    assert "What the money is for, and how far it is" in shown
    assert "Step 1" in shown
    assert "My plan" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        typed(30, 60),
        typed(30, 70) | {"form-1-title": ""},
        typed(30, 70) | {"form-1-title": "\u200b"},
        typed(30, 70) | {"form-0-due_on": "soon"},
        typed(30, 70) | {"form-0-due_on": "2027-06-01"},
        typed(130),
    ],
)
def test_a_plan_that_does_not_add_up_is_shown_again_and_nothing_is_kept(
    client, project, page, wrong
):
    client.force_login(project.proposer)
    answer = client.post(page, wrong)
    assert answer.status_code == 400
    assert b"There is a problem" in answer.content
    assert b"Something to see" in answer.content
    assert plan_of(project) == []


def test_a_project_without_a_plan_says_nothing_of_one_to_others(client, project):
    assert b"how far it is" not in client.get(project.get_absolute_url()).content
    client.force_login(project.proposer)
    assert b"Plan milestones" in client.get(project.get_absolute_url()).content


def test_an_owner_reports_and_a_treasurer_confirms_with_a_recent_second_factor(
    client, project, page
):
    planned(project, 30, 70)
    client.force_login(project.proposer)
    words = {"position": "1", "words": "The beds are built."}
    assert client.post(reverse("milestone_reached", args=[project.pk]), words).status_code == 302
    assert plan_of(project)[0].reach == Reach.REPORTED
    assert b"form-0-title" not in client.get(page).content
    client.logout()
    sign_in_with_second_factor(client, new_treasurer())
    desk = reverse("milestones_desk")
    assert b"The beds are built." in client.get(desk).content
    report = MilestoneReport.objects.get()
    confirm = {"act": "confirm", "row": str(report.pk)}
    forget_second_factor(client)
    assert "reauthenticate" in client.post(desk, confirm).url
    assert MilestoneVerdict.objects.count() == 0
    client.logout()
    sign_in_with_second_factor(client, new_treasurer())
    assert client.post(desk, confirm).url == desk
    assert plan_of(project)[0].reach == Reach.REACHED
    assert b"The beds are built." not in client.get(desk).content
    late = client.post(desk, confirm, follow=True)
    assert b"This no longer waits for anybody." in late.content
    assert MilestoneVerdict.objects.count() == 1


def test_what_lacks_is_said_to_the_owner_and_to_everybody(client, project):
    (only,) = planned(project, 100)
    report = say_reached(only, by=project.proposer, words="Done.")
    find_not_reached(report, by=new_treasurer(), words="The water is missing.")
    assert "The water is missing." in client.get(project.get_absolute_url()).content.decode()
    while send_next():
        pass
    assert "The water is missing." in mail.outbox[-1].body


def test_what_an_owner_says_is_public_once_somebody_of_the_town_has_read_it(client, project):
    """It may hold anything, and it stays for good."""
    (only,) = planned(project, 100)
    first = say_reached(only, by=project.proposer, words="Anything \u202eat all.")
    assert first.words == "Anything at all."

    def shown_to(somebody, address):
        client.logout()
        if somebody:
            client.force_login(somebody)
        return "Anything at all." in client.get(address).content.decode()

    public, own = project.get_absolute_url(), reverse("project_plan", args=[project.pk])
    assert not shown_to(None, public)
    assert shown_to(project.proposer, own)
    find_not_reached(first, by=new_treasurer(), words="The water is missing.")
    assert not shown_to(None, public)
    second = say_reached(only, by=project.proposer, words="Anything at all.")
    confirm_reached(second, by=new_treasurer())
    assert shown_to(None, public)


def test_an_unknown_milestone_is_not_reported(client, project):
    planned(project, 100)
    client.force_login(project.proposer)
    where = reverse("milestone_reached", args=[project.pk])
    for position in ("2", "0", "x", "9" * 18, "9" * 30):
        said = client.post(where, {"position": position, "words": "x"}, follow=True)
        assert b"The plan has no such milestone." in said.content
    assert client.post(where, {"position": "1", "words": " "}).status_code == 302
    assert MilestoneReport.objects.count() == 0


@pytest.mark.parametrize("which", ["project", "plan"])
def test_pages_ask_as_much_for_three_milestones_as_for_one(
    client, django_assert_max_num_queries, which
):
    counts = []
    for shares in ((100,), (20, 30, 50)):
        project = ProjectFactory()
        for milestone in planned(project, *shares):
            reach(milestone)
        client.force_login(project.proposer)
        plan = reverse("project_plan", args=[project.pk])
        address = plan if which == "plan" else project.get_absolute_url()
        client.get(address)
        with django_assert_max_num_queries(200) as counted:
            assert client.get(address).status_code == 200
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_the_desk_asks_as_much_for_three_reports_as_for_one(client, django_assert_max_num_queries):
    sign_in_with_second_factor(client, new_treasurer())
    counts = []
    for more in (1, 2):
        for _ in range(more):
            only = planned(ProjectFactory(), 100)[0]
            say_reached(only, by=only.project.proposer, words="Done.")
        client.get(reverse("milestones_desk"))
        with django_assert_max_num_queries(200) as counted:
            client.get(reverse("milestones_desk"))
        counts.append(len(counted))
    assert counts[0] == counts[1]
