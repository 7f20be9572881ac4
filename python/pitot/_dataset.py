"""Datasets: what was measured."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, List, Optional, Union

import numpy as np

from . import _frames, _read, _tables
from . import _native as native
from . import _structs as s
from ._buffers import SideBuffer, row_numbers
from ._errors import InputError, PitotWarning, UsageError
from ._native import Handle, PathLike
from ._read import Source
from ._sides import Sides

_LAYOUTS = {"index": s.LAYOUT_INDEX, "dense": s.LAYOUT_DENSE}


class Dataset(Sides):
    """Runtimes of modules on platforms, and what is known of both. Immutable.

    `load` reads files, `from_frame` takes frames, `from_arrays` takes arrays.

    Examples
    --------
    >>> runs = Dataset.from_frame({
    ...     "platform": ["desk", "desk", "board"], "module": ["fft", "sort", "fft"], "runtime_ms": [1.6, 0.9, 21.0],
    ... })
    >>> runs.platforms, runs.modules
    (('desk', 'board'), ('fft', 'sort'))
    >>> runs.runtime_us
    array([ 1600.,   900., 21000.])
    """

    def __init__(self, *_arguments: Any) -> None:
        raise UsageError("use Dataset.load(), from_frame() or from_arrays()")

    _view: s.DatasetView
    _kind = "dataset"

    @classmethod
    def _of(cls, handle: Handle, warn: bool = True) -> "Dataset":
        dataset = cls.__new__(cls)
        dataset._handle = handle
        dataset._view = s.sized(s.DatasetView)
        native.call("pitot_dataset_get", handle.pointer, ctypes.byref(dataset._view))
        dataset._names = {}
        if warn:
            for note in dataset.notes:
                _tables.warn(note)
        return dataset

    @classmethod
    def load(
        cls,
        source: "Union[Source, Sequence[Source]]",
        *more: Source,
        unit: Optional[str] = None,
        device: Optional[str] = None,
        platform_features: Optional[Source] = None,
        module_features: Optional[Source] = None,
        columns: "Optional[Mapping[str, str]]" = None,
        decimal: Optional[str] = None,
        skip_invalid: bool = False,
    ) -> "Dataset":
        """Reads one or several files into one dataset.

        Parameters
        ----------
        source, *more
            Paths (or bytes) of archives, of tables of delimited text or of benchmark tools' JSON, as docs/csv.md tells.
        unit
            Of runtimes in tables that do not say it: "ns", "us", "ms", "s", "min" or "h".
        device
            What rows ran on whose file tells none.
        platform_features, module_features
            Tables of features.
        columns
            What columns are called whose names do not tell: ``{"runtime": "Laufzeit"}``.
        decimal
            "." or ",", what marks fractions; the numbers tell otherwise.
        skip_invalid
            Leave rows out that cannot be used, and count them in `dropped_rows`.

        Raises
        ------
        InputError
            Names file, row and remedy.
        MachineError
            A file cannot be opened.
        """
        sources = [source] if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) else source
        for one in [*([] if _tables.is_table(sources) else sources), *more, sources]:
            if _tables.is_table(one):
                raise UsageError("load reads files; use Dataset.from_frame for frames")
        return cls._of(
            _read.read(
                [*sources, *more],
                _read.Options(unit, device, platform_features, module_features, columns, decimal, skip_invalid),
            )
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        platform: str = "platform",
        module: str = "module",
        runtime: Optional[str] = None,
        with_: "Union[None, str, Sequence[str]]" = None,
        unit: Optional[str] = None,
        platform_features: Any = None,
        module_features: Any = None,
        module_counts: Optional[bool] = None,
    ) -> "Dataset":
        """Takes a frame, a row a run.

        Parameters
        ----------
        frame
            A pandas DataFrame, a table of Polars, Arrow or DuckDB (anything with ``__arrow_c_stream__``), or a dict of
            columns.
        platform, module
            The columns of names.
        runtime
            The column of runtimes; by default the one called ``runtime_us``, ``runtime_ms``, ….
        with_
            The columns of co-runners: one of texts (``sort;hash``) or lists, or several of one name each. By default
            those called ``with``, ``with1``, ``with2``, … that there are, in whatever case.
        unit
            Of runtimes, where their column's name does not end in it.
        platform_features, module_features
            Frames indexed by name, or with a column ``name``; other columns are features, as in tables that are read
            from files: numbers, or texts, which become a feature a category.
        module_counts
            Whether features of modules are opcode counts (True), of which ln(1 + count) is taken, or that already
            (False). By default column names (``count(x20)``, ``log1p(x20)``) or whole numbers tell.
        """
        table = _tables.table_of(frame)
        platforms = _frames.names_of(table, platform)
        modules = _frames.names_of(table, module)
        runtime_us = _frames.runtimes(table, runtime, unit)
        if table.rows == 0:
            raise InputError("the frame has no rows")
        beside = _tables.with_columns(table, with_)
        lists = (
            _tables.co_runners([table.columns[name] for name in beside], f"column '{beside[0]}'") if beside else None
        )
        module_names, module_rows, co_runners = _frames.joined(modules, lists)
        sides = []
        for side, names, features in (
            ("platform", platforms.texts, platform_features),
            ("module", module_names, module_features),
        ):
            sides.append(_frames.side_buffer(side, names, features, module_counts))
        return cls._of(
            _frames.from_columns(
                sides[0],
                sides[1],
                row_numbers(platforms.codes, "platform"),
                row_numbers(module_rows, "module"),
                co_runners,
                None if lists is None else lists.offsets,
                runtime_us,
            )
        )

    @classmethod
    def from_arrays(
        cls,
        platform: Any,
        module: Any,
        runtime_us: Any,
        with_: Any = None,
        *,
        platforms: "Optional[Sequence[str]]" = None,
        modules: "Optional[Sequence[str]]" = None,
        platform_features: Any = None,
        module_features: Any = None,
        platform_feature_names: "Optional[Sequence[str]]" = None,
        module_feature_names: "Optional[Sequence[str]]" = None,
        module_counts: Optional[bool] = None,
    ) -> "Dataset":
        """Takes arrays of row numbers (from 0), or of names.

        Parameters
        ----------
        platform, module
            Row numbers into `platforms` and `modules`, or names where these are not given.
        runtime_us
            Runtimes in microseconds; times with a unit of their own (``timedelta64``) are refused.
        with_
            Row numbers of co-runners, rows × width, -1 (or masked) for none; of arrays of names a list a row.
        platforms, modules
            Names of rows.
        platform_features, module_features
            Matrices, a row a platform and a row a module. Or frames, as `from_frame` takes them: their rows are found
            by name.
        platform_feature_names, module_feature_names
            Names of the columns of matrices; ``f0``, ``f1``, … otherwise.
        module_counts
            Whether features of modules are opcode counts (True), of which ln(1 + count) is taken, or that already
            (False). By default those of matrices are counts, and frames are taken as by `from_frame`.

        Examples
        --------
        >>> runs = Dataset.from_arrays([0, 0, 1], [0, 1, 0], [1600, 900, 21000], platforms=["desk", "board"],
        ...                            modules=["fft", "sort"])
        >>> len(runs)
        3
        """
        if (platforms is None) != (modules is None):
            raise UsageError("give names of both platforms and modules, or of neither")
        if platforms is None or modules is None:
            columns = {"platform": platform, "module": module, "runtime_us": runtime_us}
            for name in ("platform", "module"):
                given = _tables.column_of(columns[name])
                if isinstance(given, np.ndarray) and given.dtype.kind in "iu" and given.size:
                    raise UsageError(f"{name} holds row numbers; give platforms= and modules=, the names of the rows")
            if with_ is not None:
                columns["with"] = with_
            for features in (platform_features, module_features):
                if features is not None and not _tables.is_table(features):
                    raise UsageError("matrices of features need platforms and modules, the names of their rows")
            return cls.from_frame(
                columns,
                platform_features=platform_features,
                module_features=module_features,
                module_counts=module_counts,
            )
        sides = [
            _side_of_arrays("platform", platforms, platform_features, platform_feature_names, False),
            _side_of_arrays("module", modules, module_features, module_feature_names, module_counts),
        ]
        rows = [_frames.rows_of_sides(platform, "platform"), _frames.rows_of_sides(module, "module")]
        times = np.ascontiguousarray(_tables.numbers(_tables.column_of(runtime_us), "runtime_us"))
        if times.ndim != 1 or any(array.shape != times.shape for array in rows):
            raise UsageError("platform, module and runtime_us need one dimension and as many elements each")
        if np.isnan(times).any():
            raise InputError(f"runtime_us, row {int(np.argmax(np.isnan(times)))} (counted from 0) is empty")
        beside = None if with_ is None else _frames.rows_beside(with_, times.size)
        return cls._of(_frames.from_columns(sides[0], sides[1], rows[0], rows[1], beside, None, times))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Dataset":
        """Reads what `to_bytes` wrote, or the bytes of any other file that `load` reads."""
        return cls.load(data)

    def save(self, path: PathLike, layout: str = "index") -> None:
        """Writes an ``.npz`` archive, or by the extension ``.csv`` a table; whole or not at all.

        Parameters
        ----------
        path
            Where to.
        layout
            "index" (a row a run) or "dense" (a matrix, one run a pair).
        """
        native.call("pitot_dataset_save", self._handle.pointer, native.path_argument(path), _layout(layout))

    def to_bytes(self, layout: str = "index") -> bytes:
        """The bytes of an ``.npz`` archive."""
        return native.content("pitot_dataset_to_bytes", self._handle.pointer, _layout(layout))

    def to_frame(self) -> Any:
        """All runs as a frame of pandas, or a dict of columns where it is not installed.

        Co-runners are texts ``a;b``, or lists where the name of one has a semicolon in it.
        """
        columns = {
            "platform": np.array(self.platforms, dtype=object)[self.platform],
            "module": np.array(self.modules, dtype=object)[self.module],
            "runtime_us": np.array(self.runtime_us),
        }
        if self.co_runners.shape[1]:
            columns["with"] = _tables.joined_names(self.modules, self.co_runners)
        return _tables.frame_like(None, columns)

    @property
    def platform(self) -> "np.ndarray[Any, Any]":
        """Row number of each run's platform: the dataset's own memory, as the next three."""
        return native.borrowed(self._handle, self._view.platform, (len(self),), np.int32)

    @property
    def module(self) -> "np.ndarray[Any, Any]":
        """Row number of each run's module."""
        return native.borrowed(self._handle, self._view.module, (len(self),), np.int32)

    @property
    def runtime_us(self) -> "np.ndarray[Any, Any]":
        """Each run's time in microseconds."""
        return native.borrowed(self._handle, self._view.runtime_us, (len(self),), np.float64)

    @property
    def co_runners(self) -> "np.ndarray[Any, Any]":
        """Row numbers of the modules beside each run, -1 for none. Runs alone come first."""
        shape = (len(self), int(self._view.co_runner_width))
        return native.borrowed(self._handle, self._view.co_runners, shape, np.int32)

    @property
    def rows_alone(self) -> int:
        """How many runs were alone; they are the first."""
        return int(self._view.rows_alone)

    @property
    def dropped_rows(self) -> int:
        """Rows that `load` left out with `skip_invalid`."""
        return int(self._view.dropped_rows)

    @property
    def digest(self) -> str:
        """SHA-256 of names, features and runs."""
        return native.text("pitot_dataset_digest", self._handle.pointer)

    @property
    def sources(self) -> List[str]:
        """The files that it came from."""
        return native.strings("pitot_dataset_sources", self._handle.pointer)

    @property
    def notes(self) -> List[str]:
        """Oddities found on the way that do no harm; they were warnings when it was read."""
        return native.strings("pitot_dataset_notes", self._handle.pointer)

    def __len__(self) -> int:
        return int(self._view.rows)

    def __copy__(self) -> "Dataset":
        return self

    def __deepcopy__(self, _memo: Any) -> "Dataset":
        return self

    def __reduce__(self) -> Any:
        return _restore, (self.to_bytes(),)

    def __repr__(self) -> str:
        beside = len(self) - self.rows_alone
        return (
            f"<pitot.Dataset: {len(self.platforms)} platforms, {len(self.modules)} modules, {self.rows_alone} runs alone"
            f"{f', {beside} beside others' if beside else ''}>"
        )


