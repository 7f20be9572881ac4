#!/usr/bin/env bash
# The main job on a real dataset, from a fresh clone: install, build, fit, evaluate, predict.
#
#   JOBS=N scripts/run.sh        # or `make run`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pitot=build/release/pitot
model=build/pitot-2023.pitot

show() { # prints a command and runs it
    printf '\n$ %s\n' "$*"
    "$@"
}

scripts/install-deps.sh --run
echo "Building $pitot …"
mkdir -p build
if ! { cmake --preset release && cmake --build --preset release -j "${JOBS:-$(nproc)}" --target pitot_app; } \
    >build/run.log 2>&1; then
    cat build/run.log >&2
    echo "run: the build failed (above, and in build/run.log)" >&2
    exit 1
fi
data=$(scripts/get-reference-data.sh pitot-2023/data.npz)/pitot-2023/data.npz

show "$pitot" fit "$data" -o "$model"
# One split and two folds: a quick look. The published way is the default, 25 splits of 10 folds.
show "$pitot" evaluate "$data" --preset embedding/128 --share 0.9 --replicates 1 --folds 2 --bounds
show "$pitot" predict "$model" --unmeasured --confidence 0.9 --limit 20

printf '\nThe model is in %s. Ask it more, for example:\n' "$model"
echo "  $pitot info $model"
echo "  $pitot predict $model --unmeasured --format csv > unmeasured.csv"
echo "  $pitot predict --help"
