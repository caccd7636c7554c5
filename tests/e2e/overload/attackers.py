#!/usr/bin/env python3
# attackers.py - clients that mean harm or know no better, many of them in one thread.
# SPDX-License-Identifier: Apache-2.0
"""usage: attackers.py PORT SECONDS [KIND=COUNT ...]

So many connections of each kind, opened again whenever the server ends them:
  idle        says nothing at all
  slowloris   a head that comes byte by byte, ten a second
  slow_body   a body that comes byte by byte
  slow_reader asks for pages without a pause and takes the answers byte by byte
  pipeline    bursts of a hundred requests, and reads the answers
  giant       a body of a hundred gigabytes
  endless     a body of chunks that never ends
Prints one JSON object: for each kind the connections made, those the server ended, and the
statuses that were seen; `without_retry_after` counts 429 and 503 that lacked it.
"""
import collections
import json
import re
import selectors
import socket
import sys
import time

TICK_S = 0.1
AT_ONCE = 200  # connections opened in a tick, of each kind
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})[^\n]*\r\n(.*?)\r\n\r\n", re.S)
HEAD = b"Host: a\r\nContent-Type: application/json\r\n"
REQUESTS = {
    "idle": b"",
    "slowloris": b"GET / HTTP/1.1\r\n" + b"X-Filler: a\r\n" * 400,
    "slow_body": b"POST /v1/batch HTTP/1.1\r\n" + HEAD + b"Content-Length: 400000\r\n\r\n" +
                 b'{"batch":[' * 4000,
    "slow_reader": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 40,
    "pipeline": b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 100,
    "giant": b"POST /v1/batch HTTP/1.1\r\n" + HEAD + b"Content-Length: 100000000000\r\n\r\n" +
             b"x" * 65536,
    "endless": b"POST /v1/batch HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" +
               b"10000\r\n" + b" " * 65536 + b"\r\n",
}
FIRST_PART = {"slow_body": 150}  # sent at once: the head
REPEATED = {"slow_reader": 0, "pipeline": 0, "giant": -65536, "endless": -65545}


class Attacker:
    """One connection."""

    def __init__(self, kind, port):
        self.kind, self.socket = kind, socket.socket()
        self.socket.setblocking(False)
        if kind == "slow_reader":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.socket.connect_ex(("127.0.0.1", port))
        self.request, self.sent = REQUESTS[kind], 0
        self.got = b""

    def is_slow(self):
        return self.kind in ("idle", "slowloris", "slow_body", "slow_reader")

    def send(self):
        if self.kind in ("slowloris", "slow_body"):
            count = max(1, FIRST_PART.get(self.kind, 0) - self.sent)
        else:
            count = len(self.request)
        if self.sent >= len(self.request) and self.kind in REPEATED:
            self.request = self.request[REPEATED[self.kind]:]
            self.sent = 0
        try:
            self.sent += self.socket.send(self.request[self.sent:self.sent + count])
        except BlockingIOError:
            pass

    def receive(self, room=65536):
        """False at the end."""
        try:
            piece = self.socket.recv(1 if self.kind == "slow_reader" else room)
        except BlockingIOError:
            return True
        self.got += piece
        return bool(piece)

    def answers(self):
        """(status, whether it says when to come again) of each whole head."""
        end = 0
        for found in STATUS.finditer(self.got):
            end = found.end()
            yield int(found.group(1)), b"Retry-After: " in found.group(2)
        self.got = self.got[end:][-16384:]


class Crowd:
    def __init__(self, port, wanted):
        self.port, self.wanted = port, wanted
        self.selector = selectors.DefaultSelector()
        self.open = {kind: set() for kind in wanted}
        self.seen = {kind: collections.Counter() for kind in wanted}
        self.without = 0
        self.most_open = collections.Counter()

    def add(self, kind):
        for _ in range(min(AT_ONCE, self.wanted[kind] - len(self.open[kind]))):
            one = Attacker(kind, self.port)
            self.open[kind].add(one)
            self.seen[kind]["made"] += 1
            events = selectors.EVENT_READ if one.is_slow() else \
                selectors.EVENT_READ | selectors.EVENT_WRITE
            self.selector.register(one.socket, events, one)
        self.most_open[kind] = max(self.most_open[kind], len(self.open[kind]))

    def drop(self, one):
        self.selector.unregister(one.socket)
        one.socket.close()
        self.open[one.kind].discard(one)
        self.seen[one.kind]["ended"] += 1

    def drive(self, one, events):
        try:
            goes_on = one.receive() if events & selectors.EVENT_READ else True
            for status, may_return in one.answers():
                self.seen[one.kind][status] += 1
                self.without += status in (429, 503) and not may_return
            if goes_on and events & selectors.EVENT_WRITE:
                one.send()
        except OSError:
            goes_on = False
        if not goes_on:
            self.drop(one)

    def run(self, seconds):
        end, next_tick = time.monotonic() + seconds, 0
        while (now := time.monotonic()) < end:
            if now >= next_tick:
                next_tick = now + TICK_S
                for kind in self.wanted:
                    self.add(kind)
                    if kind in ("slowloris", "slow_body", "slow_reader"):
                        for one in list(self.open[kind]):
                            self.drive(one, selectors.EVENT_WRITE)
            for key, events in self.selector.select(max(0, next_tick - time.monotonic())):
                self.drive(key.data, events)

    def report(self):
        told = {kind: {str(what): count for what, count in seen.items()}
                for kind, seen in self.seen.items()}
        for kind, most in self.most_open.items():
            told[kind]["most_open"] = most
        return {**told, "without_retry_after": self.without}


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    wanted = {kind: int(count) for kind, count in (word.split("=") for word in sys.argv[3:])}
    crowd = Crowd(int(sys.argv[1]), wanted)
    crowd.run(float(sys.argv[2]))
    print(json.dumps(crowd.report()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
