"""The declarations for ctypes against the header: as a C compiler understands it, and as it reads."""

import ctypes
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import ROOT

from pitot import _functions, _structs

HEADER = ROOT / "include" / "pitot" / "c.h"
NAMES = {"pitot_" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): kind for name, kind in vars(_structs).items()
         if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and kind is not ctypes.Structure}  # fmt: skip


def header_text():
    text = HEADER.read_text(encoding="utf-8")
    text = re.sub(r"//.*", "", text)
    return re.sub(r"^#.*", "", text, flags=re.MULTILINE)


def structs():
    """Fields of every struct, in order."""
    found = {}
    for body, name in re.findall(r"typedef struct pitot_\w+ \{(.*?)\} (pitot_\w+);", header_text(), re.DOTALL):
        found[name] = re.findall(r"(\w+);", body)
    return found


def functions():
    """Parameters of every function."""
    found = {}
    for name, inside in re.findall(r"PITOT_C_API[^;]*?(pitot_\w+)\(([^;]*?)\);", header_text(), re.DOTALL):
        inside = " ".join(inside.split())
        found[name] = [] if inside == "void" else inside.split(", ")
    return found


class HeaderTest(unittest.TestCase):
    def test_structs_have_the_same_fields_in_the_same_order(self):
        self.assertEqual({name: [field for field, _ in kind._fields_] for name, kind in NAMES.items()}, structs())

    def test_structs_lie_in_memory_as_a_c_compiler_lays_them(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.skipTest("there is no C compiler")
        lines = []
        expected = []
        for name, kind in NAMES.items():
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            expected.append(f"{name} {ctypes.sizeof(kind)}")
            for field, _ in kind._fields_:
                place = getattr(kind, field)
                lines.append(
                    f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name}*)0)->{field}));'
                )
                expected.append(f"{name}.{field} {place.offset} {place.size}")
        self.assertEqual(self.run_c(compiler, lines), expected)

    def test_enumerations_have_the_same_numbers(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.skipTest("there is no C compiler")
        constants = re.findall(r"\b(PITOT_[A-Z_]+) = \d+", header_text())
        self.assertGreater(len(constants), 20)
        printed = self.run_c(compiler, [f'printf("%d\\n", (int){name});' for name in constants])
        ours = [getattr(_structs, re.sub("^PITOT_(ERROR_)?", "", name)) for name in constants]
        self.assertEqual([int(number) for number in printed], ours)

    def test_functions_take_as_many_arguments_of_the_same_kinds(self):
        declared = functions()
        self.assertEqual(set(declared), set(_functions.PROTOTYPES))
        for name, parameters in declared.items():
            with self.subTest(name):
                arguments = _functions.PROTOTYPES[name][1]
                self.assertEqual(len(arguments), len(parameters), parameters)
                for parameter, argument in zip(parameters, arguments):
                    self.assertEqual(self.kind_of(parameter), argument, parameter)

    def kind_of(self, parameter):
        words = parameter.replace("const ", "")
        kind = words.rsplit(" ", 1)[0]
        plain = {
            "double": ctypes.c_double,
            "int32_t": ctypes.c_int32,
            "int64_t": ctypes.c_int64,
            "uint8_t": ctypes.c_uint8,
        }
        if kind in plain:
            return plain[kind]
        if kind == "char*":
            return ctypes.c_char_p
        if kind == "void*":
            return ctypes.c_void_p
        if kind == "double**":
            return ctypes.POINTER(ctypes.POINTER(ctypes.c_double))
        if kind.endswith("**"):
            return ctypes.POINTER(ctypes.c_void_p)
        pointee = kind[:-1]
        if pointee in plain:
            return ctypes.POINTER(plain[pointee])
        return ctypes.POINTER(NAMES[pointee]) if pointee in NAMES else ctypes.c_void_p

    def run_c(self, compiler, statements):
        source = "\n".join(
            ["#include <stdio.h>", f'#include "{HEADER}"', "int main(void) {", *statements, "return 0; }"]
        )
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "layout.c"
            file.write_text(source, encoding="utf-8")
            program = Path(folder) / "layout"
            subprocess.run([compiler, "-I", str(ROOT / "include"), "-o", str(program), str(file)], check=True)
            return subprocess.run([str(program)], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()


if __name__ == "__main__":
    unittest.main()
