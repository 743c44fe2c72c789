#!/usr/bin/env python3
"""What befalls a real etcd, story by story: its nodes have agents, a manager decides, and a client writes throughout.

  test_etcd_stories.py MUSTER [STORY ...]      MUSTER is the built program

Every story ends with every acknowledged write still there. What was measured is printed. MUSTER_TEST_ETCD names a folder with
another etcd and etcdctl, MUSTER_TEST_STORY_LOG the URL of a log to take instead of an embedded one, with a prefix for each story.
"""
import concurrent.futures
import datetime
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
import uuid

import test_agents
import test_etcd
from agents import Members, Writer, post
from etcd_cluster import wait_for
from fleet import rows
from passage import Meeting, Passages

DELAY = 8
TIMES = ["--heartbeat-interval", "500ms", "--lease", "2500ms", "--observation-interval", "500ms", "--observation-age-max", "2500ms",
         "--removal-delay", f"{DELAY}s", "--trust-delay", "1s", "--backoff-min", "500ms",
         "--change-limit", "5s", "--transfer-limit", "5s"]
# Longer than the lease, the removal delay, and whatever else is counted.
AGES = DELAY + 2.5 + 8
# What is measured of a story, by the events of which the first counts.
MOMENTS = [("detected", ("nodeDown", "driftDetected")), ("decided", ("sagaStarted", "removalPlanned", "removalCancelled")),
           ("commanded", ("commandIssued",))]
ACTIONS = ["prepareNode", "syncGroup", "startMember", "stopMember", "addMember", "promoteMember", "demoteMember", "removeMember",
           "transferLeadership"]


class Muster(test_agents.Muster):
    """The log and the manager, which may end and begin again."""

    def __init__(self, log=None):
        super().__init__()
        if log := log or os.environ.get("MUSTER_TEST_STORY_LOG"):
            self.environment["MUSTER_LOG"] = f"{log}/story-{uuid.uuid4().hex[:8]}"
        self.managers = 0

    def __exit__(self, kind, *rest):
        # One that a story has stopped would hear nothing.
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
        super().__exit__(kind, *rest)

    def __enter__(self):
        self.manager()
        wait_for("the log has a journal", self.has_journal)
        return self

    def manager(self):
        """Another manager, which need not wait for the session of the one before."""
        self.managers += 1
        self.start("manager", [test_etcd.MUSTER, "manager", "--allow-short-removal-delay",
                               "--manager-group", f"g{self.managers}"])
        self.current = self.processes[-1]

    def beats(self, node):
        """How many signs of life of the node's agent lie in the log; None where that is no file."""
        file = self.folder / "muster.db"
        if not file.exists():
            return None
        return sum(json.loads(value)["node"] == node for _, value in rows(file, "heartbeats"))

    def kill_manager(self):
        self.current.kill()
        self.current.wait()

    def events(self):
        """The lines of the journal."""
        return [json.loads(line) for line in self.run("log", "--cluster", "kv", "-o", "jsonl").stdout.splitlines()]

    def issued(self):
        """What was commanded, as pairs of action and node, in order."""
        events = [event for event in self.events() if event["event"] == "commandIssued"]
        return [(next(action for action in ACTIONS if action in event["sentence"]), event["node"]) for event in events]

    def stop_all(self, number):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)


