#!/usr/bin/env python3
"""`muster demo etcd`: the story to its end, and in the middle of it.

  test_demo.py MUSTER       MUSTER is the built program
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from etcd_cluster import free_ports, wait_for

MUSTER = "muster"


class DemoTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        first = free_ports(10, in_a_row=True)[0]
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

    def test_the_story_comes_to_its_end_and_leaves_an_honest_log_and_no_process(self):
        done = subprocess.run(self.words, capture_output=True, text=True, timeout=180)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        told = ["a client begins to write", "e4: begins to join etcd", "e4: is a learner in etcd", "e4: has caught up in etcd",
                "e4: votes in etcd", "e5: is a learner in etcd", "e5: has caught up in etcd", "e5: votes in etcd",
                "which follows, is lost for a while", "will be removed in 12.0 s unless it returns", "is started again before the deadline",
                "its removal is cancelled (heard)", "five voters as before: nobody was removed",
                "which leads, is lost", "is removed (silence)", "four voters are left", "writes were acknowledged, and each is there"]
        places = [done.stdout.find(line) for line in told]
        self.assertNotIn(-1, places, done.stdout)
        self.assertEqual(places, sorted(places), done.stdout)
        self.assertEqual(done.stdout.count("is removed ("), 1, done.stdout)
        (acknowledged,) = re.findall(r"(\d+) writes were acknowledged", done.stdout)
        # One about every 25 ms, for longer than the two deadlines take.
        self.assertGreater(int(acknowledged), 500, done.stdout)
        self.number_of_members_is(done.stdout)
        wait_for("nothing is left", lambda: not self.left())
        checked = subprocess.run([MUSTER, "verify", "--log", f"sqlite:{self.folder}/muster.db"], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def number_of_members_is(self, text):
        """The table at the end has four members, and one that was removed."""
        nodes = [line.split() for line in text[text.index("each is there"):].splitlines() if re.match(r"e[1-5] ", line)]
        self.assertEqual(len([line for line in nodes if "member" in line]), 4, text)

    def test_a_port_that_is_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", int(self.words[-1]) + 3)) as taken:
            done = subprocess.run(self.words, capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"port {taken.getsockname()[1]} of this machine is in use already", done.stderr)
            self.assertIn("--port", done.stderr)

    def test_a_story_that_is_stopped_leaves_no_process(self):
        process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in process.stdout:
            if "e4: is up" in line:
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
