# watching.py - a page watches what arrives: the newest events, how many there were, and no more.
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import socket

import console
import support
from follower import Follower, send
from support import until

CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/130.0.0.0 Safari/537.36")
VISIT = {
    "type": "page", "anonymousId": "a-1", "messageId": "visit", "name": "Shoes",
    "context": {"userAgent": CHROME, "ip": "203.0.113.7",
                "page": {"path": "/shoes", "title": "Shoes", "url": "https://shop.example/shoes",
                         "referrer": "https://www.google.com/"}}}


def counts(watcher):
    return watcher.named("count")


def arrived(watcher):
    return sum(count["events"] for count in counts(watcher))


def moments(watcher):
    """For each count how many events were told with it."""
    found, told = [], 0
    for _, name, data in watcher.events:
        if name == "count":
            found.append((told, data))
            told = 0
        else:
            told += 1
    return found


def is_exact(watcher, most):
    return all(told <= most and told + data["passed_over"] == data["events"] > 0
               for told, data in moments(watcher))


def tells_the_newest(suite, server):
    send(server, 0, 100)
    watcher = Follower(server, "?newest=3", again=False)
    until(lambda: watcher.last_id)
    send(server, 100, 50)
    until(lambda: arrived(watcher) >= 50)
    suite.equal(arrived(watcher), 50, "what arrived is counted, and nothing of the past")
    suite.equal(watcher.numbers()[-3:], [147, 148, 149], "the newest three are told, oldest first")
    suite.check(is_exact(watcher, 3), "at most three a moment; the rest was passed over", watcher.events)
    suite.equal([int(i) for i, _, _ in watcher.events],
                sorted(int(i) for i, _, _ in watcher.events), "ids rise")
    suite.equal(sorted(counts(watcher)[0]), ["events", "passed_over", "time"], "what a count says")
    line = server.api("GET", "/api/export/events").body.decode().splitlines()[-1]
    suite.equal(watcher.named("message")[-1], json.loads(line),
                "an event is told as the export writes it")
    send(server, 150, 2)
    until(lambda: arrived(watcher) >= 52)
    suite.equal(watcher.numbers()[-2:], [150, 151], "of few, all are told")
    suite.equal(counts(watcher)[-1]["passed_over"], 0, "and nothing is passed over")
    again = Follower(server, "?newest=50&limit=4", again=False, after="1")
    until(lambda: again.last_id not in (None, "1"))
    suite.equal(again.events, [], "who comes again goes on at the present")
    send(server, 152, 10)
    again.join(10)
    suite.equal(again.numbers(), [158, 159, 160, 161], "`limit` ends it")
    suite.check(again.is_ended_cleanly and is_exact(again, 4), "cleanly, with a true count", again.events)
    leave(server, watcher)


def leave(server, *watchers):
    """They go, and the server notices: nothing of them stays for what comes next."""
    for watcher in watchers:
        watcher.end()
        watcher.connection.sock.shutdown(socket.SHUT_RDWR)
    if not until(lambda: tails(server) == 0):
        raise RuntimeError(f"{tails(server)} tails are left")


def tails(server):
    return support.read_metrics(server.call("GET", "/metrics").body.decode())["myriad_tails", ""]


def carries_what_a_page_shows(suite, server):
    watcher = Follower(server, "?newest=5", again=False)
    until(lambda: watcher.last_id)
    server.send("batch", {"batch": [VISIT]})
    until(lambda: watcher.named("message"))
    event = watcher.named("message")[0]
    context = event["context"]
    suite.equal([event[k] for k in ("type", "name", "anonymousId")], ["page", "Shoes", "a-1"],
                "type, name and visitor")
    suite.equal([context["page"][k] for k in ("path", "title")], ["/shoes", "Shoes"], "page")
    suite.equal([context["browser"]["name"], context["os"]["name"], context["device"]["type"],
                 context["referrer"]["name"], context["traffic"]["verdict"]],
                ["Chrome", "Windows", "desktop", "Google", "human"], "what enrichment has told")
    suite.check(event["timestamp"].endswith("Z"), "time", event)
    leave(server, watcher)


