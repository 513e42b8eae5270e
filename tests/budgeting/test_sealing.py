"""Sealed ballots, the trustees' key, the board and its receipts."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.urls import reverse
from psycopg import sql

from budgeting.domain import board as boards
from budgeting.domain import trustee
from budgeting.domain.board import (
    Line,
    ballot_hash,
    close_of,
    new_receipt,
    proof_of,
    proves,
    receipt_hash,
    root_of,
)
from budgeting.domain.sealing import (
    Opener,
    UnreadableError,
    padded_bytes,
    public_key_of,
    seal,
    sealed_bytes,
)
from budgeting.enums import CycleState, TrusteePair
from budgeting.models import Board, BoardLine, Cycle, OpenedBallot, Participation, SealedBallot
from budgeting.selectors import board_lines, find_receipt, options_on_board
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle, closing_late, keys_left
from budgeting.services.cycles import cancel_cycle, request_cancelling, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.trustees import (
    approve_unsealing,
    give_key,
    pass_rehearsal,
    request_unsealing,
)
from budgeting.services.unsealing import unseal
from budgeting.services.urns import SlotKeyMissingError
from civicfund.audit.services import ApprovalError
from civicfund.town.selectors import alarms
from tests.altering import bent_bytes
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    codes,
    draft_cycle,
    end_voting,
    filled_in,
    in_urn,
    named_trustees,
    open_by_trustees,
    rehearsed,
    running_cycle,
    slip_into_urn,
    take_from_urn,
    trustees,
    write_opened,
)
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

KEY = bytes(range(32))
PUBLIC = public_key_of(KEY)


def receipts_of(cycle, people, positions=(0,)):
    pot = cycle.pots.get()
    named = [codes(pot)[place] for place in positions]
    return [cast(cycle, person, {pot.pk: Choice(named)}).receipt for person in people]


def key_files(cycle):
    return list(Path(settings.SLOT_KEYS).glob(f"{cycle.board.slot_key_hash}.key"))


# --- the pure parts


@pytest.mark.parametrize("options", [[], [0], list(range(40))])
def test_every_ballot_of_a_cycle_is_sealed_to_one_length_and_opens(options):
    padded = padded_bytes([40], has_points=True)
    choices = {"7": {"options": options, "points": [1_000_000] * len(options)}}
    sealed = seal(choices, PUBLIC, padded)
    assert len(sealed) == sealed_bytes(padded)
    assert Opener(KEY, padded).open(sealed) == choices


def test_another_key_an_altered_box_and_what_is_no_ballot_do_not_open():
    padded = padded_bytes([2], has_points=False)
    sealed = seal({"7": {"options": [1], "points": None}}, PUBLIC, padded)
    altered = bent_bytes(sealed)
    for opener, text in ((Opener(bytes(32), padded), sealed), (Opener(KEY, padded), altered)):
        with pytest.raises(UnreadableError):
            opener.open(text)
    for wrong in ({"x": {"options": [1]}}, {"7": {"options": ["1"]}}, {"7": {"options": [-1]}}):
        with pytest.raises(UnreadableError, match="no ballot"):
            Opener(KEY, padded).open(seal(wrong, PUBLIC, padded))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
def test_every_line_is_proved_by_its_path_and_no_other_line_is(size):
    lines = [Line(f"{n:064x}", f"{n + 1000:064x}") for n in range(size)]
    root = root_of(lines)
    for position, line in enumerate(lines):
        path = proof_of(lines, position)
        assert proves(line, path, root)
        other = Line(line.ballot_hash, f"{position + 5000:064x}")
        assert not proves(other, path, root)
        for at in range(len(path)):
            side, hashed = path[at]
            bent = [*path[:at], (side, f"{int(hashed, 16) ^ 1:064x}"), *path[at + 1 :]]
            assert not proves(line, bent, root)


def test_a_receipt_is_known_however_it_is_typed():
    receipt = new_receipt()
    assert re.fullmatch(r"([A-Z2-7]{4}-){4}[A-Z2-7]{4}", receipt)
    typed = receipt.lower().replace("-", "  ")
    assert receipt_hash(typed) == receipt_hash(receipt)
    assert len({new_receipt() for _ in range(1000)}) == 1000


def test_any_two_parts_give_the_key_and_one_does_not():
    parts = trustee.split(KEY)
    for pair in ((0, 1), (0, 2), (1, 2)):
        assert trustee.combine([parts[place] for place in pair]) == KEY
    words = parts[1].split()
    words[5] = "academic" if words[5] != "academic" else "acid"
    mistyped = " ".join(words)
    for wrong in ([parts[0]], [parts[0], parts[0]], [parts[0], mistyped], [parts[0], "a b c"]):
        with pytest.raises(trustee.PartsError):
            trustee.combine(wrong)
    foreign = trustee.split(bytes(32))
    with pytest.raises(trustee.PartsError):
        trustee.combine([parts[0], foreign[1]])


def test_the_trustees_program_runs_by_itself_as_one_file(tmp_path):
    """Away from the project, in an empty folder, as on the trustees' own computer."""
    program = tmp_path / "trustee.py"
    program.write_text(Path(trustee.__file__).read_text())

    def run(act, typed):
        done = subprocess.run(
            [sys.executable, "-I", str(program), act],
            input=typed, capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, shown = run("make", "\n" * 6)
    assert code == 0, shown
    public = re.search(r"[0-9a-f]{64}", shown)[0]
    parts = re.findall(r"(?:[a-z]{4,8} ){32}[a-z]{4,8}", shown)
    assert len(parts) == 3
    known_by = trustee.fingerprint(bytes.fromhex(public))
    assert re.fullmatch(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", known_by)
    assert f"Fingerprint of this key:\n\n{known_by}\n" in shown
    cycle = draft_cycle()
    key = give_key(cycle, public, named_trustees(), by=administrator())
    for rehearsal, pair in zip(key.rehearsals.all(), ((0, 1), (0, 2), (1, 2)), strict=True):
        typed = "\n".join([rehearsal.box, parts[pair[0]], parts[pair[1]]]) + "\n"
        code, shown = run("open", typed)
        assert code == 0, shown
        assert f"Fingerprint of this key: {known_by}\n" in shown
        answer = re.search(r"[0-9a-f]{32}\b", shown.rsplit(":", 1)[1])[0]
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer, by=administrator())
    request_opening(cycle, by=administrator())
    code, shown = run("open", "\n".join(["AAAA", parts[0], parts[1]]) + "\n")
    assert code == 1
    assert "do not open this box" in shown


# --- the key before the vote


def test_a_cycle_opens_only_with_a_key_that_every_pair_has_rehearsed():
    cycle = draft_cycle()
    with pytest.raises(RefusedError, match="public key of its trustees"):
        request_opening(cycle, by=administrator())
    key = give_key(cycle, PUBLIC, named_trustees(), by=administrator())
    for rehearsal in key.rehearsals.all():
        with pytest.raises(RefusedError, match="All three pairs"):
            request_opening(cycle, by=administrator())
        answer = trustee.answer_of(rehearsal.box, KEY)
        wrong = f"{int(answer, 16) ^ 1:032x}"
        with pytest.raises(RefusedError, match="not what the box"):
            pass_rehearsal(cycle, TrusteePair(rehearsal.pair), wrong, by=administrator())
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer, by=administrator())
    request_opening(cycle, by=administrator())


