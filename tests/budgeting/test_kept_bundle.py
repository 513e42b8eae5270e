"""The bundle of a published vote is made once, kept, and given out within limits."""

from __future__ import annotations

import hashlib

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from budgeting.models import BundlePart, KeptBundle
from budgeting.services import bundles
from budgeting.services.bundles import bytes_of, due_to_bundle, keep_bundle
from budgeting.services.errors import BusyError
from budgeting.tasks import keep_due_bundles
from civicfund.turns import Work
from tests.budgeting.test_bundle import broken, bundle_of, published
from tests.factories.budgeting import running_cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def limits(settings):
    """Limits that a test reaches."""
    lower = {"bundle": "2/h/ip", "look_up_receipt": "2/10m/ip"}
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | lower
    cache.clear()
    yield
    cache.clear()  # or the next test begins with what this one has used up


def taken(client, cycle, **headers):
    return client.get(reverse("bundle", args=[cycle.slug]), headers=headers)


def checked():
    """As a commit does."""
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_bundle_is_made_once_and_is_the_same_bytes_for_everybody(client, monkeypatch):
    cycle, receipts = published()
    monkeypatch.setattr(bundles, "PART_BYTES", 1_000)
    made = bundle_of(cycle)
    first = b"".join(taken(client, cycle).streaming_content)
    monkeypatch.setattr(bundles, "write_bundle", None)
    second = taken(client, cycle)
    assert first == b"".join(second.streaming_content) == made
    assert second["ETag"] == f'"{hashlib.sha256(made).hexdigest()}"'
    assert second["Content-Length"] == str(len(made))
    assert second["Cache-Control"] == "public, max-age=3600"
    assert BundlePart.objects.count() == -(-len(made) // 1_000) > 2
    assert broken(first, receipts[:1]) == []
    checked()


def test_a_download_asks_the_database_once_for_each_part_and_not_for_each_line(
    client, monkeypatch, django_assert_max_num_queries
):
    cycle, _ = published()
    other, _ = published()
    keep_bundle(cycle)
    monkeypatch.setattr(bundles, "PART_BYTES", 500)
    keep_bundle(other)
    assert other.kept_bundle.parts.count() > 3
    asked = []
    for each in (cycle, other):
        parts = each.kept_bundle.parts.count()
        with django_assert_max_num_queries(5 + parts) as questions:
            b"".join(taken(client, each).streaming_content)
        asked.append(len(questions) - parts)
    assert asked[0] == asked[1]


def test_who_has_it_already_is_told_so_and_that_counts_for_no_limit(client, limits):
    cycle, _ = published()
    tag = taken(client, cycle)["ETag"]
    for _ in range(3):
        same = taken(client, cycle, if_none_match=tag)
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    assert taken(client, cycle, if_none_match='"another"').status_code == 200


def test_who_takes_it_too_often_is_asked_to_wait(client, limits):
    cycle, _ = published()
    assert [taken(client, cycle).status_code for _ in range(3)] == [200, 200, 429]
    assert "That was a little fast" in taken(client, cycle).content.decode()
    elsewhere = client.get(reverse("bundle", args=[cycle.slug]), REMOTE_ADDR="127.0.0.9")
    assert elsewhere.status_code == 200


def test_who_comes_while_it_is_made_is_asked_to_come_back(client, monkeypatch):
    cycle, _ = published()

    def at_it(_cycle):
        raise BusyError("The file is being put together.")

    monkeypatch.setattr("budgeting.views.boards.keep_bundle", at_it)
    answer = taken(client, cycle)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "no-store" in answer["Cache-Control"]
    assert "being put together" in answer.content.decode()


@pytest.mark.django_db(databases=["default", "owner"])
def test_two_do_not_make_it_at_once():
    cycle, _ = published()
    with connections["owner"].cursor() as elsewhere:
        elsewhere.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Work.BUNDLE, cycle.pk])
        with pytest.raises(BusyError):
            keep_bundle(cycle)
    assert not KeptBundle.objects.exists()


def test_the_worker_makes_the_bundles_of_what_is_published(client):
    cycle, _ = published()
    running_cycle(1)
    assert due_to_bundle() == [cycle]
    keep_due_bundles()
    assert due_to_bundle() == []
    assert b"".join(bytes_of(KeptBundle.objects.get())) == bundle_of(cycle)


def refused(name):
    return pytest.raises(DatabaseError, match=name)


def test_the_database_keeps_a_bundle_as_it_came():
    cycle, _ = published()
    kept = keep_bundle(cycle)
    for change in (
        lambda: KeptBundle.objects.update(sha256="0" * 64),
        lambda: BundlePart.objects.update(content=b"another"),
        lambda: BundlePart.objects.filter(bundle=kept)._raw_delete("default"),
    ):
        with refused("append-only|permission denied"), transaction.atomic():
            change()
    assert b"".join(bytes_of(kept)) == bundle_of(cycle)


def test_the_database_refuses_a_bundle_that_is_not_what_it_says():
    cycle, _ = published()
    digest = hashlib.sha256(b"zip").hexdigest()
    for size, sha256, content in ((3, "0" * 64, b"zip"), (4, digest, b"zip"), (3, digest, b"")):
        with refused("not what it says"), transaction.atomic():
            kept = KeptBundle.objects.create(cycle=cycle, sha256=sha256, size_bytes=size)
            BundlePart.objects.create(bundle=kept, position=0, content=content)
            checked()
    assert not KeptBundle.objects.exists()


def test_the_database_refuses_a_bundle_of_what_is_not_published():
    cycle, _ = running_cycle(1)
    with refused("made of a published vote"), transaction.atomic():
        KeptBundle.objects.create(cycle=cycle, sha256="0" * 64, size_bytes=1)


@pytest.mark.django_db(transaction=True)
def test_a_bundle_gets_no_further_part():
    cycle, _ = published()
    kept = keep_bundle(cycle)
    with refused("gets no more"), transaction.atomic():
        BundlePart.objects.create(bundle=kept, position=99, content=b"more")
    assert b"".join(bytes_of(kept)) == bundle_of(cycle)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_bundle_gets_no_part_from_a_transaction_that_began_before_it():
    cycle, _ = published()
    with transaction.atomic("owner"):
        connections["owner"].cursor().execute("SELECT 1")
        kept = keep_bundle(cycle)
        with refused("gets no more"), transaction.atomic("owner"):
            BundlePart.objects.using("owner").create(bundle_id=kept.pk, position=99, content=b"x")
    assert b"".join(bytes_of(kept)) == bundle_of(cycle)


def test_a_sweep_passes_over_what_a_web_process_makes(caplog, monkeypatch):
    cycle, _ = published()

    def at_it(_cycle):
        raise BusyError("a moment")

    monkeypatch.setattr("budgeting.tasks.keep_bundle", at_it)
    keep_due_bundles()
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
    assert due_to_bundle() == [cycle]


def test_receipts_are_looked_up_within_a_limit(client, limits):
    cycle, receipts = published()
    page = reverse("board", args=[cycle.slug])
    said = [client.post(page, {"receipt": receipts[0]}) for _ in range(3)]
    assert [each.status_code for each in said] == [200, 200, 429]
    assert "Recorded, at place" in said[1].content.decode()
    assert "That was a little fast" in said[2].content.decode()
    # The board itself can be read all the same, and what is no receipt does not count.
    assert client.get(page).status_code == 200
    assert client.post(page, {"receipt": ""}).status_code == 400
    elsewhere = client.post(page, {"receipt": receipts[0]}, REMOTE_ADDR="127.0.0.9")
    assert elsewhere.status_code == 200
