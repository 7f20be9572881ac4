#!/usr/bin/env python3
"""Checks that the commands of the documents are right.

    PITOT=build/test/pitot scripts/check-docs.py [--build FOLDER] [ROOT]

Commands stand in blocks ```sh, and what is done about them stands in the line before:

    <!-- test -->                    tests/cli/readme.sh runs them; "<!-- test needs PROGRAM -->" where there is PROGRAM
    <!-- run by TEST -->             a test of that name does (--build: the build folder that has the tests)
    <!-- not run: REASON -->         nothing can, for that reason

A block without one of these is an error, and so are commands elsewhere: in indented text or in other blocks. Of all
`pitot` commands, within sentences too, verbs and options have to be in the program's help. A document with blocks to
test has to be one that tests/cli/CMakeLists.txt names.
"""
import argparse
import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys

MARK = re.compile(r"<!-- (test(?: needs (?P<program>\S+)| python)?|run by (?P<test>\S+)|not run: (?P<reason>.+)) -->")
# What a line of a document begins with that is a command.
COMMAND = re.compile(r"^(\$ )?((pitot|make|cmake|ctest|apt-get|bash|python3|pip|cd)\b|data=\$|trial=|scripts/|examples/\S+\.py|[A-Z_]+=\S+ \S|\./)", re.M)


def options_in(text):
    """Options that lines of a help begin with."""
    found = set()
    for line in text.splitlines():
        if re.match(r"  -", line):
            found.update(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", re.split(r"\s{3,}", line.strip())[0]))
    return {name.replace("_", "-") for name in found}


class Program:
    def __init__(self, path):
        self.path = path
        overview = self.help()
        self.verbs = set(re.findall(r"^  ([a-z][\w-]*)  ", overview.split("\nOptions:")[0], re.M))
        self.common = options_in(overview)

    def help(self, *verb):
        return subprocess.run([self.path, *verb, "--help"], check=True, capture_output=True, text=True).stdout

    @functools.lru_cache(None)
    def options(self, verb):
        return options_in(self.help(verb)) | self.common

    def faults(self, command):
        """What is wrong with one command, words after `pitot`."""
        verb, *rest = command or [""]
        if re.fullmatch(r"VERB|KIND|…|-h|--help|--version|help|", verb):
            return []
        known = {name.replace("_", "-"): name for name in self.verbs}
        if verb.replace("_", "-") not in known:
            return [f"there is no verb '{verb}'"]
        found = []
        for word in rest:
            if word == "--":
                break
            name = word.split("=")[0].rstrip("…,.")
            if re.fullmatch(r"--?[A-Za-z][\w-]*", name) and name.replace("_", "-") not in self.options(known[verb.replace("_", "-")]):
                found.append(f"'pitot {verb}' has no option '{name}'")
        return found


def pitot_commands(text):
    """The words of each `pitot` command in shell text, without the first."""
    text = re.sub(r"\\\n\s*", " ", text)
    for line in text.splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError:  # a quotation that goes on
            words = line.split("#")[0].split()
        command = None
        for word in words:
            if re.fullmatch(r"[();<>|&]+", word):
                if command is not None:
                    yield command
                command = None
            elif command is not None:
                command.append(word)
            elif word == "pitot" or word.endswith("/pitot"):
                command = []
        if command is not None:
            yield command


def blocks(lines):
    """(line number, mark, kind of fence or None for indented text, content) of every block."""
    at = 0
    while at < len(lines):
        line = lines[at]
        before = lines[at - 1].strip() if at else ""
        fence = re.match(r"(\s*)```(\S*)", line)
        if fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"), len(lines))
            yield at + 1, before, fence.group(2), "\n".join(lines[at + 1 : end])
            at = end + 1
        elif line.startswith("    ") and not before:
            end = next((i for i in range(at, len(lines)) if lines[i].strip() and not lines[i].startswith("    ")), len(lines))
            yield at + 1, before, None, "\n".join(text[4:] for text in lines[at:end])
            at = end
        else:
            at += 1


def check(path, name, program, tests, tested):
    faults = []
    text = path.read_text()
    lines = re.sub(r"<!--(?! (?:test|run by|not run))[\s\S]*?-->", lambda match: re.sub(r".", "", match.group(0)), text).split("\n")
    counts = {"test": 0, "run by": 0, "not run": 0}
    prose = list(lines)
    for line, before, kind, content in blocks(lines):
        prose[line - 1 : line + content.count("\n") + 2] = [""] * len(prose[line - 1 : line + content.count("\n") + 2])
        where = f"{name}:{line}"
        mark = MARK.fullmatch(before)
        if kind == "sh":
            if not mark:
                faults.append(f"{where}: nothing says whether these commands are run; write <!-- test -->, <!-- run by TEST --> "
                              "or <!-- not run: REASON --> before them")
                continue
            counts["run by" if mark["test"] else "not run" if mark["reason"] else "test"] += 1
            if mark["test"] and tests is not None and mark["test"] not in tests:
                faults.append(f"{where}: there is no test '{mark['test']}'")
            if mark.group(1).startswith("test") and name not in tested:
                faults.append(f"{where}: no test runs this document; name it in tests/cli/CMakeLists.txt")
            faults += [f"{where}: {fault}" for words in pitot_commands(content) for fault in program.faults(words)]
        elif kind in (None, "", "text", "bash", "shell", "console") and COMMAND.search(content):
            faults.append(f"{where}: commands belong into a block ```sh: "
                          + next(text for text in content.splitlines() if COMMAND.match(text)))
        elif mark and not (kind == "python" and mark.group(1) == "test python"):
            faults.append(f"{where}: '{before}' stands before what is no block ```sh")
    for paragraph in re.split(r"\n\s*\n", "\n".join(prose)):
        for code in re.findall(r"`([^`]+)`", paragraph):
            code = " ".join(code.split())
            if re.match(r"pitot( |$)", code):
                faults += [f"{name}: in `{code}`: {fault}" for words in pitot_commands(code) for fault in program.faults(words)]
    return faults, counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    root = pathlib.Path(arguments.root)
    program = Program(os.environ.get("PITOT", "pitot"))
    tests = None
    if arguments.build:
        listed = subprocess.run(["ctest", "--test-dir", arguments.build, "-N"], capture_output=True, text=True).stdout
        tests = set(re.findall(r"Test +#\d+: (\S+)", listed))
    tested = set(re.findall(r"(?<![\w/}])[\w/]+\.md", (root / "tests/cli/CMakeLists.txt").read_text()))
    # Text for developers of a version that is past is not held to the options of this one.
    documents = [path for pattern in ("*.md", "docs/**/*.md", "*/README.md") for path in sorted(root.glob(pattern))
                 if path.name != "CHANGELOG.md"]
    faults, total = [], {}
    for path in documents:
        found, counts = check(path, str(path.relative_to(root)), program, tests, tested)
        faults += found
        total = {kind: total.get(kind, 0) + count for kind, count in counts.items()}
    print("\n".join(faults + [f"{len(documents)} documents: {total['test']} blocks of commands tested here, {total['run by']} by other "
                              f"tests, {total['not run']} not run; {len(faults)} faults"]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