def test_another_key_is_rehearsed_anew_and_none_changes_after_the_opening():
    cycle = rehearsed(draft_cycle())
    give_key(cycle, PUBLIC, named_trustees(), by=administrator())
    with pytest.raises(RefusedError, match="All three pairs"):
        request_opening(cycle, by=administrator())
    running, _ = running_cycle()
    with pytest.raises(RefusedError, match="its key is fixed"):
        give_key(running, PUBLIC, named_trustees(), by=administrator())
    with pytest.raises(IntegrityError, match="fixed when the cycle opens"), transaction.atomic():
        running.trustee_key.save()


@pytest.mark.parametrize("wrong", ["", "zz", "0" * 63, PUBLIC + "00"])
def test_what_is_no_key_is_refused(wrong):
    cycle = draft_cycle()
    with pytest.raises(RefusedError, match="64 characters"):
        give_key(cycle, wrong, named_trustees(), by=administrator())


# --- casting


def test_a_cast_ballot_is_sealed_and_its_receipt_stands_on_the_board():
    cycle, people = running_cycle(3)
    receipts = receipts_of(cycle, people)
    board = Board.objects.get(pk=cycle.pk)
    assert board.size == 3
    chained = boards.chain_of(board.first, board_lines(board), (), options_on_board(board))
    assert chained[1] == board.head
    for place, receipt in enumerate(receipts, start=1):
        assert find_receipt(board, receipt).place == place
    assert find_receipt(board, new_receipt()) is None
    lengths = {len(bytes(row.ciphertext)) for row in SealedBallot.objects.all()}
    assert lengths == {sealed_bytes(board.padded_bytes)}


