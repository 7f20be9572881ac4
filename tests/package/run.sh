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

# The same in C, found by pkg-config, with no C++ but what an archive needs to be linked.
static=$([[ $component == shared ]] || echo --static)
PKG_CONFIG_PATH=$(dirname "$(find "$folder/prefix" -name pitot.pc)")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs $static pitot)"
"${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror source/main.c -o c_consumer "${flags[@]}" -lm
LD_LIBRARY_PATH=$PKG_CONFIG_PATH/.. ./c_consumer

# The program of docs/c.md, its text as it stands there.
awk '/^```/ { on = !done && $0 == "```c"; done = done || on; next } on' "$here/../../docs/c.md" >documented.c
cp -r "$here/../../examples" .
"${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror documented.c -o documented "${flags[@]}" -lm
[[ $(LD_LIBRARY_PATH=$PKG_CONFIG_PATH/.. ./documented | grep -cEx '[0-9]+ us, at most [0-9]+ us') -eq 3 ]]

# The story of the README, its text as it stands there.
mkdir readme
for block in cmake:CMakeLists.txt cpp:main.cpp; do
    awk -v kind="${block%%:*}" '/^```/ { on = !done && $0 == "```" kind; done = done || on; next } on' \
        "$here/../../README.md" >"readme/${block#*:}"
    [[ -s readme/${block#*:} ]]
done
cmake -S readme -B readme/build -G Ninja -DCMAKE_PREFIX_PATH="$folder/prefix" >log 2>&1 &&
    cmake --build readme/build >>log 2>&1 || { cat log && exit 1; }
readme/build/my_program | grep -Ex '[0-9]+ us, at most [0-9]+ us'

if library=$(find prefix -name 'libpitot.so' | grep .); then
    "$here/check-exports.sh" "$library" prefix/include/pitot
    # Programs name the major version, within which the C interface only grows, and those in C++ their minor version.
    readelf -d build/consumer | grep -q 'NEEDED.*\[libpitot\.so\.[0-9]*\]'
    readelf -V build/consumer | grep -q 'Name: PITOT_CXX_[0-9]*\.[0-9]*'
    readelf -V c_consumer | grep -q 'Name: PITOT_C_[0-9]*'
    readelf -V c_consumer >log
    if grep -q 'Name: PITOT_CXX_' log; then
        echo "package: a program in C needs the interface for C++" >&2
        exit 1
    fi
elif [[ $component == shared ]]; then
    echo "package: no shared library was installed" >&2
    exit 1
fi
[[ -z $component ]] || exit 0

# The program, and what it wrote about itself.
[[ $(prefix/bin/pitot --version) == "pitot "* ]]
prefix/bin/pitot man predict | cmp - prefix/share/man/man1/pitot-predict.1
prefix/bin/pitot completion bash | cmp - prefix/share/bash-completion/completions/pitot
prefix/bin/pitot completion zsh | cmp - prefix/share/zsh/site-functions/_pitot
prefix/bin/pitot completion fish | cmp - prefix/share/fish/vendor_completions.d/pitot.fish