def _restore(data: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PitotWarning)
        return Dataset.load(data)


def _side_of_arrays(side: str, given: Any, features: Any, labels: Any, counts: Optional[bool]) -> SideBuffer:
    names = _frames.row_names(given, f"{side}s")
    if features is not None and _tables.is_table(features):
        if labels is not None:
            raise UsageError(f"{side}_features has names of its own; leave {side}_feature_names out")
        return _frames.side_buffer(side, names, features, counts)
    matrix = None if features is None else _tables.numbers(_tables.matrix_of(features), f"{side}_features")
    if matrix is not None and matrix.ndim != 2:
        raise UsageError(f"{side}_features has {matrix.ndim} dimension(s); give a row a {side} and a column a feature")
    width = 0 if matrix is None else matrix.shape[1]
    columns = [f"f{j}" for j in range(width)] if labels is None else _frames.row_names(labels, f"{side}_feature_names")
    return SideBuffer(names, columns, matrix, counts is not False)


def _layout(layout: str) -> int:
    if layout not in _LAYOUTS:
        raise UsageError(f"layout is {layout!r}; give 'index' or 'dense'")
    return _LAYOUTS[layout]


def dataset_of(data: Any) -> Dataset:
    """What a function is given as data, as a dataset: one, a path or several, or a frame."""
    if isinstance(data, Dataset):
        return data
    if _tables.is_table(data):
        return Dataset.from_frame(data)
    if isinstance(data, (str, os.PathLike, bytes)):
        return Dataset.load(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(one, (str, os.PathLike, bytes)) for one in data):
        return Dataset.load(list(data))
    raise UsageError(f"a {type(data).__name__} is no dataset; give a pitot.Dataset, a path or a frame")
