#!/usr/bin/env python3
"""Every saga through processes: the manager is killed in the middle of each of its steps, and another one goes on.

  test_steps.py MUSTER    the built program

The fleet holds back what the step waits for until its manager is dead; then it is done, so that the outcome is reported to
nobody, and a manager that knows nothing but the log resumes. Each run ends where the undisturbed one does: the same members,
the same servers, the same changes in the same order and none twice, the same answers.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing
import unittest

import fleet

MUSTER = "muster"
POLICY = {"--join-policy": "open", "--heartbeat-interval": "300ms", "--lease": "3s", "--trust-delay": "100ms", "--removal-delay": "5m",
          "--stabilization": "400ms", "--observation-interval": "100ms", "--observation-age-max": "3s", "--backoff-min": "100ms",
          "--learners-max": "2"}
THREE = {"n1": "voter", "n2": "voter", "n3": "voter"}
FOUR = {**THREE, "n4": "voter"}
REPLICA = {**THREE, "n4": "learner"}
JOIN = [("learner", "addMember"), ("start", "startMember"), ("catchUp", None), ("promote", "promoteMember")]
REMOVE = [("remove", "removeMember"), ("stop", "stopMember")]


class Saga(typing.NamedTuple):
    """What the group begins with, what begins the saga, and its steps, each with the action that carries it out.

    The step "deadline" is none of a saga's: a removal is due, and has not begun. The stranger is known before, with somebody's
    data on its disk. A manager that takes over in a rollback orders a stop only of a node that it has heard by then: what it may
    leave out is not compared.
    """
    roles: dict
    begin: typing.Callable
    steps: list
    policy: dict = {}
    capabilities: dict = {}
    failing: tuple = ()
    stranger: str = ""
    left_out: tuple = ()


STORIES = {
    # The longest first: silence takes its time.
    "remove the silent": Saga(
        FOUR, lambda nodes: nodes.die("n4"), [("deadline", None), REMOVE[0]], policy={"--lease": "2s", "--removal-delay": "6s"}),
    "join": Saga(THREE, lambda nodes: nodes.start("n4"), JOIN),
    "remove": Saga(FOUR, lambda nodes: nodes.ask("remove", node="n4"), REMOVE),
    "remove a leader": Saga(FOUR, lambda nodes: nodes.ask("remove", node="n1"), [("transfer", "transferLeadership"), *REMOVE]),
    "leave": Saga(FOUR, lambda nodes: nodes.leave("n4"), REMOVE),
    "promote": Saga(REPLICA, lambda nodes: nodes.ask("promote", node="n4"), [("promote", "promoteMember")]),
    "demote": Saga(FOUR, lambda nodes: nodes.ask("demote", node="n4"), [("demote", "demoteMember")]),
    "transfer": Saga(THREE, lambda nodes: nodes.ask("transfer", group="g", node="n2"), [("transfer", "transferLeadership")]),
    "replace": Saga(REPLICA, lambda nodes: nodes.ask("replace", node="n3", newcomer="n4"),
                    [("catchUp", None), ("remove", "removeMember"), ("promote", "promoteMember"), ("stop", "stopMember")]),
    "replace in place": Saga(THREE, lambda nodes: nodes.lose_disk("n3"), [("remove", "removeMember"), *JOIN]),
    "join by a copy": Saga(
        THREE, lambda nodes: nodes.start("n4"), [("seed", "syncGroup"), JOIN[1], JOIN[0], *JOIN[2:]],
        capabilities={"startsAfterAdd": False, "seed": "external"}),
    "join on a disk that is given away": Saga(
        THREE, lambda nodes: nodes.ask("add", node="n4", role="voter", wipe=nodes.store("n4")), [("clear", "prepareNode"), *JOIN],
        policy={"--join-policy": "listed"}, stranger="n4"),
    "join that is taken back": Saga(
        THREE, lambda nodes: nodes.start("n4"), [*JOIN[:2], ("takeBack", "removeMember"), REMOVE[1]], failing=("startMember",),
        left_out=("stopMember",)),
}


class Run:
    """One saga on a log of its own."""

    def __init__(self, name, kill=None):
        self.saga = STORIES[name]
        self.name, self.kill = name, kill
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-steps-"))
        self.file = self.folder / "muster.db"
        self.environment = {**os.environ, "MUSTER_LOG": f"sqlite:{self.file}", "MUSTER_CLUSTER": "c", "MUSTER_AS": "test"}
        self.managers, self.next, self.events, self.nodes = 0, 0, [], None

    def run(self):
        manager = None
        try:
            self.muster("topics", "create", "--partitions", "1")
            manager = self.manager()
            self.wait(lambda: fleet.rows(self.file, "journal"), "a journal")
            self.nodes = fleet.Fleet(MUSTER, self.file, self.saga.roles, self.environment, self.saga.capabilities,
                                     self.saga.failing)
            self.nodes.thread.start()
            for node, role in self.saga.roles.items():
                self.nodes.start(node, "replica" if role == "learner" else "voter")
            self.muster("configure", *(word for option in {**POLICY, **self.saga.policy}.items() for word in option))
            self.wait(lambda: self.has("desiredChanged"), "the group to be adopted")
            self.look()
            if self.saga.stranger:
                self.nodes.start(self.saga.stranger, has_data=True)
                self.wait(lambda: any(event["type"] == "nodeStarted" and event["node"] == self.saga.stranger
                                      for event in self.read()), "the stranger")
            if self.kill:
                manager = self.disturb(manager)
            else:
                self.saga.begin(self.nodes)
            self.wait(self.is_over, "the end")
            manager.terminate()
            if manager.wait(timeout=30) != 0:
                raise AssertionError(f"{self.name}: the manager ended with {manager.returncode}")
            self.muster("verify")
            return self.end()
        except Exception as error:
            said = (self.folder / "manager.txt").read_text()[-2000:]
            seen = "\n".join(json.dumps(event)[:300] for event in self.events[-8:])
            raise AssertionError(f"{self.name}, killed in {self.kill}: {error}\n{seen}\n{said}") from error
        finally:
            if manager and manager.poll() is None:
                manager.kill()
                manager.wait()
            if self.nodes:
                self.nodes.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def look(self):
        """Until each node was heard more than once and the group was looked at again and again."""
        heard = len(fleet.rows(self.file, "heartbeats")) + 30
        self.wait(lambda: len(fleet.rows(self.file, "heartbeats")) > heard, "heartbeats")

    def disturb(self, manager):
        """Kills the manager in the middle of the step, lets the fleet do what that waits for, and starts another."""
        step, action = self.kill
        if action:
            self.nodes.held = {action}
        else:
            self.nodes.is_behind = True
            self.look()
        self.saga.begin(self.nodes)
        self.wait(lambda: self.is_in(step, action), f"the step {step}")
        manager.kill()
        manager.wait()
        if any(event["type"] == "stepDone" and event["step"] == step for event in self.read()):
            raise AssertionError(f"the step {step} was over before the manager was")
        self.nodes.release()
        return self.manager()

    def manager(self):
        """A manager that need not wait for the lease of the one before."""
        self.managers += 1
        with open(self.folder / "manager.txt", "ab") as output:
            return subprocess.Popen([MUSTER, "manager", "--allow-short-removal-delay", "--manager-group", f"g{self.managers}"],
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment)

    def muster(self, *words):
        done = subprocess.run([MUSTER, *words], capture_output=True, text=True, timeout=60, env=self.environment)
        if done.returncode != 0:
            raise AssertionError(f"muster {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    # What the journal shows

    def read(self):
        """All events of the journal so far."""
        for offset, value in fleet.rows(self.file, "journal", self.next):
            self.next = offset + 1
            self.events += json.loads(value).get("decision", {}).get("events", [])
        return self.events

    def has(self, kind):
        return any(event["type"] == kind for event in self.read())

    def is_in(self, step, action):
        """Whether the step has begun: its command was issued or, where it has none, the step before it is done."""
        if step == "deadline":
            return self.has("removalScheduled")
        if action:
            return any(event["type"] == "commandIssued" and event["command"]["action"] == action for event in self.read())
        return any(event["type"] == "stepDone" and event.get("next") == step for event in self.read())

    def is_over(self):
        """Whether a saga has begun and all have ended, or stand still for good, and a request is answered."""
        events, begun = self.read(), {}
        for event in events:
            if event["type"] == "sagaStarted":
                # A join begins anew when its node's disk is another one.
                begun[event["saga"]["node"]] = True
            elif event["type"] in ("sagaEnded", "nodeJoined", "nodeRemoved", "sagaStalled") and event["node"] in begun:
                begun[event["node"]] = False
        kinds = [event["type"] for event in events]
        is_answered = "requestAccepted" not in kinds or "requestCompleted" in kinds[kinds.index("requestAccepted"):]
        return bool(begun) and not any(begun.values()) and is_answered

    def end(self):
        known = json.loads(self.muster("nodes", "-o", "json").stdout)["nodes"]
        with self.nodes.lock:
            return {
                "members": sorted(self.nodes.members.items()), "running": sorted(self.nodes.running),
                "leader": self.nodes.leader, "changes": self.nodes.history,
                "nodes": [(node["node"], node["membership"], node["role"]) for node in known],
                "answers": [event.get("refusal") for event in self.read() if event["type"] == "requestCompleted"],
                "kinds": sorted(event["type"] for event in self.read()
                                if event["type"] in ("sagaStarted", "nodeJoined", "nodeRemoved", "sagaStalled")),
            }

    @staticmethod
    def wait(is_true, what):
        limit = time.monotonic() + 40
        while not is_true():
            if time.monotonic() > limit:
                raise TimeoutError(f"waited for {what}")
            time.sleep(0.005)


class StepTests(unittest.TestCase):
    def test_each_saga_goes_on_in_another_process_in_the_middle_of_each_step(self):
        names = [(name, kill) for name in STORIES for kill in [None, *STORIES[name].steps]]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            ends = dict(zip(names, pool.map(lambda place: Run(*place).run(), names)))
        for name, saga in STORIES.items():
            whole, steps = ends[name, None], saga.steps
            for kill in steps:
                with self.subTest(saga=name, step=kill[0]):
                    self.assertEqual(*({**end, "changes": [each for each in end["changes"] if each[0] not in saga.left_out]}
                                       for end in (ends[name, kill], whole)))
            # No step is left out: the undisturbed run makes these changes and no others.
            actions = [action for _, action in steps if action]
            self.assertEqual([action for action, _ in whole["changes"]], actions, name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
