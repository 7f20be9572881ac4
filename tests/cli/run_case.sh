#!/usr/bin/env bash
# Runs one text case: commands and what they must print. PITOT names the program.
#
#   PITOT=build/dev/pitot tests/cli/run_case.sh CASE
#   UPDATE=1 PITOT=… tests/cli/run_case.sh CASE      # writes what was printed into CASE
#
# A case is a text file of sections, run from top to bottom in an empty folder of its own:
#   # …              at the very top: what the case shows
#   == needs data    skip the case where the reference data is absent; $DATA is its folder
#   == file NAME     makes a file of the lines that follow
#   == run           shell commands; `pitot` is the program, $SOURCE the repository
#   == stdout        the lines they must print; nothing where there is no such section
#   == stderr        likewise
#   == status N      the exit status; 0 where there is no such section
# Expected lines are literal, but for
#   ~ REGEX          a line that matches this extended regular expression as a whole
#   ...              any number of lines, none included
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail

case_file=$(realpath "${1:?usage: run_case.sh CASE}")
pitot=$(realpath "${PITOT:?set PITOT to the program}")
source_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work" "$folder/home"
ln -s "$pitot" "$folder/bin/pitot"

reference_data=${PITOT_REFERENCE_DATA:-$source_root/../shared/data}
export PATH="$folder/bin:$PATH" HOME="$folder/home" XDG_CACHE_HOME="$folder/home/.cache" TMPDIR="$folder"
export LC_ALL=C.UTF-8 TERM=dumb PITOT_PROGRESS_SECONDS=0 SOURCE="$source_root" DATA=""
unset PITOT PITOT_REFERENCE_DATA PITOT_REFERENCE_URL

# matches EXPECTED ACTUAL: names of two arrays of lines. As a glob over lines: on a mismatch go back to the last "...".
matches() {
    local -n expected=$1 actual=$2
    local i=0 j=0 star=-1 mark=0
    while ((j < ${#actual[@]})); do
        if ((i < ${#expected[@]})) && [[ ${expected[i]} == "..." ]]; then
            star=$i mark=$j
            ((i += 1))
        elif ((i < ${#expected[@]})) && line_matches "${expected[i]}" "${actual[j]}"; then
            ((i += 1, j += 1))
        elif ((star >= 0)); then
            ((mark += 1))
            i=$((star + 1)) j=$mark
        else
            return 1
        fi
    done
    while ((i < ${#expected[@]})) && [[ ${expected[i]} == "..." ]]; do ((i += 1)); done
    ((i == ${#expected[@]}))
}

line_matches() {
    if [[ $1 == "~ "* ]]; then
        local regex="^(${1#\~ })$"
        [[ $2 =~ $regex ]]
    else
        [[ $1 == "$2" ]]
    fi
}

failures=0 runs=0
updated=()  # the case file as it should read

# What the commands of a run printed, against what the sections after it say.
run_lines=() want_out=() want_err=() want_status=0 pending=false
finish_run() {
    $pending || return 0
    pending=false runs=$((runs + 1))
    local script got_out=() got_err=() got_status
    script=$(printf '%s\n' "${run_lines[@]}")
    (cd "$folder/work" && bash -c "$script") >"$folder/stdout" 2>"$folder/stderr" </dev/null
    got_status=$?
    mapfile -t got_out <"$folder/stdout"
    mapfile -t got_err <"$folder/stderr"
    local out_ok=true err_ok=true
    matches want_out got_out || out_ok=false
    matches want_err got_err || err_ok=false
    if $out_ok; then got_out=(${want_out[@]+"${want_out[@]}"}); fi
    if $err_ok; then got_err=(${want_err[@]+"${want_err[@]}"}); fi
    ((${#got_out[@]} == 0)) || updated+=("== stdout" "${got_out[@]}")
    ((${#got_err[@]} == 0)) || updated+=("== stderr" "${got_err[@]}")
    ((got_status == 0)) || updated+=("== status $got_status")
    if ! $out_ok || ! $err_ok || ((got_status != want_status)); then
        failures=$((failures + 1))
        [[ ${UPDATE:-} == 1 ]] || explain "$script" $got_status $out_ok $err_ok
    fi
}

explain() { # SCRIPT STATUS OUT_OK ERR_OK
    echo "-- failed: $1"
    (($2 == want_status)) || echo "exit status $2, expected $want_status"
    if ! $3; then
        echo "stdout (- expected, + printed):"
        diff -u <(printf '%s\n' ${want_out[@]+"${want_out[@]}"}) "$folder/stdout" | tail -n +3
    fi
    if ! $4 || (($2 != want_status)); then
        echo "stderr (- expected, + printed):"
        diff -u <(printf '%s\n' ${want_err[@]+"${want_err[@]}"}) "$folder/stderr" | tail -n +3
    fi
}

find_data() {
    if [[ ! -f $reference_data/pitot-2023/data.npz ]]; then
        echo "skipped: no reference data; set PITOT_REFERENCE_DATA"
        exit 77
    fi
    DATA=$(realpath "$reference_data")
}

section=comment file=
while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == "== "* ]]; then
        read -r _ section argument <<<"$line"
        case "$section" in
            needs) finish_run && find_data ;;
            file) finish_run && file="$folder/work/$argument" && mkdir -p "$(dirname "$file")" && : >"$file" ;;
            run)
                finish_run
                pending=true run_lines=() want_out=() want_err=() want_status=0
                ;;
            stdout | stderr) ;;
            status) want_status=$argument ;;
            *) echo "$case_file: unknown section '== $section'" && exit 1 ;;
        esac
        [[ $section == stdout || $section == stderr || $section == status ]] || updated+=("$line")
        continue
    fi
    case "$section" in
        file) printf '%s\n' "$line" >>"$file" ;;
        run) run_lines+=("$line") ;;
        stdout) want_out+=("$line") && continue ;;
        stderr) want_err+=("$line") && continue ;;
        status) continue ;;
    esac
    updated+=("$line")
done <"$case_file"
finish_run
((runs > 0)) || { echo "$case_file: no '== run' section" && exit 1; }

if [[ ${UPDATE:-} == 1 && $failures -gt 0 ]]; then
    printf '%s\n' "${updated[@]}" >"$case_file"
    echo "updated $case_file"
    exit 0
fi
((failures == 0))
