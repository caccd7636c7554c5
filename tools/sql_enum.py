#!/usr/bin/env python3
"""sql_enum.py - turns sql/ into one C enum with its texts.

SPDX-License-Identifier: Apache-2.0

Reads sql/migrations/NNNN-name.sql and sql/queries/MODULE.sql ("-- name: key_find" before each
statement) and writes catalog_sql.h, catalog_sql.c and a depfile. Refuses gaps in the numbers,
names given twice, text before the first name, and more than one statement under a name.
"""
import argparse
import pathlib
import re
import sqlite3
import sys

NAME = re.compile(r"^--\s*name:\s*(\S*)\s*$")
WORD = re.compile(r"^[a-z][a-z0-9_]*$")
MIGRATION = re.compile(r"^(\d{4})-([a-z0-9-]+)\.sql$")


def refuse(path, line, why):
    sys.exit(f"{path}:{line}: {why}")


def read_migrations(folder):
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = MIGRATION.match(path.name)
        if not match:
            refuse(path, 1, "a migration is named NNNN-words-like-this.sql")
        if int(match[1]) != len(migrations) + 1:
            refuse(path, 1, f"expected number {len(migrations) + 1:04}")
        text = path.read_text(encoding="utf-8")
        if not sqlite3.complete_statement(text):
            refuse(path, 1, "the last statement does not end in a semicolon")
        migrations.append((path, match[2], text))
    return migrations


def statement_of(path, line, lines):
    text = "\n".join(lines).strip()
    if not text.endswith(";") or not sqlite3.complete_statement(text):
        refuse(path, line, "a statement ends in a semicolon")
    for at in range(len(text) - 1):
        if text[at] == ";" and sqlite3.complete_statement(text[: at + 1]):
            refuse(path, line, "one name has one statement")
    return text


def read_queries(folder):
    queries, known = [], {}
    for path in sorted(folder.glob("*.sql")):
        name, start, body = None, 0, []
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines + ["-- name: end"], 1):
            match = NAME.match(line)
            if not match:
                if name is None and line.strip() and not line.startswith("--"):
                    refuse(path, number, "a statement needs a line '-- name: ...' before it")
                body.append(line)
                continue
            if name is not None:
                queries.append((path, start, name, statement_of(path, start, body)))
            name, start, body = match[1], number, []
            if number > len(lines):
                break
            if not WORD.match(name):
                refuse(path, number, f"'{name}' is not a name")
            if name in known:
                refuse(path, number, f"'{name}' is taken by {known[name]}")
            known[name] = path
    return queries


def c_text(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return "\n".join(f'        "{line}\\n"' for line in escaped.splitlines())


def write_header(queries, migrations):
    names = "".join(f"    SQL_{name.upper()},\n" for _, _, name, _ in queries)
    return f"""/* catalog_sql.h - generated from sql/ by tools/sql_enum.py; not to be edited. */
#pragma once

enum sql {{
{names}    SQL_COUNT
}};

enum {{ MIGRATION_COUNT = {len(migrations)} }};

struct catalog_migration {{
    const char *name;
    const char *text;
}};

extern const char *const catalog_sql_texts[SQL_COUNT + 1];
extern const char *const catalog_sql_names[SQL_COUNT + 1];
/* Number n stands at n - 1. */
extern const struct catalog_migration catalog_sql_migrations[MIGRATION_COUNT];
"""


def write_source(queries, migrations):
    texts = "".join(f"    [SQL_{n.upper()}] =\n{c_text(t)},\n" for _, _, n, t in queries)
    names = "".join(f'    [SQL_{n.upper()}] = "{n}",\n' for _, _, n, _ in queries)
    steps = "".join(f'    {{"{n}",\n{c_text(t)}}},\n' for _, n, t in migrations)
    return f"""/* catalog_sql.c - generated from sql/ by tools/sql_enum.py; not to be edited. */
#include "store/catalog_sql.h"

const char *const catalog_sql_texts[SQL_COUNT + 1] = {{
{texts}}};

const char *const catalog_sql_names[SQL_COUNT + 1] = {{
{names}}};

const struct catalog_migration catalog_sql_migrations[MIGRATION_COUNT] = {{
{steps}}};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sql", type=pathlib.Path, required=True, help="the folder sql/")
    parser.add_argument("--header", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--depfile", type=pathlib.Path, required=True)
    options = parser.parse_args()

    folders = [options.sql / "migrations", options.sql / "queries"]
    migrations = read_migrations(folders[0])
    queries = read_queries(folders[1])
    options.header.write_text(write_header(queries, migrations), encoding="utf-8")
    options.source.write_text(write_source(queries, migrations), encoding="utf-8")
    # The folders too: a file that is added or removed changes them.
    read = folders + [m[0] for m in migrations] + sorted({q[0] for q in queries})
    outputs = f"{options.header} {options.source}"
    options.depfile.write_text(f"{outputs}: {' '.join(map(str, read))}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
