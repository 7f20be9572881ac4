#!/usr/bin/env bash
# The runner of text cases, tried on cases that must pass and cases that must fail.
set -uo pipefail
runner=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/run_case.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\nprintf "%%s\\n" "$@"; echo oops >&2; exit 3\n' >"$folder/pitot"
chmod +x "$folder/pitot"
export PITOT=$folder/pitot
failures=0

expect() { # STATUS TITLE; the case on stdin
    local got
    cat >"$folder/case.test"
    UPDATE='' bash "$runner" "$folder/case.test" >"$folder/log" 2>&1
    got=$?
    if [[ $got != "$1" ]]; then
        echo "$2: status $got, expected $1"
        cat "$folder/log"
        failures=$((failures + 1))
    fi
}

good=$'== run\npitot a b c\n== stdout\na\nb\nc\n== stderr\noops\n== status 3\n'
expect 0 "literal" <<<"${good%$'\n'}"
expect 1 "wrong line" <<<"${good/$'\nb\n'/$'\nB\n'}"
expect 1 "missing line" <<<"${good/$'\nb\n'/$'\n'}"
expect 1 "extra line" <<<"${good/$'\nb\n'/$'\nb\nb\n'}"
expect 1 "wrong status" <<<"${good/status 3/status 2}"
expect 1 "missing status" <<<"${good/== status 3/}"
expect 1 "missing stderr" <<<"${good/$'== stderr\noops\n'/}"
expect 0 "regex" <<<"${good/$'\nb\n'/$'\n~ [a-c]\n'}"
expect 1 "regex is anchored" <<<"${good/$'\noops\n'/$'\n~ oop\n'}"
expect 0 "dots for one" <<<"${good/$'\nb\n'/$'\n...\n'}"
expect 0 "dots for all" <<<"${good/$'\na\nb\nc\n'/$'\n...\n'}"
expect 0 "dots for none" <<<"${good/$'\nb\n'/$'\nb\n...\n'}"
expect 1 "dots do not reorder" <<<"${good/$'\na\nb\nc\n'/$'\n...\nc\n...\na\n'}"
expect 1 "the second run fails" <<<"${good}"$'== run\nexit 1'
expect 0 "files" <<<$'== file x/y.txt\none\ntwo\n== run\ncat x/y.txt\n== stdout\none\ntwo'
expect 1 "unknown section" <<<$'== runn\ntrue'

# UPDATE=1 writes what was printed, keeps patterns that still match, and the result passes.
printf '# title\n== run\npitot a b\n== stdout\n~ a\n...\n== run\npitot x\n== stdout\ny\n' >"$folder/case.test"
UPDATE=1 bash "$runner" "$folder/case.test" >/dev/null 2>&1
expected=$'# title\n== run\npitot a b\n== stdout\n~ a\n...\n== stderr\noops\n== status 3\n'
expected+=$'== run\npitot x\n== stdout\nx\n== stderr\noops\n== status 3'
if [[ $(cat "$folder/case.test") != "$expected" ]]; then
    echo "update wrote:"
    cat "$folder/case.test"
    failures=$((failures + 1))
fi
cp "$folder/case.test" "$folder/updated"
expect 0 "updated" <"$folder/updated"
expect 1 "no command at all" <<<"# nothing"
((failures == 0))
