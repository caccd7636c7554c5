#!/usr/bin/env python3
"""minify.py - joins the files of a script of sdk/, and makes it small, by terser.

SPDX-License-Identifier: Apache-2.0

minify.py OUT.js MOST CORE.js [PART.js...]
  MOST: bytes of it under gzip -9; more is an error.
  Parts stand, in their order, in place of the line of CORE.js that begins with the mark.
"""
import gzip
import os
import pathlib
import subprocess
import sys


MARK = "  /* JOIN:"


def join(core, parts):
    lines = core.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.startswith(MARK)]
    if len(places) != 1:
        sys.exit(f"{core} must have one line that begins with {MARK!r}")
    lines[places[0]] = "".join(part.read_text(encoding="utf-8") for part in parts)
    return "".join(lines)


def main():
    out, most, script = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    text = join(script, [pathlib.Path(part) for part in sys.argv[4:]])
    done = subprocess.run(["terser", "--ecma", "2020", "--toplevel", "--mangle",
                           "--compress", "passes=3,unsafe_arrows"], capture_output=True, check=False,
                          input=text.encode(),
                          env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})  # for any node
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace"))
    size = len(gzip.compress(done.stdout, 9, mtime=0))
    if size > most:
        sys.exit(f"{out.name} has {size} bytes under gzip; at most {most} are promised")
    out.write_bytes(done.stdout)


if __name__ == "__main__":
    main()
