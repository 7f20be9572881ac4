"""Pages that go through an interface header by header.

    by_header.py XML_FOLDER           puts what doxygen describes below a namespace below the header that declares it
    by_header.py --sections HEADER…   writes a section a header: the comment that it begins with, and what it declares
"""
import copy
import pathlib
import re
import sys
import xml.etree.ElementTree as tree


SECTIONS = ("briefdescription detaileddescription innerclass define enum typedef func var public-type public-func "
            "public-attrib public-static-func public-static-attrib")


def as_rst(text):
    """A comment, whose code stands in backticks, as reStructuredText."""
    parts = re.split(r"`([^`]*)`", text)
    return "".join(f"``{part}``" if i % 2 else re.sub(r"([*_|\\\\])", r"\\\1", part) for i, part in enumerate(parts))


def section(header):
    comment = []
    for line in header.read_text().splitlines():
        if not line.startswith("//"):
            break
        comment.append(line[2:].strip())
    name = "/".join(header.parts[-2:])
    return (f"\n{name}\n{'=' * len(name)}\n\n{as_rst(chr(10).join(comment))}\n\n"
            f".. doxygenfile:: {header.name}\n   :project: pitot\n   :sections: {SECTIONS}\n")


def sort(folder):
    namespaces = [tree.parse(file).getroot().find("compounddef") for file in sorted(folder.glob("namespace*.xml"))]
    for file in sorted(folder.glob("*_8h*.xml")):
        document = tree.parse(file)
        header = document.getroot().find("compounddef")
        path = header.find("location").get("file")
        for inner in header.findall("innernamespace"):
            header.remove(inner)
        structs = {inner.text for inner in header.findall("innerclass")}
        for section in header.findall("sectiondef"):
            for member in section.findall("memberdef"):
                if member.get("kind") == "typedef" and member.findtext("name") in structs:
                    section.remove(member)  # "typedef struct X {…} X" declares one thing
            if not section.findall("memberdef"):
                header.remove(section)
        for namespace in namespaces:
            for section in namespace.findall("sectiondef"):
                own = tree.Element("sectiondef", section.attrib)
                for member in section.findall("memberdef"):
                    if member.find("location").get("file") == path:
                        member = copy.deepcopy(member)
                        name = member.find("name")
                        if member.get("kind") != "enum" or name.text:  # not the numbers of an enumeration without a name
                            name.text = f"{namespace.findtext('compoundname')}::{name.text}"
                        own.append(member)
                if len(own):
                    header.insert(list(header).index(header.find("location")), own)
        document.write(file, encoding="UTF-8", xml_declaration=True)


if __name__ == "__main__":
    if sys.argv[1] == "--sections":
        print("".join(section(pathlib.Path(name)) for name in sys.argv[2:]), end="")
    else:
        sort(pathlib.Path(sys.argv[1]))
