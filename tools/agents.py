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


def table(name, rules, family, version):
    lines = [f"const struct agent_rule agent_{name}[] = {{"]
    for rule in rules:
        ignores_case = "true" if rule.get("regex_flag") == "i" else "false"
        lines.append(f"    {{{quoted(rule['regex'])}, {ignores_case}, {quoted(rule.get(family))}, "
                     f"{quoted(rule.get(version))}}},")
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
