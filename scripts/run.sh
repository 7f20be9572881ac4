#!/usr/bin/env bash
# The main job on a real dataset, from a fresh clone: install, build, fit, evaluate, predict.
#
#   JOBS=N scripts/run.sh [fleet | 2023]        # or `make run`, `make run DATA=2023`
#
#   fleet   data/fleet.npz, measured by this project and part of it (default)
#   2023    the public dataset that the method was published with, downloaded if it is not there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pitot=build/release/pitot
name=${1:-fleet}
case "$name" in
    fleet) model=build/fleet.pitot ;;
    2023) model=build/pitot-2023.pitot ;;
    *)
        echo "run: no dataset '$name'; use fleet or 2023" >&2
        exit 2
        ;;
esac

show() { # prints a command and runs it
    printf '\n$ %s\n' "$*"
    "$@"
}

scripts/install-deps.sh --run
echo "Building $pitot …"
mkdir -p build
# What `cmake --install build/release` installs: the library, too, which is made of what the program is.
if ! { cmake --preset release && cmake --build --preset release -j "${JOBS:-$(nproc)}" --target pitot_app pitot; } \
    >build/run.log 2>&1; then
    cat build/run.log >&2
    echo "run: the build failed (above, and in build/run.log)" >&2
    exit 1
fi
data=data/fleet.npz
[[ $name == fleet ]] || data=$(scripts/get-reference-data.sh pitot-2023/data.npz)/pitot-2023/data.npz

show "$pitot" fit "$data" -o "$model"
# The same on one split, a tenth of which is kept to test it.
show "$pitot" evaluate "$data" --share 0.9 --replicates 1 --bounds
what=(--unmeasured)
if [[ $name == fleet ]]; then
    # Every pair was measured alone; beside these two others, hardly any was.
    what+=(--platform wasm2c-gcc-o3.vm --platform node.vm --with "compression/lz77-medium,graphs/pagerank-small")
fi
show "$pitot" predict "$model" "${what[@]}" --confidence 0.9 --limit 20

printf '\nThe model is in %s. Ask it more, for example:\n' "$model"
echo "  $pitot info $model"
echo "  $pitot predict $model ${what[*]} --format csv > predicted.csv"
echo "  $pitot predict --help"
