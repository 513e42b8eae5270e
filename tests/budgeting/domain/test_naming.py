"""Whether two names may be one person's, and what is kept of who the trustees are."""

from __future__ import annotations

import hashlib

import pytest

from budgeting.domain.naming import NamedTrustee, may_be_one_person, tidied, trustees_digest


@pytest.mark.parametrize(
    ("name", "other", "may"),
    [
        ("Anne Kern", "Anne Kern", True),
        ("Anne Kern", "ÄNNE  kern", True),
        ("Anne Kern", "Kern, Anne", True),
        ("Anne Kern", "Anne Maria Kern", True),
        ("Anne", "Anne", True),
        ("Anne", "Anne Kern", False),
        ("Anne Kern", "Anne Kerner", False),
        ("Anne Kern", "Bert Kern", False),
    ],
)
def test_names_that_may_be_one_persons(name, other, may):
    assert may_be_one_person(name, other) is may
    assert may_be_one_person(other, name) is may


def test_the_digest_holds_every_name_and_word_in_their_order():
    one, two = NamedTrustee("Anne Kern", "a parish"), NamedTrustee("Bert Ängö", "a chamber")
    lines = "Anne Kern\na parish\nBert Ängö\na chamber"
    assert trustees_digest([one, two]) == hashlib.sha256(lines.encode()).hexdigest()
    assert trustees_digest([two, one]) != trustees_digest([one, two])


def test_one_way_to_write_a_name_is_kept():
    assert tidied("  A\u0308nne\u00a0 Kern ") == "Änne Kern"
