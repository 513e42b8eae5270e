"""Projects that are withdrawn or become part of another while a cycle looks at them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from budgeting.models import Option, Proposal, SupportCount
from budgeting.selectors import ready_verdicts
from budgeting.selectors.proposal_files import proposal_rows
from budgeting.selectors.proposals import ballot_desk
from budgeting.services.errors import RefusedError
from budgeting.services.forgetting import why_cycles_keep
from budgeting.services.proposals import put_all_on_ballot, put_on_ballot, submit_proposal
from budgeting.services.reviews import appeal, give_review
from budgeting.services.supports import keep_supports
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.enums import MergeState
from civicfund.projects.models import Project
from civicfund.projects.services import ProjectError
from civicfund.projects.services.merging import (
    agree_to_merge,
    ask_to_merge,
    merge_as_moderator,
    undo_merge,
)
from civicfund.projects.services.supporting import support_project
from civicfund.projects.services.writing import withdraw_project
from tests.budgeting.test_guards import refused
from tests.budgeting.test_supports import HOUR, supporting_draft
from tests.factories.budgeting import administrator, opened, publish_now, reviewed
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def moderator():
    user = UserFactory()
    grant_role(user, Role.MODERATOR, by=None)
    return user


def merged(child, whole):
    asked = ask_to_merge(child, whole, reason="The same bench.", by=child.proposer)
    return agree_to_merge(asked, by=whole.proposer)


def withdrawn(project):
    return withdraw_project(project, by=project.proposer)


def entered(cycle, people=0, *, feasible=False):
    """A proposal with so many supports."""
    project, by = ProjectFactory(), administrator()
    for _ in range(people):
        support_project(project, by=UserFactory())
    made = submit_proposal(project, cycle.pots.get(), by=by)
    return reviewed(made, by=by) if feasible else made


def listed(client, cycle):
    """The proposals on the cycle's page."""
    pots = client.get(cycle.get_absolute_url()).context["pots"]
    return [proposal for pot in pots for proposal in pot.proposals]


# --- merging


@pytest.mark.parametrize("feasible", [False, True])
def test_what_a_cycle_looks_at_goes_into_nothing_that_is_not_in_it(feasible):
    cycle = opened(supporting_draft(needed=2))
    child, twin = entered(cycle, 1, feasible=feasible).project, ProjectFactory()
    support_project(twin, by=UserFactory())
    with pytest.raises(ProjectError, match="would lose its place"):
        merged(child, twin)
    with pytest.raises(ProjectError, match="would lose its place"):
        merge_as_moderator(child, twin, reason="One.", by=moderator())
    merged(twin, child)
    keep_supports(cycle)
    assert SupportCount.objects.get().people == 2


def test_nobody_agrees_to_what_was_asked_before_the_project_was_entered():
    cycle, _made = reviewing_cycle(1)
    child, whole = ProjectFactory(), ProjectFactory()
    asked = ask_to_merge(child, whole, reason="The same.", by=child.proposer)
    submit_proposal(child, cycle.pots.get(), by=administrator())
    with pytest.raises(ProjectError, match="would lose its place"):
        agree_to_merge(asked, by=whole.proposer)
    asked.refresh_from_db()
    assert asked.state == MergeState.ASKED


def test_nor_into_one_that_is_not_as_far():
    cycle, [waits] = reviewing_cycle()
    goes_on = entered(cycle, feasible=True)
    with pytest.raises(ProjectError, match="not as far"):
        merged(goes_on.project, waits.project)
    merged(waits.project, goes_on.project)


def test_nor_where_its_appeal_waits_for_an_answer():
    _cycle, proposal, _ = refused_publicly()
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    with pytest.raises(ProjectError, match="would lose its place"):
        merged(proposal.project, ProjectFactory())


def test_nor_once_supports_are_counted_into_one_that_has_fewer():
    cycle = opened(supporting_draft(needed=1))
    few, many = entered(cycle, 1, feasible=True), entered(cycle, 2, feasible=True)
    keep_supports(cycle)
    with pytest.raises(ProjectError, match="Supports are counted"):
        merged(many.project, few.project)
    merged(few.project, many.project)


def test_of_two_in_one_cycle_the_whole_goes_on_with_the_supports_of_both(client):
    cycle = opened(supporting_draft(needed=3))
    child, whole = entered(cycle, 1, feasible=True), entered(cycle, 2, feasible=True)
    merged(child.project, whole.project)
    assert listed(client, cycle) == [whole]
    assert [[row.proposal for row in pot.feasible] for pot in ballot_desk(cycle)] == [[whole]]
    with pytest.raises(RefusedError, match="is part of another project now"):
        put_all_on_ballot(cycle, [whole, child], by=administrator())
    assert not Option.objects.exists()
    put_on_ballot(whole, by=administrator())
    assert list(SupportCount.objects.values_list("proposal", "people")) == [(whole.pk, 3)]
    client.force_login(child.project.proposer)
    page = client.get(reverse("my_proposal", args=[cycle.slug, child.pk])).content.decode()
    assert f"is part of “{whole.project.title}” now" in page


