#!/usr/bin/env python3
"""Computes the ratios of a simulation again, from its files alone (docs/simulation.md), and compares them with what
`pitot simulate --json` printed: simulation_files.py FOLDER JSON"""
import json
import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
network = dict(np.load(folder / "network.npz", allow_pickle=False))
layer, cluster, own = network["layer"], network["cluster"], network["latency_ms"]


def half_ms(i, j):
    apart = cluster[i] != cluster[j]
    half = np.where((layer[i] == 2) | apart, own[i], 0.0)
    half = half + np.where((layer[i] == 2) & apart, own[cluster[i]], 0.0)
    return np.where(i == j, 0.0, half)


def rtt_ms(i, j):
    return half_ms(i, j) + half_ms(j, i)


FOLDERS = {"embedding/128": "pitot", "baseline/mlp": "mlp", "linear/128": "linear", "C_bar": "baseline"}


def latencies(method, number):
    """Of every job in every set, from where it was placed; checked against what the file says."""
    jobs = np.load(folder / "jobs" / f"{number}.npz", allow_pickle=False)
    result = np.load(folder / FOLDERS.get(method, method) / f"{number}.npz", allow_pickle=False)
    if method == "optimal":
        return result["latency"]
    device, module = result["device"], jobs["module"]
    factor = result["slowdown"] if "slowdown" in result else 1.0
    alone = network["runtime_ms"][device, module]
    latency = alone + rtt_ms(jobs["source"], device) + rtt_ms(device, jobs["destination"]) + alone * (factor - 1.0)
    latency[device < 0] = np.nan
    assert np.array_equal(latency.astype(np.float32), result["latency"], equal_nan=True), (method, number)
    left = np.ones((len(device), len(layer)))
    for s, n in zip(*np.nonzero(device >= 0)):
        i = device[s, n]
        work = network["runtime_ms"][i, module[s, n]] * (factor if np.isscalar(factor) else factor[s, n])
        left[s, i] -= work * jobs["rate"][s, n] / network["capacity"][i]
    assert np.array_equal(left.astype(np.float32), result["utilization"]), (method, number)
    return latency


compared = 0
for row in json.load(open(sys.argv[2])):
    own_latency, oracle = latencies(row["method"], row["jobs"]), latencies("oracle", row["jobs"])
    solved = ~(np.isnan(own_latency).all(1) & ~np.isnan(oracle).all(1)) | (row["method"] != "optimal")
    means = [np.nanmean(own_latency[s] / oracle[s]) for s in np.flatnonzero(solved)]
    # The optimum's latencies are kept in single precision.
    precision = 1e-6 if row["method"] == "optimal" else 1e-14
    assert abs(np.mean(means) - row["ratio"]) <= precision * row["ratio"], (row, np.mean(means))
    error = 2.0 * np.std(means, ddof=1) / np.sqrt(len(means))
    assert abs(error - row["two_standard_errors"]) <= 1e-6, (row, error)
    compared += 1
assert compared > 0
