#!/usr/bin/env bash
# Asks pitot to stop while programs run for it, by SIGTERM, SIGINT and SIGHUP: it ends at once with status 130, leaves
# none of them or of what they started, and keeps what it has measured.
#
#   PITOT=build/dev/pitot tests/cli/stop.sh
set -euo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
die() { echo "stop: $*" >&2 && exit 1; }

# A program that does nothing for long, by way of a daemon. It says whom to look for. As `node` it profiles modules.
# No other engine is on the path of the commands, which would have to be asked for its version.
mkdir bin modules
cat >bin/slow <<SCRIPT
#!/bin/sh
PATH=$PATH
[ "\$1" != --version ] || { echo 20.0.0; exit; }
setsid -f sh -c 'echo \$\$ >$folder/slow.pid; exec sleep 71'
sleep 71 &
wait
SCRIPT
chmod +x bin/slow
ln bin/slow bin/node
printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\5\1\1r\0\0\12\4\1\2\0\13' >modules/m.wasm # (module (func (export "r")))
cat >table.json <<'JSON'
{"schema": 1, "engines": [
  {"name": "compiled", "title": "-", "package": "-", "programs": {"slow": ["slow"]}, "compile": [["{slow}", "{module}"]],
   "run": ["{slow}", "{build}/m", "{args}"]},
  {"name": "run", "title": "-", "package": "-", "programs": {"slow": ["slow"]}, "run": ["{slow}", "{module}", "{args}"]}]}
JSON
cat >versions.json <<'JSON'
{"schema": 1, "engines": [
  {"name": "asked", "title": "-", "package": "-", "programs": {"slow": ["slow"]}, "version": {"slow": ["{slow}"]},
   "run": ["{slow}", "{module}", "{args}"]}]}
JSON

runs() { [[ $(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null || echo X) != [ZX] ]]; }

stops() { # COMMAND…
    local signal child status waited
    for signal in TERM INT HUP; do
        rm -f slow.pid
        env --default-signal=INT PATH="$folder/bin" "$@" >printed 2>&1 & # the shell has those in the background ignore it
        child=$!
        for ((i = 0; i < 3000; ++i)); do
            [[ ! -s slow.pid ]] && runs $child || break
            sleep 0.01
        done
        [[ -s slow.pid ]] || die "'$*' has started nothing: $(cat printed)"
        kill -s $signal $child
        SECONDS=0 status=0
        wait $child || status=$?
        waited=$SECONDS
        ((status == 130)) || die "'$*' ended with status $status by $signal: $(cat printed)"
        ((waited < 8)) || die "'$*' took $waited seconds to end by $signal"
        for ((i = 0; i < 300; ++i)); do
            runs "$(cat slow.pid)" || break
            sleep 0.01
        done
        ! runs "$(cat slow.pid)" || die "'$*' left a process running after $signal"
    done
}

measure=("$pitot" measure --modules modules --table table.json --cache cache --cores "$(taskset -cp $$ | grep -o '[0-9]*$')")
stops "${measure[@]}" --no-profile -o compiling --engines compiled
stops "${measure[@]}" -o profiling --engines run
stops "${measure[@]}" --no-profile -o running --engines run
for folder_of in compiling profiling running; do
    (($(grep -c '^{"module"' $folder_of/journal.jsonl) == 1)) || die "$folder_of: the journal was not kept"
    ! grep -qE 'refused|failed' $folder_of/journal.jsonl || die "$folder_of: $(cat $folder_of/journal.jsonl)"
done
stops "$pitot" profile modules/m.wasm
stops "$pitot" measure --modules modules --table versions.json -o asking --engines asked
stops "$pitot" engines --table versions.json
stops "$pitot" engines --table table.json --check
