#!/usr/bin/env python3
# test_check_house.py - plants one offence after another in a small clean tree: each must be found.
# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys
import tempfile

import check_house

SPDX = " *\n * SPDX-License-Identifier: Apache-2.0\n */\n"
UNFINISHED_MARK = "TO" + "DO"
HOME = "/ho" + "me/ann/myriad"


def c_file(name, body):
    return f"/* {name} - a planted file.\n{SPDX}{body}"


def lines(count):
    return "".join(f"    x += {i};\n" for i in range(count))


CLEAN = {
    "LAYERS": "base :\nsys : base\nstore : base sys\napp : base sys store\n",
    "src/base/meson.build": "sources += files('mem.c', 'shelf.c', 'table.cc')\n",
    "src/base/mem.h": c_file("mem.h", "#pragma once\nvoid *mem_alloc(unsigned long size);\n"),
    "src/base/mem.c": c_file("mem.c", '#include "base/mem.h"\nvoid *mem_alloc(unsigned long size)\n'
                                      "{\n    return calloc(1, size);\n}\n"),
    "src/base/shelf.h": c_file("shelf.h", "#pragma once\nstruct shelf;\n"
                                          "typedef int (*shelf_order)(int a, int b);\n"
                                          "int shelf_count(const struct shelf *shelf);\n"
                                          "static inline int shelf_twice(int a)\n{\n"
                                          "    return a + a;\n}\n"),
    "src/base/shelf.c": c_file("shelf.c", '#include "base/shelf.h"\n'
                                          "static const char *const names[] = {\"open(\", \"free(\"};\n"
                                          "struct shelf {\n    int count;\n};\n"
                                          "int shelf_count(const struct shelf *shelf)\n{\n"
                                          "    static const int base = 1;\n"
                                          "    /* time() and // are but words here */\n"
                                          "    return shelf->read(base) + strlen(names[0]);\n}\n"),
    "src/sys/meson.build": "sources += files('clock.c')\n",
    "src/sys/sys_int.h": c_file("sys_int.h", "#pragma once\nint sys_call(void);\n"),
    "src/sys/clock.h": c_file("clock.h", '#pragma once\n#include "base/shelf.h"\n'
                                         "long clock_now(void);\n"),
    "src/sys/clock.c": c_file("clock.c", '#include "sys/clock.h"\n#include "sys/sys_int.h"\n'
                                         "#include <time.h>\nlong clock_now(void)\n{\n"
                                         "    return time(0);\n}\n"),
    "src/store/meson.build": "sources += files('book.c')\n",
    "src/store/book_int.h": c_file("book_int.h", "#pragma once\nint book_seal(void);\n"),
    "src/store/book_page.h": c_file("book_page.h", "#pragma once\nint book_turn(void);\n"),
    "src/store/book_page_int.h": c_file("book_page_int.h", "#pragma once\n"),
    "tests/fuzz/near.h": c_file("near.h", "#pragma once\n"),
    "tests/fuzz/far.h": c_file("far.h", '#pragma once\n#include "near.h"\n#include "../fuzz/near.h"\n'),
    "tools/page.js": "// page.js - a planted script.\n// SPDX-License-Identifier: Apache-2.0\n",
    "src/store/book.h": c_file("book.h", "#pragma once\nint book_open(void);\n"),
    "src/store/book.c": c_file("book.c", '#include "store/book.h"\n#include "store/book_int.h"\n'
                                         '#include "store/book_page_int.h"\n'
                                         "#include <sqlite3.h>\nint book_open(void)\n{\n"
                                         "    return 0;\n}\n"),
    "src/app/meson.build": "sources += files('part/page.c')\n",
    "src/app/app_int.h": c_file("app_int.h", "#pragma once\n"),
    "src/app/part/page.c": c_file("page.c", '#include "app/app_int.h"\n'),
    "src/base/table.h": c_file("table.h", "#pragma once\n_Static_assert(1, \"x\");\n"
                                          "int table_sum(void);\n"),
    "src/base/table.cc": c_file("table.cc", '#include "base/table.h"\nnamespace\n{\n'
                                            "void write(int number)\n{\n    number++;\n}\n"
                                            "} // namespace\nint table_sum(void)\n{\n"
                                            "    static const int cases[] = {\n"
                                            + "        1,\n" * 70 + "    };\n    write(cases[0]);\n"
                                            "    return 1;\n}\n"),
    "tools/tool.py": "#!/usr/bin/env python3\n# tool.py - a planted tool.\n"
                     "# SPDX-License-Identifier: Apache-2.0\n",
    "docs/page.md": "Send it to /v1/batch. The data lies in DIR/home/x or ~/home/x.\n",
}

