"""The notebook of examples/, executed whole where nothing but the examples is."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, ROOT, optional


class NotebookTest(unittest.TestCase):
    def test_quickstart_runs_from_table_to_placement(self):
        for module in ("nbconvert", "ipykernel", "pandas", "matplotlib"):
            optional(module)
        with tempfile.TemporaryDirectory() as folder:
            for file in ("quickstart.ipynb", "fleet.csv", "today.csv"):
                shutil.copy(EXAMPLES / file, folder)
            done = subprocess.run(
                [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=300",
                 "--output", "executed.ipynb", "quickstart.ipynb"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "JUPYTER_PLATFORM_DIRS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout)
            executed = json.loads((Path(folder) / "executed.ipynb").read_text(encoding="utf-8"))
        written = json.loads((EXAMPLES / "quickstart.ipynb").read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(self.pictures(executed)), 4)
        for notebook in (executed, written):
            for picture in self.pictures(notebook):
                self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
                self.assertGreater(len(picture), 3000)
        self.assertEqual(len(self.pictures(executed)), len(self.pictures(written)), "commit the notebook executed")
        self.assertEqual(executed["cells"][-1]["outputs"][0]["data"]["text/plain"], ["True"])
        self.assertLess((EXAMPLES / "quickstart.ipynb").stat().st_size, 300_000)

    def pictures(self, notebook):
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        return [base64.b64decode(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]


if __name__ == "__main__":
    unittest.main()
