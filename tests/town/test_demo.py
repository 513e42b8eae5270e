from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from budgeting.enums import CycleState
from budgeting.models import Cycle
from civicfund.audit.models import Event
from civicfund.pledges.models import Campaign
from civicfund.projects.models import Project
from civicfund.town.demo.accounts import address, one_time_secret
from civicfund.town.demo.geography import PLACES
from civicfund.town.demo.ideas import IDEAS
from civicfund.town.demo.stubs import STUBS
from civicfund.town.demo.town import build

pytestmark = pytest.mark.django_db


def silence(text: str) -> None:
    """What the loader says is for a terminal."""


def what_was_built() -> list[object]:
    return [
        list(Project.objects.order_by("pk").values_list("title", "proposer__email", "latitude")),
        list(Cycle.objects.order_by("pk").values_list("slug", "state")),
        list(Campaign.objects.order_by("pk").values_list("project__title", "state")),
    ]


def test_the_town_has_all_that_it_promises_and_a_second_load_leaves_it_as_it_is(settings):
    settings.DEBUG = True
    build(say=silence, resident_count=60)
    assert Project.objects.count() == len(IDEAS) + len(STUBS)
    assert Project.objects.wanting().count() == len(STUBS)
    assert {p.name for p in PLACES} == set(
        Project.objects.values_list("neighborhood__name", flat=True)
    )
    assert dict(Cycle.objects.values_list("slug", "state")) == {
        "green-round": CycleState.OPEN,
        "town-budget": CycleState.OPEN,
        "district-baskets": CycleState.OPEN,
        "culture-points": CycleState.OPEN,
    }
    assert set(Campaign.objects.values_list("state", flat=True)) == {
        "draft",
        "submitted",
        "changes_requested",
        "approved",
        "live",
        "cancelled",
    }
    events, before = Event.objects.count(), what_was_built()
    call_command("load_demo")
    assert Event.objects.count() == events
    assert what_was_built() == before


@pytest.mark.parametrize("command", ["load_demo", "demo_actors"])
def test_without_debug_the_demo_refuses(settings, command):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command(command)
    assert Project.objects.count() == 0


def test_demo_accounts_are_printed_with_their_password(capsys):
    call_command("demo_accounts")
    printed = capsys.readouterr().out
    assert "marrowmere-demo" in printed
    assert address("administrator") in printed


def test_every_account_has_a_code_of_its_own():
    assert one_time_secret("treasurer") != one_time_secret("reviewer")
