"""Long work: progress, Ctrl-C, cancelling; and what is not the package's to print."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from contextlib import redirect_stderr
from unittest import mock

from support import EXAMPLES, ROOT, fleet, optional, pitot

from pitot import _run

LONG = {"preset": "linear/128", "train.steps": 10_000_000}


class ProgressTest(unittest.TestCase):
    def test_a_function_is_told_in_the_calling_thread(self):
        told = []

        def progress(done, total):
            told.append((done, total, threading.current_thread()))

        pitot.fit(fleet(), {"preset": "linear/128", "train.steps": 4000}, progress=progress)
        self.assertGreater(len(told), 0)
        self.assertEqual(told[-1][0], told[-1][1])
        self.assertEqual({thread for _, _, thread in told}, {threading.current_thread()})
        self.assertEqual([done for done, _, _ in told], sorted(done for done, _, _ in told))

    def test_a_function_that_returns_false_stops_the_fit(self):
        began = time.monotonic()
        with self.assertRaises(pitot.CancelledError) as caught:
            pitot.fit(fleet(), LONG, progress=lambda done, total: False)
        self.assertIsInstance(caught.exception, KeyboardInterrupt)
        self.assertLess(time.monotonic() - began, 30)

    def test_an_error_in_the_function_comes_through(self):
        with self.assertRaisesRegex(ZeroDivisionError, "division"):
            pitot.fit(fleet(), LONG, progress=lambda done, total: 1 // 0)

    def test_bars(self):
        optional("tqdm")
        for kind in (_run._TqdmBar, _run._PlainBar):
            with self.subTest(kind), mock.patch.object(_run, "_new_bar", kind), mock.patch.object(_run, "_DELAY", 0):
                shown = io.StringIO()
                with redirect_stderr(shown):
                    pitot.fit(fleet(), {"preset": "linear/128", "train.steps": 4000}, progress=True)
                self.assertIn("fitting", shown.getvalue())

    def test_nothing_is_printed_where_nobody_looks(self):
        done = subprocess.run(
            [sys.executable, "-c", f"import pitot; pitot.fit({str(EXAMPLES / 'fleet.csv')!r})"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        self.assertEqual(done.stdout, b"")

    def test_something_else_is_no_progress(self):
        with self.assertRaisesRegex(pitot.UsageError, "progress is 3"):
            pitot.fit(fleet(), progress=3)


class InterruptTest(unittest.TestCase):
    def test_ctrl_c_ends_a_fit_and_the_program_goes_on(self):
        program = textwrap.dedent(
            f"""
            import sys, time, pitot
            def progress(done, total):
                print("going", flush=True)
            try:
                pitot.fit({str(EXAMPLES / 'fleet.csv')!r}, {LONG!r}, progress=progress)
            except KeyboardInterrupt as error:
                print(type(error).__name__)
            model = pitot.fit({str(EXAMPLES / 'fleet.csv')!r}, "baseline/linear_scaling")
            print(len(model.platforms))
            """
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.assertEqual(process.stdout.readline(), "going\n")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
        lines = [line for line in printed.splitlines() if line != "going"]
        self.assertEqual((lines, process.returncode), (["KeyboardInterrupt", "10"], 0))

    def test_other_threads_run_meanwhile(self):
        counted = []
        stop = threading.Event()

        def count():
            while not stop.wait(0.005):
                counted.append(1)

        thread = threading.Thread(target=count)
        thread.start()
        pitot.fit(fleet(), "kernel", progress=False)
        stop.set()
        thread.join()
        self.assertGreater(len(counted), 20)


class ErrorTest(unittest.TestCase):
    def test_kinds(self):
        self.assertTrue(issubclass(pitot.UsageError, ValueError))
        self.assertTrue(issubclass(pitot.MachineError, OSError))
        self.assertTrue(issubclass(pitot.CancelledError, KeyboardInterrupt))
        for kind in (pitot.UsageError, pitot.InputError, pitot.MachineError, pitot.CancelledError, pitot.BugError):
            self.assertTrue(issubclass(kind, pitot.Error))
        self.assertEqual(str(pitot.MachineError("no room")), "no room")


class LibraryTest(unittest.TestCase):
    def load(self, library, code="import pitot"):
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "PITOT_LIBRARY": library},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def test_a_library_that_is_missing_is_an_import_error_with_a_remedy(self):
        done = self.load("/no/such/libpitot.so.0")
        self.assertIn("ImportError: pitot: the shared library of Pitot was not found.", done.stderr)
        self.assertIn("/no/such/libpitot.so.0", done.stderr)
        self.assertIn("PITOT_LIBRARY", done.stderr)

    def test_another_library_is_refused(self):
        self.assertIn("it has no interface for C", self.load("libc.so.6").stderr)

    def test_another_version_is_refused(self):
        code = "from pitot import _library; _library.VERSIONS = (200, 300); _library.load()"
        code = "import sys, types; sys.modules['pitot'] = m = types.ModuleType('pitot'); " \
               f"m.__path__ = [{str(ROOT / 'python' / 'pitot')!r}]; " + code  # fmt: skip
        done = self.load(os.environ["PITOT_LIBRARY"], code)
        self.assertIn("it is version 0.1.0, and this package needs one from 0.2.0 up to but without 0.3.0", done.stderr)


if __name__ == "__main__":
    unittest.main()
