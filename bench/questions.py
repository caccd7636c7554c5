# questions.py - Q1 to Q7: how each is asked, and its answer in one form whoever gave it.
# SPDX-License-Identifier: Apache-2.0
import collections
import datetime
import math

FIRST = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
END = "2026-04-05T00:00:00Z"
END_MS = round(datetime.datetime.fromisoformat(END).timestamp() * 1000)
WEEKS = 12

TREND = {"kind": "trend", "event": "product_view", "interval": "day", "by": "source"}
TOUCHES = {"kind": "attribution", "conversion": "purchase", "value": "revenue", "by": "source",
           "touches": ["ad_click", "email_click"], "lookback": "30d"}
ASKED = {
    "q1": [{**TREND, "measure": "events"}, {**TREND, "measure": "people"}],
    "q2": [{"kind": "funnel", "window": "7d",
            "steps": ["product_view", "add_to_cart", "checkout_start", "purchase"]}],
    "q3": [{"kind": "retention", "start": "*", "return": "*", "interval": "week",
            "periods": WEEKS, "from": "2026-01-05", "to": "2026-03-30"}],
    "q4": [{**TOUCHES, "model": "last"}, {**TOUCHES, "model": "linear"}],
    "q5": [{"kind": "people", "limit": 1, "as_of": END, "segment": {"all": [
        {"did": "product_view", "count": {"gte": 3}, "within": "14d"},
        {"not": {"did": "purchase", "within": "30d"}},
        {"prop": "person.country", "op": "is", "value": "DE"}]}}],
    "q6": [{"kind": "paths", "after": "search", "steps": 3, "limit": 20}],
}
TITLES = {
    "q1": "daily trend by source, events and persons",
    "q2": "funnel of four steps in 7 days",
    "q3": "weekly retention, 12 by 12",
    "q4": "attribution, last and linear, 30 days",
    "q5": "segment of three conditions",
    "q6": "top 20 paths after a search",
}


def timeline(person):
    """The first fifty events."""
    return {"kind": "timeline", "person": person, "limit": 50}


# As the program answers


def of_trend(answers):
    cells = collections.defaultdict(dict)
    for part, answer in zip(("events", "people"), answers):
        days = [(datetime.datetime.fromisoformat(at) - FIRST).days for at in answer["columns"]]
        for series in answer["series"]:
            for day, value in [*zip(days, series["values"]), (-1, series["total"])]:
                if value:
                    cells[series["key"], day][part] = value
    return {key: (cell["events"], cell["people"]) for key, cell in cells.items()}


def of_funnel(answers):
    return [(step["people"], step["median_ms"]) for step in answers[0]["series"][0]["steps"]]


def of_retention(answers):
    return {(datetime.datetime.fromisoformat(cohort["start"]) - FIRST).days // 7:
            (cohort["people"], cohort["returned"]) for cohort in answers[0]["cohorts"]}


def of_attribution(answers):
    found = {}
    for model, answer in zip(("last", "linear"), answers):
        for row in answer["rows"] + [{"key": None, **answer["unattributed"]}]:
            if row["conversions"]:
                found[model, row["key"]] = (row["conversions"], row["value"])
    return found


def of_people(answers):
    return answers[0]["count"]


def of_paths(answers):
    return [(*path["events"], path["people"], path["count"]) for path in answers[0]["paths"]]


OF_MYRIAD = {"q1": of_trend, "q2": of_funnel, "q3": of_retention, "q4": of_attribution,
             "q5": of_people, "q6": of_paths}

# As rows of an engine; whole numbers may come as text


def of_trend_rows(rows):
    return {(source, int(day)): (int(events), int(people)) for source, day, events, people in rows}


def of_funnel_rows(rows):
    first, *rest = rows[0]
    steps = [(int(people), None if median is None or not int(people) else float(median))
             for people, median in zip(rest[::2], rest[1::2])]
    return [(int(first), 0 if int(first) else None), *steps]


def of_retention_rows(rows):
    """Rows of (cohort, weeks as bits, persons); a week that is not over is null."""
    people, returned = collections.Counter(), collections.defaultdict(collections.Counter)
    for cohort, weeks, persons in (map(int, row) for row in rows):
        people[cohort] += persons
        for k in range(WEEKS + 1):
            returned[cohort][k] += persons * (weeks >> k & 1)
    return {cohort: (people[cohort], [returned[cohort][k] if cohort + k < WEEKS else None
                                      for k in range(WEEKS + 1)]) for cohort in people}


def of_attribution_rows(rows):
    """What no touch led to is the same in both models."""
    found = {(model, source): (float(share), float(value)) for model, source, share, value in rows}
    if ("last", None) in found:
        found["linear", None] = found["last", None]
    return found


def of_people_rows(rows):
    return int(rows[0][0])


def of_paths_rows(rows):
    return [(*row[:3], int(row[3]), int(row[4])) for row in rows]


OF_ROWS = {"q1": of_trend_rows, "q2": of_funnel_rows, "q3": of_retention_rows,
           "q4": of_attribution_rows, "q5": of_people_rows, "q6": of_paths_rows}


def same(a, b):
    """Equal; numbers that are not whole within 1e-9."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return a == b
