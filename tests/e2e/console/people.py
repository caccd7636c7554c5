# people.py - people who are looked for are found, and what they did is told as it is.
# SPDX-License-Identifier: Apache-2.0
import json

AGENT = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/142.0.0.0 Safari/537.36")
BUYERS = {"all": [{"did": "Order Completed", "count": {"gte": 2}}]}
BEYOND = {"all": [{"sequence": ["Product Viewed", "Order Completed"], "window": "1d"},
                  {"any": [{"did": "Email Opened"}, {"prop": "person.age", "op": "gt", "value": 40}]}]}
WRITERS = {"all": [{"prop": "person.email", "op": "set"}, {"did": "Email Opened"}]}


def count(demo, segment):
    return demo.ask({"kind": "people", "segment": segment, "limit": 1})["count"]


def timeline(demo, person):
    return demo.ask({"kind": "timeline", "person": person, "limit": 100000})["events"]


def judge(suite, demo, look):
    """`look(mode, **more)` lets somebody look in the browser."""
    people = demo.ask({"kind": "people", "segment": WRITERS, "limit": 1})["people"]
    person = people[0]["id"]
    name, email = people[0]["traits"]["name"], people[0]["traits"]["email"]
    events = timeline(demo, person)
    user = next(e["userId"] for e in events if "userId" in e)
    more = {"all": [{"did": "Order Completed", "count": {"gte": 3}}]}
    asked = {"all": []}, BUYERS, more, BEYOND
    least = [count(demo, segment) for segment in asked]
    seen = look("people", people={"email": email, "user": user, "tree": BUYERS, "beyond": BEYOND, "person": person})
    if seen:
        most = [count(demo, segment) for segment in asked]

        # The shop goes on living meanwhile, and who turned out to be a machine is no longer counted.
        def between(found, i, text):
            low, high = sorted((least[i], most[i]))
            suite.check(low <= found <= high, text, found, (low, high))

        between(seen["all"], 0, "everyone is counted")
        before, after, counted = seen["rows"]
        suite.check(before == 50 and after == 100, "the next page comes behind the first", seen["rows"])
        between(counted, 0, "and the count stays")
        suite.check(name in seen["byEmail"], "an e-mail address leads to its person", seen["byEmail"], name)
        suite.equal(seen["byId"], name, "an id leads straight to the person")
        between(seen["built"], 1, "a segment of the address is answered")
        suite.equal(seen["changed"]["tree"], more, "what is changed in the builder stands in the address")
        between(seen["changed"]["count"], 2, "and is counted")
        suite.equal(seen["beyond"]["tree"], BEYOND, "what the builder cannot show is shown as it is")
        between(seen["beyond"]["count"], 3, "and answered")
        judge_story(suite, seen, events, timeline(demo, person))
    live = look("live", write=demo.write_key, agent=AGENT)
    if live:
        suite.equal(live["whilePaused"], 0, "a list that is being read stands still")
        suite.check((live["href"] or "").startswith("/app/person/live-1"), "a row leads to its person", live)
        suite.check(live["rows"] <= 60, "the list stays short", live)


def judge_story(suite, seen, before, after):
    def mails(events):
        return sum((e.get("event", "").startswith("Email") or e.get("event") == "Unsubscribed") and
                   e["context"].get("traffic", {}).get("verdict") != "machine" for e in events)

    told = [f"{len(events):,} event" in seen["sentence"] for events in (before, after)]
    suite.check(any(told), "the sentence has as many events as the timeline", seen["sentence"], len(before))
    low, high = sorted((mails(before), mails(after)))
    suite.check(low <= seen["mails"] <= high, "so has the channel", seen["mails"], (low, high))
    message = seen["message"]
    found = [e for e in after if e["seq"] == message["seq"]]
    same = bool(found) and json.dumps(found[0]["properties"], sort_keys=True) == \
        json.dumps(message["properties"], sort_keys=True)
    suite.check(same and message["event"].startswith("Email"), "the whole message is the one of the log", message)
