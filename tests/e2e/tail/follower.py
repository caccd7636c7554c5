# follower.py - reads a tail as the standard says, and comes again when it breaks off.
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import threading
import time

import support


class Follower(threading.Thread):
    """Comes again with the last id when the stream breaks off. `headers`: other than with the key."""

    def __init__(self, server, query="", again=True, after=None, headers=None):
        super().__init__(daemon=True)
        self.sent = headers or support.bearer(server.api_key)
        self.server, self.query, self.again, self.last_id = server, query, again, after
        self.events, self.beats, self.connects = [], 0, 0
        self.retry_ms = self.error = self.status = None
        self.is_ended_cleanly = False
        self.ends = threading.Event()
        self.start()

    def run(self):
        while not self.ends.is_set():
            try:
                self.is_ended_cleanly = False
                self.follow()
                self.is_ended_cleanly = self.status == 200
            except (OSError, http.client.HTTPException) as error:
                self.error = error
            if not self.again:
                return
            time.sleep(0.05)

    def follow(self):
        headers = dict(self.sent)
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.connection.request("GET", "/api/tail" + self.query, None, headers)
        answer = self.connection.getresponse()
        self.status, self.headers = answer.status, answer.headers
        if answer.status != 200:
            self.body = answer.read()
            return
        self.connects += 1
        data, name, seen_id = [], "", self.last_id
        while not self.ends.is_set():
            line = answer.readline()
            if not line:
                return
            field, _, value = line.rstrip(b"\n").decode().partition(":")
            value = value.removeprefix(" ")
            if line == b"\n":
                self.last_id = seen_id
                if data:
                    self.events.append((seen_id, name, json.loads("\n".join(data))))
                data, name = [], ""
            elif field == "id":
                seen_id = value
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "retry":
                self.retry_ms = int(value)
            elif field == "":
                self.beats += 1

    def named(self, name):
        return [data for _, event, data in self.events if event == name]

    def numbers(self):
        return [message["properties"]["n"] for message in self.named("message")]

    def end(self):
        self.ends.set()


def send(server, first, count, event="count"):
    """Messages that carry a number; True when they are stored."""
    batch = [{"type": "track", "event": event, "userId": f"u{n % 7}", "messageId": f"m{n}",
              "properties": {"n": n}} for n in range(first, first + count)]
    return server.send("batch", {"batch": batch}).status == 200
