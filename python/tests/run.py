"""Runs a module of tests; says what was skipped, and ends with 77 if nothing else ran."""

import sys
import unittest


def main():
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    except unittest.SkipTest as reason:
        print(f"skipped: {reason}")
        return 77
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    if not result.wasSuccessful():
        return 1
    return 77 if result.testsRun and len(result.skipped) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
