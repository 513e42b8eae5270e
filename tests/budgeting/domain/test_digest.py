from __future__ import annotations

import hashlib
import struct

import pytest

from budgeting.domain.digest import ballots_digest, election_digest
from budgeting.domain.election import BallotKind
from tests.budgeting.domain.elections import election

COSTS = {"a": 5, "b": 3, "c": 2}
VOTES = ["ab", "c", "ab", ""]
BASE = election(COSTS, VOTES, 9)


@pytest.mark.parametrize(
    "same",
    [
        election(COSTS, VOTES[::-1], 9),
        election(COSTS, ["ba", "c", "ab", ""], 9),
        election(COSTS, ["ab", "c", ""], 9, weights=[2, 1, 1]),
        election(dict(reversed(COSTS.items())), VOTES, 9),
    ],
)
def test_order_and_grouping_do_not_change_the_digest(same):
    assert election_digest(same) == election_digest(BASE)


@pytest.mark.parametrize(
    "other",
    [
        election(COSTS, ["ab", "c", "a", ""], 9),
        election(COSTS, ["ab", "c", "ab"], 9),
        election(COSTS, ["ab", "c", "ab", ""], 10),
        election({**COSTS, "c": 3}, VOTES, 9),
        election(COSTS, VOTES, 9, groups={"a": "site"}),
        election(COSTS, VOTES, 9, kind=BallotKind.RANKING),
        election(COSTS, VOTES, 9, increment=2),
    ],
)
def test_anything_that_could_change_the_result_changes_the_digest(other):
    assert election_digest(other) != election_digest(BASE)


def test_points_are_part_of_the_digest():
    one = election(COSTS, [{"a": 2, "b": 1}], 9, kind=BallotKind.SCORING)
    other = election(COSTS, [{"a": 1, "b": 2}], 9, kind=BallotKind.SCORING)
    assert election_digest(one) != election_digest(other)


def test_the_digest_of_ballots_is_what_its_description_says():
    records = sorted(
        struct.pack(">3q", *[*choices, 0, 0][:2], times)
        for choices, times in [([1, 2], 2), ([3], 1), ([], 1)]
    )
    assert ballots_digest(BASE.ballots) == hashlib.sha256(b"".join(records)).hexdigest()