def refuses(suite, server):
    for query, word in (("?newest=0", b"newest"), ("?newest=51", b"newest"), ("?newest=x", b"newest"),
                        ("?newest=", b"newest"), ("?newest=3&cursor=0", b"cursor"),
                        ("?newest=3&event=a", b"event")):
        answer = server.api("GET", "/api/tail" + query)
        suite.equal(answer.status, 422, f"{query} is refused")
        suite.check(word in answer.body, f"{query}: the problem names the field", answer)
    suite.equal(server.api("HEAD", "/api/tail?newest=50").status, 200, "the most is taken")
    suite.equal(server.call("GET", "/api/tail?newest=5").status, 401, "nobody watches without a key")


def leaves_others_alone(suite, server):
    follower = Follower(server, "", again=False)
    watchers = [Follower(server, "?newest=2", again=False) for _ in range(20)]
    until(lambda: follower.last_id and all(w.last_id for w in watchers))
    for n in range(10000, 20000, 500):
        send(server, n, 500)
    until(lambda: len(follower.events) >= 10000 and all(arrived(w) >= 10000 for w in watchers))
    suite.equal(follower.numbers(), list(range(10000, 20000)), "who follows beside them hears all")
    suite.equal({arrived(w) for w in watchers}, {10000}, "each counts all of it")
    suite.check(all(is_exact(w, 2) for w in watchers), "each is told two a moment")
    suite.check(all(len(w.events) <= 3 * len(counts(w)) for w in watchers), "and nothing else")
    leave(server, follower, *watchers)


def ends_with_its_session(suite, server, owner):
    """A page's stream: by the cookie alone, as EventSource sends it."""
    def watch(browser):
        watcher = Follower(server, "?newest=10", again=False, headers={"Cookie": browser.cookie})
        until(lambda: watcher.last_id)
        return watcher

    viewer, leaver, gone = (console.join(server, owner, role, email)
                            for role, email in (("viewer", "v@shop.example"),
                                                ("analyst", "l@shop.example"),
                                                ("analyst", "g@shop.example")))
    stays = watch(viewer)
    ended, removed, changed = watch(leaver), watch(gone), watch(owner)
    send(server, 30000, 2)
    until(lambda: all(arrived(w) for w in (stays, ended, removed, changed)))
    suite.equal(stays.numbers(), [30000, 30001], "a viewer's page watches by its cookie")
    suite.equal(leaver.call("DELETE", "/api/session").status, 204, "one signs out")
    suite.equal(owner.call("DELETE", f"/api/users/{gone.id}").status, 204, "one is removed")
    for watcher, what in ((ended, "signed out"), (removed, "was removed")):
        watcher.join(20)
        suite.check(watcher.is_ended_cleanly, f"the stream of who {what} ends", watcher.error)
    suite.check(stays.is_alive() and changed.is_alive(), "others go on")
    leave(server, stays, changed)


def loses_nobody_else(suite, server):
    """A watcher that takes nothing holds one piece; the others hear on."""
    silent = socket.create_connection(("127.0.0.1", server.port))
    silent.sendall(f"GET /api/tail?newest=50 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                   f"{server.api_key}\r\n\r\n".encode())
    watcher = Follower(server, "?newest=50", again=False)
    until(lambda: watcher.last_id and tails(server) == 2)
    for n in range(40000, 40200):
        send(server, n, 1)
    until(lambda: arrived(watcher) >= 200)
    suite.equal(arrived(watcher), 200, "one that reads nothing delays nobody")
    silent.close()
    leave(server, watcher)


def run(suite):
    with support.Folder() as folder:
        server, token = console.make(pathlib.Path(folder) / "a")
        with server:
            server.start()
            owner = console.Browser(server, console.by_link(server, token))
            suite.run(*(lambda step=step: step(suite, server) for step in (
                tells_the_newest, carries_what_a_page_shows, refuses, leaves_others_alone,
                loses_nobody_else)),
                lambda: ends_with_its_session(suite, server, owner))
