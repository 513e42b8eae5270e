"""``manage.py recount FILE``: counts a published election again, with no database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgeting.domain import pabulib
from budgeting.domain.recount import (
    Recount,
    RecountError,
    RuleError,
    parameter,
    recount,
    recount_all,
    tie_order,
)
from budgeting.domain.ties import UnresolvedTie
from budgeting.services.memory import bytes_free


class Command(BaseCommand):
    """Counts a ``.pb`` file by one rule or by all that fit it."""

    help = "Count a published election again: the same file, rule and ties give the same result."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to count, by which rule, and how to show it."""
        parser.add_argument("file", type=Path, help="a .pb file")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--rule", help="the name of a rule, such as equal_shares_cost")
        which.add_argument("--all-rules", action="store_true", help="every rule that fits")
        parser.add_argument("--ties", required=True, help="lexicographic, seeded:HEX or refuse")
        parser.add_argument(
            "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the rule"
        )
        parser.add_argument(
            "--explain", action="append", default=[], metavar="ID", help="say why it won or lost"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 2 for a request that cannot be, 1 for a file or a tie that cannot be counted."""
        try:
            self._show(self._counted(options), options)
        except (RuleError, RecountError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        except pabulib.PabulibError as error:
            raise CommandError(f"{options['file']}, {error}", returncode=1) from error
        except UnresolvedTie as error:
            raise CommandError(str(error), returncode=1) from error

    def _counted(self, options: dict[str, Any]) -> list[Recount]:
        file = pabulib.read(options["file"], memory=bytes_free())
        for warning in file.warnings:
            self.stderr.write(f"{options['file']}, {warning}")
        ties = tie_order(options["ties"], file)
        if options["all_rules"]:
            return recount_all(file, ties, options["explain"])
        given = dict(parameter(options["rule"], text) for text in options["parameter"])
        return [recount(file, options["rule"], ties, given, options["explain"])]

    def _show(self, recounts: list[Recount], options: dict[str, Any]) -> None:
        if not options["json"]:
            self.stdout.write("\n".join(line for each in recounts for line in each.lines()))
            return
        records = {each.outcome.rule: each.to_json() for each in recounts}
        chosen = records if options["all_rules"] else records[options["rule"]]
        self.stdout.write(json.dumps(chosen, ensure_ascii=False, indent=1))
