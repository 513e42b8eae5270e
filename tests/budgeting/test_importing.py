from __future__ import annotations

from io import StringIO
from itertools import count

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import CycleState, Origin
from budgeting.models import Cycle, OpenedBallot, Option
from budgeting.services.counting import count_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.imports import import_election
from budgeting.services.results import certify
from tests.factories.budgeting import (
    administrator,
    certifier,
)

pytestmark = pytest.mark.django_db

_numbers = count(1)

META = {
    "description": "Green budget of Oakham",
    "country": "Nowhere",
    "unit": "Oakham",
    "instance": "2024",
    "num_projects": "3",
    "num_votes": "4",
    "budget": "1000",
    "vote_type": "approval",
    "rule": "greedy",
    "date_begin": "01.03.2024",
    "date_end": "10.03.2024",
    "currency": "PLN",
}
PROJECTS = """project_id;cost;name;selected
b2;600;Trees;1
a1;400.50;Benches;0
c3;400;Lights;1"""
VOTES = """voter_id;vote
1;b2,a1
2;a1
3;c3,b2
4;b2"""


def file(tmp_path, *, projects=PROJECTS, votes=VOTES, **meta):
    said = "\n".join(f"{key};{value}" for key, value in (META | meta).items())
    path = tmp_path / f"election_{next(_numbers)}.pb"
    path.write_text(f"META\nkey;value\n{said}\nPROJECTS\n{projects}\nVOTES\n{votes}\n")
    return path


def test_an_election_becomes_a_cycle_that_waits_for_its_count(tmp_path):
    cycle = import_election(file(tmp_path))
    assert (cycle.origin, cycle.state, cycle.rule) == (
        Origin.IMPORTED,
        CycleState.UNSEALED,
        "greedy",
    )
    assert (cycle.title, cycle.currency) == ("Oakham 2024", "PLN")
    assert timezone.localtime(cycle.voting_starts_at).date().isoformat() == "2024-03-01"
    assert cycle.pots.get().amount_minor == 100_000
    assert list(Option.objects.values_list("code", "name", "cost_minor", "selected_by_city")) == [
        ("b2", "Trees", 60_000, True),
        ("a1", "Benches", 40_050, False),
        ("c3", "Lights", 40_000, True),
    ]
    assert sorted(OpenedBallot.objects.values_list("options", flat=True)) == [
        [0],
        [0, 1],
        [0, 2],
        [1],
    ]


def test_its_outcome_stands_beside_the_citys_own(client, tmp_path):
    cycle = import_election(file(tmp_path))
    count_cycle(cycle)
    assert cycle.tallies.get(binding=True).outcome["selected"] == ["b2", "c3"]
    page = " ".join(client.get(reverse("results", args=[cycle.slug])).content.decode().split())
    assert "The city selected exactly the same projects." in page
    assert "PLN" in page or "zł" in page


def test_a_different_outcome_is_said_to_be_one(client, tmp_path):
    cycle = import_election(file(tmp_path), rule="equal_shares_cost")
    count_cycle(cycle)
    page = " ".join(client.get(reverse("results", args=[cycle.slug])).content.decode().split())
    assert "Our count selects 0 that the city did not, and leaves out 1 that it did." in page


