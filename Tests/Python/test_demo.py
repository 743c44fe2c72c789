#!/usr/bin/env python3
"""`muster demo etcd`: the story to its end, and in the middle of it.

  test_demo.py MUSTER       MUSTER is the built program
"""
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from etcd_cluster import free_ports, wait_for
from fleet import rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUSTER = "muster"
PORTS = 24
# As the story has them: its removal delay, and what is longer than every deadline.
DELAY, AGES = 10, 20
PARTS = ["form", "join", "restart", "return", "lose", "leader", "replace", "manager", "agent", "two", "drift", "silence"]


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class Journal:
    """The events of a story's journal, by the parts in whose time they lie."""

    def __init__(self, lines, parts):
        self.events = []
        for line in lines.splitlines():
            event = json.loads(line)
            event.setdefault("node", None)
            self.events.append((moment(event["time"]), event))
        self.spans = {part["part"]: (moment(part["began"]), moment(part["began"]) + part["done"] / 1000) for part in parts}

    def of(self, part):
        """What was decided from the part's beginning to its end, with the times."""
        first, last = self.spans[part]
        return [(at, event) for at, event in self.events if first <= at <= last]

    def commands(self, part):
        found = [event for _, event in self.of(part) if event["event"] == "commandIssued"]
        return [f"{next(word for word in event['sentence'].split() if word.endswith(('Member', 'Leadership', 'Node')))} {event['node']}"
                for event in found]


class DemoTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        first = free_ports(PORTS, in_a_row=True)[0]
        self.words = [MUSTER, "demo", "etcd", "--folder", self.folder, "--port", str(first)]

    def tearDown(self):
        for process in self.left():
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def left(self):
        """Processes whose command line names the folder."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder).encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return found

    def ask(self, *words):
        done = subprocess.run([MUSTER, *words, "--log", f"sqlite:{self.folder}/muster.db"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_whole_story_comes_to_its_end_each_part_as_it_must(self):
        told, said = self.tell()
        parts = {part["part"]: part for part in told["parts"]}
        listed = json.loads(subprocess.run([MUSTER, "demo", "etcd", "--list", "-o", "json"], capture_output=True, timeout=60).stdout)
        self.assertEqual([part["part"] for part in told["parts"]], [part["part"] for part in listed["parts"]])
        self.assertEqual(list(parts), PARTS)
        journal = Journal(self.ask("log", "--cluster", "kv", "-o", "jsonl"), told["parts"])
        for name, part in parts.items():
            with self.subTest(part=name):
                self.assertIn(f", {name}: {part['sentence']}", said)
                self.assertIn(f"{part['end']}: ", said)
                node = part["look"].removeprefix("muster why ")
                self.assertIn(node, self.ask("why", node, "--cluster", "kv"))
                # What it says was commanded is what the journal has between its beginning and the next one.
                self.assertEqual(list(dict.fromkeys(journal.commands(name))), part["commands"])
                getattr(self, f"check_{name}")(part, journal)
        self.assertLessEqual(sum(part["written"] for part in parts.values()), told["written"])
        self.assertGreater(told["written"], 500)
        self.ask("verify")
        # Nobody began a command twice, not even who was killed in it.
        begun = [command for file in self.folder.glob("e*/muster-agent.txt")
                 for command in re.findall(r"carries out \w+ command=(\S+)", file.read_text())]
        self.assertEqual(len(begun), len(set(begun)))
        self.assertGreaterEqual(len(begun), sum(len(part["commands"]) for part in parts.values()))

    def tell(self, *words):
        """Runs it to its end: its result, and what it told meanwhile."""
        done = subprocess.run([*self.words, *words, "-o", "json"], capture_output=True, text=True, timeout=420)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wait_for("nothing is left", lambda: not self.left())
        return json.loads(done.stdout), done.stderr

    def commanded(self, part, *actions):
        """The part commanded these, in this order, and all for one node, whose name is answered."""
        found = [command.split() for command in part["commands"]]
        self.assertEqual([action for action, _ in found], list(actions))
        (node,) = {node for _, node in found}
        return node

    def down(self, journal, name, node):
        """How long the node was down before its removal was commanded."""
        (since,) = [at for at, event in journal.of(name) if event["event"] == "nodeDown" and event["node"] == node]
        commanded = min(at for at, event in journal.of(name)
                        if event["event"] == "commandIssued" and event["node"] == node and "removeMember" in event["sentence"])
        return round(commanded - since, 3)

    def check_form(self, part, journal):
        self.assertEqual(part["commands"], [])

    def check_join(self, part, journal):
        one = ["addMember", "startMember", "promoteMember"]
        self.assertEqual(part["commands"], [f"{action} {node}" for node in ("e4", "e5") for action in one])
        for node in ("e4", "e5"):
            steps = [text for _, event in journal.of("join") if event["node"] == node and event["event"] == "stepDone"
                     for text in [event["sentence"]]]
            places = [next(place for place, text in enumerate(steps) if f"step {step} is done" in text)
                      for step in ("learner", "start", "catchUp", "promote")]
            self.assertEqual(places, sorted(places), steps)

    def check_restart(self, part, journal):
        self.assertEqual(part["commands"], [])
        started = [event["node"] for _, event in journal.of("restart") if event["event"] == "nodeStarted"]
        self.assertEqual(sorted(started), ["e1", "e2", "e3", "e4", "e5"])

    def check_return(self, part, journal):
        self.assertEqual(part["commands"], [])
        self.assertEqual([event["event"] for _, event in journal.of("return") if event["event"].startswith("removal")],
                         ["removalScheduled", "removalCancelled"])

    def check_lose(self, part, journal):
        node = self.commanded(part, "removeMember")
        self.assertGreaterEqual(self.down(journal, "lose", node), DELAY)

    def check_leader(self, part, journal):
        node = self.commanded(part, "transferLeadership", "removeMember", "stopMember")
        self.assertNotIn(f"{node} leads", part["end"])

    def check_replace(self, part, journal):
        self.commanded(part, "removeMember", "addMember", "startMember", "promoteMember")
        self.assertEqual(len([1 for _, event in journal.of("replace") if event["event"] == "nodeStarted"]), 1)

    def check_manager(self, part, journal):
        self.commanded(part, "addMember", "startMember", "promoteMember")
        authors = [json.loads(value)["decision"]["manager"]["id"]
                   for _, value in rows(self.folder / "muster.db", "journal") if "decision" in json.loads(value)]
        self.assertEqual(len(set(authors)), 2)

    def check_agent(self, part, journal):
        node = self.commanded(part, "addMember", "startMember", "promoteMember")
        # The first start was killed in the middle of its command, whose end nobody has reported; nothing was begun twice, as is seen above.
        started = [event["sentence"] for _, event in journal.of("agent") if event["event"] == "nodeStarted" and event["node"] == node]
        self.assertEqual([sentence[-2] for sentence in started], ["1", "2"])
        said = [f"{event['event']} {event['sentence']}" for _, event in journal.of("agent") if event["node"] == node]
        places = [next(place for place, text in enumerate(said) if all(word in text for word in words))
                  for words in (("commandIssued", "startMember"), ("nodeStarted", "start 2)"), ("stepDone", "step start is done"))]
        self.assertEqual(places, sorted(places), said)

    def check_two(self, part, journal):
        found = [command.split() for command in part["commands"]]
        self.assertEqual([action for action, _ in found], ["removeMember"] * 2)
        for _, node in found:
            self.assertGreaterEqual(self.down(journal, "two", node), DELAY)

    def check_drift(self, part, journal):
        self.commanded(part, "stopMember")
        # Removed, added, and that one removed again.
        self.assertEqual(len([1 for _, event in journal.of("drift") if event["event"] == "driftDetected"]), 3)

    def check_silence(self, part, journal):
        self.assertEqual(part["commands"], [])
        began = moment(part["began"])
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/muster.db?mode=ro", uri=True)) as base:
            beats = [time / 1000 for (time,) in base.execute("SELECT time FROM records WHERE topic = 'heartbeats' ORDER BY time")]
        # Nobody was heard meanwhile.
        self.assertGreater(max(after - before for before, after in zip(beats, beats[1:]) if after > began), AGES)

    def test_the_guide_has_the_parts(self):
        listed = json.loads(subprocess.run([MUSTER, "demo", "etcd", "--list", "-o", "json"], capture_output=True, timeout=60).stdout)
        guide = (ROOT / "docs/guides/etcd.md").read_text()
        rows = re.findall(r"(?m)^\| `(\w+)` \| (.*) \|$", guide)
        self.assertEqual(rows, [(part["part"], part["sentence"]) for part in listed["parts"]])

    def test_one_part_is_told_alone_and_what_it_needs_is_made_first(self):
        told, said = self.tell("--part", "leader")
        self.assertEqual([part["part"] for part in told["parts"]], ["form", "leader"])
        self.assertIn("one more machine is added before the next part", said)
        self.check_leader(told["parts"][1], None)
        nodes = {node["node"]: node["membership"] for node in told["nodes"]}
        self.assertEqual(sorted(nodes.values()), ["member", "member", "member", "removed"])

    def test_a_port_that_is_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", int(self.words[-1]) + 3)) as taken:
            done = subprocess.run(self.words, capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"port {taken.getsockname()[1]} of this machine is in use already", done.stderr)
            self.assertIn("--port", done.stderr)

    def test_a_story_that_is_stopped_leaves_no_process(self):
        process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in process.stdout:
            if "e2: is up" in line:
                break
        process.terminate()
        process.stdout.close()
        process.wait(timeout=60)
        wait_for("nothing is left", lambda: not self.left())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    MUSTER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
