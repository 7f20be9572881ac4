"""Evaluation: how well a configuration predicts a dataset."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import _native as native
from . import _run, _tables
from . import _structs as s
from ._config import ConfigLike, resolve
from ._dataset import dataset_of
from ._errors import UsageError
from ._native import Handle
from ._predictions import confidences_of
from ._run import Progress


@dataclass(frozen=True)
class Bound:
    """How the bounds of one confidence fared."""

    confidence: float
    #: Share of runs that did not exceed their bound.
    coverage: float
    coverage_std: float
    #: Mean of max(0, bound / runtime - 1).
    over_provisioning: float
    over_provisioning_std: float
    #: Of all replicates.
    rows_without_bound: int
    #: Why there is no such bound; "" if there is.
    unavailable: str


@dataclass(frozen=True)
class Objective:
    """One kind of runs. Errors are shares (0.05 = 5 %); deviations are over replicates."""

    #: "mf" (runs alone) or "if" (runs beside others).
    objective: str
    #: Of the last replicate.
    test_rows: int
    calibration_rows: int
    #: Mean absolute percentage error of the model, and of linear scaling alone.
    error: float
    error_std: float
    baseline_error: float
    baseline_error_std: float
    replicate_error: "np.ndarray[Any, Any]" = field(repr=False)
    replicate_baseline_error: "np.ndarray[Any, Any]" = field(repr=False)
    #: 100 percentiles of signed relative errors.
    percentiles: "np.ndarray[Any, Any]" = field(repr=False)
    baseline_percentiles: "np.ndarray[Any, Any]" = field(repr=False)
    bounds: List[Bound] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """How well a configuration predicts a dataset, over random splits."""

    objectives: List[Objective]
    #: Finished, and asked for.
    replicates: int
    replicates_asked: int
    #: Training steps of all models, and seconds of training and predicting.
    steps: int
    seconds: float
    #: False if it was stopped before the last replicate.
    complete: bool
    #: All of it, with coverage in single parts of the fleet, as `pitot evaluate --json` prints it.
    details: Dict[str, Any] = field(repr=False)

    def to_frame(self) -> Any:
        """Errors as a frame of pandas, a row an objective, or a dict of columns where it is not installed."""
        names = ("objective", "test_rows", "error", "error_std", "baseline_error", "baseline_error_std")
        return _tables.frame_like(None, {name: np.array([getattr(o, name) for o in self.objectives]) for name in names})


def evaluate(
    data: Any,
    config: ConfigLike = None,
    *,
    share: Optional[float] = None,
    replicates: Optional[int] = None,
    confidence: "Sequence[float]" = (0.9,),
    seed: Optional[int] = None,
    threads: int = 0,
    backend: Optional[str] = None,
    devices: "Optional[Sequence[int]]" = None,
    precision: Optional[str] = None,
    progress: Progress = None,
) -> Evaluation:
    """Trains and tests on random splits: the model that `pitot.fit` makes of rows like those.

    Parameters
    ----------
    data, config, seed, threads, backend, devices, precision, progress
        As `pitot.fit`.
    share
        Of the pairs, to train on; the configuration's by default.
    replicates
        Random splits; the configuration's number by default.
    confidence
        Of bounds to measure.

    Examples
    --------
    >>> result = pitot.evaluate("examples/fleet.csv", "kernel", share=0.8, replicates=2)
    >>> result.objectives[0].error < result.objectives[0].baseline_error
    True
    """
    dataset = dataset_of(data)
    chosen = resolve(config, dataset._handle, seed)
    confidences = np.atleast_1d(confidences_of(confidence))
    if share is not None and not (isinstance(share, (int, float, np.number)) and 0 < share < 1):
        raise UsageError(f"share is {share!r}; give the share of pairs to train on, above 0 and below 1")
    if replicates is not None and native.whole_number(replicates, "replicates") < 1:
        raise UsageError(f"replicates is {replicates}; give 1 or more")
    options = s.sized(
        s.EvaluateOptions,
        share=0.0 if share is None else share,
        replicates=0 if replicates is None else replicates,
        confidences=native.pointer_to(confidences, ctypes.c_double),
        confidence_count=confidences.size,
    )
    handle = _run.run(
        "evaluating",
        lambda run: native.make(
            "evaluation",
            "pitot_evaluate",
            dataset._handle.pointer,
            chosen._handle.pointer,
            ctypes.byref(options),
            run,
        ),
        threads=threads,
        backend=backend,
        devices=devices,
        precision=precision,
        progress=progress,
    )
    view = s.sized(s.EvaluationView)
    native.call("pitot_evaluation_get", handle.pointer, ctypes.byref(view))
    return Evaluation(
        objectives=[_objective(handle, i) for i in range(view.objectives)],
        replicates=int(view.replicates),
        replicates_asked=int(view.replicates_asked),
        steps=int(view.steps),
        seconds=float(view.seconds),
        complete=bool(view.complete),
        details=native.from_json("pitot_evaluation_to_json", handle.pointer),
    )


def _objective(handle: Handle, index: int) -> Objective:
    view = s.sized(s.ObjectiveView)
    native.call("pitot_evaluation_objective", handle.pointer, index, ctypes.byref(view))
    counts = {
        "replicate_error": int(view.replicate_errors),
        "replicate_baseline_error": int(view.replicate_baseline_errors),
        "percentiles": 100,
        "baseline_percentiles": 100,
    }
    values: Dict[str, Any] = {name: native.copied(getattr(view, name), count) for name, count in counts.items()}
    numbers = ("test_rows", "calibration_rows", "error", "error_std", "baseline_error", "baseline_error_std")
    values.update({name: getattr(view, name) for name in numbers})
    return Objective(
        objective=(view.objective or b"").decode("utf-8"),
        **values,
        bounds=[_bound(handle, index, k) for k in range(view.bounds)],
    )


def _bound(handle: Handle, objective: int, index: int) -> Bound:
    view = s.sized(s.BoundView)
    native.call("pitot_evaluation_bound", handle.pointer, objective, index, ctypes.byref(view))
    values = {name: getattr(view, name) for name, _ in s.BoundView._fields_[1:]}
    values["unavailable"] = (values["unavailable"] or b"").decode("utf-8")
    return Bound(**values)
