#!/usr/bin/env python3
"""Draws docs/rooms.svg: the rooms of src/rooms.txt and which includes headers of which.

    scripts/draw-rooms.py           writes the picture
    scripts/draw-rooms.py --check   fails if the picture is not the one of today's sources
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/rooms.svg"
CELL, LEFT, TOP = 26, 470, 34
STYLE = """
text { font: 14px sans-serif; fill: #222 }
.room { font-weight: bold }
.what { fill: #666 }
.own { fill: #d8d8d8 }
.uses { fill: #2b6cb0 }
.grid { stroke: #ccc }
.paper { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .what { fill: #999 } .paper { fill: #1b1b1b } .grid { stroke: #444 } .own { fill: #444 }
}
"""


def read_rooms():
    lines = (ROOT / "src/rooms.txt").read_text().splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def find_includes(rooms):
    """{(room, room whose headers it includes)}."""
    names = [name for name, _ in rooms]
    uses = set()
    for room in names:
        for file in sorted((ROOT / "src" / room).rglob("*.*")):
            if file.suffix not in {".cpp", ".hpp", ".cu", ".cuh"}:
                continue
            used = set(re.findall(r'#include "([a-z]+)/', file.read_text()))
            uses.update((room, other) for other in used.intersection(names) - {room})
    return uses


def draw(rooms, uses):
    size = len(rooms) * CELL
    width, height = LEFT + size + 10, TOP + size + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
           'aria-label="Which room includes headers of which">',
           f"<style>{STYLE}</style>",
           f'<rect class="paper" width="{width}" height="{height}"/>',
           f'<text class="what" x="14" y="20">room</text>',
           f'<text class="what" x="{LEFT}" y="20">includes headers of the rooms above it that are marked</text>']
    for i, (name, what) in enumerate(rooms):
        y = TOP + i * CELL
        out.append(f'<line class="grid" x1="10" x2="{LEFT + size}" y1="{y}" y2="{y}"/>')
        out.append(f'<text class="room" x="14" y="{y + 18}">{name}</text>')
        out.append(f'<text class="what" x="110" y="{y + 18}">{what.replace("&", "&amp;").replace("<", "&lt;")}</text>')
        out.append(f'<rect class="own" x="{LEFT + i * CELL + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}"/>')
        for j, (other, _) in enumerate(rooms):
            if (name, other) in uses:
                out.append(f'<circle class="uses" cx="{LEFT + (j + 0.5) * CELL}" cy="{y + CELL / 2}" r="7"/>')
    out.append(f'<line class="grid" x1="10" x2="{LEFT + size}" y1="{TOP + size}" y2="{TOP + size}"/>')
    out.append(f'<text class="what" x="14" y="{TOP + size + 24}">A row is a room, a column the room of the same place '
               "(grey). Nothing stands right of the grey squares: there are no cycles.</text>")
    out.append("</svg>\n")
    return "\n".join(out)


def main():
    rooms = read_rooms()
    picture = draw(rooms, find_includes(rooms))
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != picture:
            sys.exit("docs/rooms.svg is not of today's sources; draw it with scripts/draw-rooms.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PICTURE.write_text(picture)


if __name__ == "__main__":
    main()
