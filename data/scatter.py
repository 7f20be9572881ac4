#!/usr/bin/env python3
"""How much the runs of a collection scatter: standard deviation over mean of every cell of 3 runs or more.

    data/scatter.py COLLECTION/journal.jsonl
"""
import collections
import json
import statistics
import sys

runs = collections.defaultdict(list)
with open(sys.argv[1], encoding="utf-8") as journal:
    for line in journal:
        run = json.loads(line).get("run", [])
        if len(run) == 5:  # engine, module, wall, user, system; failed runs have fewer numbers
            runs[run[0], run[1]].append(run[2])
scatter = sorted(statistics.pstdev(r) / statistics.mean(r) for r in runs.values() if len(r) > 2)
print(f"median {scatter[len(scatter) // 2]:.3f}, a tenth above {scatter[len(scatter) * 9 // 10]:.3f}, of {len(scatter)} cells")
