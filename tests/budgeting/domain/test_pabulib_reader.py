from __future__ import annotations

import pytest

from budgeting.domain import pabulib
from budgeting.domain.election import BallotKind

META = """META
key;value
description;A town
country;Nowhere
unit;Town
instance;2026
num_projects;2
num_votes;3
budget;1000
vote_type;approval
rule;greedy
date_begin;2026
date_end;2026
"""
PROJECTS = """PROJECTS
project_id;cost;name;selected
1;600;Park;1
L2;400.50;"Path; lit";0
"""
VOTES = """VOTES
voter_id;vote
a;1,L2
b;L2
c;
"""


def read(text, **arguments):
    return pabulib.read(text.splitlines(keepends=True), **arguments)


def test_an_election_is_read_with_money_in_exact_minor_units():
    file = read(META + PROJECTS + VOTES)
    assert [(o.id, o.cost_minor, o.name) for o in file.options] == [
        ("1", 6000, "Park"),
        ("L2", 4005, "Path; lit"),
    ]
    assert (file.scale, file.election.budget_minor, file.election.increment_minor) == (
        10,
        10000,
        10,
    )
    assert list(file.election.ballots.rows()) == [([0, 1], None, 1), ([1], None, 1), ([], None, 1)]
    assert (file.selected_by_city, file.warnings) == (("1",), ())


def test_more_places_can_be_asked_for():
    assert read(META + PROJECTS + VOTES, places=2).scale == 100


@pytest.mark.parametrize("encoded", ["\ufeff{}", "{}\n\n", "\n{}"])
def test_a_byte_order_mark_and_blank_lines_are_no_trouble(encoded):
    assert read(encoded.format(META + PROJECTS + VOTES)).warnings == ()


def test_windows_line_ends_read_the_same(tmp_path):
    path = tmp_path / "town.pb"
    path.write_bytes(("\ufeff" + (META + PROJECTS + VOTES).replace("\n", "\r\n")).encode())
    assert pabulib.read(path).options == read(META + PROJECTS + VOTES).options


def test_columns_may_stand_in_any_order():
    projects = "PROJECTS\ncost;selected;project_id\n600;0;1\n400;;L2\n"
    votes = "VOTES\nage;vote;voter_id\n30;L2;a\n31;1;b\n32;1,L2;c\n"
    file = read(META + projects + votes)
    assert [(o.id, o.cost_minor) for o in file.options] == [("1", 600), ("L2", 400)]
    assert file.election.ballots.choices.tolist() == [1, 0, 0, 1]
    assert file.selected_by_city == ()


def test_a_file_without_selected_has_no_result_of_the_city():
    assert (
        read(
            META + PROJECTS.replace("selected", "colour").replace(";1\n", ";\n") + VOTES
        ).selected_by_city
        is None
    )


def points_file(votes, kind="cumulative"):
    return META.replace("approval", kind) + PROJECTS + "VOTES\nvoter_id;vote;points\n" + votes


def test_points_are_read_with_their_choices():
    file = read(points_file("a;1,L2;3,2\nb;L2;4\nc;;\n"))
    assert file.election.ballots.kind is BallotKind.CUMULATIVE
    assert file.election.ballots.points.tolist() == [3, 2, 4]


def test_decimal_points_keep_their_scale():
    file = read(points_file("a;1,L2;3,0.25\nb;L2;4\nc;;\n", "scoring"))
    assert file.points_scale == 100
    assert file.election.ballots.points.tolist() == [300, 25, 400]


def test_an_option_named_twice_counts_once_and_draws_a_warning():
    file = read(META + PROJECTS + "VOTES\nvoter_id;vote\na;1,L2,1\nb;L2,L2\nc;1\n")
    assert [choices for choices, _, _ in file.election.ballots.rows()] == [[0, 1], [1], [0]]
    assert file.warnings == (
        "line 20: a ballot names an option twice; counted once (and 1 more times)",
    )


def test_of_repeated_points_the_last_count_as_the_reference_does():
    file = read(points_file("a;1,L2,1;3,2,9\nb;L2;4\nc;;\n"))
    assert next(file.election.ballots.rows()) == ([1, 0], [2, 9], 1)


def test_blanks_around_ids_draw_a_warning():
    file = read(META + PROJECTS + "VOTES\nvoter_id;vote\na;1, L2\nb;L2\nc;None\n")
    assert [choices for choices, _, _ in file.election.ballots.rows()] == [[0, 1], [1], []]
    assert file.warnings == ("line 20: blanks around the ids of a ballot",)


