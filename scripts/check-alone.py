#!/usr/bin/env python3
"""Compiles every source of the project by itself, without code, to see that each includes what it uses.

    scripts/check-alone.py BUILD_FOLDER [JOBS]

The builds that tests are run in compile many sources as one, where what an earlier one includes serves the next.
BUILD_FOLDER is one whose preset does not (`debug`, `dev`); it need only have been configured.
Exit status: 0 all compile, 1 those named do not.
"""

import concurrent.futures
import json
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def compiled(entry):
    """The source's name, and what the compiler says of it."""
    words = shlex.split(entry["command"])
    if pathlib.Path(words[0]).name == "ccache":
        words = words[1:]
    at = words.index("-o")
    del words[at : at + 2]
    done = subprocess.run(
        [*words, "-fsyntax-only"], cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return entry["file"], done.stdout if done.returncode else ""


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    entries = json.loads((folder / "compile_commands.json").read_text())
    # What a build writes may not have been written, and none of it is ours.
    entries = [entry for entry in entries if folder not in pathlib.Path(entry["file"]).parents]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2]) if len(sys.argv) == 3 else 2) as pool:
        for file, said in pool.map(compiled, entries):
            if said:
                failed += 1
                print(f"{pathlib.Path(file).relative_to(ROOT)} does not compile by itself:\n{said}")
    print(f"{len(entries) - failed} of {len(entries)} sources compile by themselves")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
