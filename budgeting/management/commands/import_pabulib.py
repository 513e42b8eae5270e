"""Import published elections (.pb files of pabulib.org); the worker then counts them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from budgeting.domain.pabulib import PabulibError
from budgeting.services.errors import RefusedError
from budgeting.services.imports import import_election

_SECONDS_BETWEEN_LINES = 0.5


class Command(BaseCommand):
    """Each file is one transaction: it is imported whole, or not at all."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Files, and the rule to count them by."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--rule",
            default="",
            help="count by this rule instead of the one that the file names for its city",
        )

    def handle(self, **options: Any) -> None:
        """Import one file after the other; stop at the first that is broken."""
        for path in options["files"]:
            try:
                cycle = import_election(path, rule=options["rule"], on_progress=self.say)
            except PabulibError as error:
                raise CommandError(f"{path.name}: {error}. Nothing of it was imported.") from error
            except (OSError, RefusedError) as error:
                raise CommandError(f"{path.name}: {error}") from error
            for warning in cycle.source["warnings"]:
                self.stderr.write(f"{path.name}: {warning}")
            self.stdout.write(f"{path.name}: imported as {cycle} ({cycle.get_absolute_url()})")

    _said_at = 0.0

    def say(self, stage: str, done: int, total: int) -> None:
        """A line now and then, and the last of each stage."""
        now = time.monotonic()
        if done == total or now - self._said_at >= _SECONDS_BETWEEN_LINES:
            self._said_at = now
            of = f" of {total:,}" if total else ""
            self.stdout.write(f"  {stage}: {done:,}{of} ballots")
