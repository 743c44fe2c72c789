#!/usr/bin/env python3
"""A real etcd, looked at by examples/etcd-watch, and what Muster makes of it.

  test_etcd.py MUSTER       MUSTER is the built program

One etcd of three is watched as three clusters of one log, which differ in their policy: what is decided of the same facts is
seen side by side.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from etcd_cluster import EtcdCluster, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUSTER = "muster"
TIMES = ["--heartbeat-interval", "1s", "--lease", "4s", "--observation-interval", "1s", "--observation-age-max", "4s",
         "--removal-delay", "12s", "--stabilization", "1s"]


class Muster:
    """A log, a manager, and watchers, each a process of its own. All end with the context."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        self.environment = {**os.environ, "MUSTER_LOG": f"sqlite:{self.folder}/muster.db", "MUSTER": str(MUSTER),
                            "MUSTER_AS": "test"}
        self.processes = []

    def __enter__(self):
        self.start("manager", [MUSTER, "manager", "--allow-short-removal-delay"])
        wait_for("the log has a journal", self.has_journal)
        return self

    def has_journal(self):
        """Whether the manager has begun one: its topics are there a little earlier, and nothing can be asked for then."""
        return (self.run("topics", "list", check=False).returncode == 0
                and "no journal yet" not in self.run("nodes", check=False).stderr)

    def __exit__(self, kind, *_):
        if kind:
            for cluster in ("two", "three", "grown"):
                print(self.run("log", "--cluster", cluster, check=False).stdout[-6000:], file=sys.stderr)
            print(self.said(), file=sys.stderr)
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command):
        with open(self.folder / f"{name}.txt", "ab") as output:
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment))

    def watch(self, cluster, endpoints, waiting=None):
        more = ["--waiting", f"{waiting.name}={self.folder}/{waiting.name},{waiting.peer}"] if waiting else []
        self.start(f"watch-{cluster}", [ROOT / "examples/etcd-watch", "--cluster", cluster, "--endpoints", endpoints,
                                        "--every", "1", *more])

    def run(self, *arguments, check=True):
        done = subprocess.run([MUSTER, *arguments], capture_output=True, text=True, timeout=200, env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"muster {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}{self.said()}")
        return done

    def ask(self, *arguments):
        return json.loads(self.run(*arguments, "-o", "json").stdout)

    def said(self):
        return "".join(f"== {path.name}\n{path.read_text()[-9000:]}" for path in sorted(self.folder.glob("*.txt")))

    def wait(self, cluster, *wishes, seconds=60):
        arguments = [word for wish in wishes for word in ("--for", wish)]
        self.run("wait", "--cluster", cluster, "--timeout", f"{seconds}s", *arguments)

    def commands(self, cluster):
        return self.ask("commands", "--cluster", cluster)["commands"]


class EtcdTests(unittest.TestCase):
    def test_a_real_etcd_is_adopted_and_a_dead_member_answered_by_the_policy(self):
        with EtcdCluster(3) as etcd, Muster() as muster:
            fourth = etcd.new_server()
            muster.watch("two", etcd.endpoints)
            muster.watch("three", etcd.endpoints, waiting=fourth)
            muster.watch("grown", etcd.endpoints, waiting=fourth)
            for cluster in ("two", "three", "grown"):
                muster.wait(cluster, "node/e1=member", "node/e2=member", "node/e3=member", "group/etcd=leader")
            self.adopts(muster)
            self.adds_in_the_order_of_etcd(muster, etcd)
            victim = etcd.leader()
            victim.kill()
            self.removes_the_dead(muster, etcd, victim)
            self.keeps_the_floor(muster, victim)
            self.replaces_the_dead(muster, etcd, victim)

    def adopts(self, muster):
        """Three healthy members: no command, whatever the policy."""
        for cluster, least in (("two", "2"), ("three", "3"), ("grown", "3")):
            muster.run("configure", "--cluster", cluster, "--voters-min", least, *TIMES)
            self.assertEqual(muster.commands(cluster), [])
        for cluster in ("two", "three", "grown"):
            members = muster.ask("nodes", "--cluster", cluster)["nodes"]
            self.assertEqual([each["node"] for each in members if each["membership"] == "member"], ["e1", "e2", "e3"])

    def adds_in_the_order_of_etcd(self, muster, etcd):
        """The newcomer is added as a learner first, by the leader; its server starts afterwards."""
        muster.run("add", "e4", "--cluster", "grown", "--no-wait")
        (command,) = wait_for("a command", lambda: muster.commands("grown"))
        self.assertEqual((command["action"], command["node"]), ("addMember", "e4"))
        self.assertEqual(command["executor"], etcd.leader().name)

    def removes_the_dead(self, muster, etcd, victim):
        """With two voters enough, the dead one's removal is commanded, to the leader that etcd has now."""
        muster.wait("two", f"node/{victim.name}=down")
        (command,) = wait_for("a command", lambda: muster.commands("two"), seconds=60)
        self.assertEqual((command["action"], command["node"]), ("removeMember", victim.name))
        self.assertEqual(command["executor"], etcd.leader().name)
        self.assertNotEqual(command["executor"], victim.name)
        why = muster.ask("why", victim.name, "--cluster", "two")
        (proof,) = [proof for decision in why["decisions"] for event in decision["events"]
                    if event.get("command") == command["id"] and "proofs" in event for proof in event["proofs"]]
        self.assertEqual((proof["healthyAfter"], proof["votersAfter"], proof["verdict"]), (2, 2, "allowed"))
        self.assertEqual(proof["leader"], command["executor"])

    def keeps_the_floor(self, muster, victim):
        """With three wanted, the removal is due and held back, with the reason."""
        muster.wait("three", f"node/{victim.name}=down")

        def held():
            found = muster.ask("removals", "--cluster", "three")["removals"]
            return [each for each in found if each.get("blocked", {}).get("code") == "floor"]

        (removal,) = wait_for("the floor", held, seconds=60)
        self.assertEqual(removal["node"], victim.name)
        self.assertEqual(muster.commands("three"), [])

    def replaces_the_dead(self, muster, etcd, victim):
        """etcd refuses every add while a voter is unreachable: for a newcomer that waits the dead one leaves first."""
        muster.run("add", "e4", "--cluster", "three", "--no-wait")
        (command,) = wait_for("a command", lambda: muster.commands("three"), seconds=60)
        self.assertEqual((command["action"], command["node"]), ("removeMember", victim.name))
        self.assertEqual(command["executor"], etcd.leader().name)
        why = muster.run("why", victim.name, "--cluster", "three", "-o", "json").stdout
        self.assertIn('"replaceVoter"', why)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
