#!/usr/bin/env python3
"""The hooks for a store that speaks Redis' protocol (docs/guides/redis-protocol-hooks.md), between real agents and a small server.

  test_redis_hooks.py MUSTER       MUSTER is the built program
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import test_agents
import test_etcd
from etcd_cluster import wait_for
from fleet import rows
from redis_store import RedisStore

ROOT = test_etcd.ROOT
GUIDE = ROOT / "docs/guides/redis-protocol-hooks.md"
POLICY = ["--heartbeat-interval", "500ms", "--lease", "2s", "--observation-interval", "500ms", "--observation-age-max", "3s",
          "--stabilization", "500ms", "--voters-min", "2", "--removal", "observe", "--join", "observe"]


class Muster(test_agents.Muster):
    """A manager, and agents whose hooks were put there by the guide's own words."""

    def beside_store(self, store, name):
        hooks = install(store, name, self.folder)
        self.agents[name] = self.alone(name, "--hooks", hooks, "--address", store.address(name))


def install(store, name, folder):
    """The node's hooks, put there by the guide's own words."""
    hooks = folder / f"hooks-{name}"
    text = re.search(r"```sh\n(.*?)```", GUIDE.read_text(), re.S)[1]
    lines = text[:text.index("muster agent")].replace("/etc/muster/hooks", str(hooks)).replace("127.0.0.1:6379", store.address(name))
    subprocess.run(["bash", "-euc", lines], cwd=ROOT, check=True, timeout=20)
    return hooks


