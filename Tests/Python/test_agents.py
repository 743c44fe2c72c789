#!/usr/bin/env python3
"""A real etcd kept by Muster: agents beside its members carry out what a manager decides, while a client writes.

  test_agents.py MUSTER       MUSTER is the built program
"""
import base64
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.error

import test_etcd
from agents import Members, Writer, post
from etcd_cluster import Server, wait_for
from fleet import rows
from strange_etcd import StrangeEtcd

REMOVAL_DELAY = 12
TIMES = test_etcd.TIMES


class Muster(test_etcd.Muster):
    """The log and the manager, and agents by the names of their nodes."""

    def __init__(self):
        super().__init__()
        self.agents = {}

    def __exit__(self, kind, *all):
        if kind:
            print(self.run("log", "--cluster", "kv", check=False).stdout[-12000:], file=sys.stderr)
            print(self.said(), file=sys.stderr)
        super().__exit__(None, *all)

    def beside(self, members, server, *more, client=None):
        self.start(f"agent-{server.name}", members.agent(test_etcd.MUSTER, "kv", server, *more, client=client))
        self.agents[server.name] = self.processes[-1]

    def alone(self, name, *more):
        """An agent of that name, whose words follow; its process."""
        self.start(f"agent-{name}", [test_etcd.MUSTER, "agent", "--cluster", "kv", "--node", name,
                                     "--data", self.folder / name, "--beat-every", "500ms", "--observe-every", "300ms", *more])
        return self.processes[-1]

    def text_of(self, name):
        return (self.folder / f"agent-{name}.txt").read_text()

    def kill_agent(self, name):
        self.agents[name].kill()
        self.agents[name].wait()

    def views(self, node, start=0):
        """What the node has said softly of the group that it leads, from that offset of the heartbeats on, the newest last."""
        said = [json.loads(value) for _, value in rows(self.folder / "muster.db", "heartbeats", start)]
        return [group["view"] for each in said if each["node"] == node for group in each.get("groups", []) if "view" in group]

    def offset(self):
        """Of the next heartbeat."""
        return len(rows(self.folder / "muster.db", "heartbeats"))

    def journal(self):
        """The lines of the journal."""
        return [json.loads(line) for line in self.run("log", "--cluster", "kv", "-o", "jsonl").stdout.splitlines()]

    def decisions(self, node):
        return self.ask("why", node, "--cluster", "kv", "--all")["decisions"]


