"""What a model is asked: combinations of names or row numbers, broadcast to one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import _tables
from ._arrow import Coded, Lists
from ._buffers import CombinationsBuffer, row_numbers
from ._errors import InputError, UsageError

#: Row numbers of names on a side.
Finder = Callable[[List[str]], "np.ndarray[Any, Any]"]


class Query:
    """Combinations in the order in which a model is asked, and the shape of its answers."""

    __slots__ = ("shape", "platform", "module", "co_runners", "offsets")

    def __init__(
        self,
        shape: Tuple[int, ...],
        platform: "np.ndarray[Any, Any]",
        module: "np.ndarray[Any, Any]",
        co_runners: "Optional[np.ndarray[Any, Any]]" = None,
        offsets: "Optional[np.ndarray[Any, Any]]" = None,
    ) -> None:
        self.shape = shape
        self.platform = platform
        self.module = module
        self.co_runners = co_runners
        self.offsets = offsets

    @property
    def rows(self) -> int:
        """How many combinations there are."""
        return int(self.platform.size)

    def buffer(self) -> CombinationsBuffer:
        """The same for the library."""
        as_given = (None if rows is None else rows.astype(np.int32, copy=False) for rows in self._row_numbers())
        platform, module, co_runners = as_given
        assert platform is not None and module is not None
        return CombinationsBuffer(platform, module, co_runners, self.offsets)

    def _row_numbers(self) -> "Tuple[Optional[np.ndarray[Any, Any]], ...]":
        return self.platform, self.module, self.co_runners

    def keep(self, platforms: int, modules: int) -> None:
        """Copies row numbers, which may lie in arrays of the caller's, in as few bytes as so many rows need: what is
        asked later is of what was asked first."""
        self.platform = self.platform.astype(_least_type(platforms))
        self.module = self.module.astype(_least_type(modules))
        if self.co_runners is not None:
            self.co_runners = self.co_runners.astype(_least_type(modules))

    def with_names(self, modules: "Tuple[str, ...]") -> "Optional[np.ndarray[Any, Any]]":
        """Names of co-runners, ``a;b`` a row, or None if every row is alone."""
        if self.co_runners is None:
            return None
        if self.offsets is None:
            return _tables.joined_names(modules, self.co_runners)
        lists = [self.co_runners[a:b] for a, b in zip(self.offsets[:-1], self.offsets[1:])]
        cells = [_tables.SEPARATOR.join(modules[number] for number in row if number >= 0) for row in lists]
        return np.array(cells, dtype=object)


def _least_type(rows: int) -> Any:
    return np.int8 if rows <= 1 << 7 else np.int16 if rows <= 1 << 15 else np.int32


def side_rows(value: Any, find: Finder, what: str) -> "np.ndarray[Any, Any]":
    """Row numbers of what a caller gave for a side: names or numbers, one or an array of any shape."""
    if isinstance(value, str):
        return find([value]).reshape(())
    column = value = _tables.unmasked(value) if isinstance(value, np.ma.MaskedArray) else value
    if isinstance(value, (list, tuple)):
        column = np.asarray(value)
        if column.dtype.kind == "U" and not all(isinstance(one, str) for one in value):
            column = _texts_or_missing(value, column, what)
    elif not isinstance(value, (np.ndarray, Coded)):
        column = _tables.column_of(value)
    if isinstance(column, Coded):
        return _rows_of_names(column, find, what)
    array = np.asarray(column)
    if array.size == 0:
        array = array.astype(np.int32)
    if array.dtype.kind in "iu":
        return row_numbers(array, what) if array.ndim else row_numbers(array.reshape(1), what).reshape(())
    if array.dtype.kind not in "UOT":
        raise UsageError(f"{what} holds {array.dtype.name}; give names, or row numbers as integers")
    return _rows_of_names(_tables.coded(array.ravel(), what), find, what).reshape(array.shape)


def _texts_or_missing(value: Any, array: "np.ndarray[Any, Any]", what: str) -> "np.ndarray[Any, Any]":
    """NumPy makes texts of numbers that stand among texts, and "nan" of a name that is missing."""
    if array.ndim > 1:
        return array
    for row, one in enumerate(value):
        if not isinstance(one, str) and not _tables.is_missing(one):
            raise UsageError(f"{what}, row {row} (counted from 0) is {one!r}; give names, or row numbers, and not both")
    cells = np.empty(len(value), dtype=object)
    cells[:] = list(value)
    return cells


def _rows_of_names(column: Coded, find: Finder, what: str) -> "np.ndarray[Any, Any]":
    column = _tables.coded(column, what)
    if (column.codes < 0).any():
        raise InputError(f"{what}, row {int(np.argmax(column.codes < 0))} (counted from 0) is empty")
    if not column.texts:
        return np.zeros(0, dtype=np.int32)
    rows: "np.ndarray[Any, Any]" = find(column.texts)[column.codes]
    return rows


def query_of(platform: Any, module: Any, with_: Any, platforms: Finder, modules: Finder) -> Query:
    """Broadcasts platforms against modules, and puts co-runners beside them."""
    p, m = side_rows(platform, platforms, "platform"), side_rows(module, modules, "module")
    try:
        shape = np.broadcast_shapes(p.shape, m.shape)
    except ValueError:
        raise UsageError(f"platform is of shape {p.shape} and module of {m.shape}, which do not go together") from None
    query = Query(shape, _spread(p, shape), _spread(m, shape))
    if with_ is not None:
        _add_co_runners(query, with_, modules)
    return query


def _spread(rows: "np.ndarray[Any, Any]", shape: Tuple[int, ...]) -> "np.ndarray[Any, Any]":
    if rows.shape != shape:
        rows = np.broadcast_to(rows, shape)
    return np.ascontiguousarray(rows, dtype=np.int32).reshape(-1)


def _add_co_runners(query: Query, with_: Any, modules: Finder) -> None:
    could_be_cells = isinstance(with_, (list, tuple)) and len(query.shape) == 1 and len(with_) == query.rows > 1
    if isinstance(with_, str):
        with_ = [part for part in (p.strip() for p in with_.split(_tables.SEPARATOR)) if part]
    if isinstance(with_, (int, np.integer)) and not isinstance(with_, bool):
        with_ = [with_]
    if isinstance(with_, (list, tuple)) and all(isinstance(one, (str, int, np.integer)) for one in with_):
        if could_be_cells:
            raise UsageError(
                f"with_ is a list of {len(with_)} where there are as many rows: give 'a;b' for all of them beside every "
                "row, or an array or a list of lists for a cell a row"
            )
        if with_:  # the same ones beside every row
            beside = side_rows(list(with_), modules, "with_").reshape(1, -1)
            query.co_runners = np.ascontiguousarray(np.broadcast_to(beside, (query.rows, beside.size)))
        return
    column = with_ if isinstance(with_, np.ndarray) else _tables.column_of(with_)
    array = column if isinstance(column, (Coded, Lists)) else np.asarray(column)
    if isinstance(array, np.ndarray) and array.dtype.kind in "iu":
        _add_numbers(query, array)
        return
    if isinstance(array, np.ndarray):
        if array.ndim == len(query.shape) + 1 and array.shape[:-1] == query.shape:
            cells = np.empty(query.rows, dtype=object)
            cells[:] = [[n for n in row if n and not _tables.is_missing(n)] for row in array.reshape(query.rows, -1)]
            array = cells
        elif array.shape != query.shape:
            raise UsageError(f"with_ is of shape {array.shape} where answers are of {query.shape}")
        array = array.ravel()
    lists = _tables.co_runners([array], "with_")
    add_lists(query, lists, modules)


def _add_numbers(query: Query, array: "np.ndarray[Any, Any]") -> None:
    if array.shape == query.shape:
        array = array.reshape(*array.shape, 1)
    if array.shape[:-1] != query.shape:
        raise UsageError(f"with_ is of shape {array.shape}; give {query.shape}, or that and a width: -1 is none")
    if array.shape[-1]:
        query.co_runners = row_numbers(array, "with_").reshape(query.rows, array.shape[-1])


def add_lists(query: Query, lists: Lists, modules: Finder) -> None:
    """Puts lists of names beside a query's rows."""
    if len(lists.offsets) != query.rows + 1:
        raise UsageError(f"with_ has {len(lists.offsets) - 1} rows where there are {query.rows}")
    if lists.offsets[-1] == 0:
        return
    query.co_runners = _rows_of_names(lists.values, modules, "with_")
    query.offsets = np.ascontiguousarray(lists.offsets, dtype=np.int64)


