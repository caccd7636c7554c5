#!/usr/bin/env python3
# check_binary.py - looks whether a built program carries the hardening of docs/hardening.md.
# SPDX-License-Identifier: Apache-2.0
"""usage: tools/check_binary.py PROGRAM"""
import re
import subprocess
import sys

# Functions that FORTIFY_SOURCE replaces by a checking twin: __memcpy_chk and so on.
FORTIFIABLE = {"memcpy", "memmove", "memset", "snprintf", "vsnprintf", "printf", "vprintf",
               "fprintf", "vfprintf", "strcpy", "strncpy", "strcat", "read", "pread", "recv",
               "realpath", "getcwd", "readlink"}


def readelf(option, program):
    return subprocess.run(["readelf", "-W", option, program], capture_output=True, text=True,
                          check=True).stdout


def check(program):
    """Pairs of (rule, True, False or None: does not apply)."""
    header = readelf("-h", program)
    segments = readelf("-l", program)
    dynamic = readelf("-d", program)
    symbols = set(re.findall(r"UND (\w+)", readelf("--dyn-syms", program)))
    stack = re.search(r"GNU_STACK.* ([R ][W ][E ]) ", segments)
    checked = {name for name in symbols if re.fullmatch(r"__\w+_chk", name)} - {"__stack_chk_fail"}

    yield "is a position independent executable", (
        "DYN (Position-Independent Executable" in header or
        ("DYN" in header and "PIE" in dynamic))
    yield "makes its relocations read-only (RELRO)", "GNU_RELRO" in segments
    yield "binds all symbols at start (BIND_NOW)", bool(
        re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic))
    yield "has no executable stack", bool(stack) and "E" not in stack.group(1)
    yield "has no segment that is both writable and executable", not re.search(
        r"LOAD.* [R ]WE ", segments)
    yield "keeps code apart from data (separate-code)", bool(re.search(r"LOAD.* R   ", segments))
    yield "guards its stack frames (stack protector)", "__stack_chk_fail" in symbols
    yield "checks buffer sizes (FORTIFY_SOURCE)", (
        bool(checked) if checked or symbols & FORTIFIABLE else None)
    yield "has no search path for libraries of its own (RPATH)", not re.search(
        r"\((RPATH|RUNPATH)\)", dynamic)
    yield "has no text relocations", "TEXTREL" not in dynamic


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    passed = failed = skipped = 0
    for rule, holds in check(sys.argv[1]):
        if holds is None:
            skipped += 1
            print(f"does not apply: {rule}")
        elif holds:
            passed += 1
        else:
            failed += 1
            print(f"{sys.argv[1]}: not so: {rule}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
