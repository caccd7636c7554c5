#!/usr/bin/env python3
# test_run.py - the test runner must not call a broken suite good: each way to break is tried.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import pathlib
import sys
import tempfile

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
    return run.run_part(part, Builder(builds), run.Running(), lambda line: None)


# Each part notes that it is there, and waits for another.
MEETS = """cd "$1"; touch here-$$; end=$(($(date +%s) + 20))
while [ $(ls | wc -l) -lt 2 ] && [ $(date +%s) -lt $end ]; do sleep 0.02; done
if [ $(ls | wc -l) -ge 2 ]; then echo "1 passed, 0 failed, 0 skipped"
else echo "0 passed, 1 failed, 0 skipped"; fi"""
IS_ALONE = """cd "$1"; touch here-$$; sleep 0.3; seen=$(ls here-* | wc -l); rm here-$$
if [ "$seen" = 1 ]; then echo "1 passed, 0 failed, 0 skipped"; else echo "0 passed, 1 failed, 0 skipped"; fi"""
SPEAKS = """for n in 1 2 3 4 5; do echo "$1 $n"; sleep 0.05; done; echo '1 passed, 0 failed, 0 skipped'"""


def beside_each_other():
    """What parts run side by side counted, and what was wanted, under a sentence."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        def part(text, word=folder, **more):
            return run.Part(f"says {word}", ["sh", "-c", text, "sh", word], **more)

        def results(parts, lanes=3, cores=2):
            return run.run_all(parts, Builder(True), lanes, cores)

        meeting = results([part(MEETS), part(MEETS)])
        clean(folder)
        waiting = results([part(MEETS), part(MEETS, waits=True)], cores=1)
        clean(folder)
        alone = results([part(IS_ALONE, alone=True) for _ in range(2)] + [part(SPEAKS), part(SPEAKS)])
        one_core = results([part(IS_ALONE) for _ in range(3)], cores=1)
        one_lane = results([part(IS_ALONE), part(IS_ALONE, waits=True)], lanes=1)
        mixed = results([part("exit 3"), part(SPEAKS), part("echo '2 passed, 1 failed, 4 skipped'")])
        said.truncate(0), said.seek(0)
        results([part(SPEAKS, word) for word in "abc"], cores=3)
    blocks = said.getvalue().split("-- says ")[1:]
    good = (1, 0, 0)
    return [("parts run side by side", meeting, [good, good]),
            ("who waits runs beside who computes", waiting, [good, good]),
            ("nothing runs beside who is alone", alone, [good] * 4),
            ("no more compute than there are cores", one_core, [good] * 3),
            ("one lane runs one part", one_lane, [good] * 2),
            ("counts stand in the order of the parts", mixed, [(0, 1, 0), good, (2, 1, 4)]),
            ("what a part says stays together", sorted(words(block) for block in blocks),
             [[word] * 5 for word in "abc"])]


def clean(folder):
    for file in pathlib.Path(folder).iterdir():
        file.unlink()


def words(block):
    return [line.split()[0] for line in block.splitlines() if line.startswith("  ") and line[2] in "abc"]


def builds_once():
    made = []
    builder = Builder(True)
    builder.build = lambda target: made.append(target) or True
    with contextlib.redirect_stdout(io.StringIO()):
        run.run_all([run.Part("x", ["true"], build=target) for target in ("a", "b", "a")], builder, 2, 2)
    return [("what is to be built is built before anything runs", made[:2], ["a", "b"])]


def main():
    passed = failed = 0
    good = "echo '1 passed, 0 failed, 0 skipped'"
    tried = [(text, count(run.Part("x", ["sh", "-c", text], limit_s=limit, counts=counts)), want)
             for text, counts, limit, want in CASES]
    tried.append(("a build that fails",
                  count(run.Part("x", ["sh", "-c", good], build="all"), builds=False), (0, 1, 0)))
    tried.append(("no such program", count(run.Part("x", ["build/no-such-program"])), (0, 1, 0)))
    tried += beside_each_other() + builds_once()
    for text, got, want in tried:
        passed, failed = passed + (got == want), failed + (got != want)
        if got != want:
            print(f"{text}: counted {got}, not {want}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
