from __future__ import annotations

import ast
from pathlib import Path

import civicfund
from civicfund.payments.enums import ORPHAN_THOUGH, ORPHAN_WORDS


def test_every_reason_why_something_fits_nothing_has_words():
    noted = set()
    for path in Path(civicfund.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "note_orphan":
                reason = node.args[1]
                noted.add((getattr(reason, "values", None) or [reason])[0].value)
    assert noted == set(ORPHAN_WORDS) | set(ORPHAN_THOUGH)
