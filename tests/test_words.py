"""What is left of words once nothing hides in them."""

from __future__ import annotations

import pytest

from civicfund.words import one_line, seen

FAMILY = "\U0001f469\u200d\U0001f467"
PERSIAN = "\u0645\u06cc\u200c\u0631\u0648\u0645"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("\u202eegdirb A\u200b", "egdirb A"),
        ("Gro\u00ads", "Gros"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        (FAMILY, FAMILY),
        (PERSIAN, PERSIAN),
        ("\u200d", ""),
        (" \u200b \u2800\u3164 ", ""),
        ("\u0301", ""),
        ("\ufe0f\u200d", ""),
        ("\u263a\ufe0f", "\u263a\ufe0f"),
    ],
)
def test_what_cannot_be_seen_goes_and_what_joins_letters_stays(written, left):
    assert seen(written) == left


def test_a_name_is_one_line():
    assert one_line(" A bench\r\n\r\nhere\t\u200b ") == "A bench here"
    assert one_line("\n\u200b\n") == ""
