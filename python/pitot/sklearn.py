"""A regressor by scikit-learn's conventions, over names of platforms and modules."""

from __future__ import annotations

import warnings
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from . import _tables
from ._dataset import Dataset
from ._errors import InputError, PitotWarning, UsageError
from ._fit import fit
from ._model import Model

_UNKNOWN = ("average", "error")


def _beside(columns: Dict[str, Any]) -> Any:
    """A list of co-runners a row, if there are columns of them."""
    given = [column for name, column in columns.items() if _tables.is_with(name)]
    if not given:
        return None
    lists = _tables.co_runners(given, "co-runners")
    cells = np.empty(len(lists.offsets) - 1, dtype=object)
    texts: List[str] = lists.values.texts
    for row, (a, b) in enumerate(zip(lists.offsets[:-1], lists.offsets[1:])):
        cells[row] = [texts[code] for code in lists.values.codes[a:b] if code >= 0]
    return cells


class PitotRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts runtimes from names: X has a column of platforms, one of modules and, if wanted, ones of co-runners.

    Parameters
    ----------
    preset
        Of the configuration; by default the one that suits the data.
    settings
        Fields of the configuration to change, by name.
    seed
        Of all that is random.
    platform_features, module_features
        Frames of features by name, as `Dataset.from_frame` takes them. Names that only they have can be predicted.
    unknown
        What is answered for a name that neither runs nor features know: "average" (the geometric mean over those that
        are known, with a warning; bounds are NaN), or "error". By "average", a co-runner that is not known is left
        out: the answer is for the run beside the others, with the same warning and without a bound.
    threads
        To use; 0: as many as this process may run on.

    Attributes
    ----------
    model_
        The fitted `Model`.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    X is a frame with columns ``platform``, ``module`` (and ``with``), in whatever order, or an array of objects whose
    first two columns are these, and whose further ones are one co-runner each. y is in microseconds. Runs of one pair
    are best kept on one side of a split, by ``GroupKFold`` and `groups`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([["desk", "fft"], ["desk", "sort"], ["board", "fft"], ["board", "sort"]] * 3, dtype=object)
    >>> y = np.array([1600, 900, 21000, 11900] * 3)
    >>> regressor = PitotRegressor("baseline/linear_scaling").fit(X, y)
    >>> regressor.predict(X[:2]).shape
    (2,)
    """

    def __init__(
        self,
        preset: Optional[str] = None,
        *,
        settings: Optional[Dict[str, Any]] = None,
        seed: int = 42,
        platform_features: Any = None,
        module_features: Any = None,
        unknown: str = "average",
        threads: int = 0,
    ) -> None:
        self.preset = preset
        self.settings = settings
        self.seed = seed
        self.platform_features = platform_features
        self.module_features = module_features
        self.unknown = unknown
        self.threads = threads

    def _more_tags(self) -> Dict[str, Any]:
        return {"X_types": ["string"], "requires_y": True, "requires_positive_y": True, "allow_nan": False}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.target_tags.positive_only = True
        return tags

    def fit(self, X: Any, y: Any) -> "PitotRegressor":
        """Fits a model.

        Parameters
        ----------
        X
            Names, a row a run.
        y
            Runtimes in microseconds.
        """
        if self.unknown not in _UNKNOWN:
            raise UsageError(f"unknown is {self.unknown!r}; give one of {', '.join(map(repr, _UNKNOWN))}")
        columns = self._columns(X, fitting=True)
        if y is None:
            raise UsageError("PitotRegressor requires y to be passed, but the target y is None")
        runtime = np.asarray(column_or_1d(y, warn=True), dtype=np.float64)
        rows = len(columns["platform"])
        if runtime.shape != (rows,):
            raise UsageError(f"X has {rows} rows and y is of shape {runtime.shape}; give a runtime a row")
        with warnings.catch_warnings():
            if self.platform_features is not None or self.module_features is not None:
                # That features list more names than a fold of runs has is what they are for.
                warnings.simplefilter("ignore", PitotWarning)
            data = Dataset.from_frame(
                {**columns, "runtime_us": runtime},
                platform_features=self.platform_features,
                module_features=self.module_features,
            )
        config: Dict[str, Any] = {} if self.preset is None else {"preset": self.preset}
        config.update(self.settings or {})
        self.model_: Model = fit(data, config, seed=self.seed, threads=self.threads, progress=False)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predicts runtimes in microseconds.

        Parameters
        ----------
        X
            Names, a row a question.
        return_std
            Whether to return standard deviations of new runs, too: those of a log-normal variable whose logarithm
            deviates as the model says. NaN of models that do not tell.
        """
        runtime, deviation, _, _ = self._answers(X, None, deviation=return_std)
        if not return_std:
            return runtime
        with np.errstate(over="ignore"):
            return runtime, runtime * np.sqrt(np.exp(deviation**2) * np.expm1(deviation**2))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> "Tuple[Any, Any]":
        """Intervals that hold new runs.

        Parameters
        ----------
        X
            Names, a row a question.
        coverage
            The share of new runs that lie within.

        Returns
        -------
        tuple of arrays
            Lower and upper ends, NaN where there are none.
        """
        if not 0 < coverage < 1:
            raise UsageError(f"coverage is {coverage}; give a number between 0 and 1")
        _, _, lower, upper = self._answers(X, (1 + coverage) / 2, lower=True)
        return lower, upper

    def predict_bound(self, X: Any, confidence: float = 0.9) -> Any:
        """Runtimes that are not exceeded with a confidence; NaN where there is no bound."""
        return self._answers(X, confidence)[3]

    def _answers(
        self, X: Any, confidence: Optional[float], deviation: bool = False, lower: bool = False
    ) -> Tuple[Any, Any, Any, Any]:
        check_is_fitted(self, "model_")
        columns = self._columns(X, fitting=False)
        beside = _beside(columns)
        known, whole = self._known(columns, beside)
        rows = len(known)
        result = [np.full(rows, np.nan) for _ in range(4)]
        at = np.flatnonzero(known)
        if len(at):
            cells = None if beside is None else beside[at]
            platform, module = columns["platform"][at], columns["module"][at]
            answer = self.model_.predict(platform, module, cells, confidence=confidence)
            result[0][at] = answer.runtime_us
            if deviation:
                result[1][at] = answer.deviation
            if lower:
                result[2][at] = answer.lower_us
            if confidence is not None:
                result[3][at] = answer.upper_us
        if len(at) < rows:
            self._average(columns, np.flatnonzero(~known), result)
        result[2][~whole] = result[3][~whole] = np.nan
        return result[0], result[1], result[2], result[3]

    def _known(self, columns: Dict[str, Any], beside: Any) -> "Tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """Which rows have a platform and a module that are known, and which have co-runners known as well.

        Those that are not known are taken out of `beside`.
        """
        platforms, modules = set(self.model_.platforms), set(self.model_.modules)
        known = np.array(
            [p in platforms and m in modules for p, m in zip(columns["platform"], columns["module"])], dtype=bool
        )
        whole = known.copy()
        if self.unknown == "error":
            return np.ones_like(known), np.ones_like(known)  # the model says which it does not know
        for row, names in enumerate(beside if beside is not None else ()):
            kept = [name for name in names if name in modules]
            if len(kept) < len(names):
                beside[row], whole[row] = kept, False
        if not whole.all():
            _tables.warn(
                f"{int((~whole).sum())} of {len(known)} rows have names that the model does not know; they are answered "
                "by averages, and co-runners that it does not know are left out"
            )
        return known, whole

    def _average(self, columns: Dict[str, Any], rows: "np.ndarray[Any, Any]", result: Any) -> None:
        """Geometric means over known platforms, known modules or both."""
        logs = np.log(self.model_.predict_all(confidence=None).runtime_us)
        at_platform = {name: i for i, name in enumerate(self.model_.platforms)}
        at_module = {name: j for j, name in enumerate(self.model_.modules)}
        for row in rows:
            i, j = at_platform.get(columns["platform"][row]), at_module.get(columns["module"][row])
            part = logs[slice(None) if i is None else i, slice(None) if j is None else j]
            result[0][row] = np.exp(part.mean())
            result[1][row] = part.std()

    def _columns(self, X: Any, fitting: bool) -> Dict[str, Any]:
        """X as columns ``platform``, ``module`` and those of co-runners, each an array of objects."""
        names: Any = None
        if hasattr(X, "toarray"):
            raise TypeError("sparse input is not supported: X holds names")
        if _tables.is_table(X):
            table = _tables.table_of(X)
            names = list(table.columns)
            if not fitting:
                self._check_names(names)
            if "platform" in table.columns and "module" in table.columns:
                kept = ["platform", "module", *_tables.with_columns(table)]
                columns = {name: _tables.plain(table.columns[name]) for name in kept}
            else:
                columns = self._by_position([_tables.plain(column) for column in table.columns.values()], table.rows)
        else:
            array = np.asarray(X)
            if array.dtype.kind == "c":
                raise UsageError("Complex data not supported: X holds names")
            array = array.astype(object)
            if array.ndim != 2:
                raise UsageError(
                    f"Expected 2D array, a row a run and a column a name, got {array.ndim} dimension(s). Reshape your data"
                )
            columns = self._by_position(list(array.T), len(array))
        count = len(names) if names is not None else len(columns)
        if len(columns["platform"]) == 0:
            raise InputError("X has 0 sample(s); give at least one row")
        if fitting:
            self.n_features_in_ = count
            if names is not None:
                self.feature_names_in_ = np.array(names, dtype=object)
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
        elif count != self.n_features_in_:
            raise UsageError(
                f"X has {count} features, but PitotRegressor is expecting {self.n_features_in_} features as input"
            )
        for name in ("platform", "module"):
            codes = _tables.coded(columns[name], f"column '{name}' of X").codes
            if (codes < 0).any():
                raise InputError(f"column '{name}' of X, row {int(np.argmax(codes < 0))} (counted from 0) is empty")
        return columns

    def _check_names(self, names: List[str]) -> None:
        """Columns have the names that they had in `fit`; where they are told by their places, in the same order."""
        fitted = [str(name) for name in getattr(self, "feature_names_in_", names)]
        if len(fitted) != len(names):
            return  # which is said of their count
        more, less = [n for n in names if n not in fitted], [n for n in fitted if n not in names]
        message = "The feature names should match those that were passed during fit.\n"
        if more or less:
            for words, which in (
                ("Feature names unseen at fit time", more),
                ("Feature names seen at fit time, yet now missing", less),
            ):
                if which:
                    message += f"{words}:\n" + "".join(f"- {name}\n" for name in which)
            raise UsageError(message)
        if names != fitted and not {"platform", "module"} <= set(names):
            raise UsageError(message + "Feature names must be in the same order as they were in fit.\n")

    @staticmethod
    def _by_position(columns: Any, rows: int) -> Dict[str, Any]:
        if len(columns) < 2:
            raise UsageError(
                f"X has {len(columns)} feature(s) (shape=({len(columns[0]) if columns else rows}, {len(columns)})) while a "
                "minimum of 2 is required: platforms and modules"
            )
        names = ["platform", "module", *(f"with{k}" for k in range(1, len(columns) - 1))]
        return dict(zip(names, columns))
