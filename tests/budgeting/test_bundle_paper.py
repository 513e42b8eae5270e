"""The bundle of a vote with paper: its sums hold, and what somebody alters of them is found."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from budgeting.domain.board import moment
from budgeting.services.counting import count_cycle
from budgeting.services.results import certify, publish
from tests.budgeting.test_bundle import altered, broken, bundle_of, edited, published
from tests.factories.budgeting import cast_positions, certifier, open_by_trustees
from tests.factories.paper import (
    all_keyed,
    begun_anew,
    closed,
    keyed_by_two,
    paper_cycle,
    voted_on_paper,
)

pytestmark = pytest.mark.django_db


def published_with_paper():
    """Four on the web, of whom one then votes on paper; thirty sheets of which two are blank."""
    running, people, place, numbers = paper_cycle(33, sheets=34)
    for person, positions in zip(people[:4], ([0], [1], [0, 2], [2]), strict=True):
        cast_positions(running, person, positions)
    voted_on_paper(running, [people[0], *people[4:]], place)
    cycle = closed(running)
    sheets = {number: [n % 3] if n > 1 else [] for n, number in enumerate(numbers[:30])}
    all_keyed(cycle, place, sheets, spoiled=1)
    cycle = open_by_trustees(cycle)
    count_cycle(cycle)
    cycle.refresh_from_db()
    return publish(certify(cycle, by=certifier()), by=certifier())


# A change of the record, and what its finder says.
ALTERED = [
    (("counted",), lambda n: n + 1, "electronically + on paper"),
    (("paper", "counted"), lambda n: n - 1, "electronically + on paper"),
    (("paper", "void"), lambda n: n + 1, "sheets = counted + void"),
    (("paper", "sheets"), lambda n: n + 1, "sheets = counted + void"),
    (("paper", "places", 0, "keyed"), lambda n: n + 1, "keyed of each place"),
    (("paper", "places", 0, "printed"), lambda n: n + 1, "are accounted for"),
    (("paper", "places", 0, "cast"), lambda n: n + 1, "its box was keyed"),
    (("paper", "places", 0, "checked_in"), 29, "as many sheets as people, or two"),
    (("paper", "decided_by_a_third"), 31, "clerks differed on some"),
    (("paper", "keyed_by_more_than_three"), 1, "clerks differed on some"),
    (("paper", "places", 0, "checked_in"), 31, "as many sheets as people, or two"),
    (("paper", "seed"), "ab" * 32, "seed of the sample"),
    (("paper", "sample", "errors"), 99, "sample is one of these"),
    (("paper", "places", 0, "checked_in"), 0, "than people on paper"),
    (("board", "replaced_by_paper"), 9, "replaced by paper than replaced"),
    (("paper",), None, "electronically + on paper"),
]


def alterations(content):
    """Each altered bundle, with what has to be found."""
    for path, value, found in ALTERED:
        yield altered(content, "bundle.json", edited(path, value)), found
    # What the officer says of missing sheets explains none that nobody keyed, nor does one person
    # alone explain more sheets than people, or more people than sheets.
    yield said(content, reason="One blew away", cast=31), "its box was keyed"
    for alone in ("reason", "reason_at_end"):
        for people in (29, 180):
            changed = said(content, checked_in=people, **{alone: "x"})
            yield changed, "as many sheets as people, or two"
    changed = said(content, checked_in=29, reason="x", reason_at_end=None)
    yield changed, "as many sheets as people, or two"


def said(content, **changes):
    """The bundle with other numbers and reasons of its place."""
    for key, value in changes.items():
        change = edited(("paper", "places", 0, key), value)
        content = altered(content, "bundle.json", change)
    return content


def test_the_sums_of_paper_hold_and_each_alteration_is_found():
    content = bundle_of(published_with_paper())
    assert broken(content) == []
    record = record_of(content)
    assert "keying_begun_anew" not in record["paper"]
    assert record["paper"]["keyed_by_more_than_three"] == 0
    [pot] = record["pots"]
    assert (record["board"]["counted"], record["paper"]["counted"], pot["ballots"]) == (3, 28, 31)
    assert record["counted"] == 31
    assert record["board"]["replaced_by_paper"] == 1
    for changed, found in alterations(content):
        assert any(found in name for name in broken(changed)), found


def record_of(content):
    return json.loads(zipfile.ZipFile(io.BytesIO(content)).read("bundle.json"))


def test_the_bundle_tells_that_keying_was_begun_anew_and_why(settings, tmp_path):
    settings.SLOT_KEYS = str(tmp_path)
    running, people, place, numbers = paper_cycle(1)
    cast_positions(running, people[0], [0])
    cycle = closed(running)
    keyed_by_two(cycle, {numbers[0]: [2]})
    made = begun_anew(cycle)
    all_keyed(cycle, place, {numbers[0]: [0], numbers[1]: [1]})
    cycle = open_by_trustees(cycle)
    count_cycle(cycle)
    cycle.refresh_from_db()
    content = bundle_of(publish(certify(cycle, by=certifier()), by=certifier()))
    assert broken(content) == []
    told = {"at": moment(made.at), "reason": made.reason, "keyings_dropped": 2}
    assert record_of(content)["paper"]["keying_begun_anew"] == [told]


def test_a_difference_that_somebody_explained_holds():
    content = bundle_of(published_with_paper())
    missing = edited(("paper", "places", 0, "printed"), lambda n: n + 1)
    explained = edited(("paper", "places", 0, "reason"), "One blew away")
    changed = altered(altered(content, "bundle.json", missing), "bundle.json", explained)
    assert broken(changed) == []
    unkeyed = said(content, cast=31, returned=2, checked_in=31, reason_at_end="One is torn.")
    assert broken(unkeyed) == []
    surplus = said(content, checked_in=29, reason="One came twice.", reason_at_end="So it was.")
    assert broken(surplus) == []
    lacking = said(content, checked_in=31, reason="One took it home.", reason_at_end="I asked.")
    assert broken(lacking) == []


def test_without_paper_there_are_no_sheets_to_hide_behind():
    cycle, _receipts = published()
    content = bundle_of(cycle)
    assert record_of(content)["paper"] is None
    changed = altered(content, "bundle.json", edited(("board", "replaced_by_paper"), 1))
    assert "without paper nothing is replaced by it" in broken(changed)
