"""The published bundle, and its verification without the project's database or framework."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse

import budgeting
from budgeting.domain.board import Line, root_of
from budgeting.domain.bundle import Bundle, BundleError, verify
from budgeting.domain.verify import main
from budgeting.enums import BallotKind
from budgeting.services.ballots import Choice, cast
from budgeting.services.bundles import write_bundle
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.results import certify, publish
from tests.budgeting.forging import FORGED, FORGED_ROWS, FORGED_WINNERS, Forgery, forged, made_anew
from tests.factories.budgeting import (
    certifier,
    codes,
    end_voting,
    open_by_trustees,
    running_cycle,
)

pytestmark = pytest.mark.django_db

VOTES = ([0], [0, 1], [1, 2], [2])


def published(votes=VOTES * 8, extend=None, **cycle):
    """A published cycle, and each cast's receipt; ``extend`` does so to the vote after five."""
    running, people = running_cycle(len(votes), **cycle)
    pot = running.pots.get()
    named = codes(pot)
    receipts = []
    for place, (person, vote) in enumerate(zip(people, votes, strict=True)):
        if extend and place == 5:
            extend(running)
        given = list(range(len(vote), 0, -1)) if pot.max_points else None
        choice = Choice([named[place] for place in vote], given)
        receipts.append(cast(running, person, {pot.pk: choice}).receipt)
    end_voting(running)
    counted = open_by_trustees(close_cycle(running))
    count_cycle(counted)
    counted.refresh_from_db()
    return publish(certify(counted, by=certifier()), by=certifier()), receipts


def bundle_of(cycle):
    held = io.BytesIO()
    write_bundle(cycle, held)
    return held.getvalue()


def altered(content, name, change):
    """The bundle with one of its files changed."""
    old, new = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(new, "w") as made:
        for each in old.namelist():
            text = old.read(each).decode()
            made.writestr(each, change(text) if each == name else text)
    return new.getvalue()


def broken(content, receipts=(), **noted):
    checks = verify(Bundle(io.BytesIO(content)), receipts, **noted)
    return [each.name for each in checks if each.broken]


def edited(path, value):
    """Sets what stands at a path of the record to a value."""

    def change(text):
        record = json.loads(text)
        part = record
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value(part[path[-1]]) if callable(value) else value
        return json.dumps(record)

    return change


@pytest.mark.parametrize(
    ("kind", "rule", "limits"),
    [
        (BallotKind.APPROVAL, "greedy", {}),
        (BallotKind.APPROVAL, "equal_shares_cost_add1_greedy", {}),
        (BallotKind.APPROVAL, "phragmen", {}),
        (BallotKind.KNAPSACK, "equal_shares_cardinality", {}),
        (BallotKind.CUMULATIVE, "equal_shares_points_greedy", {"max_sum_points": 10}),
        (BallotKind.RANKING, "greedy_borda", {"max_options": 3}),
    ],
)
def test_a_bundle_holds_and_every_receipt_is_in_it(kind, rule, limits):
    if kind == BallotKind.CUMULATIVE:
        limits |= {"max_points": 10}
    cycle, receipts = published(kind=kind, rule=rule, **limits)
    content = bundle_of(cycle)
    assert broken(content, receipts) == []
    assert broken(content, ["AAAA-BBBB"]) == ["receipt AAAA-BBBB"]
    assert bundle_of(cycle) == content


