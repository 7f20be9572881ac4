# What tests that need NumPy begin with: sourced by them. $pitot is the program that PITOT names, $python has NumPy (else exit
# status 77: skipped), $source_root is the repository, and the current folder is an empty one that is removed at the end.
python=/usr/bin/python3
"$python" -c 'import numpy' 2>/dev/null || exit 77
pitot=$(realpath "${PITOT:?set PITOT to the program}")
source_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
