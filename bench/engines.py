# engines.py - the other engines: their tables and the best of their forms of each question.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import time

from bench_server import BUILD

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
ENGINES = ("duckdb", "chdb")


def statements(engine):
    """{name: [SQL, ...]} of the engine's file."""
    text = (PEERS / f"{engine}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\S+)\n", text, flags=re.M)[1:]
    return {name: [sql.strip() for sql in re.split(r";\s*\n", body) if sql.strip()]
            for name, body in zip(parts[::2], parts[1::2])}


class Engine:
    """One engine in a process of its own, with its tables in `folder`."""

    def __init__(self, name, modules, folder, places):
        self.name, self.places = name, places
        self.sql = statements(name)
        self.process = subprocess.Popen(
            ["node", PEERS / "peer.mjs", modules, name, folder / f"{name}.store"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for sql in self.sql["settings"]:
            self.ask(sql)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def ask(self, sql):
        """(rows, milliseconds)"""
        for name, value in self.places.items():
            sql = sql.replace("{" + name + "}", str(value))
        self.process.stdin.write(json.dumps({"sql": sql}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}\n{sql}")
        return answer["rows"], answer["ms"]

    def load(self):
        """Seconds for reading the rows; clustering them is given away."""
        start = time.monotonic()
        for sql in self.sql["load"]:
            self.ask(sql)
        loaded = time.monotonic() - start
        for sql in self.sql["cluster"]:
            self.ask(sql)
        return loaded

    def forms(self, question):
        return {name: sqls[0] for name, sqls in self.sql.items() if name.startswith(f"{question}_")}

    def best(self, question, runs):
        """{form: (rows, [ms, ...])} after one warm-up each. A form that its engine cannot carry
        out (memory) is left out and told."""
        found = {}
        for form, sql in self.forms(question).items():
            try:
                self.ask(sql)
                done = [self.ask(sql) for _ in range(runs)]
            except RuntimeError as error:
                if self.process.poll() is not None:
                    raise
                print(f"  {form} on {self.name} failed: {str(error)[:300]}", flush=True)
                continue
            found[form] = (done[0][0], [ms for _, ms in done])
        return found


def fastest(forms):
    """The form with the least median."""
    return min(forms, key=lambda form: statistics.median(forms[form][1]), default=None)


def modules():
    """Where npm put what the lock file names, under build/; None if it cannot. (`npm ci` wants the
    builds for every platform in the lock file, also where the registry has only this one's.)"""
    lock = (PEERS / "package-lock.json").read_bytes()
    folder = BUILD / "bench" / f"peers-{hashlib.sha256(lock).hexdigest()[:12]}"
    if (folder / "installed").exists():
        return folder
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / name, folder / name)
    print("Fetching DuckDB and chdb from npm (about 150 MB) ...", flush=True)
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"],
                          cwd=folder, capture_output=True, text=True, timeout=900)
    if done.returncode:
        print(done.stderr[-1000:])
        return None
    (folder / "installed").touch()
    return folder
