#!/usr/bin/env bash
# What `pitot evaluate` holds in memory at most: little, and no more the more replicates it averages over.
# PITOT names the program. Exit status: 0 passed, 1 failed, 77 skipped (no Python).
set -euo pipefail

python=/usr/bin/python3
[[ -x $python ]] || exit 77
pitot=$(realpath "${PITOT:?set PITOT to the program}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# peak REPLICATES THREADS: KiB. A step a model: memory does not depend on how long one trains. A replicate of these is
# 2.5 MiB of parameters.
peak() {
    "$python" -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
        "$pitot" evaluate data/fleet.npz --preset interference/2 --set train.together_rows=0 --share 0.5 --bounds \
        --folds 10 --checkpoints 1 --epoch-samples 200 --replicates "$1" --threads "$2"
}

# How many replicates of several threads exist at once is chance, so growth is measured on one.
few=$(peak 2 1)
many=$(peak 8 1)
threads=$(peak 8 2)
echo "2 replicates: $few KiB, 8 replicates: $many KiB, on two threads $threads KiB"
((many < 300 * 1024 && threads < 300 * 1024)) || { echo "more than 300 MiB" && exit 1; }
((many - few < 4 * 1024)) || { echo "six more replicates take $((many - few)) KiB more" && exit 1; }