def query_of_frame(
    frame: Any, platforms: Finder, modules: Finder, names: "Mapping[str, str]"
) -> "Tuple[Query, Dict[str, Any], Any]":
    """The combinations of a frame's rows.

    Parameters
    ----------
    frame
        With columns of platforms and modules, and of co-runners if there are.
    platforms, modules
        Find row numbers.
    names
        What the columns are called: "platform", "module", and "with".

    Returns
    -------
    tuple
        The query, the columns for a frame of answers, and the labels of its rows.
    """
    table = _tables.table_of(frame)
    columns = {}
    rows = []
    for side, find in (("platform", platforms), ("module", modules)):
        column = table.columns.get(names[side])
        if column is None:
            raise UsageError(f"the frame has no column '{names[side]}'; it has {', '.join(map(repr, table.columns))}")
        what = f"column '{names[side]}'"
        if not isinstance(column, Coded) and np.asarray(column).dtype.kind in "iufb" and table.rows:
            raise InputError(
                f"{what} holds {np.asarray(column).dtype.name}; names are texts: cast them, or give row numbers as arrays"
            )
        rows.append(side_rows(column, find, what))
        columns[names[side]] = _tables.plain(column)
    query = Query((table.rows,), rows[0], rows[1])
    beside = _tables.with_columns(table, names.get("with"))
    if beside:
        lists = _tables.co_runners([table.columns[name] for name in beside], f"column '{beside[0]}'")
        add_lists(query, lists, modules)
        for name in beside:
            columns[name] = _tables.plain(table.columns[name])
    return query, columns, table.labels
