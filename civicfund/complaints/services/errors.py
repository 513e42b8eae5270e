"""How an act is refused."""

from __future__ import annotations


class ComplaintError(Exception):
    """The act is refused; the message is for the person."""
