#!/usr/bin/env python3
"""A Turms client, written from the protocol, against the real server process.

  TURMS_BINARY=build/release/turms python3 run.py [NAME...]    only tests whose id contains a NAME

The last line is `N passed, N failed`.
"""

import os
import pathlib
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DEBIAN_PYTHON = "/usr/bin/python3"

try:
    import google.protobuf  # noqa: F401  python3-protobuf
except ModuleNotFoundError:
    if os.path.realpath(sys.executable) == os.path.realpath(DEBIAN_PYTHON):
        raise
    # Another Python is first in the path; Debian's has the package.
    os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])


def generate_protocol():
    """Python classes of proto/turms, made at each run: it takes a moment and is never stale."""
    out = pathlib.Path(os.environ.get("TURMS_TEST_GENERATED", ROOT / "build" / "turms-python"))
    out.mkdir(parents=True, exist_ok=True)
    protos = sorted((ROOT / "proto" / "turms").glob("*.proto"))
    subprocess.run(["protoc", f"--python_out={out}", f"-I{ROOT / 'proto'}", *map(str, protos)], check=True)
    sys.path.insert(0, str(out))
    sys.path.insert(0, str(HERE))


class Result(unittest.TestResult):
    """One line per test."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def _line(self, word, test, detail=""):
        seconds = time.monotonic() - self.started
        print(f"{word:4} {test.id()} ({seconds:.2f} s)", flush=True)
        if detail:
            print("     " + detail.rstrip().replace("\n", "\n     "), flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("FAIL", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line("FAIL", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._line("FAIL", subtest, (self.failures + self.errors)[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skip {test.id()}: {reason}", flush=True)


def select(suite, names):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from select(test, names)
        elif not names or any(name in test.id() for name in names):
            yield test


def main():
    if "TURMS_BINARY" not in os.environ:
        print("TURMS_BINARY names no server program", file=sys.stderr)
        return 2
    generate_protocol()
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    result = Result()
    unittest.TestSuite(select(suite, sys.argv[1:])).run(result)
    failed = len(result.failures) + len(result.errors)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{result.passed} passed, {failed} failed{skipped}")
    return 1 if failed or result.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
