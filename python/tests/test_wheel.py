"""The wheel: its archive, and that what is in it runs where nothing else is."""

import base64
import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from support import EXAMPLES, ROOT, pitot

sys.path.insert(0, str(ROOT / "python" / "packaging"))

import wheel_backend  # noqa: E402


class WheelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("patchelf", "readelf", "ldd"):
            if shutil.which(tool) is None:
                raise unittest.SkipTest(f"{tool} is not installed; scripts/install-deps.sh --wheel installs it")
        cls.folder = tempfile.TemporaryDirectory()
        cls.wheel, cls.needs = wheel_backend.write_wheel(cls.folder.name, pitot.library_path)
        cls.site = Path(cls.folder.name) / "site"
        with zipfile.ZipFile(cls.wheel) as archive:
            archive.extractall(cls.site)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_its_name_is_for_every_python(self):
        self.assertRegex(self.wheel.name, r"^pitot-\d+\.\d+\.\d+-py3-none-linux_\w+\.whl$")
        self.assertIn(pitot.__version__, self.wheel.name)

    def test_record_lists_every_member_with_its_digest(self):
        with zipfile.ZipFile(self.wheel) as archive:
            info = f"pitot-{pitot.__version__}.dist-info"
            record = list(csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode())))
            self.assertEqual(sorted(row[0] for row in record), sorted(archive.namelist()))
            for name, digest, size in record[:-1]:
                data = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                self.assertEqual((digest, size), (f"sha256={expected}", str(len(data))), name)
            metadata = archive.read(f"{info}/METADATA").decode()
        self.assertIn("Requires-Dist: numpy", metadata)
        self.assertIn('Requires-Dist: pandas>=1.5; extra == "frames"', metadata)
        self.assertIn("pitot/py.typed", [row[0] for row in record])

    def test_the_same_sources_give_the_same_bytes(self):
        again, _ = wheel_backend.write_wheel(Path(self.folder.name) / "again", pitot.library_path)
        self.assertEqual(again.read_bytes(), self.wheel.read_bytes())

    def test_libraries_find_one_another_beside_themselves_and_need_nothing_more(self):
        files = {file.name: file for file in (self.site / "pitot" / "_lib").glob("*.so*")}
        self.assertIn("libpitot.so.0", files)
        for name, file in files.items():
            with self.subTest(name):
                told = wheel_backend.output_of("readelf", "-d", str(file))
                self.assertIn("[$ORIGIN]", told)
                self.assertIn(f"Library soname: [{name}]", told)  # no other copy in a process is taken for it
                self.assertEqual(set(wheel_backend.needed_by(file)) - wheel_backend.OF_THE_SYSTEM - set(files), set())

    def test_it_runs_without_anything_of_the_build(self):
        code = (
            "import sys, pitot; assert '/_lib/' in pitot.library_path; "
            "print(pitot.fit(sys.argv[1]).predict('jit.board', 'matmul').runtime_us.hex())"
        )
        environment = {k: v for k, v in os.environ.items() if k not in ("PITOT_LIBRARY", "LD_LIBRARY_PATH")}
        done = subprocess.run(
            [sys.executable, "-c", code, str(EXAMPLES / "fleet.csv")],
            cwd=self.folder.name,
            env={**environment, "PYTHONPATH": str(self.site)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        ours = pitot.fit(EXAMPLES / "fleet.csv", progress=False).predict("jit.board", "matmul").runtime_us
        self.assertEqual(done.stdout.strip(), ours.hex())

    def test_a_wheel_without_a_library_is_for_every_machine(self):
        wheel, _ = wheel_backend.write_wheel(self.folder.name, None)
        self.assertTrue(wheel.name.endswith("-py3-none-any.whl"))

    def test_the_documentation_names_the_glibc_that_it_needs(self):
        text = " ".join((ROOT / "docs" / "python.md").read_text(encoding="utf-8").split())
        said = re.search(r"Built on Debian 12 it needs glibc ([\d.]+) .* \(GLIBCXX_([\d.]+)\)", text)
        if 'VERSION_ID="12"' not in Path("/etc/os-release").read_text(encoding="utf-8"):
            self.skipTest("this is not Debian 12")
        needs = {name: ".".join(map(str, number)) for name, number in self.needs.items()}
        self.assertEqual((needs["GLIBC"], needs["GLIBCXX"]), said.groups())


if __name__ == "__main__":
    unittest.main()
