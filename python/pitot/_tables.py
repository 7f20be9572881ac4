"""Frames of any kind as columns of NumPy arrays, and back."""

from __future__ import annotations

import datetime
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Union

import numpy as np

from . import _arrow
from ._arrow import Coded, Lists
from ._errors import InputError, PitotWarning, UsageError

if TYPE_CHECKING:
    _Columns = Mapping[str, Any]
else:
    _Columns = Mapping

#: What separates modules in a cell of co-runners.
SEPARATOR = ";"


@dataclass
class Table:
    """Columns by name, all of as many rows."""

    columns: "Mapping[str, Any]"
    rows: int
    source: Any  # the frame that it was made of
    index: Optional[List[str]] = None  # names of rows, where the frame has some
    labels: Any = field(default=None)  # the index of a pandas frame


def warn(message: str) -> None:
    """Warns at the line that called this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and (frame.f_globals.get("__name__", "") + ".").startswith("pitot."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, PitotWarning, stacklevel=level)


def _pandas() -> Any:
    return sys.modules.get("pandas")


def is_pandas(frame: Any) -> bool:
    """Whether it is a DataFrame of pandas."""
    pandas = _pandas()
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def is_frame(value: Any) -> bool:
    """Whether it is a table: of pandas, of Arrow, or a mapping of columns."""
    return is_pandas(value) or isinstance(value, Mapping) or (_arrow.is_arrow(value) and hasattr(value, "columns"))


def is_table(value: Any) -> bool:
    """The same, and Arrow streams that do not tell their columns beforehand."""
    return is_frame(value) or _arrow.is_arrow(value)


def table_of(frame: Any) -> Table:
    """Takes a frame apart.

    Parameters
    ----------
    frame
        A pandas DataFrame, an object with ``__arrow_c_stream__`` or a mapping of names to arrays.
    """
    if is_pandas(frame):
        return _of_pandas(frame)
    if isinstance(frame, Mapping):
        return _of_mapping(frame)
    if _arrow.is_arrow(frame):
        columns = _arrow.read(frame)
        return Table(columns, _arrow.shape_of(columns)[0], frame)
    raise UsageError(
        f"a {type(frame).__name__} is no table that is known here; give a pandas DataFrame, a table of Polars, Arrow or "
        "DuckDB, or a dict of columns"
    )


class _PandasColumns(_Columns):
    """The columns of a pandas frame, converted when they are asked for."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._positions: Dict[str, int] = {}
        self._converted: Dict[str, Any] = {}
        for position, name in enumerate(frame.columns):
            if str(name) in self._positions:
                raise InputError(f"the frame has two columns of the name '{name}'; rename one")
            self._positions[str(name)] = position

    def __getitem__(self, name: str) -> Any:
        if name not in self._converted:
            self._converted[name] = _pandas_column(_pandas(), self._frame.iloc[:, self._positions[name]])
        return self._converted[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)


def _of_pandas(frame: Any) -> Table:
    index: Optional[List[str]] = None
    if frame.index.nlevels == 1 and len(frame.index) > 0 and all(isinstance(name, str) for name in frame.index):
        index = [str(name) for name in frame.index]
    return Table(_PandasColumns(frame), len(frame), frame, index, frame.index)


def _pandas_column(pandas: Any, series: Any) -> Any:
    if isinstance(series.dtype, pandas.CategoricalDtype):
        texts = list(series.cat.categories)
        if all(isinstance(text, str) for text in texts):
            return Coded(np.asarray(series.cat.codes, dtype=np.int64), texts)
        return np.asarray(series, dtype=object)
    types = pandas.api.types
    if not types.is_extension_array_dtype(series.dtype) or not hasattr(series.dtype, "numpy_dtype"):
        return np.asarray(series)
    if types.is_bool_dtype(series.dtype):  # of the same kind with and without gaps
        return series.to_numpy(dtype=object, na_value=None) if series.isna().any() else series.to_numpy(dtype=bool)
    if types.is_numeric_dtype(series.dtype):
        return (
            series.to_numpy(dtype=np.float64, na_value=np.nan)
            if series.isna().any()
            else series.to_numpy(dtype=series.dtype.numpy_dtype)
        )
    return series.to_numpy()


