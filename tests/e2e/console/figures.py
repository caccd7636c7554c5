# figures.py - what the console's tables show is what the questions that they name answer.
# SPDX-License-Identifier: Apache-2.0
import datetime
import re

MEASURES = ("visitors", "visits", "views", "engaged_ms", "bounce_rate")
LEAST = 12  # tables; fewer mean that the console shows less than it did


def numbers(rows):
    """Every figure of a table as the reader sees it, without its thousands' commas."""
    found = set()
    for row in rows:
        for cell in row:
            text = cell.replace(",", "").replace("\u2212", "-")
            if re.fullmatch(r"-?\d+(\.\d+)?", text):
                found.add(float(text))
    return found


def rounded(values):
    return {round(float(v), 4) for v in values if v is not None}


def values_of(question, answer):
    """The sets of figures of an answer, of which a table must show one whole."""
    kind = question["kind"]
    if kind == "trend":
        series = answer["series"]
        if question["interval"] == "all":
            return [rounded(s["total"] for s in series)]
        return [rounded(v for s in series[:5] for v in s["values"])]
    if kind == "visits":
        if question["interval"] == "all":
            return [rounded(s["total"][m] for s in answer["series"]) for m in MEASURES]
        return [rounded(v for s in answer["series"] for v in s[m]) for m in MEASURES]
    if kind == "funnel":
        return [rounded(step["people"] for s in answer["series"] for step in s["steps"])]
    if kind == "retention":
        return [rounded([c["people"] for c in answer["cohorts"]] +
                        [v for c in answer["cohorts"] for v in c["returned"]])]
    if kind == "paths":
        return [rounded(p["count"] for p in answer["paths"])]
    if kind == "attribution":
        return [rounded(r["conversions"] for r in answer["rows"])]
    return []


def judge(suite, demo, look):
    """`look(paths=...)` returns the tables of those pages with their questions."""
    # Days that are over: the shop goes on living meanwhile.
    last = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    period = f"p={last - datetime.timedelta(days=13)}..{last}"
    seen = look(paths=[f"/app/today?{period}", f"/app/today?{period}&t=raw",
                       *(f"/app/explore?{period}&k={kind}" for kind in
                         ("trend", "funnel", "retention", "paths", "attribution"))])
    if not seen:
        return
    judged = 0
    for figure in seen["figures"]:
        question, shown = figure["question"], numbers(figure["rows"])
        wanted = values_of(question, demo.ask(question))
        if not wanted:
            continue
        judged += 1
        suite.check(any(want <= shown for want in wanted), f"{figure['path']} {figure['title']}: the table is the answer",
                    question, sorted(min((want - shown for want in wanted), key=len))[:8], figure["rows"][:3])
    suite.check(judged >= LEAST, "enough tables were judged", judged, [f["title"] for f in seen["figures"]])
