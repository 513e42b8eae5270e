"""Open the ballots of a closed vote with two trustees' parts, a line of standard input each."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from budgeting.services.unsealing import unseal

PARTS = 2


class Command(BaseCommand):
    """For votes of any size. Two administrators have to have asked for it on the site."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Which vote."""
        parser.add_argument("slug", help="the cycle's address, as in /budget/<slug>/")

    def handle(self, **options: Any) -> None:
        """Read the parts, open, and say what it came to."""
        cycle = Cycle.objects.filter(slug=options["slug"]).first()
        if cycle is None:
            raise CommandError(f"There is no cycle {options['slug']}.")
        try:
            done = unseal(cycle, self._parts(), on_opened=self._say)
        except RefusedError as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"{done.kept} ballots were left to be counted: {done.counted} counted, "
            f"{done.kept - done.counted} void ({done.foreign} not on the board, "
            f"{done.unreadable} unreadable)."
        )
        if done.sheets:
            self.stdout.write(f"{done.sheets} sheets of paper: {done.sheets_counted} counted.")

    def _parts(self) -> list[str]:
        """At a terminal nothing that is typed is shown."""
        if sys.stdin.isatty():
            return [getpass(f"Part of trustee {name}: ") for name in ("one", "two")]
        return [sys.stdin.readline().strip() for _ in range(PARTS)]

    def _say(self, done: int, total: int) -> None:
        self.stderr.write(f"{done} of {total} opened")
