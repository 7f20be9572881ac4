#!/usr/bin/env bash
# Runs clang-tidy over every source file of the project, as BUILD_FOLDER compiles them: many at once in a unity build
# (preset `test`), which reads each library's headers once.
#
#   scripts/lint.sh BUILD_FOLDER [JOBS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?usage: scripts/lint.sh BUILD_FOLDER [JOBS]}
# A unity source includes ours, which then count as headers; it is no fault of ours that it does.
sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' "$build/compile_commands.json" | grep -v -e '/tests/' -e '/embedded/' | sort |
    xargs -P "${2:-2}" -n 1 clang-tidy-14 --quiet --extra-arg=-Wno-unknown-warning-option \
        --checks=-bugprone-suspicious-include --header-filter='/(src|include/pitot|apps|bench)/.*\.(cpp|hpp)$' -p "$build"
