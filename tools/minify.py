#!/usr/bin/env python3
"""minify.py - makes a script of sdk/ small, by terser.

SPDX-License-Identifier: Apache-2.0

minify.py OUT.js MOST SCRIPT.js
  MOST: bytes of it under gzip -9; more is an error.
"""
import gzip
import os
import pathlib
import subprocess
import sys


def main():
    out, most, script = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    done = subprocess.run(["terser", script, "--ecma", "2020", "--toplevel", "--mangle",
                           "--compress", "passes=3,unsafe_arrows"], capture_output=True, check=False,
                          env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})  # for any node
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace"))
    size = len(gzip.compress(done.stdout, 9, mtime=0))
    if size > most:
        sys.exit(f"{script} has {size} bytes under gzip; at most {most} are promised")
    out.write_bytes(done.stdout)


if __name__ == "__main__":
    main()
