"""Answers of a model."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _native as native
from . import _structs as s
from . import _tables
from ._errors import UsageError
from ._queries import Query

if TYPE_CHECKING:
    from ._model import Model

#: What a prediction rests on, by its number.
BASIS = ("measured", "features", "average", "apart")
#: Why there is no bound, by its number; "" if there is one.
NO_BOUND = ("", "never measured", "parts apart", "too few calibration rows")
#: What a bound rests on, by its number.
BOUND_FROM = ("set aside", "leave-one-out", "held out")
#: What is known of a combination, by its number; 255 is "unknown".
EVIDENCE = ("none", "learned", "set aside", "unused")

_Array = Any

_KINDS: Dict[str, Tuple[Any, Any, bool]] = {
    "runtime_us": (np.float64, ctypes.c_double, False),
    "deviation": (np.float64, ctypes.c_double, False),
    "upper_us": (np.float64, ctypes.c_double, True),
    "lower_us": (np.float64, ctypes.c_double, True),
    "basis": (np.uint8, ctypes.c_uint8, False),
    "no_bound": (np.uint8, ctypes.c_uint8, True),
}


def confidences_of(confidence: "Union[None, float, Sequence[float]]") -> "np.ndarray[Any, Any]":
    """Confidences as an array of one dimension, or of none if a single one was given."""
    if confidence is None:
        return np.zeros(0)
    try:
        array = np.ascontiguousarray(confidence, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"confidence is {confidence!r}; give a number between 0 and 1, or several") from None
    if np.ndim(confidence) > 1:
        raise UsageError("confidence has more than one dimension")
    return array.reshape(np.shape(confidence))


def words(numbers: "np.ndarray[Any, Any]", table: Sequence[str]) -> Any:
    """Texts of an enumeration's numbers, a text of a single one."""
    known = np.array([*table, "unknown"], dtype=object)
    return known[np.minimum(numbers, len(table))]


