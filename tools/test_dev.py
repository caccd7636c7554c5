#!/usr/bin/env python3
# test_dev.py - what `./dev new` makes compiles, keeps the rules of the house and is in the build.
# SPDX-License-Identifier: Apache-2.0
import pathlib
import subprocess
import sys
import tempfile

import check_house

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ("-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wmissing-prototypes -Werror "
         "-Isrc -Itests -fsyntax-only").split()


def copy_tree(folder):
    for name in check_house.Tree(ROOT).by_path:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(source.stat().st_mode)


def findings(folder):
    results, _ = check_house.check(folder)
    return {str(finding) for found in results.values() for finding in found or []}


# kind, name, the table that wants a row, the row, the files that are made
KINDS = [
    ("module", "people/planted", None, "", ["src/people/planted.c",
                                            "tests/unit/people/test_planted.c"]),
    ("endpoint", "planted", "src/web/routes.def",
     'ROUTE(GET, "/api/planted", planted_get, WEB_READ, ROUTE_POOL, MEDIA_NONE, 0, 0)',
     ["src/web/api/planted.c", "tests/unit/web/test_planted.c"]),
    ("operator", "planted", "src/measure/operators.def", "OPERATOR(planted)",
     ["src/measure/op_planted.c", "tests/unit/measure/test_op_planted.c"]),
]
MORE_ROWS = {"api.def": "DESCRIBE(", "parameters.def": "QUERY_NUMBER("}
WRONG = [(["new", "module", "people/planted"], 1), (["new", "module", "nowhere/x"], 1),
         (["new", "module", "x"], 1), (["new", "endpoint", "web/x"], 1),
         (["new", "castle", "people/x"], 1), (["new", "module", "People/X"], 1),
         (["sing"], 2), ([], 2), (["--help"], 0)]


def check_kind(folder, before, kind, name, table, row, files):
    """Pairs of (sentence, did it hold); adds to what was found `before` it."""
    made = subprocess.run(["./dev", "new", kind, name], cwd=folder, text=True,
                          capture_output=True, check=False)
    yield f"dev new {kind} works: {made.stdout}{made.stderr}", made.returncode == 0
    if table:
        yield f"dev new {kind} says which row to add: {made.stdout}", row in made.stdout
        with (folder / table).open("a", encoding="utf-8") as rows:
            rows.write(row + "\n")
    if kind == "endpoint":
        for more in ("api.def", "parameters.def"):
            with (folder / "src/web" / more).open("a", encoding="utf-8") as rows:
                rows.write("".join(f"{line.strip()}\n" for line in made.stdout.splitlines()
                                   if line.strip().startswith(MORE_ROWS[more])))
        described = subprocess.run([sys.executable, "tools/openapi.py", "src/web", "--list"], cwd=folder,
                                   text=True, capture_output=True, check=False)
        yield (f"the endpoint is in the API's document: {described.stderr}",
               f"GET /api/{name}`" in described.stdout)
    built = subprocess.run(["gcc"] + FLAGS + files, cwd=folder, text=True, capture_output=True,
                           check=False)
    yield f"the {kind} and its test compile: {built.stderr}", built.returncode == 0
    new = findings(folder) - before
    yield f"the {kind} keeps the rules: {sorted(new)}", not new
    before |= new


def checks(folder):
    before = findings(folder)
    for kind, name, table, row, files in KINDS:
        if table is None or (folder / table).exists():
            yield from check_kind(folder, before, kind, name, table, row, files)
    for words, status in WRONG:
        got = subprocess.run(["./dev"] + words, cwd=folder, capture_output=True, check=False)
        yield f"dev {' '.join(words)} exits with {status}", got.returncode == status


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(pathlib.Path(folder))
        for sentence, held in checks(pathlib.Path(folder)):
            passed, failed = passed + held, failed + (not held)
            if not held:
                print(f"not so: {sentence}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
