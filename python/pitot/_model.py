"""Fitted models."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

import numpy as np

from . import _features, _learning, _queries, _tables
from . import _native as native
from . import _structs as s
from ._buffers import SideBuffer
from ._config import Config
from ._dataset import dataset_of
from ._errors import UsageError
from ._evaluation import Evaluation, evaluate
from ._native import Handle, PathLike
from ._predictions import BASIS, EVIDENCE, Prediction, confidences_of, frame_of, words
from ._run import Progress
from ._sides import Sides

if TYPE_CHECKING:
    from .plot import ModelPlots

_SIDES = {"platform": s.PLATFORMS, "module": s.MODULES, "platforms": s.PLATFORMS, "modules": s.MODULES}


class Model(Sides):
    """A fitted model. Immutable, and safe to ask from several threads at once.

    `pitot.fit` makes one, `load` reads one, `observe` and `with_rows` make further ones of it.

    Examples
    --------
    >>> model = pitot.fit("examples/fleet.csv")
    >>> answer = model.predict("jit.board", "matmul", confidence=0.9)
    >>> bool(answer.runtime_us < answer.upper_us)
    True
    >>> model.predict(["jit.desk", "jit.board"], "matmul").runtime_us.shape
    (2,)
    """

    _view: s.ModelView
    _kind = "model"
    _index: Dict[int, Dict[str, int]]
    #: What runs told that were folded in, if `observe` made this model.
    observed: "Optional[_learning.Observation]" = None

    def __init__(self, *_arguments: Any) -> None:
        raise UsageError("use pitot.fit() or pitot.Model.load()")

    @classmethod
    def _of(cls, handle: Handle) -> "Model":
        model = cls.__new__(cls)
        model._handle = handle
        model._view = s.sized(s.ModelView)
        native.call("pitot_model_get", handle.pointer, ctypes.byref(model._view))
        model._names = {}
        model._index = {}
        return model

    # Files

    @classmethod
    def load(cls, path: PathLike) -> "Model":
        """Reads a model file."""
        return cls._of(native.make("model", "pitot_model_load", native.path_argument(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """Reads a model file's bytes."""
        held = bytes(data)
        return cls._of(native.make("model", "pitot_model_from_bytes", held, len(held)))

    def save(self, path: PathLike) -> None:
        """Writes a model file (by custom ``NAME.pitot``), whole or not at all. Equal models give equal bytes."""
        native.call("pitot_model_save", self._handle.pointer, native.path_argument(path))

    def to_bytes(self) -> bytes:
        """The bytes of a model file."""
        return native.content("pitot_model_to_bytes", self._handle.pointer)

    def __reduce__(self) -> Any:
        return Model.from_bytes, (self.to_bytes(),)

    def copy(self) -> "Model":
        """This model, for it never changes."""
        return self

    __copy__ = copy

    def __deepcopy__(self, _memo: Any) -> "Model":
        return self

    # What it is

    @property
    def config(self) -> Config:
        """The configuration that it was fitted with."""
        return Config._of(native.make("config", "pitot_model_config", self._handle.pointer))

    @property
    def dataset_digest(self) -> str:
        """Digest of the dataset that it was fitted on."""
        return native.text("pitot_model_dataset_digest", self._handle.pointer)

    @property
    def notes(self) -> List[str]:
        """What a user of the model should know of it; they were warnings when it was fitted."""
        return native.strings("pitot_model_notes", self._handle.pointer)

    @property
    def has_deviation(self) -> bool:
        """Whether it tells how far off it may be."""
        return bool(self._view.has_deviation)

    @property
    def learns_on(self) -> bool:
        """Whether it has `observe`, `advise` and `explain`."""
        return bool(self._view.learns_on)

    @property
    def tells_co_runners(self) -> bool:
        """Whether its predictions depend on co-runners."""
        return bool(self._view.tells_co_runners)

    @property
    def numbers(self) -> Dict[str, int]:
        """Sizes of the model: measured pairs, rows that calibrate bounds, parts of the fleet, …."""
        return {name: int(getattr(self._view, name)) for name, _ in s.ModelView._fields_[1:]}

    def rows(self, side: str) -> Any:
        """What is known of a side's rows.

        Parameters
        ----------
        side
            "platform" or "module".

        Returns
        -------
        frame
            Of pandas, or a dict of columns: ``name``, ``basis`` (what predictions rest on), ``runs`` learned from (-1:
            not known), ``part`` of the fleet, and ``disagreement``, the share of pairs in which folds contradict each
            other.
        """
        number = _side_number(side)
        names = self._side_names(number)
        basis, runs = np.empty(len(names), np.uint8), np.empty(len(names), np.int64)
        part, disagreement = np.empty(len(names), np.int32), np.empty(len(names), np.float64)
        native.call(
            "pitot_model_rows",
            self._handle.pointer,
            number,
            native.pointer_to(basis, ctypes.c_uint8),
            native.pointer_to(runs, ctypes.c_int64),
            native.pointer_to(part, ctypes.c_int32),
            native.pointer_to(disagreement, ctypes.c_double),
        )
        columns = {"name": np.array(names, dtype=object), "basis": words(basis, BASIS), "runs": runs, "part": part}
        return _tables.frame_like(None, {**columns, "disagreement": disagreement})

    def find(self, side: str, names: "Union[str, Sequence[str]]") -> "np.ndarray[Any, Any]":
        """Row numbers of names, which `predict` takes in their place.

        Parameters
        ----------
        side
            "platform" or "module".
        names
            One or several.

        Raises
        ------
        InputError
            The model does not know a name; the message suggests the nearest.
        """
        return self._find(_side_number(side), [names] if isinstance(names, str) else list(names))

    def _find(self, side: int, names: List[str]) -> "np.ndarray[Any, Any]":
        if side not in self._index:
            self._index[side] = {name: row for row, name in enumerate(self._side_names(side))}
        index = self._index[side]
        rows = np.fromiter((index.get(name, -1) for name in names), dtype=np.int32, count=len(names))
        if (rows < 0).any():  # the library knows how to say it
            buffer = native.TextsBuffer(names)
            native.call(
                "pitot_model_find",
                self._handle.pointer,
                side,
                ctypes.byref(buffer.struct),
                0,
                native.pointer_to(rows, ctypes.c_int32),
            )
        return rows

    def _find_platforms(self, names: List[str]) -> "np.ndarray[Any, Any]":
        return self._find(s.PLATFORMS, names)

    def _find_modules(self, names: List[str]) -> "np.ndarray[Any, Any]":
        return self._find(s.MODULES, names)

    # Answers

    def predict(
        self,
        platform: Any,
        module: Any = None,
        with_: Any = None,
        *,
        confidence: "Union[None, float, Sequence[float]]" = 0.9,
        columns: "Optional[Dict[str, str]]" = None,
    ) -> Any:
        """Predicts runtimes, and bounds that they do not exceed.

        Parameters
        ----------
        platform, module
            Names or row numbers, one or arrays of them, which are broadcast against each other. Or `platform` is a
            frame with columns ``platform`` and ``module`` (and ``with``), a row a question.
        with_
            Modules that run beside. One name or a list of them: beside every row. An array or a Series: a cell a row,
            of one name, ``a;b``, a list, or nothing. A list of lists: one a row. A list of as many names as there are
            rows could be either, and is an error. An array of row numbers: as many rows,
            and if wanted a width; -1 is none.
        confidence
            Of bounds, in (0, 1); several give an array with one dimension more. None: no bounds.
        columns
            What the frame's columns are called, if otherwise: ``{"platform": "Device"}``.

        Returns
        -------
        Prediction or frame
            A frame of the kind that came in, with its names and columns ``runtime_us``, ``deviation``, ``upper_us`` and
            ``basis``; a `Prediction` otherwise.
        """
        confidences = confidences_of(confidence)
        if module is None:
            if not _tables.is_table(platform):
                raise UsageError("give a module, or a frame with columns 'platform' and 'module'")
            if with_ is not None:
                raise UsageError("co-runners of a frame stand in its column 'with'")
            names = {"platform": "platform", "module": "module", **(columns or {})}
            for unknown in set(names) - {"platform", "module", "with"}:
                raise UsageError(f"columns tells of {unknown!r}; it tells of 'platform', 'module' and 'with'")
            query, given, labels = _queries.query_of_frame(platform, self._find_platforms, self._find_modules, names)
            return frame_of(Prediction(self, query, confidences), platform, given, labels)
        query = _queries.query_of(platform, module, with_, self._find_platforms, self._find_modules)
        return Prediction(self, query, confidences)

    def predict_all(self, with_: Any = None, *, confidence: "Union[None, float, Sequence[float]]" = 0.9) -> Prediction:
        """Predicts every module on every platform: a matrix, a row a platform."""
        platform = np.arange(len(self.platforms), dtype=np.int32)[:, None]
        module = np.arange(len(self.modules), dtype=np.int32)[None, :]
        query = _queries.query_of(platform, module, with_, self._find_platforms, self._find_modules)
        return Prediction(self, query, confidences_of(confidence))

    def evidence(self, platform: Any, module: Any, with_: Any = None) -> Any:
        """What is known of combinations: "none", "learned", "set aside", "unused" or "unknown"."""
        query = _queries.query_of(platform, module, with_, self._find_platforms, self._find_modules)
        return words(self._evidence(query), EVIDENCE)

    def _evidence(self, query: _queries.Query) -> "np.ndarray[Any, Any]":
        out = np.empty(query.rows, dtype=np.uint8)
        buffer = query.buffer()
        native.call(
            "pitot_evidence",
            self._handle.pointer,
            ctypes.byref(buffer.struct),
            native.pointer_to(out, ctypes.c_uint8),
        )
        return out.reshape(query.shape)

    # Learning on

    def with_rows(self, *, platforms: Any = None, modules: Any = None, module_counts: Optional[bool] = None) -> "Model":
        """A model with further platforms or modules, predicted from features alone.

        Parameters
        ----------
        platforms, modules
            Frames of features, as `Dataset.from_frame` takes them, with the columns of the model.
        module_counts
            Whether features of modules whose names do not tell are counts.
        """
        buffers: List[Optional[SideBuffer]] = []
        for side, frame in (("platform", platforms), ("module", modules)):
            if frame is None:
                buffers.append(None)
                continue
            known = self.platform_feature_names if side == "platform" else self.module_feature_names
            features = self.module_features if side == "module" else None
            table = _features.side_table(frame, side, module_counts, known, features)
            buffers.append(SideBuffer(table.names, table.feature_names, table.features))
        pointers = [None if buffer is None else ctypes.byref(buffer.struct) for buffer in buffers]
        return Model._of(native.make("model", "pitot_model_with_rows", self._handle.pointer, *pointers))

    def observe(self, runs: Any) -> "Model":
        """Folds runs in: a new model, which predicts as a fit on all runs would.

        Parameters
        ----------
        runs
            A `Dataset`, a path or a frame. Names tell what is known.

        Returns
        -------
        Model
            Its `observed` has what the runs told.
        """
        return _learning.observe(self, dataset_of(runs))

    def advise(
        self,
        budget: int = 10,
        *,
        platforms: Any = None,
        modules: Any = None,
        among: Any = None,
        by_seconds: bool = False,
        threads: int = 0,
        progress: Progress = None,
    ) -> "_learning.Advice":
        """Which pairs to measure next.

        Parameters
        ----------
        budget
            Pairs wanted.
        platforms, modules
            Of which pairs are to be known better; all by default.
        among
            Pairs that can be measured: platforms and modules, two arrays of names or row numbers. By default all that
            were never learned from.
        by_seconds
            Whether gain counts per predicted runtime.
        threads, progress
            As `pitot.fit`.
        """
        return _learning.advise(self, budget, platforms, modules, among, by_seconds, threads, progress)

    def explain(self, platform: Any, module: Any, most: int = 10) -> "_learning.Explanation":
        """What the prediction for a pair alone rests on.

        Parameters
        ----------
        platform, module
            Names or row numbers.
        most
            Measured combinations to name.
        """
        return _learning.explain(self, platform, module, most)

    def evaluate(self, data: Any, **options: Any) -> Evaluation:
        """How well this model's configuration predicts a dataset: `pitot.evaluate` with it."""
        return evaluate(data, self.config, **options)

    @property
    def plot(self) -> "ModelPlots":
        """Pictures of the model, by matplotlib."""
        from .plot import ModelPlots

        return ModelPlots(self)

    def __repr__(self) -> str:
        return (
            f"<pitot.Model: {self.config['preset']}, {len(self.platforms)} platforms, {len(self.modules)} modules, "
            f"{int(self._view.measured_pairs)} pairs measured>"
        )


def _side_number(side: str) -> int:
    if side not in _SIDES:
        raise UsageError(f"side is {side!r}; give 'platform' or 'module'")
    return _SIDES[side]
