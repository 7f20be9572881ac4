#!/usr/bin/env bash
# Checks that a shared library exports the functions that its headers mark with PITOT_API and PITOT_C_API, all of them
# and nothing else: nothing of internal rooms, no instances of templates of other libraries.
#
#   tests/package/check-exports.sh LIBRARY HEADER_FOLDER
set -euo pipefail
export LC_ALL=C

library=${1:?usage: check-exports.sh LIBRARY HEADER_FOLDER}
headers=${2:?usage: check-exports.sh LIBRARY HEADER_FOLDER}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# CLASS::function, or function: what is marked, by the class that it stands in (macros and comments are none).
awk '
    /^ *(#|\/\/)/ { next }
    /^(class|struct) [A-Za-z]+ \{/ { scope = $2 "::" }
    /^};/ { scope = "" }
    /PITOT_(C_)?API/ {
        sub(/.*PITOT_(C_)?API /, "")
        sub(/\(.*/, "")
        sub(/.*[ &*]/, "")
        print scope (/=$/ ? "operator=" : $0)
    }
' "$headers"/*.hpp "$headers"/*.h | sort -u >"$folder/marked"
# Demangled: "ADDRESS TYPE pitot::CLASS::function[abi:cxx11](arguments) const"; type A are the nodes of versions.
nm -DC --defined-only --without-symbol-versions "$library" | awk '$2 != "A"' | cut -d ' ' -f 3- | sed 's/\[abi:[a-z0-9]*\]//g; s/(.*//; s/^pitot:://' |
    sort -u >"$folder/exported"

[[ -s $folder/marked ]] || { echo "check-exports: no header marks anything with PITOT_API" >&2; exit 1; }
diff "$folder/marked" "$folder/exported" >"$folder/difference" || {
    sed -n "s/^< /$(basename "$library") lacks: /p; s/^> /$(basename "$library") exports, unmarked: /p" \
        "$folder/difference" >&2
    exit 1
}
