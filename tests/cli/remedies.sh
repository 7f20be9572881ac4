#!/usr/bin/env bash
# Runs the commands that errors name: each error is brought about in a folder that has examples/ and data/, the command
# behind "with: ", or between quotes, is taken from it and run, and where that mends the error, what failed is run again
# and must succeed. Commands that would train for long get --dry-run.
#
#   PITOT=build/dev/pitot tests/cli/remedies.sh
set -uo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/examples_folder.sh"
unset PITOT_REFERENCE_DATA
cd "$folder/work" || exit 1

failures=0 count=0
failed() { # WHAT
    echo "-- $1" && cat "$folder/out" "$folder/err"
    failures=$((failures + 1))
}

run() { bash -c "$1" >"$folder/out" 2>"$folder/err" </dev/null; }

# The command that the message of a failure, or a note, names.
remedy() { sed -nE "s/^pitot: .* with: (pitot .*)$/\1/p; t; s/^pitot: error: .*'(pitot [^']*)'.*$/\1/p" "$folder/err" | head -n 1; }

# mends COMMAND [HOW]: COMMAND fails, or leaves something out, and names a command that ends well and mends it.
#   HOW mend (default): COMMAND succeeds then; run: only the command named is run; dry: it is run with --dry-run
#   FIRST a command that the message asks for beforehand
mends() { # COMMAND [HOW [FIRST]]
    local how=${2:-mend} named
    count=$((count + 1))
    run "$1"
    named=$(remedy)
    if [[ -z $named ]]; then
        failed "no command is named by: $1"
        return
    fi
    eval "${3:-}"
    [[ $how == dry ]] && named+=" --dry-run"
    if ! run "$named"; then
        failed "what '$1' names fails: $named"
    elif [[ $how == mend ]] && { ! run "$1" || grep -q ' with: pitot' "$folder/err"; }; then
        failed "is not mended by '$named': $1"
    fi
}

must() {
    run "$1" || failed "fails: $1"
}

# Models
mends "pitot predict examples/fleet.csv" run
mends "pitot fit examples/fleet.csv --preset embeding/12 -o new.pitot" run
mends "pitot evaluate examples/fleet.csv --preset lineal/64" run

# Results: made by few steps, so that what is made like them takes as few.
must "pitot experiments embedding/128 linear/128 -d data/fleet.npz -s 0.9 0.1 --replicates 2 --folds 2 -k 1 -n 1000 -o trial"
mends "pitot compare -p trial -f comparisons_a" run        # summaries
mends "pitot compare -p trial -f comparisons_a -i 50"      # a curve that is left out
mends "pitot compare -p trial -f interference_b -i 50"     # a figure without anything
head -c 3000 trial/linear/128/0.9.npz >cut && mv cut trial/linear/128/0.9.npz
mends "pitot summary -p trial"                             # a damaged archive
mends "pitot summary features/2 -p trial -d data/fleet.npz" dry
mends "pitot tsne -d data/fleet.npz -p other" dry
mends "pitot simulate -d data/fleet.npz -p other" dry
mends "pitot figures -f spectral_norm --if_data data/fleet.npz -p other" dry
mends "pitot experiments 'embeding/*' -d data/fleet.npz" run

# The words of an error that no command stands in.
count=$((count + 1))
run "pitot experiments"
presets=$(sed -nE "s/.* such as (.*) \(--list shows them\)$/\1/p" "$folder/err")
[[ -n $presets ]] || failed "no presets are named by: pitot experiments"
must "pitot experiments $presets -d data/fleet.npz --dry-run"
must "pitot experiments --list"

# A simulation whose record is damaged is repeated as it was asked for.
must "pitot simulate -d data/fleet.npz -p trial -m linear/128 -j 50 -n 2 -o placed"
head -c 20 placed/simulation.json >cut && mv cut placed/simulation.json
mends "pitot simulate -d data/fleet.npz -p trial -m linear/128 -j 50 -n 2 -o placed" mend "rm placed/simulation.json"

echo "$count errors, $failures failures"
((failures == 0))
