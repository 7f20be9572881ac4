#!/usr/bin/env python3
"""Draws docs/what-pitot-does.svg from what Pitot does with a part of data/fleet.npz.

    PITOT=build/release/pitot scripts/draw-overview.py [PICTURE.svg]

A quarter of the pairs that ran alone is drawn at random, a model is fitted to them, and all pairs are predicted. The
picture shows every platform and some modules, both in the order of their typical runtimes. The pair that it magnifies
is chosen by rule: of the pairs shown that the model never saw and that lie within their bound, the one with the median
error. Standard library only; takes five seconds.
"""
import csv
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED, SHARE, COLUMNS = 1, 0.25, 26
CELL_WIDTH, CELL_HEIGHT, LEFT, RIGHT, TOP = 11, 13, 190, 500, 52
# From short to long, far apart for eyes of every kind (the colours of "viridis").
COLOURS = [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)]
STYLE = """
text { font: 12px sans-serif; fill: #222 }
.title { font-size: 15px; font-weight: bold }
.name { font-size: 11px; fill: #555 }
.paper { fill: #fff }
.hole { fill: #eee }
.line { stroke: #555; fill: none }
.frame { stroke: #c2410c; fill: none; stroke-width: 2 }
.predicted { fill: #2b6cb0 } .bound { fill: #c2410c } .truth { fill: #2f7d32 }
.bold { font-weight: bold; font-size: 13px }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .name { fill: #aaa } .paper { fill: #1b1b1b } .hole { fill: #2c2c2c } .line { stroke: #999 }
  .frame { stroke: #fb923c } .predicted { fill: #7fb3f0 } .bound { fill: #fb923c } .truth { fill: #7ccf80 }
}
"""


