from __future__ import annotations

import pytest

from budgeting.domain import generated
from budgeting.domain.digest import election_digest
from budgeting.domain.generated import approval_election


def test_the_same_seed_makes_the_same_election():
    made = approval_election(500, 20, seed=3)
    assert election_digest(made) == election_digest(approval_election(500, 20, seed=3))
    assert election_digest(made) != election_digest(approval_election(500, 20, seed=4))


@pytest.mark.parametrize("ballots", [0, 1, 25])
def test_it_has_the_size_asked_for(monkeypatch, ballots):
    monkeypatch.setattr(generated, "AT_A_TIME", 10)
    made = approval_election(ballots, 7, seed=1, most_choices=3)
    assert (made.ballots.count, len(made.options)) == (ballots, 7)
    assert all(1 <= length <= 3 for length in made.ballots.lengths)