class RedisHookTests(unittest.TestCase):
    def test_nodes_are_added_promoted_demoted_given_the_leadership_and_removed(self):
        with RedisStore(["n1", "n2", "n3", "n4"], ["n1", "n2", "n3"]) as store, Muster() as muster:
            for name in ("n1", "n2", "n3", "n4"):
                muster.beside_store(store, name)
            muster.wait("kv", "node/n1=member", "node/n3=member", "group/shard-0=leader", "group/shard-1=leader", "node/n4=up")
            muster.run("configure", "--cluster", "kv", *POLICY)
            muster.wait("kv", "group/shard-0=healthy", "group/shard-1=healthy")
            muster.run("add", "n4", "--cluster", "kv", "--reason", "test", "--timeout", "60s")
            muster.wait("kv", "node/n4=joined")
            muster.run("transfer", "shard-1", "n2", "--cluster", "kv", "--reason", "test", "--timeout", "60s")
            self.assertEqual([shard["leader"] for shard in store.shards.values()], ["n1", "n2"])
            muster.wait("kv", "group/shard-0=healthy", "group/shard-1=healthy")
            muster.run("demote", "n4", "--cluster", "kv", "--reason", "test", "--timeout", "60s")
            muster.wait("kv", "group/shard-0=healthy", "group/shard-1=healthy")
            muster.run("remove", "n3", "--cluster", "kv", "--reason", "test", "--timeout", "60s")
            for shard in store.shards.values():
                self.assertEqual((shard["voters"], shard["learners"]), ({"n1", "n2"}, {"n4"}))
            # Shards that want the same thing at one moment may say it twice.
            heard = list(dict.fromkeys(store.heard))
            self.assertEqual(heard[:2], [("n1", "CLUSTER.DEMOTE", "n4"), ("n1", "CLUSTER.PROMOTE", "n4")])
            self.assertIn(("n1", "CLUSTER.FAILOVER", "1", "n2"), heard)
            self.assertIn(("n3", "CLUSTER.LEAVE"), heard)

    def test_an_answer_that_never_comes_is_looked_at_and_not_repeated(self):
        with RedisStore(["n1", "n2", "n3"], ["n1", "n2", "n3"], shards=1) as store, Muster() as muster:
            for name in ("n1", "n2", "n3"):
                muster.beside_store(store, name)
            muster.wait("kv", "node/n1=member", "node/n3=member", "group/shard-0=leader")
            muster.run("configure", "--cluster", "kv", *POLICY)
            muster.wait("kv", "group/shard-0=healthy")
            store.mute.add("n3")
            muster.run("remove", "n3", "--cluster", "kv", "--reason", "test", "--timeout", "60s")
            self.assertEqual(store.heard, [("n3", "CLUSTER.LEAVE")])
            self.assertIn("the outcome of removeMember is unknown", muster.text_of("n1"))

    def test_a_node_that_does_not_listen_cannot_be_removed_and_nothing_is_sent(self):
        with RedisStore(["n1", "n2", "n3"], ["n1", "n2", "n3"], shards=1) as store, Muster() as muster:
            for name in ("n1", "n2", "n3"):
                muster.beside_store(store, name)
            muster.wait("kv", "node/n1=member", "node/n3=member", "group/shard-0=leader")
            muster.run("configure", "--cluster", "kv", *POLICY)
            muster.wait("kv", "group/shard-0=healthy")
            store.stop("n3")
            muster.run("remove", "n3", "--cluster", "kv", "--reason", "test", "--no-wait")
            wait_for("the hook says so", lambda: "the server does not listen" in muster.text_of("n1"), seconds=60)
            self.assertEqual(store.heard, [])
            self.assertEqual(store.shards[0]["voters"], {"n1", "n2", "n3"})

    def test_a_store_that_says_who_leads_and_no_more_is_watched_and_never_changed(self):
        with RedisStore(["n1", "n2", "n3"], ["n1", "n2", "n3"], says_little=True) as store, Muster() as muster:
            for name in ("n1", "n2", "n3"):
                muster.beside_store(store, name)
            muster.wait("kv", "node/n1=up", "node/n2=up", "node/n3=up")
            muster.run("configure", "--cluster", "kv", *POLICY)
            wait_for("it was looked at again and again", lambda: self.looks(muster, "n1") > 3)
            done = muster.run("remove", "n3", "--cluster", "kv", "--reason", "test", "--timeout", "10s", check=False)
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertEqual(muster.views("n1"), [], "a view that the store has not given")
            self.assertEqual(store.heard, [])
            self.assertEqual(muster.commands("kv"), [])

    def test_a_voter_is_added_by_join(self):
        """No agent asks for it, as this store has learners: the hook is run as for an engine without."""
        with RedisStore(["n1", "n2", "n3", "n4"], ["n1", "n2", "n3"]) as store, tempfile.TemporaryDirectory() as folder:
            hooks = install(store, "n1", pathlib.Path(folder))

            def add(shard):
                return subprocess.run([hooks / "addMember"], input=json.dumps({"action": "addMember", "node": "n4", "as": "voter"}),
                                      env={"MUSTER_ACTION": "addMember", "MUSTER_GROUP": shard, "MUSTER_NODE": "n4"},
                                      capture_output=True, text=True, timeout=20)

            self.assertEqual([add("shard-0").returncode, add("shard-1").returncode], [0, 0])
            # Once: it has changed every shard.
            self.assertEqual(store.heard, [("n1", "CLUSTER.JOIN", "n4")])
            for shard in store.shards.values():
                self.assertEqual((shard["voters"], shard["learners"]), ({"n1", "n2", "n3", "n4"}, set()))

    def test_a_member_is_not_stopped(self):
        """A stop that comes late may meet a node that was brought in again meanwhile."""
        with RedisStore(["n1", "n2", "n3", "n4"], ["n1", "n2", "n3"]) as store, tempfile.TemporaryDirectory() as folder:
            def stop(node):
                place = pathlib.Path(folder) / node
                place.mkdir()
                hooks = install(store, node, place)
                return subprocess.run([hooks / "stopMember"], input="{}", env={"MUSTER_ACTION": "stopMember", "MUSTER_NODE": node},
                                      capture_output=True, text=True, timeout=20)

            member, stranger = stop("n3"), stop("n4")
            self.assertEqual((member.returncode, stranger.returncode), (78, 0), member.stderr + stranger.stderr)
            self.assertIn("n3 is a member still: shard_0_members shard_1_members", member.stderr)
            self.assertEqual(store.heard, [])

    def looks(self, muster, node):
        """How often the node has said softly what its groups look like."""
        said = [json.loads(value) for _, value in rows(muster.folder / "muster.db", "heartbeats")]
        return sum(each["node"] == node and bool(each.get("groups")) for each in said)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    test_etcd.MUSTER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
