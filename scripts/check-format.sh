#!/usr/bin/env bash
# Checks that every C, C++ and CUDA source has the format of .clang-format; with --fix, gives it to them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatter=$(command -v clang-format-14 || true)
if [[ -z $formatter ]]; then
    echo "check-format: clang-format-14 is not installed; run scripts/install-deps.sh" >&2
    exit 4
fi
mapfile -t sources < <(find include src apps tests bench benchmarks -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.cu' -o -name '*.cuh' | sort)
if [[ ${1:-} == --fix ]]; then
    "$formatter" -i "${sources[@]}"
elif ! "$formatter" --dry-run -Werror "${sources[@]}"; then
    echo "check-format: run 'make format'" >&2
    exit 1
fi
