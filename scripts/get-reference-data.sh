#!/usr/bin/env bash
# Finds or downloads the public reference datasets and prints the folder that holds them.
#
#   scripts/get-reference-data.sh [FILE…]
#
# FILE is a name of the table below; default: the files of pitot-2023. They are taken from
#   1. $PITOT_REFERENCE_DATA, when it is set,
#   2. ../shared/data beside the repository, when it is there,
#   3. ${XDG_CACHE_HOME:-~/.cache}/pitot, where they are downloaded to from the authors' public repository,
# and each is checked against its SHA-256. stdout: the folder. $PITOT_REFERENCE_URL replaces the address downloaded
# from (a mirror: URL/COMMIT/PATH).
set -euo pipefail

url=${PITOT_REFERENCE_URL:-https://raw.githubusercontent.com/WiseLabCMU/pitot}

# file, commit, path in the repository, SHA-256
table='
pitot-2023/data.npz        587e385 data/data.npz        f0dbccfbf0d6d4b5186d92ea82b55f7297908d131487a3cfada6019560e20a7b
pitot-2023/data.small.npz  587e385 data/data.small.npz  8c45abed5c5e29cdafcc0327f4310d0415232eb10a4102e705819550e2e069eb
pitot-2023/data.if.npz     587e385 data/data.if.npz     0b38379850e5bb5968eade39dab3bbb7c1406928cf269601ca6a1dd519260dfa
pitot-2023/data.if.mc.npz  587e385 data/data.if.mc.npz  ba32d023248f53b2b26aa792b9c9ea89ad49163835cfb5173c5c21a8d1395ace
pitot-2023/data.if3.npz    587e385 data/data.if3.npz    080d7875f7136e8cf3a1a60d97ab6bbc861434bcfc858d2c071082f00ea5a446
pitot-2023/data.if3.mc.npz 587e385 data/data.if3.mc.npz f4b268bcbcdf2cb486749e8890451717677e2c76e74b4c35dfdffb639fa41c67
pitot-2025/data.npz        b94541c data/data.npz        4361e9380bc6f04f6691fe468f60f735da92d4180cd5a8749d14deb4f4767e2d
pitot-2025/if2.npz         b94541c data/if2.npz         64f353e020a4272247caca0c6dca4b7c738997f0fc0632288c0362e0f7b04b08
'

say() { echo "get-reference-data: $*" >&2; }

# field FILE NUMBER: a column of FILE's line in the table
field() { awk -v file="$1" -v n="$2" '$1 == file {print $n}' <<<"$table"; }

# is_genuine PATH FILE: whether PATH holds exactly FILE
is_genuine() { [[ -f $1 && $(sha256sum <"$1" | cut -d ' ' -f 1) == "$(field "$2" 4)" ]]; }

# first_wrong FOLDER: the first wanted file that FOLDER lacks or holds in another version
first_wrong() {
    local file
    for file in "${files[@]}"; do
        is_genuine "$1/$file" "$file" || { echo "$file" && return; }
    done
}

download() { # FOLDER FILE
    local target="$1/$2" source
    source="$url/$(field "$2" 2)/$(field "$2" 3)"
    mkdir -p "$(dirname "$target")"
    partial=$(mktemp "$target.XXXXXX")
    say "downloading $source"
    if ! curl --fail --silent --show-error --location --retry 2 --connect-timeout 20 --max-time 300 \
        --output "$partial" "$source"; then
        say "could not download $2. Check the network (proxies: \$https_proxy) and try again, or fetch it by hand"
        say "from $source, save it as FOLDER/$2 and set PITOT_REFERENCE_DATA=FOLDER."
        exit 4
    fi
    if ! is_genuine "$partial" "$2"; then
        say "what came from $source is not the file expected (its SHA-256 is"
        say "$(sha256sum <"$partial" | cut -d ' ' -f 1), not $(field "$2" 4)); it was not kept."
        say "A proxy may have altered it: try another network, or set PITOT_REFERENCE_DATA to a folder that has $2."
        exit 4
    fi
    chmod 644 "$partial"
    mv -f "$partial" "$target"
    partial=
}

partial=
trap '[[ -z $partial ]] || rm -f "$partial"' EXIT

files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
    mapfile -t files < <(awk '$1 ~ /^pitot-2023/ {print $1}' <<<"$table")
fi
for file in "${files[@]}"; do
    if [[ -z $(field "$file" 1) ]]; then
        say "unknown file '$file'; known are:" $(awk '{print $1}' <<<"$table")
        exit 2
    fi
done

if [[ -n ${PITOT_REFERENCE_DATA:-} ]]; then
    wrong=$(first_wrong "$PITOT_REFERENCE_DATA")
    if [[ -n $wrong ]]; then
        say "\$PITOT_REFERENCE_DATA is $PITOT_REFERENCE_DATA, but $wrong is missing there or is another version."
        say "Put the file there, or unset the variable to have it downloaded."
        exit 3
    fi
    (cd "$PITOT_REFERENCE_DATA" && pwd)
    exit 0
fi

beside="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/../shared/data"
if [[ -d $beside ]]; then
    wrong=$(first_wrong "$beside")
    if [[ -z $wrong ]]; then
        (cd "$beside" && pwd)
        exit 0
    fi
    say "$beside has no $wrong, or another version of it; downloading instead"
fi

cache="${XDG_CACHE_HOME:-$HOME/.cache}/pitot"
for file in "${files[@]}"; do
    is_genuine "$cache/$file" "$file" || download "$cache" "$file"
done
(cd "$cache" && pwd)
