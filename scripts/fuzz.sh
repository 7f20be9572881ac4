#!/usr/bin/env bash
# Runs every fuzz target that the asan preset has built for some seconds, from the seeds in tests/fuzz/corpus/TARGET.
#
#   scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shopt -s nullglob
for program in build/asan/tests/fuzz/fuzz_*; do
    [[ -x $program && -f $program ]] || continue
    name=${program##*/fuzz_}
    found=build/asan/corpus/$name
    mkdir -p "$found" build/asan/artifacts
    seeds=()
    [[ -d tests/fuzz/corpus/$name ]] && seeds=("tests/fuzz/corpus/$name")
    echo "-- $name"
    # Quiet unless something is found; the input that did it is kept.
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/asan/artifacts/$name-" "$found" "${seeds[@]}" >"build/asan/$name.log" 2>&1; then
        tail -n 60 "build/asan/$name.log" >&2
        echo "fuzz: $name failed; the input is in build/asan/artifacts" >&2
        exit 1
    fi
    grep -E 'stat::number_of_executed_units' "build/asan/$name.log" || true
done