@pytest.mark.parametrize(
    ("votes", "meta", "opened"),
    [
        ("voter_id;vote\n1;c3,a1\n2;a1\n3;b2\n4;", {"vote_type": "ordinal"}, ([2, 1], None)),
        (
            "voter_id;vote;points\n1;c3,b2;1.5,2\n2;a1;3\n3;b2;3\n4;;",
            {"vote_type": "cumulative", "max_sum_points": "4"},
            ([0, 2], [20, 15]),
        ),
        ("voter_id;vote\n1;c3\n2;a1\n3;b2\n4;", {"vote_type": "choose-1"}, ([2], None)),
    ],
)
def test_every_kind_of_ballot_is_imported_and_counted(tmp_path, votes, meta, opened):
    cycle = import_election(file(tmp_path, votes=votes, **meta))
    assert opened in list(OpenedBallot.objects.values_list("options", "points"))
    assert ([], [] if "points" in votes else None) in list(
        OpenedBallot.objects.values_list("options", "points")
    )
    count_cycle(cycle)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COUNTED
    assert cycle.tallies.get(binding=True).ballots == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"votes": VOTES.replace("4;b2", "4;zz")}, "line 25: the ballot names 'zz'"),
        ({"projects": PROJECTS.replace("400.50", "much")}, "line 18: the cost of a1"),
        ({"budget": "-5"}, "line 9: the budget"),
        ({"vote_type": "shouting"}, "vote_type"),
        ({"projects": PROJECTS.replace("400.50", "400.505")}, "more decimals than PLN has"),
        ({"projects": PROJECTS.replace("b2", "b" * 65), "votes": "voter_id;vote\n1;a1"}, "64"),
        (
            {
                "votes": "voter_id;vote;points\n1;a1;99999999999",
                "vote_type": "scoring",
            },
            "more points",
        ),
    ],
)
def test_a_broken_file_names_what_is_wrong_and_imports_nothing(tmp_path, change, words):
    with pytest.raises(CommandError, match=words):
        call_command("import_pabulib", file(tmp_path, **change), stdout=StringIO())
    assert Cycle.objects.count() == OpenedBallot.objects.count() == 0


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_pabulib", tmp_path / "nothing.pb", stdout=StringIO())
    junk = tmp_path / "junk.pb"
    junk.write_bytes(b"META\nkey;value\n\xff\xfe\n")
    with pytest.raises(CommandError, match="line"):
        call_command("import_pabulib", junk, stdout=StringIO())
    assert Cycle.objects.count() == 0


def test_a_rule_that_does_not_fit_the_ballots_is_refused(tmp_path):
    with pytest.raises(CommandError, match="cannot count ballots of the kind"):
        call_command("import_pabulib", file(tmp_path), rule="greedy_borda", stdout=StringIO())
    assert Cycle.objects.count() == 0


def test_a_file_is_imported_once(tmp_path):
    path = file(tmp_path)
    import_election(path)
    with pytest.raises(RefusedError, match="already"):
        import_election(path)
    assert Cycle.objects.count() == 1


def test_two_long_names_that_begin_alike_are_two_cycles(tmp_path):
    path = file(tmp_path)
    for end in ("north", "south"):
        long = tmp_path / f"{'a_town_with_a_name_that_does_not_end_soon_' * 2}{end}.pb"
        long.write_text(path.read_text())
        import_election(long)
    assert len(set(Cycle.objects.values_list("slug", flat=True))) == 2


def test_progress_is_told_while_reading_and_writing(tmp_path):
    told = []
    import_election(file(tmp_path), on_progress=lambda *line: told.append(line))
    assert told[-1] == ("writing", 4, 4)
    assert ("reading", 4, 0) in told


def test_ballots_are_written_in_pieces_without_losing_any(tmp_path, monkeypatch):
    monkeypatch.setattr("budgeting.services.imports._ROWS_AT_ONCE", 3)
    votes = "voter_id;vote\n" + "\n".join(f"{n};{'b2,a1' if n % 2 else 'c3'}" for n in range(11))
    import_election(file(tmp_path, votes=votes, num_votes="11"))
    options = list(OpenedBallot.objects.values_list("options", flat=True))
    assert (options.count([0, 1]), options.count([2])) == (5, 6)


def test_an_imported_cycle_needs_no_roll_and_takes_no_votes(client, tmp_path):
    cycle = import_election(file(tmp_path))
    client.force_login(administrator())
    pot = cycle.pots.get()
    answer = client.post(reverse("ballot", args=[cycle.slug]), {f"pot-{pot.pk}": ["b2"]})
    assert answer.status_code == 403
    count_cycle(cycle)
    cycle.refresh_from_db()
    assert certify(cycle, by=certifier()).state == CycleState.CERTIFIED