class AgentTests(unittest.TestCase):
    def test_a_real_etcd_grows_and_loses_a_member_while_a_client_writes(self):
        with Members(3) as etcd, Muster() as muster, Writer(etcd) as writer:
            for server in etcd.servers:
                muster.beside(etcd, server)
            muster.wait("kv", "node/e1=member", "node/e2=member", "node/e3=member", "group/etcd=leader")
            muster.run("configure", "--cluster", "kv", "--voters-min", "3", *TIMES)
            self.assertEqual(muster.commands("kv"), [], "an etcd that is well is adopted, without a command")
            self.grow(muster, etcd)
            self.lose(muster, etcd)
            writer.__exit__()
            self.assertGreater(len(writer.acknowledged), 500)
            self.assertEqual(writer.missing(), [], "acknowledged writes are gone")
            print(f"writes acknowledged: {len(writer.acknowledged)}, refused or unanswered: {writer.refused}, "
                  f"longest between two: {writer.longest:.2f} s", file=sys.stderr)

    def grow(self, muster, etcd):
        """A fourth node with an empty disk: learner, started, caught up, voter."""
        fourth = etcd.new_server()
        muster.beside(etcd, fourth)
        muster.wait("kv", "node/e4=up")
        began = time.monotonic()
        muster.run("add", "e4", "--cluster", "kv", "--no-wait")
        seen = []

        def votes():
            members = etcd.voters()
            state = members.get("e4", members.get(""))
            if state is not None and seen[-1:] != [state]:
                seen.append(state)
            return state and muster.run("wait", "--cluster", "kv", "--timeout", "1s", "--for", "node/e4=member",
                                        check=False).returncode == 0

        wait_for("e4 votes", votes, seconds=60, every=0.05)
        self.assertEqual(seen, [False, True], "a learner first, then a voter")
        print(f"joined and voting after {time.monotonic() - began:.1f} s", file=sys.stderr)

    def lose(self, muster, etcd):
        """The leader's machine is gone: etcd and agent at once. It is removed after the delay, and not before."""
        victim = etcd.leader()
        killed = time.monotonic()
        etcd.kill(victim)
        muster.kill_agent(victim.name)
        muster.wait("kv", f"node/{victim.name}=down")
        wait_for(f"{victim.name} is no member of etcd", lambda: victim.name not in (etcd.voters() or {victim.name: True}),
                 seconds=90)
        took = time.monotonic() - killed
        self.assertGreaterEqual(self.time_to_removal(muster, victim.name), REMOVAL_DELAY)
        muster.wait("kv", f"node/{victim.name}=removed")
        self.assertEqual(len(etcd.voters()), 3)
        self.assertTrue(all(etcd.voters().values()))
        print(f"removed from etcd {took:.1f} s after it was killed", file=sys.stderr)
        self.proved(muster, victim.name)

    def time_to_removal(self, muster, name):
        """How long the node was down when its removal was commanded, by the journal's own times: nobody's slowness is in it."""
        at = {row["event"]: datetime.datetime.fromisoformat(row["time"]) for row in muster.journal() if row.get("node") == name
              and (row["event"] == "nodeDown" or row["event"] == "commandIssued" and "removeMember" in row["sentence"])}
        return round((at["commandIssued"] - at["nodeDown"]).total_seconds(), 3)

    def proved(self, muster, name):
        """The removal was commanded once, with a proof; no voter was removed in any other way."""
        events = [event for decision in muster.decisions(name) for event in decision["events"]]
        issued = [event for event in events if event["event"] == "commandIssued" and "removeMember" in event["sentence"]]
        self.assertEqual(len(issued), 1, issued)
        self.assertEqual(issued[0]["proofs"][0]["verdict"], "allowed")

    def test_what_is_said_of_a_member_is_what_the_member_says_and_how_long_it_has_not_answered(self):
        with Members(3) as etcd, Muster() as muster:
            for server in etcd.servers:
                muster.beside(etcd, server)
            muster.wait("kv", "node/e1=member", "node/e2=member", "node/e3=member", "group/etcd=leader")

            def index(server):
                return post(server.client, "maintenance/status", {})["raftIndex"]

            def newest():
                views = muster.views(leader.name)
                return {each["node"]: each for each in views[-1]["members"]} if views else {}

            def is_well(server):
                seen = newest().get(server.name, {})
                return seen.get("match") == index(server) and int(seen.get("contactAge", "60000")) < 3000

            def is_only_looked_at():
                """Whether five looks in a row wrote nothing. etcd itself writes, too: its version, a new leader's entry, bindings."""
                leader = wait_for("somebody leads", etcd.leader)
                before, looks = index(leader), len(muster.views(leader.name))
                wait_for("it was looked at again and again", lambda: len(muster.views(leader.name)) > looks + 4
                         or etcd.leader() is not leader, seconds=60)
                return index(leader) == before

            self.assertTrue(any(is_only_looked_at() for _ in range(10)), "whoever looks writes")
            leader = wait_for("somebody leads", etcd.leader)
            hung, well = [server for server in etcd.servers if server is not leader]
            for server in etcd.servers:
                wait_for(f"{server.name} has all that it says", lambda: is_well(server), seconds=60)
            hung.signal(signal.SIGSTOP)
            try:
                for _ in range(20):
                    post(leader.client, "kv/put", {"key": "eA==", "value": "eA=="}, timeout=10)
                # It can still be connected to: only what it does not send tells.
                wait_for("it has not been heard", lambda: int(newest()[hung.name].get("contactAge", "60000")) > 5000, seconds=60)
                self.assertNotIn("match", newest()[hung.name], "nobody but the member itself says how far it is")
                wait_for("the other one has what was written", lambda: is_well(well), seconds=60)
                self.assertTrue(muster.views(leader.name)[-1]["confirmed"])
            finally:
                hung.signal(signal.SIGCONT)
            wait_for("it has caught up", lambda: is_well(hung), seconds=60)

    def test_a_leader_that_no_majority_answers_or_whose_list_is_another_s_confirms_nothing(self):
        with StrangeEtcd("s1") as etcd, Muster() as muster:
            muster.alone("s1", "--etcd", etcd.url, "--etcd-peer", "http://127.0.0.1:1")
            muster.wait("kv", "node/s1=member", "group/etcd=leader")
            for mode, is_confirmed in (("good", True), ("alone", False), ("good", True), ("shared", False), ("good", True)):
                etcd.mode = mode
                wait_for(f"{mode}: {is_confirmed}", lambda: [
                    (view["confirmed"], view["changePermitted"]) for view in muster.views("s1")[-2:]] == [(is_confirmed,) * 2] * 2,
                    seconds=60)

    def test_a_leader_that_loses_its_leadership_while_it_is_looked_at_does_not_claim_the_next_term(self):
        with StrangeEtcd("s1") as etcd, Muster() as muster:
            muster.alone("s1", "--etcd", etcd.url, "--etcd-peer", "http://127.0.0.1:1")
            muster.wait("kv", "node/s1=member", "group/etcd=leader")
            etcd.mode = "moved"

            def said():
                found = [json.loads(value) for topic in ("events", "heartbeats") for _, value in rows(muster.folder / "muster.db", topic)]
                return [(group["state"], group["term"]) for each in found for group in each.get("groups", []) if "state" in group]

            wait_for("it follows in the next term", lambda: said().count(("follower", "3")) > 2, seconds=60)
            self.assertNotIn(("leader", "3"), said())
            self.assertNotIn("identityConflict", muster.run("log", "--cluster", "kv").stdout)

    def test_whom_etcd_did_not_add_is_expected_there_no_more(self):
        with StrangeEtcd("s1") as etcd, Muster() as muster:
            muster.alone("s1", "--etcd", etcd.url, "--etcd-peer", "http://127.0.0.1:1")
            muster.alone("s2", "--etcd", "http://127.0.0.1:2", "--etcd-peer", "http://127.0.0.1:2")
            muster.wait("kv", "node/s1=member", "group/etcd=leader", "node/s2=up")
            muster.run("configure", "--cluster", "kv", "--voters-min", "1", *TIMES)
            muster.wait("kv", "group/etcd=healthy")
            muster.run("add", "s2", "--cluster", "kv", "--no-wait")
            calls = {"/v3/kv/put", "/v3/cluster/member/add", "/v3/kv/deleterange"}

            def changes():
                return [path for path in etcd.heard if path in calls]

            wait_for("it was expected, not added, and is forgotten", lambda: changes()[:3] == [
                "/v3/kv/put", "/v3/cluster/member/add", "/v3/kv/deleterange"])

    def test_an_alarm_of_etcd_is_said_once(self):
        with Muster() as muster:
            (muster.folder / "e1").mkdir()
            server = Server(muster.folder / "e1", "e1")
            with open(muster.folder / "etcd.txt", "ab") as log:
                muster.processes.append(subprocess.Popen(
                    ["etcd", "--name", "e1", "--data-dir", server.folder, "--log-level", "error", "--listen-client-urls",
                     server.client, "--advertise-client-urls", server.client, "--listen-peer-urls", server.peer,
                     "--initial-advertise-peer-urls", server.peer, "--initial-cluster", f"e1={server.peer}",
                     "--quota-backend-bytes", "1000000"], stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            wait_for("etcd is healthy", server.is_healthy, seconds=60)
            muster.alone("e1", "--etcd", server.client, "--etcd-peer", server.peer)
            muster.wait("kv", "node/e1=member", "group/etcd=leader")
            sentence = "etcd's alarm NOSPACE is on"
            self.assertNotIn(sentence, muster.text_of("e1"))
            with self.assertRaises(urllib.error.HTTPError):
                for number in range(100):
                    key = base64.b64encode(str(number).encode()).decode()
                    post(server.client, "kv/put", {"key": key, "value": base64.b64encode(bytes(60_000)).decode()}, timeout=10)
            wait_for("the alarm is said", lambda: sentence in muster.text_of("e1"), seconds=60)
            before = len(muster.views("e1"))
            wait_for("it has looked three times more", lambda: len(muster.views("e1")) > before + 3, seconds=60)
            self.assertEqual(muster.text_of("e1").count(sentence), 1)
            muster.wait("kv", "node/e1=up")

    def test_an_etcd_that_answers_badly_is_lived_through_and_another_cluster_s_is_not_touched(self):
        with StrangeEtcd("s1") as etcd, Muster() as muster:
            agent = muster.alone("s1", "--etcd", etcd.url, "--etcd-peer", "http://127.0.0.1:1")
            muster.wait("kv", "node/s1=member", "group/etcd=leader")
            for mode, sentence in (("error", "/v3/maintenance/status answers 503"), ("half", "cut off"), ("silent", "without an answer"),
                                   ("garbage", "does not speak HTTP"), ("slow", "does not answer in time")):
                etcd.mode = mode
                wait_for(f"{mode}: {sentence}", lambda: sentence in muster.text_of("s1"))
                self.assertIsNone(agent.poll(), mode)
                etcd.mode = "good"
            muster.wait("kv", "node/s1=up")
            etcd.mode = "other"
            self.assertEqual(agent.wait(timeout=60), 6)
            self.assertIn("is of the cluster 8, and this node's store is bound to 7", muster.text_of("s1"))
            # It does not come back either.
            etcd.heard.clear()
            again = muster.alone("s1", "--etcd", etcd.url, "--etcd-peer", "http://127.0.0.1:1")
            self.assertEqual(again.wait(timeout=60), 6)
            self.assertEqual(set(etcd.heard), {"/v3/maintenance/status"}, "a stranger is asked who it is, and nothing else")

    def test_tls_and_a_user_are_needed_where_etcd_wants_them(self):
        with Muster() as muster:
            (muster.folder / "e1").mkdir()
            server = Server(muster.folder / "e1", "e1")
            self.certificates(muster.folder)
            client = server.client.replace("http:", "https:")

            def start(certificate):
                muster.start("etcd", [
                    "etcd", "--name", "e1", "--data-dir", server.folder, "--log-level", "warn", "--listen-client-urls", client,
                    "--advertise-client-urls", client, "--listen-peer-urls", server.peer,
                    "--initial-advertise-peer-urls", server.peer, "--initial-cluster", f"e1={server.peer}",
                    "--cert-file", muster.folder / f"{certificate}.pem", "--key-file", muster.folder / "server.key"])
                return muster.processes[-1]

            etcd = start("server")

            def control(*words):
                done = subprocess.run(["etcdctl", "--endpoints", client, "--cacert", muster.folder / "ca.pem", *words],
                                      env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True, text=True, timeout=30)
                return done.stdout if done.returncode == 0 else ""

            wait_for("etcd is healthy", lambda: control("endpoint", "status"))
            for words in (("user", "add", "root:secret word"), ("user", "grant-role", "root", "root"), ("auth", "enable")):
                wait_for(" ".join(words), lambda: control(*words))
            (muster.folder / "password").write_text("secret word\n")
            stranger = muster.alone("e1", "--etcd", client, "--etcd-peer", server.peer)
            wait_for("the certificate is not trusted", lambda: "its certificate is not trusted" in muster.text_of("e1"))
            stranger.terminate()
            stranger.wait(timeout=60)
            muster.alone("e1", "--etcd", client, "--etcd-peer", server.peer, "--tls-authority", muster.folder / "ca.pem",
                         "--etcd-user", "root", "--etcd-password-file", muster.folder / "password")
            muster.wait("kv", "node/e1=member", "group/etcd=leader")

            store = muster.ask("node", "e1", "--cluster", "kv")["store"]
            wait_for("the member is bound to its store", lambda: f"{store} e1" in control(
                "--user", "root:secret word", "get", "--prefix", "muster/members/"))
            self.assertEqual(control("get", "--prefix", "muster/members/"), "", "etcd asks who reads")

            def restart(certificate):
                etcd.terminate()
                etcd.wait(timeout=60)
                return muster.offset(), start(certificate)

            # Its tokens are in memory: nobody knows the agent's any more, and without one no read is answered.
            before, etcd = restart("server")
            wait_for("the agent has another token", lambda: any(
                view["confirmed"] for view in muster.views("e1", before)), seconds=60)
            said = len(muster.text_of("e1"))
            _, etcd = restart("elsewhere")
            wait_for("the certificate is another host's", lambda: "its certificate is not trusted: IP address mismatch"
                     in muster.text_of("e1")[said:], seconds=60)
            # A look from before may still have been on its way.
            before = muster.offset()
            wait_for("it beats on", lambda: muster.offset() > before + 5, seconds=60)
            self.assertEqual(muster.views("e1", before), [])

    def certificates(self, folder):
        """An authority, and a server's certificates by it: one for the loopback address, and one for another."""
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder, timeout=60)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority",
                "-days", "1")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=etcd")
        for name, address in (("server", "127.0.0.1"), ("elsewhere", "127.0.0.2")):
            (folder / "san").write_text(f"subjectAltName=IP:{address}\n")
            openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                    "-days", "1", "-extfile", "san")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    test_etcd.MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
