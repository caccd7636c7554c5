"""npm_packages.py - fetches what a lock file names, once for each state of it.

SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import hashlib
import shutil
import subprocess
import sys


def fetch(lock, folder):
    """The folder of modules, under `folder`; None, and a warning, where npm cannot fetch them.
    Several builds may ask at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        folder = folder / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        is_there = (folder / "fetched").exists() or install(lock, folder)
    return folder / "node_modules" if is_there else None


def install(lock, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock.parent / name, folder / name)
    try:
        # Without a way out it gives up after some seconds, not after a minute.
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                               "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"],
                              cwd=folder, capture_output=True, check=False)
        reason = done.stderr.decode(errors="replace") if done.returncode else ""
    except OSError as error:
        reason = str(error)
    if "code EUSAGE" in reason:  # a mistake of ours, which another day will not mend
        sys.exit(f"{lock} does not fit its package.json:\n{reason}")
    if reason:
        print(f"warning: npm could not fetch what {lock} names:\n{reason}", file=sys.stderr)
        return False
    (folder / "fetched").touch()
    return True