def run(*arguments):
    subprocess.run([os.environ.get("PITOT", "pitot"), *arguments], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PITOT_PROGRESS_SECONDS": "0"})


def read(file):
    with open(file, newline="") as lines:
        return list(csv.DictReader(lines))


def work(folder):
    """Measured runtimes of all pairs, which of them were learned from, and predictions with bounds (µs)."""
    run("convert", str(ROOT / "data/fleet.npz"), f"{folder}/all.csv", "--quiet")
    truth = {(row["platform"], row["module"]): float(row["runtime_us"]) for row in read(f"{folder}/all.csv")
             if not row["with1"] and not row["with2"]}
    learned = set(random.Random(SEED).sample(sorted(truth), round(SHARE * len(truth))))
    with open(f"{folder}/part.csv", "w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["platform", "module", "runtime_us"])
        table.writerows([*pair, truth[pair]] for pair in sorted(learned))
    run("fit", f"{folder}/part.csv", "--platform-features", f"{folder}/all.platforms.csv", "--module-features",
        f"{folder}/all.modules.csv", "--seed", str(SEED), "-o", f"{folder}/part.pitot", "--quiet")
    with open(f"{folder}/answers.csv", "w") as answers:
        subprocess.run([os.environ.get("PITOT", "pitot"), "predict", f"{folder}/part.pitot", "--format", "csv", "--limit",
                        "0", "--quiet"], check=True, stdout=answers)
    answers = {(row["platform"], row["module"]): (float(row["runtime_us"]), float(row["bound_0.9_us"]))
               for row in read(f"{folder}/answers.csv")}
    return truth, learned, answers


def in_order(names, truth, place):
    """`names` by the median of their logarithmic runtimes."""
    return sorted(names, key=lambda name: statistics.median(math.log(us) for pair, us in truth.items() if pair[place] == name))


def colour(us, low, high):
    at = min(max((math.log(us) - low) / (high - low), 0), 1) * (len(COLOURS) - 1)
    before = min(int(at), len(COLOURS) - 2)
    return "#" + "".join(f"{round(a + (at - before) * (b - a)):02x}" for a, b in zip(COLOURS[before], COLOURS[before + 1]))


def time(us):
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if us >= size:
            return f"{us / size:.3g} {unit}"
    return f"{us:.3g} µs"


def matrix(left, cells, platforms, modules, low, high):
    out = []
    for i, platform in enumerate(platforms):
        for j, module in enumerate(modules):
            us = cells.get((platform, module))
            fill = 'class="hole"' if us is None else f'fill="{colour(us, low, high)}"'
            out.append(f'<rect {fill} x="{left + j * CELL_WIDTH}" y="{TOP + i * CELL_HEIGHT}" width="{CELL_WIDTH - 1}" '
                       f'height="{CELL_HEIGHT - 1}"/>')
    return out


def magnified(pair, truth, answers, row, column, top):
    """One cell of the right matrix, and an axis of time with what is known of it."""
    predicted, bound = answers[pair]
    left, right, width, height = 20, 780, 760, 108
    x, y = RIGHT + column * CELL_WIDTH, TOP + row * CELL_HEIGHT
    low, high = math.log(min(predicted, truth[pair]) / 1.35), math.log(max(bound, truth[pair]) * 1.2)
    at = lambda us: left + 30 + (math.log(us) - low) / (high - low) * (width - 60)
    axis = top + 68
    out = [f'<rect class="frame" x="{x - 1}" y="{y - 1}" width="{CELL_WIDTH + 1}" height="{CELL_HEIGHT + 1}"/>',
           f'<path class="frame" style="stroke-width:1" d="M{x - 1} {y + CELL_HEIGHT} L{x - 40} {top} M{x + CELL_WIDTH} '
           f'{y + CELL_HEIGHT} L{min(x + 50, right)} {top}" opacity="0.7"/>',
           f'<rect class="paper" x="{left}" y="{top}" width="{width}" height="{height}"/>',
           f'<rect class="frame" x="{left}" y="{top}" width="{width}" height="{height}"/>',
           f'<text x="{left + 12}" y="{top + 20}">A pair that the model never saw: <tspan class="bold">{escape(pair[1])}</tspan> '
           f'on <tspan class="bold">{escape(pair[0])}</tspan></text>',
           f'<path class="line" d="M{left + 20} {axis} H{right - 20} m-6 -4 l6 4 l-6 4"/>',
           f'<text class="name" x="{right - 20}" y="{axis + 18}" text-anchor="end">runtime</text>']
    ends = [("predicted", predicted, "predicted", "end" if predicted < bound else "start", -16),
            ("bound", bound, "90 % bound", "start", -16),
            ("truth", truth[pair], "measured, for comparison", "middle", 28)]
    for kind, us, words, anchor, shift in ends:
        out.append(f'<path class="{kind}" d="M{at(us) - 1.5:.1f} {axis - 12} h3 v24 h-3 z"/>')
        out.append(f'<text class="{kind} bold" x="{at(us):.1f}" y="{axis + shift}" text-anchor="{anchor}">{words} {time(us)}</text>')
    return out


def legend(top, low, high):
    out = [f'<text class="name" x="{LEFT}" y="{top + 10}">{time(math.exp(low))}</text>']
    for i in range(40):
        us = math.exp(low + (i + 0.5) / 40 * (high - low))
        out.append(f'<rect fill="{colour(us, low, high)}" x="{LEFT + 46 + i * 3}" y="{top}" width="3.2" height="11"/>')
    out.append(f'<text class="name" x="{LEFT + 172}" y="{top + 10}">{time(math.exp(high))}</text>')
    out.append(f'<rect class="hole" x="{LEFT + 218}" y="{top}" width="10" height="11"/>')
    out.append(f'<text class="name" x="{LEFT + 234}" y="{top + 10}">unknown</text>')
    return out


def draw(truth, learned, answers):
    platforms = in_order({pair[0] for pair in truth}, truth, 0)
    modules = in_order({pair[1] for pair in truth}, truth, 1)
    shown = [modules[round((i + 0.5) * len(modules) / COLUMNS - 0.5)] for i in range(COLUMNS)]
    held_out = sorted(set(truth) - learned)
    error = {pair: abs(answers[pair][0] / truth[pair] - 1) for pair in held_out}
    within = [pair for pair in held_out if truth[pair] <= answers[pair][1]]
    candidates = sorted((pair for pair in within if pair[1] in shown), key=error.get)
    pair = candidates[len(candidates) // 2]
    median, covered = 100 * statistics.median(error.values()), 100 * len(within) / len(held_out)
    low, high = math.log(2e3), math.log(5e6)
    bottom = TOP + len(platforms) * CELL_HEIGHT
    facts = (f"{len(learned)} of {len(truth)} pairs of {len(platforms)} platforms and {len(modules)} modules are given to Pitot. "
             f"Of the {len(held_out)} others, half are missed by less than {median:.0f} %, and {covered:.0f} % stay below their "
             "90 % bound.")
    height = bottom + 190
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" role="img" aria-labelledby="title desc">',
           '<title id="title">What Pitot does: it fills in the runtimes that were not measured</title>',
           f'<desc id="desc">Two matrices of runtimes, platforms by modules. In the left one only the measured quarter of the '
           f"cells has a colour, in the right one, predicted, all have. {escape(facts)} One cell is magnified: {escape(pair[1])} on "
           f"{escape(pair[0])} was predicted to take {time(answers[pair][0])}, with a 90 % bound of {time(answers[pair][1])}, and "
           f"took {time(truth[pair])} when it was measured.</desc>",
           f"<style>{STYLE}</style>", f'<rect class="paper" width="800" height="{height}"/>',
           f'<text class="title" x="{LEFT}" y="24">You measure some pairs</text>',
           f'<text class="title" x="{RIGHT}" y="24">Pitot predicts all of them</text>',
           f'<text class="name" x="{LEFT}" y="43">modules →</text>', f'<text class="name" x="{RIGHT}" y="43">modules →</text>',
           f'<text class="name" x="{LEFT - 8}" y="43" text-anchor="end">platforms ↓</text>']
    for i, platform in enumerate(platforms):
        out.append(f'<text class="name" x="{LEFT - 8}" y="{TOP + i * CELL_HEIGHT + 10}" text-anchor="end">{escape(platform)}</text>')
    out += matrix(LEFT, {cell: truth[cell] for cell in learned}, platforms, shown, low, high)
    out += matrix(RIGHT, {cell: answer[0] for cell, answer in answers.items()}, platforms, shown, low, high)
    out += legend(bottom + 8, low, high)
    out += magnified(pair, truth, answers, platforms.index(pair[0]), shown.index(pair[1]), bottom + 36)
    first, second = facts.split(". ", 1)
    out += [f'<text class="name" x="20" y="{bottom + 163}">{escape(first)}; {len(shown)} modules are shown.</text>',
            f'<text class="name" x="20" y="{bottom + 179}">{escape(second)}</text>', "</svg>\n"]
    return "\n".join(out)


def main():
    picture = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/what-pitot-does.svg"
    if len(sys.argv) > 2 or picture.suffix != ".svg":
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        picture.write_text(draw(*work(folder)))


if __name__ == "__main__":
    main()
