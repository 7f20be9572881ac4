#!/usr/bin/python3
"""Builds the wheel of the Python package: by `make wheel`, or by pip, as the build backend that pyproject.toml names.

    python3 python/packaging/wheel_backend.py --library PATH/libpitot.so.0 [--out FOLDER]

The shared library goes into the wheel with all that it needs and a system need not have, as auditwheel would do it:
copies under names of their own, which find one another beside themselves. pip takes the library that the environment
variable PITOT_LIBRARY names, or else makes a wheel without one, which uses the system's. No network, and nothing but
the standard library, patchelf and readelf.
"""
import argparse
import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent
NAME = "pitot"

# What every system has that the manylinux policies (PEP 600) speak of.
OF_THE_SYSTEM = {
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6",
    "libpthread.so.0", "libresolv.so.2", "librt.so.1", "libstdc++.so.6", "libutil.so.1",
}  # fmt: skip


def version():
    """The version in include/pitot/version.h, or in a file beside this package where it was taken out of the repository."""
    header = ROOT / "include" / "pitot" / "version.h"
    if not header.exists():
        return (HERE / "VERSION").read_text(encoding="utf-8").strip()
    text = header.read_text(encoding="utf-8")
    return ".".join(re.search(rf"#define PITOT_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def said(field):
    """A line of pyproject.toml's [project]."""
    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(rf'^{field} = "(.*)"$', text, re.MULTILINE)[1]


def metadata():
    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {version()}",
        f"Summary: {said('description')}",
        f"Requires-Python: {said('requires-python')}",
    ]
    lines += [
        f"Requires-Dist: {d}" for d in re.findall(r'"(.*?)"', re.search(r"^dependencies = \[(.*)\]", text, re.M)[1])
    ]
    extras = re.search(r"\[project.optional-dependencies\]\n(.*?)\n\n", text, re.DOTALL)[1]
    for extra, needed in re.findall(r'^(\w+) = \["(.*)"\]$', extras, re.MULTILINE):
        lines += [f"Provides-Extra: {extra}", f'Requires-Dist: {needed}; extra == "{extra}"']
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


# -- The shared library and what it needs


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def needed_by(file):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", str(file)))


def places_of(file):
    """Where the dynamic linker finds what a file needs, and what that needs."""
    found = re.findall(r"^\s*(\S+) => (\S+) ", output_of("ldd", str(file)), re.MULTILINE)
    return {name: Path(place) for name, place in found if place != "not"}


def symbol_versions(file):
    """The newest versions of symbols of the system that a file needs: {"GLIBC": (2, 36), …}."""
    newest = {}
    for name, number in re.findall(r"Name: (GLIBC|GLIBCXX|CXXABI)_([\d.]+)", output_of("readelf", "-V", str(file))):
        # Only what is needed: definitions of a library's own name its file.
        newest[name] = max(newest.get(name, (0,)), tuple(int(part) for part in number.split(".")))
    return newest


def private_name(name, file):
    """A name that no other copy of a library has: libzip-0123abcd.so.4."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    stem, dot, rest = name.partition(".so")
    return f"{stem}-{digest}{dot}{rest}"


def bundle(library, folder):
    """Copies a library and what it needs into a folder, each finding the others beside itself. Returns their files."""
    for tool in ("patchelf", "readelf", "ldd"):
        if shutil.which(tool) is None:
            sys.exit(f"wheel: {tool} is not installed; run scripts/install-deps.sh --python")
    folder.mkdir(parents=True)
    places = places_of(library)
    wanted, todo = {}, [Path(library)]
    while todo:
        for name in needed_by(todo.pop()):
            if name in OF_THE_SYSTEM or name in wanted:
                continue
            if name not in places:
                sys.exit(f"wheel: {name}, which {library} needs, was not found")
            wanted[name] = private_name(name, places[name])
            todo.append(places[name])
    copies = {"libpitot.so.0": Path(library), **{new: places[name] for name, new in wanted.items()}}
    for new, source in copies.items():
        target = folder / new
        shutil.copyfile(source.resolve(), target)
        target.chmod(0o755)
        if shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)
        # One change a call: patchelf 0.14 mixes several up.
        changes = [["--replace-needed", name, wanted[name]] for name in needed_by(target) if name in wanted]
        changes += [["--set-soname", new]] if new != "libpitot.so.0" else []
        for change in [*changes, ["--set-rpath", "$ORIGIN"]]:
            subprocess.run(["patchelf", *change, str(target)], check=True)
    add_licences(wanted, places, folder)
    return sorted(folder.glob("*.so*"))


def add_licences(wanted, places, folder):
    """What Debian says of the copyright of libraries that are copied."""
    if shutil.which("dpkg-query") is None:
        return
    for name in wanted:
        done = subprocess.run(
            ["dpkg-query", "-S", f"*/{places[name].resolve().name}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        package = done.stdout.split(":")[0]
        copyright_file = Path("/usr/share/doc") / package / "copyright"
        if package and copyright_file.exists():
            (folder / "licences").mkdir(exist_ok=True)
            shutil.copyfile(copyright_file, folder / "licences" / f"{package}.txt")


# -- The archive


def write_wheel(out, library):
    machine = platform.machine()
    tag = f"py3-none-linux_{machine}" if library else "py3-none-any"
    info = f"{NAME}-{version()}.dist-info"
    with tempfile.TemporaryDirectory() as scratch:
        members = {
            f"{NAME}/{file.name}": file.read_bytes() for file in sorted((HERE / NAME).glob("*.py*")) if file.is_file()
        }
        members[f"{NAME}/py.typed"] = b""
        needs = {}
        if library:
            folder = Path(scratch) / "_lib"
            for file in bundle(library, folder):
                for name, number in symbol_versions(file).items():
                    needs[name] = max(needs.get(name, (0,)), number)
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    members[f"{NAME}/_lib/{file.relative_to(folder)}"] = file.read_bytes()
        members[f"{info}/METADATA"] = metadata().encode("utf-8")
        wheel = [
            "Wheel-Version: 1.0",
            "Generator: pitot",
            f"Root-Is-Purelib: {str(not library).lower()}",
            f"Tag: {tag}",
            "",
        ]
        members[f"{info}/WHEEL"] = "\n".join(wheel).encode("utf-8")
    file = Path(out) / f"{NAME}-{version()}-{tag}.whl"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_archive(file, members, info)
    return file, needs


def write_archive(file, members, info):
    """A zip archive with RECORD, its members' digests, behind them; the same bytes for the same members."""
    lines = []
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
        lines.append(f"{name},sha256={digest},{len(data)}")
    record = f"{info}/RECORD"
    lines.append(f"{record},,")
    when = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")))[:6]
    part = file.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, record: ("\n".join(lines) + "\n").encode("utf-8")}.items():
            member = zipfile.ZipInfo(name, when)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o755 if ".so" in name else 0o644) << 16
            archive.writestr(member, data)
    part.replace(file)


