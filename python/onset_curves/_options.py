"""Keywords of Python as options of the program: the program's own reader reads them, so nothing is defaulted here."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import InputError


def texts(subcommand: str, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The keywords that are not None, as names and texts of options."""
    from . import _core

    known = {name: (value is not None, repeats) for name, value, repeats, _, _ in _core.options(subcommand)}
    found: dict[str, list[str]] = {}
    for keyword, value in given.items():
        if value is None:
            continue
        name = keyword.replace("_", "-")
        takes_value, repeats = known[name]
        if not takes_value:
            if not isinstance(value, bool):
                raise InputError(f"{keyword} is True or False, not {value!r}")
            if value:
                found[name] = []
            continue
        if isinstance(value, Mapping):
            value = [f"{key}={_text(keyword, one)}" for key, one in value.items()]
        if not isinstance(value, (str, bytes, os.PathLike)) and isinstance(value, Iterable):
            values = [_text(keyword, one) for one in value]
            if not repeats and len(values) != 1:
                raise InputError(f"{keyword} takes one value, not {len(values)}")
        else:
            values = [_text(keyword, value)]
        if values:
            found[name] = values
    return found


def _text(keyword: str, value: Any) -> str:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 0) == 0:
        value = item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise InputError(f"{keyword} cannot be {value!r}: write a number or a text")
