#!/usr/bin/env bash
# Checks that each room includes only itself, rooms above it and the public headers, that its namespace is its own, and
# that no room knows of bench/, which may include any but cli (docs/architecture.md).
#
#   scripts/check-layering.sh [ROOT]
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
rooms=$(sed 's/#.*//; s/ .*//' "$here/../src/rooms.txt" | xargs)
cd "${1:-$here/..}"

find include src apps bench -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' | sort | xargs awk -v rooms="$rooms" '
    function complain(why) {
        printf "%s:%d: %s\n", FILENAME, FNR, why
        bad = 1
    }
    # Whose a file of the backend room is, by its path: that of a backend, of "host" (what backends on the host share), of
    # "ops" (declarations of operations), or of no folder. The files of an operation tell it by the ends of their names.
    function owner(path,    step, steps) {
        steps = split(path, step, "/")
        if (step[1] != "backend" || steps < 3) return ""
        if (step[2] != "ops") return step[2]
        return match(step[steps], /_(host|reference|cpu|cuda)\./) ? substr(step[steps], RSTART + 1, RLENGTH - 2) : "ops"
    }
    BEGIN {
        space["evaluate"] = "evaluation"  # pitot::evaluate is a function
        count = split(rooms, order, " ")
        for (i = 1; i <= count; ++i) rank[order[i]] = i
    }
    FNR == 1 {
        depth = split(FILENAME, part, "/")
        public = part[1] == "include"
        app = part[1] == "apps"
        bench = part[1] == "bench"
        own = app || bench ? part[1] : part[2]
        own_backend = public || app || bench ? "" : owner(substr(FILENAME, 5))
        if (!public && !app && !bench && !(own in rank)) complain("room \"" own "\" is not in src/rooms.txt; add it in its place")
    }
    public && /^[ \t]*#[ \t]*if/ && !(FILENAME ~ /\.h$/ && /^#ifdef __cplusplus$/) { complain("public headers have no conditional parts: programs see one interface") }
    # What the public headers declare is defined in pitot itself, by whichever room.
    !public && !app && !bench && /^namespace pitot/ {
        name = "pitot::" (own in space ? space[own] : own)
        if ($2 != "pitot" && $2 != name && index($2, name "::") != 1) complain("the namespace of this room is " name ", not " $2)
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        path = $0
        sub(/^[^"]*"/, "", path)
        sub(/".*/, "", path)
        steps = split(path, step, "/")
        room = step[1]
        if (room == "pitot" && steps > 1) next
        if ((app || bench) && path ~ /^bench\/support\/[^\/]*$/) next
        if (app && steps == 1) next
        if (bench && room == "support" && depth == 2) next  # of the tests
        if (public) complain("public headers include \"pitot/…\" only, not \"" path "\"")
        else if (steps == 1 || !(room in rank)) complain("\"" path "\" names no room: write \"room/file.hpp\"")
        else if (app && room != "cli") complain("a program includes \"cli/…\", \"pitot/…\" and \"bench/support/…\" only, not \"" path "\"")
        else if (bench && room == "cli") complain("bench measures rooms; it may not include \"" path "\" of the program")
        else if (!app && !bench && room != own && rank[room] > rank[own])
            complain("room \"" own "\" may not include \"" path "\": \"" room "\" is below it")
        else if (room == "backend" && steps > 2 && own != "backend")
            complain("only the backend room knows \"" path "\": include \"backend/backend.hpp\"")
        else if (own_backend == "ops" && owner(path) != "" && owner(path) != "ops")
            complain("the declaration of an operation may not include \"" path "\" of a backend")
        else if (own_backend != "" && owner(path) != "" && owner(path) != own_backend && owner(path) != "ops" &&
                 owner(path) != "host")
            complain("backend \"" own_backend "\" may not include \"" path "\" of another backend")
    }
    END { exit bad }
' || { echo "check-layering: see above; the order is: $rooms" >&2; exit 1; }
