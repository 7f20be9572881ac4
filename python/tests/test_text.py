"""What is written: examples in docstrings, types, the length of files."""

import doctest
import importlib
import os
import pkgutil
import subprocess
import sys
import unittest

from support import ROOT, optional, pitot


def modules():
    for info in pkgutil.iter_modules(pitot.__path__, "pitot."):
        try:
            yield importlib.import_module(info.name)
        except ImportError:
            continue  # of something that is not installed
    yield pitot


class DocTest(unittest.TestCase):
    def test_examples_in_docstrings(self):
        before = os.getcwd()
        os.chdir(ROOT)
        try:
            for module in modules():
                names = {"pitot": pitot}
                result = doctest.testmod(module, extraglobs=names, optionflags=doctest.NORMALIZE_WHITESPACE)
                with self.subTest(module.__name__):
                    self.assertEqual(result.failed, 0)
        finally:
            os.chdir(before)

    def test_examples_of_the_documentation(self):
        before = os.getcwd()
        os.chdir(ROOT)
        try:
            file = str(ROOT / "docs" / "python.md")
            result = doctest.testfile(
                file, module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
            )
            self.assertEqual(result.failed, 0)
            self.assertGreater(result.attempted, 10)
        finally:
            os.chdir(before)

    def test_whatever_is_public_has_a_docstring(self):
        for name in pitot.__all__:
            thing = getattr(pitot, name)
            if callable(thing):
                self.assertTrue(thing.__doc__, name)
                for member, value in vars(thing).items() if isinstance(thing, type) else ():
                    if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                        self.assertTrue(getattr(value, "__doc__", None), f"{name}.{member}")


class TypeTest(unittest.TestCase):
    def test_mypy_strict(self):
        optional("mypy")
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull],
            cwd=ROOT / "python",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
