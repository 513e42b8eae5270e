"""Complaints of the older version come along, also those that are made while it is upgraded."""

from __future__ import annotations

import pytest

from tests.migrating import migrate

# Indexes that are built beside writes are not built within a transaction.
pytestmark = [
    pytest.mark.turns,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.usefixtures("newest_again"),
]
BEFORE = [("people", "0012_complaints_officer"), ("complaints", "0002_complaint_guards")]
BETWEEN = [("complaints", "0003_those_not_mailed_yet")]
AFTER = [("people", "0013_complaints_moved")]


def test_what_an_older_process_takes_in_meanwhile_comes_along():
    of_old = migrate(BEFORE)("people", "Complaint")
    of_old.create(about="vote", words="Early.", answer_to="")
    migrate(BETWEEN)
    of_old.create(about="money", words="Late.", answer_to="Quillon@example.org")
    of_new = migrate(AFTER)
    looks = of_new("complaints", "Look").order_by("pk").select_related("complaint__complainant")
    early, late = looks
    assert (early.asked, early.complaint.about, early.complaint.complainant) == (
        "Early.", "vote", None,
    )  # fmt: skip
    assert (late.asked, late.complaint.about) == ("Late.", "money")
    assert late.complaint.complainant.guest_email == "quillon@example.org"


def test_the_way_back_is_open_only_while_there_are_no_complaints():
    of_old = migrate(BEFORE)("people", "Complaint")
    of_old.create(about="vote", words="Early.", answer_to="")
    of_new = migrate(AFTER)
    with pytest.raises(RuntimeError, match="would delete"):
        migrate(BEFORE)
    assert of_new("complaints", "Look").get().asked == "Early."
