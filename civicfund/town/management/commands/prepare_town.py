"""Tables, rights and, in an empty database, the made-up town: what `make run` does first."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Three commands in one process, since starting one takes longer than finding nothing to do."""

    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        """Safe to run again: each step does only what is missing."""
        self.stdout.write("Making the tables")
        call_command("migrate", database="owner", verbosity=0, stdout=self.stdout)
        self.stdout.write("Granting rights")
        call_command("grant_rights", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write("Loading the made-up town")
        call_command("load_demo", stdout=self.stdout)
