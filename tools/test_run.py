#!/usr/bin/env python3
# test_run.py - the test runner must not call a broken suite good: each way to break is tried.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import run  # noqa: E402

# what the command does, has a count of its own, seconds it may take, counted as
CASES = [
    ("echo '3 passed, 0 failed, 1 skipped'", True, 10, (3, 0, 1)),
    ("echo '3 passed, 2 failed, 0 skipped'; exit 1", True, 10, (3, 2, 0)),
    ("echo '3 passed, 2 failed, 0 skipped'", True, 10, (3, 2, 0)),
    ("echo '1 passed, 0 failed, 0 skipped'; echo '5 passed, 0 failed, 0 skipped'", True, 10, (5, 0, 0)),
    ("echo '3 passed, 0 failed, 0 skipped'; exit 1", True, 10, (3, 1, 0)),
    ("echo '3 passed, 0 failed, 0 skipped'; kill -9 $$", True, 10, (3, 1, 0)),
    ("echo '0 passed, 0 failed, 0 skipped'", True, 10, (0, 1, 0)),
    ("echo 'all 3 passed, 0 failed, 0 skipped or so'", True, 10, (0, 1, 0)),
    ("true", True, 10, (0, 1, 0)),
    ("exit 3", True, 10, (0, 1, 0)),
    ("echo '3 passed, 0 failed, 0 skipped'; exec sleep 60", True, 0.5, (3, 1, 0)),
    ("sleep 60 & wait", True, 0.5, (0, 1, 0)),
    ("true", False, 10, (1, 0, 0)),
    ("exit 77", False, 10, (0, 1, 0)),
]


class Builder:
    def __init__(self, builds):
        self.builds = builds

    def build(self, target):
        return self.builds


def count(part, builds=True):
    with contextlib.redirect_stdout(io.StringIO()):
        return run.run_part(part, Builder(builds))


def main():
    passed = failed = 0
    good = "echo '1 passed, 0 failed, 0 skipped'"
    tried = [(text, count(run.Part("x", ["sh", "-c", text], limit_s=limit, counts=counts)), want)
             for text, counts, limit, want in CASES]
    tried.append(("a build that fails",
                  count(run.Part("x", ["sh", "-c", good], build="all"), builds=False), (0, 1, 0)))
    tried.append(("no such program", count(run.Part("x", ["build/no-such-program"])), (0, 1, 0)))
    for text, got, want in tried:
        passed, failed = passed + (got == want), failed + (got != want)
        if got != want:
            print(f"{text}: counted {got}, not {want}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
