#!/usr/bin/env python3
"""Types a command line and the tabulator key into a shell on a terminal of its own, and prints the words it became.

    tests/cli/complete_in.py bash SCRIPT 'pitot fit --pres'

The line is then printed by the shell itself, a word in angle brackets each: a key of the line editor puts a command in
front of it. Only what completes to one word can be seen so. SCRIPT is what 'pitot completion' wrote.
"""

import os
import pty
import re
import select
import sys
import time

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='> '; bind 'set enable-bracketed-paste off'; source {script}\n"),
    "zsh": (["zsh", "-f", "-i"], "PS1='> '; unsetopt zle_bracketed_paste beep; autoload -Uz compinit; compinit -u -D; bindkey -e; source {script}\n"),
}
SECONDS = 30.0


def read_until(terminal: int, wanted: str, text: str = "") -> str:
    end = time.monotonic() + SECONDS
    while wanted not in text:
        if time.monotonic() > end or not select.select([terminal], [], [], end - time.monotonic())[0]:
            sys.exit(f"complete_in: no '{wanted}' within {SECONDS:.0f} s; the terminal has:\n{text}")
        text += os.read(terminal, 65536).decode(errors="replace")
    return text


def main() -> None:
    shell, script, line = sys.argv[1:]
    command, setup = START[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="dumb", COLUMNS="200", HISTFILE="/dev/null")
        os.execvp(command[0], command)
    os.write(terminal, (setup.format(script=script) + "echo read''y\n").encode())
    read_until(terminal, "ready\r\n")
    os.write(terminal, line.encode() + b"\t")
    time.sleep(0.5)  # what a shell reads in one go it takes for pasted
    os.write(terminal, b"\x01printf '<%s>' \x05; echo en''d\n")
    shown = read_until(terminal, "end\r\n")
    words = re.findall(r"((?:<[^<>]*>)+)end\r\n", shown)
    print(words[-1] if words else shown)
    os.write(terminal, b"exit\n")
    os.close(terminal)


main()
