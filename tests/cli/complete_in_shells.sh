#!/usr/bin/env bash
# Completes command lines in bash, and in zsh and fish where they are installed: by the functions of their scripts, and by
# the tabulator key on a terminal. Also that verbs have the options in bash that they have in their help.
#
#   PITOT=build/dev/pitot tests/cli/complete_in_shells.sh
set -uo pipefail

pitot=$(realpath "${PITOT:?set PITOT to the program}")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work" "$folder/work/results" "$folder/home"
ln -s "$pitot" "$folder/bin/pitot"
export PATH="$folder/bin:$PATH" HOME="$folder/home" LC_ALL=C.UTF-8
touch "$folder/work/fleet.pitot" "$folder/work/runs.csv"
cd "$folder/work" || exit 1
for shell in bash zsh fish; do pitot completion $shell >"../pitot.$shell" || exit 1; done

failures=0 checks=0
expect() { # WHAT EXPECTED ACTUAL
    checks=$((checks + 1))
    if [[ $2 != "$3" ]]; then
        printf -- '-- %s\nexpected: %s\nactual:   %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# words LINE: what the function of the script offers behind LINE, of which the last word is being written.
words() {
    bash --norc -c '
        source ../pitot.bash
        read -ra COMP_WORDS <<<"${1//=/ = }"
        [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _pitot
        echo "${COMPREPLY[*]}"' _ "$1"
}
bash -n ../pitot.bash || failures=$((failures + 1))
expect "verbs" "predict presets" "$(words "pitot pre")"
expect "verbs behind help" "presets" "$(words "pitot help pres")"
expect "verbs behind man" "compare-runs compare" "$(words "pitot man comp" | sed 's/ completion//')"
expect "options" "--platform-features --module-features" \
    "$(words "pitot fit --" | tr ' ' '\n' | grep features | paste -sd ' ')"
expect "a preset" "interference3/discard interference3/ignore interference3/2 interference3/no-smt" \
    "$(words "pitot fit x.csv --preset interference3/")"
expect "a preset behind =" "paragon/128" "$(words "pitot fit --preset=paragon/12")"
expect "nothing typed behind =" "auto split leave-one-out" "$(words "pitot fit --bounds-from=")"
expect "an enumeration" "point comma" "$(words "pitot fit --decimal ")"
expect "an enumeration that is begun" "mean median" "$(words "pitot dataset --runs me")"
expect "another spelling of a verb" "$(words "pitot compare-runs --")" "$(words "pitot compare_runs --")"
expect "no value of a number" "" "$(words "pitot fit --seed ")"
expect "the first argument" "speeds" "$(words "pitot plot sp")"
expect "the first argument behind an option and its value" "speeds" "$(words "pitot plot --out a.svg sp")"
expect "the second argument is a file" "" "$(words "pitot plot speeds sp")"
expect "options between values" "--preset" "$(words "pitot fit runs.csv --pres")"
expect "no options behind --" "" "$(words "pitot measure -- --mod")"
expect "shells" "bash zsh fish" "$(words "pitot completion ")"
expect "what no verb is" "" "$(words "pitot nothing --")"

for verb in $(pitot --help | awk '/^Options:/ { exit } /^  [a-z]/ { print $1 }'); do
    options=$(pitot "$verb" --help | sed '/^Examples\?:$/,$d' | grep -oE '^  -[-a-zA-Z_, ]+' |
        grep -oE -- '(^| )--?[a-zA-Z][a-zA-Z_-]*' | tr -d ' ' | sort -u | paste -sd ' ')
    expect "options of $verb" "$options" \
        "$(words "pitot $verb -" | tr ' ' '\n' | sort -u | paste -sd ' ')"
done

# The key itself. Files are completed by the shell.
complete() { python3 "$here/complete_in.py" "$@" 2>&1 | tail -n 1; }
expect "bash: a verb" "<pitot><presets>" "$(complete bash ../pitot.bash "pitot prese")"
expect "bash: an option" "<pitot><fit><--preset>" "$(complete bash ../pitot.bash "pitot fit --pres")"
expect "bash: a preset" "<pitot><fit><--preset><paragon/128>" "$(complete bash ../pitot.bash "pitot fit --preset paragon/1")"
expect "bash: a preset behind =" "<pitot><fit><--preset=paragon/128>" \
    "$(complete bash ../pitot.bash "pitot fit --preset=paragon/1")"
expect "bash: a file" "<pitot><predict><fleet.pitot>" "$(complete bash ../pitot.bash "pitot predict fl")"
expect "bash: a file behind an option" "<pitot><fit><-o><runs.csv>" "$(complete bash ../pitot.bash "pitot fit -o ru")"
expect "bash: a folder" "<pitot><compare><-p><results/>" "$(complete bash ../pitot.bash "pitot compare -p r")"

if command -v zsh >/dev/null; then
    zsh -n ../pitot.zsh || failures=$((failures + 1))
    expect "zsh: a verb" "<pitot><presets>" "$(complete zsh ../pitot.zsh "pitot prese")"
    expect "zsh: an option" "<pitot><fit><--preset=>" "$(complete zsh ../pitot.zsh "pitot fit --pres" | sed 's/preset>/preset=>/')"
    expect "zsh: a preset" "<pitot><fit><--preset><paragon/128>" \
        "$(complete zsh ../pitot.zsh "pitot fit --preset paragon/1")"
    expect "zsh: a preset behind =" "<pitot><fit><--preset=paragon/128>" \
        "$(complete zsh ../pitot.zsh "pitot fit --preset=paragon/1")"
    expect "zsh: a file" "<pitot><predict><fleet.pitot>" "$(complete zsh ../pitot.zsh "pitot predict fl")"
    expect "zsh: a folder" "<pitot><compare><-p><results>" "$(complete zsh ../pitot.zsh "pitot compare -p r")"
    expect "zsh: an argument of several words" "<pitot><plot><--out><a.svg><speeds>" \
        "$(complete zsh ../pitot.zsh "pitot plot --out a.svg sp")"
else
    echo "zsh is not installed: not tested"
fi

if command -v fish >/dev/null; then
    offered() { fish --private --no-config -c "source ../pitot.fish; complete -C '$1'" 2>&1 | cut -f 1 | paste -sd ' '; }
    fish --no-config -n ../pitot.fish || failures=$((failures + 1))
    expect "fish: verbs" "predict presets" "$(offered 'pitot pre')"
    expect "fish: options" "--preset" "$(offered 'pitot fit --pres')"
    expect "fish: presets" "paragon/128" "$(offered 'pitot fit --preset paragon/1')"
    expect "fish: a preset behind =" "--preset=paragon/128" "$(offered 'pitot fit --preset=paragon/1')"
    expect "fish: files" "fleet.pitot" "$(offered 'pitot predict fl')"
    expect "fish: no file of a number" "" "$(offered 'pitot fit --seed fl')"
    expect "fish: folders" "results/" "$(offered 'pitot compare -p r')"
    expect "fish: an argument of several words" "speeds" "$(offered 'pitot plot spe')"
    expect "fish: verbs behind help" "presets" "$(offered 'pitot help pres')"
    expect "fish: another spelling of a verb" "--false-discovery" "$(offered 'pitot compare_runs --false')"
else
    echo "fish is not installed: not tested"
fi

echo "$checks checks, $failures failures"
((failures == 0))