# rule that must find it, file, what is appended to it (or the whole file where it is new)
PLANTED = [
    ("role", "src/base/rope.h", "#pragma once\n"),
    ("role", "src/base/rope.h", "/* cord.h - another name.\n" + SPDX + "#pragma once\n"),
    ("role", "tools/other.sh", "#!/bin/sh\n# other.sh - has no licence.\ntrue\n"),
    ("role", "tools/other", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\ntrue\n"),
    ("size", "src/base/shelf.h", "/* line */\n" * 150),
    ("size", "src/base/shelf.c", "/* line */\n" * 800),
    ("function_size", "src/base/shelf.c", "int shelf_long(int x)\n{\n" + lines(60) + "}\n"),
    ("function_size", "src/base/shelf.c", "int shelf_long(int x)\n{\n    static const int a[] = {\n"
                                          "        1,\n    };\n" + lines(60) + "}\n"),
    ("function_size", "tools/tool.py", "def long(x):\n" + lines(60)),
    ("parameters", "src/base/shelf.h", "int shelf_put(int a, int b, int c, int d,\n"
                                       "              int e, int f, int g);\n"),
    ("parameters", "src/base/shelf.c", "static int put(int a, int b, int c, int d, int e, int f, int g)\n"
                                       "{\n    return a;\n}\n"),
    ("pragma_once", "src/base/rope.h", c_file("rope.h", "")),
    ("layers_file", "LAYERS", "attic : base\n"),
    ("layers_file", "src/attic/rope.h", c_file("rope.h", "#pragma once\n")),
    ("layers_file", "src/store/book.c", None, {"LAYERS": "store : base\nbase : store\nsys : base\n"
                                                         "app : base\n"}),
    ("layers", "src/base/shelf.c", '#include "sys/clock.h"\n'),
    ("layers", "src/main.c", c_file("main.c", '#include "store/book.h"\n')),
    ("includes", "src/base/shelf.c", '#include "shelf.h"\n'),
    ("includes", "src/base/shelf.c", "#include <base/mem.h>\n"),
    ("cycles", "src/base/mem.h", '#include "base/shelf.h"\n',
     {"src/base/shelf.h": c_file("shelf.h", '#pragma once\n#include "base/mem.h"\n')}),
    ("internal_headers", "src/store/shelf.h", c_file("shelf.h", '#pragma once\n'
                                                     '#include "store/book_int.h"\n')),
    ("internal_headers", "src/app/run.h", c_file("run.h", '#pragma once\n'
                                                 '#include "sys/sys_int.h"\n')),
    ("internal_headers", "tests/unit/store/book.h", c_file("book.h", '#pragma once\n'
                                                           '#include "store/book_int.h"\n')),
    ("os_calls", "src/base/shelf.c", "int shelf_open(void)\n{\n    return open(\"x\", 0);\n}\n"),
    ("os_calls", "src/store/book.c", "int book_sync(int file)\n{\n    return fdatasync (file);\n}\n"),
    ("os_calls", "src/store/book.c", "void book_lock(void *m)\n{\n    pthread_mutex_lock(m);\n}\n"),
    ("os_calls", "src/store/book.c", "void book_say(void)\n{\n    printf(\"x\");\n}\n"),
    ("os_calls", "src/store/book.c", "void book_ask(void)\n{\n    getenv(\"HOME\");\n}\n"),
    ("os_calls", "src/store/book.c", "#include <unistd.h>\n"),
    ("os_calls", "src/app/run.h", c_file("run.h", "#pragma once\n#include <sys/socket.h>\n")),
    ("allocators", "src/base/shelf.c", "void shelf_drop(void *x)\n{\n    free(x);\n}\n"),
    ("strings", "src/store/book.c", "int book_size(char *x)\n{\n    return strlen(x);\n}\n"),
    ("strings", "src/base/shelf.c", "void shelf_name(char *x)\n{\n    strcpy(x, \"a\");\n}\n"),
    ("sqlite", "src/app/run.h", c_file("run.h", "#pragma once\n#include <sqlite3.h>\n")),
    ("names", "src/base/shelf.h", "int count_shelf(void);\n"),
    ("names", "src/base/shelf.h", "static inline int count_shelf(void)\n{\n    return 1;\n}\n"),
    ("names", "src/store/book_page.h", "int page_turn(void);\n"),
    ("internal_headers", "src/store/bell.h", c_file("bell.h", '#pragma once\n'
                                                    '#include "store/book_page_int.h"\n')),
    ("role", "tools/bad.js", "/* worse.js - x */\n// SPDX-License-Identifier: Apache-2.0\n"),
    ("names", "src/base/utils.h", c_file("utils.h", "#pragma once\n")),
    ("names", "src/store/book_int.h", "int seal_book(void);\n"),
    ("state", "src/base/shelf.c", "static int shelves;\n"),
    ("state", "src/base/shelf.c", "static const char *latest = \"x\";\n"),
    ("state", "src/base/shelf.c", "struct shelf first = {1};\n"),
    ("state", "src/base/shelf.c", "int shelf_next(void)\n{\n    static int at;\n    return at++;\n}\n"),
    ("comments", "src/base/shelf.c", "// a remark\n"),
    ("unfinished", "src/base/shelf.c", f"/* {UNFINISHED_MARK}: more */\n"),
    ("unfinished", "docs/page.md", f"{UNFINISHED_MARK}\n"),
    ("machine_paths", "docs/page.md", f"Look into {HOME}.\n"),
    ("build_lists", "src/base/rope.c", c_file("rope.c", "")),
    ("build_lists", "src/app/part/other.c", c_file("other.c", "")),
    ("build_lists", "tests/fuzz/fuzz_rope.c", c_file("fuzz_rope.c", "")),
    ("build_lists", "src/base/meson.build", "sources += files('gone.cc')\n"),
    ("format", "src/base/shelf.c", "int   shelf_gap( void );\n"),
    ("exceptions", "tools/house_exceptions.txt", "names src/base/shelf.h nothing because\n"),
    ("exceptions", "tools/house_exceptions.txt", "names src/base/shelf.h\n"),
]

EXCUSED = [
    ("names", "src/base/shelf.h", "int count_shelf(void);\n", "count_*"),
    ("state", "src/base/shelf.c", "static int shelves;\n", "shelves"),
]


def check_tree(files):
    """The rules that found something in a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            place = pathlib.Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        results, _ = check_house.check(folder)
    return {rule: [str(f) for f in found] for rule, found in results.items() if found}


def plant(path, text, more=None):
    files = {**CLEAN, **(more or {})}
    if text is not None:
        files[path] = files.get(path, "") + text
    return files


def main():
    failed = skipped = 0
    results = []
    clean = check_tree(CLEAN)
    results.append((not clean, f"the clean tree has findings: {clean}"))
    has_formatter = check_house.shutil.which(check_house.FORMATTER)
    for rule, path, text, *more in PLANTED:
        files = plant(path, text, *more)
        if rule == "format":
            if not has_formatter:
                skipped += 1
                continue
            files[".clang-format"] = "BasedOnStyle: LLVM\n"
        found = check_tree(files)
        results.append((rule in found, f"{rule} does not find {text!r} in {path}: {found}"))
    for rule, path, text, what in EXCUSED:
        files = plant(path, text, {"tools/house_exceptions.txt": f"{rule} {path} {what} a reason\n"})
        found = check_tree(files)
        results.append((not found, f"an exception of {rule} does not work: {found}"))
    rules = {rule.__name__.removeprefix("rule_") for rule in check_house.RULES} | {"exceptions"}
    missing = rules - {rule for rule, *_ in PLANTED}
    results.append((not missing, f"nothing is planted for {sorted(missing)}"))
    for good, sentence in results:
        if not good:
            failed += 1
            print(sentence)
    print(f"{len(results) - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
