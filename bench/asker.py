# asker.py - asks a served folder over one kept connection and times it.
# SPDX-License-Identifier: Apache-2.0
import json
import socket
import time


class Refused(Exception):
    """The program does not answer the question; it said why."""


class Asker:
    """One keep-alive connection, as bare as can be: its own cost must not hide the answer's."""

    def __init__(self, server):
        host, _, port = server.address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = (f"HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n"
                     f"Authorization: Bearer {server.api_key}\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def request(self, method, path, body=b""):
        return f"{method} {path} {self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def query(self, question):
        return self.request("POST", "/api/query", json.dumps(question).encode())

    def exchange(self, request):
        """(status, body, milliseconds)"""
        start = time.perf_counter()
        self.socket.sendall(request)
        got = self.socket.recv(262144)
        end = got.find(b"\r\n\r\n")
        while end < 0:
            got += self.more()
            end = got.find(b"\r\n\r\n")
        head = got[:end].lower()
        at = head.find(b"content-length:")
        pieces, left = [got[end + 4:]], int(head[at + 15:].split(b"\r\n", 1)[0]) - len(got) + end + 4
        while left > 0:
            pieces.append(self.more())
            left -= len(pieces[-1])
        spent = (time.perf_counter() - start) * 1000
        return int(got[9:12]), b"".join(pieces), spent

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece

    def ask(self, question):
        """(answer, elapsed_ms by the program, milliseconds seen here)"""
        status, body, spent = self.exchange(self.query(question))
        answer = json.loads(body)
        if status != 200:
            raise Refused(answer.get("detail") or body.decode(errors="replace")[:300])
        return answer, answer["meta"]["elapsed_ms"], spent

    def together(self, questions):
        """The same of several questions that are one of the table."""
        done = [self.ask(question) for question in questions]
        return [d[0] for d in done], sum(d[1] for d in done), sum(d[2] for d in done)