def test_the_verifier_runs_with_neither_django_nor_the_database(tmp_path):
    cycle, receipts = published()
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle_of(cycle))
    forbid = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] in ('django', 'psycopg', 'redis', 'celery', 'socket'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from budgeting.domain.verify import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    root = Path(budgeting.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", forbid, str(file), receipts[0]],
        capture_output=True, text=True, cwd=root, env={}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "receipt" in done.stdout
    assert " 0 broken" in done.stdout
    file.write_bytes(altered(bundle_of(cycle), "bundle.json", edited(("tie_seed",), "00" * 32)))
    done = subprocess.run(
        [sys.executable, "-m", "budgeting.domain.verify", str(file)],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "BROKEN  the seed of ties" in done.stdout


def at_place(place, change):
    """Changes one letter of a text."""
    return lambda text: text[:place] + change(text[place]) + text[place + 1 :]


def swapped_winner(selected):
    return list(reversed(selected))


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("board.csv", lambda text: text.removesuffix("\n"), None),
        ("board.csv", lambda text: "\n".join(text.split("\n")[:-2]) + "\n", "as long as it says"),
        ("board.csv", lambda text: text.replace("place", "Place", 1), "can be read"),
        ("board.csv", lambda text: text.replace("\n2,", "\n3,", 1), "can be read"),
        ("board.csv", lambda text: text[:43] + text[43:].upper(), "can be read"),
        ("board.csv", at_place(100, lambda old: "1" if old == "0" else "0"), "chain"),
        ("bundle.json", edited(("rules", "rule"), "greedy_stop"), "rules are those"),
        ("bundle.json", edited(("opening", "public_key"), "0" * 64), "begins with"),
        ("bundle.json", edited(("opening", "trustees", 0, "name"), "Nobody"), "begins with"),
        ("bundle.json", edited(("board", "root"), "0" * 64), "root"),
        ("bundle.json", edited(("board", "counted"), lambda n: n - 1), "replaced + counted"),
        ("bundle.json", edited(("tie_seed",), "ab" * 32), "seed"),
        ("bundle.json", edited(("pots", 0, "amount_minor"), 1), "money"),
        ("bundle.json", edited(("pots", 0, "outcome", "selected"), swapped_winner), "winners"),
        ("bundle.json", edited(("pots", 0, "outcome_digest"), "0" * 64), "counted again"),
        ("bundle.json", edited(("pots", 0, "options", 0, "cost_minor"), 7), "ballots and options"),
    ],
)
def test_what_somebody_alters_is_found(name, change, found):
    cycle, _ = published()
    content = bundle_of(cycle)
    names = broken(altered(content, name, change))
    if found is None:
        assert names == []
    else:
        assert any(found in each for each in names)


def test_what_a_forger_recomputes_is_found():
    cycle, _ = published(max_options=2)
    content = bundle_of(cycle)
    assert broken(content) == []
    for change, found in FORGED:
        assert any(found in each for each in broken(forged(content, change))), found


def test_a_board_made_anew_is_found_by_what_somebody_noted(tmp_path, capsys):
    content = bundle_of(published(max_options=2)[0])
    board = Forgery(content).record["board"]
    other = forged(content, made_anew)
    assert broken(other) == []
    noted = {"root": board["root"].upper(), "head": board["head"]}
    assert broken(content, **noted) == []
    assert broken(other, **noted) == [
        "the root is the one that you noted",
        "the head that you noted is on the chain",
    ]
    files = [tmp_path / "as-it-was.zip", tmp_path / "made-anew.zip"]
    for file, text in zip(files, (content, other), strict=True):
        file.write_bytes(text)
    assert [main([str(file), "--root", board["root"]]) for file in files] == [0, 1]
    assert "BROKEN  the root is the one that you noted" in capsys.readouterr().out


def test_a_head_noted_while_voting_ran_is_on_the_chain():
    content = bundle_of(published()[0])
    lines = Forgery(content).files["board.csv"].splitlines()
    head = lines[3].split(",")[3]
    [found] = [
        each for each in verify(Bundle(io.BytesIO(content)), head=head) if "noted" in each.name
    ]
    assert (found.holds, found.found) == (True, "after place 3")


def before_the_board_held_options(forgery):
    """As of an earlier vote: no trustees named, no options in the chain, a root of lines."""
    forgery.record["board"]["options"] = None
    del forgery.record["opening"]["trustees"]
    forgery.chain_anew()
    rows = [line.split(",") for line in forgery.files["board.csv"].splitlines()[1:]]
    forgery.record["board"]["root"] = root_of([Line(row[1], row[2]) for row in rows])


def test_of_an_earlier_vote_it_is_said_what_its_board_did_not_hold():
    content = forged(bundle_of(published()[0]), before_the_board_held_options)
    assert broken(content) == []
    unlooked = [each.name for each in verify(Bundle(io.BytesIO(content))) if not each.looked]
    assert unlooked == [
        "three people are named as trustees",
        "the root is that of what was opened and of the close",
        "options, costs and groups are those that voting began with",
    ]


@pytest.mark.parametrize(("kind", "change"), FORGED_ROWS)
def test_ballots_beyond_the_limits_are_found(kind, change):
    content = bundle_of(published(**kind)[0])
    assert broken(content) == []
    assert broken(forged(content, change)) == ["Whole town: every ballot keeps to the limits"]


def test_a_ballot_that_is_added_taken_or_changed_is_found():
    cycle, _ = published()
    content = bundle_of(cycle)
    ballots = f"pots/{cycle.pots.get().pk}.csv"
    for old, new in (("8,0,", "9,0,"), ("8,0,", "7,0,"), ("8,0 1,", "8,0 2,"), ("8,2,", "x,2,")):
        assert broken(altered(content, ballots, lambda text, o=old, n=new: text.replace(o, n)))


def test_of_fewer_than_thirty_ballots_no_rows_are_published():
    cycle, receipts = published(VOTES)
    content = bundle_of(cycle)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names == ["bundle.json", "board.csv"]
    assert broken(content, receipts) == []
    unlooked = [each for each in verify(Bundle(io.BytesIO(content))) if not each.looked]
    assert [each.name for each in unlooked] == ["Whole town: who won"]
    assert not any(each.holds for each in unlooked)
    for change in FORGED_WINNERS:
        [found] = broken(forged(content, change))
        assert "winners are on the ballot" in found


def test_the_ballots_in_the_fields_own_format_are_as_its_readers_take_them():
    cycle, _ = published()
    bundle = zipfile.ZipFile(io.BytesIO(bundle_of(cycle)))
    text = bundle.read(f"pots/{cycle.pots.get().pk}.pb").decode()
    assert "" not in text.removesuffix("\n").split("\n")
    assert text.partition("VOTES\n")[2].count("\n") == 1 + len(VOTES) * 8


def test_nothing_is_given_out_before_the_publication(client):
    cycle, _ = running_cycle(2)
    page = reverse("bundle", args=[cycle.slug])
    assert client.get(page).status_code == 404
    with pytest.raises(RefusedError, match="no published record"):
        write_bundle(cycle, io.BytesIO())


def test_the_bundle_comes_from_the_results_page(client):
    cycle, receipts = published()
    page = client.get(reverse("results", args=[cycle.slug])).content.decode()
    address = reverse("bundle", args=[cycle.slug])
    assert address in page
    content = b"".join(client.get(address).streaming_content)
    assert broken(content, receipts[:1]) == []


def test_what_is_no_bundle_is_said_to_be_none():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("bundle.json", '{"format": "another"}')
    for content in (b"", b"PK", held.getvalue()):
        with pytest.raises(BundleError):
            Bundle(io.BytesIO(content))
