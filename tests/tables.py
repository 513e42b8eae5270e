"""The migrated, empty tables as a file, for towns on database servers of their own.

To migrate takes a processor half a minute; to take them from the file, a second.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from civicfund.launch.postgres import programs


def keep_tables(address: str, file: Path) -> Path:
    """Write what the database at the address holds, rights included."""
    _run("pg_dump", "--format", "custom", "--compress", "none", "--file", str(file), address)
    return file


def take_tables(address: str, file: Path) -> None:
    """All of the file into an empty database, or nothing."""
    _run("pg_restore", "--exit-on-error", "--single-transaction", "--dbname", address, str(file))


def _run(program: str, *given: str) -> None:
    subprocess.run([str(programs() / program), *given], check=True)
