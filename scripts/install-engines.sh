#!/usr/bin/env bash
# Installs engines for `pitot measure` that Debian does not have as packages: Bun and Deno from npm, and SpiderMonkey of
# Debian's arm64 for the emulator, unpacked beside them. What Debian has is in: scripts/install-deps.sh --fleet
#
#   scripts/install-engines.sh [FOLDER]    # default: $PITOT_ENGINES, else ${XDG_CACHE_HOME:-~/.cache}/pitot/engines
set -euo pipefail

folder=${1:-${PITOT_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/pitot/engines}}
mkdir -p "$folder"
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error bun@1 deno@2

if [[ ! -x $folder/aarch64/usr/bin/js102 ]]; then
    # A package list of its own, so that the machine's stays as it is.
    apt=$(mktemp -d)
    trap 'rm -rf "$apt"' EXIT
    mkdir -p "$apt/lists/partial" "$apt/debs"
    options=(-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Architecture=arm64
        -o APT::Architectures=arm64 -o "Dir::State::status=/dev/null")
    apt-get "${options[@]}" update -q >/dev/null
    (cd "$apt/debs" && apt-get "${options[@]}" download -q libmozjs-102-0 libmozjs-102-dev libc6 libstdc++6 libgcc-s1 \
        libicu72 zlib1g libnspr4 libreadline8 libtinfo6 libffi8 >/dev/null)
    for package in "$apt"/debs/*.deb; do dpkg -x "$package" "$apt/aarch64"; done
    rm -rf "$folder/aarch64"
    mv "$apt/aarch64" "$folder/aarch64"
fi
echo "install-engines: bun, deno and an arm64 js102 in $folder"
