#!/usr/bin/env python3
"""The snippets of docs/guides/publishing.md, run as they stand there against a real Kafka with a manager at work.

  test_publishing.py MUSTER      MUSTER_TEST_KAFKA names a Kafka (host:port); KAFKA_HOME its jars, for the one in Java
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import test_managers
from test_managers import Kafka, World

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/guides/publishing.md"
TIMEOUT = 60


class PublishingTests(unittest.TestCase):
    def setUp(self):
        self.world = World(1, Kafka)
        self.addCleanup(self.world.__exit__, None)
        self.world.start()
        self.world.wait_for_journal()

    def snippet(self, language, file):
        (text,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
        path = self.world.folder / file
        path.write_text(text)
        return path

    def node(self, name):
        done = self.world.run("nodes", "-o", "json", check=False)
        found = json.loads(done.stdout)["nodes"] if done.returncode == 0 else []
        return next((node for node in found if node["node"] == name), None)

    def heartbeats(self, name):
        return [value for *_, value in self.world.log.records("heartbeats") if value and name.encode() in value]

    def check(self, name, command):
        """Runs it until its node is known and it has beaten three times; nothing of it was refused."""
        said = open(self.world.folder / f"{name}.txt", "w+b")
        self.addCleanup(said.close)
        environment = {**os.environ, "BROKERS": self.world.log.servers, "PREFIX": self.world.log.prefix, "NODE": name}
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
        try:
            limit = time.monotonic() + TIMEOUT
            while not self.node(name) or len(self.heartbeats(name)) < 3:
                said.seek(0)
                self.assertIsNone(process.poll(), said.read())
                self.assertLess(time.monotonic(), limit, f"{self.node(name)}, {len(self.heartbeats(name))} heartbeats")
                time.sleep(0.2)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.assertEqual(self.node(name)["status"], "up")
        self.assertEqual(list(self.world.log.records("quarantine")), [])

    def test_the_shell(self):
        self.check("shell-1", ["sh", "-eu", self.snippet("sh", "publish.sh")])

    def test_python(self):
        self.check("python-1", [sys.executable, self.snippet("python", "publish.py")])

    def test_java(self):
        home = os.environ.get("KAFKA_DISTRIBUTION") or os.environ.get("KAFKA_HOME", "")
        if not shutil.which("javac") or not pathlib.Path(home, "libs").is_dir():
            self.skipTest("there is no compiler for Java, or Kafka's folder libs is not there")
        self.check("java-1", ["java", "-cp", f"{home}/libs/*", self.snippet("java", "Publish.java")])

    def test_what_is_malformed_or_misplaced_lies_in_quarantine_with_its_reason(self):
        text = self.snippet("python", "publish.py").read_text()
        lame = self.world.folder / "lame.py"
        lame.write_text(text.replace('"blank": True, ', "").replace("murmur2_random", "consistent"))
        environment = {**os.environ, "BROKERS": self.world.log.servers, "PREFIX": self.world.log.prefix, "NODE": "lame-1"}
        # The cluster is known once somebody has named it rightly.
        self.world.run("publish", "node-reported-up", "--cluster", "orders", "--node", "n1")
        process = subprocess.Popen([sys.executable, lame], env=environment)
        try:
            limit = time.monotonic() + TIMEOUT
            while True:
                done = self.world.run("quarantine", "list", "-o", "json", check=False)
                if 'the member \\"blank\\" is missing' in done.stdout and "belongs in partition" in done.stdout:
                    break
                self.assertLess(time.monotonic(), limit, done.stdout[-1000:])
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
        self.assertIsNone(self.node("lame-1"))


if __name__ == "__main__":
    test_managers.MUSTER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
