#!/usr/bin/env bash
# A quick figure of accuracy a dataset: the published one on the public dataset of 2023, if that is there, and what
# data/fleet.npz gives. Training takes half a minute on two cores, so it is done on demand:
#
#   PITOT_ACCURACY=1 PITOT=build/release/pitot tests/cli/accuracy.sh
#
# Exit status: 0 passed, 1 failed, 77 skipped (PITOT_ACCURACY is not 1, or no Python).
set -euo pipefail

[[ ${PITOT_ACCURACY:-} == 1 ]] || { echo "skipped: PITOT_ACCURACY=1 asks for it" && exit 77; }
python=/usr/bin/python3
[[ -x $python ]] || exit 77
pitot=$(realpath "${PITOT:?set PITOT to the program}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

failures=0
# expect PERCENT TOLERANCE DATASET PRESET OPTION…: mean error on rows alone, one replicate.
expect() {
    local wanted=$1 tolerance=$2 data=$3 preset=$4
    shift 4
    "$pitot" evaluate "$data" --preset "$preset" --replicates 1 "$@" --json |
        "$python" -c '
import json, sys
wanted, tolerance = map(float, sys.argv[1:3])
error = 100 * next(o for o in json.load(sys.stdin)["objectives"] if o["objective"] == "mf")["model"]["mape"]["mean"]
fits = abs(error - wanted) <= tolerance
print(f"{sys.argv[3]}: {error:.2f} %, expected {wanted} ± {tolerance}" + ("" if fits else ": FAILED"))
sys.exit(not fits)' "$wanted" "$tolerance" "$preset $* on $data" || failures=$((failures + 1))
}

expect 46.2 5 data/fleet.npz baseline/linear_scaling --share 0.5
expect 19.5 3 data/fleet.npz linear/32 --share 0.5 --folds 5 --checkpoints 40
public=${PITOT_REFERENCE_DATA:-../shared/data}/pitot-2023/data.npz
if [[ -f $public ]]; then
    expect 51.7 2 "$public" baseline/linear_scaling --share 0.1
    expect 11.1 1 "$public" embedding/128 --share 0.1
fi
((failures == 0))
