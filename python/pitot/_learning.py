"""What models that learn on have beside: observations, advice and explanations."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import numpy as np

from . import _native as native
from . import _queries, _run, _tables
from . import _structs as s
from ._dataset import Dataset
from ._errors import UsageError
from ._run import Progress

if TYPE_CHECKING:
    from ._model import Model

_REFERENCE_US = 25_000.0  # the runtime of ln t = 0


@dataclass(frozen=True)
class Observation:
    """What runs that were folded in told of a model."""

    #: Runs learned from, and those of them beside others.
    runs: int
    runs_beside: int
    #: Pairs that the model had not learned from, and those that it had.
    new_pairs: int
    known_pairs: int
    #: Runs beside others of which a model of runs alone learns nothing.
    left_out: int
    #: Pairs that calibrated bounds and are learned from now.
    no_more_calibrating: int
    #: Runs since the fit, with these; pairs that the fit learned from.
    folded_in: int
    fitted_pairs: int
    #: Pairs that had a bound of `confidence` before, and those whose runs did not exceed it.
    bounded_pairs: int
    covered_pairs: int
    confidence: float
    #: Mean a pair, of ln t, of what the model said before, and what was to be expected.
    log_likelihood: float
    expected_log_likelihood: float
    #: The first less than the second, in standard deviations.
    surprise: float
    #: Mean of abs(prediction / runtime - 1) over pairs, before.
    mean_error: float
    #: Why a new fit is due, or why not.
    reason: str
    refit_due: bool
    #: Whether bounds were calibrated anew.
    recalibrated: bool
    #: All of it, with names of new platforms and modules, as `pitot observe --json` prints it.
    details: Dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Advice:
    """Pairs to measure, in order. What each is expected to bring holds after it and those before it were measured once."""

    platform: "np.ndarray[Any, Any]"
    module: "np.ndarray[Any, Any]"
    #: Predicted.
    runtime_us: "np.ndarray[Any, Any]"
    #: Mean of abs(prediction / runtime - 1) over the pairs that are to be known better.
    error: "np.ndarray[Any, Any]"
    #: Mean of bound / prediction - 1, of bounds of 90 %.
    margin: "np.ndarray[Any, Any]"
    #: Pairs never learned from, which are to be known better, and what is expected of them before anything is measured.
    targets: int
    error_now: float
    margin_now: float
    #: All of it as `pitot advise --json` prints it.
    details: Dict[str, Any] = field(repr=False)

    def to_frame(self) -> Any:
        """The pairs as a frame of pandas, or a dict of columns where it is not installed."""
        names = ("platform", "module", "runtime_us", "error", "margin")
        return _tables.frame_like(None, {name: getattr(self, name) for name in names})

    def __len__(self) -> int:
        return len(self.platform)


@dataclass(frozen=True)
class Neighbour:
    """A measured combination that weighs in an answer."""

    platform: str
    module: str
    beside: "tuple[str, ...]"
    runs: int
    #: Of its runs, the geometric mean.
    runtime_us: float
    #: What it, less the constant, counts in the answer.
    weight: float


@dataclass(frozen=True)
class Explanation:
    """What the prediction for a pair alone rests on. Logarithms are of t / 25 ms."""

    platform: str
    module: str
    #: ln t, and the standard deviation of a new run's.
    answer: float
    deviation: float
    #: Terms of the sum that the answer is.
    terms: Dict[str, float]
    #: Parts of the variance of a new run: "noise", "platform", "module", "pair".
    variances: Dict[str, float]
    #: Combinations that weigh most, the heaviest first, and what those weighed make of the answer.
    near: List[Neighbour]
    near_answer: float
    #: Combinations weighed, and learned from in all.
    weighed: int
    learned_from: int
    #: All of it as `pitot explain --json` prints it.
    details: Dict[str, Any] = field(repr=False)

    @property
    def runtime_us(self) -> float:
        """The prediction in microseconds."""
        return _REFERENCE_US * math.exp(self.answer)

    def to_frame(self) -> Any:
        """The combinations that weigh most as a frame of pandas, or a dict of columns where it is not installed."""
        columns: Dict[str, Any] = {
            name: np.array([getattr(one, name) for one in self.near], dtype=object) for name in ("platform", "module")
        }
        columns["with"] = np.array([_tables.SEPARATOR.join(one.beside) for one in self.near], dtype=object)
        for name, kind in (("runs", np.int64), ("runtime_us", np.float64), ("weight", np.float64)):
            columns[name] = np.array([getattr(one, name) for one in self.near], dtype=kind)
        return _tables.frame_like(None, columns)

    def __str__(self) -> str:
        lines = [f"{self.module} on {self.platform}: {self.runtime_us:.6g} us, deviation {100 * self.deviation:.1f} %"]
        lines += [f"  {name}: x {math.exp(value):.4g}" for name, value in self.terms.items()]
        lines.append("nearest of what was measured:")
        for one in self.near:
            beside = f" beside {', '.join(one.beside)}" if one.beside else ""
            lines.append(f"  {one.module} on {one.platform}{beside}: {one.runtime_us:.6g} us, weight {one.weight:.3f}")
        return "\n".join(lines)


def observe(model: "Model", runs: Dataset) -> "Model":
    """See `Model.observe`."""
    from ._model import Model

    out, told = ctypes.c_void_p(), ctypes.c_void_p()
    native.call("pitot_observe", model._handle.pointer, runs._handle.pointer, ctypes.byref(out), ctypes.byref(told))
    learned = Model._of(native.Handle("model", out))
    handle = native.Handle("observation", told)
    view = s.sized(s.ObservationView)
    native.call("pitot_observation_get", handle.pointer, ctypes.byref(view))
    fields = {name: getattr(view, name) for name, _ in s.ObservationView._fields_[1:]}
    fields["reason"] = (fields["reason"] or b"").decode("utf-8")
    fields.update(refit_due=bool(view.refit_due), recalibrated=bool(view.recalibrated))
    learned.observed = Observation(**fields, details=native.from_json("pitot_observation_to_json", handle.pointer))
    return learned


def _rows(value: Any, find: _queries.Finder, what: str) -> "Optional[np.ndarray[Any, Any]]":
    if value is None:
        return None
    rows: "np.ndarray[Any, Any]" = np.atleast_1d(_queries.side_rows(value, find, what)).astype(np.int32)
    if rows.size == 0:
        raise UsageError(f"{what} is empty; leave it out for all of them")
    return rows


def advise(
    model: "Model",
    budget: int,
    platforms: Any,
    modules: Any,
    among: Any,
    by_seconds: bool,
    threads: int,
    progress: Progress,
) -> Advice:
    """See `Model.advise`."""
    budget = native.whole_number(budget, "budget")
    if budget < 1:
        raise UsageError(f"budget is {budget}; give the number of pairs wanted, 1 or more")
    rows = [
        _rows(platforms, model._find_platforms, "platforms"),
        _rows(modules, model._find_modules, "modules"),
    ]
    pairs: "List[Optional[np.ndarray[Any, Any]]]" = [None, None]
    if among is not None:
        if len(among) != 2:
            raise UsageError("among is a pair: platforms, and as many modules")
        pairs = [
            _rows(among[0], model._find_platforms, "among, platforms"),
            _rows(among[1], model._find_modules, "among, modules"),
        ]
        if [part is None for part in pairs] != [False, False] or len(pairs[0]) != len(pairs[1]):  # type: ignore[arg-type]
            raise UsageError("among has not as many platforms as modules")
    options = s.sized(
        s.AdviseOptions,
        budget=budget,
        platforms=native.pointer_to(rows[0], ctypes.c_int32),
        platform_count=0 if rows[0] is None else rows[0].size,
        modules=native.pointer_to(rows[1], ctypes.c_int32),
        module_count=0 if rows[1] is None else rows[1].size,
        among_platform=native.pointer_to(pairs[0], ctypes.c_int32),
        among_module=native.pointer_to(pairs[1], ctypes.c_int32),
        among_count=0 if pairs[0] is None else pairs[0].size,
        by_seconds=int(by_seconds),
    )
    handle = _run.run(
        "advising",
        lambda run: native.make("advice", "pitot_advise", model._handle.pointer, ctypes.byref(options), run),
        threads=threads,
        progress=progress,
    )
    view = s.sized(s.AdviceView)
    native.call("pitot_advice_get", handle.pointer, ctypes.byref(view))
    count = int(view.pairs)
    return Advice(
        platform=np.array([model.platforms[row] for row in view.platform[:count]], dtype=object),
        module=np.array([model.modules[row] for row in view.module[:count]], dtype=object),
        runtime_us=native.copied(view.runtime_us, count),
        error=native.copied(view.error, count),
        margin=native.copied(view.margin, count),
        targets=int(view.targets),
        error_now=float(view.error_now),
        margin_now=float(view.margin_now),
        details=native.from_json("pitot_advice_to_json", handle.pointer),
    )


def explain(model: "Model", platform: Any, module: Any, most: int) -> Explanation:
    """See `Model.explain`."""
    rows = []
    for value, find, what in ((platform, model._find_platforms, "platform"), (module, model._find_modules, "module")):
        row = _queries.side_rows(value, find, what)
        if row.size != 1:
            raise UsageError(f"{what} names {row.size}; an explanation is of one pair")
        rows.append(int(row.reshape(-1)[0]))
    most = native.whole_number(most, "most")
    handle = native.make("explanation", "pitot_explain", model._handle.pointer, rows[0], rows[1], most)
    view = s.sized(s.ExplanationView)
    native.call("pitot_explanation_get", handle.pointer, ctypes.byref(view))
    return Explanation(
        platform=model.platforms[rows[0]],
        module=model.modules[rows[1]],
        answer=float(view.answer),
        deviation=float(view.deviation),
        terms=dict(zip(native.texts_of(view.term_names), view.term_values[: view.terms])),
        variances=dict(zip(native.texts_of(view.part_names), view.part_variances[: view.parts])),
        near=[_neighbour(model, view, i) for i in range(view.near)],
        near_answer=float(view.near_answer),
        weighed=int(view.weighed),
        learned_from=int(view.learned_from),
        details=native.from_json("pitot_explanation_to_json", handle.pointer),
    )


def _neighbour(model: "Model", view: s.ExplanationView, i: int) -> Neighbour:
    first, last = int(view.near_co_runner_offsets[i]), int(view.near_co_runner_offsets[i + 1])
    return Neighbour(
        platform=model.platforms[view.near_platform[i]],
        module=model.modules[view.near_module[i]],
        beside=tuple(
            model.modules[view.near_co_runners[k]] for k in range(first, last) if view.near_co_runners[k] >= 0
        ),
        runs=int(view.near_runs[i]),
        runtime_us=_REFERENCE_US * math.exp(view.near_mean[i]),
        weight=float(view.near_weight[i]),
    )