# -- What pip calls (PEP 517)


def get_requires_for_build_wheel(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, os.environ.get("PITOT_LIBRARY"))[0].name


def build_sdist(sdist_directory, config_settings=None):
    name = f"{NAME}-{version()}"
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / name
        shutil.copytree(HERE, kept, ignore=shutil.ignore_patterns("__pycache__", "dist", "tests", "bench", "_lib"))
        (kept / "VERSION").write_text(version() + "\n", encoding="utf-8")
        (kept / "PKG-INFO").write_text(metadata(), encoding="utf-8")
        with tarfile.open(Path(sdist_directory) / f"{name}.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
            archive.add(kept, name)
    return f"{name}.tar.gz"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="libpitot.so.0; without it the wheel uses the system's")
    parser.add_argument("--out", type=Path, default=HERE / "dist")
    arguments = parser.parse_args()
    if arguments.library and not arguments.library.exists():
        sys.exit(f"wheel: {arguments.library} does not exist; build it first")
    file, needs = write_wheel(arguments.out, arguments.library)
    print(f"wrote {file} ({file.stat().st_size / 2**20:.1f} MiB)")
    if needs:
        words = [f"{name} {'.'.join(map(str, number))}" for name, number in sorted(needs.items())]
        print(f"it needs a system with {', '.join(words)} or later")


if __name__ == "__main__":
    main()
