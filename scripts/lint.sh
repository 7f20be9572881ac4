#!/usr/bin/env bash
# Runs clang-tidy over every source file of the project, as BUILD_FOLDER compiles them: many at once in a unity build
# (preset `test`), which reads each library's headers once.
#
#   scripts/lint.sh BUILD_FOLDER [JOBS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?usage: scripts/lint.sh BUILD_FOLDER [JOBS]}
jobs=${2:-2}
# A unity source includes ours, which then count as headers; it is no fault of ours that it does.
lint() {
    xargs -P "$jobs" -n 1 clang-tidy-14 --quiet --extra-arg=-Wno-unknown-warning-option \
        --checks="-bugprone-suspicious-include$1" --header-filter='/(src|include/pitot|apps|bench)/.*\.(cpp|hpp|cuh)$' -p "$build"
}
sources=$(sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' "$build/compile_commands.json" | grep -v -e '/tests/' -e '/embedded/' | sort)
failed=0
grep -v '\.cu$' <<< "$sources" | lint '' || failed=1
# As emulated cards run them. Kernels number places within a block's or a model's part in 32 bits, the faster there.
grep '\.cu$' <<< "$sources" | lint ',-bugprone-implicit-widening-of-multiplication-result' || failed=1
exit "$failed"
