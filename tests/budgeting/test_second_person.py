"""Who agrees does so in person: on a page, with a second factor given just now."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.urls import reverse

from budgeting.models import Cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import request_cancelling, request_opening
from budgeting.services.results import certify
from budgeting.views.cycle_desk import CYCLE_ACTS
from budgeting.views.extending import EXTENSION_ACTS
from budgeting.views.moving import MOVING_ACTS
from budgeting.views.paper import ANEW_ACTS
from budgeting.views.rolls import LETTER_ACTS, PERSON_ACTS, ROLL_ACTS
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.budgeting.test_counting import unsealed
from tests.factories.budgeting import (
    administrator,
    certifier,
    draft_cycle,
    rehearsed,
    running_cycle,
)
from tests.signing_in import sign_in_with_second_factor

ROOT = Path(__file__).parent.parent.parent
ACTS = CYCLE_ACTS | EXTENSION_ACTS | MOVING_ACTS | ANEW_ACTS | ROLL_ACTS | LETTER_ACTS | PERSON_ACTS


def named_in(node: ast.AST) -> set[str]:
    """Every name that the code uses."""
    names = (
        getattr(each, "id", None) or getattr(each, "attr", None) or getattr(each, "name", None)
        for each in ast.walk(node)
    )
    return {name for name in names if isinstance(name, str)}


def functions_of(pattern: str) -> dict[str, set[str]]:
    """The functions of the files, with the names that each uses, itself left out."""
    found: dict[str, set[str]] = {}
    for folder in ("budgeting", "civicfund"):
        for path in (ROOT / folder).glob(pattern):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef):
                    used = named_in(node) - {node.name}
                    found[node.name] = found.get(node.name, set()) | used
    return found


def approvers() -> set[str]:
    """The services that say yes as a second person, also by way of another."""
    services = functions_of("**/services/*.py") | functions_of("**/services.py")
    found = {"approve_act"}
    while more := {name for name, used in services.items() if used & found} - found:
        found |= more
    return found


def test_no_command_task_or_api_agrees_as_a_second_person():
    found = approvers()
    assert {"open_cycle", "cancel_cycle", "publish", "add_person", "import_file"} <= found
    assert "request_opening" not in found
    looked_at = 0
    for pattern in ("**/management/commands/*.py", "**/tasks.py", "**/tasks/*.py", "**/api.py"):
        for folder in ("budgeting", "civicfund"):
            for path in (ROOT / folder).glob(pattern):
                assert not named_in(ast.parse(path.read_text())) & found, path
                looked_at += 1
    assert looked_at > 10


def test_every_act_of_a_desk_that_agrees_is_named_so_and_asks_for_the_second_factor():
    found, views = approvers(), functions_of("views/*.py")
    agree = {name for name, (_form, act) in ACTS.items() if views[act.__name__] & found}
    assert agree == {name for name in ACTS if name.startswith("agree")}


def opening():
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    return cycle, "open_it"


def cancelling():
    cycle, _ = running_cycle()
    request_cancelling(cycle, by=administrator(), reason="The flood.")
    return cycle, "cancel_it"


def publishing():
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    certify(cycle, by=certifier())
    return cycle, "publish_it"


@pytest.mark.django_db
@pytest.mark.parametrize("waiting", [opening, cancelling, publishing])
def test_the_admin_agrees_only_with_a_recent_second_factor(client, settings, waiting):
    cycle, action = waiting()
    state = Cycle.objects.get(pk=cycle.pk).state
    person = administrator()
    grant_role(person, Role.CERTIFIER, by=None)
    sign_in_with_second_factor(client, person)
    listed = reverse("admin:budgeting_cycle_changelist")
    given = {"action": action, "_selected_action": cycle.pk, "index": 0}
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    assert "reauthenticate" in client.post(listed, given)["Location"]
    assert Cycle.objects.get(pk=cycle.pk).state == state
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    page = client.post(listed, given)
    [(_row, asked)] = page.context["asked"]
    assert str(asked.requested_by) in page.content.decode()
    assert Cycle.objects.get(pk=cycle.pk).state == state
    client.post(listed, given | {"asked": asked.pk})
    assert Cycle.objects.get(pk=cycle.pk).state != state
