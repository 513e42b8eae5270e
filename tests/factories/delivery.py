from __future__ import annotations

from datetime import date

from django.utils.timezone import localdate

from civicfund.delivery.selectors import plan_of
from civicfund.delivery.services.planning import Step, write_plan
from civicfund.delivery.services.reaching import confirm_reached, say_reached
from tests.factories.payouts import new_treasurer

# A calendar shows what is still to come, so no year stays right.
NEXT_YEAR = localdate().year + 1


def steps(*shares):
    """Milestones of these shares, a month apart."""
    return [
        Step(f"Step {n}", f"What step {n} shows", date(NEXT_YEAR, n, 1), share)
        for n, share in enumerate(shares, start=1)
    ]


def planned(project, *shares):
    """The project's plan, written by its owner."""
    write_plan(project, steps(*shares), by=project.proposer)
    return plan_of(project)


def reach(milestone):
    """Its owner says that it is reached, and a treasurer confirms it."""
    report = say_reached(milestone, by=milestone.project.proposer, words="Done, go and see it.")
    confirm_reached(report, by=new_treasurer())
    return milestone
