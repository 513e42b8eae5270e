"""What is said to the person at the terminal."""

from __future__ import annotations


class LaunchError(Exception):
    """Something foreseeable stands in the way; the message is one clear sentence."""


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)
