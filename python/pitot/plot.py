"""Pictures of a fitted model, by matplotlib: each method draws into axes, its own or those given, and returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple

import numpy as np

from . import _structs as s
from ._dataset import Dataset, dataset_of
from ._errors import UsageError

if TYPE_CHECKING:
    from ._model import Model

_INK = "#334155"
_BLUE = "#2563eb"
_ORANGE = "#d97706"
_MOST_NAMES = 40  # of a matrix's rows or columns


def _axes(ax: Any, size: Tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("pictures need matplotlib; install python3-matplotlib, or matplotlib from PyPI") from error
    _, ax = pyplot.subplots(figsize=size, layout="constrained")
    return ax


def _plain(ax: Any) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _time(microseconds: float) -> str:
    """A time in the unit that it is read best in.

    Examples
    --------
    >>> _time(14026.0)
    '14 ms'
    """
    for unit, factor in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= factor:
            return f"{microseconds / factor:.3g} {unit}"
    return f"{microseconds * 1e3:.3g} ns"


def _time_axis(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: _time(value)))
    axis.set_minor_formatter(NullFormatter())


class ModelPlots:
    """`Model.plot`."""

    def __init__(self, model: "Model") -> None:
        self._model = model

    def matrix(self, ax: Any = None, with_: Any = None) -> Any:
        """Predicted runtimes of every pair, those never measured marked by a dot.

        Parameters
        ----------
        ax
            Axes of matplotlib to draw into.
        with_
            Modules that run beside.
        """
        from matplotlib.colors import LogNorm

        model = self._model
        answer = model.predict_all(with_, confidence=None)
        times = answer.runtime_us
        platforms, modules = len(model.platforms), len(model.modules)
        ax = _axes(ax, (2.5 + 0.35 * min(modules, 40), 1.6 + 0.3 * min(platforms, 40)))
        image = ax.imshow(times, norm=LogNorm(), cmap="viridis", aspect="auto", interpolation="nearest")
        rows, columns = np.nonzero(answer.evidence_codes == s.EVIDENCE_NONE)
        ax.plot(columns, rows, linestyle="", marker="o", markersize=4, color="white", markeredgecolor=_INK)
        for axis, names, what in ((ax.yaxis, model.platforms, "platforms"), (ax.xaxis, model.modules, "modules")):
            if len(names) <= _MOST_NAMES:
                axis.set_ticks(range(len(names)), names)
            else:
                axis.set_label_text(f"{len(names)} {what}")
        ax.tick_params(axis="x", rotation=90)
        ax.set_title("Predicted runtimes" + (" (dots: never measured)" if len(rows) else ""), loc="left")
        bar = ax.figure.colorbar(image, ax=ax)
        _time_axis(bar.ax.yaxis)
        return ax

    def residuals(self, runs: Any, ax: Any = None) -> Any:
        """Predictions over what was measured, by runtime, apart for what the model learned from and what it did not.

        Parameters
        ----------
        runs
            A `Dataset`, a path or a frame, of platforms and modules that the model knows.
        ax
            Axes of matplotlib to draw into.
        """
        data, answer = self._answers(runs, None)
        ax = _axes(ax, (7, 4))
        ratio = answer.runtime_us / data.runtime_us
        learned = answer.evidence_codes == s.EVIDENCE_LEARNED
        for chosen, label, color, marker in (
            (learned, "learned from", _BLUE, "."),
            (~learned, "not learned from", _ORANGE, "o"),
        ):
            if chosen.any():
                error = float(np.mean(np.abs(ratio[chosen] - 1)))
                ax.plot(
                    data.runtime_us[chosen],
                    ratio[chosen],
                    linestyle="",
                    marker=marker,
                    markersize=5,
                    alpha=0.7,
                    markeredgewidth=0,
                    color=color,
                    label=f"{label}: mean error {100 * error:.1f} %",
                )
        ax.axhline(1.0, color=_INK, linewidth=1)
        ax.set_xscale("log")
        _time_axis(ax.xaxis)
        ax.set_xlabel("measured")
        ax.set_ylabel("predicted / measured")
        ax.legend(frameon=False, loc="best")
        _plain(ax)
        return ax

    def coverage(
        self, runs: Any, ax: Any = None, confidences: "Optional[Sequence[float]]" = None, unlearned: bool = True
    ) -> Any:
        """Which share of runs kept to their bounds, beside the confidence that bounds had.

        Parameters
        ----------
        runs
            A `Dataset`, a path or a frame, of platforms and modules that the model knows. Bounds are a promise for runs
            that the model has not seen.
        ax
            Axes of matplotlib to draw into.
        confidences
            Of bounds; 0.5 to 0.95 by default.
        unlearned
            Whether combinations that the model learned from are left out (where there are others).
        """
        levels = np.linspace(0.5, 0.95, 10) if confidences is None else np.asarray(confidences, dtype=np.float64)
        data, answer = self._answers(runs, levels)
        upper = answer.upper_us
        kept = answer.evidence_codes != s.EVIDENCE_LEARNED
        if not unlearned or not kept.any():
            kept = np.ones(len(data), dtype=bool)
        ax = _axes(ax, (5, 4.5))
        shares, spread = [], []
        for k in range(len(levels)):
            bounded = kept & np.isfinite(upper[:, k])
            count = int(bounded.sum())
            shares.append(np.mean(data.runtime_us[bounded] <= upper[bounded, k]) if count else np.nan)
            spread.append(1.96 * np.sqrt(levels[k] * (1 - levels[k]) / count) if count else np.nan)
        band = np.array(spread)
        ax.fill_between(
            levels,
            np.clip(levels - band, 0, 1),
            np.clip(levels + band, 0, 1),
            color=_INK,
            alpha=0.12,
            linewidth=0,
            label="what chance allows (95 %)",
        )
        ax.plot(levels, levels, color=_INK, linewidth=1, label="as promised")
        ax.plot(levels, shares, marker="o", color=_BLUE, label=f"{int(kept.sum())} runs")
        ax.set_xlabel("confidence of bounds")
        ax.set_ylabel("share of runs within bounds")
        ax.legend(frameon=False, loc="lower right")
        _plain(ax)
        return ax

    def embedding(self, side: str = "platform", ax: Any = None) -> Any:
        """A map of a side's rows: those near one another have runtimes that go alike, whatever their speed or size.

        Parameters
        ----------
        side
            "platform" or "module".
        ax
            Axes of matplotlib to draw into.

        Notes
        -----
        The first two principal components of the logarithms of predicted runtimes, less the means of rows and columns.
        """
        if side not in ("platform", "module"):
            raise UsageError(f"side is {side!r}; give 'platform' or 'module'")
        model = self._model
        logs = np.log(model.predict_all(confidence=None).runtime_us)
        logs = logs if side == "platform" else logs.T
        names = model.platforms if side == "platform" else model.modules
        rest = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0, keepdims=True) + logs.mean()
        u, weights, _ = np.linalg.svd(rest, full_matrices=False)
        places = np.zeros((len(names), 2))
        width = min(2, len(weights))
        places[:, :width] = u[:, :width] * weights[:width]
        told = weights[:2] ** 2 / max(float((weights**2).sum()), 1e-300)
        ax = _axes(ax, (6.5, 5))
        points = ax.scatter(places[:, 0], places[:, 1], c=logs.mean(axis=1), cmap="viridis", s=40, zorder=3)
        if len(names) <= _MOST_NAMES:
            for name, (x, y) in zip(names, places):
                ax.annotate(name, (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8, color=_INK)
        else:
            ax.set_title(f"{len(names)} {side}s", loc="left")
        ax.margins(0.12)
        for axis, share, number in zip((ax.xaxis, ax.yaxis), [*told, 0.0, 0.0], ("first", "second")):
            axis.set_label_text(f"{number} component ({100 * share:.0f} %)")
        bar = ax.figure.colorbar(points, ax=ax)
        bar.set_label("mean runtime, its logarithm" if side == "module" else "mean runtime on it, its logarithm")
        _plain(ax)
        return ax

    def _answers(self, runs: Any, confidences: Any) -> "Tuple[Dataset, Any]":
        data = dataset_of(runs)
        model = self._model
        platform = model.find("platform", data.platforms)[data.platform]
        module = np.append(model.find("module", data.modules), -1).astype(np.int32)
        beside = module[data.co_runners] if data.co_runners.shape[1] else None
        return data, model.predict(platform, module[data.module], beside, confidence=confidences)
