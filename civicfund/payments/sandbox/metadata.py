"""Metadata, as every object carries it: https://docs.stripe.com/metadata"""

from __future__ import annotations

from civicfund.payments.sandbox.shapes import Obj


def merge_metadata(obj: Obj, given: Obj | str) -> None:
    """Add and replace keys; an empty value takes its key away, an empty string takes all."""
    if given == "" or isinstance(given, str):
        obj["metadata"] = {}
        return
    merged = obj["metadata"] | given
    obj["metadata"] = {key: value for key, value in merged.items() if value != ""}
