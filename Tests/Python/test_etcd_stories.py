#!/usr/bin/env python3
"""What befalls a real etcd, story by story: its nodes have agents, a manager decides, and a client writes throughout.

  test_etcd_stories.py MUSTER [STORY ...]      MUSTER is the built program

Every story ends with every acknowledged write still there. What was measured is printed. MUSTER_TEST_ETCD names a folder with
another etcd and etcdctl, MUSTER_TEST_STORY_LOG the URL of a log to take instead of an embedded one, with a prefix for each story.
"""
import concurrent.futures
import inspect
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

import test_etcd
from agents import post
from etcd_cluster import wait_for
from etcd_story import AGES, DELAY, TIMES, Deaths, Story
from passage import Meeting

GUIDE = test_etcd.ROOT / "docs/guides/etcd.md"


class Stories(unittest.TestCase):
    def one_of_four_is_lost(self):
        with Story("one of four is lost", 4) as story:
            leader = story.etcd.leader()
            lost = next(server for server in story.etcd.servers if server is not leader)
            story.fault()
            story.lose(lost)
            story.wait_members(*[server.name for server in story.etcd.servers if server is not lost])
            story.over("removed")
            moments = dict(story.moments())
            self.assertGreaterEqual(round(moments["commanded"] - moments["detected"], 3), DELAY)
            story.muster.wait("kv", f"node/{lost.name}=removed")
            self.assertEqual(story.actions(), [("removeMember", lost.name)])

    def two_of_five_are_lost(self):
        with Story("two of five are lost", 5) as story:
            leader = story.etcd.leader()
            others = [server for server in story.etcd.servers if server is not leader]
            lost = [leader, others[0]]
            story.fault()
            for server in lost:
                story.lose(server)
            story.wait_members(*[server.name for server in others[1:]])
            story.over("both removed")
            # The delay counts from where a node is down. By the journal's own times, which nobody's slowness makes later.
            moments = dict(story.moments())
            self.assertGreaterEqual(round(moments["commanded"] - moments["detected"], 3), DELAY)
            for server in lost:
                story.muster.wait("kv", f"node/{server.name}=removed")
            self.assertEqual(sorted(story.actions()), sorted(("removeMember", server.name) for server in lost))

    def a_fourth_and_a_fifth_join(self):
        with Story("a fourth and a fifth join") as story:
            newcomers = [story.etcd.new_server(), story.etcd.new_server()]
            for server in newcomers:
                story.beside(server)
            story.muster.wait("kv", "node/e4=up", "node/e5=up")
            story.fault()
            for server in newcomers:
                story.muster.run("add", server.name, "--cluster", "kv", "--no-wait")
            seen = {server.name: [] for server in newcomers}

            def both_vote():
                members = story.members()
                for name, states in seen.items():
                    if members.get(name) is not None and states[-1:] != [members[name]]:
                        states.append(members[name])
                return all(members.get(name) for name in seen)

            wait_for("both vote", both_vote, seconds=120, every=0.05)
            story.over("both vote")
            self.assertEqual(seen, {"e4": [False, True], "e5": [False, True]}, "a learner first, then a voter")
            story.muster.wait("kv", "node/e4=member", "node/e5=member")
            # etcd takes one learner at a time, and no addition while a voter is not reached: one behind the other.
            one = ["addMember", "startMember", "promoteMember"]
            self.assertEqual([action for action, _ in story.actions()], one + one)

    def a_command_is_out_of_date(self):
        """Between the proof and the proposal somebody takes out another member: with both gone, two would be left."""
        with Story("a command that is out of date", 5) as story:
            leader = story.etcd.leader()
            first, second = [server for server in story.etcd.servers if server is not leader][:2]
            # etcd refuses changes for some seconds after it has begun: from now on it takes them at once.
            others = [server for server in story.etcd.servers if server not in (leader, first, second)]
            story.muster.run("remove", others[0].name, "--cluster", "kv", "--timeout", "60s")
            story.muster.wait("kv", "group/etcd=healthy")
            listed = post(leader.client, "cluster/member/list", {})["members"]
            (identity,) = [int(each["ID"]) for each in listed if each["name"] == second.name]
            agent = story.muster.agents[leader.name]
            story.is_meddled_with = True
            agent.send_signal(signal.SIGSTOP)
            try:
                story.fault()
                story.muster.run("remove", first.name, "--cluster", "kv", "--no-wait")
                wait_for("the removal is commanded", lambda: ("removeMember", first.name) in story.actions(), seconds=60)
                # What etcdctl calls late may be done all the same, and is not there a second time.
                wait_for("etcd removes the other", lambda: self.changes(story, "member", "remove", f"{identity:x}")
                         or identity not in [int(each["ID"]) for each in post(leader.client, "cluster/member/list", {})["members"]])
            finally:
                agent.send_signal(signal.SIGCONT)

            def refused():
                return [row for row in story.muster.journal() if row["event"] == "commandFailed" and "preconditionFailed" in row["sentence"]]

            wait_for("the agent refuses", refused, seconds=60)
            story.over("refused")
            self.assertIn("the configuration changed", story.muster.text_of(leader.name))
            wait_for("the floor holds it back", lambda: any(
                row["event"] == "stepBlocked" and "floor" in row["sentence"] for row in story.muster.journal()), seconds=60)
            self.assertIn(first.name, story.members())

    def who_returns_in_time_stays(self):
        with Story("a return in time", least=2) as story:
            server = story.etcd.servers[2]
            story.fault()
            story.lose(server)
            story.muster.wait("kv", "node/e3=down")
            wait_for("its removal is due", lambda: [
                each["node"] for each in story.muster.ask("removals", "--cluster", "kv")["removals"]] == ["e3"])
            server.start(story.etcd.servers, "existing")
            story.beside(server)
            story.muster.wait("kv", "node/e3=up")
            story.over("back")
            # The delay of before passes, and nothing happens.
            time.sleep(DELAY)
            story.wait_members("e1", "e2", "e3")
            self.assertEqual(story.actions(), [])
            self.assertEqual([row["node"] for row in story.muster.journal() if row["event"] == "removalCancelled"], ["e3"])

    def a_node_comes_back_with_an_empty_disk(self):
        with Story("an empty disk under the same name") as story:
            server = story.etcd.servers[2]
            before = story.muster.ask("node", "e3", "--cluster", "kv")["store"]
            story.fault()
            story.lose(server)
            # A disk that is changed within a lease of the old one's last word would be a conflict of two.
            story.muster.wait("kv", "node/e3=down")
            shutil.rmtree(server.folder.parent)
            server.folder.parent.mkdir(mode=0o700)
            server.process = None
            story.beside(server)
            wait_for("the old store's member goes", lambda: ("removeMember", "e3") in story.actions())

            def is_back():
                node = story.muster.ask("node", "e3", "--cluster", "kv")
                return node["store"] != before and node["membership"] == "member" and story.members().get("e3")

            wait_for("e3 votes on its new disk", is_back, seconds=90)
            story.over("voting again")
            story.wait_members("e1", "e2", "e3")
            kinds = [action for action, _ in story.actions()]
            self.assertEqual([kind for kind in kinds if kind in ("removeMember", "addMember", "promoteMember")],
                             ["removeMember", "addMember", "promoteMember"])

    def a_leader_is_removed(self):
        with Story("the leader is removed", 4) as story:
            leader = story.etcd.leader()
            story.fault()
            story.muster.run("remove", leader.name, "--cluster", "kv", "--timeout", "60s")
            story.over()
            names = [server.name for server in story.etcd.servers if server is not leader]
            story.wait_members(*names)
            actions = story.actions()
            self.assertEqual([action for action, _ in actions], ["transferLeadership", "removeMember", "stopMember"])
            self.assertIn(("removeMember", leader.name), actions)
            self.assertIn(story.etcd.leader().name, names)

    def all_restart_in_turn(self):
        with Story("a rolling restart", least=2) as story:
            for server in story.etcd.servers:
                began = time.monotonic()
                story.muster.agents[server.name].terminate()
                self.assertEqual(story.muster.agents[server.name].wait(timeout=60), 0)
                server.signal(signal.SIGTERM)
                server.process.wait(timeout=60)
                server.start(story.etcd.servers, "existing")
                wait_for(f"{server.name} is healthy", server.is_healthy)
                story.beside(server)
                story.muster.wait("kv", f"node/{server.name}=up")
                story.note(f"{server.name} back after", began)
            time.sleep(DELAY + 2)
            story.wait_members("e1", "e2", "e3")
            self.assertEqual(story.actions(), [])

    def somebody_uses_etcdctl(self):
        with Story("members changed behind Muster's back", 4) as story:
            listed = post(story.etcd.servers[0].client, "cluster/member/list", {})["members"]
            leader = story.etcd.leader()
            victim = next(server for server in story.etcd.servers if server is not leader)
            (identity,) = [int(each["ID"]) for each in listed if each["name"] == victim.name]
            story.is_meddled_with = True
            # etcd refuses changes for some seconds after it has begun.
            wait_for("etcd removes the member", lambda: self.changes(story, "member", "remove", f"{identity:x}"))
            story.fault()

            def drifted():
                return [row["sentence"] for row in story.muster.journal() if row["event"] == "driftDetected"]

            wait_for("the removal is told", drifted)
            self.assertEqual(drifted(), [f"etcd was changed by others: vanished {victim.name}"])
            wait_for("the node is no member", lambda: story.muster.ask(
                "node", victim.name, "--cluster", "kv")["membership"] != "member")
            story.over("adopted")
            fifth = story.etcd.new_server()
            added = time.monotonic()
            wait_for("etcd takes the member",
                     lambda: self.changes(story, "member", "add", fifth.name, f"--peer-urls={fifth.peer}"))
            told = time.monotonic()
            wait_for("the addition is told", lambda: " appeared member-" in drifted()[-1], every=0.02)
            story.note("an addition told after", told)
            # It has no name yet, and counts as a voter from the moment at which it is told.
            names = [server.name for server in story.etcd.servers if server not in (victim, fifth)]
            (group,) = story.muster.ask("groups", "--cluster", "kv")["groups"]
            nameless = set(group["voters"]) - set(names)
            self.assertEqual((len(group["voters"]), len(nameless)), (4, 1), group)
            self.assertEqual(drifted()[1:], [f"etcd was changed by others: appeared {nameless.pop()}"])
            time.sleep(DELAY + 2)
            # Nothing was added again, and the newcomer, whom nobody has heard of, was left alone.
            self.assertEqual(story.members(), {**dict.fromkeys(names, True), "": True})
            # Who was taken out must not go on serving: that is all that is asked.
            self.assertEqual(story.actions(), [("stopMember", victim.name)])
            story.note("an addition left alone for", added)

    def changes(self, story, *words):
        """Whether etcdctl could do it."""
        try:
            return story.etcd.control(*words)
        except subprocess.CalledProcessError:
            return False

    def the_manager_dies_in_each_step(self):
        # Long enough for a learner to be stopped before it has caught up.
        with Story("the manager killed in each step of a join and of a leader's removal", has_passages=True,
                   stabilization="3s") as story:
            fourth = story.etcd.new_server()
            meetings = {action: story.passages.expect(Meeting(action, is_done=False))
                        for action in ("addMember", "promoteMember", "transferLeadership", "removeMember")}
            places = {action: story.meet(action, 'touch "$meeting.here"; while [ ! -e "$meeting.go" ]; do sleep 0.02; done')
                      for action in ("startMember", "stopMember")}
            story.beside(fourth)
            story.muster.wait("kv", "node/e4=up")
            story.fault()
            story.muster.run("add", "e4", "--cluster", "kv", "--no-wait")
            self.manager_dies_in(story, meetings["addMember"])
            self.manager_dies_here(story, places["startMember"])
            self.manager_dies_while_it_catches_up(story, fourth)
            self.manager_dies_in(story, meetings["promoteMember"])
            story.muster.wait("kv", "node/e4=member", seconds=90)
            story.over("joined")
            story.wait_members("e1", "e2", "e3", "e4")
            leader = story.etcd.leader()

            def accepted():
                # A manager that has just begun has not yet seen that all are well, and says so.
                asked = ["remove", leader.name, "--cluster", "kv", "--timeout", "1s"]
                return story.muster.run(*asked, check=False).returncode != 6

            wait_for("the removal is accepted", accepted, seconds=60)
            asked = time.monotonic()
            self.manager_dies_in(story, meetings["transferLeadership"])
            self.manager_dies_in(story, meetings["removeMember"])
            self.manager_dies_here(story, places["stopMember"])
            story.wait_members(*[server.name for server in story.etcd.servers if server is not leader])
            wait_for("its server stops", lambda: not leader.is_healthy(), seconds=60)
            story.muster.wait("kv", f"node/{leader.name}=removed")
            story.note("the removal took", asked)
            self.assertEqual([action for action, _ in story.actions()],
                             ["addMember", "startMember", "promoteMember", "transferLeadership", "removeMember", "stopMember"])
            begun = story.begun()
            self.assertEqual(len(begun), len(set(begun)), "a command was carried out twice")

    def the_manager_dies_while_a_disk_is_prepared(self):
        with Story("the manager killed while a disk is prepared") as story:
            fourth = self.newcomer_with_data(story)
            place = story.meet("prepareNode", 'touch "$meeting.here"; while [ ! -e "$meeting.go" ]; do sleep 0.02; done')
            store = self.give_away(story, fourth)
            self.manager_dies_here(story, place)
            self.joins_on_another_store(story, fourth, store)
            begun = story.begun()
            self.assertEqual(len(begun), len(set(begun)), "a command was carried out twice")

    def manager_dies_in(self, story, meeting):
        """The leader's agent has the command, etcd has not: the manager is killed, etcd does it, another manager begins."""
        meeting.wait()
        story.muster.kill_manager()
        meeting.go.set()
        story.muster.manager()

    def manager_dies_here(self, story, place):
        """The same while the node's own hook waits."""
        wait_for(f"{place} is read", place.with_suffix(".here").exists, seconds=60)
        story.muster.kill_manager()
        place.with_suffix(".go").touch()
        story.muster.manager()

    def manager_dies_while_it_catches_up(self, story, learner):
        """This step has no command. A learner that is stopped is not seen to have caught up."""
        wait_for("its server has been started",
                 lambda: "carried out startMember" in story.muster.text_of(learner.name), seconds=60, every=0.01)
        process = story.etcd.hook_process(learner)
        os.kill(process, signal.SIGSTOP)
        wait_for("it is to catch up", lambda: "step start is done, catchUp is next" in story.muster.run(
            "log", "--cluster", "kv").stdout, seconds=60)
        self.assertNotIn("promoteMember", [action for action, _ in story.actions()])
        story.muster.kill_manager()
        story.muster.manager()
        os.kill(process, signal.SIGCONT)

    def agents_die_in_a_join(self):
        with Story("agents killed in each command of a join", has_passages=True) as story:
            fourth = story.etcd.new_server()
            deaths = Deaths(story, ["addMember", "promoteMember"], ["startMember"])
            story.beside(fourth)
            story.muster.wait("kv", "node/e4=up")
            story.fault()
            story.muster.run("add", "e4", "--cluster", "kv", "--no-wait")
            deaths.twice("addMember")
            deaths.twice_here("startMember", fourth)
            deaths.twice("promoteMember")
            story.muster.wait("kv", "node/e4=member", seconds=120)
            story.over("joined")
            story.wait_members("e1", "e2", "e3", "e4")
            self.assertEqual([action for action, _ in story.actions()], ["addMember", "startMember", "promoteMember"])
            deaths.check(self)

    def agents_die_in_a_removal(self):
        with Story("agents killed in each command of a leader's removal", 4, has_passages=True) as story:
            leader = story.etcd.leader()
            deaths = Deaths(story, ["transferLeadership", "removeMember"], ["stopMember"])
            story.fault()
            story.muster.run("remove", leader.name, "--cluster", "kv", "--no-wait")
            deaths.twice("transferLeadership")
            deaths.twice("removeMember")
            deaths.twice_here("stopMember", leader)
            story.muster.wait("kv", f"node/{leader.name}=removed", seconds=120)
            story.over()
            story.wait_members(*[server.name for server in story.etcd.servers if server is not leader])
            wait_for("its server has stopped", lambda: not leader.is_healthy(), seconds=60)
            self.assertEqual([action for action, _ in story.actions()], ["transferLeadership", "removeMember", "stopMember"])
            deaths.check(self)

    def agents_die_while_a_disk_is_prepared(self):
        with Story("agents killed while a disk is prepared") as story:
            fourth = self.newcomer_with_data(story)
            deaths = Deaths(story, [], ["prepareNode"])
            store = self.give_away(story, fourth)
            deaths.twice_here("prepareNode", fourth)
            self.joins_on_another_store(story, fourth, store)
            deaths.check(self)

    def newcomer_with_data(self, story):
        """A fourth server, with what another cluster has left on its disk."""
        fourth = story.etcd.new_server()
        (fourth.folder / "member").mkdir(parents=True)
        (fourth.folder / "member/left").write_text("of another cluster")
        return fourth

    def give_away(self, story, fourth):
        """A person gives its disk away; which store that was."""
        story.beside(fourth)
        story.muster.wait("kv", "node/e4=up")
        store = story.muster.ask("node", "e4", "--cluster", "kv")["store"]
        story.fault()
        story.muster.run("add", "e4", "--wipe", store, "--cluster", "kv", "--no-wait")
        return store

    def joins_on_another_store(self, story, fourth, store):
        story.muster.wait("kv", "node/e4=member", seconds=120)
        story.over("joined")
        story.wait_members("e1", "e2", "e3", "e4")
        self.assertFalse((fourth.folder / "member/left").exists())
        self.assertNotEqual(story.muster.ask("node", "e4", "--cluster", "kv")["store"], store)
        self.assertEqual([action for action, _ in story.actions()], ["prepareNode", "addMember", "startMember", "promoteMember"])

    def etcd_answers_a_change_badly(self):
        """Three times etcd never had it and nobody can know that; the fourth time it has done it and does not say so."""
        with Story("a change that etcd answers badly", 4, has_passages=True) as story:
            leader = story.etcd.leader()
            victim = next(server for server in story.etcd.servers if server is not leader)
            for how in ("error", "half", "late"):
                story.passages.expect(Meeting("removeMember", is_done=False, badly=how))
            story.passages.expect(Meeting("removeMember", is_done=True, badly="error"))
            story.fault()
            story.muster.run("remove", victim.name, "--cluster", "kv", "--no-wait")
            story.muster.wait("kv", f"node/{victim.name}=removed", seconds=120)
            story.over("removed")
            story.wait_members(*[server.name for server in story.etcd.servers if server is not victim])
            self.assertIsNone(story.muster.agents[leader.name].poll())
            text = story.muster.text_of(leader.name)
            unknown = re.findall("the outcome of removeMember is unknown.*", text)
            self.assertEqual(len(unknown), 3, text[-3000:])
            for line, words in zip(unknown, ("answers 503 without a reason", "cut off", "does not answer in time")):
                self.assertIn(words, line)
            self.assertNotIn("removeMember failed", text)
            self.assertRegex(text, "carried out removeMember.*, after: .*answers 503 without a reason")
            events = story.muster.journal()
            # It is in doubt by the agent's own word, not because its time was over.
            doubts = [row for row in events if row["event"] == "commandInDoubt"]
            self.assertEqual(["does not know what became of" in row["cause"] for row in doubts], [True] * 3, doubts)
            self.assertEqual([row["sentence"].partition("has had ")[2] for row in events if row["event"] == "doubtResolved"],
                             ["no effect"] * 3)
            self.assertEqual([row for row in events if row["event"] == "commandFailed"], [])
            self.assertEqual(story.muster.issued(), [("removeMember", victim.name)] * 4 + [("stopMember", victim.name)])
            begun = story.begun()
            self.assertEqual(len(begun), len(set(begun)), "a command was carried out twice")

    def nothing_is_heard_for_ages(self):
        """Everybody is silent for longer than every deadline, while one removal is due: its delay begins anew and in full."""
        with Story("the log away for longer than every deadline", least=2) as story:
            lost = story.etcd.servers[2]
            story.lose(lost)
            story.muster.wait("kv", "node/e3=down")
            silent = time.monotonic()
            self.take_the_log_away(story)
            time.sleep(AGES)
            story.fault()
            self.give_the_log_back(story)
            story.note("was away for", silent)
            for name in ("e1", "e2"):
                story.muster.wait("kv", f"node/{name}=up")
            story.wait_members("e1", "e2")
            story.over("the lost one removed")
            self.assertEqual(story.actions(), [("removeMember", "e3")])
            self.assertGreaterEqual(dict(story.moments())["commanded"], DELAY - 0.1)

    def nobody_decides_for_ages(self):
        """Only the manager is away. A node that is lost meanwhile, for longer than its delay, is back before the manager is."""
        with Story("the managers away for longer than every deadline", least=2) as story:
            server = story.etcd.servers[2]
            away = time.monotonic()
            story.muster.current.send_signal(signal.SIGSTOP)
            story.lose(server)
            time.sleep(AGES)
            server.start(story.etcd.servers, "existing")
            wait_for("e3 is healthy", server.is_healthy)
            before = story.muster.beats("e3")
            story.beside(server)
            # Nobody decides, so only the log says that its agent has begun and is heard.
            if before is None:
                time.sleep(10)
            else:
                wait_for("the new agent of e3 beats", lambda: story.muster.beats("e3") > before + 4)
            story.muster.current.send_signal(signal.SIGCONT)
            story.note("away for", away)
            time.sleep(DELAY + 4)
            story.muster.wait("kv", "node/e3=up")
            story.wait_members("e1", "e2", "e3")
            self.assertEqual(story.actions(), [])

    def the_broker_is_stopped_for_ages(self):
        """A Kafka of its own, whose process stands still: nobody can write or read, and everybody tries."""
        # Only with a Kafka: its client is in .venv, the rest of this file needs nothing.
        from brokers import Brokers
        brokers = Brokers(1, None, "group.initial.rebalance.delay.ms=0")
        try:
            with Story("the broker stopped for longer than every deadline", least=2, log=f"kafka://{brokers.servers}") as story:
                stopped = time.monotonic()
                brokers.pause(1)
                try:
                    time.sleep(AGES)
                finally:
                    brokers.go_on(1)
                story.note("stopped for", stopped)
                back = time.monotonic()
                brokers.wait()
                for server in story.etcd.servers:
                    story.muster.wait("kv", f"node/{server.name}=up")
                # A manager decides again.
                story.muster.run("configure", "--cluster", "kv", "--voters-min", "2", "--stabilization", "1s", *TIMES)
                story.note("all up again after", back)
                time.sleep(DELAY + 2)
                story.wait_members("e1", "e2", "e3")
                self.assertEqual(story.actions(), [])
        finally:
            brokers.end()

    # An embedded log is a file: somebody writes into it and comes to no end, so that nobody else can. A Kafka is only not heard:
    # there everybody is stopped, and `the_broker_is_stopped_for_ages` stops the other side.
    def take_the_log_away(self, story):
        if "MUSTER_TEST_STORY_LOG" in os.environ:
            return story.muster.stop_all(signal.SIGSTOP)
        self.writer = sqlite3.connect(story.muster.folder / "muster.db", isolation_level=None, timeout=30)
        self.writer.execute("BEGIN IMMEDIATE")

    def give_the_log_back(self, story):
        if "MUSTER_TEST_STORY_LOG" in os.environ:
            return story.muster.stop_all(signal.SIGCONT)
        self.writer.execute("ROLLBACK")
        self.writer.close()