def test_the_database_holds_nothing_of_what_was_chosen_and_no_receipt():
    """Every table is read as its owner reads it, for the words of a cast and of its receipt."""
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    code = codes(pot)[1]
    told = cast(cycle, person, {pot.pk: Choice([code])})
    with connection.cursor() as cursor:
        # An urn's own table is read through the one that all urns are parts of.
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        tables = [name for (name,) in cursor.fetchall()]
        everything = ""
        for table in tables:
            cursor.execute(
                sql.SQL("SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {} t").format(
                    sql.Identifier(table)
                )
            )
            everything += cursor.fetchone()[0]
    assert told.receipt not in everything
    assert told.receipt.replace("-", "") not in everything
    assert '"options"' not in everything
    assert len(everything) > 1000


def test_without_its_slot_key_nobody_votes_and_nothing_is_kept():
    cycle, [person] = running_cycle()
    [file] = key_files(cycle)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_bytes()
    file.write_bytes(bytes(32))
    with pytest.raises(SlotKeyMissingError, match="another"), transaction.atomic():
        cast_positions(cycle, person, [0])
    file.unlink()
    with pytest.raises(SlotKeyMissingError, match="no slot key"), transaction.atomic():
        cast_positions(cycle, person, [0])
    assert BoardLine.objects.count() == SealedBallot.objects.count() == 0
    file.write_bytes(kept)
    cast_positions(cycle, person, [0])


