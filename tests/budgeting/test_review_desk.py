from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.access import holds
from budgeting.models import Review
from budgeting.selectors import WHOSE
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.reviewers import assign
from budgeting.services.reviews import empty_all_notes, empty_notes, give_review
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.projects.models import CoAuthor
from tests.factories.budgeting import administrator
from tests.factories.people import UserFactory
from tests.factories.reviews import NO, refused_publicly, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def desk_of(cycle):
    return reverse("reviews", args=[cycle.slug])


def test_a_reviewers_week_at_the_desk(client):
    cycle, (one, two) = reviewing_cycle(2)
    mine = reviewer()
    sign_in_with_second_factor(client, mine)
    assert client.post(desk_of(cycle), {"act": "limit"}).status_code == 403
    assign(
        cycle, [one.reviews.get()], mine, due_at=db_now() - timedelta(days=2), by=administrator()
    )
    page = client.get(desk_of(cycle))
    assert [(each.proposal, late) for each, late in page.context["rows"]] == [(one, 2), (two, -1)]
    assert [
        each.proposal for each, _ in client.get(desk_of(cycle) + "?whose=nobody").context["rows"]
    ] == [two]
    review = reverse("review", args=[cycle.slug, one.pk])
    assert client.get(review).context["may_review"]
    said = {"act": "give", "feasible": "no", "lawful": "yes", "reason": " "}
    answer = client.post(review, said)
    assert (answer.status_code, "Say why" in answer.content.decode()) == (400, True)
    half = client.post(review, said | {"feasible": "yes", "cost_low": "5"})
    assert "Say what is likely." in half.content.decode()
    sent = {"feasible": "yes", "cost_likely": "1 200", "cost_high": "1500", "yearly": "30"}
    assert client.post(review, said | sent).status_code == 302
    given = one.reviews.get()
    assert (given.cost_low_minor, given.cost_likely_minor, given.cost_high_minor) == (
        120_000, 120_000, 150_000,
    )  # fmt: skip
    assert (given.yearly_minor, given.reviewer) == (3_000, mine)
    asked = {"act": "ask_changes", "words": "Say how wide."}
    assert client.post(reverse("review", args=[cycle.slug, two.pk]), asked).status_code == 302
    assert client.get(desk_of(cycle)).context["sums"] == {
        "all": 1, "mine": 1, "nobody": 0, "late": 0, "proposer": 1,
    }  # fmt: skip


def test_administrators_give_out_reviews_and_set_the_instant_at_the_desk(client):
    cycle, (one, two) = reviewing_cycle(2)
    somebody, now = reviewer(), db_now()
    sign_in_with_second_factor(client, administrator())

    def send(**given):
        return client.post(desk_of(cycle), given).status_code

    assert send(act="assign", reviewer=somebody.pk) == 400
    chosen = [one.reviews.get().pk, two.reviews.get().pk]
    assert send(act="assign", reviews=chosen, reviewer=somebody.pk) == 302
    assert Review.objects.filter(reviewer=somebody).count() == 2
    assert send(act="limit", second_above_minor="1000") == 302
    assert send(act="add_rule", reviewer=somebody.pk) == 302
    assert send(act="remove_rule", rule=cycle.reviewer_rules.get().pk) == 302
    at, until = (f"{now + timedelta(hours=n):%Y-%m-%d %H:%M}" for n in (3, 8))
    assert send(act="instant", at=at, appeals_until=at) == 400
    assert send(act="instant", at=at, appeals_until=until) == 302
    assert "all at once" in client.get(cycle.get_absolute_url()).content.decode()


def test_a_proposer_gives_back_and_appeals_on_their_own_page_and_nobody_elses(client):
    cycle, proposal, _ = refused_publicly()
    page = reverse("my_proposal", args=[cycle.slug, proposal.pk])
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    assert client.post(page, {"act": "appeal", "reason": "No."}).status_code == 404
    client.force_login(proposal.project.proposer)
    assert "The bridge is listed." in client.get(page).content.decode()
    assert client.post(page, {"act": "appeal", "reason": ""}).status_code == 400
    assert client.post(page, {"act": "appeal", "reason": "No."}).status_code == 302
    assert "You appealed" in client.get(page).content.decode()