class Story:
    """One etcd with agents, a manager and a writer. A context.

    `least` is the floor: where nothing is to be removed it is lower than what is there, so that something could be.
    """

    def __init__(self, name, count=3, least=3, log=None, has_passages=False, stabilization="1s"):
        self.name, self.least, self.has_passages, self.stabilization = name, least, has_passages, stabilization
        self.etcd, self.muster, self.passages, self.ways = Members(count), Muster(log), Passages(), {}
        self.writer = Writer(self.etcd)
        self.times = []
        # Whether somebody else than Muster changes the members.
        self.is_meddled_with = False

    def __enter__(self):
        try:
            self.etcd.__enter__()
            self.muster.__enter__()
            self.writer.__enter__()
            for server in self.etcd.servers:
                if self.has_passages:
                    self.ways[server.name] = self.passages.before(server)
                self.beside(server)
            wait_for("the cluster is known", lambda: self.muster.run("nodes", "--cluster", "kv", check=False).returncode == 0)
            self.muster.wait("kv", *[f"node/{server.name}=member" for server in self.etcd.servers], "group/etcd=leader")
            self.muster.run("configure", "--cluster", "kv", "--voters-min", str(self.least),
                            "--stabilization", self.stabilization, *TIMES)
            self.muster.wait("kv", "group/etcd=healthy")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        self.fault()
        return self

    def fault(self):
        """What the story is about begins now."""
        self.began, self.end, self.ended = time.time(), None, None

    def over(self, what="done"):
        """What the story is about has ended well."""
        self.end, self.ended = what, time.time()

    def moments(self):
        """When it was seen, decided, and commanded, after it began, as the journal has it, and when it was done."""
        rows = [(datetime.datetime.fromisoformat(row["time"]).timestamp() - self.began, row["event"]) for row in self.muster.events()]
        found = [(what, next((at for at, event in rows if at >= 0 and event in events), None)) for what, events in MOMENTS]
        if self.ended:
            found.append((self.end, self.ended - self.began))
        return [(what, at) for what, at in found if at is not None]

    def meet(self, action, text):
        """Puts a piece of shell in the way of the next hook for that action; the path of which `$meeting` is the name."""
        place = self.etcd.folder / f"meet-{action}"
        place.with_suffix(".new").write_text(text + "\n")
        place.with_suffix(".new").rename(place)
        return place

    def begun(self):
        """The ids of all commands that agents have begun to carry out."""
        texts = [self.muster.text_of(name) for name in self.muster.agents]
        return [command for text in texts for command in re.findall(r"carries out \w+ command=(\S+)", text)]

    def __exit__(self, kind, *rest):
        if self.writer.thread.ident:
            self.writer.__exit__()
        try:
            if not kind:
                self.check()
        except BaseException:
            kind = sys.exc_info()[0]
            raise
        finally:
            self.passages.__exit__()
            try:
                self.muster.__exit__(kind, *rest)
            finally:
                self.etcd.__exit__()

    def check(self):
        missing = self.writer.missing()
        if missing or len(self.writer.acknowledged) < 100:
            raise AssertionError(f"{self.name}: {len(missing)} of {len(self.writer.acknowledged)} writes are gone: {missing[:3]}")
        self.muster.run("verify")
        drifts = [row["sentence"] for row in self.muster.events() if row["event"] == "driftDetected"]
        if drifts and not self.is_meddled_with:
            raise AssertionError(f"{self.name}: what Muster did itself is taken for others' doing: {drifts}")
        times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in self.moments() + self.times)
        print(f"{self.name}: {times or 'nothing was commanded'}; {len(self.writer.acknowledged)} writes, longest gap "
              f"{self.writer.longest:.2f} s", file=sys.stderr, flush=True)

    def beside(self, server):
        self.muster.beside(self.etcd, server, "--beat-every", "500ms", client=self.ways.get(server.name))

    def note(self, what, since):
        self.times.append((what, time.monotonic() - since))

    def lose(self, server):
        """The machine is gone: etcd and agent at once."""
        self.etcd.kill(server)
        self.muster.kill_agent(server.name)

    def members(self):
        return self.etcd.voters()

    def wait_members(self, *names, seconds=60):
        """Until etcd's own list has exactly these members, each a voter."""
        wait_for(f"{self.name}: the members {names}", lambda: self.members() == dict.fromkeys(names, True), seconds=seconds)

    def actions(self):
        """What was commanded, in order, each once: etcd refuses changes for some seconds after a voter was away or a leader new,
        which is no outcome in doubt, and Muster asks again."""
        return list(dict.fromkeys(self.muster.issued()))


class Deaths:
    """Agents are killed in the middle of commands, and started again. Made before anything is asked for."""

    def __init__(self, story, calls, hooks):
        self.story, self.died = story, 0
        self.meetings = {action: [story.passages.expect(Meeting(action, is_done)) for is_done in (False, True)] for action in calls}
        for action in hooks:
            story.meet(action, 'kill -9 "$PPID" $$')

    def twice(self, action):
        """Whoever gives it to etcd dies before etcd has it, and the next time when etcd has done it and nobody knows."""
        for meeting in self.meetings[action]:
            meeting.wait()
            self.story.muster.kill_agent(meeting.server.name)
            meeting.lost = True
            meeting.go.set()
            self.died += 1
            self.story.beside(meeting.server)

    def twice_here(self, action, server):
        """The node's own agent dies while its hook runs: once with the hook, and once the hook goes on without it."""
        for is_last in (False, True):
            wait_for(f"{action} kills its agent", lambda: self.story.muster.agents[server.name].poll() is not None, seconds=60)
            self.died += 1
            if not is_last:
                self.story.meet(action, 'kill -9 "$PPID"')
            # Its server may be gone from now on, and a passage to it does not refuse, as nobody listening does.
            self.story.ways.pop(server.name, None)
            self.story.beside(server)

    def check(self, case):
        """No command was begun a second time, not even those whose agents died."""
        begun = self.story.begun()
        case.assertGreaterEqual(len(begun), self.died)
        case.assertEqual(len(begun), len(set(begun)), "a command was carried out twice")
        # What etcd never had was looked for, and given anew only when it was not found.
        found = [row for row in self.story.muster.events() if row["event"] == "doubtResolved" and "no effect" in row["sentence"]]
        case.assertGreaterEqual(len(found), len(self.meetings))


