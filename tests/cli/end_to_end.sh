#!/usr/bin/env bash
# From programs to predictions: three modules are compiled, measured on two engines alone and in pairs, made a dataset,
# fitted and predicted.
#
#   PITOT=build/dev/pitot tests/cli/end_to_end.sh FOLDER    # FOLDER keeps the modules
#
# Exit status: 0 passed, 1 failed, 77 skipped for want of a compiler or an engine.
set -euo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
mkdir -p "${1:?usage: end_to_end.sh FOLDER}"
modules=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "end_to_end: $*" >&2 && exit 1; }

programs=(signal/fft strings/json sorting/heapsort)
scripts/build-wasm.sh --size small --output "$modules" "${programs[@]}" || { [[ $? -eq 4 ]] && exit 77 || exit 1; }
engines=(node wasm2c-gcc-o0)
for engine in "${engines[@]}"; do
    "$pitot" engines --found | grep -q "^$engine " || exit 77
done
cd "$folder"

"$pitot" profile "$modules/signal/fft-small.wasm" --json >profile.json
grep -q '"f64.mul": [1-9]' profile.json || die "the transform multiplies nothing"

measure=("$pitot" measure --modules "$modules" --engines node --engines wasm2c-gcc-o0 --limit 20 --cache cache
    -o collection)
"${measure[@]}" --repeat 3
"${measure[@]}" --together 2 --sets 3 --together-limit 1 --together-only
"$pitot" dataset collection -o data.npz 2>problems
[[ ! -s problems ]] || die "$(cat problems)"
"$pitot" info data.npz | tee info.txt
grep -q '^platforms: 2' info.txt || die "not 2 platforms"
grep -q '^modules: 3' info.txt || die "not 3 modules"
grep -q '^measured pairs: 6 of 6' info.txt || die "not all pairs measured"
grep -q 'with co-runners: [1-9]' info.txt || die "no rows with co-runners"

# Six pairs are too few for a bound; that a model comes out and predicts is what is shown.
"$pitot" fit data.npz --checkpoints 2 --folds 2 -o fleet.pitot
"$pitot" predict fleet.pitot --no-bound --format csv | tee predicted.csv
(($(wc -l <predicted.csv) == 7)) || die "not 6 predictions"
