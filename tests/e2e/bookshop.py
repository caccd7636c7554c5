# bookshop.py - the demo's process, as the suites start and stop it.
# SPDX-License-Identifier: Apache-2.0
"""Only Python's standard library."""
import decimal
import json
import subprocess
import tempfile

import support


class Demo(support.Server):
    """A demo, whose server is looked at as any other."""

    def __init__(self, folder, *words):
        super().__init__(folder, make=False)
        self.words = words

    def start(self, *words, wait=True, **_):
        self.errors = tempfile.TemporaryFile()
        listen = f"127.0.0.1:{self.port or 0}"
        self.process = subprocess.Popen(
            [support.MYRIAD, "demo", "--data", str(self.data), "--listen", listen,
             *map(str, (*self.words, *words))], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, env=support.env_of(self.env))
        if wait:
            told = json.loads(self.process.stdout.readline())
            self.port = int(told["url"].rsplit(":", 1)[1])
            self.write_key, self.api_key = told["write_key"], told["api_key"]
            self.told = told
        return self

    @property
    def beside(self):
        return self.data.with_name(self.data.name + ".demo")

    def truth(self):
        return [json.loads(line, parse_float=decimal.Decimal)
                for line in (self.beside / "truth.jsonl").read_text().splitlines()]

    def state(self):
        return json.loads((self.beside / "state.json").read_text())
