#!/usr/bin/env bash
# Tries the wheel where nothing of the build is: in a bare Debian 12 (debootstrap, minbase with python3 and python3-numpy),
# or, where that cannot be made, in an empty virtual environment of /usr/bin/python3.
#
#   scripts/test-wheel.sh [WHEEL]
#
# Without WHEEL it takes the newest in python/dist. DEBIAN_MIRROR names a mirror of packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wheel=${1:-$(find python/dist -name 'pitot-*.whl' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2-)}
if [[ ! -f $wheel ]]; then
    echo "test-wheel: there is no wheel; make one with 'make wheel'" >&2
    exit 2
fi
wheel=$(realpath "$wheel")
folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT

cat >"$folder/try.py" <<'TRY'
import sys
import pickle
import pitot

assert "/_lib/" in pitot.library_path, pitot.library_path
data = pitot.Dataset.load([sys.argv[1] + "/fleet.csv", sys.argv[1] + "/beside.csv"])
model = pitot.fit(data, progress=False)
answer = model.predict("jit.board", ["matmul", "fft"], "sort", confidence=0.9)
assert (answer.runtime_us < answer.upper_us).all()
model.save("/tmp/wheel.pitot")
assert pitot.load("/tmp/wheel.pitot").to_bytes() == pickle.loads(pickle.dumps(model)).to_bytes()
told = model.explain("jit.board", "fft")
try:
    model.predict("jit.bord", "fft")
except pitot.InputError as error:
    assert "did you mean" in str(error)
print(f"pitot {pitot.__version__} answers {answer.runtime_us.round()} us from {pitot.library_path}")
TRY

in_chroot() {
    if [[ $(id -u) -ne 0 ]]; then
        echo "test-wheel: a chroot takes root" >&2
        return 1
    fi
    if ! command -v debootstrap >/dev/null; then
        echo "test-wheel: debootstrap is not installed; run scripts/install-deps.sh --python" >&2
        return 1
    fi
    local root=$folder/root
    echo "test-wheel: making a bare Debian 12 with python3 and python3-numpy" >&2
    if ! debootstrap --variant=minbase --include=python3,python3-numpy bookworm "$root" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$folder/debootstrap.log" 2>&1; then
        tail -3 "$folder/debootstrap.log" >&2
        echo "test-wheel: debootstrap failed (above)" >&2
        return 1
    fi
    mkdir -p "$root/tmp/try"
    cp -r examples "$root/tmp/try/examples"
    cp "$wheel" "$folder/try.py" "$root/tmp/try/"
    chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin sh -c "
        python3 -m zipfile -e /tmp/try/$(basename "$wheel") /usr/local/lib/python3.11/dist-packages &&
        cd / && python3 /tmp/try/try.py /tmp/try/examples"
}

if in_chroot; then
    echo "test-wheel: works in a bare Debian 12"
    exit 0
fi
[[ ! -d $folder/root/tmp/try ]] || exit 1  # it was made, and the package failed in it

echo "test-wheel: no bare Debian; an empty virtual environment of /usr/bin/python3 instead, which shares the system's libraries" >&2
/usr/bin/python3 -m venv --without-pip --system-site-packages "$folder/venv"
"$folder/venv/bin/python" -m zipfile -e "$wheel" "$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
examples=$PWD/examples
(cd "$folder" && env -u PITOT_LIBRARY -u PYTHONPATH "$folder/venv/bin/python" try.py "$examples")
echo "test-wheel: works in a virtual environment"