def test_a_voter_is_told_when_the_slot_key_is_gone_and_the_health_page_says_so(client):
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    [file] = key_files(cycle)
    assert not any("slot key" in name for name, number in alarms().items() if number)
    file.unlink()
    client.force_login(person)
    named = codes(pot)[:1]
    answer = client.post(reverse("ballot", args=[cycle.slug]), {f"pot-{pot.pk}": named})
    assert answer.status_code == 503
    assert "Your ballot was not cast. Nobody can vote right now" in answer.content.decode()
    answer = client.put(
        reverse("api_ballot", args=[cycle.slug]),
        {"pots": [{"pot": pot.pk, "options": named}]}, content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 503, answer.content
    assert Participation.objects.count() == 0
    assert [name for name, number in alarms().items() if number] == [
        "open votes whose slot key is missing: nobody can vote"
    ]


def test_a_vote_that_no_sweep_closes_is_said_to_be_late():
    cycle, _ = running_cycle()
    end_voting(cycle)
    assert closing_late(minutes=10) == []
    assert closing_late(minutes=0) == [cycle]


def test_the_database_keeps_the_chain():
    cycle, people = running_cycle(2)
    receipts_of(cycle, people)
    board = Board.objects.get(pk=cycle.pk)
    tries = (
        lambda: Board.objects.filter(pk=cycle.pk).update(size=5),
        lambda: Board.objects.filter(pk=cycle.pk).update(head="0" * 64),
        lambda: Board.objects.filter(pk=cycle.pk).delete(),
        lambda: BoardLine.objects.filter(position=0).update(ballot_hash="0" * 64),
        lambda: BoardLine.objects.filter(position=1).delete(),
        lambda: SealedBallot.objects.update(version=9),
        lambda: SealedBallot.objects.all().delete(),
        lambda: Board.objects.filter(pk=cycle.pk).update(public_key=PUBLIC),
    )
    for attempt in tries:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    forged = BoardLine.objects.create(
        cycle=cycle, position=0, ballot_hash="1" * 64, receipt_hash="2" * 64, head="3" * 64
    )
    forged.refresh_from_db()
    assert (forged.position, forged.head != "3" * 64) == (2, True)
    after = Board.objects.get(pk=cycle.pk)
    assert (after.size, after.head) == (3, forged.head)
    assert after.head != board.head


# --- closing and opening


def test_the_close_leaves_the_last_ballots_without_their_slots_and_sets_the_root():
    cycle, people = running_cycle(3)
    cast_positions(cycle, people[0], [0])
    receipts = receipts_of(cycle, people, (1,))
    [file] = key_files(cycle)
    end_voting(cycle)
    cycle = close_cycle(cycle)
    board = Board.objects.get(pk=cycle.pk)
    assert (board.size, board.kept, board.superseded) == (4, 3, 1)
    close = close_of(board.head, board.kept, board.replaced_by_paper)
    assert board.root == root_of(board_lines(board), close)
    assert set(SealedBallot.objects.values_list("slot", "version")) == {(None, 0)}
    assert not file.exists()
    assert {str(ballot) for ballot in in_urn(cycle)} == {
        str({str(cycle.pots.get().pk): {"options": [1], "points": None}})
    }
    for receipt in receipts:
        found = find_receipt(board, receipt)
        assert proves(Line(found.ballot_hash, found.receipt_hash), found.proof, board.root)
    with pytest.raises(DatabaseError, match="takes no line"), transaction.atomic():
        BoardLine.objects.create(cycle=cycle, ballot_hash="1" * 64, receipt_hash="2" * 64)


def test_a_key_that_a_killed_worker_left_is_destroyed_by_the_next_sweep():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    [file] = key_files(cycle)
    kept = file.read_bytes()
    end_voting(cycle)
    close_cycle(cycle)
    file.write_bytes(kept)
    assert [board.pk for board in keys_left()] == [cycle.pk]
    close_cycle(cycle)
    assert keys_left() == []


def test_opening_takes_two_administrators_and_two_trustees():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    asks = administrator()
    with pytest.raises(RefusedError, match="once voting is closed"):
        request_unsealing(cycle, by=asks)
    cycle = close_cycle(cycle)
    with pytest.raises(RefusedError, match="Two administrators"):
        unseal(cycle, trustees()[:2])
    request_unsealing(cycle, by=asks)
    with pytest.raises(ApprovalError):
        approve_unsealing(cycle, by=asks)
    with pytest.raises(IntegrityError, match="needs two people"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.UNSEALED)
    approve_unsealing(cycle, by=administrator())
    foreign = trustee.split(KEY)
    for parts in (trustees()[:1], trustees()[:1] * 2, foreign[:2], [trustees()[0], foreign[1]]):
        with pytest.raises(RefusedError, match="These parts"):
            unseal(cycle, parts)
    assert OpenedBallot.objects.count() == 0
    done = unseal(cycle, trustees()[1:])
    assert (done.kept, done.counted, done.foreign, done.unreadable) == (1, 1, 0, 0)
    assert OpenedBallot.objects.count() == 1
    assert SealedBallot.objects.count() == 0


def closed_with(number):
    """A closed vote whose opening two administrators have asked for, and what is in its urn."""
    cycle, people = running_cycle(number)
    receipts_of(cycle, people)
    end_voting(cycle)
    cycle = close_cycle(cycle)
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())
    return cycle, [
        bytes(sealed) for sealed in SealedBallot.objects.values_list("ciphertext", flat=True)
    ]


def sealed_anew(cycle, place=2):
    """A ballot that nobody cast, sealed to the trustees' key."""
    chosen = {str(cycle.pots.get().pk): {"options": [place], "points": None}}
    return seal(chosen, cycle.board.public_key, cycle.board.padded_bytes)


def test_a_sealed_ballot_that_is_not_on_the_board_is_left_out():
    """The owner of the tables swaps a ballot between the close and the opening."""
    cycle, [first, *_] = closed_with(3)
    take_from_urn(cycle, first)
    slip_into_urn(cycle, sealed_anew(cycle))
    done = unseal(cycle, trustees()[:2])
    assert (done.kept, done.counted, done.foreign) == (3, 2, 1)
    board = Board.objects.get(pk=cycle.pk)
    assert (board.kept, board.void) == (3, 1)
    assert set(map(tuple, OpenedBallot.objects.values_list("options", flat=True))) == {(0,)}


