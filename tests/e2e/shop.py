# shop.py - a site that carries the browser script, the server that it tells, and people with a browser.
# SPDX-License-Identifier: Apache-2.0
"""Needs chromium, node and npm; `tools()` says whether they are there. A suite has a browse.mjs beside its
`run`, which is told MODULES CHROMIUM SITE MODE and prints what it saw as JSON, with `complaints`."""
import http.server
import json
import pathlib
import shutil
import subprocess
import threading

import support

# The browser of these tests is one without a window, and says so: a machine's.
UNJUDGED = {"MYRIAD_ENRICH_TRAFFIC": "0"}
POLICY = "default-src 'none'; script-src 'self' {host}; connect-src {host}; img-src data:"


def tools():
    """The folder of playwright-core and the browser's path; None where one of them is missing."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    modules = support.install(pathlib.Path(__file__).resolve().parent / "script") if browser else None
    return (modules, browser) if modules else None


class Site(http.server.BaseHTTPRequestHandler):
    """A shop whose policy lets nothing run or leave but for the script's server."""

    def do_GET(self):
        path = self.path.split("?")[0]
        media, body = self.server.page(path, self.server.shop)
        body = body.encode()
        self.send_response(200)
        for name, value in (("Content-Type", media), ("Content-Length", str(len(body))),
                            ("Content-Security-Policy", POLICY.format(host=self.server.shop.server.url)),
                            ("Referrer-Policy", "unsafe-url")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Shop:
    """`page(path, shop)` gives media type and text of what stands at a path."""

    def __init__(self, suite, script, tools_found, page):
        self.suite, self.script, self.page = suite, script, page
        self.modules, self.browser = tools_found

    def __enter__(self):
        self.folder = support.Folder()
        self.server = support.Server(self.folder.__enter__() / "data", env=UNJUDGED).start()
        self.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.site.page, self.site.shop = self.page, self
        threading.Thread(target=self.site.serve_forever, daemon=True).start()
        self.url = f"http://localhost:{self.site.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.site.shutdown()
        self.site.server_close()
        self.server.kill()
        self.folder.__exit__()

    def browse(self, mode):
        done = subprocess.run(["node", self.script, self.modules, self.browser, self.url, mode],
                              capture_output=True, timeout=120, check=False)
        if not self.suite.check(done.returncode == 0, f"{mode}: the person gets through",
                                done.stderr.decode()[-600:]):
            return {}
        seen = json.loads(done.stdout)
        self.suite.equal(seen["complaints"], [], f"{mode}: the browser complains of nothing")
        return seen
