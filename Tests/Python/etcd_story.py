"""What a story of a real etcd has around it: a manager and agents, a writing client, calls that are met on their way, deaths."""
import datetime
import json
import os
import re
import signal
import sys
import time
import uuid

import test_agents
import test_etcd
from agents import Members, Writer
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

    def issued(self):
        """What was commanded, as pairs of action and node, in order."""
        events = [event for event in self.journal() if event["event"] == "commandIssued"]
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
        rows = [(datetime.datetime.fromisoformat(row["time"]).timestamp() - self.began, row["event"]) for row in self.muster.journal()]
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
        drifts = [row["sentence"] for row in self.muster.journal() if row["event"] == "driftDetected"]
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
        found = [row for row in self.story.muster.journal() if row["event"] == "doubtResolved" and "no effect" in row["sentence"]]
        case.assertGreaterEqual(len(found), len(self.meetings))
