from __future__ import annotations

import os
import socket
import subprocess
import sys

import psycopg
import pytest

from civicfund.launch.ports import free_port, web_port
from civicfund.launch.postgres import OWNER, Postgres
from civicfund.launch.servers import ROOT
from civicfund.launch.trouble import LaunchError
from tests.launch.looking import gone

# One after the other: they look which folders of throw-away servers there are.
pytestmark = pytest.mark.xdist_group("throw-away servers")

LAUNCH = [sys.executable, "-m", "civicfund.launch"]


def launch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        [*LAUNCH, *arguments],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_one_sentence_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = launch("run", PORT=str(port))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"civicfund: Port {port} is taken by another program; set PORT")
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("port", ["http", "0", "70000", ""])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(LaunchError, match="give a number from 1 to 65535"):
        web_port(port)


@pytest.mark.parametrize(
    ("name", "url", "sentence"),
    [
        ("DATABASE_URL", "postgresql://x@127.0.0.1:1/x", "The database that DATABASE_URL names"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "The Redis that REDIS_URL names cannot be used"),
        ("REDIS_URL", "redis://127.0.0.1:abc", "REDIS_URL is no address of a Redis"),
        ("REDIS_URL", "http://127.0.0.1:1", "REDIS_URL is no address of a Redis"),
    ],
)
def test_an_unreachable_server_is_one_sentence(name, url, sentence):
    served = {"DATABASE_URL": os.environ["DATABASE_URL"]} if name == "REDIS_URL" else {}
    answer = launch("with-servers", "true", **served, **{name: url})
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"civicfund: {sentence}")
    assert "Traceback" not in answer.stderr


def test_another_kind_of_server_is_not_taken_for_a_redis():
    database = os.environ["DATABASE_URL"]
    address = psycopg.conninfo.conninfo_to_dict(database)
    answer = launch(
        "with-servers",
        "true",
        DATABASE_URL=database,
        REDIS_URL=f"redis://{address['host']}:{address['port']}/0",
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("civicfund: The Redis that REDIS_URL names cannot be used")
    assert "Traceback" not in answer.stderr


def test_asked_to_stop_it_asks_the_command_and_leaves_nothing(tmp_path):
    told = tmp_path / "told"
    script = f"trap 'echo asked > {told}; exit 5' TERM; sleep 600 & echo $!; wait"
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    served = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    started = subprocess.Popen(
        [*LAUNCH, "with-servers", "sh", "-c", script],
        cwd=ROOT, env=clean | served, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    grandchild = int(started.stdout.readline())
    started.terminate()
    assert started.wait(60) == 143
    assert told.read_text() == "asked\n"
    assert gone(grandchild)


def test_servers_are_real_the_exit_code_is_the_commands_and_nothing_stays():
    before = set((ROOT / ".local").glob("test-*"))
    program = (
        "import os, sys, psycopg, redis;"
        "db = psycopg.connect(os.environ['DATABASE_URL']);"
        "print(*db.execute('select current_user, usesuper from pg_user"
        " where usename = current_user').fetchone());"
        "print(redis.Redis.from_url(os.environ['REDIS_URL']).ping());"
        "sys.exit(7)"
    )
    answer = launch("with-servers", "--", sys.executable, "-c", program)
    assert (answer.stdout, answer.returncode) == ("civicfund_app False\nTrue\n", 7)
    assert set((ROOT / ".local").glob("test-*")) == before


def test_a_preferred_port_is_moved_when_it_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert free_port(taken.getsockname()[1]) != taken.getsockname()[1]


def test_a_second_start_finds_its_data_again(tmp_path):
    for known in (False, True):
        server = Postgres(tmp_path / "postgres", tmp_path / "log" / "postgres.log", durable=False)
        server.start()
        try:
            with psycopg.connect(server.url(OWNER)) as owner:
                if not known:
                    owner.execute("CREATE TABLE kept AS SELECT 1 AS one")
            with psycopg.connect(server.url(OWNER)) as owner:
                assert owner.execute("SELECT one FROM kept").fetchone() == (1,)
        finally:
            server.process.stop()
