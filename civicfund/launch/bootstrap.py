"""Make or mend the virtual environment. Run by the system's Python; standard library only.

Usage: python3 civicfund/launch/bootstrap.py requirements/run.txt

The environment is whole when its stamp, written last, names these requirements and this Python.
Written so that an older Python can still read it and say what it lacks.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

LEAST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "civicfund-stamp"


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


def fail(text: str) -> NoReturn:
    """One clear sentence, and a non-zero exit."""
    sys.exit("civicfund: " + text)


def wanted_stamp(requirements: Path) -> str:
    """What the stamp of a whole environment says."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return "{} {}.{}\n".format(digest, *sys.version_info[:2])


def is_whole(requirements: Path) -> bool:
    """Whether a run before this one has finished, for these requirements or for more."""
    if not STAMP.exists() or not (VENV / "bin" / "python").exists():
        return False
    stamps = STAMP.read_text().splitlines(keepends=True)
    return wanted_stamp(requirements) in stamps


def stamps_for(requirements: Path) -> str:
    """What installing these makes true: the set for developers contains the set that runs."""
    names = [requirements]
    if requirements.name == "dev.txt":
        names.append(requirements.with_name("run.txt"))
    return "".join(wanted_stamp(name) for name in names)


def quietly(command: list[str], log: Path) -> bool:
    """Whether the command succeeds; what it says goes to the log."""
    with log.open("a") as out:
        out.write("$ {}\n".format(" ".join(map(str, command))))
        out.flush()
        return subprocess.run(command, stdout=out, stderr=out, check=False).returncode == 0


def make_environment(log: Path) -> list[str]:
    """An empty environment with Python in it, and the command that installs into it."""
    python = VENV / "bin" / "python"
    uv = shutil.which("uv")
    if uv and quietly([uv, "venv", "--python", sys.executable, str(VENV)], log):
        return [uv, "pip", "install", "--python", str(python)]
    if not quietly([sys.executable, "-m", "venv", str(VENV)], log):
        fail(
            "this Python cannot make virtual environments; install its venv package "
            "(Debian: apt install python3-venv) or uv, and run the command again."
        )
    if quietly([str(python), "-m", "pip", "install", "--quiet", "uv"], log):
        return [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
    return [str(python), "-m", "pip", "install"]


def install(requirements: Path) -> None:
    """A whole environment, or one sentence on why not."""
    log = ROOT / ".local" / "install.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    started = time.monotonic()
    if VENV.is_symlink():
        fail(".venv is a link; remove it, so that an environment can be made there.")
    if VENV.exists():
        say("The environment in .venv is old or half made: making it anew")
        shutil.rmtree(VENV)
    say("Making a virtual environment in .venv")
    command = make_environment(log)
    say("Installing " + str(requirements.relative_to(ROOT)))
    if not quietly([*command, "--require-hashes", "-r", str(requirements)], log):
        fail("the packages could not be installed (is there a network?); see .local/install.log.")
    STAMP.write_text(stamps_for(requirements))
    say(f"Installed in {time.monotonic() - started:.0f} s")


def main() -> None:
    """Check, and install where something is missing."""
    if sys.version_info < LEAST:
        fail(
            "Python {}.{} or newer is needed; this is {}.{}.".format(
                *LEAST + tuple(sys.version_info[:2])
            )
        )
    requirements = (ROOT / sys.argv[1]).resolve()
    os.chdir(str(ROOT))
    if not is_whole(requirements):
        try:
            install(requirements)
        except KeyboardInterrupt:
            fail("stopped; the environment is half made and will be made anew next time.")


if __name__ == "__main__":
    main()
