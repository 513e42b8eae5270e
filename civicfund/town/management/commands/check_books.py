"""Check every law of docs/money.md: a line each, and exit code 1 where one is broken."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from civicfund.town.selectors import laws

SHOWN = 10


class Command(BaseCommand):
    """Reads only, and may run at any time."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Print the laws and what breaks them."""
        broken = 0
        for law in laws():
            broken += bool(law.broken_by)
            self.stdout.write(f"{'BROKEN' if law.broken_by else 'holds ':8}{law.name}")
            for what in law.broken_by[:SHOWN]:
                self.stdout.write(f"        {what}")
            if len(law.broken_by) > SHOWN:
                self.stdout.write(f"        and {len(law.broken_by) - SHOWN} more")
        if broken:
            raise CommandError(f"{broken} laws are broken.")
