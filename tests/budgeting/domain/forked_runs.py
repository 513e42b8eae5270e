"""Runs tests of a copy, each time in a process forked when all libraries are loaded.

In the copy's folder it reads lines of JSON, each a list of what to give pytest. It answers with
the exit code, when what pytest said is in the file ``said``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys

import hypothesis.strategies
import numpy
import pabutools.election
import pabutools.rules
import pytest
from _pytest.config import default_plugins
from hypothesis import Phase, settings

LOADED = (
    hypothesis.strategies, numpy, pabutools.election, pabutools.rules,
    *(importlib.import_module(f"_pytest.{name}") for name in default_plugins),
)  # fmt: skip
PLUGINS = ("-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider")


def run(given: list[str]) -> int:
    sys.path[0] = os.getcwd()  # noqa: PTH109 -- the copy, and nothing of ours
    os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    code = pytest.main(["-x", "-q", *PLUGINS, "--hypothesis-seed=1", *given])
    sys.stdout.flush()
    return int(code)


def forked(given: list[str]) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = run(given)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    # That something fails is asked here, not the smallest of what fails.
    whole = [each for each in Phase if each not in (Phase.shrink, Phase.explain)]
    settings.register_profile("unshrunk", phases=whole)
    settings.load_profile("unshrunk")
    gc.freeze()
    for line in sys.stdin:
        sys.stdout.write(f"{forked(json.loads(line))}\n")
        sys.stdout.flush()
        sys.dont_write_bytecode = True  # what is changed back within a second would be taken for it


if __name__ == "__main__":
    main()