def _of_mapping(frame: "Mapping[Any, Any]") -> Table:
    columns: Dict[str, Any] = {}
    rows: Optional[int] = None
    for name, value in frame.items():
        column = _array(value)
        if column.ndim != 1:
            raise UsageError(f"column '{name}' has {column.ndim} dimensions; columns have one")
        if rows is not None and len(column) != rows:
            raise UsageError(f"column '{name}' has {len(column)} rows where the ones before it have {rows}")
        rows = len(column)
        columns[str(name)] = column
    return Table(columns, rows or 0, frame)


def mask_of(array: Any) -> "np.ndarray[Any, Any]":
    """Which cells of a masked array are masked."""
    return np.broadcast_to(array.mask, array.shape)


def unmasked(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """An array without a mask: masked numbers are NaN, and other masked cells are None."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    data: "np.ndarray[Any, Any]" = np.asarray(array.data)
    mask = mask_of(array)
    if not mask.any() or data.dtype.kind in "mM":
        return data
    data = data.astype(np.float64 if data.dtype.kind in "iuf" else object)
    data[mask] = np.nan if data.dtype.kind == "f" else None
    return data


def _array(value: Any) -> "np.ndarray[Any, Any]":
    if isinstance(value, np.ndarray):
        return unmasked(value)
    if isinstance(value, (list, tuple)) and any(not isinstance(cell, (int, float, np.number)) for cell in value):
        cells = np.empty(len(value), dtype=object)
        cells[:] = value if not any(isinstance(cell, (list, tuple)) for cell in value) else [*map(_same, value)]
        return cells
    return np.asarray(value)


def _same(cell: Any) -> Any:
    return tuple(cell) if isinstance(cell, list) else cell


def is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN or pandas' NA."""
    if cell is None:
        return True
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    return type(cell).__name__ in ("NAType", "NaTType")


def coded(column: Any, what: str) -> Coded:
    """A column of names: numbers, and the texts that they number, in the order in which they come. -1 is none.

    Parameters
    ----------
    column
        An array or `Coded`.
    what
        What messages call it.
    """
    if isinstance(column, Coded):
        return _in_order(column)
    if isinstance(column, Lists):
        raise InputError(f"{what} holds lists; names are texts")
    array = unmasked(np.asanyarray(column))
    if len(array) == 0:
        return Coded(np.zeros(0, dtype=np.int64), [])
    if array.dtype.kind == "T":  # the strings of NumPy 2
        array = array.astype(object)
    if array.dtype.kind == "U":
        texts, codes = np.unique(array, return_inverse=True)
        return _in_order(Coded(codes.astype(np.int64), [str(text) for text in texts]))
    if array.dtype.kind != "O":
        raise InputError(f"{what} holds {array.dtype.name}; names are texts (numbers as names: cast them to texts)")
    index: Dict[str, int] = {}
    codes = np.empty(len(array), dtype=np.int64)
    for row, cell in enumerate(array):
        if isinstance(cell, str):
            codes[row] = index.setdefault(cell, len(index))
        elif is_missing(cell):
            codes[row] = -1
        else:
            raise InputError(f"{what}, row {row} (counted from 0) holds {cell!r}; names are texts")
    return Coded(codes, list(index))


def _in_order(column: Coded) -> Coded:
    """Texts that occur, in the order in which they do."""
    used, first = np.unique(column.codes, return_index=True)
    first = first[used >= 0]
    used = used[used >= 0][np.argsort(first, kind="stable")]
    if len(used) == len(column.texts) and np.array_equal(used, np.arange(len(used))):
        return column
    table = np.full(len(column.texts) + 1, -1, dtype=np.int64)
    table[used] = np.arange(len(used))
    return Coded(table[column.codes], [column.texts[code] for code in used])


def co_runners(columns: Sequence[Any], what: str) -> Lists:
    """Lists of names a row: of one column of texts (``a;b``) or lists, or of several of one name each."""
    parts = [_one_co_runner_column(column, what) for column in columns]
    if len(parts) == 1:
        return parts[0]
    rows = len(parts[0].offsets) - 1
    index: Dict[str, int] = {}
    codes: List[int] = []
    offsets = np.zeros(rows + 1, dtype=np.int64)
    for row in range(rows):
        for part in parts:
            for code in part.values.codes[part.offsets[row] : part.offsets[row + 1]]:
                codes.append(index.setdefault(part.values.texts[code], len(index)))
        offsets[row + 1] = len(codes)
    return Lists(offsets, Coded(np.array(codes, dtype=np.int64), list(index)))


def _split(cell: str) -> List[str]:
    return [name for name in (part.strip() for part in cell.split(SEPARATOR)) if name]


def _one_co_runner_column(column: Any, what: str) -> Lists:
    if isinstance(column, Lists):
        return column
    if not isinstance(column, Coded):
        array = unmasked(np.asanyarray(column))
        if array.dtype.kind == "f" and np.isnan(array).all():
            return Lists(np.zeros(len(array) + 1, dtype=np.int64), Coded(np.zeros(0, dtype=np.int64), []))
        if array.dtype.kind == "O" and any(isinstance(cell, (list, tuple, np.ndarray)) for cell in array):
            return _lists_of_cells(array, what)
        column = coded(array, what)
    lists = [_split(text) for text in column.texts] + [[]]  # the last is where -1 leads
    index: Dict[str, int] = {}
    numbered = [[index.setdefault(name, len(index)) for name in names] for names in lists]
    counts = np.array([len(names) for names in numbered], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts[column.codes])]).astype(np.int64)
    codes = [code for row in column.codes.tolist() for code in numbered[row]]
    return Lists(offsets, Coded(np.array(codes, dtype=np.int64), list(index)))


