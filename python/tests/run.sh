#!/usr/bin/env bash
# Runs a file of tests of the Python package; ends with 77 (skipped) where all of it was skipped.
#
#   python/tests/run.sh PYTHON FILE
set -euo pipefail
python=$1
file=$2
if [[ ! -x $python ]] || ! "$python" -c 'import numpy' 2>/dev/null; then
    echo "skipped: $python has no NumPy; scripts/install-deps.sh --python installs it"
    exit 77
fi
cd "$(dirname "$file")"
export PYTHONDONTWRITEBYTECODE=1
exec "$python" run.py "$(basename "$file" .py)"
