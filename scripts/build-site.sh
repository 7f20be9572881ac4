#!/usr/bin/env bash
# Builds the documentation as a site: build/site/html/index.html.
#
#   [PITOT=PROGRAM] scripts/build-site.sh [--check | --external] [--output DIR]
#
#   --check     also follow every link between the pages
#   --external  and those to the web
#   --output    instead of build/site
#
# Documents are staged as they lie in the repository, so that their links hold, beside pages made here: commands from
# what the program says of itself, interfaces from the sources, pictures from models fitted to data/fleet.npz and
# examples/. Warnings are errors. What there is no source of (a package for Python, a notebook) has no page.
# Exit status: 0 built, 1 a page or a link is wrong, 2 wrong arguments, 4 something is not installed or not built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

output=build/site check=false external=false
die() { echo "build-site: $2" >&2 && exit "$1"; }
while (($# > 0)); do
    case "$1" in
        --check) check=true ;;
        --external) check=true external=true ;;
        --output)
            (($# > 1)) || die 2 "--output needs a folder"
            output=$2
            shift
            ;;
        *) die 2 "unknown argument '$1'; the head of scripts/build-site.sh lists them" ;;
    esac
    shift
done

# Debian's Python, for which its packages are, whatever else is in the path.
python=/usr/bin/python3
modules=(sphinx furo myst_parser)
[[ ! -d include/pitot ]] || modules+=(breathe)
[[ ! -f examples/quickstart.ipynb ]] || modules+=(nbsphinx)
[[ ! -d python/pitot ]] || modules+=(numpy)
missing=()
for module in "${modules[@]}"; do
    $python -c "import $module" 2>/dev/null || missing+=("$module")
done
programs=(doxygen)
$check && programs+=(linkchecker)
[[ ! -f examples/quickstart.ipynb ]] || programs+=(pandoc)
for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || missing+=("$program")
done
((${#missing[@]} == 0)) || die 4 "not installed: ${missing[*]}; run scripts/install-deps.sh --site"

pitot=${PITOT:-}
for built in build/release/pitot build/test/pitot build/dev/pitot; do
    [[ -n $pitot || ! -x $built ]] || pitot=$built
done
[[ -n $pitot ]] || die 4 "there is no program; build it ('make build'), or say where it is with PITOT"
pitot=$(realpath "$pitot")
"$pitot" --version >/dev/null || die 4 "$pitot does not run"

source=$output/source html=$output/html
rm -rf "$source" "$html" "$output/work" "$output/doctrees"
mkdir -p "$source/site/pictures" "$source/extra" "$output/work"

# -- What lies in the repository
stage() { cp -r --parents "$@" "$source"; }
stage README.md CHANGELOG.md CONTRIBUTING.md
find docs -maxdepth 1 -type f -print0 | xargs -0 cp --parents -t "$source"
stage examples data/README.md src/README.md benchmarks
# Sources that documents link to, to be downloaded.
find "$source" -name '*.md' -printf '%P\n' | while read -r document; do
    { grep -oE '\]\([^)#: ]+' "$document" || true; } | cut -c3- | while read -r target; do
        target=$(realpath -m --relative-to=. "$(dirname "$document")/$target")
        [[ ! -f $target || -e $source/$target ]] || stage "$target"
    done
done
cp docs/site/index.md docs/site/conf.py "$source"
cp -r docs/site/static "$source"
cp -r docs/site/pictures.md "$source/site"
reference=$source/site/reference
mkdir "$reference"

# -- Commands, as the program tells of them
{
    printf '# Commands\n\n`pitot VERB --help` says the same.\n'
    "$pitot" --help | awk '
        /^Options:$/ { exit }
        /^[A-Z][a-z ]+:$/ { sub(/:$/, ""); print "group " $0 }
        /^  [a-z]/ { print "verb " $1 }' | while read -r kind name; do
        if [[ $kind == group ]]; then
            printf '\n## %s\n' "$name"
        else
            printf '\n### pitot %s\n\n```text\n' "$name"
            COLUMNS=100 "$pitot" "$name" --help
            printf '```\n'
        fi
    done
} >"$reference/commands.md"

# -- Interfaces of C++ and C, by doxygen: a section a header, under the first line of its file
{
    printf 'PROJECT_NAME = Pitot\nINPUT = include/pitot\nFILE_PATTERNS = *.hpp *.h\nGENERATE_HTML = NO\nGENERATE_LATEX = NO\n'
    printf 'GENERATE_XML = YES\nXML_PROGRAMLISTING = NO\nOUTPUT_DIRECTORY = %s\nQUIET = YES\n' "$source"
    printf 'MACRO_EXPANSION = YES\nEXPAND_ONLY_PREDEF = YES\nPREDEFINED = PITOT_API= PITOT_C_API=\nSTRIP_FROM_INC_PATH = include\n'
    printf 'EXTRACT_ALL = YES\nWARN_IF_UNDOCUMENTED = NO\nAUTOLINK_SUPPORT = NO\n'
} >"$output/work/Doxyfile"
doxygen "$output/work/Doxyfile" >"$output/work/doxygen.log" 2>&1 || {
    cat "$output/work/doxygen.log" >&2
    die 1 "doxygen failed (above)"
}
$python docs/site/by_header.py "$source/xml"
{
    printf 'C++\n###\n\nA program that links ``pitot::pitot`` includes these headers and nothing else.\n'
    printf ':doc:`The first page </README>` has a program that fits a model and asks it.\n'
    find include/pitot -name '*.hpp' ! -name export.hpp | sort | xargs $python docs/site/by_header.py --sections
} >"$reference/cpp.rst"
if [[ -f include/pitot/c.h ]]; then
    {
        printf 'C\n#\n'
        $python docs/site/by_header.py --sections include/pitot/c.h
    } >"$reference/c.rst"
fi

# -- The package for Python, as it describes itself
if [[ -d python/pitot ]]; then
    mkdir "$source/python" && cp -r python/pitot "$source/python"
    cp docs/site/python.rst "$reference"
fi

# -- Pictures
work=$output/work
export PITOT_PROGRESS_SECONDS=0
{
    "$pitot" fit data/fleet.npz -o "$work/fleet.pitot" --quiet
    "$pitot" fit examples/fleet.csv -o "$work/example.pitot" --quiet
    "$pitot" report "$work/fleet.pitot" data/fleet.npz -o "$source/extra/fleet-report.html" --quiet
    "$pitot" report "$work/example.pitot" examples/fleet.csv examples/today.csv -o "$source/extra/example-report.html" --quiet
} >/dev/null
"$pitot" plot --help | awk '/^Kinds:$/ { inside = 1; next } inside && /^  / { print; next } inside { exit }' |
    while read -r kind words; do
        drawn=(fleet.pitot data/fleet.npz)
        [[ $kind != matrix ]] || drawn=(example.pitot examples/fleet.csv)
        "$pitot" plot "$kind" "$work/${drawn[0]}" "${drawn[1]}" -o "$source/site/pictures/$kind.svg" >"$work/words" 2>&1
        sentence=$(grep -v '^wrote ' "$work/words" | tr '\n' ' ')
        printf '\n## %s\n\n![%s](pictures/%s.svg)\n\n%s\n' "${words^}" "${words^}" "$kind" "$sentence"
    done >>"$source/site/pictures.md"

# -- Pages
# What has no page here is in no list of pages, and not among the links.
while read -r page; do
    [[ -e $source/$page ]] || sed -i -E "s#, \\[[^]]*\\]\\($page\\)##" "$source/index.md"
done < <(grep -oE '\]\([^)]+\)' "$source/index.md" | tr -d '])(')
while read -r line; do
    page=${line##*<}
    compgen -G "$source/${page%>}.*" >/dev/null || sed -i "\\,^$line\$,d" "$source/index.md"
done < <(awk '/^```\{toctree\}/ { inside = 1; next } /^```/ { inside = 0 } inside && !/^:/' "$source/index.md")
PITOT_SITE_VERSION=$("$pitot" --version | awk '{print $2}') $python -m sphinx -q -W -n --keep-going -j auto \
    -d "$output/doctrees" "$source" "$html" || die 1 "a page is wrong (above)"
# Debian's theme takes a style sheet from the root of a Debian web server, and has a script in two modules that browsers
# take for one that is none: both are put together here.
styles=$html/_static/styles/furo.css scripts=$html/_static/scripts
if grep -q '^@import url(/javascript/' "$styles"; then
    sed -i '/^@import url(\/javascript\//d' "$styles"
    cat /usr/share/javascript/normalize.css/normalize.css "$styles" >"$work/furo.css"
    mv "$work/furo.css" "$styles"
fi
if grep -q '^import Gumshoe' "$scripts/furo.js"; then
    { cat "$scripts/gumshoe-patched.js" && grep -v '^import Gumshoe' "$scripts/furo.js"; } >"$work/furo.js"
    mv "$work/furo.js" "$scripts/furo.js"
fi
# A notebook's page would fetch MathJax, which it does not need; and no page may fetch anything.
find "$html" -name '*.html' -exec sed -i '/cdn\.jsdelivr\.net\/npm\/mathjax/d; /window\.MathJax =/d' {} +
if grep -rnoE '(<(script|img|iframe)[^>]+src|<link[^>]+href)="?(https?:)?//[^" >]+' "$html" --include='*.html'; then
    die 1 "pages fetch something from elsewhere (above)"
fi

# -- Links
if $check; then
    options=(--no-robots --no-status --no-warnings --ignore-url '^(mailto|javascript):')
    if $external; then
        options+=(--check-extern)
    fi
    # As root it gives its rights up first, and may not read the folder of a repository then.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cp -r "$html" "$copy/html" && chmod -R a+rX "$copy"
    linkchecker "${options[@]}" "$copy/html/index.html" >"$work/links" 2>&1 || {
        cat "$work/links" >&2
        die 1 "links lead nowhere (above)"
    }
    grep -m 1 'links in' "$work/links" || true
fi
echo "build-site: $(find "$html" -name '*.html' | wc -l) pages, the first is $html/index.html"