def test_figures_in_meta_that_disagree_draw_warnings():
    file = read(META.replace("num_votes;3", "num_votes;4") + PROJECTS + VOTES)
    assert file.warnings == ("line 8: META says num_votes 4, the file has 3",)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("META\n", "", 1, "begins with the line META"),
        ("budget;1000", "budget;a lot", 9, "the budget is not a number"),
        ("budget;1000", "budget;-5", 9, "the budget is not a number"),
        ("budget;1000", "budget;NaN", 9, "the budget is not a number"),
        ("budget;1000", "budget;1e3", 9, "the budget is not a number"),
        ("budget;1000", "budget;" + "9" * 25, 9, "too large"),
        ("budget;1000\n", "", 12, "META lacks budget"),
        ("vote_type;approval", "vote_type;shouting", 10, "vote_type 'shouting'"),
        ("unit;Town", "budget;1001", 9, "budget twice"),
        ("project_id;cost", "project;cost", 15, "lacks project_id"),
        ("voter_id;vote", "voter_id;choice", 19, "lacks vote"),
        ("1;600;Park", "1;six;Park", 16, "the cost of 1"),
        ("1;600;Park", "L2;600;Park", 17, "'L2' is empty or repeated"),
        ("1;600;Park", ";600;Park", 16, "'' is empty or repeated"),
        ("1;600;Park;1", "1;600;Park;1;more", 16, "5 fields under 4 columns"),
        ("a;1,L2", "a;1,3", 20, "names '3'"),
        ("b;L2", "b", 21, "the vote is missing"),
        ("b;L2", "b;L2;extra", 21, "3 fields under 2 columns"),
        ("c;\n", "c;\nMETA\nkey;value\n", 23, "one election per file"),
        ("PROJECTS\n", "VOTES\n", 14, "out of order"),
    ],
)
def test_a_broken_file_names_the_line_and_what_is_wrong(old, new, line, message):
    text = (META + PROJECTS + VOTES).replace(old, new, 1)
    with pytest.raises(pabulib.PabulibError, match=message) as refusal:
        read(text)
    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("votes", "line", "message"),
    [
        ("a;1,L2;3\n", 20, "2 options but 1 numbers"),
        ("a;1;3\nb;L2;nan\n", 21, "points is not a number"),
        ("a;1;-3\n", 20, "points is not a number"),
        ("a;1;99999999999999\n", 20, "too many points"),
    ],
)
def test_bad_points_name_their_line(votes, line, message):
    with pytest.raises(pabulib.PabulibError, match=message) as refusal:
        read(points_file(votes))
    assert refusal.value.line == line


@pytest.mark.parametrize("cut", ["", META, META + PROJECTS])
def test_a_file_that_ends_early_says_so(cut):
    with pytest.raises(pabulib.PabulibError, match=r"begins with|ends before|header"):
        read(cut)


def test_bytes_that_are_no_text_name_their_line(tmp_path):
    path = tmp_path / "town.pb"
    path.write_bytes((META + PROJECTS).encode() + b"VOTES\nvoter_id;vote\na;\xff\n")
    with pytest.raises(pabulib.PabulibError, match="not UTF-8"):
        pabulib.read(path)


def test_an_unclosed_quote_is_an_error_not_a_long_name():
    text = META + PROJECTS.replace("Park", '"Park') + VOTES * 3000
    with pytest.raises(pabulib.PabulibError):
        read(text)


def test_progress_is_told_by_the_chunk():
    told = []
    votes = "VOTES\nvoter_id;vote\n" + "".join(f"v{n};1\n" for n in range(45_000))
    read(META + PROJECTS + votes, progress=told.append)
    assert told == [20_000, 40_000, 45_000]


@pytest.mark.parametrize(
    ("meta", "warning"),
    [
        ("min_length;1", "line 23: a ballot has fewer options than META allows"),
        ("max_length;1", "line 21: a ballot has more options than META allows"),
        ("max_sum_cost;999.99", "line 21: a ballot has more cost in all than META allows"),
        ("max_length;many", "line 14: max_length is not a number of zero or more: 'many'"),
        ("max_length;" + "9" * 30, None),
        ("max_length;None", None),
    ],
)
def test_a_ballot_beyond_the_file_s_own_limits_is_counted_and_reported(meta, warning):
    file = read(META + meta + "\n" + PROJECTS + VOTES)
    assert file.election.ballots.count == 3
    assert file.warnings == (() if warning is None else (warning,))


@pytest.mark.parametrize(
    ("meta", "warning"),
    [
        (
            "max_points;2.75",
            "line 21: a ballot has more points for one option than META allows (and 1 more times)",
        ),
        ("min_points;0.5", "line 21: a ballot has fewer points for one option than META allows"),
        ("max_sum_points;3.5", "line 22: a ballot has more points in all than META allows"),
        (
            "min_sum_points;3.5",
            "line 21: a ballot has fewer points in all than META allows (and 1 more times)",
        ),
        ("max_points;4", None),
    ],
)
def test_points_beyond_the_file_s_own_limits_are_reported(meta, warning):
    votes = "a;1,L2;3,0.25\nb;L2;4\nc;;\n"
    text = points_file(votes, "scoring").replace("PROJECTS\n", meta + "\nPROJECTS\n", 1)
    assert read(text).warnings == (() if warning is None else (warning,))


def test_two_options_on_a_ballot_that_may_choose_one_are_reported():
    file = read(META.replace("approval", "choose-1") + PROJECTS + VOTES)
    assert file.warnings == ("line 20: a ballot has more options than META allows",)


def many(tmp_path, ballots=30_000):
    path = tmp_path / "many.pb"
    votes = "".join(f"voter-{number:08d};1,L2\n" for number in range(ballots))
    path.write_text(META + PROJECTS + "VOTES\nvoter_id;vote\n" + votes, encoding="utf-8")
    return path


def test_what_does_not_fit_into_memory_is_refused_with_its_estimate(tmp_path):
    with pytest.raises(pabulib.TooLargeError, match=r"about 11 MiB of memory; 9 MiB") as refusal:
        pabulib.read(many(tmp_path), memory=9 * 2**20)
    # After the first chunk already: the rest of the file is expected to be like it.
    assert (refusal.value.line, refusal.value.needed) == (20_019, 11)


def test_what_fits_into_memory_is_read(tmp_path):
    assert pabulib.read(many(tmp_path), memory=12 * 2**20).election.ballots.count == 30_000


def test_lines_of_unknown_number_are_refused_when_they_have_become_too_many(tmp_path):
    lines = many(tmp_path).read_text(encoding="utf-8").splitlines(keepends=True)
    with pytest.raises(pabulib.TooLargeError) as refusal:
        pabulib.read(lines, memory=9 * 2**20)
    assert refusal.value.line == 30_019