def _lists_of_cells(array: "np.ndarray[Any, Any]", what: str) -> Lists:
    index: Dict[str, int] = {}
    codes: List[int] = []
    offsets = np.zeros(len(array) + 1, dtype=np.int64)
    for row, cell in enumerate(array):
        names = [] if is_missing(cell) else _split(cell) if isinstance(cell, str) else list(cell)
        for name in names:
            if not isinstance(name, str):
                raise InputError(f"{what}, row {row} (counted from 0) lists {name!r}; names are texts")
            codes.append(index.setdefault(name, len(index)))
        offsets[row + 1] = len(codes)
    return Lists(offsets, Coded(np.array(codes, dtype=np.int64), list(index)))


def _number(cell: Any) -> float:
    if isinstance(cell, (np.timedelta64, np.datetime64, datetime.timedelta, datetime.date)):
        raise TypeError("a time is no number")
    return float(cell)


def numbers(column: Any, what: str) -> "np.ndarray[Any, Any]":
    """A column of numbers as float64, without a copy where it is that already."""
    if isinstance(column, (Coded, Lists)):
        if (len(column.codes) if isinstance(column, Coded) else len(column.offsets) - 1) == 0:
            return np.zeros(0)
        raise InputError(f"{what} holds texts or lists where numbers are wanted")
    array = unmasked(np.asanyarray(column))
    if array.size == 0:
        return np.zeros(array.shape)
    if array.dtype.kind == "O":
        try:
            values = [np.nan if is_missing(cell) else _number(cell) for cell in array.ravel()]
        except (TypeError, ValueError):
            raise InputError(f"{what} holds something that is no number") from None
        return np.array(values, dtype=np.float64).reshape(array.shape)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{what} holds {array.dtype.name} where numbers are wanted")
    return np.ascontiguousarray(array, dtype=np.float64)


def column_of(value: Any) -> Any:
    """A single column: a Series of pandas, a column of Arrow or Polars, a list, an array."""
    pandas = _pandas()
    if pandas is not None and isinstance(value, pandas.Series):
        return _pandas_column(pandas, value)
    if pandas is not None and isinstance(value, (pandas.Categorical, pandas.Index)):
        return _pandas_column(pandas, pandas.Series(value))
    if isinstance(value, np.ndarray):
        return unmasked(value)
    if hasattr(value, "to_numpy"):
        return np.asarray(value.to_numpy())
    if hasattr(value, "__arrow_c_stream__"):
        return _arrow.read_column(value)
    return _array(value)


