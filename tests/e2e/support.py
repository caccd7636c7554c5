# support.py - what the end-to-end suites share: a server in a temporary folder, calls, the count.
# SPDX-License-Identifier: Apache-2.0
"""Only Python's standard library. A suite makes a Suite, starts Servers, calls `check` for every
statement it makes, and ends with `sys.exit(suite.end())`."""
import base64
import fcntl
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
MYRIAD = os.environ.get("MYRIAD") or str(ROOT / "build/myriad")
TEST_DATA = os.environ.get("MYRIAD_TEST_DATA")
PATIENCE_S = 30


class Suite:
    """Counts; says only what failed or was skipped, and the closing line."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def check(self, holds, sentence, *details):
        with self.lock:
            if holds:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED {sentence}" + "".join(f"\n    {d!r:.600}" for d in details), flush=True)
        return bool(holds)

    def equal(self, got, want, sentence):
        return self.check(got == want, sentence, f"got {got!r:.280}", f"want {want!r:.280}")

    def skip(self, sentence, count=1):
        with self.lock:
            self.skipped += count
        print(f"skipped {sentence}", flush=True)

    def run(self, *steps):
        """Runs each function; what it raises is one failure."""
        for step in steps:
            try:
                step()
            except Exception:  # a suite must always come to its closing line
                self.check(False, f"{step.__name__} came to its end")
                traceback.print_exc(file=sys.stdout)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


class Folder:
    """A temporary folder that goes with its `with` block."""

    def __init__(self, base=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="myriad-test-", dir=base))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:300]!r}"


def run(*words, stdin=None, env=None, timeout=60, prefix=()):
    """One command of the program, to its end."""
    return subprocess.run([*prefix, MYRIAD, *map(str, words)], input=stdin, env=env_of(env),
                          capture_output=True, timeout=timeout, check=False,
                          **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))


def install(suite_folder):
    """The folder where npm put what the suite's lock file names, under build/; None if it cannot."""
    lock = (suite_folder / "package-lock.json").read_bytes()
    folder = ROOT / "build/e2e" / f"{suite_folder.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if (folder / "installed").exists():
        return folder
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # another suite that runs beside may want the same
        return folder if (folder / "installed").exists() or fill(folder, suite_folder) else None


def fill(folder, suite_folder):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(suite_folder / name, folder / name)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                          capture_output=True, check=False, timeout=300)
    if done.returncode != 0:
        print(done.stderr.decode(errors="replace")[-500:])
        return False
    (folder / "installed").touch()
    return True


def build(target, folder=ROOT / "build"):
    """The path of a program of the tests, up to date; without it there is no suite."""
    with (folder / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # ninja must not run twice in one folder
        made = subprocess.run(["ninja", "-C", folder, target], capture_output=True, text=True, check=False)
    if made.returncode:
        sys.exit(f"{made.stdout[-3000:]}\n0 passed, 1 failed, 0 skipped")
    return folder / target


def env_of(extra):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MYRIAD_")}
    return {**kept, **{k: str(v) for k, v in (extra or {}).items()}}


def until(holds, patience_s=PATIENCE_S, pause_s=0.01):
    """Waits until holds() is true and returns its value, or its last one."""
    end = time.monotonic() + patience_s
    while True:
        value = holds()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause_s)


