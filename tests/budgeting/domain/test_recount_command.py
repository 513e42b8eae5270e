from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from budgeting.domain.rules import fitting_rules
from tests.budgeting.domain.test_pabulib_reader import META, PROJECTS, VOTES

ROOT = Path(__file__).parents[3]


@pytest.fixture
def town(tmp_path):
    path = tmp_path / "town.pb"
    path.write_text(META + PROJECTS + VOTES, encoding="utf-8")
    return path


def run(capsys, *arguments):
    call_command("recount", *map(str, arguments))
    return capsys.readouterr().out


def test_one_rule_prints_one_json_object(capsys, town):
    record = json.loads(run(capsys, town, "--rule", "greedy", "--ties", "lexicographic", "--json"))
    assert (record["selected"], record["total_cost"], record["budget"]) == (["L2"], 400.5, 1000)
    assert (record["rule"], record["ties"], record["ballots"]) == ("greedy", "lexicographic", 3)


def test_all_rules_that_fit_are_keyed_by_name(capsys, town):
    records = json.loads(run(capsys, town, "--all-rules", "--ties", "lexicographic", "--json"))
    assert tuple(records) == fitting_rules("approval")


def test_a_reason_is_a_sentence_in_the_file_s_money(capsys, town):
    out = run(capsys, town, "--rule", "greedy", "--ties", "lexicographic", "--explain", "1")
    assert (
        "1: It got 1 votes and came in place 2 of 2. When its turn came, 599.50 was left and"
        " it costs 600: 0.50 too much." in out
    )
    assert "1: At a cost of 599.50 or less it would have won." in out


def test_reasons_and_what_would_have_won_are_in_the_json_too(capsys, town):
    arguments = ["--rule", "greedy", "--ties", "lexicographic", "--explain", "1", "--explain", "L2"]
    reasons = json.loads(run(capsys, town, *arguments, "--json"))["reasons"]
    assert reasons["L2"]["code"] == "votes_won"
    assert "what_if" not in reasons["L2"]
    assert [(each["code"], each["values"]) for each in reasons["1"]["what_if"]] == [
        ("would_win_at_cost_least", {"cost_minor": 5995}),
        ("would_win_with_least", {"supporters": 1}),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "greedy_points", "--ties", "lexicographic"], "equal_shares_cost_add1"),
        (["--rule", "best", "--ties", "lexicographic"], "phragmen"),
        (["--rule", "greedy", "--ties", "coin"], "seeded:HEX"),
        (["--rule", "greedy", "--ties", "seeded:xyz"], "seed"),
        (["--rule", "greedy", "--ties", "lexicographic", "--explain", "9"], "'9'"),
        (["--rule", "greedy", "--ties", "lexicographic", "--parameter", "speed=1"], "threshold"),
        (["--rule", "greedy", "--ties", "lexicographic", "--parameter", "threshold=x"], "whole"),
        (["--rule", "greedy", "--ties", "lexicographic", "--parameter", "threshold"], "NAME=VALUE"),
    ],
)
def test_a_request_that_cannot_be_is_a_usage_error_that_says_what_can(
    capsys, town, arguments, said
):
    with pytest.raises(CommandError, match=said) as refusal:
        run(capsys, town, *arguments)
    assert refusal.value.returncode == 2


def test_a_broken_file_names_the_line(capsys, town):
    town.write_text((META + PROJECTS + VOTES).replace("b;L2", "b;L3"), encoding="utf-8")
    with pytest.raises(CommandError, match=r"town\.pb, line 21: .*'L3'") as refusal:
        run(capsys, town, "--rule", "greedy", "--ties", "lexicographic")
    assert refusal.value.returncode == 1


def test_an_election_too_large_for_memory_is_refused_with_its_estimate(capsys, town, settings):
    settings.COUNTING_MEMORY_MIB = 1
    votes = "".join(f"v{number};L2\n" for number in range(5000))
    town.write_text(META + PROJECTS + VOTES + votes, encoding="utf-8")
    with pytest.raises(CommandError, match=r"takes about 2 MiB of memory; 1 MiB") as refusal:
        run(capsys, town, "--rule", "greedy", "--ties", "lexicographic")
    assert refusal.value.returncode == 1


def test_a_tie_that_nobody_may_break_is_named(capsys, town):
    town.write_text(META + PROJECTS + VOTES.replace("b;L2", "b;"), encoding="utf-8")
    with pytest.raises(CommandError, match="tied: 1, L2") as refusal:
        run(capsys, town, "--rule", "greedy", "--ties", "refuse")
    assert refusal.value.returncode == 1


def test_the_command_needs_no_database_and_shows_no_traceback(town):
    town.write_text("not a pb file", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "manage.py", "recount", town, "--rule", "greedy", "--ties", "refuse"],
        cwd=ROOT,
        env={
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "SECRET_KEY": "x" * 50,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "DJANGO_SETTINGS_MODULE": "civicfund.settings.test",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("line 1: a .pb file begins with the line META")
    assert "Traceback" not in done.stderr
