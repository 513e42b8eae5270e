from __future__ import annotations

import io
import json
import time

import pytest
from django.core.management import CommandError, call_command

from civicfund.ledger.models import Posting
from civicfund.ledger.selectors import incomplete_entries, unbalanced_entries
from civicfund.places.models import Neighborhood
from civicfund.projects.models import Project
from civicfund.talk.models import Comment
from civicfund.town.bench.measure import rate, steady_load, timing_of
from civicfund.town.bench.readers import read_pages
from tests.factories.places import NeighborhoodFactory

SMALL = {
    "projects": 25, "proposals": 5, "tries": 2, "casts": 4, "pledges": 3, "pledging_seconds": 4,
    "ballots": 50, "counted": 2_000,
}  # fmt: skip


@pytest.mark.turns(day=1)
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_measures_a_real_site_and_ends_with_its_figures(monkeypatch):
    monkeypatch.delenv("PABULIB_DIR", raising=False)
    out = io.StringIO()
    call_command("bench", **SMALL, stdout=out, stderr=io.StringIO())
    figures = json.loads(out.getvalue().splitlines()[-1])
    assert set(figures["pages"]) == {"home", "home, signed in", "projects", "ballot", "results"}
    assert all(0 < page["p50_ms"] <= page["p95_ms"] for page in figures["pages"].values())
    assert list(figures["casts"]) == ["1 clients", "8 clients", "32 clients"]
    assert all(cast["per_second"] > 0 for cast in figures["casts"].values())
    assert all(cast["p95_ms"] <= cast["p99_ms"] for cast in figures["casts"].values())
    assert figures["settlement"]["pledges"] == 3
    assert figures["settlement"]["settled_per_second"] > 0
    assert figures["count"]["election"] == "made up, 2000 ballots x 118 projects"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_count_is_measured_from_the_database_to_its_public_outcome():
    out = io.StringIO()
    call_command("bench_count", ballots=[300], stdout=out, stderr=io.StringIO())
    [figures] = json.loads(out.getvalue().splitlines()[-1])["from_postgresql"]
    assert (figures["ballots"], figures["options"], figures["public"]) == (300, 118, True)
    assert 0 < figures["copy_s"] < figures["database_to_outcome_s"]
    assert set(figures["tallies"]) >= {"equal_shares_cost_greedy", "greedy"}


@pytest.mark.turns(day=2)
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_money_is_measured_at_the_providers_limits():
    out = io.StringIO()
    small = {"pledges": 3, "http_pledges": 8, "entries": 8, "postings": 400, "tries": 2}
    call_command("bench_money", **small, stdout=out, stderr=io.StringIO())
    figures = json.loads(out.getvalue().splitlines()[-1])
    assert figures["pledged"]["per_second"] > 0
    assert figures["settled"]["pledges"] == 3
    assert 0 < figures["settled"]["most_in_a_second_of_an_endpoint"] <= 25
    assert figures["settled"]["worker_mib_late"] > 0
    assert figures["postings_per_second"] > 0
    assert Posting.objects.count() >= 400
    assert unbalanced_entries() == incomplete_entries() == []
    assert 0 < figures["treasury"]["desk_p50_ms"] <= figures["treasury"]["desk_p95_ms"]


@pytest.mark.turns(day=2)
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_whole_vote_is_measured_from_its_close_to_its_outcome():
    out = io.StringIO()
    small = {
        "projects": 5, "casts": 4, "per_second": [4], "seconds": [2], "ballots": [120],
        "options": 8,
    }  # fmt: skip
    call_command("bench_vote", **small, stdout=out, stderr=io.StringIO())
    figures = json.loads(out.getvalue().splitlines()[-1])
    load = figures["4 a second, 2 s"]
    assert (load["voters"]["sent"], load["voters"]["errors"]) == (8, 0)
    assert (load["readers"]["sent"], load["readers"]["errors"]) == (80, 0)
    assert load["voters"]["head_wait_ms"] >= 0
    whole = figures["whole vote of 120"]
    assert (whole["cast"], whole["counted"], whole["state"]) == (120, 120, "counted")
    assert all(whole[step] >= 0 for step in ("close_s", "open_s", "count_s"))


@pytest.mark.django_db(databases=["default", "owner"])
def test_it_does_not_measure_in_a_town_that_is_there():
    NeighborhoodFactory()
    before = Neighborhood.objects.count()
    with pytest.raises(CommandError, match="measure in an empty one"):
        call_command("bench", **SMALL)
    assert Neighborhood.objects.count() == before


def test_half_of_all_requests_are_quicker_than_the_median():
    timing = timing_of([float(n) for n in range(1, 102)])
    assert (timing.p50_ms, timing.p95_ms, timing.p99_ms, timing.tries) == (51.0, 96.0, 100.0, 101)


def test_an_error_of_one_client_ends_the_measure():
    def act(client: int) -> None:
        if client == 1:
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        rate(act, clients=2, times_each=2)


def test_at_a_steady_rate_who_is_held_up_is_charged_for_it_and_errors_are_counted():
    def act(turn: int) -> None:
        if turn == 0:
            time.sleep(0.3)
        if turn == 2:
            raise ValueError("refused")

    load = steady_load(act, per_second=20, seconds=0.2, at_once=1)
    assert (load.sent, load.errors, load.first_error) == (4, 1, "ValueError('refused')")
    # The last one was due after 150 ms, and could begin after 300.
    assert load.timing.p50_ms >= 150


def test_only_a_site_on_this_machine_is_read():
    with pytest.raises(ValueError, match="on this machine"):
        read_pages("http://example.org:80", ["/"], per_second=1, seconds=1)


@pytest.mark.turns(day=0)
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.timeout(300)
def test_a_large_town_is_seeded_and_every_page_of_it_measured():
    out = io.StringIO()
    sizes = {
        "people": 50,
        "projects": 30,
        "comments": 90,
        "proposals": 12,
        "campaigns": 2,
        "times": 1,
    }
    call_command("bench_large", **sizes, stdout=out, stderr=io.StringIO())
    figures = json.loads(out.getvalue().splitlines()[-1])
    pages = {name: page for name, page in figures.items() if isinstance(page, dict)}
    assert {"similar projects", "home", "whole town", "my page, signed in"} <= pages.keys()
    assert all(0 < page["p50_ms"] <= page["p95_ms"] for page in pages.values())
    assert {"cycle with most proposals, signed in", "review board, a reviewer"} <= pages.keys()
    assert Project.objects.listed().count() == 30
    assert Comment.objects.count() == 90


@pytest.mark.django_db
def test_a_town_of_real_people_is_not_filled_up():
    NeighborhoodFactory()
    with pytest.raises(CommandError, match="holds a town"):
        call_command("seed_large")
    assert Project.objects.count() == 0
