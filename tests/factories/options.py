"""A new cycle's ballot, written at once as the services leave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import models

from budgeting.enums import ProposalState, ReviewKind
from budgeting.models import Option, Pot, Proposal, Review, VerdictPublication
from civicfund.audit.models import Event
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.models import CostLine, Project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory


def options_at_once(pot: Pot, costs_minor: Sequence[int], *, by: User) -> None:
    """What ``add_options`` gives the pot of a draft, in a tenth of its two hundred questions.

    ``tests/budgeting/test_factories.py`` compares the two.
    """
    within = pot.place if pot.place and pot.place.parent_id else NeighborhoodFactory()
    proposals = Proposal.objects.bulk_create(
        Proposal(cycle=pot.cycle, pot=pot, project=project, submitted_by=by)
        for project in _projects(within, costs_minor)
    )
    happened = [_event("proposal.submitted", each, by, pot=pot.pk) for each in proposals]
    happened += _reviewed(proposals, by)
    happened += _published(pot, proposals, by)
    options = Option.objects.bulk_create(
        Option(
            cycle=pot.cycle, pot=pot, position=position, code=str(proposal.project_id),
            name=proposal.project.title, cost_minor=cost, proposal=proposal,
        )
        for position, (proposal, cost) in enumerate(zip(proposals, costs_minor, strict=True))
    )  # fmt: skip
    for option in options:
        entered = {"option": option.pk, "cost_minor": option.cost_minor}
        happened += [
            _event("proposal.on_ballot", option.proposal, by, old="feasible"),
            _event("proposal.on_ballot", option.proposal, by, **entered),
        ]
    Event.objects.bulk_create(happened)


def _projects(within: Neighborhood, costs_minor: Sequence[int]) -> list[Project]:
    people = User.objects.bulk_create(UserFactory.build_batch(len(costs_minor)))
    projects = Project.objects.bulk_create(
        ProjectFactory.build(neighborhood=within, proposer=person) for person in people
    )
    CostLine.objects.bulk_create(
        CostLine(project=project, position=1, label="Everything", amount_minor=cost)
        for project, cost in zip(projects, costs_minor, strict=True)
    )
    return projects


def _reviewed(proposals: Sequence[Proposal], by: User) -> Iterable[Event]:
    reviews = Review.objects.bulk_create(
        Review(
            proposal=proposal, kind=ReviewKind.FIRST, reviewer=by, given_at=db_now(),
            feasible=True, lawful=True,
        )
        for proposal in proposals
    )  # fmt: skip
    for each in reviews:
        yield _event("review.given", each.proposal, by, review=each.pk, kind=each.kind)


def _published(pot: Pot, proposals: Sequence[Proposal], by: User) -> Iterable[Event]:
    at = db_now()
    publication = VerdictPublication.objects.create(
        cycle=pot.cycle, at=at, appeals_until=at + timedelta(days=1), set_by=by
    )
    VerdictPublication.objects.filter(pk=publication.pk).update(done_at=db_now())
    for state in (ProposalState.FEASIBLE, ProposalState.ON_BALLOT):
        Proposal.objects.filter(pk__in=[each.pk for each in proposals]).update(
            state=state, published_with=publication
        )
    yield _event("cycle.verdicts_announced", pot.cycle, by, at=at.isoformat())
    for each in proposals:
        yield _event("proposal.feasible", each, None, old="submitted")
    yield _event("cycle.verdicts_published", pot.cycle, None, verdicts=len(proposals))


def _event(verb: str, target: models.Model, actor: User | None, **data: object) -> Event:
    return Event(
        verb=verb, target_type=target._meta.label_lower, target_id=str(target.pk), actor=actor,
        data=data,
    )  # fmt: skip
