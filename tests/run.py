#!/usr/bin/env python3
# run.py - the one test runner: runs suites side by side and adds up what they counted.
# SPDX-License-Identifier: Apache-2.0
"""usage: tests/run.py [--lanes N] [--seconds N] [--target NAME]... [--points N] [SUITE...]

Without names every suite of the table below runs. A suite is made of parts; a part is a command
whose last line of the form `N passed, N failed, N skipped` is its count. A part that does not
build, gives no count, runs past its time or exits with an error it did not count is one failure.
What is to be built is built first. Then parts run side by side, one a core and one more (--lanes).
The last line printed is the sum, and the exit status is 1 if anything failed.
"""
import argparse
import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNT = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")

# Points of the crash harness in `make test`; more means the long way of `make crash`.
DEFAULT_POINTS = 500

# Unit tests that also run under ThreadSanitizer: a pattern of test names each (* and ?).
THREADED = ["mailbox_*", "threads_*", "*_of_threads_*", "*_by_threads_*", "server_*",
            "connection_runs_pool_routes_*", "*events_are_read_by_threads*", "*number_of_workers*",
            "syncer_*", "*while_a_thread_syncs*", "*several_threads_ask*",
            "*another_thread_writes*", "replay_*", "a_link_that_many_have_*", "password_room_*"]

# One process has one filter, so that the unit tests are dealt out by their numbers.
UNIT_SHARES = 4

# End-to-end suites that take longest: the others find room beside them.
LONGEST = ["console", "script_module", "demo", "script", "import"]
# Those that need the whole machine: what they load it with is the test.
ALONE = ["overload"]

# Fuzz targets that run once for each row of a table, and the variable that names the row.
FUZZED_BY_ROW = {"dialect": ("src/collect/dialects.def", "FUZZ_DIALECT")}


class Part:
    """One command of a suite. `build` is a target of the Makefile that must succeed first. One that
    `waits` leaves the processor to others most of the time; beside one that is `alone` nothing runs."""

    def __init__(self, label, command, build=None, env=None, limit_s=900, counts=True, waits=False,
                 alone=False):
        self.label = label
        self.command = [str(word) for word in command]
        self.build = build
        self.env = env or {}
        self.limit_s = limit_s
        self.waits = waits
        self.alone = alone
        self.counts = counts  # False: a fuzzer; its exit status is one test, its talk is long


# The table: name, what it is, and the function that lists its parts.

def house(options):
    yield Part("house rules", ["tools/check_house.py"])
    yield Part("the checker itself", ["tools/check_house.py", "--self-test"])
    yield Part("the runner itself", ["tools/test_run.py"])
    yield Part("./dev new", ["tools/test_dev.py"])
    yield Part("the console's build", ["tools/test_console.py"])
    yield Part("hardening of the binary", ["tools/check_binary.py", "build/myriad"], build="all")


def unit(options):
    for share in range(1, UNIT_SHARES + 1):
        yield Part(f"unit tests under ASan and UBSan, {share} of {UNIT_SHARES}",
                   ["build-asan/tests/unit_tests", "*", f"{share}/{UNIT_SHARES}"], build="asan",
                   env={"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
                        "UBSAN_OPTIONS": "print_stacktrace=1"})


def threads(options):
    for pattern in THREADED:
        yield Part(f"{pattern} under TSan",
                   same_addresses() + ["build-tsan/tests/unit_tests", pattern], build="tsan",
                   env={"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"})


def e2e(options):
    runs = {run.parent.name: run for run in sorted(ROOT.glob("tests/e2e/*/run"))}
    for name in sorted(runs, key=lambda name: name not in LONGEST):
        yield Part(name, [runs[name]], build="all", env={"MYRIAD": str(ROOT / "build/myriad")},
                   waits=True, alone=name in ALONE)


