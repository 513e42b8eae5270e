from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.urls import NoReverseMatch, reverse

from budgeting.enums import CycleState
from budgeting.models import Cycle, OpenedBallot, Participation, RollEntry, SealedBallot, Tally
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import open_cycle, request_cancelling, request_opening
from budgeting.services.results import certify, publish
from budgeting.services.reviews import give_review
from civicfund.audit.models import ActRequest
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import CoAuthor
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    fill_roll,
    publish_now,
    rehearsed,
    running_cycle,
)
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


def signed_in(client, user):
    sign_in_with_second_factor(client, user)
    return user


def who_also_certifies():
    """An administrator who is a certifier too: the admin's pages are for administrators."""
    person = administrator()
    grant_role(person, Role.CERTIFIER, by=None)
    return person


def address(page, *args, model="cycle"):
    return reverse(f"admin:budgeting_{model}_{page}", args=args)


def do(client, cycle, action, *, follow=True):
    given = {"action": action, "_selected_action": cycle.pk, "index": 0}
    return client.post(address("changelist"), given, follow=follow)


def agree(client, cycle, action):
    """First the page shows what was asked for; what comes back names just that."""
    [(_cycle, asked)] = do(client, cycle, action).context["asked"]
    given = {"action": action, "_selected_action": cycle.pk, "index": 0, "asked": asked.pk}
    return client.post(address("changelist"), given, follow=True)


def state_of(cycle):
    return Cycle.objects.get(pk=cycle.pk).state


def test_a_cycle_is_prepared_on_pages_and_opened_by_a_second_person(client):
    signed_in(client, administrator())
    client.post(
        address("prepare"),
        {
            "title": "Spring",
            "slug": "spring",
            "ballot_kind": "approval",
            "rule": "greedy",
        },
    )
    cycle = Cycle.objects.get(slug="spring")
    page = client.get(address("change", cycle.pk)).content.decode()
    for act in ("phase", "pot", "cancel"):
        assert address(act, cycle.pk) in page
    client.post(
        address("phase", cycle.pk),
        {"kind": "balloting", "starts_at": "2026-01-01 08:00", "ends_at": "2099-01-01 18:00"},
    )
    client.post(
        address("pot", cycle.pk),
        {"place": CityFactory().pk, "name": "Town", "amount": "1234.50", "min_options": "1"},
    )
    ResidencyFactory()
    fill_roll(cycle)
    assert cycle.pots.get().amount_minor == 123_450
    assert cycle.roll.count() == 1
    rehearsed(cycle)
    do(client, cycle, "ask_to_open")
    refused = agree(client, cycle, "open_it")
    assert "cannot also approve it" in refused.content.decode()
    assert state_of(cycle) == CycleState.DRAFT
    client.logout()
    signed_in(client, administrator())
    agree(client, cycle, "open_it")
    assert state_of(cycle) == CycleState.OPEN


def test_a_second_person_gives_a_second_factor_anew(client, settings):
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    signed_in(client, administrator())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    assert "reauthenticate" in do(client, cycle, "open_it", follow=False)["Location"]
    assert state_of(cycle) == CycleState.DRAFT


def prepare(client, **given):
    named = {"title": "Spring", "slug": "spring", "ballot_kind": "cumulative"}
    return client.post(address("prepare"), named | given)


