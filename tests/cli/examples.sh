#!/usr/bin/env bash
# Runs what help shows: every line under "Examples:" of `pitot --help` and of every verb's help, verb by verb in the order
# of `pitot --help`, in one empty folder that has examples/ and data/. Each must end with status 0, or with 5, by which
# some verbs say that what was asked about is so; and every verb must have an example. A line is skipped only where what
# it needs is not on the machine. SHOW=1 also prints what lines print.
#
#   PITOT=build/dev/pitot tests/cli/examples.sh
set -uo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/examples_folder.sh"
reference=${PITOT_REFERENCE_DATA:-$root/../shared/data}
export PITOT_REFERENCE_DATA="$reference"

have() { command -v "$@" >/dev/null; }

# What a line needs and the machine has not, if anything.
lacks() {
    case "$1" in
        *"--emulated qemu-aarch64"*)
            have qemu-aarch64-static || have qemu-aarch64 || echo "qemu-aarch64 (Debian qemu-user-static)" ;;
        # laptop/ and what is made of it was measured on Node.
        *laptop* | *merged.npz* | *"pitot profile --node "* | *"pitot profile "*.wasm* | *"--wasm "*)
            [[ $1 == *" --static"* ]] || have node || have nodejs || echo "Node (Debian nodejs)" ;;
        *"pitot reproduce "*)
            [[ -f $reference/pitot-2023/data.npz ]] || echo "the public data (scripts/get-reference-data.sh)" ;;
    esac
    case "$1" in
        *" --plot "* | *" -d" | "pitot compare "* | "pitot figures "* | "pitot tsne "* | "pitot plot_"*)
            have gnuplot || echo "gnuplot (Debian gnuplot-nox)" ;;
    esac
}

# The lines below "Examples:", or "Example:", of a help, each whole.
lines_of() {
    awk '
        /^Examples?:$/ { inside = 1; next }
        !inside { next }
        /^  / { sub(/^ +/, ""); line = line $0; if (sub(/ \\$/, " ", line)) next; print line; line = ""; next }
        /./ { inside = 0 }
    '
}

failures=0 count=0 skipped=0
run_lines() { # HELP, its lines from standard input
    local line missing status own=0
    while IFS= read -r -u 3 line; do
        own=$((own + 1)) count=$((count + 1))
        missing=$(lacks "$line" | head -n 1)
        if [[ -n $missing ]]; then
            echo "skipped for want of $missing: $line"
            skipped=$((skipped + 1))
            continue
        fi
        (cd "$folder/work" && bash -c "$line") >"$folder/out" 2>"$folder/err" </dev/null
        status=$?
        if [[ ${SHOW:-} == 1 ]]; then
            printf '$ %s\n' "$line" && cat "$folder/out" "$folder/err"
        fi
        if ((status != 0 && status != 5)); then
            echo "-- status $status of '$1': $line" && tail -n 20 "$folder/out" "$folder/err"
            failures=$((failures + 1))
        fi
        if ! [[ $line =~ (^|[ ;])pitot[[:space:]] ]]; then
            echo "-- no command of ours in '$1': $line"
            failures=$((failures + 1))
        fi
    done
    if ((own == 0)); then
        echo "-- no example in '$1'"
        failures=$((failures + 1))
    fi
}

# The modules are what their texts say.
if have wat2wasm; then
    for text in "$folder"/work/examples/modules/*.wat; do
        if ! wat2wasm "$text" -o "$folder/built" || ! cmp "$folder/built" "${text%.wat}.wasm"; then
            echo "-- examples/modules/$(basename "${text%.wat}").wasm is not built from its .wat; build it again with wat2wasm"
            failures=$((failures + 1))
        fi
    done
fi

pitot --help >"$folder/overview"
mapfile -t verbs < <(awk '/^Options:$/ { exit } /^  [a-z]/ { print $1 }' "$folder/overview")
if ((${#verbs[@]} == 0)); then
    echo "-- 'pitot --help' lists no verbs"
    exit 1
fi
for verb in "${verbs[@]}"; do
    pitot "$verb" --help >"$folder/help" || failures=$((failures + 1))
    # What is said to be an example and stands elsewhere would be left out.
    if [[ $(grep -c '^Example' "$folder/help") != 1 ]]; then
        echo "-- not one heading of examples in 'pitot $verb --help'"
        failures=$((failures + 1))
    fi
    run_lines "pitot $verb --help" 3< <(lines_of <"$folder/help")
done
run_lines 'pitot --help' 3< <(lines_of <"$folder/overview")
echo "$count lines of ${#verbs[@]} verbs, $failures failures, $skipped skipped"
((failures == 0))
