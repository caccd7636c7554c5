# bench_server.py - the built program on a folder, for what measures it.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def make_folder(folder):
    """A new data folder; its keys lie in keys.json beside it."""
    made = subprocess.run([BUILD / "myriad", "init", folder], check=True, capture_output=True,
                          text=True)
    (pathlib.Path(folder).parent / "keys.json").write_text(made.stdout, encoding="utf-8")


class Server:
    """The program on a folder; ends with the block."""

    def __init__(self, folder, fresh=True, cores=None):
        self.folder = pathlib.Path(folder)
        if fresh:
            make_folder(self.folder)
        keys = json.loads((self.folder.parent / "keys.json").read_text(encoding="utf-8"))
        self.write_key, self.api_key = keys["write_key"], keys["api_key"]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*(["taskset", "-c", cores] if cores else []), BUILD / "myriad", "serve", "--data",
             self.folder, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - self.started
        if "http://" not in line:
            sys.exit(f"The server did not start: {line}")
        self.address = line.strip().rsplit("/", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end(signal.SIGTERM)

    def end(self, by):
        if self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(timeout=60)

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return {name: float(value) for name, value in
                re.findall(r"^myriad_(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}

    def settled(self):
        """The figures once questions see every event."""
        return self.wait_for_none("fold_lag_records")

    def combined(self):
        """The figures once no column files wait to be combined."""
        return self.wait_for_none("columns_due")

    def wait_for_none(self, name):
        while True:
            figures = self.metrics()
            if not figures[name]:
                return figures
            time.sleep(0.05)

    def load(self, *options):
        done = subprocess.run([BUILD / "bench" / "load", self.address, self.write_key,
                               *map(str, options)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"The load failed: {done.stderr}{done.stdout}")
        return json.loads(done.stdout)


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return (f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, "
            f"{int(memory.group(1)) / 2**20:.0f} GiB, {platform.system()} {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def show(number):
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
