#!/usr/bin/env bash
# Installs the packages Pitot needs on Debian 12. Does nothing when they are all there.
#
#   scripts/install-deps.sh [--run | --fleet | --wasm | --test | --wheel | --python | --site | --package | --all] [--list]
#
#   --run   what building and running the program takes
#   --fleet that, and the engines, compilers and emulators of Debian that `pitot measure` runs modules with
#   --wasm  only what building the benchmark programs to WebAssembly takes
#   --test  what --run installs, and what the tests and benchmarks take
#   --wheel what --run installs, and what building the wheel of the Python package takes
#   --python that, and what the package works together with: its tests, notebooks and types
#   --site  only what building the documentation as a site takes
#   --package what --run installs, and what building, checking and trying Debian packages takes
#   --all   --test, --python, --wasm, --site and --package, clang for fuzzing, lint and format, valgrind, and the shells and readers
#           of man pages that completion and manual are tested with (default)
#   --list  print the packages and install nothing
set -euo pipefail

run_packages=(
    g++ cmake ninja-build pkg-config ca-certificates curl
    coinor-libclp-dev gnuplot-nox libboost-dev libcli11-dev libcpu-features-dev libcsv-dev libeigen3-dev libexpected-dev
    libfast-float-dev libfmt-dev libhwloc-dev libhwy-dev librandom123-dev libssl-dev libutf8proc-dev libzip-dev
    nlohmann-json3-dev wabt zlib1g-dev
)
fleet_packages=(
    nodejs libmozjs-102-dev libjavascriptcoregtk-4.0-bin clang-14 tcc qemu-user-static
    gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-riscv64-linux-gnu
    libc6-dev-arm64-cross libc6-dev-armhf-cross libc6-dev-riscv64-cross
)
wasm_packages=(
    clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32 libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 ninja-build
)
wheel_packages=(binutils patchelf python3)
python_packages=(
    python3-numpy python3-pandas python3-sklearn python3-matplotlib python3-tqdm mypy jupyter-nbconvert python3-ipykernel
    python3-venv debootstrap
)
site_packages=(
    doxygen linkchecker pandoc python3-sphinx furo python3-myst-parser python3-breathe python3-nbsphinx python3-numpy
)
test_packages=(abigail-tools libbenchmark-dev libboost-context-dev libgtest-dev librapidcheck-dev nodejs python3-numpy)
package_packages=(debhelper debootstrap dh-python dpkg-dev lintian python3 sphinx-common)
all_packages=(valgrind clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev fish man-db mandoc zsh)

set_wanted=all
list=false
for argument in "$@"; do
    case "$argument" in
        --run | --fleet | --wasm | --test | --wheel | --python | --site | --package | --all) set_wanted=${argument#--} ;;
        --list) list=true ;;
        *)
            echo "install-deps: unknown argument '$argument'; use --run, --fleet, --wasm, --test, --wheel, --python, --site, --package, --all or --list" >&2
            exit 2
            ;;
    esac
done

packages=("${run_packages[@]}")
case $set_wanted in
    fleet) packages+=("${fleet_packages[@]}") ;;
    wasm) packages=("${wasm_packages[@]}") ;;
    test) packages+=("${test_packages[@]}") ;;
    wheel) packages+=("${wheel_packages[@]}") ;;
    python) packages+=("${wheel_packages[@]}" "${python_packages[@]}") ;;
    site) packages=("${site_packages[@]}") ;;
    package) packages+=("${package_packages[@]}") ;;
    all)
        packages+=("${test_packages[@]}" "${wheel_packages[@]}" "${python_packages[@]}" "${wasm_packages[@]}"
            "${site_packages[@]}" "${package_packages[@]}" "${all_packages[@]}")
        ;;
esac
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | awk '!seen[$0]++')  # some are in two sets

if $list; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi
if ! command -v dpkg-query >/dev/null; then
    echo "install-deps: this is not Debian; install the equivalents of these yourself, then build with CMake:" >&2
    echo "  ${packages[*]}" >&2
    exit 4
fi

missing=()
# dpkg-query fails when it does not know one of them, and still prints the others.
installed=$({ dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' "${packages[@]}" 2>/dev/null || true; } |
    awk '$2 == "ii" {print $1}')
for package in "${packages[@]}"; do
    grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

sudo=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: run this as root, or install sudo; missing: ${missing[*]}" >&2
        exit 4
    fi
    sudo=(sudo)
fi
echo "Installing: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# apt-get with these arguments. Another package manager may hold a lock, as a fresh machine's unattended upgrade does: of
# dpkg, of debconf, or of the package lists, which apt-get would not wait for. Waits for up to ten minutes.
locked='(Could not get|Unable to acquire the dpkg frontend) lock|Unable to lock|is locked by another process'
apt_get() {
    local tries=120
    while ! "${sudo[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null >"$log" 2>&1; do
        if ! grep -qE "$locked" "$log" || ((--tries == 0)); then
            return 1
        fi
        if [[ $tries -eq 119 ]]; then
            echo "Another package manager is at work; waiting for it, for 10 minutes at most:" >&2
            grep -m 1 -E "$locked" "$log" | sed 's/^/  /' >&2
        fi
        sleep 5
    done
}

# Package lists may be absent (a fresh machine) or old; fresh ones cost seconds.
if ! { apt_get update -q && apt_get install -q -y --no-install-recommends "${missing[@]}"; }; then
    cat "$log" >&2
    if grep -qE "$locked" "$log"; then
        echo "install-deps: another package manager has not ended (above); try again when it has" >&2
        exit 4
    fi
    echo "install-deps: apt-get failed (above); check the network and /etc/apt/sources.list, then try again" >&2
    exit 4
fi
