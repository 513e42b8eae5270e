"""What the labelled demo accounts do, one small act at a time."""

from __future__ import annotations

from collections.abc import Callable

STEPS: tuple[Callable[[], None], ...] = ()
