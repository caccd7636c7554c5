#!/usr/bin/env python3
"""embed.py - turns files into a C source of `const struct asset NAME` values.

SPDX-License-Identifier: Apache-2.0

embed.py OUT.c NAME=FILE...
"""
import hashlib
import sys

MEDIA = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".json": "application/json"}


def main():
    lines = ["/* Made by tools/embed.py; do not edit. */", '#include "web/asset.h"', ""]
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        content = open(path, "rb").read()
        media = MEDIA[path[path.rindex("."):]]
        digest = hashlib.sha256(content).hexdigest()[:16]
        rows = [", ".join(str(b) for b in content[i:i + 20]) for i in range(0, len(content), 20)]
        lines += [f"static const unsigned char {name}_bytes[] = {{", "    " + ",\n    ".join(rows), "};",
                  f'const struct asset {name} = {{"{media}", {name}_bytes, {len(content)}, "{digest}"}};', ""]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("\n".join(lines))


if __name__ == "__main__":
    main()
