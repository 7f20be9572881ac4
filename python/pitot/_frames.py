"""Frames of runs, column by column, as what a dataset is made of."""

from __future__ import annotations

import ctypes
from typing import Any, List, Optional, Tuple

import numpy as np

from . import _features, _tables
from . import _native as native
from ._arrow import Coded, Lists
from ._buffers import CombinationsBuffer, SideBuffer, row_numbers
from ._errors import InputError, UsageError
from ._native import Handle

MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6, "min": 6e7, "h": 3.6e9}


def _column(table: _tables.Table, name: str) -> Any:
    if name not in table.columns:
        raise UsageError(f"the frame has no column '{name}'; it has {', '.join(map(repr, table.columns)) or 'none'}")
    return table.columns[name]


def names_of(table: _tables.Table, name: str) -> Coded:
    column = _tables.coded(_column(table, name), f"column '{name}'")
    if (column.codes < 0).any():
        raise InputError(f"column '{name}', row {int(np.argmax(column.codes < 0))} (counted from 0) is empty")
    return column


def runtimes(table: _tables.Table, name: Optional[str], unit: Optional[str]) -> "np.ndarray[Any, Any]":
    if name is None:
        found = [f"runtime_{u}" for u in MICROSECONDS if f"runtime_{u}" in table.columns]
        found += [n for n in ("runtime",) if n in table.columns]
        if len(found) != 1:
            raise UsageError(
                f"the frame has {' and '.join(map(repr, found)) or 'no column runtime_us, runtime_ms, …'}; say "
                "runtime='COLUMN'"
            )
        name = found[0]
    ending = name.rsplit("_", 1)[-1]
    said = ending if "_" in name and ending in MICROSECONDS else None
    if unit is not None and unit not in MICROSECONDS:
        raise UsageError(f"unit is {unit!r}; give one of {', '.join(MICROSECONDS)}")
    if unit is None and said is None:
        raise UsageError(f"nothing says the unit of column '{name}'; say unit='us', 'ms', …")
    if unit is not None and said is not None and unit != said:
        raise UsageError(f"column '{name}' is in {said}, which unit={unit!r} contradicts")
    values = _tables.numbers(_column(table, name), f"column '{name}'")
    if np.isnan(values).any():
        raise InputError(f"column '{name}', row {int(np.argmax(np.isnan(values)))} (counted from 0) is empty")
    factor = MICROSECONDS[str(unit or said)]
    if factor == 1.0:
        return values
    # Divided where the factor is no whole number, for that is exact to the last bit.
    return values / 1e3 if factor == 1e-3 else values * factor


def row_names(names: Any, what: str) -> List[str]:
    """Names of rows in a list of texts."""
    if isinstance(names, (str, bytes)):
        raise UsageError(f"{what} is one text; give a list of names")
    cells = list(_tables.plain(_tables.column_of(names)))
    for row, cell in enumerate(cells):
        if not isinstance(cell, str):
            raise InputError(f"{what}, row {row} (counted from 0) holds {cell!r}; names are texts")
    return [str(cell) for cell in cells]


def rows_of_sides(values: Any, what: str) -> "np.ndarray[Any, Any]":
    """Row numbers, of which none may be missing."""
    if isinstance(values, np.ma.MaskedArray):
        mask = _tables.mask_of(values)
        if mask.any():
            row = int(np.argmax(mask))
            raise InputError(f"{what}, row {row} (counted from 0) is empty")
        values = values.data
    try:
        return row_numbers(values, what)
    except UsageError:
        raise
    except ValueError:  # NumPy's, of lists of different lengths
        raise UsageError(f"{what} has rows of different lengths; give a row number a run") from None


def rows_beside(values: Any, rows: int) -> "np.ndarray[Any, Any]":
    """Row numbers of co-runners, rows × width; -1 and masked ones are none."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.where(_tables.mask_of(values), -1, values.data)
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.zeros(0, dtype=object)
    if array.dtype.kind == "O" and not isinstance(values, np.ndarray):
        raise UsageError("with_ has rows of different lengths, or no row numbers; fill them up with -1 to one width")
    beside = row_numbers(array, "with_")
    if beside.ndim not in (1, 2):
        raise UsageError(f"with_ has {beside.ndim} dimensions; give one row number of a co-runner a run, or rows × width")
    if beside.shape[0] != rows:
        raise UsageError(f"with_ has {beside.shape[0]} rows where there are {rows}")
    return beside.reshape(-1, 1) if beside.ndim == 1 else beside


def joined(
    modules: Coded, lists: Optional[Lists]
) -> "Tuple[List[str], np.ndarray[Any, Any], Optional[np.ndarray[Any, Any]]]":
    """Modules and co-runners under one numbering, in the order in which their rows name them."""
    if lists is None:
        return modules.texts, modules.codes, None
    index = {text: code for code, text in enumerate(modules.texts)}
    other = np.array([index.setdefault(text, len(index)) for text in lists.values.texts] + [-1], dtype=np.int64)
    beside = other[lists.values.codes]
    counts = np.diff(lists.offsets)
    rows = np.repeat(np.arange(len(counts)), counts)
    width = int(counts.max()) + 1 if len(counts) else 1
    first = np.full(len(index), np.iinfo(np.int64).max)
    np.minimum.at(first, modules.codes, np.arange(len(modules.codes)) * width)
    present = beside >= 0
    place = rows * width + np.arange(len(beside)) - lists.offsets[rows] + 1
    np.minimum.at(first, beside[present], place[present])
    order = np.argsort(first, kind="stable")
    number = np.empty(len(order) + 1, dtype=np.int64)
    number[order] = np.arange(len(order))
    number[-1] = -1
    texts = list(index)
    return [texts[code] for code in order], number[modules.codes], row_numbers(number[beside], "with")


def side_buffer(side: str, names: List[str], features: Any, counts: Optional[bool]) -> SideBuffer:
    if features is None:
        return SideBuffer(names)
    table = _features.side_table(features, side, counts)
    at = {name: row for row, name in enumerate(table.names)}
    lacking = [name for name in names if name not in at]
    if lacking:
        raise InputError(f"{side} '{lacking[0]}' has no row in the {side} features; add it")
    names = names + [name for name in table.names if name not in set(names)]
    return SideBuffer(names, table.feature_names, table.features[[at[name] for name in names]])


def from_columns(
    platforms: SideBuffer,
    modules: SideBuffer,
    platform: "np.ndarray[Any, Any]",
    module: "np.ndarray[Any, Any]",
    co_runners: "Optional[np.ndarray[Any, Any]]",
    offsets: "Optional[np.ndarray[Any, Any]]",
    runtime_us: "np.ndarray[Any, Any]",
) -> Handle:
    rows = CombinationsBuffer(platform, module, co_runners, offsets)
    return native.make(
        "dataset",
        "pitot_dataset_from_columns",
        ctypes.byref(platforms.struct),
        ctypes.byref(modules.struct),
        ctypes.byref(rows.struct),
        native.pointer_to(runtime_us, ctypes.c_double),
    )
