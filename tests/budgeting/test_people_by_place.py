"""The table of people by place and channel: no line tells of a few."""

from __future__ import annotations

import pytest

from budgeting.selectors.paper import LEAST_CELL, PeopleOf, merged


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([], []),
        # Nothing is small: as it is.
        ([("A", [10, 0]), ("B", [12, 11])], [("A", [10, 0]), ("B", [12, 11])]),
        # One small line takes the smallest of the others with it, so that no sum gives it away.
        ([("A", [10, 0]), ("B", [30, 20]), ("C", [3, 0])], [("B", [30, 20]), ("", [13, 0])]),
        # Small ones are enough together.
        (
            [("A", [6, 0]), ("B", [30, 20]), ("C", [5, 0])],
            [("B", [30, 20]), ("", [11, 0])],
        ),
        # Not even all of them are enough: no table.
        ([("A", [40, 0]), ("B", [30, 4]), ("C", [5, 1])], []),
        ([("A", [4, 0])], []),
    ],
)
def test_small_lines_stand_together_until_they_are_not_small(lines, shown):
    told = merged([PeopleOf(place, cells) for place, cells in lines])
    assert [(line.place, line.by_channel) for line in told] == shown
    assert all(cell == 0 or cell >= LEAST_CELL for line in told for cell in line.by_channel)