def is_with(name: str) -> bool:
    """Whether a column is by its name one of co-runners, in whatever case."""
    return name.lower() == "with" or (name[:4].lower() == "with" and name[4:].isdigit())


def matrix_of(value: Any) -> Any:
    """A matrix; masked numbers are NaN."""
    try:
        return unmasked(np.asanyarray(value))
    except ValueError:
        raise UsageError("a matrix has rows of different lengths") from None


def with_columns(table: Table, said: "Union[None, str, Sequence[str]]" = None) -> List[str]:
    """The columns of co-runners: those that were said, or ``with``, ``with1``, ``with2``, … in this order."""
    if said is None:
        found = [name for name in table.columns if is_with(name)]
        return sorted(found, key=lambda name: (len(name), name.lower()))
    names = [said] if isinstance(said, str) else list(said)
    for name in names:
        if name not in table.columns:
            raise UsageError(f"the frame has no column '{name}'; it has {', '.join(map(repr, table.columns))}")
    return names


def plain(column: Any) -> "np.ndarray[Any, Any]":
    """A column as an array of NumPy, texts as objects and lists as ``a;b``, or as lists where that would be split."""
    if isinstance(column, Coded):
        texts: "np.ndarray[Any, Any]" = np.array([*column.texts, None], dtype=object)
        cells: "np.ndarray[Any, Any]" = texts[column.codes]
        return cells
    if isinstance(column, Lists):
        names = plain(column.values)
        pairs = zip(column.offsets[:-1], column.offsets[1:])
        lists = [[name for name in names[a:b] if name is not None] for a, b in pairs]
        return cells_of(lists)
    array: "np.ndarray[Any, Any]" = np.asarray(column)
    return array


def cells_of(lists: "Sequence[Sequence[str]]") -> "np.ndarray[Any, Any]":
    """Cells of co-runners: texts ``a;b``, or lists in all cells where a name would not be read back from a text.

    Examples
    --------
    >>> cells_of([["a", "b"], []]).tolist(), cells_of([["a;b"], []]).tolist()
    (['a;b', ''], [['a;b'], []])
    """
    cells: "np.ndarray[Any, Any]" = np.empty(len(lists), dtype=object)
    whole = all(_split(name) == [name] for name in {name for names in lists for name in names})
    for row, names in enumerate(lists):
        cells[row] = SEPARATOR.join(names) if whole else list(names)
    return cells


def joined_names(names: Sequence[str], rows: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Names of row numbers, ``a;b`` a row of a matrix; -1 is none. Lists where `cells_of` gives them.

    Examples
    --------
    >>> joined_names(["a", "b"], np.array([[0, -1], [-1, -1], [1, 0]])).tolist()
    ['a', '', 'b;a']
    """
    if any(_split(names[row]) != [names[row]] for row in np.unique(rows[rows >= 0]).tolist()):
        return cells_of([[names[k] for k in row if k >= 0] for row in rows.tolist()])
    table: "np.ndarray[Any, Any]" = np.array([*names, ""], dtype=object)
    cells: "np.ndarray[Any, Any]" = np.full(len(rows), "", dtype=object)
    for k in range(rows.shape[1]):
        separated = (rows[:, k] >= 0) & (rows[:, :k] >= 0).any(axis=1)
        cells = cells + np.where(separated, SEPARATOR, "").astype(object) + table[rows[:, k]]
    return cells


def frame_like(source: Any, columns: Dict[str, Any], labels: Any = None) -> Any:
    """A frame of the kind of another one: of pandas, Polars or Arrow, else of pandas if it is installed, else a dict."""
    home = type(source).__module__.split(".")[0]
    if home == "polars":
        return sys.modules["polars"].DataFrame({name: _as_list(column) for name, column in columns.items()})
    if home == "pyarrow":
        return sys.modules["pyarrow"].table({name: _as_list(column) for name, column in columns.items()})
    if isinstance(source, Mapping):
        return dict(columns)
    try:
        import pandas
    except ImportError:
        return dict(columns)
    return pandas.DataFrame(columns, index=labels)


def _as_list(column: Any) -> Any:
    return list(column) if getattr(column, "dtype", None) == object else column