def test_a_merge_that_is_undone_brings_the_proposal_back_as_it_was(client):
    cycle = opened(supporting_draft(needed=1, ends_in=-HOUR))
    child, whole = entered(cycle, 1), entered(cycle, 1)
    merge = merged(child.project, whole.project)
    assert keep_supports(cycle) == 1
    undo_merge(merge, reason="They differ.", by=moderator())
    assert listed(client, cycle) == [child, whole]
    assert keep_supports(cycle) == 1
    assert SupportCount.objects.get(proposal=child).people == 1
    assert give_review(child, feasible=True, by=reviewer()).says_yes


# --- withdrawing


def test_what_is_withdrawn_leaves_the_review_and_gets_no_verdict(client):
    cycle, (gone, stays) = reviewing_cycle(2)
    for proposal in (gone, stays):
        give_review(proposal, feasible=True, by=reviewer())
    waits = entered(cycle)
    assert "leaves that vote" in withdraw_page(client, gone.project)
    for proposal in (gone, waits):
        withdrawn(proposal.project)
    assert [each.proposal for each in ready_verdicts(cycle)] == [stays]
    publish_now(cycle, by=administrator())
    states = Proposal.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["submitted", "feasible", "submitted"]
    assert listed(client, cycle) == [stays]
    assert [row["id"] for row in proposal_rows(cycle)] == [stays.pk]
    with pytest.raises(RefusedError, match="Nobody has to look"):
        give_review(waits, feasible=True, by=reviewer())


def withdraw_page(client, project):
    client.force_login(project.proposer)
    return client.get(reverse("project_withdraw", args=[project.pk])).content.decode()


def test_reviewers_find_it_no_more_and_its_page_says_why(client):
    cycle, [proposal] = reviewing_cycle()
    withdrawn(proposal.project)
    sign_in_with_second_factor(client, reviewer())
    assert client.get(reverse("reviews", args=[cycle.slug])).context["rows"] == []
    page = client.get(reverse("review", args=[cycle.slug, proposal.pk]))
    assert not page.context["may_review"]
    assert "Its project was withdrawn" in page.content.decode()


def test_its_proposer_reads_that_it_left_the_cycle(client):
    cycle, [proposal] = reviewing_cycle()
    withdrawn(proposal.project)
    client.force_login(proposal.project.proposer)
    page = client.get(reverse("my_proposal", args=[cycle.slug, proposal.pk])).content.decode()
    assert "The project was withdrawn, and its proposal with it." in page
    assert "Reviewers look at it" not in page
    assert client.get(reverse("my_page")).status_code == 200
    assert list(why_cycles_keep(proposal.project.proposer)) == []


def test_what_was_feasible_comes_on_no_ballot_once_it_is_withdrawn(client):
    cycle, _made = reviewing_cycle(0)
    proposal = entered(cycle, feasible=True)
    withdrawn(proposal.project)
    with pytest.raises(RefusedError, match="was withdrawn"):
        put_on_ballot(proposal, by=administrator())
    proposal.refresh_from_db()
    assert (proposal.state, Option.objects.count()) == ("feasible", 0)
    assert listed(client, cycle) == []


def test_a_public_no_stays_without_a_link_that_leads_nowhere_and_without_an_appeal(client):
    cycle, proposal, _ = refused_publicly()
    project = withdrawn(proposal.project)
    page = client.get(cycle.get_absolute_url()).content.decode()
    assert project.title in page
    assert project.get_absolute_url() not in page
    assert "Its proposer has withdrawn it since." in page
    with pytest.raises(RefusedError, match="nothing to appeal"):
        appeal(proposal, reason="It is not listed.", by=project.proposer)
    client.force_login(project.proposer)
    mine = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    assert not client.get(mine).context["may_appeal"]


@pytest.mark.parametrize("state", ["draft", "withdrawn", "merged"])
def test_the_database_refuses_an_option_whose_project_is_not_on_the_list(state):
    cycle, [proposal] = reviewing_cycle()
    into = ProjectFactory() if state == "merged" else None
    dated = {"published_at": None} if state == "draft" else {}
    rows = Project.objects.filter(pk=proposal.project_id)
    rows.update(state=state, merged_into=into, **dated)
    with refused("option_listed"):
        Option.objects.create(
            cycle=cycle, pot=proposal.pot, position=0, code="1", name="Bench", cost_minor=1,
            proposal=proposal,
        )  # fmt: skip
