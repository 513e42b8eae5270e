"""Check parameters against the types that the Stripe SDK itself ships.

Stripe refuses what it does not know (https://docs.stripe.com/error-codes#parameter-unknown). The
SDK's TypedDicts are generated from Stripe's OpenAPI description, so they say what Stripe knows in
the pinned version of its API, down to nested hashes and enumerations.
"""

from __future__ import annotations

import functools
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from civicfund.payments.sandbox.errors import ApiError, invalid
from civicfund.payments.sandbox.shapes import Obj

INTEGER = re.compile(r"-?[0-9]{1,18}")
CLIENT_OPTIONS = frozenset(RequestOptions.__annotations__)
Check = Callable[[Any, str], Any]


def check_params(params_type: type, given: Obj, *, extra: Mapping[str, type] | None = None) -> Obj:
    """The parameters with their values read as the type says (integers, booleans, lists).

    ``extra`` names parameters that only browsers send and the SDK's types therefore lack.
    """
    fields = _fields(params_type)
    if extra:
        fields = fields | {name: (_check_of(hint), False) for name, hint in extra.items()}
    return _check_hash(fields, given, "")


@functools.cache
def _fields(params_type: type) -> dict[str, tuple[Check, bool]]:
    """Each parameter's check, and whether it is required."""
    bare = {
        name: hint
        for name, hint in params_type.__annotations__.items()
        if name not in CLIENT_OPTIONS
    }
    holder = types.SimpleNamespace(__annotations__=bare)
    known = vars(sys.modules[params_type.__module__])
    hints = typing.get_type_hints(holder, globalns=dict(known))
    required: frozenset[str] = getattr(params_type, "__required_keys__", frozenset())
    return {name: (_check_of(hint), name in required) for name, hint in hints.items()}


def _check_hash(fields: Mapping[str, tuple[Check, bool]], given: Any, where: str) -> Obj:
    if not isinstance(given, dict):
        raise invalid(f"Invalid hash: {where}", param=where, code="parameter_invalid_hash")
    for name in given:
        if name not in fields:
            raise invalid(
                f"Received unknown parameter: {_inside(where, name)}",
                param=_inside(where, name),
                code="parameter_unknown",
            )
    for name, (_, required) in fields.items():
        if required and name not in given:
            raise invalid(
                f"Missing required param: {_inside(where, name)}.",
                param=_inside(where, name),
                code="parameter_missing",
            )
    return {name: fields[name][0](value, _inside(where, name)) for name, value in given.items()}


def _inside(where: str, name: str) -> str:
    return f"{where}[{name}]" if where else name


def _check_of(hint: Any) -> Check:
    """The function that reads one value of this type."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _any_of(typing.get_args(hint))
    if origin is typing.Literal:
        return functools.partial(_literal, typing.get_args(hint))
    if origin is list:
        return functools.partial(_list, _check_of(typing.get_args(hint)[0]))
    if origin is dict:
        return _mapping
    if origin is UntypedStripeObject:
        return _mapping
    if hasattr(hint, "__required_keys__"):  # a TypedDict, whichever module it was made with
        return functools.partial(_nested, hint)
    return SIMPLE[hint]


def _any_of(hints: tuple[Any, ...]) -> Check:
    """A union. ``Literal[…] | str`` is Stripe's open enumeration: its listed words are the rule."""
    named = [h for h in hints if typing.get_origin(h) is typing.Literal]
    words = [word for h in named for word in typing.get_args(h)]
    others = [h for h in hints if h not in named]
    if any(word != "" for word in words):
        others = [h for h in others if h is not str]
    checks = [_check_of(h) for h in others]
    if words:
        checks.insert(0, functools.partial(_literal, tuple(words)))

    def check(value: Any, where: str) -> Any:
        errors: list[ApiError] = []
        for one in checks:
            try:
                return one(value, where)
            except ApiError as error:
                errors.append(error)
        raise errors[-1] if isinstance(value, dict) else errors[0]

    return check


def _literal(words: tuple[Any, ...], value: Any, where: str) -> Any:
    if value not in words:
        listed = ", ".join(str(word) for word in words if word != "")
        raise invalid(f"Invalid {where}: must be one of {listed}", param=where)
    return value


def _list(check: Check, value: Any, where: str) -> list[Any]:
    if not isinstance(value, dict | list):
        raise invalid(f"Invalid array: {where}", param=where, code="parameter_invalid_array")
    items = value.values() if isinstance(value, dict) else value
    return [check(item, f"{where}[{n}]") for n, item in enumerate(items)]


def _nested(params_type: type, value: Any, where: str) -> Obj:
    return _check_hash(_fields(params_type), value, where)


def _mapping(value: Any, where: str) -> dict[str, str]:
    """Metadata and its like: any keys, text values (https://docs.stripe.com/metadata)."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid(f"Invalid hash: {where}", param=where, code="parameter_invalid_hash")
    if len(value) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in value.items()):
        raise invalid(f"{where} holds at most 50 keys of 40 and values of 500 characters.")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {where}", param=where, code="parameter_invalid_string")
    return value


def _integer(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not INTEGER.fullmatch(_text(value, where)):
        raise invalid(f"Invalid integer: {value}", param=where, code="parameter_invalid_integer")
    return int(value)


def _boolean(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=where)
    return bool(value == "true")


SIMPLE: dict[Any, Check] = {str: _text, int: _integer, bool: _boolean}