class Prediction:
    """Answers for combinations, of the shape that platforms and modules have together.

    Runtimes, and bounds if a confidence was given, are computed when a model is asked; whatever else there is, when it
    is looked at. Of a single combination, answers are numbers instead of arrays.
    """

    __slots__ = ("_model", "_query", "_confidences", "_known")

    def __init__(self, model: "Model", query: Query, confidences: "np.ndarray[Any, Any]") -> None:
        self._model = model
        self._query = query
        self._confidences = confidences
        self._known: Dict[str, _Array] = {}
        self._compute("runtime_us", *(["upper_us"] if confidences.size else []))
        query.keep(int(model._view.platforms), int(model._view.modules))

    def _compute(self, *names: str) -> None:
        query = self._query
        buffer = query.buffer()
        count = self._confidences.size
        out = s.sized(s.Predictions)
        for name in names:
            dtype, kind, by_confidence = _KINDS[name]
            array = np.empty(query.rows * count if by_confidence else query.rows, dtype=dtype)
            setattr(out, name, native.pointer_to(array, kind))
            ending = self._confidences.shape if by_confidence else ()
            self._known[name] = array.reshape(query.shape + ending)
        native.call(
            "pitot_predict",
            self._model._handle.pointer,
            ctypes.byref(buffer.struct),
            native.pointer_to(self._confidences, ctypes.c_double),
            count,
            ctypes.byref(out),
        )

    def _answer(self, name: str) -> _Array:
        if name not in self._known:
            self._compute(name)
        return self._known[name]

    @property
    def shape(self) -> Tuple[int, ...]:
        """Of answers; bounds of several confidences have one dimension more, the last."""
        return self._query.shape

    @property
    def confidence(self) -> Any:
        """The confidences that bounds have."""
        return self._confidences[()]

    @property
    def runtime_us(self) -> _Array:
        """Mean predictions, in microseconds."""
        return self._answer("runtime_us")[()]

    @property
    def deviation(self) -> _Array:
        """Standard deviations of ln t of a new run; NaN of models that do not tell."""
        return self._answer("deviation")[()]

    @property
    def upper_us(self) -> _Array:
        """Runtimes that are not exceeded with the confidence asked for; NaN where there is no bound."""
        return self._answer("upper_us")[()]

    @property
    def lower_us(self) -> _Array:
        """Runtimes that a new run does not fall below with that confidence; NaN where there is no bound."""
        return self._answer("lower_us")[()]

    @property
    def basis(self) -> _Array:
        """What answers rest on: "measured", "features", "average" or "apart"."""
        return words(self._answer("basis"), BASIS)

    @property
    def no_bound(self) -> _Array:
        """Why there is no upper bound; "" where there is one."""
        return words(self._answer("no_bound"), NO_BOUND)

    @property
    def evidence(self) -> _Array:
        """What is known of each combination: "none", "learned", "set aside", "unused" or "unknown"."""
        return words(self.evidence_codes, EVIDENCE)

    @property
    def evidence_codes(self) -> _Array:
        """The same as numbers, 0 to 3 and 255."""
        if "evidence" not in self._known:
            self._known["evidence"] = self._model._evidence(self._query)
        return self._known["evidence"]

    def bound_sources(self) -> "List[Dict[str, Any]]":
        """What the upper bound of each combination rests on, a dictionary each, in order.

        Returns
        -------
        list of dict
            ``from`` ("set aside", "leave-one-out", "held out", or "" if there is no bound), ``rows`` and ``pool``.
        """
        if self._confidences.ndim:
            raise UsageError("sources of bounds are of one confidence; ask for one")
        query, count = self._query, self._query.rows
        buffer = query.buffer()
        none, source, rows = np.empty(count, np.uint8), np.empty(count, np.uint8), np.empty(count, np.int64)
        pools = native.strings(
            "pitot_bound_sources",
            self._model._handle.pointer,
            ctypes.byref(buffer.struct),
            float(self._confidences),
            native.pointer_to(none, ctypes.c_uint8),
            native.pointer_to(source, ctypes.c_uint8),
            native.pointer_to(rows, ctypes.c_int64),
        )
        return [
            {"from": "", "rows": 0, "pool": ""}
            if none[i]
            else {"from": BOUND_FROM[source[i]], "rows": int(rows[i]), "pool": pools[i]}
            for i in range(count)
        ]

    def _bound_columns(self, name: str) -> "Dict[str, np.ndarray[Any, Any]]":
        array = self._answer(name).reshape(self._query.rows, max(self._confidences.size, 1))
        if self._confidences.ndim == 0:
            return {name: array[:, 0]}
        return {f"{name}_{float(confidence)!r}": array[:, k] for k, confidence in enumerate(self._confidences)}

    def columns(self) -> "Dict[str, np.ndarray[Any, Any]]":
        """Answers as columns: ``runtime_us``, ``deviation`` if the model tells it, ``upper_us`` (of several
        confidences ``upper_us_0.9``, …) and ``basis``."""
        result: "Dict[str, np.ndarray[Any, Any]]" = {"runtime_us": self._answer("runtime_us").reshape(-1)}
        if self._model.has_deviation:
            result["deviation"] = self._answer("deviation").reshape(-1)
        if self._confidences.size:
            result.update(self._bound_columns("upper_us"))
        result["basis"] = words(self._answer("basis"), BASIS).reshape(-1)
        return result

    def to_frame(self, like: Any = None) -> Any:
        """Combinations and answers as a frame of pandas (or of the kind of `like`), or a dict of columns."""
        modules = self._model.modules
        columns: Dict[str, Any] = {
            "platform": np.array(self._model.platforms, dtype=object)[self._query.platform],
            "module": np.array(modules, dtype=object)[self._query.module],
        }
        beside = self._query.with_names(modules)
        if beside is not None:
            columns["with"] = beside
        return _tables.frame_like(like, {**columns, **self.columns()})

    def __len__(self) -> int:
        return self._query.rows

    def __repr__(self) -> str:
        if self._query.shape == ():
            bound = f", upper_us={self.upper_us}" if self._confidences.size else ""
            return f"<pitot.Prediction: runtime_us={self.runtime_us:.6g}{bound}>"
        return f"<pitot.Prediction of {' × '.join(map(str, self.shape))} combinations>"


def frame_of(prediction: Prediction, frame: Any, columns: Dict[str, Any], labels: Optional[Any]) -> Any:
    """A frame of answers of the kind of the frame that asked."""
    return _tables.frame_like(frame, {**columns, **prediction.columns()}, labels)
