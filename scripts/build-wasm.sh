#!/usr/bin/env bash
# Builds the benchmark programs to WASI modules: build/wasm/CATEGORY/NAME-SIZE.wasm. Rebuilds what changed.
#
#   scripts/build-wasm.sh [--native] [--werror] [--list] [--size NAME] [--output DIR] [--jobs N] [CATEGORY/NAME …]
#
#   --native       build programs of this machine with gcc instead, into build/native/CATEGORY/NAME-SIZE
#   --werror       warnings are errors
#   --list         print what would be built, a line each, and build nothing
#   --size NAME    only this size: small, medium or large
#   --output DIR   instead of build/wasm or build/native
#   --jobs N       commands at once; one a processor by default
# Exit status: 0 built, 1 a program does not compile, 2 wrong arguments or table, 4 something is not installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

table=benchmarks/programs.txt
native=false list=false werror="" only_size="" output="" jobs=$(nproc)
wanted=()
die() { echo "build-wasm: $2" >&2 && exit "$1"; }
while (($# > 0)); do
    case "$1" in
        --native) native=true ;;
        --werror) werror=-Werror ;;
        --list) list=true ;;
        --size | --output | --jobs)
            (($# > 1)) || die 2 "$1 needs a value"
            case "$1" in
                --size) only_size=$2 ;;
                --output) output=$2 ;;
                --jobs) jobs=$2 ;;
            esac
            shift
            ;;
        -*) die 2 "unknown argument '$1'; the head of scripts/build-wasm.sh lists them" ;;
        *) wanted+=("$1") ;;
    esac
    shift
done
[[ $only_size =~ ^(small|medium|large|)$ ]] || die 2 "no size '$only_size'; use small, medium or large"

clang_version=14
resources=/usr/lib/llvm-$clang_version/lib/clang
linker=/usr/lib/llvm-$clang_version/bin/wasm-ld  # lld-14 puts no plain wasm-ld into the path, where clang looks
flags="-O2 -Wall -Wextra $werror -ffp-contract=off -fno-math-errno -Ibenchmarks"
if $native; then
    output=${output:-build/native} suffix=""
    c="gcc -std=c11 $flags" cpp="g++ -std=c++20 -fno-exceptions -fno-rtti $flags"
    link="-lm"
    needed=(gcc g++ ninja)
else
    output=${output:-build/wasm} suffix=".wasm"
    c="clang-$clang_version --target=wasm32-wasi -std=c11 $flags"
    cpp="clang++-$clang_version --target=wasm32-wasi -std=c++20 -fno-exceptions -fno-rtti $flags"
    # Recursive programs need more than the linker's 64 KiB of stack; no program may use more than 64 MiB in all.
    link="-fuse-ld=$linker -Wl,-z,stack-size=1048576 -Wl,--max-memory=67108864 -Wl,--strip-debug"
    needed=("clang-$clang_version" ninja)
fi

check_installed() {
    local command missing=()
    for command in "${needed[@]}"; do
        command -v "$command" >/dev/null || missing+=("$command")
    done
    if ! $native; then
        [[ -x $linker ]] || missing+=("lld-$clang_version")
        [[ -f /usr/include/wasm32-wasi/stdio.h ]] || missing+=("wasi-libc")
        compgen -G "$resources/*/lib/wasi/libclang_rt.builtins-wasm32.a" >/dev/null ||
            missing+=("libclang-rt-$clang_version-dev-wasm32")
        [[ -f /usr/lib/wasm32-wasi/libc++.a ]] || missing+=("libc++-$clang_version-dev-wasm32")
    fi
    [[ ${#missing[@]} -eq 0 ]] || die 4 "not installed: ${missing[*]}; run scripts/install-deps.sh --wasm"
}

is_wanted() { # PROGRAM
    local program
    [[ ${#wanted[@]} -gt 0 ]] || return 0
    for program in "${wanted[@]}"; do
        [[ $program != "$1" ]] || return 0
    done
    return 1
}

# Fills `targets` and `rules` (text of ninja) from the table.
targets=() rules=""
add_program() { # PROGRAM SMALL MEDIUM LARGE [FLAG …]
    local program=$1 source rule size value target extra names=(small medium large) values=("$2" "$3" "$4")
    for source in "benchmarks/$program.c" "benchmarks/$program.cpp" ""; do
        [[ -n $source ]] || die 2 "$table: there is no benchmarks/$program.c or .cpp; correct the line of '$program'"
        [[ ! -f $source ]] || break
    done
    rule=c
    [[ $source == *.c ]] || rule=cpp
    extra=${*:5}
    ! $native || extra=""
    for i in 0 1 2; do
        size=${names[i]} value=${values[i]}
        [[ $value != - ]] || continue
        [[ $value =~ ^[0-9]+$ ]] || die 2 "$table: size '$value' of '$program' is not a number; correct the line"
        [[ -z $only_size || $only_size == "$size" ]] || continue
        target=$output/$program-$size$suffix
        targets+=("$target")
        rules+="build $target: $rule $source"$'\n'"  extra = -DSIZE=$value $extra"$'\n'
    done
}

seen=""
while read -r program small medium large extra; do
    [[ -n $program && $program != "#"* ]] || continue
    [[ -n $large ]] || die 2 "$table: '$program' needs three sizes; write - for one it has not"
    is_wanted "$program" || continue
    seen+=" $program "
    # shellcheck disable=SC2086
    add_program "$program" "$small" "$medium" "$large" $extra
done <"$table"
for program in ${wanted[@]+"${wanted[@]}"}; do
    [[ $seen == *" $program "* ]] || die 2 "no program '$program' in $table"
done

if $list; then
    printf '%s\n' "${targets[@]}"
    exit 0
fi
check_installed
mkdir -p "$output"
rules_file=$output/build.ninja
{
    echo "builddir = $output"
    for language in c cpp; do
        echo "rule $language"
        echo "  command = ${!language} \$extra -MMD -MF \$out.d \$in -o \$out $link"
        echo "  depfile = \$out.d"
        echo "  deps = gcc"
        echo "  description = \$out"
    done
    printf '%s' "$rules"
} >"$rules_file"
ninja -f "$rules_file" -j "$jobs" --quiet || die 1 "a program does not compile (above)"
$native || echo "build-wasm: ${#targets[@]} modules in $output"