def test_not_held_a_later_version_in_a_slot_replaces_a_ballot_and_its_receipt_still_stands():
    """With the application's role, while voting runs: docs/cycle.md says so."""
    cycle, people = running_cycle(1)
    [receipt] = receipts_of(cycle, people)
    slot = SealedBallot.objects.get(cycle=cycle).slot
    sealed = sealed_anew(cycle)
    SealedBallot.objects.create(cycle=cycle, slot=slot, version=1_000, ciphertext=sealed)
    BoardLine.objects.create(
        cycle=cycle, ballot_hash=ballot_hash(sealed), receipt_hash=receipt_hash("made up")
    )
    [again] = receipts_of(cycle, people)
    end_voting(cycle)
    done = open_by_trustees(close_cycle(cycle))
    board = Board.objects.get(pk=cycle.pk)
    assert done.state == CycleState.UNSEALED
    assert (board.size, board.kept, board.counted, board.void) == (3, 1, 1, 0)
    assert find_receipt(board, receipt).place == 1
    assert find_receipt(board, again).place == 3
    assert Participation.objects.get().castings.count() == 2, "one line more than casts"
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [[2]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda cycle, ballots: slip_into_urn(cycle, sealed_anew(cycle)), "3 are in it now"),
        (lambda cycle, ballots: slip_into_urn(cycle, ballots[0]), "3 are in it now"),
        (lambda cycle, ballots: take_from_urn(cycle, ballots[0]), "1 are in it now"),
        (
            lambda cycle, ballots: (
                take_from_urn(cycle, ballots[0]),
                slip_into_urn(cycle, ballots[1]),
            ),
            "1 ballots in the urn are copies",
        ),
        (
            lambda cycle, ballots: write_opened(cycle, ([0], None)),
            "which nobody has opened",
        ),
    ],
    ids=["one more", "a copy", "one less", "a copy for another", "an opened one"],
)
def test_what_the_close_has_not_left_in_the_urn_is_not_opened(change, why):
    """It takes the owner of the tables to bring that about; then nothing is opened at all."""
    cycle, ballots = closed_with(2)
    change(cycle, ballots)
    before = SealedBallot.objects.count(), OpenedBallot.objects.count()
    with pytest.raises(RefusedError, match=why):
        unseal(cycle, trustees()[:2])
    cycle.refresh_from_db()
    assert cycle.state == CycleState.CLOSED
    assert cycle.board.counted is None
    assert (SealedBallot.objects.count(), OpenedBallot.objects.count()) == before


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_opened_urn_leaves_nothing_to_read_on_its_pages():
    """DELETE would leave the rows in the file until it is overwritten; TRUNCATE gives a new one."""
    cycle, people = running_cycle(3)
    receipts_of(cycle, people)
    end_voting(cycle)
    open_by_trustees(close_cycle(cycle))
    with connections["owner"].cursor() as owner:
        owner.execute(f"SELECT pg_relation_size('budgeting_sealedballot_{cycle.pk}')")
        assert owner.fetchone() == (0,)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_unsealing_that_dies_has_not_happened():
    cycle, people = running_cycle(3)
    receipts_of(cycle, people)
    end_voting(cycle)
    cycle = close_cycle(cycle)
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("budgeting.services.unsealing.empty_urn", die)
        with pytest.raises(Killed):
            unseal(cycle, trustees()[:2])
    assert (OpenedBallot.objects.count(), SealedBallot.objects.count()) == (0, 3)
    assert unseal(cycle, trustees()[:2]).counted == 3


def test_a_cancelled_vote_is_forgotten_unopened():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    request_cancelling(cycle, by=administrator(), reason="The pot was spent elsewhere.")
    cancel_cycle(cycle, by=administrator())
    assert SealedBallot.objects.count() == 0
    assert [board.pk for board in keys_left()] == [cycle.pk]


