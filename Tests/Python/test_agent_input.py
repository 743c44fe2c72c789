#!/usr/bin/env python3
"""Agents and what is bad around them: hooks, names, disks, doubles; and what they do without a node, and when a node leaves.

  test_agent_input.py MUSTER       MUSTER is the built program
"""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import test_agents
import test_etcd
from etcd_cluster import Server, free_ports, wait_for
from file_group import PROGRAM, FileGroup
from fleet import rows

POLICY = ["--heartbeat-interval", "500ms", "--lease", "2s", "--observation-interval", "500ms", "--observation-age-max", "3s",
          "--stabilization", "500ms", "--voters-min", "2", "--removal", "observe", "--change-limit", "5s"]


class Muster(test_agents.Muster):
    """With agents on a group that is a file."""

    def group(self, *voters, agents=None):
        group = FileGroup(self.folder, voters)
        for name in voters if agents is None else agents:
            self.agents[name] = self.beside_file(name)
        return group

    def beside_file(self, name, *more):
        return self.alone(name, "--hooks", self.folder / "hooks", *more)

    def settled(self, *names):
        self.wait("kv", *(f"node/{name}=member" for name in names), "group/g1=leader")
        self.run("configure", "--cluster", "kv", *POLICY)
        self.wait("kv", "group/g1=healthy")

    def events(self, node):
        return [event for decision in self.decisions(node) for event in decision["events"]]

    def beats(self, node):
        """What the node has said softly."""
        said = [json.loads(value) for _, value in rows(self.folder / "muster.db", "heartbeats")]
        return [each for each in said if each["node"] == node]

    def facts(self, kind, node):
        """The facts of that kind that the node has said, the oldest first."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/muster.db?mode=ro", uri=True)) as base:
            found = base.execute("SELECT value FROM records WHERE topic = 'events' AND instr(headers, ?) ORDER BY offset",
                                 (f"muster.{kind}.v".encode(),)).fetchall()
        return [each for (value,) in found if (each := json.loads(value)).get("node") == node]

    def outcomes(self, node, kind):
        """The sentences of the events of that kind about the node, the oldest first."""
        return [event["sentence"] for event in self.events(node) if event["event"] == kind]


class HookTests(unittest.TestCase):
    def test_programs_that_others_may_change_or_that_lie_elsewhere_are_refused_and_change_nothing(self):
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3", "n4")
            muster.settled("n1", "n2", "n3", "n4")
            program = group.hooks / "removeMember"
            outside = muster.folder / "outside"
            outside.write_text(PROGRAM)
            outside.chmod(0o755)
            for spoil, sentence in ((lambda: program.chmod(0o757), "writable by others"),
                                    (lambda: (program.unlink(), program.symlink_to(outside)), "leads out of the directory"),
                                    (lambda: (program.unlink(), program.mkdir()), "is no file"),
                                    (lambda: (program.rmdir(), group.hook("removeMember", PROGRAM, 0o644)), "not executable")):
                spoil()
                self.is_refused(muster, group, sentence)
            group.hook("removeMember", PROGRAM)
            muster.run("remove", "n4", "--cluster", "kv", "--reason", "test")
            self.assertEqual(group.log, [["removeMember", "n4"]])

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_a_program_of_another_user_is_refused_and_changes_nothing(self):
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3", "n4")
            muster.settled("n1", "n2", "n3", "n4")
            os.chown(group.hooks / "removeMember", 65534, 65534)
            self.is_refused(muster, group, "belongs to the user 65534")

    def is_refused(self, muster, group, sentence):
        """No removal is begun with the hook as it lies there, and the agent says why."""
        done = muster.run("remove", "n4", "--cluster", "kv", "--reason", "test", "--timeout", "60s", check=False)
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertIn(sentence, muster.text_of("n1"))
        self.assertEqual(set(group.members), {"n1", "n2", "n3", "n4"})
        self.assertEqual(group.log, [])

    def test_a_folder_of_hooks_that_others_may_change_is_not_begun_with(self):
        with Muster() as muster:
            group = muster.group("n1", agents=[])
            group.hooks.chmod(0o777)
            agent = muster.beside_file("n1")
            self.assertEqual(agent.wait(timeout=60), 7)
            self.assertIn("is writable by others: nothing in it is run", muster.text_of("n1"))

    def test_a_program_that_forks_floods_hangs_and_ignores_the_end_is_looked_at_and_not_repeated_blindly(self):
        bad = """#!/bin/sh
            trap '' TERM
            cd "$MUSTER_DATA/.."
            echo run >>runs
            [ "$(wc -l <runs)" = 1 ] || exec /usr/bin/python3 good/removeMember
            %s
            for child in 1 2 3 4 5; do (trap '' TERM; while :; do sleep 1; done) & echo $! >>children; done
            %s
            while :; do sleep 1; done
            """
        flood = "while :; do echo 012345678901234567890123456789; done"
        for what, before, behind, sentence in (
                ("hangs", "", "", "took too long and was ended"), ("floods", "", flood, "wrote too much"),
                ("prints no JSON", "echo '{\"index\": nonsense'; exit 3", "", "ended with 3")):
            with self.subTest(what), Muster() as muster:
                group = muster.group("n1", "n2", "n3", "n4", agents=["n2", "n3", "n4"])
                (muster.folder / "good").mkdir()
                shutil.copy(group.hooks / "removeMember", muster.folder / "good/removeMember")
                group.hook("removeMember", bad % (before, behind))
                muster.beside_file("n1", "--hook-limit", "4s")
                muster.settled("n1", "n2", "n3", "n4")
                muster.run("remove", "n4", "--cluster", "kv", "--reason", "test", "--timeout", "90s")
                self.assertEqual((muster.folder / "runs").read_text(), "run\nrun\n")
                self.assertEqual(group.log, [["removeMember", "n4"]])
                self.assertEqual(len(muster.outcomes("n4", "commandInDoubt")), 1)
                self.assertIn(sentence, muster.text_of("n1"))
                children = muster.folder / "children"
                for child in children.read_text().split() if children.exists() else []:
                    wait_for(f"the child {child} is gone", lambda: not is_alive(int(child)))

    def test_an_agent_lives_on_when_observe_prints_no_observation(self):
        with Muster() as muster:
            group = muster.group("n1")
            muster.wait("kv", "node/n1=member")
            for text, sentence in (("echo nonsense", "prints no observation"), ("echo '{\"blank\":'", "prints no observation"),
                                   ("echo '{\"blank\":1}'", "prints no observation"), ("exit 1", "ended with 1"),
                                   ("kill -9 $$", "was ended by the signal 9")):
                group.hook("observe", f"#!/bin/sh\n{text}\n")
                wait_for(f"{text}: {sentence}", lambda: sentence in muster.text_of("n1"))
                self.assertIsNone(muster.agents["n1"].poll())
            group.hook("observe", PROGRAM)
            muster.wait("kv", "node/n1=up")

    def test_names_that_are_traps_reach_no_shell_and_no_option(self):
        trap, climber, option = "$(touch x)`touch x`; touch x", "..", "-rf"
        # Where a shell would make it: the agent and its hooks work where this test does.
        made = pathlib.Path("x")
        self.assertFalse(made.exists(), "there is an x already: this test would not see whether a shell made it")
        self.addCleanup(made.unlink, missing_ok=True)
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3")
            start = group.read()
            start["members"].update({name: "learner" for name in (trap, climber, option)})
            start["index"] += 1
            group.write(start)
            muster.settled("n1", "n2", "n3")
            for name in (climber, option):
                done = muster.run("remove", "--cluster", "kv", "--reason", "test", "--timeout", "60s", "--", name, check=False)
                self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
                self.assertIn(f'the name \\"{name}\\" is not handed to a program', muster.text_of("n1"))
                self.assertIn(name, group.members)
            muster.run("remove", trap, "--cluster", "kv", "--reason", "test")
            self.assertEqual(group.log, [["removeMember", trap]])
            self.assertEqual([path for path in muster.folder.rglob("x") if path.name == "x"], [])
            self.assertFalse(made.exists())
            for name in ("a\nb", "a/b", "", "a\u202eb"):
                done = muster.run("remove", name, "--cluster", "kv", check=False)
                self.assertEqual(done.returncode, 64, repr(name))


class LifeTests(unittest.TestCase):
    def test_an_agent_says_who_its_node_is_and_what_it_can_do(self):
        with Muster() as muster:
            group = muster.group("n1")
            seen = []
            for start in ("1", "2"):
                agent = muster.beside_file("n4", "--role", "replica", "--address", "10.0.0.4:1", "--zone", "b")
                wait_for(f"start {start} is up", lambda: any(up["start"] == start for up in muster.facts("nodeUp", "n4")))
                agent.terminate()
                self.assertEqual(agent.wait(timeout=60), 0)
                seen.append(muster.facts("nodeUp", "n4")[-1])
            muster.wait("kv", "node/n1=member")
            for up in seen:
                self.assertEqual((up["role"], up["address"], up["zone"], up["blank"], up["groups"]), ("replica", "10.0.0.4:1", "b", True, []))
                self.assertIn(up["store"], (muster.folder / "n4/muster-node").read_text())
            self.assertNotEqual(seen[0]["boot"], seen[1]["boot"])
            page = muster.ask("node", "n4", "--cluster", "kv")
            self.assertEqual((page["role"], page["address"], page["zone"], page["start"]), ("replica", "10.0.0.4:1", "b", "2"))
            (up,) = muster.facts("nodeUp", "n1")
            self.assertEqual((up["blank"], [(each["group"], each["applied"]) for each in up["groups"]]), (False, [("g1", "100")]))
            can = group.read()["capabilities"]
            self.assertEqual({name: up["groups"][0]["capabilities"][name] for name in can}, can)

    def test_a_node_that_leaves_is_taken_out_and_only_then_goes(self):
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3", agents=["n1", "n2"])
            leaving = muster.beside_file("n3", "--leave")
            muster.settled("n1", "n2", "n3")
            leaving.terminate()
            self.assertEqual(leaving.wait(timeout=60), 0)
            self.assertEqual(set(group.members), {"n1", "n2"})
            self.assertEqual(group.log, [["removeMember", "n3"]])
            muster.wait("kv", "node/n3=removed")
            self.assertIn("was taken out of the cluster", muster.text_of("n3"))

    def test_a_node_that_must_not_leave_stays_until_it_is_told_twice(self):
        with Muster() as muster:
            group = muster.group("n1", "n2", agents=["n1"])
            leaving = muster.beside_file("n2", "--leave")
            muster.settled("n1", "n2")
            leaving.terminate()
            wait_for("it waits", lambda: "asked to be taken out of the cluster, and waits for it" in muster.text_of("n2"))
            wait_for("the floor holds it", lambda: any("floor" in str(event) for event in muster.events("n2")))
            self.assertIsNone(leaving.poll())
            self.assertEqual(group.log, [])
            leaving.terminate()
            self.assertEqual(leaving.wait(timeout=60), 143)

    def test_of_two_agents_of_one_node_the_newer_wins_and_the_older_says_so_and_stops(self):
        with Muster() as muster:
            muster.group("n1", "n2", "n3")
            muster.wait("kv", "node/n1=member", "node/n2=member", "node/n3=member")
            # In one directory there is room for one.
            second = muster.beside_file("n2")
            self.assertEqual(second.wait(timeout=60), 6)
            self.assertIn("is in use by another agent", muster.text_of("n2"))
            self.assertIsNone(muster.agents["n2"].poll())
            # The disk as it would be found on another machine, while the old process lives.
            moved = muster.folder / "moved"
            moved.mkdir()
            (moved / "group.json").symlink_to(muster.folder / "group.json")
            (moved / "n2").mkdir(mode=0o700)
            shutil.copy(muster.folder / "n2/muster-node", moved / "n2/muster-node")
            muster.start("agent-newer", [test_etcd.MUSTER, "agent", "--cluster", "kv", "--node", "n2", "--data", moved / "n2",
                                         "--hooks", muster.folder / "hooks", "--beat-every", "500ms"])
            newer = muster.processes[-1]
            self.assertEqual(muster.agents["n2"].wait(timeout=60), 6)
            self.assertIn("a newer process of n2 is up (start 2, this is start 1): this one stops", muster.text_of("n2"))
            muster.wait("kv", "node/n2=up")
            self.assertIsNone(newer.poll())
            self.assertEqual(muster.ask("node", "n2", "--cluster", "kv")["start"], "2")

    def test_what_only_a_person_can_mend_ends_with_6_what_may_pass_with_another_status_and_a_slip_costs_no_start(self):
        with Muster() as muster:
            group = muster.group("n1", agents=["n1"])
            muster.wait("kv", "node/n1=up")
            muster.agents["n1"].terminate()
            muster.agents["n1"].wait(timeout=60)
            data, mark, journal = (muster.folder / name for name in ("n1", "n1/muster-node", "n1/muster-journal"))
            known = mark.read_bytes()

            def ends_with(status, sentence):
                before = len(muster.text_of("n1"))
                self.assertEqual(muster.beside_file("n1").wait(timeout=60), status)
                self.assertIn(sentence, muster.text_of("n1")[before:])

            group.hooks.chmod(0o777)
            ends_with(7, "is writable by others")
            group.hooks.chmod(0o755)
            (data / "muster-node.new").mkdir()
            ends_with(1, "the data directory cannot be used")
            (data / "muster-node.new").rmdir()
            self.assertEqual(mark.read_bytes(), known)
            journal.rename(data / "muster-kept")
            journal.mkdir()
            ends_with(1, "the local journal cannot be used")
            journal.rmdir()
            mark.write_bytes(known[:-9] + known[-8:])
            ends_with(6, "is damaged")

    def test_an_agent_whose_disk_is_full_refuses_and_beats_and_goes_on_when_there_is_room(self):
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True, timeout=20).returncode:
            self.skipTest("this machine gives no namespace in which a small disk could be mounted")
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3", agents=["n2", "n3"])
            data = muster.folder / "n1"
            data.mkdir(mode=0o700)
            muster.start("agent-n1", [
                "unshare", "-rm", "sh", "-c", f"mount -t tmpfs -o size=64k tmpfs '{data}' && exec \"$@\"", "sh",
                test_etcd.MUSTER, "agent", "--cluster", "kv", "--node", "n1", "--data", data, "--hooks", group.hooks,
                "--beat-every", "500ms", "--observe-every", "300ms"])
            agent = muster.processes[-1]
            muster.settled("n1", "n2", "n3")
            disk = pathlib.Path(f"/proc/{agent.pid}/root") / data.relative_to("/")
            with self.assertRaises(OSError), open(disk / "muster-fill", "wb", buffering=0) as fill:
                while True:
                    fill.write(bytes(4096))
            muster.run("remove", "n3", "--cluster", "kv", "--reason", "test", "--no-wait")
            wait_for("it refuses", lambda: muster.outcomes("n3", "commandFailed"))
            self.assertIn("muster-journal: No space left on device", muster.text_of("n1"))
            self.assertEqual(group.log, [])
            self.assertIsNone(agent.poll())
            muster.wait("kv", "node/n1=up")
            (disk / "muster-fill").unlink()
            muster.wait("kv", "node/n3=removed", seconds=90)
            self.assertEqual(group.log, [["removeMember", "n3"]])


class KillTests(unittest.TestCase):
    def shown(self, muster):
        """How far the copies to n4 are, as the journal has it and as the node said last."""
        page = muster.ask("node", "n4", "--cluster", "kv")
        return ([group["sync"] for group in page["groups"]],
                [(copy["group"], copy["bytes"], copy.get("bytesTotal")) for copy in page["copies"]])

    def test_a_copy_says_how_far_it_is_and_an_agent_killed_in_it_or_in_a_demotion_repeats_no_command(self):
        slow = PROGRAM.replace('''    if name == "syncGroup":
''', '''    if name == "syncGroup":
        import time
        print('{"bytes":"1000","bytesTotal":"4000"}', flush=True)
        open(os.environ["MUSTER_DATA"] + "-copies", "a").write(os.environ["MUSTER_COMMAND"] + "\\n")
        while not os.path.exists(os.environ["MUSTER_DATA"] + "-goes-on"):
            time.sleep(0.02)
''')
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3")
            muster.settled("n1", "n2", "n3")
            group.hook("syncGroup", slow)
            muster.agents["n4"] = muster.beside_file("n4")
            muster.wait("kv", "node/n4=up")
            muster.run("add", "n4", "--cluster", "kv", "--reason", "test", "--no-wait")
            copies = muster.folder / "n4-copies"
            wait_for("the copy begins", copies.exists, seconds=60)
            wait_for("its heartbeats say how far it is", lambda: any(
                beat.get("copies") == [{"group": "g1", "bytes": "1000", "bytesTotal": "4000"}] for beat in muster.beats("n4")),
                seconds=60)
            wait_for("it is shown", lambda: self.shown(muster) == (["syncing"], [("g1", 1000, 4000)]))
            self.assertRegex(muster.run("node", "n4", "--cluster", "kv").stdout, r"copies\nGROUP +BYTES +OF +MOVED\ng1 +1000 +4000 ")
            muster.kill_agent("n4")
            muster.agents["n4"] = muster.beside_file("n4")
            wait_for("it is copied anew", lambda: len(copies.read_text().split()) == 2, seconds=60)
            (muster.folder / "n4-goes-on").touch()
            muster.wait("kv", "node/n4=joined")
            wait_for("no copy is shown", lambda: self.shown(muster) == (["synced"], []))
            self.assertEqual(len(set(copies.read_text().split())), 2, "a command was carried out twice")
            self.assertEqual(group.members["n4"], "voter")

            # The leader's agent dies with the program that demotes, and the next time when that has done it.
            for text in ("import os\nos.kill(os.getppid(), 9)\n", PROGRAM + "os.kill(os.getppid(), 9)\n"):
                first = text.startswith("import")
                group.hook("demoteMember", ("#!/usr/bin/python3\n" if first else "") + text)
                if first:
                    muster.run("demote", "n4", "--cluster", "kv", "--reason", "test", "--no-wait")
                wait_for("the agent is dead", lambda: muster.agents["n1"].poll() is not None, seconds=60)
                group.hook("demoteMember", PROGRAM if not first else PROGRAM + "os.kill(os.getppid(), 9)\n")
                muster.agents["n1"] = muster.beside_file("n1")
            wait_for("the demotion is over", lambda: not muster.ask("node", "n4", "--cluster", "kv").get("saga"), seconds=60)
            self.assertEqual(group.members["n4"], "learner")
            self.assertEqual([entry for entry in group.log if entry[0] == "demoteMember"], [["demoteMember", "n4"]])
            # Each time its successor did not know how it had ended, and it was looked for before anything else.
            lost = "the agent was restarted while it carried out demoteMember"
            self.assertEqual([each["detail"] for each in muster.facts("commandOutcomeUnknown", "n1")], [lost, lost])
            self.assertEqual([sentence.rsplit(" has had ", 1)[1] for sentence in muster.outcomes("n4", "doubtResolved")],
                             ["no effect", "its effect"])


class WatchTests(unittest.TestCase):
    def test_services_without_an_agent_are_looked_at_and_nothing_is_removed_for_it(self):
        answers = {"status": 200}

        class Health(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(answers["status"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        with Muster() as muster, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            # Nobody else is given this one while it is closed.
            (port,) = free_ports(1)
            listener = socket.create_server(("127.0.0.1", port))
            muster.start("watch", [test_etcd.MUSTER, "agent", "--cluster", "kv", "--observer", "probe", "--log-level", "info", "--watch-every", "200ms",
                                   "--watch", f"n1=tcp://127.0.0.1:{port}",
                                   "--watch", f"n2=http://127.0.0.1:{server.server_port}/health"])
            watcher = muster.processes[-1]

            def said():
                return (muster.folder / "watch.txt").read_text()

            # The lease is long: what makes a node suspect here is the observer's word.
            muster.run("configure", "--cluster", "kv", "--heartbeat-interval", "500ms", "--lease", "60s")
            start = time.monotonic()
            for node in ("n1", "n2"):
                muster.run("publish", "node-up", "--cluster", "kv", "--node", node, "--store", "0" * 31 + node[1],
                           "--group-on", "id=g1")
            muster.wait("kv", "node/n1=up", "node/n2=up")
            wait_for("both answer", lambda: "n1 answers" in said() and "n2 answers" in said())
            wait_for("two heartbeats are missing", lambda: time.monotonic() > start + 2)
            listener.close()
            answers["status"] = 503
            wait_for("n1 is silent", lambda: "n1 " in said() and "refused" in said())
            wait_for("n2 answers 503", lambda: "503" in said())
            muster.wait("kv", "node/n1=suspect", "node/n2=suspect")
            self.assertIn("by probe", str(muster.outcomes("n1", "nodeSuspected")))
            self.assertEqual(muster.commands("kv"), [])
            answers["status"] = 204
            listener = socket.create_server(("127.0.0.1", port))
            wait_for("both answer again", lambda: said().count("n1 answers") > 1 and said().count("n2 answers") > 1)
            for node in ("n1", "n2"):
                wait_for(f"that {node} answers again is said to all", lambda: len(muster.facts("nodeReportedUp", node)) > 1)
            # Up is what it says of itself.
            for node in ("n1", "n2"):
                muster.run("publish", "heartbeat", "--cluster", "kv", "--node", node, "--store", "0" * 31 + node[1])
            muster.wait("kv", "node/n1=up", "node/n2=up")
            watcher.terminate()
            self.assertEqual(watcher.wait(timeout=60), 0)
            listener.close()
            server.shutdown()


class EmbeddingTests(unittest.TestCase):
    def test_a_swift_program_runs_the_agent_of_its_node(self):
        program = test_etcd.MUSTER.parent / "EmbeddedAgent"
        with Muster() as muster:
            group = muster.group("n1", "n2", "n3", agents=["n2", "n3"])

            def embedded(log):
                muster.start("embedded", [program, log, "kv", "n1", muster.folder / "n1", group.hooks, "10.0.0.1:1"])
                return muster.processes[-1]

            self.assertNotEqual(embedded(f"sqlite:{muster.folder}/nowhere.db").wait(timeout=60), 0)
            self.assertFalse((muster.folder / "nowhere.db").exists())
            self.assertFalse((muster.folder / "n1").exists(), "a slip costs no start")
            embedded(muster.environment["MUSTER_LOG"])
            muster.settled("n1", "n2", "n3")
            self.assertEqual(muster.ask("node", "n1", "--cluster", "kv")["address"], "10.0.0.1:1")
            muster.run("remove", "n3", "--cluster", "kv", "--reason", "test")
            self.assertEqual(group.log, [["removeMember", "n3"]])


class ClientTests(unittest.TestCase):
    def test_a_swift_service_holds_a_lease_and_watches(self):
        program = test_etcd.MUSTER.parent / "ClientService"
        with Muster() as muster:
            muster.run("configure", "--cluster", "kv", *POLICY)
            muster.start("service", ["stdbuf", "-oL", program, muster.environment["MUSTER_LOG"], "kv", "n1", muster.folder / "n1"])
            service = muster.processes[-1]
            muster.wait("kv", "node/n1=up", "group/g1=leader")
            muster.run("publish", "node-up", "--cluster", "kv", "--node", "n2", "--store", "0" * 31 + "2", "--group-on", "id=g1")
            wait_for("it sees the other", lambda: "n2" in (muster.folder / "service.txt").read_text())
            service.kill()
            muster.wait("kv", "node/n1=suspect")


class CertificateTests(unittest.TestCase):
    def test_an_etcd_that_wants_certificates_of_its_clients_gets_the_agent_s(self):
        with Muster() as muster:
            (muster.folder / "e1").mkdir()
            server = Server(muster.folder / "e1", "e1")
            test_agents.AgentTests.certificates(self, muster.folder)
            for name in ("agent", "stranger"):
                self.certificate(muster.folder, name, by="ca" if name == "agent" else None)
            client = server.client.replace("http:", "https:")
            with open(muster.folder / "etcd.txt", "ab") as log:
                muster.processes.append(subprocess.Popen(
                    ["etcd", "--name", "e1", "--data-dir", server.folder, "--log-level", "warn", "--listen-client-urls", client,
                     "--advertise-client-urls", client, "--listen-peer-urls", server.peer,
                     "--initial-advertise-peer-urls", server.peer, "--initial-cluster", f"e1={server.peer}",
                     "--cert-file", muster.folder / "server.pem", "--key-file", muster.folder / "server.key",
                     "--client-cert-auth", "--trusted-ca-file", muster.folder / "ca.pem"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            words = ["--etcd", client, "--etcd-peer", server.peer, "--tls-authority", muster.folder / "ca.pem"]
            for more in ([], ["--tls-certificate", muster.folder / "stranger.pem", "--tls-key", muster.folder / "stranger.key"]):
                before = len(muster.text_of("e1")) if (muster.folder / "agent-e1.txt").exists() else 0
                agent = muster.alone("e1", *words, *more)
                wait_for("it is not let in", lambda: "cannot be looked at" in muster.text_of("e1")[before:])
                self.assertIsNone(agent.poll())
                agent.terminate()
                agent.wait(timeout=60)
            # A node whose etcd may not be looked at can be up, and is a member of nothing.
            known = muster.run("nodes", "--cluster", "kv", check=False).stdout
            self.assertNotIn(" member ", known)
            muster.alone("e1", *words, "--tls-certificate", muster.folder / "agent.pem", "--tls-key", muster.folder / "agent.key")
            muster.wait("kv", "node/e1=member", "group/etcd=leader")

    def certificate(self, folder, name, by):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder, timeout=60)
        if by is None:
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                    "-subj", f"/CN={name}", "-days", "1")
            return
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "1")


def is_alive(process):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    test_etcd.MUSTER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
