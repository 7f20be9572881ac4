#!/usr/bin/env bash
# Checks that the binary interface for C is the one that tests/abi describes: functions, the structs that they take and
# the constants of include/pitot/c.h, and what a shared library exports. A program that was linked with a library of this
# description runs with a later one of the same soname as long as nothing in it changed but by being added to.
#
#   scripts/check-abi.sh [--header HEADER] [LIBRARY]   without LIBRARY: the header alone
#   scripts/check-abi.sh --update                      writes the description anew: commit it with the change
#
# Exits with 77 where abigail-tools are not installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

described=tests/abi/libpitot.abi
constants=tests/abi/constants.txt
header=include/pitot/c.h
update=false
library=
while (($#)); do
    case "$1" in
        --header)
            header=${2:?check-abi: --header needs a file}
            shift
            ;;
        --update) update=true ;;
        *) library=$1 ;;
    esac
    shift
done

for tool in abidw abidiff; do
    if ! command -v "$tool" >/dev/null; then
        echo "check-abi: skipped: $tool is not installed; install abigail-tools (scripts/install-deps.sh)" >&2
        exit 77
    fi
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A library that declares everything and does nothing: its types are the header's and no others, which the debug
# information of the real one is full of. That the real one has these types, the compiler knows: it includes the header.
mkdir "$folder/pitot"
cp include/pitot/version.h "$header" "$folder/pitot"
soname=libpitot.so.$(sed -n 's/^#define PITOT_VERSION_MAJOR //p' include/pitot/version.h)
{
    echo "#include \"pitot/$(basename "$header")\""
    awk '
        /PITOT_C_API/ && !/#define/ { sub(/PITOT_C_API /, ""); on = 1; text = "" }
        on {
            text = text " " $0
            if (/;/) {
                on = 0
                sub(/;.*/, "", text)
                print text (text ~ /^ *void pitot/ ? " {}" : " { return 0; }")
            }
        }
    ' "$header"
} >"$folder/declared.c"
(cd "$folder" && "${CC:-cc}" -std=c99 -g2 -O0 -fPIC -shared -I. "-Wl,-soname,$soname" declared.c -o libpitot.so)
grep -oE '\bPITOT_[A-Z_]+ = [0-9]+' "$header" | sort >"$folder/constants.txt"

if $update; then
    abidw --no-corpus-path --no-comp-dir-path --no-elf-needed --no-show-locs --no-parameter-names \
        --out-file "$described" "$folder/libpitot.so"
    cp "$folder/constants.txt" "$constants"
    echo "check-abi: wrote $described and $constants"
    exit 0
fi

announce="if it is meant, run 'scripts/check-abi.sh --update', commit tests/abi with the change and say it in CHANGELOG.md"
broken() {
    cat "$folder/report" >&2
    echo "check-abi: $1 (above): $announce" >&2
    exit 1
}

diff "$constants" "$folder/constants.txt" >"$folder/report" || broken "the constants of $header have changed"
status=0
abidiff --no-show-locs "$described" "$folder/libpitot.so" >"$folder/report" || status=$?
if ((status & 3)); then
    cat "$folder/report" >&2
    echo "check-abi: abidiff could not compare the header with $described" >&2
    exit 1
fi
((status == 0)) || broken "the binary interface for C has changed, and programs linked with earlier libraries may not run"

# What the library exports to C, and what programs call it.
if [[ -n $library ]]; then
    interface() {
        nm -D --defined-only --without-symbol-versions "$1" | awk '$3 ~ /^pitot_/ {print $3}' | sort
        readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/soname \1/p'
    }
    diff <(interface "$folder/libpitot.so") <(interface "$library") >"$folder/report" ||
        broken "$library does not export what $header declares"
fi
