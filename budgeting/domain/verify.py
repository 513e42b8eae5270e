# ruff: noqa: T201 -- it speaks to whoever runs it
"""Verify the published record of a vote, with no network, no database and no account.

    python -m budgeting.domain.verify BUNDLE.zip [RECEIPT ...]

Prints one line for each thing that was looked at, and for what cannot be looked at in a bundle
alone. Ends with 0 where all that was looked at holds, else 1. It takes Python 3.11, NumPy, and
this folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

from budgeting.domain.bundle import Bundle, BundleError, verify


def main(arguments: list[str]) -> int:
    """Look at the bundle that is named first, and at the receipts named after it."""
    if not arguments:
        print(__doc__)
        return 2
    try:
        with Path(arguments[0]).open("rb") as file:
            checks = list(verify(Bundle(file), arguments[1:]))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
