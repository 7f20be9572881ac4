#!/usr/bin/python3
"""Times a million predictions from NumPy arrays beside the same call of the C interface on arrays that are there
already.

    PITOT_LIBRARY=build/release/shared/libpitot.so.0 /usr/bin/python3 python/bench/predictions.py [--rows N] [--rounds N]

Prints nanoseconds a prediction, the least of all rounds, of both in turn, and their ratio.
"""
import argparse
import ctypes
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import pitot  # noqa: E402
from pitot import _native as native  # noqa: E402
from pitot import _structs as s  # noqa: E402
from pitot._buffers import CombinationsBuffer  # noqa: E402


def c_call(model, platform, module, beside, confidences):
    """The call of the C interface on arrays that were made, and touched, beforehand."""
    rows = CombinationsBuffer(platform, module, beside)
    runtime, upper = np.zeros(platform.size), np.zeros(platform.size * confidences.size)
    out = s.sized(
        s.Predictions,
        runtime_us=native.pointer_to(runtime, ctypes.c_double),
        upper_us=native.pointer_to(upper, ctypes.c_double),
    )
    arguments = (
        model._handle.pointer,
        ctypes.byref(rows.struct),
        native.pointer_to(confidences, ctypes.c_double),
        confidences.size,
        ctypes.byref(out),
    )
    predict = native.LIBRARY.pitot_predict

    def call():
        assert predict(*arguments) == 0
        return runtime, upper

    return call, (rows, runtime, upper)


def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    model = pitot.fit([ROOT / "examples" / "fleet.csv", ROOT / "examples" / "beside.csv"], progress=False)
    random = np.random.default_rng(1)
    platform = random.integers(0, len(model.platforms), arguments.rows, dtype=np.int32)
    module = random.integers(0, len(model.modules), arguments.rows, dtype=np.int32)
    beside = random.integers(-1, len(model.modules), (arguments.rows, 1), dtype=np.int32)
    names = np.array(model.platforms, dtype=object)[platform], np.array(model.modules, dtype=object)[module]
    print(f"{arguments.rows} predictions, least of {arguments.rounds} rounds; ns a prediction")
    worst = 0.0
    for label, with_, levels in (
        ("runtimes", None, []),
        ("runtimes and bounds", None, [0.9]),
        ("runtimes and bounds beside another", beside, [0.9]),
    ):
        confidences = np.array(levels, dtype=np.float64)
        c, kept = c_call(model, platform, module, with_, confidences)

        def python(with_=with_, level=levels[0] if levels else None):
            return model.predict(platform, module, with_, confidence=level)

        assert python().runtime_us.tobytes() == c()[0].tobytes()
        times = [(seconds(c), seconds(python)) for _ in range(arguments.rounds)]
        least = [min(column) * 1e9 / arguments.rows for column in zip(*times)]
        worst = max(worst, least[1] / least[0])
        print(f"  {label:36s} C {least[0]:7.2f}  Python {least[1]:7.2f}  ratio {least[1] / least[0]:.2f}")
        del kept
    by_name = min(seconds(lambda: model.predict(*names)) for _ in range(3)) * 1e9 / arguments.rows
    print(f"  runtimes and bounds, by names in arrays of objects: Python {by_name:7.2f}")
    print(f"worst ratio {worst:.2f}")


if __name__ == "__main__":
    main()
