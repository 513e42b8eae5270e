"""The colors that docs/design.md allows together are far enough apart (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

SOURCE = (settings.BASE_DIR / "static" / "src" / "tokens.css").read_text()
COLORS = dict(re.findall(r"--color-([a-z0-9-]+): (#[0-9a-f]{6});", SOURCE))

GROUNDS = ["paper", "white", "paper-deep"]
PAIRS = [
    *[(text, ground) for text in ("ink", "ink-soft", "ink-faint") for ground in GROUNDS],
    *[(text, ground) for text in ("pine-700", "pine-800", "pine-900") for ground in GROUNDS],
    *[("ink", ground) for ground in ("marigold-100", "marigold-200", "marigold-400")],
    *[("ink", ground) for ground in ("sky-100", "brick-100", "pine-50", "pine-100")],
    *[
        (text, band)
        for text in ("white", "pine-100", "pine-200")
        for band in ("pine-900", "pine-950")
    ],
    *[(text, cell) for text in ("white", "pine-100") for cell in ("pine-700", "pine-800")],
    ("marigold-800", "marigold-200"),
    ("brick-700", "brick-100"),
    ("brick-700", "white"),
    ("brick-700", "paper"),
    ("sky-700", "sky-100"),
    ("pine-800", "pine-100"),
    ("white", "brick-600"),
    ("white", "brick-700"),
]
SHAPES = [
    *[(edge, ground) for edge in ("line-strong", "pine-600", "brick-600") for ground in GROUNDS],
    ("marigold-400", "ink"),
    ("marigold-400", "pine-900"),
]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(COLORS[first]), luminance(COLORS[second])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shape_can_be_seen(shape, ground):
    assert contrast(shape, ground) >= 3
