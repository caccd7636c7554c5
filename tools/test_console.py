#!/usr/bin/env python3
# test_console.py - when the console is built, when not, and what a build without npm is like.
# SPDX-License-Identifier: Apache-2.0
"""npm and node are stand-ins here, so that nothing is fetched."""
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

TOOLS = pathlib.Path(__file__).resolve().parent
NPM = """#!/bin/sh
case $FAILS in
fetch) echo "npm error code ENOTFOUND" >&2; exit 1 ;;
lock) echo "npm error code EUSAGE" >&2; exit 1 ;;
esac
mkdir -p node_modules/vite/bin
"""
NODE = """#!/bin/sh
echo once >>"$COUNT"
[ "$FAILS" != build ] || { echo "$PWD/src/main.ts:3: a mistake"; exit 1; }
mkdir -p dist/assets
cp index.html dist/
cat src/* >dist/assets/main-12345678.js
[ "$FAILS" != stray ] || echo >dist/robots.txt
"""

counts = {"passed": 0, "failed": 0}


def check(holds, sentence, *details):
    counts["passed" if holds else "failed"] += 1
    if not holds:
        print(f"FAILED {sentence}", *details, sep="\n    ")


class World:
    def __init__(self, folder):
        self.folder, self.sources = folder, folder / "console"
        (self.sources / "src").mkdir(parents=True)
        for name, text in (("package.json", "{}"), ("package-lock.json", "{}"), ("index.html", "<html>"),
                           ("src/main.ts", "1")):
            (self.sources / name).write_text(text)
        (folder / "bin").mkdir()
        for name, text in (("npm", NPM), ("node", NODE)):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def build(self, out="a", fails="", path=None):
        """What happened, the files it made, and the names that the next build looks at."""
        out = self.folder / f"{out}.zip"
        depfile = out.with_suffix(".d")
        done = subprocess.run(
            [sys.executable, TOOLS / "console.py", self.sources, self.folder / "cache", self.folder / "npm", out,
             depfile], capture_output=True, text=True, check=False,
            env={"PATH": path or f"{self.folder / 'bin'}:{os.environ['PATH']}", "FAILS": fails,
                 "COUNT": str(self.folder / "count")})
        files = {}
        if done.returncode == 0:
            with zipfile.ZipFile(out) as archive:
                files = {name: archive.read(name) for name in archive.namelist()}
        return done, files, depfile.read_text().split() if depfile.exists() else []

    def times_built(self):
        count = self.folder / "count"
        return len(count.read_text().split()) if count.exists() else 0

    def tree(self):
        return sorted(str(path) for path in self.sources.rglob("*"))

    def embed(self, out="a"):
        return subprocess.run([sys.executable, TOOLS / "embed.py", self.folder / "o.c", self.folder / "o.S",
                               self.folder / "o.bin", self.folder / f"{out}.zip"], capture_output=True, text=True,
                              check=False)


def is_built_once(world):
    before = world.tree()
    done, files, names = world.build()
    check(files == {"index.html": b"<html>", "assets/main-12345678.js": b"1"}, "what Vite wrote is there",
          done.stderr, files)
    check({str(world.sources / "src"), str(world.sources / "src/main.ts")} <= set(names),
          "files and folders are looked at by the next build", names)
    check(world.tree() == before, "nothing is written beside the sources", world.tree())
    written = (world.folder / "a.zip").stat().st_mtime_ns
    check(world.build()[1] == files and world.build("b")[1] == files and world.times_built() == 1,
          "the same sources are built once for all", world.times_built())
    check((world.folder / "a.zip").stat().st_mtime_ns == written, "what is the same is not written again")
    (world.sources / "src/new.ts").write_text("2")
    check(world.build()[1]["assets/main-12345678.js"] == b"12" and world.times_built() == 2,
          "a new file is built in")
    (world.sources / "src/new.ts").unlink()
    check(world.build()[1] == files and world.times_built() == 2, "what was built before is found again")
    check(world.embed().returncode == 0 and '"assets/main-12345678.js"' in (world.folder / "o.c").read_text(),
          "its files are embedded")


def goes_on_without_npm(world):
    (world.folder / "empty").mkdir()
    for fails, path, reason in (("", str(world.folder / "empty"), "there is no node and no npm"),
                                ("fetch", None, "ENOTFOUND")):
        done, files, names = world.build(fails=fails, path=path)
        check(done.returncode == 0 and files == {}, "the build goes on without a console", done.stderr)
        check(reason in done.stderr and "THE CONSOLE IS MISSING" in done.stderr and "apt-get install" in done.stderr,
              "it says what is missing and how to get it", done.stderr)
        check(any(not pathlib.Path(name).exists() for name in names[1:]), "the next build tries again", names)
    check(world.embed().returncode == 0 and "asset_console_count = 0" in (world.folder / "o.c").read_text(),
          "a program without a console is made")
    check(world.build()[1] != {}, "as soon as there is npm there is a console")


def stops_at_mistakes(world):
    done = world.build(fails="lock")[0]
    check(done.returncode != 0 and "package-lock.json does not fit" in done.stderr,
          "a lock file that does not fit stops the build", done.stderr)
    done = world.build(fails="build")[0]
    check(done.returncode != 0 and f"{world.sources}/src/main.ts:3: a mistake" in done.stderr,
          "a mistake in the sources stops it, and is named where it is", done.stderr)
    check(world.build()[0].returncode == 0, "and is not remembered")
    (world.sources / "src/more.ts").write_text("3")
    check(world.build(fails="stray")[0].returncode == 0, "Vite may write what it likes")
    done = world.embed()
    check(done.returncode != 0 and "robots.txt" in done.stderr, "a file without a route is not embedded", done.stderr)


def main():
    for step in (is_built_once, goes_on_without_npm, stops_at_mistakes):
        with tempfile.TemporaryDirectory() as folder:
            step(World(pathlib.Path(folder)))
    print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
