#!/usr/bin/env python3
"""minify.py - makes a script of sdk/ small, by terser.

SPDX-License-Identifier: Apache-2.0

minify.py OUT.js LOCK.json FOLDER MOST SCRIPT.js
  MOST: bytes of it under gzip -9; more is an error. Packages come as in agents.py.
"""
import gzip
import pathlib
import subprocess
import sys

import npm_packages


def main():
    out, lock, folder = map(pathlib.Path, sys.argv[1:4])
    most, script = int(sys.argv[4]), sys.argv[5]
    terser = npm_packages.fetch(lock, folder) / "terser/bin/terser"
    done = subprocess.run(["node", terser, script, "--ecma", "2020", "--toplevel", "--mangle",
                           "--compress", "passes=3,unsafe_arrows"], capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace"))
    size = len(gzip.compress(done.stdout, 9, mtime=0))
    if size > most:
        sys.exit(f"{script} has {size} bytes under gzip; at most {most} are promised")
    out.write_bytes(done.stdout)


if __name__ == "__main__":
    main()
