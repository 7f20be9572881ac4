#!/usr/bin/env bash
# Packages of npm, each driven by a script of ours under `pitot profile --node`: each has to be counted. Fetches about
# 100 MB, so with PITOT_NPM=1 alone. PITOT names the program.
set -uo pipefail
[ "${PITOT_NPM:-}" = 1 ] || { echo "skipped: set PITOT_NPM=1 to fetch packages of npm"; exit 77; }
pitot=$(realpath "${PITOT:?set PITOT to the program}")
scripts=$(realpath "$(dirname "${BASH_SOURCE[0]}")/npm")
command -v npm > /dev/null || { echo "skipped: there is no npm"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$scripts"/* "$folder"
cd "$folder" || exit 1
npm install --no-audit --no-fund --ignore-scripts > npm.log 2>&1 || { echo "skipped: npm cannot install"; tail -3 npm.log; exit 77; }
failed=0
for script in *.mjs *.cjs; do
    if "$pitot" profile --node "$script" --timeout 300 --json > counts.json 2> said.txt &&
        node -e 'const { modules } = JSON.parse(require("fs").readFileSync("counts.json"));
            const largest = modules.reduce((a, b) => (a.total > b.total ? a : b));
            console.log(process.argv[1], largest.module.name, largest.total);
            process.exit(largest.total > 1000 ? 0 : 1)' "$script"; then
        continue
    fi
    echo "FAILED: $script"
    tail -5 said.txt
    failed=1
done
exit $failed
