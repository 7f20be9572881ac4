#!/usr/bin/env bash
# Runs clang-tidy over every source file of the project.
#
#   scripts/lint.sh BUILD_FOLDER [JOBS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?usage: scripts/lint.sh BUILD_FOLDER [JOBS]}
find src apps -name '*.cpp' | sort |
    xargs -P "${2:-2}" -n 1 clang-tidy-14 --quiet --extra-arg=-Wno-unknown-warning-option -p "$build"
