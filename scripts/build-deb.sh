#!/usr/bin/env bash
# Builds the Debian packages of debian/ into build/deb and checks them with lintian.
#
#   [JOBS=N] scripts/build-deb.sh
#
# They are built from a copy of the files that git does not ignore, as they are now, so that the tree stays clean, with Debian's
# flags, without tests and without packages of debugging symbols (debian/rules run otherwise makes those). python3-pitot
# is made where there is python/pitot, and pitot-doc has the pages of `make site` where they were made.
# Exit status: 0 built, 1 lintian has found something, 2 versions that differ, 4 something is not installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=${JOBS:-$(nproc)}
folder=build/deb
say() { echo "build-deb: $*" >&2; }
for program in dpkg-buildpackage dh lintian; do
    command -v "$program" >/dev/null || { say "$program is not installed; scripts/install-deps.sh --package does it" && exit 4; }
done

version=$(sed -n 's/^#define PITOT_VERSION_[A-Z]* \([0-9][0-9]*\)$/\1/p' include/pitot/version.h* | paste -sd .)
packaged=$(dpkg-parsechangelog -S Version)
if [[ $packaged != "$version" ]]; then
    say "debian/changelog has version $packaged, include/pitot has $version; begin a new entry (dch -v $version)"
    exit 2
fi

source=$folder/pitot-$version
rm -rf "$folder"
mkdir -p "$source"
if [[ $(git rev-parse --show-toplevel 2>/dev/null) == "$PWD" ]]; then
    git ls-files -z --cached --others --exclude-standard
else # sources that came without git
    find . -path ./build -prune -o -type f -print0
fi | while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    tar --null --files-from=- --create | tar --extract --directory "$source"
if [[ -d build/site/html ]]; then
    cp -r build/site/html "$source/site"
else
    say "pitot-doc has the documents alone: there is no build/site/html"
fi
profiles=()
if [[ ! -d python/pitot ]]; then
    say "no python3-pitot: there is no python/pitot"
    profiles=(--build-profiles=nopython)
fi

# debhelper gives a build another home.
if command -v ccache >/dev/null; then
    export CCACHE_DIR=${CCACHE_DIR:-$(ccache --get-config cache_dir)}
fi
export DEB_BUILD_OPTIONS="nocheck noautodbgsym terse parallel=$jobs"
log=$folder/build.log
if ! (cd "$source" && nice dpkg-buildpackage --no-sign --build=binary "${profiles[@]}") >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    say "dpkg-buildpackage failed (above; all of it is in $log)"
    exit 4
fi

lintian --allow-root --fail-on error,warning "$folder"/*.changes
rm -rf "$source"
printf '%s\n' "$folder"/*.deb
