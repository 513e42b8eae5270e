"""The folder of keys: never made on the way, and what happens where nobody can look into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from budgeting.models import PaperVote
from budgeting.services import key_files
from budgeting.services.closing import close_cycle, keys_left
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import RefusedError
from budgeting.services.keying_anew import KeyTrouble, key_trouble
from budgeting.services.paper import offer_paper, paper_keys_left
from budgeting.services.urns import open_without_key
from budgeting.tasks import close_due_cycles
from civicfund.town.selectors import alarms
from tests.factories.budgeting import administrator, draft_cycle, end_voting, running_cycle
from tests.factories.paper import paper_cycle

pytestmark = pytest.mark.django_db
NOBODY_VOTES = "open votes whose slot key is missing: nobody can vote"
LOOK = "votes whose key of paper ballots cannot be read: look at its folder"


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    """A folder of keys of the test's own."""
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return Path(settings.SLOT_KEYS)


@pytest.fixture
def out_of_sight(settings, tmp_path):
    """Have no file of the folder be looked at: the system refuses even to say whether it is there,
    as it does for rights, which root has all of."""

    def hide():
        settings.SLOT_KEYS = str(tmp_path / ("long" * 100))
        with pytest.raises(OSError, match="too long"):
            (Path(settings.SLOT_KEYS) / "any.key").exists()

    return hide


def test_no_key_is_made_where_its_folder_is_missing_so_no_other_looks_lost(keys):
    cycle, *_ = paper_cycle(1)
    drafted, by = draft_cycle(), administrator()
    keys.rename(keys.with_name("elsewhere"))
    with pytest.raises(RefusedError, match="look at its folder"):
        offer_paper(drafted, sample_size=1, by=by)
    assert not keys.exists()
    assert not PaperVote.objects.filter(pk=drafted.pk).exists()
    assert key_trouble(cycle.paper) == KeyTrouble.UNREADABLE
    keys.with_name("elsewhere").rename(keys)
    assert key_trouble(cycle.paper) is None
    assert key_trouble(offer_paper(drafted, sample_size=1, by=by)) is None


def test_a_key_that_nobody_can_look_for_is_an_alarm(keys, out_of_sight, settings):
    cycle, *_ = paper_cycle(1)
    assert (alarms()[NOBODY_VOTES], alarms()[LOOK]) == (0, 0)
    out_of_sight()
    assert not key_files.key_exists(cycle.paper.key_hash)
    assert open_without_key() == [cycle]
    assert (alarms()[NOBODY_VOTES], alarms()[LOOK]) == (1, 1)
    settings.SLOT_KEYS = str(keys)
    assert (alarms()[NOBODY_VOTES], alarms()[LOOK]) == (0, 0)


def test_a_sweep_destroys_a_key_that_nobody_can_look_for_later(keys, out_of_sight, settings):
    cycle, *_ = paper_cycle(1)
    request_cancelling(cycle, by=administrator(), reason="The pot was spent elsewhere.")
    cancel_cycle(cycle, by=administrator())
    left = sorted(keys.iterdir())
    assert left
    out_of_sight()
    close_due_cycles()
    assert (keys_left(), paper_keys_left()) == ([], [])
    assert sorted(keys.iterdir()) == left
    settings.SLOT_KEYS = str(keys)
    close_due_cycles()
    assert list(keys.iterdir()) == []


def test_a_file_that_withstands_keeps_the_sweep_from_no_other(keys):
    files = []
    for _ in range(2):
        cycle, _people = running_cycle()
        file = keys / f"{cycle.board.slot_key_hash}.key"
        kept = file.read_bytes()
        end_voting(cycle)
        close_cycle(cycle)
        files.append((file, kept))
    (stubborn, _kept), (other, content) = files
    stubborn.mkdir()
    other.write_bytes(content)
    assert len(keys_left()) == 2
    close_due_cycles()
    assert (stubborn.exists(), other.exists()) == (True, False)
