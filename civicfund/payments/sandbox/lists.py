"""Pages of objects: https://docs.stripe.com/api/pagination"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from itertools import islice

from civicfund.payments.sandbox.errors import invalid, missing
from civicfund.payments.sandbox.shapes import Obj, shown

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def page(objects: Iterable[Obj], params: Obj, url: str) -> Obj:
    """One page of objects that come newest first."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("limit must be between 1 and 100.", param="limit")
    wanted = (obj for obj in objects if _created_within(obj, params.get("created")))
    start, end = params.get("starting_after"), params.get("ending_before")
    if start and end:
        raise invalid("Give starting_after or ending_before, not both.", param="starting_after")
    if end:
        before = list(_until(wanted, end))
        more, chosen = len(before) > limit, before[-limit:]
    else:
        rest = _after(wanted, start) if start else wanted
        chosen = list(islice(rest, limit + 1))  # one too many tells whether there are more
        more, chosen = len(chosen) > limit, chosen[:limit]
    data = [shown(obj) for obj in chosen]
    return {"object": "list", "data": data, "has_more": more, "url": url}


def _after(objects: Iterator[Obj], identifier: str) -> Iterator[Obj]:
    for obj in objects:
        if obj["id"] == identifier:
            return objects
    raise missing("object", identifier, param="starting_after")


def _until(objects: Iterator[Obj], identifier: str) -> Iterator[Obj]:
    for obj in objects:
        if obj["id"] == identifier:
            return
        yield obj
    raise missing("object", identifier, param="ending_before")


def _created_within(obj: Obj, bounds: Obj | int | None) -> bool:
    if bounds is None:
        return True
    at: int = obj["created"]
    if isinstance(bounds, int):
        return at == bounds
    return all(COMPARE[name](at, bound) for name, bound in bounds.items())
