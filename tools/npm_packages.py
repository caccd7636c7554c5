"""npm_packages.py - fetches what a lock file names, once for each state of it.

SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import hashlib
import shutil
import subprocess
import sys


def fetch(lock, folder):
    """The folder of modules, under `folder`. Several builds may ask at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        folder = folder / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        if not (folder / "fetched").exists():
            install(lock, folder)
    return folder / "node_modules"


def install(lock, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock.parent / name, folder / name)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"npm could not fetch what {lock} names:\n{done.stderr.decode(errors='replace')}")
    (folder / "fetched").touch()
