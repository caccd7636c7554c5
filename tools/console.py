#!/usr/bin/env python3
"""console.py - builds the console by Vite, once for each state of its sources.

SPDX-License-Identifier: Apache-2.0

console.py SOURCES CACHE MODULES OUT.zip DEPFILE
  CACHE, MODULES: folders that all builds share: built consoles, and what npm fetched.
  OUT.zip holds what Vite wrote; it is empty, after a warning, where npm cannot fetch Vite. Then the
  next build tries again. Nothing is written beside the sources.
"""
import fcntl
import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import npm_packages

SKIPPED = {"node_modules", "dist"}
KEPT = 8  # built consoles, the newest
MISSING = """\
warning: THE CONSOLE IS MISSING from this build: {}.
warning: It is built with Node 18 or newer and npm, which fetches what console/package-lock.json names.
warning: On Debian: apt-get install nodejs npm; behind a proxy or a certificate authority of your own:
warning: npm config set proxy URL, npm config set cafile FILE. Then build again."""


def read(folder):
    """Folders and files of the sources, in order."""
    folders, files = [], []
    for here, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in SKIPPED)
        folders.append(here)
        files += [os.path.join(here, name) for name in sorted(names) if not name.startswith(".")]
    return folders, files


def digest_of(folder, files):
    whole = hashlib.sha256()
    for path in files:
        content = pathlib.Path(path).read_bytes()
        whole.update(f"{os.path.relpath(path, folder)}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:16]


def pack(folder):
    """Without times: the same files make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    return out.getvalue()


def build(sources, files, modules):
    """What Vite makes of a copy of the sources that lies beside the modules, so that it finds them."""
    with tempfile.TemporaryDirectory(dir=modules.parent, prefix="console-") as place:
        for path in files:
            copy = pathlib.Path(place) / os.path.relpath(path, sources)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        done = subprocess.run(["node", modules / "vite/bin/vite.js", "build", "--logLevel", "warn"],
                              cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode(errors="replace").replace(place, str(sources))
        if done.returncode != 0:
            sys.exit(f"Vite cannot build the console:\n{said}")
        sys.stderr.write(said)
        return pack(pathlib.Path(place) / "dist")


def forget_old(cache):
    built = sorted(cache.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for path in built[:-KEPT]:
        path.unlink()


def find_or_build(sources, files, cache, modules_folder):
    """None where there is no way to build it."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as turn:  # several builds may ask at once
        fcntl.flock(turn, fcntl.LOCK_EX)
        kept = cache / f"{digest_of(sources, files)}.zip"
        if kept.exists():
            kept.touch()
            return kept.read_bytes()
        lacking = [name for name in ("node", "npm") if not shutil.which(name)]
        if lacking:
            print(MISSING.format("there is no " + " and no ".join(lacking)), file=sys.stderr)
            return None
        modules = npm_packages.fetch(sources / "package-lock.json", modules_folder.absolute())
        if not modules:
            print(MISSING.format("npm could not fetch its packages, see above"), file=sys.stderr)
            return None
        content = build(sources, files, modules)
        part = kept.with_suffix(".part")
        part.write_bytes(content)
        part.rename(kept)
        forget_old(cache)
        return content


def main():
    sources, cache, modules, out, depfile = map(pathlib.Path, sys.argv[1:])
    folders, files = read(sources)
    content = find_or_build(sources, files, cache, modules)
    # A folder is newer when a file came or went. A name that nobody has makes the next build try again.
    again = [] if content else [f"{out}.try-again"]
    names = [name.replace(" ", r"\ ") for name in [*folders, *files, *again]]
    depfile.write_text(f"{out}: {' '.join(names)}\n", encoding="utf-8")
    content = content or pack(pathlib.Path(os.devnull))
    if not out.exists() or out.read_bytes() != content:
        out.write_bytes(content)


if __name__ == "__main__":
    main()