def test_the_command_opens_by_standard_input(monkeypatch, capsys):
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    cycle = close_cycle(cycle)
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())
    for first, expected in ((trustees()[1], "It takes two different"), (trustees()[0], "")):
        typed = iter([first + "\n", trustees()[1] + "\n"])
        monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
        monkeypatch.setattr(sys.stdin, "readline", lambda typed=typed: next(typed), raising=False)
        if expected:
            with pytest.raises(CommandError, match=expected):
                call_command("unseal", cycle.slug)
        else:
            call_command("unseal", cycle.slug)
    assert "1 ballots were left to be counted: 1 counted, 0 void" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no cycle"):
        call_command("unseal", "nowhere")


# --- pages


def test_the_board_finds_a_receipt_and_puts_it_in_no_address(client):
    cycle, people = running_cycle(2)
    receipt, _ = receipts_of(cycle, people)
    page = reverse("board", args=[cycle.slug])
    assert "Ballots cast" in client.get(page).content.decode()
    assert "Recorded, at place 1" in client.post(page, {"receipt": receipt}).content.decode()
    assert "Not on this board" in client.post(page, {"receipt": "AAAA"}).content.decode()
    assert "Recorded" not in client.get(page, {"receipt": receipt}).content.decode()
    file = b"".join(client.get(reverse("board_csv", args=[cycle.slug])).streaming_content)
    assert file.decode().count("\r\n") == 3
    end_voting(cycle)
    close_cycle(cycle)
    assert "The proof" in client.post(page, {"receipt": receipt}).content.decode()


def test_a_draft_has_no_board(client):
    assert client.get(reverse("board", args=[draft_cycle().slug])).status_code == 404


def test_the_key_is_given_and_rehearsed_on_its_page(client):
    cycle = draft_cycle()
    sign_in_with_second_factor(client, administrator())
    page = reverse("cycle_key", args=[cycle.slug])
    assert client.post(page, {"public_key": PUBLIC}).status_code == 400
    people = filled_in(named_trustees())
    assert client.post(page, {"public_key": "nonsense", **people}).status_code == 400
    assert client.post(page, {"public_key": PUBLIC, **people}).status_code == 302
    key = cycle.trustee_key
    assert key.rehearsals.first().box in client.get(page).content.decode()
    for rehearsal in key.rehearsals.all():
        field = f"answer-{rehearsal.pair}"
        assert client.post(page, {field: "00"}).status_code == 400
        assert client.post(page, {field: trustee.answer_of(rehearsal.box, KEY)}).status_code == 302
    request_opening(cycle, by=administrator())


def test_the_ballots_are_opened_on_a_page_by_two_and_two(client):
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    cycle = close_cycle(cycle)
    page = reverse("unsealing", args=[cycle.slug])
    parts = {"one": trustees()[0], "two": trustees()[2]}
    sign_in_with_second_factor(client, administrator())
    assert client.post(page, parts).status_code == 400
    client.post(page, {"ask": "yes"})
    assert "another administrator has to agree" in client.get(page).content.decode()
    [asked] = client.get(page).context["asked"]
    assert client.post(page, {"agree": asked.pk}).status_code == 400
    client.logout()
    sign_in_with_second_factor(client, administrator())
    assert client.post(page, {"agree": "yes"}).status_code == 400
    client.post(page, {"agree": asked.pk})
    refused = client.post(page, parts | {"two": trustees()[0]})
    assert refused.status_code == 400
    assert trustees()[0].split()[0] in refused.content.decode()
    assert client.post(page, parts).status_code == 302
    cycle.refresh_from_db()
    assert cycle.state == CycleState.UNSEALED


def test_agreeing_asks_for_a_recent_second_factor(client, settings):
    cycle, _ = running_cycle()
    end_voting(cycle)
    cycle = close_cycle(cycle)
    asked = request_unsealing(cycle, by=administrator())
    sign_in_with_second_factor(client, administrator())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    page = reverse("unsealing", args=[cycle.slug])
    assert reverse("mfa_reauthenticate") in client.post(page, {"agree": asked.pk}).url
    with pytest.raises(RefusedError, match="Two administrators"):
        unseal(cycle, trustees()[:2])


def test_the_program_of_the_trustees_can_be_read_by_anyone(client):
    answer = client.get(reverse("trustee_program"))
    assert answer.content.decode() == Path(trustee.__file__).read_text()