def writes(proposal, user):
    CoAuthor.objects.create(project=proposal.project, user=user)
    return user


def both_roles():
    """A reviewer who prepares cycles as well."""
    user = administrator()
    assert all(holds(user, role) for role in (Role.REVIEWER, Role.BUDGET_ADMINISTRATOR))
    return user


@pytest.mark.parametrize("somebody", [reviewer, both_roles])
def test_whoever_writes_a_project_reads_no_review_of_it_whatever_their_role(client, somebody):
    cycle, (own, other) = reviewing_cycle(2)
    author = writes(own, somebody())
    for proposal in (own, other):
        for _ in range(2):
            give_review(proposal, **NO, notes="Between us.", by=reviewer())
    sign_in_with_second_factor(client, author)
    page = client.get(desk_of(cycle))
    assert [each.proposal for each in page.context["ready"]] == [other]
    assert own.project.title not in page.content.decode()
    of_own, of_other = (reverse("review", args=[cycle.slug, each.pk]) for each in (own, other))
    assert client.get(of_own).status_code == 404
    assert client.post(of_own, {"act": "ask_changes", "words": "x"}).status_code == 404
    assert "Between us." in client.get(of_other).content.decode()


def test_who_gives_reviews_out_gives_out_the_first_of_their_own_and_sees_no_second(client):
    cycle, [own] = reviewing_cycle()
    author = writes(own, administrator())
    sign_in_with_second_factor(client, author)
    page = client.get(desk_of(cycle))
    assert [each.proposal for each, _ in page.context["rows"]] == [own]
    assert reverse("review", args=[cycle.slug, own.pk]) not in page.content.decode()
    sent = {"act": "assign", "reviews": [own.reviews.get().pk], "reviewer": (by := reviewer()).pk}
    assert client.post(desk_of(cycle), sent).status_code == 302
    give_review(own, **NO, by=by)
    second = own.reviews.get(given_at=None)
    page = client.get(desk_of(cycle))
    assert (page.context["rows"], page.context["sums"]["all"]) == ([], 0)
    sent["reviews"] = [second.pk]
    assert client.post(desk_of(cycle), sent).status_code == 400
    second.refresh_from_db()
    assert second.reviewer is None


def test_the_reviewer_who_writes_a_project_finds_it_on_no_list_of_the_board(client):
    cycle, [own] = reviewing_cycle()
    sign_in_with_second_factor(client, writes(own, reviewer()))
    for whose in ("", *WHOSE):
        assert client.get(f"{desk_of(cycle)}?whose={whose}").context["rows"] == []


def test_the_trail_tells_nobody_of_reviews_of_what_they_write(client):
    cycle, (own, other) = reviewing_cycle(2)
    author = writes(own, administrator())
    for proposal in (own, other):
        give_review(proposal, **NO, by=reviewer())
    sign_in_with_second_factor(client, author)
    page = client.get(reverse("trail", args=[cycle.slug]), {"kind": "review.given"})
    assert [act.of for act in page.context["acts"]] == [f"proposal {other.pk}"]


