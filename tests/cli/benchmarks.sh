#!/usr/bin/env bash
# The benchmark programs at their small size: they compile without a warning and find their own results right.
#
#   tests/cli/benchmarks.sh native FOLDER    # all of them, as programs of this machine
#   tests/cli/benchmarks.sh wasi FOLDER      # compiled to WASI; three of them run in Node, if it is there
#
# What is built stays in FOLDER. Exit status: 0 passed, 1 failed, 77 skipped for want of a compiler.
set -uo pipefail

kind=${1:?usage: benchmarks.sh native|wasi FOLDER}
mkdir -p "${2:?usage: benchmarks.sh native|wasi FOLDER}"
folder=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
in_node=(signal/fft interpreters/lisp allocation/churn)
failures=0
fail() { echo "$*" >&2 && failures=$((failures + 1)); }

build() { # ARGUMENT … of the build script
    scripts/build-wasm.sh --werror --size small "$@"
    case $? in
        0) ;;
        4) exit 77 ;;
        *) exit 1 ;;
    esac
}

# The line that a program prints; fails where it is not a digest.
run() { # COMMAND …
    local line status
    line=$("$@")
    status=$?
    [[ $status -eq 0 ]] || fail "$*: exit status $status"
    [[ $line =~ ^ok\ [0-9a-f]{16}$ ]] || fail "$*: printed '$line'"
    printed=$line
}

run_native() {
    local programs
    build --native --output "$folder/native"
    mapfile -t programs < <(scripts/build-wasm.sh --native --size small --output "$folder/native" --list)
    [[ ${#programs[@]} -gt 0 ]] || fail "no programs"
    for program in "${programs[@]}"; do
        run "$program"
    done
}

run_wasi() {
    local program expected
    build --output "$folder/wasm"
    node --no-warnings -e 'require("node:wasi")' 2>/dev/null || { echo "no Node with node:wasi: compiled, not run" && return; }
    build --native --output "$folder/compared" "${in_node[@]}"
    for program in "${in_node[@]}"; do
        run "$folder/compared/$program-small"
        expected=$printed
        run node --no-warnings --no-turbo-fast-api-calls tests/cli/run_wasi.mjs "$folder/wasm/$program-small.wasm"
        [[ $printed == "$expected" ]] || fail "$program: '$printed' in Node, '$expected' from gcc"
    done
}

case $kind in
    native) run_native ;;
    wasi) run_wasi ;;
    *) fail "benchmarks: no kind '$kind'; use native or wasi" ;;
esac
((failures == 0))
