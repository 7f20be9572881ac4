#!/usr/bin/env bash
# Installs the packages of build/deb in a fresh Debian 12, runs debian/tests there, and purges them: nothing may be left.
#
#   scripts/test-deb.sh [FOLDER_OF_PACKAGES]
#
# The fresh Debian is a folder that debootstrap fills and chroot enters, so that this needs root. It is kept as an archive
# in ${XDG_CACHE_HOME:-~/.cache}/pitot for a month, with the packages that were fetched. $PITOT_DEBIAN_MIRROR replaces
# http://deb.debian.org/debian. First the packages are put beside what they depend on and nothing else, the tests that need
# no more are run, and what is there once they are purged is compared with what was there before; then they are installed
# by apt, with what debian/tests/control says that the other tests need. Of tests whose packages were not built it is said
# that they are left out.
# Exit status: 0 passed, 1 failed, 4 something is not installed, 77 this machine has no chroot for us.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=$(realpath "${1:-build/deb}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pitot
mirror=${PITOT_DEBIAN_MIRROR:-http://deb.debian.org/debian}
architecture=$(dpkg --print-architecture)
base=$cache/bookworm-minbase-$architecture.tar
die() { echo "test-deb: $2" >&2 && exit "$1"; }
step() { echo "== $* ($SECONDS s so far)"; }

compgen -G "$packages/*.deb" >/dev/null || die 4 "there are no packages in $packages; make deb builds them"
command -v debootstrap >/dev/null || die 4 "debootstrap is not installed; scripts/install-deps.sh --package does it"
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die 77 "needs root"
    exec sudo --preserve-env=XDG_CACHE_HOME,HOME,PITOT_DEBIAN_MIRROR,http_proxy,https_proxy "$0" "$@"
fi
# Mounts in a namespace of our own end with it, however this ends.
if [[ ${PITOT_UNSHARED:-} != 1 ]]; then
    unshare --mount --pid --fork true 2>/dev/null || die 77 "this machine gives no namespace for mounts"
    PITOT_UNSHARED=1 exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

root=$(mktemp -d)
trap 'umount "$root/proc" "$root/var/cache/apt/archives" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
inside() { # COMMAND: in the fresh Debian, without what this machine has in its environment
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" bash -euc "$1" </dev/null
}
quietly() { # COMMAND: the same, silent unless it fails
    inside "$1" >"$root/log" 2>&1 || { tail -n 40 "$root/log" >&2 && die 1 "failed: $1"; }
}

step "a fresh Debian 12"
mkdir -p "$cache/archives-$architecture/partial"
find "$cache" -maxdepth 1 -name "$(basename "$base")" -mtime +30 -delete
if [[ ! -f $base ]]; then
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        rm -f "$root.log"
        die 77 "debootstrap failed"
    }
    rm -f "$root.log" "$root"/var/cache/apt/archives/*.deb
    tar --create --one-file-system --directory "$root" --file "$base.$$" . && mv "$base.$$" "$base"
else
    tar --extract --directory "$root" --file "$base"
fi
mount -t proc proc "$root/proc"
mount --bind "$cache/archives-$architecture" "$root/var/cache/apt/archives"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf 'APT::Keep-Downloaded-Packages "true";\nBinary::apt::APT::Keep-Downloaded-Packages "true";\n' \
    >"$root/etc/apt/apt.conf.d/99keep"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
mkdir "$root/packages" "$root/source"
cp "$packages"/*.deb "$root/packages"
cp -r debian examples tests data "$root/source/" 2>/dev/null
quietly "apt-get update -q"
ours=$(for file in "$packages"/*.deb; do dpkg-deb --field "$file" Package; done | sort -u | paste -sd ' ')

# Lines of debian/tests/control: the name of a test, then what it depends on.
tests=$(awk '/^Tests:/ { test = $2 } /^Depends:/ { sub(/^Depends: */, ""); gsub(/,/, ""); print test, $0 }' \
    debian/tests/control)
run_test() { # NAME
    step "test $1"
    inside "cd /source && AUTOPKGTEST_TMP=\$(mktemp -d) debian/tests/$1" 2>&1 | sed 's/^/  /'
}
# What of some packages is not ours, and what is ours but was not built.
others() { for word in "$@"; do [[ $word == *pitot* ]] || printf '%s ' "$word"; done; }
unbuilt() { for word in "$@"; do [[ $word != *pitot* || " $ours " == *" $word "* ]] || printf '%s ' "$word"; done; }

# All that is there, but for what dpkg, apt and the tests themselves keep.
inventory() { # FILE
    inside 'find / -xdev \( -path /proc -o -path /tmp -o -path /source -o -path /packages -o -path /log \
        -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache/apt -o -path /var/lib/apt -o -path /root \) -prune \
        -o -printf "%y %m %u %p %l\n"' | sort >"$1"
}
purge() {
    quietly "dpkg --purge $ours"
    [[ -z $(inside "dpkg-query -W -f='\${Package}\n' | grep pitot || true") ]] || die 1 "dpkg still knows of some"
}

step "what they depend on"
depends=$(for file in "$packages"/*.deb; do dpkg-deb --field "$file" Pre-Depends Depends; done | sed 's/^[A-Za-z-]*: //' |
    tr ',' '\n' | sed 's/^ *//' | grep -v pitot | sort -u | paste -sd ',')
quietly "apt-get satisfy -q -y --no-install-recommends '$depends'"
inventory "$root/packages/before"

step "installed: $ours"
quietly "dpkg -i /packages/*.deb"
later=()
while read -r name needs; do
    read -ra needs <<<"$needs"
    if [[ -n $(unbuilt "${needs[@]}") ]]; then
        echo "test-deb: test $name is left out: not built: $(unbuilt "${needs[@]}")"
    elif [[ -n $(others "${needs[@]}") ]]; then
        later+=("$name $(others "${needs[@]}")")
    else
        run_test "$name"
    fi
done <<<"$tests"

step "purged"
purge
inventory "$root/packages/after"
diff "$root/packages/before" "$root/packages/after" || die 1 "what is there is not what was (above)"

step "installed by apt, with all that tests need"
quietly "apt-get install -q -y --no-install-recommends /packages/*.deb"
for line in "${later[@]}"; do
    read -r name needs <<<"$line"
    quietly "apt-get install -q -y --no-install-recommends $needs"
    run_test "$name"
done
purge
inventory "$root/packages/after"
! grep -i pitot "$root/packages/after" || die 1 "left behind (above)"
echo "passed: $ours"
