#!/usr/bin/env python3
"""agents.py - turns what npm has about user agents into a C table.

SPDX-License-Identifier: Apache-2.0

agents.py OUT.c LOCK.json FOLDER
  Fetches the packages of the lock file with npm into FOLDER, once for each state of the lock:
  uap-core (families and versions), crawler-user-agents and isbot (machines that say so). Where npm
  has no way out, Debian's older uap-core does, and machines are known by the words they use.
"""
import json
import pathlib
import re
import re._constants as constants
import re._parser as parser
import sys

import yaml

import npm_packages

PARSERS = {"browsers": ("user_agent_parsers", "family_replacement", "v1_replacement"),
           "systems": ("os_parsers", "os_replacement", "os_v1_replacement"),
           "devices": ("device_parsers", "device_replacement", None)}


DEBIAN = pathlib.Path("/usr/share/uap-core/regexes.yaml")
WORDS = [r"bot(?!tle)|crawl|spider|slurp|scrap|fetch|monitor|preview|archiv|headless|phantomjs|lighthouse",
         r"^(?:curl|wget|java|ruby|perl|php|python|node|axios|got|okhttp|go-http|libwww|lwp|httpie)",
         r"(?:python|urllib|aiohttp|httpx|requests|httpclient|http-client|libcurl|libwww-perl)[/ -]",
         r"https?://|www\.[a-z]|@[a-z0-9-]+\.[a-z]", r"^mozilla/\d\.\d(?: \(compatible;?\))?$"]


def quoted(text):
    if text is None:
        return "NULL"
    return '"' + re.sub(rb'[^ -!#-;=-\[\]-~]', lambda m: b"\\%03o" % m[0][0],
                        text.encode()).decode() + '"'


# What an expression cannot match without

LEAST_LITERAL, MOST_LITERALS = 3, 200


def letter_of(op, arg):
    """The character, in lower case, if there is one that stands here in whatever case."""
    if op is constants.LITERAL:
        return chr(arg).lower() if arg < 128 else None
    if op is constants.IN and all(o is constants.LITERAL and a < 128 for o, a in arg):
        letters = {chr(a).lower() for _, a in arg}
        return letters.pop() if len(letters) == 1 else None
    return None


def literals_of(tree):
    """Sets of texts; of each set one must stand in what the expression matches."""
    sets, run = [], ""
    for op, arg in [*tree, (None, None)]:
        letter = letter_of(op, arg)
        if letter:
            run += letter
            continue
        if len(run) >= LEAST_LITERAL:
            sets.append({run})
        run = ""
        if op is constants.SUBPATTERN:
            sets += literals_of(arg[3])
        elif op in (constants.MAX_REPEAT, constants.MIN_REPEAT) and arg[0] >= 1:
            sets += literals_of(arg[2])
        elif op is constants.BRANCH:
            choices = [literals_of(each) for each in arg[1]]
            if all(choices):
                together = set().union(*map(best_of, choices))
                sets += [together] if len(together) <= MOST_LITERALS else []
    return sets


def best_of(sets):
    """Few and long ones are seldom there by chance."""
    return max(sets, key=lambda each: (min(map(len, each)) > LEAST_LITERAL, -len(each), min(map(len, each))))


def needs_of(pattern):
    try:
        sets = literals_of(parser.parse(pattern))
    except re.error:  # not one of Python's expressions
        return None
    return "\n".join(sorted(best_of(sets))) if sets else None


def table(name, rules, family, version):
    lines = [f"const struct agent_rule agent_{name}[] = {{"]
    for rule in rules:
        ignores_case = "true" if rule.get("regex_flag") == "i" else "false"
        lines.append(f"    {{{quoted(rule['regex'])}, {ignores_case}, {quoted(rule.get(family))}, "
                     f"{quoted(rule.get(version))}, {quoted(needs_of(rule['regex']))}}},")
    return lines + ["};", f"const size_t agent_{name}_count = sizeof agent_{name} / sizeof *agent_{name};", ""]


def isbot_patterns(script):
    """The one long expression that its scripts carry as text, cut at its bars outside brackets."""
    whole = max(re.findall(r'"((?:[^"\\]|\\.)*)"', script), key=len)
    whole = json.loads(f'"{whole}"')
    parts, depth, start, at = [], 0, 0, 0
    while at < len(whole):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(whole[at], 0)
        if whole[at] == "|" and depth == 0:
            parts.append(whole[start:at])
            start = at + 1
        at += 2 if whole[at] == "\\" else 1
    parts.append(whole[start:])
    # A hyphen behind a class of characters stands for itself in JavaScript; PCRE wants it escaped.
    return [re.sub(r"(\\[wds])-(?=[^\]])", r"\1\\-", part) for part in parts]


def main():
    out, lock, folder = map(pathlib.Path, sys.argv[1:])
    modules = npm_packages.fetch(lock, folder)
    rules = modules / "uap-core/regexes.yaml" if modules else DEBIAN
    parsers = yaml.safe_load(rules.read_text(encoding="utf-8"))
    machines, crawlers = WORDS, ["Spider"]
    if modules:
        machines = isbot_patterns((modules / "isbot/browser.global.js").read_text())
        listed = json.loads((modules / "crawler-user-agents/crawler-user-agents.json").read_text())
        crawlers = [each["pattern"] for each in listed]
    lines = ["/* Made by tools/agents.py; do not edit. */", '#include "collect/agent_rules.h"', ""]
    for name, (key, family, version) in PARSERS.items():
        lines += table(name, parsers[key], family, version)
    lines += table("machines", [{"regex": each, "regex_flag": "i"} for each in machines], None, None)
    lines += table("crawlers", [{"regex": each} for each in crawlers], None, None)
    out.write_text("\n".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
