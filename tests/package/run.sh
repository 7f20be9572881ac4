#!/usr/bin/env bash
# Installs the library into a folder of its own, then configures, builds and runs a program that uses it from there. Of a
# shared library it also checks that what it exports is what the public headers mark.
#
#   tests/package/run.sh BUILD_FOLDER [COMPONENT]
#
# COMPONENT: what pitot_library() installs under that name (cmake/PitotLibrary.cmake), instead of all that is installed
# by default.
set -euo pipefail

build=$(realpath "${1:?usage: run.sh BUILD_FOLDER [COMPONENT]}")
component=${2:-}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/prefix" ${component:+--component "$component"} >/dev/null
# A copy, and from another folder: nothing may be found through the repository.
cp -r "$here" "$folder/source"
cd "$folder"
cmake -S source -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$folder/prefix" >log 2>&1 &&
    cmake --build build >>log 2>&1 || { cat log && exit 1; }
build/consumer

if library=$(find prefix -name 'libpitot.so' | grep .); then
    "$here/check-exports.sh" "$library" prefix/include/pitot
    # Programs name the version whose interface they were built with.
    readelf -d build/consumer | grep -q 'NEEDED.*\[libpitot\.so\.[0-9]*\.[0-9]*\]'
elif [[ $component == shared ]]; then
    echo "package: no shared library was installed" >&2
    exit 1
fi
[[ -n $component || $(prefix/bin/pitot --version) == "pitot "* ]]
