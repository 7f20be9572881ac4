"""What the tests share: where things are, and models that are fitted once."""

import functools
import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
BUILD = Path(os.environ.get("PITOT_BUILD", ROOT / "build" / "test"))

os.environ.setdefault("PITOT_LIBRARY", str(BUILD / "shared" / "libpitot.so.0"))
sys.path.insert(0, str(ROOT / "python"))

import pitot  # noqa: E402


def program():
    """The program, which may not have been built."""
    path = Path(os.environ.get("PITOT_PROGRAM", BUILD / "pitot"))
    if not path.exists():
        raise unittest.SkipTest(f"{path} was not built")
    return path


def run_program(*arguments, cwd=ROOT):
    """What the program prints."""
    done = subprocess.run(
        [str(program()), *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return done.stdout.decode()


def optional(module):
    """A module that is skipped with words where it is not installed."""
    try:
        return __import__(module, fromlist=["*"])
    except ImportError:
        raise unittest.SkipTest(f"{module} is not installed; scripts/install-deps.sh --python installs it") from None


@functools.lru_cache(maxsize=None)
def fleet():
    return pitot.Dataset.load(EXAMPLES / "fleet.csv")


@functools.lru_cache(maxsize=None)
def fleet_model():
    return pitot.fit(fleet(), progress=False)


@functools.lru_cache(maxsize=None)
def busy_model():
    """Of a model that tells co-runners."""
    return pitot.fit([EXAMPLES / "fleet.csv", EXAMPLES / "beside.csv"], progress=False)


@functools.lru_cache(maxsize=None)
def described_model():
    """Of a model with features."""
    data = pitot.Dataset.load(
        EXAMPLES / "fleet.csv",
        platform_features=EXAMPLES / "devices.csv",
        module_features=EXAMPLES / "opcodes.csv",
    )
    return pitot.fit(data, progress=False)