def test_a_cycle_of_points_is_prepared_with_its_rule_and_limits(client):
    signed_in(client, administrator())
    prepare(
        client,
        rule="equal_shares_points_add1_greedy",
        minimum_support="3",
        start="integral",
        increment_minor="0.50",
        stop="infeasible",
        ties="lexicographic",
    )
    cycle = Cycle.objects.get(slug="spring")
    assert (cycle.ballot_kind, cycle.ties) == ("cumulative", "lexicographic")
    assert cycle.rule_parameters == {
        "minimum_support": 3,
        "start": "integral",
        "increment_minor": 50,
        "stop": "infeasible",
    }
    pot = {"place": CityFactory().pk, "name": "Town", "amount": "500", "min_options": "1"}
    answer = client.post(address("pot", cycle.pk), pot)
    assert "Say how many points a voter has to give out." in answer.content.decode()
    client.post(address("pot", cycle.pk), pot | {"max_sum_points": "10", "max_points": "6"})
    made = cycle.pots.get()
    assert (made.min_points, made.max_points, made.max_sum_points) == (1, 6, 10)


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        (
            {"rule": "greedy"},
            "rule",
            "“Most votes first” cannot count ballots of the kind “Share out points”. These can:"
            " Most points first; Equal shares by points.",
        ),
        (
            {"rule": "greedy_points", "start": "exact"},
            "start",
            "“Most points first” does not take this: what raising shares starts from.",
        ),
        (
            {"rule": "greedy_points", "increment_minor": "5"},
            "increment_minor",
            "“Most points first” does not take this: by how much shares are raised.",
        ),
        (
            {"rule": "greedy_points", "minimum_support": "-1"},
            "minimum_support",
            "Ensure this value is greater than or equal to 0.",
        ),
        (
            {"rule": "coin"},
            "rule",
            "Select a valid choice. coin is not one of the available choices.",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_in_words_beside_its_field(client, given, field, words):
    signed_in(client, administrator())
    answer = prepare(client, **given)
    assert answer.context["form"].errors == {field: [words]}
    assert Cycle.objects.count() == 0


def test_a_least_support_is_the_threshold_of_rules_that_go_by_most_points(client):
    signed_in(client, administrator())
    prepare(client, rule="greedy_points", minimum_support="20")
    assert Cycle.objects.get().rule_parameters == {"threshold": 20}


def test_what_a_service_refuses_is_said_on_the_form_and_nothing_moves(client):
    signed_in(client, administrator())
    cycle = draft_cycle()
    answer = client.post(
        address("pot", cycle.pk),
        {"place": CityFactory().pk, "name": "Town", "amount": "5", "min_options": "1"},
    )
    assert "has a pot in this cycle" in answer.content.decode()
    answer = client.post(
        address("pot", cycle.pk),
        {"place": CityFactory().pk, "name": "Town", "amount": "-5", "min_options": "1"},
    )
    assert answer.status_code == 200
    assert cycle.pots.count() == 1


def test_a_cycle_is_certified_by_one_and_published_by_another(client):
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    signed_in(client, who_also_certifies())
    do(client, cycle, "certify_it")
    agree(client, cycle, "publish_it")
    assert state_of(cycle) == CycleState.CERTIFIED
    client.logout()
    signed_in(client, who_also_certifies())
    agree(client, cycle, "publish_it")
    assert state_of(cycle) == CycleState.PUBLISHED


def test_an_administrator_who_is_no_certifier_is_not_offered_to_certify_and_cannot(client):
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    signed_in(client, administrator())
    assert "Certify the count" not in client.get(address("change", cycle.pk)).content.decode()
    do(client, cycle, "certify_it")
    assert state_of(cycle) == CycleState.COUNTED


def test_a_cycle_is_cancelled_by_two_with_a_reason(client):
    cycle, _ = running_cycle()
    signed_in(client, administrator())
    client.post(address("cancel", cycle.pk), {"reason": "The flood."})
    client.logout()
    signed_in(client, administrator())
    agree(client, cycle, "cancel_it")
    assert state_of(cycle) == CycleState.CANCELLED


def test_a_reviewer_opens_no_cycle_and_reviews_at_the_desk_alone(client):
    by = administrator()
    cycle = rehearsed(draft_cycle(by=by))
    reviewer = UserFactory()
    grant_role(reviewer, Role.REVIEWER, by=None)
    signed_in(client, reviewer)
    proposal = cycle.proposals.first()
    with pytest.raises(NoReverseMatch):
        address("review", proposal.pk, model="proposal")
    assert client.get(address("change", proposal.pk, model="proposal")).status_code == 200
    request_opening(cycle, by=by)
    assert client.get(address("changelist")).status_code == 403
    assert do(client, cycle, "open_it").status_code == 403
    assert client.get(address("pot", cycle.pk)).status_code == 403
    assert client.post(address("prepare"), {}).status_code == 403
    assert state_of(cycle) == CycleState.DRAFT


def superuser():
    return UserFactory(is_staff=True, is_superuser=True)


def test_a_superuser_looks_at_a_cycle_and_is_offered_no_act(client):
    signed_in(client, superuser())
    cycle = draft_cycle()
    page = client.get(address("change", cycle.pk))
    assert page.status_code == 200
    assert page.context["form_acts"] == []
    assert page.context["acts"] == []
    assert client.get(address("changelist")).context["form_acts"] == []
    assert (
        client.get(address("change", cycle.proposals.first().pk, model="proposal")).context["acts"]
        == []
    )


def forms_of(cycle):
    yield address("prepare"), {"title": "S", "slug": "s", "ballot_kind": "approval"}
    yield address("phase", cycle.pk), {"kind": "balloting"}
    yield address("pot", cycle.pk), {"name": "Town", "amount": "5"}
    yield address("cancel", cycle.pk), {"reason": "The flood."}


def test_a_superuser_fills_in_no_form_of_a_cycle(client):
    signed_in(client, superuser())
    cycle, _ = running_cycle()
    for at, given in forms_of(cycle):
        assert client.get(at).status_code == 403
        assert client.post(at, given).status_code == 403
    assert Cycle.objects.count() == 1
    assert not ActRequest.objects.filter(act="cycle.cancel").exists()


def test_two_superusers_open_cancel_certify_and_publish_nothing(client):
    by = administrator()
    draft, (running, _) = rehearsed(draft_cycle(by=by)), running_cycle()
    counted, certified = unsealed([[0], [1]]), unsealed([[0], [1]])
    count_cycle(counted)
    count_cycle(certified)
    request_opening(draft, by=by)
    request_cancelling(running, by=by, reason="The flood.")
    certify(certified, by=certifier())
    signed_in(client, superuser())
    for cycle, action in (
        (draft, "ask_to_open"), (draft, "open_it"), (running, "cancel_it"),
        (counted, "certify_it"), (certified, "publish_it"),
    ):  # fmt: skip
        before = (state_of(cycle), ActRequest.objects.count())
        do(client, cycle, action)
        assert (state_of(cycle), ActRequest.objects.count()) == before, action


@pytest.mark.parametrize(
    "act",
    [
        lambda cycle, by: request_opening(cycle, by=by),
        lambda cycle, by: open_cycle(cycle, by=by),
        lambda cycle, by: request_cancelling(cycle, by=by, reason="The flood."),
        lambda cycle, by: certify(cycle, by=by),
        lambda cycle, by: publish(cycle, by=by),
    ],
)
def test_the_services_refuse_a_superuser_without_the_role(act):
    cycle = rehearsed(draft_cycle())
    before = ActRequest.objects.count()
    with pytest.raises(PermissionDenied, match="takes the role"):
        act(cycle, superuser())
    assert (state_of(cycle), ActRequest.objects.count()) == (CycleState.DRAFT, before)


def test_the_admin_shows_no_ballot_and_nobodys_participation():
    for model in (SealedBallot, OpenedBallot, Participation, RollEntry):
        assert model not in admin.site._registry
    assert Tally in admin.site._registry


def test_the_seed_of_the_ties_is_not_shown_before_the_count(client):
    cycle, _ = running_cycle()
    signed_in(client, administrator())
    assert cycle.tie_seed not in client.get(address("change", cycle.pk)).content.decode()


def test_the_admin_tells_of_no_review_before_the_verdict_is_public(client):
    cycle, [proposal] = reviewing_cycle()
    for each in (reviewer(), reviewer()):
        give_review(proposal, **NO, by=each)
    insider = reviewer()
    CoAuthor.objects.create(project=proposal.project, user=insider)
    insider.refresh_from_db()
    signed_in(client, insider)
    page = client.get(address("change", proposal.pk, model="proposal")).content.decode()
    assert ("proposal.submitted" in page, "review." in page) == (True, False)
    publish_now(cycle, by=administrator())
    page = client.get(address("change", proposal.pk, model="proposal")).content.decode()
    assert page.count("review.given") == 2
