#!/usr/bin/env bash
# Checks that no text of the library names an option (--x, "(-x)") or a command ('pitot verb') of the program: errors say
# what to do in terms of the library, and src/cli adds how that is called (include/pitot/remedy.hpp). A line that is
# about another program, or the line before it, says "not ours".
#
#   scripts/check-messages.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

find include src -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' | grep -v '^src/cli/' | sort | xargs awk '
    FNR == 1 { before = "" }
    {
        excused = (before $0) ~ /not ours/
        before = $0
        if (excused || $0 ~ /^[ \t]*(\/\/|#)/) next
        line = $0
        while (match(line, /"([^"\\]|\\.)*"/)) {
            text = substr(line, RSTART, RLENGTH)
            if (substr(line, 1, RSTART - 1) ~ /\/\//) break
            line = substr(line, RSTART + RLENGTH)
            gsub(/ulimit -[a-z]/, "", text)
            if (text ~ /(^|[^-A-Za-z0-9])--[a-z{]/ || text ~ /[ (]-[a-z]([ )]|"$)/)
                what = "an option of the program"
            else if (text ~ /[`\047(:"] ?pitot [a-z]/)
                what = "a command of the program"
            else
                continue
            printf "%s:%d: %s names %s\n", FILENAME, FNR, text, what
            bad = 1
        }
    }
    END { exit bad }
' || { echo "check-messages: see above; say it in terms of the library, and name the option in src/cli/remedies.cpp" >&2; exit 1; }
