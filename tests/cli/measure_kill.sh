#!/usr/bin/env bash
# Kills `pitot measure` in the middle, again and again, and has it go on: every kill loses at most the run in flight, and
# no run is repeated.
#
#   PITOT=build/dev/pitot tests/cli/measure_kill.sh
set -euo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
die() { echo "measure_kill: $*" >&2 && exit 1; }

modules=4 repeat=6
mkdir modules
for ((m = 0; m < modules; ++m)); do
    printf 'echo begun >>%q\nsleep 0.03\n' "$folder/begun" >"modules/$m.wasm"
done
cat >table.json <<'JSON'
{"schema": 1, "engines": [{"name": "shell", "title": "Scripts", "package": "Debian dash", "programs": {"sh": ["sh"]},
                           "run": ["{sh}", "{module}", "{args}"]}]}
JSON
measure=("$pitot" measure --modules modules --engines shell --table table.json --repeat $repeat --no-profile
    --cache cache -o collection)

journalled() { # runs whose line is whole
    [[ -f collection/journal.jsonl ]] || { echo 0 && return; }
    awk '/^\{"run":.*\}$/' collection/journal.jsonl | wc -l
}

kills=0 before=0
while ((before < modules * repeat - 3)); do
    "${measure[@]}" >/dev/null 2>&1 &
    child=$!
    for ((i = 0; i < 3000 && $(journalled) < before + 2; ++i)); do sleep 0.01; done
    kill -KILL "$child"
    wait "$child" 2>/dev/null || true
    kills=$((kills + 1))
    after=$(journalled)
    ((after >= before + 2)) || die "no runs in 30 seconds"
    before=$after
done
((kills >= 3)) || die "killed only $kills times; the test shows nothing"

printf '{"run":[0,1,12' >>collection/journal.jsonl # as a power failure leaves it
"${measure[@]}" >summary 2>errors || die "$(cat errors)"

runs=$(journalled)
((runs == modules * repeat)) || die "$runs runs in the journal, not $((modules * repeat)): some were repeated or lost"
for ((m = 0; m < modules; ++m)); do
    own=$(awk -v start="{\"run\":[0,$m," 'index($0, start) == 1' collection/journal.jsonl | wc -l)
    ((own == repeat)) || die "module $m has $own runs, not $repeat"
    trace=(collection/shell/"$m".*.benchmarking.json)
    values=$(grep -o '"wall":\[[^]]*\]' "${trace[0]}" | tr ',' '\n' | wc -l)
    ((values == repeat)) || die "the trace of module $m has $values runs, not $repeat"
done
begun=$(wc -l <begun)
((begun <= runs + kills)) || die "$begun runs were begun for $runs in the journal: $kills kills lost more than one each"