class Stories(unittest.TestCase):
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
                wait_for("etcd removes the other", lambda: self.changes(story, "member", "remove", f"{identity:x}"))
            finally:
                agent.send_signal(signal.SIGCONT)

            def refused():
                return [row for row in story.muster.events() if row["event"] == "commandFailed" and "preconditionFailed" in row["sentence"]]

            wait_for("the agent refuses", refused, seconds=60)
            story.over("refused")
            self.assertIn("the configuration changed", story.muster.text_of(leader.name))
            wait_for("the floor holds it back", lambda: any(
                row["event"] == "stepBlocked" and "floor" in row["sentence"] for row in story.muster.events()), seconds=60)
            self.assertIn(first.name, story.members())

    def who_returns_in_time_stays(self):
        with Story("a return in time", least=2) as story:
            server = story.etcd.servers[2]
            story.fault()
            story.lose(server)
            story.muster.wait("kv", "node/e3=down")
            time.sleep(DELAY / 4)
            server.start(story.etcd.servers, "existing")
            story.beside(server)
            story.muster.wait("kv", "node/e3=up")
            story.over("back")
            # The delay of before passes, and nothing happens.
            time.sleep(DELAY)
            story.wait_members("e1", "e2", "e3")
            self.assertEqual(story.actions(), [])

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
                return "drift" in story.muster.run("log", "--cluster", "kv").stdout

            wait_for("the drift is told", drifted)
            wait_for("the node is no member", lambda: story.muster.ask(
                "node", victim.name, "--cluster", "kv")["membership"] != "member")
            story.over("adopted")
            fifth = story.etcd.new_server()
            added = time.monotonic()
            wait_for("etcd takes the member",
                     lambda: self.changes(story, "member", "add", fifth.name, f"--peer-urls={fifth.peer}"))
            time.sleep(DELAY + 2)
            names = [server.name for server in story.etcd.servers if server not in (victim, fifth)]
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
        """A disk with what another cluster has left on it, which a person gives away."""
        with Story("agents killed while a disk is prepared") as story:
            fourth = story.etcd.new_server()
            (fourth.folder / "member").mkdir(parents=True)
            (fourth.folder / "member/left").write_text("of another cluster")
            deaths = Deaths(story, [], ["prepareNode"])
            story.beside(fourth)
            story.muster.wait("kv", "node/e4=up")
            store = story.muster.ask("node", "e4", "--cluster", "kv")["store"]
            story.fault()
            story.muster.run("add", "e4", "--wipe", store, "--cluster", "kv", "--no-wait")
            deaths.twice_here("prepareNode", fourth)
            story.muster.wait("kv", "node/e4=member", seconds=120)
            story.over("joined")
            story.wait_members("e1", "e2", "e3", "e4")
            self.assertFalse((fourth.folder / "member/left").exists())
            self.assertNotEqual(story.muster.ask("node", "e4", "--cluster", "kv")["store"], store)
            self.assertEqual([action for action, _ in story.actions()],
                             ["prepareNode", "addMember", "startMember", "promoteMember"])
            deaths.check(self)

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

    # An embedded log is a file: whoever is stopped with it can neither write nor read.
    def take_the_log_away(self, story):
        story.muster.stop_all(signal.SIGSTOP)

    def give_the_log_back(self, story):
        story.muster.stop_all(signal.SIGCONT)


STORIES = ["a_fourth_and_a_fifth_join", "two_of_five_are_lost", "who_returns_in_time_stays", "a_node_comes_back_with_an_empty_disk",
           "a_leader_is_removed", "a_command_is_out_of_date", "all_restart_in_turn", "somebody_uses_etcdctl",
           "the_manager_dies_in_each_step", "agents_die_in_a_join", "agents_die_in_a_removal", "agents_die_while_a_disk_is_prepared",
           "nothing_is_heard_for_ages", "nobody_decides_for_ages"]
# the_broker_is_stopped_for_ages is told only when it is named: it needs a Kafka by KAFKA_HOME.


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
