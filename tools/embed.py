#!/usr/bin/env python3
"""embed.py - puts files into the program: a C source of values `struct asset`, and their bytes.

SPDX-License-Identifier: Apache-2.0

embed.py OUT.c OUT.S OUT.bin CONSOLE.zip NAME=FILE...
  Each FILE becomes `const struct asset NAME`; the files of the archive become the table
  asset_console, sorted by path. OUT.S takes OUT.bin in as it is, which is far quicker than C.
"""
import gzip
import hashlib
import pathlib
import sys
import zipfile

MEDIA = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".json": "application/json",
         ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
         ".webmanifest": "application/manifest+json"}
ASSEMBLER = """\
/* Made by tools/embed.py; do not edit. */
    .section .rodata, "a", @progbits
    .balign 16
    .global asset_bytes
    .hidden asset_bytes
    .type asset_bytes, @object
    .size asset_bytes, {size}
asset_bytes:
    .incbin "{name}"
    .section .note.GNU-stack, "", @progbits
#ifdef __CET__
#include <cet.h>
#endif
"""


class Bytes:
    """What stands in the program, and where."""

    def __init__(self):
        self.whole = bytearray()

    def add(self, content):
        self.whole += content
        return f"asset_bytes + {len(self.whole) - len(content)}, {len(content)}"


def value_of(path, content, everything):
    suffix = pathlib.PurePosixPath(path).suffix
    if suffix not in MEDIA:
        sys.exit(f"embed.py: {path}: nobody said which media type \"{suffix}\" is (MEDIA)")
    packed = gzip.compress(content, 9, mtime=0)
    packed = everything.add(packed) if len(packed) < len(content) else "NULL, 0"
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f'{{"{path}", "{MEDIA[suffix]}", {everything.add(content)}, {packed}, "{digest}"}}'


def read_console(path):
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        for name in names:
            folder, _, file = name.rpartition("/")
            if name != "index.html" and (folder != "assets" or not file.isascii() or "%" in file):
                sys.exit(f"embed.py: the console holds {name}, which has no route: files besides "
                         "index.html must be assets/NAME")
        return [(name, archive.read(name)) for name in names]


def main():
    source, assembler, binary, console = sys.argv[1:5]
    everything = Bytes()
    lines = ["/* Made by tools/embed.py; do not edit. */", '#include "web/asset.h"', "",
             "extern const unsigned char asset_bytes[] __attribute__((visibility(\"hidden\")));", ""]
    for argument in sys.argv[5:]:
        name, path = argument.split("=", 1)
        content = pathlib.Path(path).read_bytes()
        lines.append(f"const struct asset {name} = "
                     f"{value_of(pathlib.PurePath(path).name, content, everything)};")
    files = read_console(console)
    lines += ["", "const struct asset asset_console[] = {"]
    lines += [f"    {value_of(name, content, everything)}," for name, content in files]
    lines += ["    {0},", "};", f"const size_t asset_console_count = {len(files)};", ""]
    pathlib.Path(binary).write_bytes(everything.whole)
    pathlib.Path(source).write_text("\n".join(lines), encoding="utf-8")
    pathlib.Path(assembler).write_text(ASSEMBLER.format(name=binary, size=len(everything.whole)),
                                       encoding="utf-8")


if __name__ == "__main__":
    main()
