"""Read Stripe's form encoding: ``a[b][c]=1&list[0]=x`` into nested dicts and lists.

https://docs.stripe.com/api (requests are form-encoded); https://docs.stripe.com/api/expanding_objects
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from civicfund.payments.sandbox.errors import invalid
from civicfund.payments.sandbox.shapes import Obj

KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
PART = re.compile(r"\[([^\[\]]*)\]")


def parse_form(text: str) -> Obj:
    """Nested parameters; whether a node is a list or a dict is settled by the parameter's type."""
    tree: Obj = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _plant(tree, _path(name), value)
    return tree


def _path(name: str) -> list[str]:
    match = KEY.match(name)
    if not match:
        raise invalid(f"Invalid parameter name: {name}", param=name, code="parameter_unknown")
    return [match[1], *PART.findall(match[2])]


def _plant(tree: Obj, path: list[str], value: str) -> None:
    node = tree
    for part in path[:-1]:
        child = node.setdefault(_slot(node, part), {})
        if not isinstance(child, dict):
            raise invalid(f"Parameter {path[0]} is given both as a value and as a hash.")
        node = child
    node[_slot(node, path[-1])] = value


def _slot(node: Obj, part: str) -> str:
    """``a[]=x`` takes the next free place."""
    return part or str(len(node))
