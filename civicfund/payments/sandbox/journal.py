"""The file that makes the sandbox remember: one JSON line per committed request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


class Journal:
    """An append-only file of JSON lines.

    A line is handed to the operating system before the request is answered, so it outlives a
    SIGKILL of this process. It is forced to the disk only at a clean stop: what a power cut
    could take away is test money.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] | None = None

    def replay(self) -> Iterator[Any]:
        """Every whole line, oldest first; a last line that was cut short is removed."""
        if not self.path.exists():
            return
        good = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                yield json.loads(line)
                good += len(line)
        if good < self.path.stat().st_size:
            os.truncate(self.path, good)

    def append(self, entry: object) -> None:
        """Add one line; when this returns, the line outlives this process."""
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def rewrite(self, entries: Iterator[object]) -> None:
        """Replace the whole file, in one step, by these lines."""
        self.close()
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as out:
            for entry in entries:
                out.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.path)

    def close(self) -> None:
        """Force what was written to the disk and let the file go."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