def test_the_board_asks_as_much_for_three_reviews_as_for_one(client):
    sign_in_with_second_factor(client, administrator())
    counts = []
    for number in (1, 3):
        cycle, proposals = reviewing_cycle(2 * number)
        for proposal in proposals[:number]:
            give_review(proposal, feasible=True, by=reviewer())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(desk_of(cycle)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- internal notes that go


def noted():
    """A cycle with a review of one's own that has notes, and its page."""
    cycle, [proposal] = reviewing_cycle()
    mine = reviewer()
    give_review(proposal, **NO, notes="Call Ms Quill.", by=mine)
    return cycle, proposal, mine, reverse("review", args=[cycle.slug, proposal.pk])


def notes_of(proposal):
    return list(proposal.reviews.order_by("pk").values_list("notes", flat=True))


def test_a_reviewer_empties_their_own_notes_and_the_trail_has_none_of_the_words(client):
    cycle, proposal, mine, page = noted()
    before = Review.objects.values().get(given_at__isnull=False)
    sign_in_with_second_factor(client, mine)
    assert page in client.get(desk_of(cycle)).content.decode()
    assert "Empty my internal notes" in client.get(page).content.decode()
    sent = {"act": "empty_notes", "review": before["id"]}
    unsure = client.post(page, sent)
    assert (unsure.status_code, notes_of(proposal)) == (400, ["Call Ms Quill.", ""])
    assert "Say that you know" in unsure.content.decode()
    answer = client.post(page, sent | {"sure": "on"}, follow=True)
    assert "The notes are gone" in answer.content.decode()
    assert "Empty my internal notes" not in answer.content.decode()
    assert Review.objects.values().get(pk=before["id"]) == before | {"notes": ""}
    event = Event.objects.get(verb="review.notes_emptied")
    assert (event.actor_id, event.data) == (mine.pk, {"review": before["id"]})
    assert client.post(page, sent | {"sure": "on"}).status_code == 400
    assert Event.objects.filter(verb="review.notes_emptied").count() == 1


def test_nobody_empties_the_notes_of_others(client):
    _cycle, proposal, _mine, page = noted()
    other = reviewer()
    sign_in_with_second_factor(client, other)
    shown = client.get(page).content.decode()
    assert ("Call Ms Quill." in shown, "Empty my internal notes" in shown) == (True, False)
    given = proposal.reviews.get(given_at__isnull=False)
    for who in (other, both_roles()):
        with pytest.raises(RefusedError, match="Only whoever wrote"):
            empty_notes(given, by=who)
    answer = client.post(page, {"act": "empty_notes", "review": given.pk, "sure": "on"})
    assert answer.status_code == 400
    with pytest.raises(PermissionDenied):
        empty_notes(given, by=proposal.project.proposer)
    elsewhere = noted()[1].reviews.get(given_at__isnull=False)
    sent = {"act": "empty_notes", "review": elsewhere.pk, "sure": "on"}
    assert client.post(page, sent).status_code == 400
    assert set(Review.objects.exclude(notes="").values_list("notes", flat=True)) == {
        "Call Ms Quill."
    }
    assert not Event.objects.filter(verb="review.notes_emptied").exists()


def test_once_a_cycle_is_over_administrators_empty_all_notes(client):
    cycle, proposal, _mine, _page = noted()
    by, other = administrator(), noted()[1]
    sign_in_with_second_factor(client, by)
    assert "Empty all internal notes" not in client.get(desk_of(cycle)).content.decode()
    sent = {"act": "empty_notes", "sure": "on"}
    early = client.post(desk_of(cycle), sent)
    assert (early.status_code, notes_of(proposal)) == (400, ["Call Ms Quill.", ""])
    assert "The cycle is not over" in early.content.decode()
    request_cancelling(cycle, by=administrator(), reason="The mill burned.")
    cancel_cycle(cycle, by=administrator())
    assert "1 review still has internal notes" in client.get(desk_of(cycle)).content.decode()
    assert client.post(desk_of(cycle), {"act": "empty_notes"}).status_code == 400
    answer = client.post(desk_of(cycle), sent, follow=True)
    assert "The notes of 1 review are gone." in answer.content.decode()
    assert (notes_of(proposal), notes_of(other)) == (["", ""], ["Call Ms Quill.", ""])
    event = Event.objects.get(verb="cycle.notes_emptied")
    assert (event.actor_id, event.data) == (by.pk, {"reviews": 1})
    assert empty_all_notes(cycle, by=by) == 0
    with pytest.raises(PermissionDenied):
        empty_all_notes(cycle, by=reviewer())
    assert Event.objects.filter(verb="cycle.notes_emptied").count() == 1
