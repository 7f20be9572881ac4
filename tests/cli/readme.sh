#!/usr/bin/env bash
# Runs the commands of a document: every ```sh block that follows a line "<!-- test -->", in order, in one empty folder
# that has a copy of examples/. Each must succeed. A ```text block that follows one directly is what it prints; numbers
# may differ, since they depend on the processor's instruction set.
#
#   PITOT=build/dev/pitot tests/cli/readme.sh README.md
set -uo pipefail

document=$(realpath "${1:?usage: readme.sh DOCUMENT}")
pitot=$(realpath "${PITOT:?set PITOT to the program}")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work" "$folder/home" "$folder/blocks"
ln -s "$pitot" "$folder/bin/pitot"
cp -r "$root/examples" "$folder/work"
export PATH="$folder/bin:$PATH" HOME="$folder/home" TMPDIR="$folder" LC_ALL=C.UTF-8 TERM=dumb

# NN.sh and, where the output is shown, NN.text
awk -v folder="$folder/blocks" '
    /^```/ && inside { inside = 0; close(file); after = kind == "sh"; next }
    inside { print > file; next }
    /^<!-- test -->$/ { wanted = 1; next }
    /^```sh$/ && wanted { inside = 1; kind = "sh"; wanted = 0; file = sprintf("%s/%02d.sh", folder, ++count); next }
    /^```text$/ && after { inside = 1; kind = "text"; after = 0; file = sprintf("%s/%02d.text", folder, count); next }
    /^```/ { inside = 1; kind = "other"; file = "/dev/null"; next }
    /./ { after = 0 }
' "$document"

# Numbers, and the space that lines them up, do not count.
shape() { sed -E 's/-?[0-9]+([.,][0-9]+)*(e[-+]?[0-9]+)?/N/g; s/(N )+N/N/g; s/N (ns|µs|ms|s|min)( N s)?\b/T/g; s/ +/ /g; s/ $//'; }

failures=0 count=0
for block in "$folder"/blocks/*.sh; do
    [[ -e $block ]] || break
    count=$((count + 1))
    if ! (cd "$folder/work" && bash -e "$block") >"$folder/out" 2>"$folder/err" </dev/null; then
        echo "-- failed:" && cat "$block" "$folder/err"
        failures=$((failures + 1))
        continue
    fi
    expected=${block%.sh}.text
    if [[ -e $expected ]] && ! diff -u <(shape <"$expected") <(shape <"$folder/out") >"$folder/diff"; then
        echo "-- prints something else (- document, + program; N stands for numbers, T for times):"
        cat "$block" && tail -n +3 "$folder/diff"
        failures=$((failures + 1))
    fi
done
echo "$count blocks, $failures failures"
((count > 0 && failures == 0))
