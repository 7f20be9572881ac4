#!/usr/bin/env bash
# Checks that no two files define a type of the same qualified name: linked into one program they would be one type, which
# is undefined behaviour. Types of anonymous namespaces and of functions are their file's own. Specialisations are not
# checked. tests/emulation/include has what takes the place of headers and is never linked with them.
#
#   scripts/check-types.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

find include src apps tests bench -not -path 'tests/emulation/include/*' \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \) | sort | xargs awk '
    # The line without comments and literals, which may begin or go on on other lines.
    function code_of(line,    code, at) {
        gsub(/[0-9]\047[0-9]/, "00", line)
        code = ""
        while (line != "") {
            if (until != "") {
                at = index(line, until)
                if (at == 0) return code
                line = substr(line, at + length(until))
                until = ""
            } else if (match(line, /R"[^ (]*\(|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\/|\/\*/)) {
                at = substr(line, RSTART, RLENGTH)
                code = code substr(line, 1, RSTART - 1) " "
                line = substr(line, RSTART + RLENGTH)
                if (at == "//") return code
                if (at == "/*") until = "*/"
                else if (at ~ /^R/) until = ")" substr(at, 3, length(at) - 3) "\""
            } else {
                return code line
            }
        }
        return code
    }
    # The name of what a brace after `head` opens: a namespace or a type, "" for what is in no name, "?" for a body.
    function opened(head) {
        if (head ~ /template *< *>/) return "?"
        gsub(/\[\[[^\]]*\]\]|alignas *\([^)]*\)/, " ", head)
        while (sub(/<[^<>]*>/, "", head)) {}
        gsub(/[ \t]+/, " ", head)
        sub(/^ */, "", head)
        while (sub(/^(template|public ?:|protected ?:|private ?:|typedef|static|inline|constexpr) */, "", head)) {}
        if (head ~ /^extern *$/) return ""
        if (head ~ /^namespace *$/) return "?"
        if (sub(/^namespace /, "", head)) {
            sub(/ *$/, "", head)
            return head
        }
        if (head !~ /^(struct|class|union|enum)( |$)/ || head ~ /[(=]/) return "?"
        sub(/^(struct|class|union|enum (struct|class)?|enum) */, "", head)
        gsub(/::/, "@", head)
        sub(/ *(:.*)?$/, "", head)
        sub(/ final$/, "", head)
        sub(/^.* /, "", head)
        gsub(/@/, "::", head)
        is_type = head != ""
        return head == "" ? "?" : head
    }
    function check_end() {
        if (depth != 0) printf "%s: braces do not match, so its types are not known\n", last
        bad = bad || depth != 0
    }
    FNR == 1 {
        check_end()
        depth = hidden = directive = 0
        until = head = scope[0] = ""
        last = FILENAME
    }
    until == "" && (directive || /^[ \t]*#/) {
        directive = /\\$/
        next
    }
    {
        code = code_of($0)
        while (match(code, /[;{}]/)) {
            mark = substr(code, RSTART, 1)
            head = head " " substr(code, 1, RSTART - 1)
            code = substr(code, RSTART + 1)
            if (mark == "{") {
                is_type = 0
                name = opened(head)
                ++depth
                unnamed[depth] = name == "?"
                hidden += unnamed[depth]
                scope[depth] = scope[depth - 1] (name == "" ? "" : "::") name
                here = FILENAME ":" FNR
                type = substr(scope[depth], 3)
                if (is_type && !hidden && (type in first) && file[type] != FILENAME) {
                    printf "%s: type \"%s\" is defined at %s too\n", here, type, first[type]
                    bad = 1
                } else if (is_type && !hidden && !(type in first)) {
                    first[type] = here
                    file[type] = FILENAME
                }
            } else if (mark == "}" && depth > 0) {
                hidden -= unnamed[depth--]
            }
            head = ""
        }
        head = head " " code
    }
    END {
        check_end()
        exit bad
    }
' || { echo "check-types: see above; rename one, or put what only its own source uses into an anonymous namespace" >&2; exit 1; }
