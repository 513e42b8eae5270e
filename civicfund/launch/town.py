"""`make run`: the whole town on one machine."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from civicfund.launch.ports import HOST, answers, free_port, web_port
from civicfund.launch.processes import Process, die_with_parent, wait_until
from civicfund.launch.servers import LOCAL, ROOT, Servers
from civicfund.launch.supervisor import StopAskedError, Supervisor
from civicfund.launch.trouble import LaunchError, say
from civicfund.launch.web import gunicorn

SANDBOX_PORT = 12_111
RUNNING = LOCAL / "env"
LOGS = LOCAL / "log"
PYTHON = sys.executable


def run() -> None:
    """Start everything, say where it is, and keep it until told to stop."""
    started = time.monotonic()
    port = web_port(os.environ.get("PORT", "8000"))
    LOCAL.mkdir(exist_ok=True)
    servers, supervisor = Servers(LOCAL, durable=True), Supervisor()
    supervisor.heed_signals()
    try:
        say("Starting PostgreSQL and Valkey")
        servers.start()
        supervisor.essential = list(servers.started)
        supervisor.go_on()
        environment = town_environment(port, servers.environment)
        keep_environment(environment)
        prepare(environment)
        start_processes(port, environment, supervisor)
        greet(port, environment, time.monotonic() - started)
        supervisor.watch()
        say("\nStopping")
    except StopAskedError:
        say("\nStopping before the town was ready")
    finally:
        supervisor.stop()
        servers.stop()
        RUNNING.unlink(missing_ok=True)
    say("Everything has stopped.")


def town_environment(port: int, addresses: Mapping[str, str]) -> dict[str, str]:
    """What every process of the town is told."""
    sandbox = free_port(SANDBOX_PORT)
    return {
        "DJANGO_SETTINGS_MODULE": "civicfund.settings.local",
        "DEBUG": "1",
        "PYTHONUNBUFFERED": "1",
        "SITE_URL": f"http://{HOST}:{port}",
        "STRIPE_API_BASE": f"http://{HOST}:{sandbox}",
        **addresses,
        **kept_secrets(),
    }


def kept_secrets() -> dict[str, str]:
    """Secrets of this try-out: made once, readable by this user only."""
    kept = LOCAL / "secrets"
    kept.touch(mode=0o600)
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PERSON_KEY_SECRET": secrets.token_urlsafe(48),
        "RESIDENCE_DOCUMENT_KEY": secrets.token_hex(32),
        "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(12)}",
        "STRIPE_PUBLISHABLE_KEY": f"pk_test_{secrets.token_hex(12)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "STRIPE_CONNECT_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
    }
    # What an older try-out has not got is made now; what it has stays.
    known = made | dict(line.split("=", 1) for line in kept.read_text().splitlines())
    kept.write_text("".join(f"{name}={value}\n" for name, value in known.items()))
    return known


def keep_environment(environment: Mapping[str, str]) -> None:
    """So that `manage.py` in another terminal finds the running servers."""
    RUNNING.unlink(missing_ok=True)
    RUNNING.touch(mode=0o600)
    RUNNING.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))


def manage(*arguments: str) -> list[str]:
    """A management command of ours."""
    return [PYTHON, str(ROOT / "manage.py"), *arguments]


def prepare(environment: Mapping[str, str]) -> None:
    """Tables, rights and, in an empty database, the made-up town."""
    done = subprocess.run(
        manage("prepare_town"),
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for the supervisor, which lets the step end
        preexec_fn=die_with_parent,
    )
    if done.returncode != 0:
        LOGS.mkdir(exist_ok=True)
        log = LOGS / "prepare.log"
        log.write_text(done.stderr)
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise LaunchError(f"The town could not be prepared: {last[0]} ({log.relative_to(ROOT)})")


def start_processes(port: int, environment: Mapping[str, str], supervisor: Supervisor) -> None:
    """The payment sandbox, web, worker, beat, and the demo's actors, each when it can work."""
    sandbox_port = int(environment["STRIPE_API_BASE"].rsplit(":", 1)[1])
    sandbox, web, *others = processes(port, sandbox_port, environment)
    say("Starting the payment sandbox, web, worker, beat and the demo's actors")
    supervisor.start(sandbox)
    wait_until(lambda: answers(HOST, sandbox_port), sandbox, seconds=30)
    supervisor.start(web)
    for process in others:
        supervisor.start(process)
    wait_until(
        lambda: supervisor.stopping.is_set() or _home_answers(environment["SITE_URL"]),
        web,
        seconds=60,
    )
    supervisor.go_on()


def processes(port: int, sandbox_port: int, environment: Mapping[str, str]) -> list[Process]:
    """What runs, in the order of starting."""
    webhook = f"{environment['SITE_URL']}/payments/webhooks/stripe/"
    sandbox = [
        PYTHON, "-m", "civicfund.payments.sandbox", "--port", str(sandbox_port),
        "--state-dir", str(LOCAL / "sandbox"), "--webhook-url", webhook,
        "--webhook-secret", environment["STRIPE_WEBHOOK_SECRET"],
        "--connect-webhook-url", f"{webhook}connect/",
        "--connect-webhook-secret", environment["STRIPE_CONNECT_WEBHOOK_SECRET"],
    ]  # fmt: skip
    web = gunicorn(PYTHON, port, "--graceful-timeout", "10", "--worker-tmp-dir", str(LOCAL))
    celery = [PYTHON, "-m", "celery", "-A", "civicfund.celery"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"]
    beat = [*celery, "beat", "--schedule", str(LOCAL / "beat-schedule"), "--loglevel", "WARNING"]
    named = {
        "Payment sandbox": sandbox,
        "Web": web,
        "Worker": worker,
        "Beat": beat,
        "Demo actors": manage("demo_actors"),
    }
    return [
        Process(name, command, LOGS / f"{name.lower().replace(' ', '-')}.log", environment)
        for name, command in named.items()
    ]


def _home_answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 -- our own server
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        raise LaunchError(f"The home page answers {error.code}; see {LOGS / 'web.log'}.") from None
    except OSError:
        return False


def greet(port: int, environment: Mapping[str, str], seconds: float) -> None:
    """Where the town is, and who one may be there."""
    subprocess.run(manage("demo_accounts"), env={**os.environ, **environment}, check=False)
    say(f"\nReady in {seconds:.0f} s at http://{HOST}:{port} (Ctrl-C stops everything)")