STORIES = ["a_fourth_and_a_fifth_join", "one_of_four_is_lost", "two_of_five_are_lost", "who_returns_in_time_stays",
           "a_node_comes_back_with_an_empty_disk", "a_leader_is_removed", "a_command_is_out_of_date", "all_restart_in_turn",
           "somebody_uses_etcdctl", "the_manager_dies_in_each_step", "the_manager_dies_while_a_disk_is_prepared",
           "agents_die_in_a_join", "agents_die_in_a_removal", "agents_die_while_a_disk_is_prepared", "etcd_answers_a_change_badly",
           "nothing_is_heard_for_ages", "nobody_decides_for_ages"]
# Told only when they are named: they need a Kafka by KAFKA_HOME.
NAMED = ["the_broker_is_stopped_for_ages"]


class GuideTests(unittest.TestCase):
    def test_every_story_is_told(self):
        written = [name for name, part in vars(Stories).items() if inspect.isfunction(part) and "with Story(" in inspect.getsource(part)]
        self.assertEqual(sorted(written), sorted(STORIES + NAMED))

    def test_the_guide_s_table_has_every_story_and_no_other(self):
        # The other table is the demonstration's.
        (text,) = re.findall(r"(?s)\n## What befalls, .*?\n## ", GUIDE.read_text())
        rows = [row.split("|")[1:-1] for row in text.splitlines() if row.startswith("| ")]
        self.assertEqual({len(row) for row in rows}, {7})
        named = [re.findall("`([a-z_]+)`", row[-1]) for row in rows[1:]]
        for row, names in zip(rows[1:], named):
            self.assertEqual(len(names), 1, row)
        self.assertEqual({name for (name,) in named}, {*STORIES, *NAMED})


class StoryTests(unittest.TestCase):
    def test_each_story_ends_well(self):
        wanted = os.environ.get("MUSTER_TEST_STORIES", "").split() or STORIES
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            told = {name: pool.submit(getattr(Stories(), name)) for name in wanted}
        for name, story in told.items():
            with self.subTest(story=name):
                story.result()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    test_etcd.MUSTER = pathlib.Path(sys.argv[1]).resolve()
    os.environ["MUSTER_TEST_STORIES"] = " ".join(sys.argv[2:]) or os.environ.get("MUSTER_TEST_STORIES", "")
    if folder := os.environ.get("MUSTER_TEST_ETCD"):
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    unittest.main(argv=sys.argv[:1])
