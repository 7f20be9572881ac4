#!/usr/bin/python3
"""Draws docs/reproduction.svg: the published curves (docs/published.csv) and ours (docs/reproduction.csv).

Needs matplotlib. Run from anywhere: scripts/draw-reproduction.py
"""
import collections
import csv
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
PANELS = [
    ("Runs alone (data.npz)", "data.npz", "mf", ["embedding/128", "linear/128", "baseline/mlp"]),
    ("With a co-runner (data.if.npz)", "data.if.npz", "if",
     ["interference/2", "interference/ignore", "interference/discard"]),
    ("With two co-runners (data.if3*.npz)", None, "if",
     ["interference3/2", "interference3/no-smt", "interference3/ignore", "interference3/discard"]),
]


def read(name):
    """Curves by (preset, objective): shares to (mean absolute percentage error, standard error or None)."""
    curves = collections.defaultdict(dict)
    with open(DOCS / name, encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row.get("measure", "mape") == "mape":
                error = row.get("standard_error")
                curves[row["preset"], row["objective"]][float(row["share"])] = (
                    float(row["value"]), float(error) if error else None)
    return curves


def main():
    published, ours = read("published.csv"), read("reproduction.csv")
    plt.rcParams.update({"svg.hashsalt": "pitot", "font.size": 9})
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 3.6), layout="constrained")
    for axis, (title, _, objective, presets) in zip(axes, PANELS):
        for number, preset in enumerate(presets):
            colour = f"C{number}"
            mine = sorted(ours[preset, objective].items())
            axis.errorbar([s for s, _ in mine], [v for _, (v, _) in mine], [e for _, (_, e) in mine], color=colour,
                          lw=1.2, label=preset)
            theirs = sorted(published[preset, objective].items())
            axis.plot([s for s, _ in theirs], [v for _, (v, _) in theirs], "o", color=colour, mfc="none", ms=5)
        axis.set(title=title, xlabel="training share", yscale="log")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
        axis.tick_params(axis="y", which="minor", labelsize=7)
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=8)
    axes[0].set_ylabel("mean absolute error, %")
    figure.supxlabel("lines: ours, with standard errors; circles: published", fontsize=8)
    figure.savefig(DOCS / "reproduction.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
