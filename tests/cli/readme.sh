#!/usr/bin/env bash
# Runs the commands of a document: every ```sh block that follows a line "<!-- test -->", in order, in one folder that has
# copies of examples/ and data/. Each must succeed. A ```text block that follows one directly is what it prints; numbers
# may differ, since they depend on the processor's instruction set. Blocks that follow "<!-- test needs PROGRAM -->" are
# skipped where there is no such program. ```python blocks that follow "<!-- test python -->" are run, too, with the package
# in python/ and the shared library (PITOT_LIBRARY, or that of the same build). scripts/check-docs.py sees that no block is
# forgotten.
#
#   PITOT=build/dev/pitot tests/cli/readme.sh README.md
#
# Exit status: 0, 1 if a block fails, 77 if all were skipped.
set -uo pipefail

document=$(realpath "${1:?usage: readme.sh DOCUMENT}")
. "$(dirname "${BASH_SOURCE[0]}")/examples_folder.sh"
mkdir "$folder/blocks"
built=$(dirname "$pitot")/shared/libpitot.so.0
[[ -n ${PITOT_LIBRARY:-} || ! -e $built ]] || export PITOT_LIBRARY=$built

# NN.sh or NN.python, NN.needs where it needs a program, and NN.text where the output is shown
awk -v folder="$folder/blocks" '
    /^```/ && inside { inside = 0; close(file); after = kind == "sh"; next }
    inside { print > file; next }
    /^<!-- test( needs [^ ]+| python)? -->$/ { wanted = $3 == "python" ? "python" : "sh"; needs = $3 == "needs" ? $4 : ""; next }
    /^```(sh|python)$/ && wanted == substr($0, 4) {
        inside = 1; kind = wanted; wanted = ""
        file = sprintf("%s/%02d.%s", folder, ++count, kind)
        if (needs != "") print needs > sprintf("%s/%02d.needs", folder, count)
        next
    }
    /^```text$/ && after { inside = 1; kind = "text"; after = 0; file = sprintf("%s/%02d.text", folder, count); next }
    /^```/ { inside = 1; kind = "other"; file = "/dev/null"; next }
    /./ { after = 0 }
' "$document"

# Numbers, and the space that lines them up, do not count.
shape() { sed -E 's/-?[0-9]+([.,][0-9]+)*(e[-+]?[0-9]+)?/N/g; s/(N )+N/N/g; s/N (ns|µs|ms|s|min)( N s)?\b/T/g; s/ +/ /g; s/ $//'; }

# What a block needs and is not here, if anything.
lacks() {
    local needs
    needs=$(cat "${1%.*}.needs" 2>/dev/null) && ! command -v "$needs" >/dev/null && echo "$needs"
    [[ $1 == *.python ]] || return
    if [[ ! -d $root/python/pitot ]]; then
        echo "the package in python/"
    elif [[ -z ${PITOT_LIBRARY:-} ]]; then
        echo "the shared library (PITOT_LIBRARY)"
    elif ! /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
        echo "NumPy (Debian python3-numpy)"
    fi
}

failures=0 count=0 skipped=0
for block in "$folder"/blocks/*.{sh,python}; do
    [[ -e $block ]] || continue
    count=$((count + 1))
    missing=$(lacks "$block")
    if [[ -n $missing ]]; then
        echo "skipped for want of $missing: $(head -n 1 "$block")"
        skipped=$((skipped + 1))
        continue
    fi
    run=(bash -e)
    [[ $block == *.sh ]] || run=(env "PYTHONPATH=$root/python" /usr/bin/python3)
    if ! (cd "$folder/work" && "${run[@]}" "$block") >"$folder/out" 2>"$folder/err" </dev/null; then
        echo "-- failed:" && cat "$block" "$folder/err"
        failures=$((failures + 1))
        continue
    fi
    expected=${block%.*}.text
    if [[ -e $expected ]] && ! diff -u <(shape <"$expected") <(shape <"$folder/out") >"$folder/diff"; then
        echo "-- prints something else (- document, + program; N stands for numbers, T for times):"
        cat "$block" && tail -n +3 "$folder/diff"
        failures=$((failures + 1))
    fi
done
echo "$count blocks, $failures failures, $skipped skipped"
((failures == 0 && count > 0)) || exit 1
((skipped < count)) || exit 77
