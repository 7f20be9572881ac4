#!/usr/bin/env bash
# examples/predict_by_hand.py, NumPy after docs/model-file.md, answers every pair of models of all families as `pitot predict`
# does, alone and beside others.
# PITOT names the program. Exit status: 0 passed, 1 failed, 77 skipped (no NumPy).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/numpy_folder.sh"
others=(allocation/churn-small allocation/churn-medium)

# compare MODEL [MODULE…]: both answer, beside the modules.
compare() {
    local with=() hand=()
    for name in "${@:2}"; do with+=(--with "$name"); done
    (($# == 1)) || hand=(--with "${@:2}")
    "$pitot" predict "$1" --confidence 0.6,0.9 ${with[@]+"${with[@]}"} --json > program.json
    "$python" "$source_root/examples/predict_by_hand.py" "$1" --confidence 0.6 0.9 ${hand[@]+"${hand[@]}"} > hand.json
    "$python" - "$*" << 'EOF'
import json, sys
program, hand = json.load(open("program.json")), json.load(open("hand.json"))
assert len(program) == len(hand) > 100, (len(program), len(hand))
for a, b in zip(program, hand):
    assert all(a[key] == b[key] for key in ("platform", "module", "with")), (a, b)
    assert a["bound_us"].keys() == b["bound_us"].keys()
    pairs = [(a["runtime_us"], b["runtime_us"])] + [(a["bound_us"][q], b["bound_us"][q]) for q in a["bound_us"]]
    for x, y in pairs:
        assert (x is None and y is None) or abs(x - y) <= 1e-5 * x, (sys.argv[1], a, b)
EOF
}

# Scales so large that a block in the wrong place shows after few steps, and that folds are apart.
fit() { # PRESET DATA OPTIONS…
    "$pitot" fit "$2" --preset "$1" --folds 4 --checkpoints 2 --epoch-samples 2000 -o model.pitot "${@:3}" > /dev/null 2>&1
}
scales=(--set model.alpha=0.5 --set model.beta=0.5)
together=(--set train.together_weight=1 --set train.together_rows=0)
fleet=$source_root/data/fleet.npz

fit baseline/linear_scaling "$fleet"
compare model.pitot
for preset in embedding/32 features/0 baseline/module_only baseline/platform_only baseline/non_baseline; do
    fit $preset "$fleet" --set model.layers=12,8 "${scales[@]}"
    compare model.pitot
done
fit linear/32 "$source_root/examples/fleet.csv" "${scales[@]}"
compare model.pitot
fit paragon/32 "$fleet"
compare model.pitot
fit interference/2 "$fleet" --set model.layers=12,8 "${scales[@]}" "${together[@]}"
compare model.pitot
mv hand.json alone.json
compare model.pitot "${others[0]}"
compare model.pitot "${others[@]}"
"$python" - << 'EOF'
import json
alone, beside = json.load(open("alone.json")), json.load(open("hand.json"))
assert sum(abs(b["runtime_us"] / a["runtime_us"] - 1) > 1e-3 for a, b in zip(alone, beside)) > len(alone) / 2
EOF
# Beyond what was learned from: answers end at the ranges of the file.
fit interference/2 "$fleet" --set model.layers=12,8 --set model.alpha=12 --set model.beta=2 "${together[@]}"
compare model.pitot
compare model.pitot "${others[@]}" allocation/lru_cache-small
fit linear/32 "$fleet" --set model.interference_types=3 --set model.beta=30 "${together[@]}"
compare model.pitot "${others[@]}"
for preset in baseline/mlp baseline/device_mlp; do
    fit $preset "$fleet" --set model.layers=10,6,1
    compare model.pitot
    compare model.pitot "${others[0]}"
done
