from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from civicfund.payments.sandbox.process import ROOT, SandboxProcess
from tests.stripe.helpers import charge, sandbox_client

pytestmark = pytest.mark.processes


@pytest.fixture
def own(tmp_path):
    process = SandboxProcess(tmp_path).start()
    yield process
    process.kill()


def run(debug, *options):
    command = [sys.executable, "-m", "civicfund.payments.sandbox", *options]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"DEBUG": debug},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_it_refuses_to_run_when_debug_is_off(tmp_path):
    ended = run("0", "--state-dir", str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr == ("The payment sandbox is for development: it runs only with DEBUG=1.\n")


def test_it_refuses_a_live_key(tmp_path):
    ended = run("1", "--state-dir", str(tmp_path), "--secret-key", "sk_live_x")
    assert ended.returncode == 1
    assert ended.stderr == ("The payment sandbox takes test keys only (sk_test_…, pk_test_…).\n")


def test_taken_port_is_one_sentence(own, tmp_path):
    ended = run("1", "--state-dir", str(tmp_path), "--port", str(own.port))
    assert ended.returncode == 1
    assert ended.stderr == "The payment sandbox cannot start: Address already in use.\n"


def test_state_outlives_a_kill(own):
    client = sandbox_client(own)
    intent = charge(client, amount=1700)
    same = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    own.kill()
    client = sandbox_client(own.start())
    found = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (found.status, found.latest_charge.amount) == ("succeeded", 1700)
    again = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    assert again.id == same.id


def test_line_cut_short_by_a_crash_is_left_out(own):
    client = sandbox_client(own)
    whole = client.v1.customers.create({"name": "Ada"})
    own.kill()
    journal = own.state_dir / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'[["customer","cus_half",{"id"')
    client = sandbox_client(own.start())
    assert [one.id for one in client.v1.customers.list().data] == [whole.id]
    client.v1.customers.create({"name": "Bob"})
    own.kill()
    names = [one.name for one in sandbox_client(own.start()).v1.customers.list().data]
    assert names == ["Bob", "Ada"]


def test_journal_is_shortened_when_most_of_it_is_out_of_date(own):
    customer = sandbox_client(own).v1.customers.create({"name": "Ada"}).id
    for _ in range(50):
        own.control("clock", advance=10)
    own.stop()
    journal = own.state_dir / "journal.jsonl"
    assert len(journal.read_bytes().splitlines()) == 51
    for _ in range(2):
        client = sandbox_client(own.start())
        assert client.v1.customers.retrieve(customer).name == "Ada"
        assert own.control("clock")["offset"] == 500
        own.stop()
    assert len(journal.read_bytes().splitlines()) < 10


def test_it_stops_cleanly_and_at_once(own):
    sandbox_client(own).v1.customers.create()
    started = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - started < 5
