#!/usr/bin/env bash
# Checks the manual's pages with what reads them: man and groff, and mandoc where it is installed. All warnings count,
# but mandoc's of pages without a date, which ours are so that the same source gives the same bytes.
#
#   PITOT=build/dev/pitot tests/cli/man_pages.sh
set -uo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export LC_ALL=C.UTF-8
"$pitot" man -o "$folder" || exit 1

have() { command -v "$1" >/dev/null; }
have man || have groff || have mandoc || { echo "skipped: neither man, groff nor mandoc is installed" && exit 77; }
faults() {
    ! have man || man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null
    ! have groff || groff -ww -man -Tutf8 "$1" 2>&1 >/dev/null
    ! have mandoc || mandoc -T lint -W warning "$1" 2>&1 | grep -v 'missing date, using "": TH'
    LC_ALL=C grep -n '[^ -~]' "$1"
}

failures=0 pages=0
for page in "$folder"/*.1; do
    pages=$((pages + 1))
    found=$(faults "$page")
    if [[ -n $found ]]; then
        printf -- '-- %s\n%s\n' "$(basename "$page")" "$found"
        failures=$((failures + 1))
    fi
done
verbs=$("$pitot" --help | awk '/^Options:/ { exit } /^  [a-z]/ { print $1 }' | wc -l)
echo "$pages pages of $verbs verbs, $failures with faults"
((failures == 0 && pages == verbs + 1))
