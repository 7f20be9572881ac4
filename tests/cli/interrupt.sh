#!/usr/bin/env bash
# Ends `pitot convert` and `pitot fit` at random moments, politely and not: whatever the signal, no file stays behind that
# was not asked for, and of the files of a dataset either all are there or none. SIGKILL, which nothing can put off, may
# leave some of them, or their future in NAME.pitot-new: the next run of the command then makes all right.
#
#   PITOT=build/dev/pitot tests/cli/interrupt.sh
# Exit status: 0 passed, 1 failed, 77 skipped (the file system has no files without names).
set -euo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
python3 -c 'import os, tempfile; os.close(os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR))' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
die() { echo "interrupt: $*" >&2 && exit 1; }

awk 'BEGIN { print "platform,module,runtime_us"
             for (i = 0; i < 40000; ++i) print "platform" i % 97 ",module" i % 89 "," 1 + i % 1013 }' >runs.csv
"$pitot" convert runs.csv runs.npz >/dev/null
mkdir out

# Seconds that the command takes undisturbed.
seconds() {
    local start=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }'
}

ended=0
disturb() {
    local whole part signal left
    whole=$(seconds "$@")
    rm -f out/*
    for ((i = 0; i < 24; ++i)); do
        part=$(awk -v whole="$whole" -v i="$i" 'BEGIN { printf "%.4f", whole * (i + 1) / 22 }')
        signal=$(awk -v i="$i" 'BEGIN { split("INT TERM HUP KILL", names); print names[i % 4 + 1] }')
        # In the foreground, or timeout sends the signal twice, and the second ends the program as it stands.
        { timeout --foreground -s "$signal" "$part" "$@" || ended=$((ended + 1)); } >/dev/null 2>&1
        left=$(cd out && echo *)
        case "$left" in
            '*' | "out.csv out.modules.csv out.platforms.csv" | out.npz | out.pitot) ;;
            *)
                [[ $signal == KILL && $left == out.*csv* ]] || die "$signal after $part of $whole seconds left: $left"
                "$@" >/dev/null || die "after a KILL at $part of $whole seconds, which left $left, the command fails"
                [[ "$(cd out && echo *)" == "out.csv out.modules.csv out.platforms.csv" ]] ||
                    die "the command leaves a part of $left, which a KILL at $part of $whole seconds left"
                ;;
        esac
        rm -f out/*
    done
}

disturb "$pitot" convert runs.npz out/out.csv
disturb "$pitot" convert runs.csv out/out.npz
disturb "$pitot" fit runs.npz -o out/out.pitot --preset linear/512 --folds 4 --checkpoints 1 --epoch-samples 100
((ended >= 12)) || die "only $ended of 72 runs were ended; the test shows nothing"
