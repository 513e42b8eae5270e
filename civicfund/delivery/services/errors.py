"""How an act says no."""

from __future__ import annotations


class RefusedError(Exception):
    """The act is not possible; the message is for the person who asked, and nothing moved."""
