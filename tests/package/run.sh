#!/usr/bin/env bash
# Installs the library into a folder of its own, then configures, builds and runs a program that uses it from there.
#
#   tests/package/run.sh BUILD_FOLDER
set -euo pipefail

build=$(realpath "${1:?usage: run.sh BUILD_FOLDER}")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/prefix" >/dev/null
# A copy, and from another folder: nothing may be found through the repository.
cp -r "$here" "$folder/source"
cd "$folder"
cmake -S source -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$folder/prefix" >log 2>&1 &&
    cmake --build build >>log 2>&1 || { cat log && exit 1; }
build/consumer

[[ $("$folder/prefix/bin/pitot" --version) == "pitot "* ]]
