"""Tables on their way in and out: whatever frame came in goes out."""

from __future__ import annotations

import datetime
import decimal
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._errors import InputError


def sources(given: Any) -> list[Any]:
    """What was given as a list of paths, dicts of columns, and things that give an Arrow stream."""
    if _is_one(given):
        return [_source(given)]
    if isinstance(given, Iterable):
        listed = list(given)
        if listed and all(isinstance(one, Mapping) for one in listed) and not any(map(_is_columns, listed)):
            return [_records(listed)]
        return [_source(one) for one in listed]
    return [_source(given)]


def _is_one(given: Any) -> bool:
    return isinstance(given, (str, bytes, os.PathLike, Mapping)) or _is_frame(given)


def _is_frame(given: Any) -> bool:
    known = _module(given) in ("pandas", "polars", "pyarrow")
    return known or hasattr(given, "__arrow_c_stream__") or (hasattr(given, "columns") and hasattr(given, "__getitem__"))


def _is_columns(given: Any) -> bool:
    return any(isinstance(cells, Sequence) and not isinstance(cells, str) for cells in given.values())


def _source(one: Any) -> Any:
    if isinstance(one, (str, os.PathLike)):
        return os.fspath(one)
    if isinstance(one, Mapping):
        return _columns(one)
    if _module(one) == "pandas":
        return _of_pandas(one)
    if hasattr(one, "__arrow_c_stream__"):
        return one
    if hasattr(one, "collect") and _module(one) == "polars":
        raise InputError("this is a lazy frame; give its .collect()")
    kind = type(one).__name__
    raise InputError(f"a table is a frame, a dict of columns, a list of records or a path, not {kind}")


def _columns(columns: Mapping[Any, Any]) -> dict[str, Any]:
    names = [str(name) for name in columns]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two columns have the name `{name}`")
    return dict(zip(names, columns.values()))


def _records(records: list[Mapping[Any, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    plain = [{str(name): value for name, value in record.items()} for record in records]
    return {name: [record.get(name) for record in plain] for name in names}


def _of_pandas(frame: Any) -> Any:
    """Through Arrow where that can be had and holds what is there, else column by column."""
    import pandas

    if isinstance(frame, pandas.Series):
        frame = frame.to_frame()
    names = [str(name) for name in frame.columns]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two columns of the frame have the name `{name}`")
    frame = frame.set_axis(names, axis=1)
    # An index that somebody gave a name, or filled with texts, is a column: often that of the models' names.
    index = frame.index
    if index.nlevels > 1 or index.name is not None or index.dtype.kind in "OUT" or str(index.dtype).startswith("str"):
        taken = {name if name is not None else "index" for name in index.names} & set(names)
        frame = frame.reset_index(drop=bool(taken))
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    else:
        frame = frame.reset_index(drop=True)
    try:
        # pandas asks for pyarrow here, which refuses columns of mixed types.
        return _Stream(frame.__arrow_c_stream__())
    except Exception:
        return {name: frame[name] for name in frame.columns}


class _Stream:
    """A stream that is there already: it can be taken once."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._capsule


def cells(name: str, column: Any) -> tuple[str, list[Any]]:
    """The cells of a column as plain texts, numbers or truth values, and which of these they are."""
    if isinstance(column, (str, bytes)) or not isinstance(column, Iterable):
        raise InputError(f"column `{name}` is {column!r}: a column is a list of values")
    numbers = getattr(getattr(column, "dtype", None), "kind", "")
    if numbers in "iuf" and getattr(column, "ndim", 1) == 1 and hasattr(column, "tolist"):
        return "number", [None if value != value else value for value in map(float, _listed(column))]
    plain = [_cell(name, row, value) for row, value in enumerate(_listed(column))]
    kinds = {type(value) for value in plain if value is not None}
    if kinds <= {bool}:
        return ("flag" if kinds else "text"), plain
    if kinds <= {int, float}:
        return "number", [None if value is None else float(value) for value in plain]
    return "text", [None if value is None else _shown(value) for value in plain]


def _listed(column: Any) -> list[Any]:
    if getattr(column, "ndim", 1) != 1:
        raise InputError("a column has one dimension")
    tolist = getattr(column, "tolist", None)
    return list(tolist()) if callable(tolist) else list(column)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _cell(name: str, row: int, value: Any) -> Any:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 0) == 0:
        value = item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, (float, decimal.Decimal)):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None and value.utcoffset() != datetime.timedelta(0):
            raise InputError(
                f"column `{name}`, row {row}: {value.isoformat()} has a time zone, and the month may be another one in "
                "another zone; make it a date without one"
            )
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # What is not asked for may hold anything; what is asked for shows what it is.
    return f"{type(value).__name__} {value!r}"


def _module(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def like(given: Any) -> str | None:
    """The library whose frames came in."""
    listed = given if isinstance(given, (list, tuple)) else [given]
    for one in listed:
        if _module(one) in ("pandas", "polars", "pyarrow"):
            return _module(one)
    return None


def given_out(frame: Any, library: str | None) -> Any:
    """A frame of onset as one of `library`; where none is named, of the one that is in use, else onset's own."""
    if library is None:
        library = next((name for name in ("pandas", "polars") if name in sys.modules), "onset")
    if library == "polars":
        import polars

        return polars.DataFrame(frame)
    if library == "pandas":
        import pandas

        kinds = {"number": "float64", "whole": "Int64", "text": "object", "flag": "boolean"}
        columns = {
            name: pandas.Series(frame[name], dtype=kinds[kind]) for name, kind in zip(frame.columns, frame.kinds)
        }
        return pandas.DataFrame(columns)
    if library == "pyarrow":
        import pyarrow

        return pyarrow.table(frame)
    if library == "onset":
        return frame
    raise InputError(f"frames of `{library}` are not known: there are pandas, polars, pyarrow and onset")
