#!/usr/bin/env bash
# Counts the instructions of one training step under callgrind, AVX2 forced (valgrind knows no AVX-512), and compares
# them with the figures in docs/performance.md. Instructions are the same on any machine and under any load.
#
#   scripts/check-instructions.sh BUILD_FOLDER   # a Release build with the target count_steps
#
# Exit status: 0 within 5 % of the figures (or below), 1 above, 77 where this processor has no AVX2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=${1:?usage: check-instructions.sh BUILD_FOLDER}/count_steps
figures=docs/performance.md
most_percent=5

if ! grep -qw avx2 /proc/cpuinfo; then
    echo "check-instructions: this processor has no AVX2; not counted" >&2
    exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count PRESET STEPS: instructions of the whole program.
count() {
    PITOT_INSTRUCTION_SET=AVX2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$2" "$1" \
        >"$log" 2>&1 || {
        if grep -q 'Unrecognised instruction' "$log"; then
            echo "check-instructions: valgrind does not know an instruction that a library uses on this processor; not" \
                "counted" >&2
            exit 77
        fi
        cat "$log" >&2
        echo "check-instructions: the program failed under valgrind (above)" >&2
        exit 1
    }
    awk '/Collected/ {print $NF}' "$log"
}

status=0
# Lines of the table: | `PRESET` | N |, N in thousands a step, digits perhaps grouped by spaces.
while IFS='|' read -r _ preset expected _; do
    preset=$(tr -d ' `' <<<"$preset")
    expected=$(tr -d ' ' <<<"$expected")
    few=$(count "$preset" 5)
    many=$(count "$preset" 25)
    counted=$(((many - few) / 20 / 1000))
    change=$(awk -v a="$counted" -v b="$expected" 'BEGIN {printf "%+.1f", (a / b - 1) * 100}')
    echo "$preset: $counted thousand instructions a step, $change % of $expected"
    if awk -v c="$change" -v most="$most_percent" 'BEGIN {exit !(c > most)}'; then
        echo "check-instructions: more than $most_percent % above $figures; make the step cheaper, or change the" \
            "figure and say why" >&2
        status=1
    fi
done < <(sed -n '/<!-- instructions -->/,/<!-- end -->/p' "$figures" | grep '^| `')
exit $status
