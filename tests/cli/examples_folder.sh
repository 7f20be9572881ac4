# What tests of examples begin with: sourced by them. $root is the repository; $folder is removed at the end, and its folder
# `work` has copies of examples/ and data/. `pitot` is the program that PITOT names.
pitot=$(realpath "${PITOT:?set PITOT to the program}")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work" "$folder/home"
ln -s "$pitot" "$folder/bin/pitot"
cp -r "$root/examples" "$root/data" "$folder/work"
export PATH="$folder/bin:$PATH" HOME="$folder/home" XDG_CACHE_HOME="$folder/home/.cache" TMPDIR="$folder"
export LC_ALL=C.UTF-8 TERM=dumb PITOT_PROGRESS_SECONDS=0
unset PITOT
