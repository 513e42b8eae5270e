# ruff: noqa: T201 -- it speaks to whoever runs it
"""Verify the published record of a vote, with no network, no database and no account.

    python -m budgeting.domain.verify BUNDLE.zip [--root HASH] [--head HASH] [RECEIPT ...]

``--root`` is the root that you noted from the public board once voting was closed, ``--head`` a
head of its chain that you noted at any time. Without one of them a board that was made anew from
its first line on cannot be told from the one that was published.

Prints one line for each thing that was looked at, and for what cannot be looked at in a bundle
alone. Ends with 0 where all that was looked at holds, else 1. It takes Python 3.11, NumPy, and
this folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from budgeting.domain.bundle import Bundle, BundleError, verify


def main(arguments: list[str]) -> int:
    """Look at the bundle that is named first, and at the receipts named after it."""
    if not arguments:
        print(__doc__)
        return 2
    given = _parser().parse_args(arguments)
    try:
        with Path(given.bundle).open("rb") as file:
            checks = list(verify(Bundle(file), given.receipts, root=given.root, head=given.head))
    except (OSError, BundleError) as error:
        print(error, file=sys.stderr)
        return 1
    for check in checks:
        verdict = "BROKEN" if check.broken else "holds " if check.holds else "not looked at"
        print(f"{verdict}  {check.name}: {check.found}")
    broken, unseen = sum(each.broken for each in checks), sum(not each.looked for each in checks)
    print(f"{len(checks) - unseen} looked at, {broken} broken")
    if unseen:
        print(f"{unseen} not looked at: the bundle alone cannot tell")
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify", description="Verify the record of a vote.")
    parser.add_argument("bundle")
    parser.add_argument("receipts", nargs="*")
    parser.add_argument("--root", default="", help="the root that you noted from the board")
    parser.add_argument("--head", default="", help="a head of the board that you noted")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
