"""A plan does not change while money is asked for by it, nor the other way round."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import OperationalError, connections, transaction

from civicfund.delivery.models import Milestone
from civicfund.delivery.services.errors import RefusedError as PlanRefusedError
from civicfund.delivery.services.planning import Step, write_plan
from civicfund.payouts.enums import Method, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.services.deciding import request_payout
from civicfund.payouts.services.errors import RefusedError
from tests.factories.payouts import new_treasurer
from tests.payouts.test_payouts import awarded
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def ask(project, by, using="default"):
    return Payout.objects.using(using).create(
        project_id=project.pk, source=Source.AWARD, method=Method.BANK, amount_minor=100,
        currency="EUR", requested_by_id=by.pk,
    )  # fmt: skip


def plan(project, by, using="default"):
    return Milestone.objects.using(using).create(
        project_id=project.pk, position=1, title="Beds", shows="Beds", due_on="2027-01-01",
        share_percent=100,
    )  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [(ask, plan), (plan, ask)])
def test_whoever_comes_second_waits_for_the_first(first, second):
    project, other, by = awarded(), awarded(), new_treasurer()
    with transaction.atomic():
        first(project, by)
        with transaction.atomic(using="owner"):
            with connections["owner"].cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
            second(other, by, "owner")  # the control: another project's waits for nobody
            waits = pytest.raises(OperationalError, match="lock timeout")
            with waits, transaction.atomic(using="owner"):
                second(project, by, "owner")
    assert Payout.objects.filter(project=project).count() + project.milestones.count() == 1
    connections["owner"].close()


def test_whoever_plans_while_money_is_asked_for_is_told_so_in_words():
    """The services, both ways: one holds, the other waits, and is refused by what it then finds."""
    for number in range(4):
        project, by = awarded(), new_treasurer()
        steps = [Step("Beds", "Beds", date(2027, 1, 1), 100)]

        def act(place, project=project, by=by, steps=steps):
            if place:
                return write_plan(project, steps, by=project.proposer)
            return request_payout(
                project, by=by, source=Source.AWARD, method=Method.BANK, amount_minor=100
            )

        payout, plan = at_once(2, act) if number % 2 else reversed(at_once(2, lambda n: act(1 - n)))
        if isinstance(payout, Payout):
            assert isinstance(plan, PlanRefusedError)
        else:
            assert isinstance(payout, RefusedError)
            assert len(plan) == 1
        assert Payout.objects.filter(project=project).count() + project.milestones.count() == 1
