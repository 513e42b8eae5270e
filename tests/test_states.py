from __future__ import annotations

import pytest

from civicfund.projects.enums import PROJECT_MOVES, ProjectState
from civicfund.states import IllegalMoveError, check_move


def test_a_move_of_the_table_is_legal():
    check_move(PROJECT_MOVES, ProjectState.DRAFT, ProjectState.STUB)


def test_a_move_that_is_not_in_the_table_is_refused():
    with pytest.raises(IllegalMoveError, match="no move leads from withdrawn to ready"):
        check_move(PROJECT_MOVES, ProjectState.WITHDRAWN, ProjectState.READY)


def test_every_state_of_a_project_has_its_row():
    assert set(PROJECT_MOVES) == set(ProjectState)
