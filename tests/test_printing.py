"""The typeface on paper is the site's own."""

from __future__ import annotations

import pytest
from fontTools import ttLib
from fontTools.varLib import instancer

from civicfund.printing import FONTS


@pytest.mark.parametrize("letters", ["latin", "latin-ext"])
@pytest.mark.parametrize("weight", [400, 700])
def test_a_weight_on_paper_is_drawn_from_the_sites_variable_face(tmp_path, letters, weight):
    given = FONTS.parent / f"public-sans-{letters}-wght-normal.woff2"
    drawn = ttLib.TTFont(given, recalcTimestamp=False)
    instancer.instantiateVariableFont(drawn, {"wght": weight}, inplace=True, static=True)
    drawn.flavor = None
    drawn.save(tmp_path / "drawn.ttf")
    kept = FONTS / f"public-sans-{letters}-{weight}.ttf"
    assert kept.read_bytes() == (tmp_path / "drawn.ttf").read_bytes()
