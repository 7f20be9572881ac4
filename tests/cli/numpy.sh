#!/usr/bin/env bash
# NumPy opens every file of results that the program writes, without pickles, and finds what docs/experiments.md says; and
# models and datasets, as docs/model-file.md and docs/traces.md say.
# PITOT names the program. Exit status: 0 passed, 1 failed, 77 skipped (no NumPy).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/numpy_folder.sh"
data=$source_root/data/fleet.npz
"$pitot" experiments embedding/128 interference/2 baseline/linear_scaling -d "$data" -s 0.5 -k 2 -n 400 \
    --replicates 2 --folds 3 > /dev/null
"$pitot" simulate -d "$data" -m embedding/128 C_bar --share 0.5 -j 5 40 -n 2 --json > simulated.json
"$python" "$source_root/tests/cli/simulation_files.py" results-simulation simulated.json
"$pitot" experiments interference/2 -d "$data" -s 0.9 -k 2 -n 400 --replicates 1 --folds 2 > /dev/null
"$pitot" simulate -d "$data" -m interference/2 --share 0.5 -j 40 -n 2 --slowdowns interference/2 --json -o beside \
    > slowed.json
"$python" "$source_root/tests/cli/simulation_files.py" beside slowed.json
"$pitot" fit "$data" --preset interference/2 --folds 2 --checkpoints 1 --epoch-samples 200 -o fleet.pitot > /dev/null
"$pitot" convert "$data" fleet.npz > /dev/null
"$python" - << 'EOF'
import json, pathlib
import numpy as np

files = sorted(pathlib.Path(".").glob("results/**/*.npz")) + sorted(pathlib.Path("results-simulation").glob("pitot/*.npz"))
assert len(files) == 6, files
for file in files:
    with np.load(file, allow_pickle=False) as archive:
        for name in archive.files:
            array = archive[name]
            assert array.dtype in (np.float32, np.int32), (file, name, array.dtype)
            assert array.size > 0 and (np.isfinite(array).all() or "simulation" in str(file)), (file, name)

data = np.load("results/interference/2/0.5.npz")
R, k, Np, Nm = data["C_hat"].shape
assert (R, k) == (2, 3)
assert data["train_loss"].shape == (R, 2, k) and data["val_loss"].shape == (R, 2, k)
assert data["P"].shape == (R, k, Np, 128) and data["M"].shape == (R, k, Nm, 128)
assert data["V_s"].shape == data["V_g"].shape == (R, k, Np, 128, 2)
assert data["C_ijk_hat"].shape == (R, k, data["if_test"].shape[1])
assert np.allclose(data["C_bar"], data["p_bar"][:, :, None] + data["m_bar"][:, None, :], atol=1e-5)
for objective in ("mf", "if"):
    for r in range(R):
        test = set(data[objective + "_test"][r])
        for fold in range(k):
            train, val = set(data[objective + "_train"][r, fold]), set(data[objective + "_val"][r, fold])
            assert not (test & train or test & val or train & val)
record = json.load(open("results/interference/2/0.5.json"))
assert record["train_split"] == 0.5 and record["epochs"] == 2 and record["epoch_size"] == 2

config = None
with np.load("fleet.pitot", allow_pickle=False) as model:
    arrays = {name: model[name] for name in model.files}
    config = json.loads(str(arrays["config"]))
assert arrays["pitot_model_schema"].shape == () and arrays["pitot_model_schema"].dtype == np.int64
assert config["preset"] == "interference/2" and config["train"]["folds"] == 2
p, m = len(arrays["platform"]), len(arrays["module"])
assert arrays["platform"].dtype.kind == arrays["module"].dtype.kind == "U"
assert arrays["platform_features"].shape == (p, len(arrays["platform_feature_names"]))
assert arrays["module_features"].shape == (m, len(arrays["module_feature_names"]))
assert arrays["baseline_platform"].shape == (p,) and arrays["baseline_module"].shape == (m,)
parameters = [name for name in arrays if name.startswith("param/")]
assert parameters and all(arrays[name].dtype == np.float32 and arrays[name].shape[0] == 2 for name in parameters)
assert arrays["measured_offsets"].shape == (p + 1,) and arrays["measured_offsets"][-1] == len(arrays["measured_modules"])
for name, array in arrays.items():
    assert array.dtype.kind == "U" or np.isfinite(array).all(), name

with np.load("fleet.npz", allow_pickle=False) as dataset:
    rows = len(dataset["t"])
    assert (dataset["t"] > 0).all() and len(dataset["i_platform"]) == len(dataset["i_workload"]) == rows
    assert dataset["i_platform"].max() < len(dataset["n_platform"]) == p
    assert dataset["d_workload"].shape == (len(dataset["n_workload"]), len(dataset["f_workload"]))
EOF