def crash(options):
    sim, kill9, flips = "build/tests/crash/crash_sim", "tests/e2e/kill9/run", "tests/e2e/flips/run"
    binary = {"MYRIAD": str(ROOT / "build/myriad")}
    is_long = options.points > DEFAULT_POINTS
    for mode, points in (("sweep", options.points), ("faults", options.points), ("flips", options.points // 5)):
        yield Part(f"crash_sim {mode}, {points} points", [sim, mode, "--points", points],
                   build="crash-tests", limit_s=36000)
    if is_long:  # the short forms of these are in the e2e suite
        yield Part("100 real kills", [kill9, 100], build="all", env=binary, limit_s=36000)
        yield Part("1000 flips on a real folder", [flips, 1000], build="all", env=binary, limit_s=36000)
        yield Part("planted bugs are caught", ["tests/crash/plants.py"], build="crash-tests", limit_s=36000)


def fuzz_targets():
    """Each target's program, the row of a table that a run of it is about, and how it is told."""
    for source in sorted(ROOT.glob("tests/fuzz/fuzz_*.c*")):
        name = source.stem.removeprefix("fuzz_")
        if name in FUZZED_BY_ROW:
            table, variable = FUZZED_BY_ROW[name]
            rows = re.findall(r"^[A-Z]+\((\w+)", (ROOT / table).read_text(encoding="utf-8"), re.M)
            yield from ((name, row, {variable: row}) for row in rows)
        else:
            yield name, None, {}


def fuzz(options):
    for name, row, env in fuzz_targets():
        target = f"{name}-{row}" if row else name
        if options.target and not {name, target} & set(options.target):
            continue
        fresh = ROOT / "build-fuzz/corpus" / target
        fresh.mkdir(parents=True, exist_ok=True)
        seeds = [folder for folder in [ROOT / "tests/fuzz/corpus" / name] if folder.is_dir()]
        yield Part(f"{target}, corpus and {options.seconds} s",
                   [f"build-fuzz/tests/fuzz/fuzz_{name}", f"-max_total_time={options.seconds}",
                    "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_funcs=0",
                    "-print_final_stats=1",
                    f"-artifact_prefix=build-fuzz/found-{target}-", fresh] + seeds,
                   build="fuzzers", env=env, limit_s=options.seconds + 300, counts=False)


SUITES = [
    ("house", "rules of the house, hardening of the binary", house),
    ("unit", "unit tests under ASan and UBSan", unit),
    ("threads", "unit tests of what threads share, under TSan", threads),
    ("e2e", "the shipped binary from outside", e2e),
    ("crash", "power loss, faults and kills", crash),
    ("fuzz", "fuzz targets: corpus replay and a short search", fuzz),
]


def same_addresses():
    """ThreadSanitizer of gcc 12 cannot live with much address randomisation; not every container
    lets a process turn it off."""
    command = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(command + ["true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if works.returncode == 0 else []


class Running:
    """The processes of parts under way, so that whoever stops the run stops them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.processes = set()

    def start(self, command, env):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        with self.lock:
            self.processes.add(process)
        return process

    def forget(self, process):
        with self.lock:
            self.processes.discard(process)

    def end(self):
        with self.lock:
            for process in self.processes:
                os.killpg(process.pid, signal.SIGTERM)


def stream(part, running, say):
    """Runs the command, says what it prints, and returns (exit status, last count or None). Of
    lines that are not to be shown the last hundred are, if the command fails."""
    count, hidden = None, collections.deque(maxlen=100)
    process = running.start(part.command, part.env)
    late = threading.Event()

    def end_it():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(part.limit_s, end_it)
    timer.start()
    try:
        for line in process.stdout:
            if part.counts or "executed_units" in line:
                say("  " + line.rstrip("\n"))
            else:
                hidden.append("  " + line.rstrip("\n"))
            found = COUNT.match(line.strip())
            if found:
                count = tuple(int(number) for number in found.groups())
        status = process.wait()
        if status and hidden:
            say("\n".join(hidden))
    finally:
        timer.cancel()
        running.forget(process)
    if late.is_set():
        say(f"  ended after {part.limit_s} s, its limit")
    return status, count


class Builder:
    """Builds each target of the Makefile once."""

    def __init__(self):
        self.results = {}

    def build(self, target):
        if target not in self.results:
            began = time.monotonic()
            print(f"-- make {target}", flush=True)
            made = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, text=True,
                                  errors="replace", stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  env={k: v for k, v in os.environ.items()
                                       if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")})
            if made.returncode != 0:
                print(made.stdout, flush=True)
            print(f"   {time.monotonic() - began:.1f} s", flush=True)
            self.results[target] = made.returncode == 0
        return self.results[target]


def run_part(part, builder, running, say):
    """The part's (passed, failed, skipped)."""
    if part.build and not builder.build(part.build):
        say(f"  {part.label}: does not build")
        return (0, 1, 0)
    try:
        status, count = stream(part, running, say)
    except OSError as error:
        say(f"  {error}")
        return (0, 1, 0)
    if not part.counts:
        return (1, 0, 0) if status == 0 else (0, 1, 0)
    if count is None:
        say(f"  exit status {status} and no count: one failure")
        return (0, 1, 0)
    if count[0] + count[1] + count[2] == 0:
        say("  ran nothing: one failure")
        return (0, 1, 0)
    if status != 0 and count[1] == 0:
        say(f"  exit status {status} beyond its count: one more failure")
        return (count[0], 1, count[2])
    return count


class Queue:
    """Which part is next. One that computes is always under way, beside it those that mostly wait;
    when these are over there is one that computes for each core; in the end, one by one, those that
    want the machine for themselves."""

    def __init__(self, parts, cores):
        self.cores = cores
        self.alone = [part for part in parts if part.alone]
        self.waiting = [part for part in parts if part.waits and not part.alone]
        self.computing = [part for part in parts if not part.waits and not part.alone]
        self.under_way = []
        self.changed = threading.Condition()

    def pick(self):
        computes = sum(not part.waits for part in self.under_way)
        if self.computing and not computes:
            return self.computing.pop(0)
        if self.waiting:
            return self.waiting.pop(0)
        if self.computing and computes < self.cores:
            return self.computing.pop(0)
        return self.alone.pop(0) if self.alone and not self.under_way else None

    def take(self):
        """None: nothing is left."""
        with self.changed:
            while True:
                is_left = self.computing or self.waiting or self.alone
                part = self.pick()
                if part:
                    self.under_way.append(part)
                if part or not is_left:
                    return part
                self.changed.wait()

    def end(self, part):
        with self.changed:
            self.under_way.remove(part)
            self.changed.notify_all()


def run_all(parts, builder, lanes, cores):
    """The counts of the parts, in their order; what each says stays together."""
    for target in dict.fromkeys(part.build for part in parts if part.build):
        builder.build(target)
    queue, running, counts, printing = Queue(parts, cores), Running(), {}, threading.Lock()

    def run_one(part):
        lines, began = [], time.monotonic()

        def say(line):
            if lanes == 1:
                print(line, flush=True)
            else:
                lines.append(line)

        if lanes > 1:  # a run that is cut off tells what was under way
            with printing:
                print(f".. {part.label}", flush=True)
        say(f"-- {part.label}")
        counts[part] = run_part(part, builder, running, say)
        say(f"   {time.monotonic() - began:.1f} s")
        with printing:
            print("".join(line + "\n" for line in lines), end="", flush=True)

    def lane():
        while (part := queue.take()) is not None:
            try:
                run_one(part)
            finally:
                queue.end(part)

    threads = [threading.Thread(target=lane, daemon=True) for _ in range(lanes)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        running.end()
        raise
    return [counts.get(part, (0, 1, 0)) for part in parts]


def main():
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[0].removeprefix("usage: "))
    parser.add_argument("--seconds", type=int, default=2, help="for each fuzz target")
    parser.add_argument("--target", action="append", help="fuzz this one alone: agent, dialect-ga4")
    parser.add_argument("--points", type=int, default=DEFAULT_POINTS, help="of the crash harness")
    parser.add_argument("--lanes", type=int, default=cores + 1, help="parts at a time; 1: shown as they run")
    parser.add_argument("suite", nargs="*")
    options = parser.parse_args()
    unknown = set(options.suite) - {name for name, _, _ in SUITES}
    if unknown:
        parser.error(f"no such suite: {' '.join(sorted(unknown))}; there are: "
                     + " ".join(name for name, _, _ in SUITES))
    targets = {word for name, row, _ in fuzz_targets() for word in (name, f"{name}-{row}")}
    if set(options.target or ()) - targets:
        parser.error("no such fuzz target; there are: "
                     + " ".join(f"{name}-{row}" if row else name for name, row, _ in fuzz_targets()))

    parts, began = [], time.monotonic()
    for name, what, list_parts in SUITES:
        if options.suite and name not in options.suite:
            continue
        listed = list(list_parts(options))
        print(f"== {name}: {what}: {len(listed)}", flush=True)
        for part in listed:
            part.label = f"{name}: {part.label}"
        parts += listed
    counts = run_all(parts, Builder(), max(options.lanes, 1), cores)
    failed = [f"  {part.label}: {count[1]} failed" for part, count in zip(parts, counts) if count[1]]
    if failed:
        print("== what failed\n" + "\n".join(failed))
    total = [sum(kind) for kind in zip((0, 0, 0), *counts)]
    print(f"== {len(parts)} parts in {time.monotonic() - began:.0f} s", flush=True)
    line = "{} passed, {} failed, {} skipped".format(*total)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/test-count").write_text(line + "\n", encoding="utf-8")
    print(line, flush=True)
    return 1 if failed or sum(total) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
