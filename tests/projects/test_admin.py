from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import Part, ProjectState, Wrong
from civicfund.projects.models import Project
from civicfund.projects.services import edit_project, publish_project, withdraw_project
from civicfund.projects.services.authors import decline_invitation, invite_co_author
from civicfund.projects.services.joining import ask_to_join
from civicfund.projects.services.merging import (
    agree_to_merge,
    ask_to_merge,
    decline_to_merge,
)
from civicfund.projects.services.moderating import flag_project
from civicfund.projects.services.offers import Help, accept_offer, decline_offer, offer_help
from civicfund.projects.services.supporting import support_project
from civicfund.projects.services.veiling import veil_version
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def superusers_client(client):
    sign_in_with_second_factor(client, UserFactory(is_staff=True, is_superuser=True))
    return client


def page_of(project: Project, page: str) -> str:
    return reverse(f"admin:projects_project_{page}", args=[project.pk])


def test_a_superuser_looks_at_a_project_and_its_costs(superusers_client):
    project = ProjectFactory(title="Bench", cost_minor=4321)
    page = superusers_client.get(page_of(project, "change")).content.decode()
    assert "Bench" in page
    assert "4321" in page
    assert 'name="title"' not in page


def test_a_superuser_cannot_change_a_projects_state(superusers_client):
    project = ProjectFactory(state=ProjectState.STUB)
    refused = superusers_client.post(page_of(project, "change"), {"state": "ready", "title": "x"})
    assert refused.status_code == 403
    assert Project.objects.get().state == ProjectState.STUB


def test_a_superuser_cannot_delete_a_project(superusers_client):
    project = ProjectFactory()
    assert superusers_client.post(page_of(project, "delete"), {"post": "yes"}).status_code == 403
    listed = reverse("admin:projects_project_changelist")
    chosen = {"action": "delete_selected", "_selected_action": project.pk, "post": "yes"}
    superusers_client.post(listed, chosen)
    assert Project.objects.get() == project


def staff_with(role):
    user = UserFactory()
    grant_role(user, role, by=None)
    user.refresh_from_db()
    return user


@pytest.mark.parametrize(("role", "status"), [(Role.REVIEWER, 200), (Role.TREASURER, 403)])
def test_only_the_roles_that_need_it_look_at_projects(client, role, status):
    sign_in_with_second_factor(client, staff_with(role))
    answer = client.get(page_of(ProjectFactory(), "change"))
    assert answer.status_code == status


def listed(client, kind: str) -> str:
    return client.get(reverse(f"admin:projects_{kind}_changelist")).content.decode()


def opened(client, row) -> int:
    return client.get(
        reverse(f"admin:projects_{row._meta.model_name}_change", args=[row.pk])
    ).status_code


def acted_on_unseen(project: Project) -> list[str]:
    """Everything that residents do to a project unseen; the names of those who did."""
    names = ["Ida Invited", "Otto Offering", "Sue Supporting", "Rob Reporting", "Jo Joining"]
    ida, otto, sue, rob, jo = (UserFactory(display_name=name) for name in names)
    asked = invite_co_author(project, ida.email, by=project.proposer)
    decline_invitation(asked, by=ida)
    offer = offer_help(project, Part.HANDS, Help(words="I dig."), by=otto)
    decline_offer(offer, by=project.proposer)
    support_project(project, by=sue)
    flag_project(project, by=rob, reason="other", words="It leans.")
    ask_to_join(project, "Let me.", by=jo)
    return names


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.BUDGET_ADMINISTRATOR, Role.MODERATOR])
def test_the_admin_names_nobody_who_did_something_unseen(client, role):
    project = ProjectFactory(state=ProjectState.DRAFT, wanted=["hands"])
    edit_project(project, by=project.proposer, title="A bench")
    publish_project(project, by=project.proposer)
    project.refresh_from_db()
    names = acted_on_unseen(project)
    edit_project(project, by=project.proposer, title="A long bench")
    sign_in_with_second_factor(client, staff_with(role))
    page = client.get(page_of(project, "change")).content.decode()
    assert [each for each in names if each in page] == []
    assert "project.stub" in page
    assert page.count("project.edited") == 1


@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.WITHDRAWN])
def test_what_only_its_authors_see_is_not_in_the_admin(superusers_client, state):
    private = ProjectFactory(title="A private thought", state=ProjectState.DRAFT)
    edit_project(private, by=private.proposer, story="Nobody else reads this.")
    if state == ProjectState.WITHDRAWN:
        publish_project(private, by=private.proposer)
        withdraw_project(private, by=private.proposer)
    for kind in ("project", "version"):
        assert "A private thought" not in listed(superusers_client, kind)
    for row in (private, *private.versions.all()):
        assert opened(superusers_client, row) == 302


def test_the_admin_shows_a_history_from_its_publication_on(superusers_client):
    project = ProjectFactory(title="Crossed out", state=ProjectState.DRAFT)
    edit_project(project, by=project.proposer, title="A bench")
    publish_project(project, by=project.proposer)
    *tried, published = project.versions.order_by("number")
    assert [opened(superusers_client, each) for each in tried] == [302] * len(tried)
    assert opened(superusers_client, published) == 200
    assert "Crossed out" not in listed(superusers_client, "version")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.REVIEWER, 302), (Role.BUDGET_ADMINISTRATOR, 302), (Role.MODERATOR, 200)],
)
def test_a_version_that_was_taken_down_is_for_moderators(client, role, status):
    project = ProjectFactory(state=ProjectState.DRAFT, title="Mrs Quill, 555 0134")
    publish_project(project, by=project.proposer)
    edit_project(project, by=project.proposer, title="A bench")
    first, newest = project.versions.public().order_by("number")
    veil_version(first, by=staff_with(Role.MODERATOR), reason=Wrong.PRIVATE)
    sign_in_with_second_factor(client, staff_with(role))
    assert [opened(client, each) for each in (first, newest)] == [status, 200]


def test_an_offer_is_in_the_admin_once_it_was_taken_and_never_its_words(superusers_client):
    project = ProjectFactory(wanted=["hands"])
    words = "Call me at 0170 555."
    taken, declined = (
        offer_help(project, Part.HANDS, Help(words=words), by=UserFactory()) for _ in range(2)
    )
    accept_offer(taken, by=project.proposer)
    decline_offer(declined, by=project.proposer)
    assert [opened(superusers_client, each) for each in (taken, declined)] == [200, 302]
    page = superusers_client.get(reverse("admin:projects_offer_change", args=[taken.pk]))
    assert words not in page.content.decode()


def test_a_merge_is_in_the_admin_once_it_was_agreed_to(superusers_client):
    whole, *others = (ProjectFactory() for _ in range(3))
    asked, declined = (
        ask_to_merge(each, whole, reason="Same.", by=each.proposer) for each in others
    )
    decline_to_merge(declined, by=whole.proposer)
    assert [opened(superusers_client, each) for each in (asked, declined)] == [302, 302]
    agree_to_merge(asked, by=whole.proposer)
    assert opened(superusers_client, asked) == 200
