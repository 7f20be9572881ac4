#!/usr/bin/python3
"""Draws docs/reproduction.svg: the published curves (docs/published.csv) and ours (docs/reproduction.csv).

    scripts/draw-reproduction.py                the picture
    scripts/draw-reproduction.py --tables       prints the tables of docs/reproduction.md instead
    scripts/draw-reproduction.py --from FOLDER  puts what `pitot summary -p FOLDER` wrote into docs/reproduction.csv

Needs matplotlib. Run from anywhere.
"""
import argparse
import collections
import csv
import json
import math
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
PANELS = [
    ("Runs alone (data.npz)", "mf", ["embedding/128", "linear/128", "baseline/mlp", "kernel"]),
    ("With a co-runner (data.if.npz)", "if",
     ["interference/2", "interference/ignore", "interference/discard"]),
    ("With two co-runners (data.if3*.npz)", "if",
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


def dataset_of(preset):
    """The public dataset that a preset was published on."""
    if preset.startswith("interference3"):
        return "data.if3.mc.npz" if preset.endswith("no-smt") else "data.if3.npz"
    return "data.if.npz" if preset.startswith("interference") else "data.npz"


def collect(folder):
    """Puts what a folder of results has into docs/reproduction.csv: new curves, or others in the place of those there."""
    path = DOCS / "reproduction.csv"
    with open(path, encoding="utf-8") as file:
        head = [line for line in file if line.startswith("#")]
    with open(path, encoding="utf-8") as file:
        rows = {(row["preset"], row["objective"], float(row["share"])): row
                for row in csv.DictReader(line for line in file if not line.startswith("#"))}
    for found in sorted(pathlib.Path(folder).glob("**/summary.json")):
        preset = "/".join(found.relative_to(folder).parts[:-1])
        summary = json.loads(found.read_text(encoding="utf-8"))
        lists = [(preset, objective, "") for objective in ("mf", "if") if objective in summary]
        if preset == "embedding/128":
            lists.append(("linear scaling", "mf", "baseline_"))
        for name, objective, prefix in lists:
            errors = summary[objective]
            for share, mean, deviation, each in zip(summary["splits"], errors[prefix + "mean"],
                                                    errors[prefix + "std"], errors[prefix + "replicates"]):
                record = json.loads((found.parent / f"{share}.json").read_text(encoding="utf-8"))
                dataset = dataset_of(preset)
                if preset == "kernel":  # Pitot's own, of any dataset; its curve of rows alone is that of data.npz
                    files = record["dataset"]
                    dataset = pathlib.PurePath(files if isinstance(files, str) else files[0]).name
                    if objective == "mf" and dataset != "data.npz":
                        continue
                rows[name, objective, share] = {
                    "preset": name, "dataset": dataset, "objective": objective, "share": share,
                    "value": f"{100 * mean:.3f}", "standard_error": f"{100 * deviation / math.sqrt(len(each)):.3f}",
                    "replicates": len(each), "backend": record["backend"]}
    curves = list(dict.fromkeys(key[:2] for key in rows))  # in the order that they have
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(head)
        writer = csv.DictWriter(file, ["preset", "dataset", "objective", "share", "value", "standard_error", "replicates",
                                       "backend"], lineterminator="\n")
        writer.writeheader()
        for key in sorted(rows, key=lambda key: (curves.index(key[:2]), key[2])):
            writer.writerow(rows[key])


def print_tables():
    """What was published beside ours, then all of ours."""
    ours = read("reproduction.csv")
    named = {preset: preset if preset == "linear scaling" else f"`{preset}`" for preset, _ in ours}
    print("| preset | share | published | ours | standard error | difference |\n|---|---|---|---|---|---|")
    with open(DOCS / "published.csv", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            share, published = float(row["share"]), float(row["value"])
            value, error = ours.get((row["preset"], row["objective"]), {}).get(share, (None, None))
            if value is None or row["measure"] not in ("mape", "ratio"):
                continue
            name = named[row["preset"]]
            if row["measure"] == "ratio":
                other = row["relative_to"]
                # features/4 is embedding/128, under which it was trained.
                by, by_error = ours["embedding/128" if other == "features/4" else other, row["objective"]][share]
                error = value / by * math.hypot(error / value, by_error / by)
                value /= by
                name += f" over `{other}`"
            digits = 1 if row["preset"] == "linear scaling" else 2
            print(f"| {name} | {share} | {published:g} | {value:.{digits}f} | {error:.{digits}f} | "
                  f"{100 * (value / published - 1):+.1f} % |")
    shares = sorted({share for curve in ours.values() for share in curve})
    print("\n| preset | rows | " + " | ".join(map(str, shares)) + " |\n|" + "---|" * (2 + len(shares)))
    for (preset, objective), curve in ours.items():
        cells = ["{:.2f} ± {:.2f}".format(*curve[share]) if share in curve else "–" for share in shares]
        print(f"| {named[preset]} | {'alone' if objective == 'mf' else 'with co-runners'} | " + " | ".join(cells) + " |")


def draw():
    """The picture."""
    published, ours = read("published.csv"), read("reproduction.csv")
    plt.rcParams.update({"svg.hashsalt": "pitot", "font.size": 9})
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 3.6), layout="constrained")
    for axis, (title, objective, presets) in zip(axes, PANELS):
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--tables", action="store_true")
    what.add_argument("--from", dest="folder", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.folder:
        collect(arguments.folder)
    elif arguments.tables:
        print_tables()
    else:
        draw()


if __name__ == "__main__":
    main()
