#!/usr/bin/env bash
# Results, summaries and simulations are read as the published program's own scripts read them: by its names of files, keys and
# arrays, and with its formulas.
# PITOT names the program. Exit status: 0 passed, 1 failed, 77 skipped (no NumPy).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/numpy_folder.sh"
"$pitot" convert "$source_root/data/fleet.npz" data.npz --layout dense > /dev/null
"$pitot" experiments embedding/128 linear/128 linear/32 baseline/mlp baseline/platform_only interference/2 paragon/32 \
    --dataset data.npz --sparsity 0.5 0.1 --checkpoints 2 --steps 2000 --replicates 2 --folds 3 > /dev/null
"$pitot" summary --path results > /dev/null
"$pitot" simulate --path results --dataset data.npz --jobs 5 20 --replicates 2 > /dev/null
"$pitot" simulate --path results --dataset data.npz --jobs 5 20 --replicates 2 -m linear/32 baseline/platform_only \
    > /dev/null
"$python" - << 'EOF'
import json, os
import numpy as np

SPLITS, JOBS, SETS, R, K = [0.1, 0.5], [5, 20], 2, 2, 3


def of_dataset(path, log):
    """Indices and values of what a configuration calls x, y, if_x and if_y."""
    with np.load(path, allow_pickle=False) as npz:
        matrix = npz["data"]
        scale = (lambda t: np.log(t / 25000)) if log else (lambda t: t / 25000)
        x = np.argwhere(matrix > 0)
        together = np.column_stack([npz["if_platform"], npz["if_module"], npz["if_interferer"]])
        return {"shape": matrix.shape, "x": x, "y": scale(matrix[x[:, 0], x[:, 1]]), "if_x": together,
                "if_y": scale(npz["if_data"])}


def combine_folds(predictions):
    return np.mean(predictions, axis=0)


def errors(prediction, x, y, rows, log):
    """Relative errors on test rows of predictions: of these rows, or of every pair."""
    x, y = x[rows], y[rows]
    prediction = prediction if prediction.ndim == 1 else prediction[x[:, 0], x[:, 1]]
    return np.exp(prediction - y) - 1 if log else prediction / y - 1


def check_arrays(method, record, arrays, data):
    platforms, modules = data["shape"]
    alone, together, epochs = len(data["y"]), len(data["if_y"]), record["epochs"]
    assert all(arrays[name].shape == (R, epochs, K) for name in ("train_loss", "val_loss"))
    assert arrays["C_hat"].shape == (R, K, platforms, modules)
    assert arrays["C_bar"].shape == (R, platforms, modules)
    assert arrays["p_bar"].shape == (R, platforms) and arrays["m_bar"].shape == (R, modules)
    assert arrays["C_ijk_hat"].shape == (R, K, arrays["if_test"].shape[1])
    for name, rows in ("mf", alone), ("if", together if method != "interference/2" else min(together, 2800)):
        test = int(rows * (1 - record["train_split"]))
        fold = int((rows - test) / K)
        assert arrays[name + "_test"].shape == (R, test), (method, name)
        assert arrays[name + "_val"].shape == (R, K, fold)
        assert arrays[name + "_train"].shape == (R, K, rows - test - fold)
    if method != "baseline/mlp":
        rank = arrays["P"].shape[3]
        assert arrays["P"].shape == (R, K, platforms, rank) and arrays["M"].shape == (R, K, modules, rank)
    if method == "interference/2":
        assert arrays["V_s"].shape == arrays["V_g"].shape == (R, K, platforms, 128, 2)


for method in ("embedding/128", "linear/128", "baseline/mlp", "interference/2", "paragon/32"):
    folder = os.path.join("results", method)
    names = sorted(os.listdir(folder))
    assert names == ["0.1.json", "0.1.npz", "0.5.json", "0.5.npz", "summary.json"], names
    summary = json.load(open(os.path.join(folder, "summary.json")))
    assert summary["splits"] == SPLITS
    for n, share in enumerate(summary["splits"]):
        record = json.load(open(os.path.join(folder, f"{share}.json")))
        assert record["train_split"] == share and record["epochs"] == 2 and record["dataset"] == "data.npz"
        assert record["epoch_size"] == int(2000 * share / 100) and record["duration"] > 0
        objectives = record["config"]["objectives"]
        assert [o["name"] for o in objectives] == ["mf", "if"]
        log = objectives[0]["log"]
        assert log == (method != "paragon/32")
        data = of_dataset(record["dataset"], log)
        with np.load(os.path.join(folder, f"{share}.npz"), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        check_arrays(method, record, arrays, data)
        for objective in objectives:
            assert objective.keys() == {"name", "batch_size", "weight", "log", "save", "xkey", "ykey"}
            x, y = data[objective["xkey"]], data[objective["ykey"]]
            rows = arrays[objective["name"] + "_test"]
            folds = arrays[objective["save"] or "C_hat"]
            error = np.stack([errors(combine_folds(folds[r]), x, y, rows[r], log) for r in range(R)])
            mape = np.mean(np.abs(error), axis=1)
            got = summary[objective["name"]]
            assert np.allclose(got["replicates"][n], mape, rtol=1e-4), (method, share, objective["name"])
            assert np.isclose(got["mean"][n], mape.mean(), rtol=1e-4)
            assert np.isclose(got["std"][n], mape.std(ddof=1), rtol=1e-2, atol=1e-6)
            assert np.allclose(got["percentile"][n], np.percentile(error, np.arange(100)), rtol=1e-3, atol=1e-4)
            baseline = np.stack([errors(arrays["C_bar"][r], x, of_dataset("data.npz", True)[objective["ykey"]], rows[r], True)
                                 for r in range(R)])
            assert np.isclose(got["baseline_mean"][n], np.abs(baseline).mean(), rtol=1e-4)
            assert np.asarray(got["baseline_percentile"]).shape == (len(SPLITS), 100)

out = "results-simulation"
platforms = of_dataset("data.npz", True)["shape"][0]
assert {"oracle", "pitot", "mlp", "linear", "baseline"} <= set(os.listdir(out)), os.listdir(out)
for method in ("oracle", "pitot", "mlp", "linear", "baseline"):
    jobs = sorted(float(name.split(".")[0]) for name in os.listdir(os.path.join(out, method)))
    assert jobs == JOBS, (method, os.listdir(os.path.join(out, method)))
    for n in JOBS:
        oracle = np.load(os.path.join(out, "oracle", f"{n}.npz"))
        placed = np.load(os.path.join(out, method, f"{n}.npz"))
        assert placed["latency"].shape == (SETS, n) and placed["utilization"].shape == (SETS, platforms)
        ratio = np.nanmean(placed["latency"] / oracle["latency"], axis=1)
        assert np.isfinite(ratio).all() and (method != "oracle" or np.allclose(ratio, 1))
EOF
