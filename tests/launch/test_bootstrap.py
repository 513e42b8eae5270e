from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from civicfund.launch.servers import ROOT

_SPEC = importlib.util.spec_from_file_location(
    "bootstrap", ROOT / "civicfund" / "launch" / "bootstrap.py"
)


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    module = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "civicfund-stamp")
    # With uv an environment takes a moment; without it, each test would download one.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "requirements").mkdir()
    for name in ("run.txt", "dev.txt"):
        (tmp_path / "requirements" / name).write_text("")
    return module


def ask(bootstrap, monkeypatch, name="run.txt"):
    monkeypatch.chdir(bootstrap.ROOT)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", f"requirements/{name}"])
    bootstrap.main()


def test_an_environment_is_made_and_found_whole_the_next_time(bootstrap, monkeypatch, capsys):
    ask(bootstrap, monkeypatch)
    assert (bootstrap.VENV / "bin" / "python").exists()
    capsys.readouterr()
    ask(bootstrap, monkeypatch)
    assert capsys.readouterr().out == ""


def test_a_half_made_environment_is_made_anew(bootstrap, monkeypatch, capsys):
    (bootstrap.VENV / "bin").mkdir(parents=True)
    (bootstrap.VENV / "bin" / "left-over").touch()
    ask(bootstrap, monkeypatch)
    assert "half made: making it anew" in capsys.readouterr().out
    assert not (bootstrap.VENV / "bin" / "left-over").exists()
    assert bootstrap.STAMP.exists()


def test_the_set_for_developers_serves_running_too(bootstrap, monkeypatch, capsys):
    ask(bootstrap, monkeypatch, "dev.txt")
    capsys.readouterr()
    ask(bootstrap, monkeypatch, "run.txt")
    assert capsys.readouterr().out == ""


def test_changed_requirements_are_installed_again(bootstrap, monkeypatch, capsys):
    ask(bootstrap, monkeypatch)
    (bootstrap.ROOT / "requirements" / "run.txt").write_text("# another set\n")
    ask(bootstrap, monkeypatch)
    assert "old or half made" in capsys.readouterr().out


def test_a_package_that_cannot_be_had_is_one_sentence_and_no_stamp(bootstrap, monkeypatch):
    (bootstrap.ROOT / "requirements" / "run.txt").write_text(
        f"no-such-package-of-ours==1 --hash=sha256:{'0' * 64}\n"
    )
    with pytest.raises(SystemExit) as refused:
        ask(bootstrap, monkeypatch)
    assert refused.value.code.startswith("civicfund: the packages could not be installed")
    assert not bootstrap.STAMP.exists()


def test_an_old_python_is_told_so_in_one_sentence(bootstrap, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as refused:
        ask(bootstrap, monkeypatch)
    assert refused.value.code == "civicfund: Python 3.11 or newer is needed; this is 3.9."
