# console.py - a browser's part of signing in: a cookie, a token, an origin.
# SPDX-License-Identifier: Apache-2.0
"""Only Python's standard library. Passwords cost 19 MiB instead of 256, so that suites take seconds."""
import json
import pathlib

import support
from support import dump

JSON = {"Content-Type": "application/json"}
CHEAP = {"MYRIAD_PASSWORDS_MEMORY_MB": 19}
OPEN = {**CHEAP, "MYRIAD_LIMITS_SIGN_INS_PER_MINUTE": 0}
PASSWORD = "four words of nonsense"
ROLES = ["viewer", "analyst", "marketer", "developer", "owner"]


def make(folder, *words, env=None):
    """A server, not yet started, and the token that lets its owner in."""
    made = support.run("init", folder, "--email", "owner@shop.example", *words)
    if made.returncode != 0:
        raise RuntimeError(made.stderr.decode())
    keys = json.loads(made.stdout)
    server = support.Server(pathlib.Path(folder), env=OPEN if env is None else env, make=False)
    server.write_key, server.api_key = keys["write_key"], keys["api_key"]
    return server, token_of(keys["signin_url"])


def token_of(link):
    return link.partition("#")[2]


def post(server, path, body, headers=None):
    return server.call("POST", path, dump(body), {**JSON, **(headers or {})})


def sign_in(server, email, password=PASSWORD, headers=None):
    return post(server, "/api/session", {"email": email, "password": password}, headers)


class Browser:
    """One session: what a page of this server sends."""

    def __init__(self, server, answer):
        if answer.status != 200:
            raise RuntimeError(f"not signed in: {answer}")
        self.server = server
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        self.csrf = answer.json()["csrf"]
        self.id = answer.json()["user"]["id"]
        self.session = answer.json()["session"]

    def headers(self):
        return {"Cookie": self.cookie, "X-CSRF-Token": self.csrf, "Origin": self.server.url,
                "Sec-Fetch-Site": "same-origin"}

    def call(self, method, path, body=None, headers=None, without=()):
        sent = {k: v for k, v in {**self.headers(), **(headers or {})}.items() if k not in without}
        if body is not None:
            sent = {**JSON, **sent}
            body = body if isinstance(body, bytes) else dump(body)
        return self.server.call(method, path, body, sent)


def by_link(server, token, **more):
    return post(server, "/api/session/link", {"token": token, **more})


def join(server, owner, role, email=None, password=PASSWORD):
    """Invites somebody and joins as her."""
    made = owner.call("POST", "/api/users", {"email": email or f"{role}@shop.example", "role": role})
    if made.status != 201:
        raise RuntimeError(f"no invitation: {made}")
    return Browser(server, by_link(server, token_of(made.json()["link"]), name=role.title(), password=password))
