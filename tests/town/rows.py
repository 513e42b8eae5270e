"""More of everything in a small town: copies of the rows that it has, made in batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db.models import Model

from budgeting.models import Review
from civicfund.audit.models import Event
from civicfund.payouts.models import PayoutAccount
from civicfund.places.models import Neighborhood
from civicfund.pledges.enums import CampaignState
from civicfund.pledges.models import Reward
from civicfund.projects.models import CostLine, ProjectFlag, Support, Version
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.models import Flag, Follow, Thread
from civicfund.talk.services.news import gather_comments
from tests.town.people import OWNER
from tests.town.small_town import SmallTown

Row = TypeVar("Row", bound=Model)


def like(row: Row, numbers: Sequence[int], **changes: Callable[[int], object]) -> dict[int, Row]:
    """A copy of the row for each number, with what each change makes of it."""
    kept = type(row)._base_manager.get(pk=row.pk)
    made = {number: copy.copy(kept) for number in numbers}
    for number, each in made.items():
        each.pk = None
        for name, change in changes.items():
            setattr(each, name, change(number))
    type(row)._base_manager.bulk_create(made.values())
    return made


def add_rows(town: SmallTown, numbers: range) -> None:
    """So many more people, projects, comments, campaigns and whatever else a page lists."""
    t, owner = town.things, town.people[OWNER]
    people = like(
        owner, numbers,
        email=lambda n: f"row{n}@example.org", display_name=lambda n: f"Row {n}",
    )  # fmt: skip
    projects = like(t.project, numbers, title=lambda n: f"Row {n}")
    CostLine.objects.bulk_create(
        CostLine(project=each, position=1, label="All", amount_minor=1_000)
        for each in projects.values()
    )
    _around_a_project(t, numbers, people, projects)
    _talk(t, owner, numbers, people, projects)
    _money(t, numbers, people, projects)
    _budget(t, numbers, projects)
    homes = like(t.document.residency, numbers, user=people.__getitem__)
    like(t.document, numbers, residency=homes.__getitem__)
    place = Neighborhood.objects.exclude(parent=None).first()
    like(place, numbers, slug=lambda n: f"row-{n}", name=lambda n: f"Row {n}")


def _around_a_project(t, numbers, people, projects) -> None:
    Support.objects.bulk_create(
        [Support(project=t.project, person=people[n]) for n in numbers]
        + [Support(project=projects[n], person=t.project.proposer) for n in numbers]
    )
    ProjectFlag.objects.bulk_create(
        ProjectFlag(project=each, reporter=people[n], reason=Wrong.OTHER)
        for n in numbers
        for each in (t.project, projects[n])
    )
    like(t.offer, numbers, by=people.__getitem__)
    like(t.wish, numbers, person=people.__getitem__)
    like(t.merge, numbers, project=projects.__getitem__)
    steps = like(
        t.milestone, numbers, project=projects.__getitem__, share_percent=lambda n: 100
    )  # fmt: skip
    like(t.report, numbers, milestone=steps.__getitem__)
    like(Version.objects.filter(project=t.project).first(), numbers, number=lambda n: n + 10)


def _talk(t, owner, numbers, people, projects) -> None:
    threads = Thread.objects.bulk_create(
        Thread(kind=SubjectKind.PROJECT, subject_id=projects[n].pk) for n in numbers
    )
    Follow.objects.bulk_create(Follow(user=owner, thread=thread) for thread in threads)
    said = like(t.comment, numbers, author=people.__getitem__)
    like(t.question, numbers, author=people.__getitem__)
    complaints = like(t.complaint, numbers, complainant=people.__getitem__)
    like(t.complaint.looks.get(), numbers, complaint=complaints.__getitem__)
    Flag.objects.bulk_create(
        Flag(comment=said[n], reporter=people[n], reason=Wrong.INSULT) for n in numbers
    )
    Follow.objects.get_or_create(user=owner, thread=t.comment.thread)
    gather_comments()


def _money(t, numbers, people, projects) -> None:
    live = like(t.campaign, numbers, project=projects.__getitem__)
    # One before, that brought the money for the plan.
    like(
        t.campaign, numbers, project=projects.__getitem__, state=lambda n: CampaignState.SETTLED
    )  # fmt: skip
    more = like(t.free_project, numbers, title=lambda n: f"Row more {n}")
    like(t.submitted, numbers, project=more.__getitem__)
    like(
        Reward.objects.filter(campaign=t.campaign).earliest("pk"),
        numbers,
        position=lambda n: n + 1_000,
    )
    of = {"customer_id": lambda n: f"cus_row_{n}", "payment_method_id": lambda n: f"pm_row_{n}"}
    like(t.pledge, numbers, campaign=live.__getitem__, **of)
    like(t.pledge, numbers, backer=people.__getitem__, show_name=lambda n: True, **of)
    like(t.orphan, numbers, object_id=lambda n: f"re_row_{n}")
    like(t.difference, numbers, object_id=lambda n: f"ch_row_{n}")
    PayoutAccount.objects.bulk_create(
        PayoutAccount(user=people[n], account_id=f"acct_row_{n}") for n in numbers
    )


def _budget(t, numbers, projects) -> None:
    proposals = like(t.proposal, numbers, project=projects.__getitem__)
    like(Review.objects.get(proposal=t.proposal), numbers, proposal=proposals.__getitem__)
    like(t.announcement, numbers, subject=lambda n: f"Row {n}")
    like(t.trial, numbers, name=lambda n: f"Row {n}")
    like(t.draft_cycle, numbers, slug=lambda n: f"row-{n}", title=lambda n: f"Row {n}")
    told = Event.objects.filter(target_type="budgeting.cycle", target_id=str(t.running.pk))
    like(told.first(), numbers)