def basic(key):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Server:
    """A data folder and the process that serves it."""

    def __init__(self, folder, env=None, make=True):
        self.data = pathlib.Path(folder)
        self.env = env
        self.process = None
        self.port = None
        if make:
            made = run("init", self.data)
            if made.returncode != 0:
                raise RuntimeError(made.stderr.decode())
            keys = json.loads(made.stdout)
            self.write_key, self.api_key = keys["write_key"], keys["api_key"]

    def start(self, *words, prefix=(), wait=True, patience_s=PATIENCE_S):
        """Serves on the port it had before, if it had one."""
        self.errors = tempfile.TemporaryFile()
        listen = f"127.0.0.1:{self.port or 0}"
        self.process = subprocess.Popen(
            [*prefix, MYRIAD, "serve", "--data", str(self.data), "--listen", listen, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
            env=env_of(self.env))
        if wait:
            self.wait_ready(patience_s)
        return self

    def wait_ready(self, patience_s=PATIENCE_S):
        timer = threading.Timer(patience_s, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline().decode()
        finally:
            timer.cancel()
        found = re.fullmatch(r"Myriad is at http://127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.wait()
            raise RuntimeError(f"serve did not get ready: {line!r} {self.said()}")
        self.port = int(found.group(1))

    def said(self):
        """What it wrote to standard error."""
        file = self.errors.fileno()  # its place in the file is the server's, too: a seek would move it
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def stop(self, how=signal.SIGTERM, patience_s=PATIENCE_S):
        """Sends the signal and returns the exit status; None if it was not running."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
            status = f"had to be killed: {status}"
        self.process.stdout.close()
        self.process = None
        return status

    def kill(self):
        return self.stop(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def send(self, call, body, headers=None, key=None, packed=False):
        """POSTs to /v1/CALL with the write key; a body that is not bytes is written as JSON."""
        headers = {"Content-Type": "application/json", **basic(key or self.write_key),
                   **(headers or {})}
        body = body if isinstance(body, bytes) else dump(body)
        if packed:
            body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
        return self.call("POST", f"/v1/{call}", body, headers)

    def api(self, method, path, body=None, key=None):
        if body is not None and not isinstance(body, bytes):
            body = dump(body)
        headers = bearer(key or self.api_key)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.call(method, path, body, headers)

    def ask(self, question, key=None):
        """The answer to a question about all that is stored by now."""
        self.settle()
        answer = self.api("POST", "/api/query", question, key)
        if answer.status != 200:
            raise RuntimeError(f"{question} -> {answer}")
        return answer.json()

    def total(self, event="*", measure="events", **more):
        """The one figure of a trend over all time."""
        series = self.ask({"kind": "trend", "event": event, "measure": measure, "interval": "all",
                           **more})["series"]
        return series[0]["total"] if series else 0

    def timeline(self, person, **more):
        """Every event of a person, page by page."""
        events, cursor = [], None
        while True:
            page = self.ask({"kind": "timeline", "person": person, "limit": 1000, **more,
                             **({"cursor": cursor} if cursor else {})})
            events += page["events"]
            cursor = page.get("cursor")
            if not cursor:
                return events

    def metrics(self):
        return read_metrics(self.call("GET", "/metrics").body.decode())

    def settle(self):
        """Waits until questions see all that is durable."""
        if not until(lambda: self.metrics()["myriad_fold_lag_records", ""] == 0):
            raise RuntimeError("questions never saw the newest events")

    def raw(self, data, patience_s=PATIENCE_S, half_close=False):
        """Sends bytes as they are, and reads until the server closes or nothing more comes."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.port), patience_s) as s:
            try:
                s.sendall(data)
                if half_close:
                    s.shutdown(socket.SHUT_WR)
                while True:
                    piece = s.recv(65536)
                    if not piece:
                        return got, True
                    got += piece
            except (ConnectionResetError, BrokenPipeError):
                return got, True
            except TimeoutError:
                return got, False


def read_metrics(text):
    """Prometheus' text format 0.0.4: {(name, labels): value}. ValueError where it is not that."""
    values, types = {}, {}
    for line in text.splitlines():
        if not line:
            continue
        if line.startswith("#"):
            word = line.split(" ", 3)
            if word[1] == "TYPE":
                if word[2] in types or word[3] not in ("counter", "gauge", "histogram", "summary"):
                    raise ValueError(line)
                types[word[2]] = word[3]
            elif word[1] != "HELP":
                raise ValueError(line)
            continue
        found = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="[^"\\]*",?)*)\})? '
                             r'(-?[0-9.e+-]+|\+Inf|NaN)', line)
        if not found:
            raise ValueError(line)
        name, labels, value = found.group(1), found.group(2) or "", float(found.group(3))
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in types and types.get(family) != "histogram":
            raise ValueError(f"no type: {line}")
        if (name, labels) in values:
            raise ValueError(f"twice: {line}")
        values[name, labels] = value
    return values
