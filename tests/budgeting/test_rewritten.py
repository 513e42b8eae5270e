"""A project that is rewritten after its review does not come on the ballot by that review."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import ProposalState, ReviewKind
from budgeting.models import Option, Proposal, Review
from budgeting.selectors import Change, ballot_desk, change_since_review
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import put_on_ballot, review_again, submit_proposal
from budgeting.services.reviewers import plan_reviews
from budgeting.services.reviews import give_review
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.projects.models import CoAuthor, Project
from civicfund.projects.services import Cost, edit_project, restore_version
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, begin_voting, draft_cycle, publish_now
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
PAVILION = {"title": "A pavilion", "cost_lines": [Cost("Pavilion", 900_000_00)]}


def feasible(**project):
    """An open cycle, and a proposal whose yes is public."""
    cycle, [proposal] = reviewing_cycle(cost_minor=1_000_00, **project)
    plan_reviews(cycle, second_above_minor=50_000_00, by=administrator())
    give_review(proposal, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    return cycle, now(proposal)


def now(proposal):
    return Proposal.objects.select_related("project", "cycle", "pot").get(pk=proposal.pk)


def rewrite(proposal, **changes):
    project = Project.objects.get(pk=proposal.project_id)
    edit_project(project, by=project.proposer, **(changes or PAVILION))


def test_what_was_rewritten_after_its_verdict_does_not_come_on_the_ballot():
    _cycle, proposal = feasible()
    rewrite(proposal)
    with pytest.raises(RefusedError, match="was rewritten since its review"):
        put_on_ballot(now(proposal), by=administrator())
    with pytest.raises(RefusedError, match="was rewritten since its review"):
        put_on_ballot(now(proposal), by=administrator(), cost_minor=1_000_00)
    assert (now(proposal).state, Option.objects.exists()) == ("feasible", False)
    project = Project.objects.get(pk=proposal.project_id)
    restore_version(project, 1, by=project.proposer)
    assert put_on_ballot(now(proposal), by=administrator()).cost_minor == 1_000_00


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "Sit down, and look."},
        {"address": "Mill Lane 3"},
        {"latitude": 1.5, "longitude": 2.5},
        {"cost_lines": [Cost("Everything", 1_000_01)]},
        {"cost_lines": [Cost("All of it", 1_000_00)]},
        {"running_minor": 5_00},
    ],
)
def test_title_sentence_place_and_costs_are_what_was_reviewed(changes):
    _cycle, proposal = feasible()
    rewrite(proposal, **changes)
    assert change_since_review(now(proposal)) == Change(seen=1, now=2)


def test_a_project_that_moved_to_another_neighborhood_is_another_one():
    _cycle, proposal = feasible()
    rewrite(proposal, neighborhood=NeighborhoodFactory())
    assert change_since_review(now(proposal)) == Change(seen=1, now=2)


def test_its_story_may_grow():
    _cycle, proposal = feasible()
    rewrite(proposal, story="It began in May, and now there are twelve of us.")
    assert change_since_review(now(proposal)) is None
    assert put_on_ballot(now(proposal), by=administrator()).name == proposal.project.title


def test_the_database_puts_nothing_rewritten_on_a_ballot():
    cycle, proposal = feasible()
    rewrite(proposal)
    with refused("option_reviewed_as_it_is"):
        Option.objects.create(
            cycle=cycle, pot=proposal.pot, position=0, code="1", name="A pavilion",
            cost_minor=1, proposal=proposal,
        )  # fmt: skip
    assert not Option.objects.exists()


def test_a_review_speaks_of_the_version_that_was_there():
    _cycle, (first, second) = reviewing_cycle(2)
    rewrite(second, title="A wider bridge")
    rewrite(second, title="A narrow bridge")
    given = [give_review(each, feasible=True, by=reviewer()) for each in (first, second)]
    assert [each.version for each in given] == [1, 3]
    with refused("review_kept"):
        Review.objects.filter(pk=given[1].pk).update(version=1)


def test_the_database_notes_the_version_where_nobody_says_it():
    _cycle, [proposal] = reviewing_cycle()
    rewrite(proposal, title="A wider bridge")
    of_it = Review.objects.filter(proposal=proposal)
    said = {"given_at": db_now(), "reviewer": reviewer(), "feasible": True, "lawful": True}
    with refused("review_given_of_a_version"):
        of_it.update(version=0, **said)
    of_it.update(**said)
    assert of_it.get().version == 2


def test_what_was_changed_while_somebody_looked_at_it_is_not_judged(client):
    cycle, [proposal] = reviewing_cycle()
    sign_in_with_second_factor(client, reviewer())
    page = reverse("review", args=[cycle.slug, proposal.pk])
    assert 'name="of" value="1"' in client.get(page).content.decode()
    rewrite(proposal)
    said = {"act": "give", "feasible": "yes", "lawful": "yes"}
    answer = client.post(page, said | {"of": "1"})
    assert answer.status_code == 400
    assert "was changed while you looked at it" in answer.content.decode()
    assert Review.objects.get(proposal=proposal).given_at is None
    assert 'name="of" value="2"' in answer.content.decode()
    assert client.post(page, said | {"of": "2"}).status_code == 302
    assert Review.objects.get(proposal=proposal).version == 2


def test_reviewed_again_it_is_looked_at_from_the_beginning_and_by_two_where_it_is_dear():
    cycle, proposal = feasible()
    rewrite(proposal)
    before = Review.objects.get(proposal=proposal)
    review_again(now(proposal), by=administrator())
    held = now(proposal)
    assert (held.state, held.reason, held.published_with) == ("submitted", "", None)
    with pytest.raises(RefusedError, match="looks at it already"):
        review_again(held, by=administrator())
    give_review(held, feasible=True, by=before.reviewer)
    second = Review.objects.get(proposal=proposal, given_at=None)
    assert (second.kind, second.round) == (ReviewKind.SECOND, 2)
    with pytest.raises(RefusedError, match="somebody else's turn"):
        give_review(held, feasible=True, by=before.reviewer)
    give_review(held, feasible=True, by=reviewer())
    publish_now(cycle, by=administrator())
    assert now(proposal).state == "feasible"
    assert put_on_ballot(now(proposal), by=administrator()).cost_minor == 900_000_00


def test_reviewed_again_it_may_be_refused_by_two_and_is_no_verdict_before():
    cycle, proposal = feasible()
    rewrite(proposal)
    review_again(now(proposal), by=reviewer())
    for _ in range(2):
        publish_now(cycle, by=administrator())
        assert now(proposal).state == "submitted"
        give_review(now(proposal), **NO, by=reviewer())
    publish_now(cycle, by=administrator())
    assert (now(proposal).state, now(proposal).reason) == ("not_feasible", NO["reason"])


def test_what_was_rewritten_before_its_verdict_is_sent_back_as_well_and_gets_no_verdict():
    cycle, [proposal] = reviewing_cycle()
    give_review(proposal, feasible=True, by=reviewer())
    rewrite(proposal)
    review_again(now(proposal), by=reviewer())
    publish_now(cycle, by=administrator())
    assert now(proposal).state == "submitted"


def test_only_what_was_rewritten_is_reviewed_again_and_by_nobody_who_writes_it():
    cycle, proposal = feasible()
    with pytest.raises(RefusedError, match="says what its review saw"):
        review_again(proposal, by=reviewer())
    with refused("reviewed_again_if_rewritten"):
        Proposal.objects.filter(pk=proposal.pk).update(
            state=ProposalState.SUBMITTED, published_with=None
        )
    rewrite(proposal)
    with pytest.raises(PermissionDenied):
        review_again(now(proposal), by=UserFactory())
    author = CoAuthor.objects.create(project=proposal.project, user=administrator()).user
    with pytest.raises(RefusedError, match="for others to say"):
        review_again(now(proposal), by=author)
    unseen = submit_proposal(ProjectFactory(), cycle.pots.get(), by=administrator())
    with pytest.raises(RefusedError, match="looks at it already"):
        review_again(unseen, by=administrator())
    assert now(proposal).state == "feasible"
    assert Review.objects.filter(proposal=proposal).count() == 1
    assert not Event.objects.filter(verb="review.sent_back").exists()


def test_the_desk_marks_it_ticks_it_not_and_leads_to_the_difference_and_the_review(client):
    cycle, proposal = feasible()
    rewrite(proposal)
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("ballot_desk", args=[cycle.slug])).content.decode()
    assert "Changed since its review" in page
    assert f'value="{proposal.pk}" disabled' in page
    difference = reverse("project_version", args=[proposal.project_id, 2]) + "?since=1"
    assert difference in page
    told = client.get(difference).content.decode()
    assert "Compared with version 1" in told
    assert "Pavilion" in told
    desk = reverse("review", args=[cycle.slug, proposal.pk])
    assert desk in page
    answer = client.post(
        reverse("ballot_desk", args=[cycle.slug]), {"act": "put", "proposals": [proposal.pk]}
    )
    assert (answer.status_code, Option.objects.exists()) == (400, False)
    assert "Have it reviewed again" in client.get(desk).content.decode()
    assert client.post(desk, {"act": "again"}).status_code == 302
    assert "First review, round 2" in client.get(desk).content.decode()


def test_its_authors_read_why_it_does_not_come_on_the_ballot(client):
    cycle, proposal = feasible()
    client.force_login(proposal.project.proposer)
    page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    assert "story and pictures may grow" in client.get(page).content.decode()
    rewrite(proposal)
    assert "have it reviewed again" in client.get(page).content.decode()


def test_a_version_is_compared_with_the_one_that_is_asked_for(client):
    _cycle, proposal = feasible()
    for title in ("One", "Two", "Three"):
        rewrite(proposal, title=title)
    page = reverse("project_version", args=[proposal.project_id, 4])
    for since, number in (("", 3), ("?since=2", 2), ("?since=9", 3), ("?since=x", 3)):
        assert client.get(page + since).context["before"].number == number
    assert client.get(page + "?since=0").context["before"] is None


def test_the_desk_asks_as_much_for_three_rewritten_projects_as_for_one():
    counts = []
    for number in (1, 3):
        cycle, proposals = reviewing_cycle(number)
        for each in proposals:
            give_review(each, feasible=True, by=reviewer())
            rewrite(each)
        publish_now(cycle, by=administrator())
        with CaptureQueriesContext(connection) as queries:
            [pot] = ballot_desk(cycle)
        assert [row.change for row in pot.feasible] == [Change(1, 2)] * number
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- before somebody changes it

CAUTION, REWRITTEN = "With another title, sentence or place", "like this it does not come on"


def edit_page(client, proposal, by=None):
    client.force_login(by or proposal.project.proposer)
    return client.get(reverse("project_edit", args=[proposal.project_id])).content.decode()


def test_the_form_says_before_a_change_what_that_does_to_a_public_yes(client):
    cycle, proposal = feasible()
    author = CoAuthor.objects.create(project=proposal.project, user=UserFactory()).user
    for by in (proposal.project.proposer, author):
        page = edit_page(client, proposal, by)
        assert CAUTION in page
        assert cycle.title in page
    rewrite(proposal, story="It began in May, and now there are twelve of us.")
    assert CAUTION in edit_page(client, proposal)
    rewrite(proposal)
    page = edit_page(client, proposal)
    assert (CAUTION in page, REWRITTEN in page) == (False, True)
    client.force_login(UserFactory())
    assert client.get(reverse("project_edit", args=[proposal.project_id])).status_code == 403
    assert CAUTION not in client.get(proposal.project.get_absolute_url()).content.decode()


def test_the_form_says_nothing_of_a_yes_that_is_not_public_yet(client):
    _cycle, [proposal] = reviewing_cycle()
    before = edit_page(client, proposal)
    give_review(proposal, feasible=True, by=reviewer())
    assert "Before you change it" not in before + edit_page(client, proposal)


def test_the_form_says_nothing_of_a_yes_in_a_draft_nor_once_voting_has_begun(client):
    cycle, proposal = feasible()
    begin_voting(cycle)
    assert "Before you change it" not in edit_page(client, proposal)
    draft = draft_cycle(costs_minor=())
    project = ProjectFactory()
    inside = submit_proposal(project, draft.pots.get(), by=administrator())
    give_review(inside, feasible=True, by=reviewer())
    publish_now(draft, by=administrator())
    assert now(inside).state == "feasible"
    assert "Before you change it" not in edit_page(client, inside)


def test_what_is_on_the_ballot_is_held_and_says_only_that(client):
    _cycle, proposal = feasible()
    put_on_ballot(proposal, by=administrator())
    page = edit_page(client, proposal)
    assert "The story can grow; the rest stays" in page
    assert "Before you change it" not in page
