"""A small fleet of nodes with agents, on a log in a file: it says what nodes say and carries out what agents carry out.

One group; its engine adds a member before the member's server starts, unless it is said to be another one, and knows learners,
demotion and transfer.
"""
import contextlib
import hashlib
import json
import sqlite3
import subprocess
import threading
import time

GROUP, HEARTBEAT, LOOK = "g", 0.3, 0.1
CAPABILITIES = {"startsAfterAdd": True, "seed": "raft", "learnersMax": 2, "demote": True, "transfer": True}


def rows(file, topic, start=0):
    """The records of a topic with one partition, from an offset on: offset and value."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
        return base.execute("SELECT offset, value FROM records WHERE topic = ? AND offset >= ? ORDER BY offset",
                            (topic, start)).fetchall()


class Fleet:
    """Four nodes n1 to n4, of which n1 leads; `roles` are those that the group begins with.

    Commands of the actions in `failing` fail for good, without effect.
    """

    def __init__(self, muster, file, roles, environment, capabilities=None, failing=()):
        self.capabilities, self.failing = CAPABILITIES | (capabilities or {}), set(failing)
        self.file, self.lock, self.over = file, threading.Lock(), threading.Event()
        self.term, self.index, self.changed, self.commit, self.count = 1, 10, 0, 100, 0
        self.leader, self.members = "n1", dict(roles)
        # How many disks a node has lost, what it is meant to be, and on which store it is a member.
        self.disks, self.roles = {}, {}
        self.seats = {node: self.store(node) for node in roles}
        # A node says nothing before it has announced itself: what it sees then would be news to nobody.
        self.running, self.up = set(roles), set()
        self.match = dict.fromkeys(roles, self.commit)
        # What was changed, in order; commands of these actions wait, and learners stay behind.
        self.history, self.held, self.waiting, self.is_behind, self.done = [], set(), [], False, set()
        self.told, self.next_command = {}, 0
        self.writers = [
            subprocess.Popen([muster, "publish", "lines", *options, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             text=True, env=environment) for options in ([], ["--soft"])]
        self.thread = threading.Thread(target=self.work)

    def close(self):
        self.over.set()
        if self.thread.is_alive():
            self.thread.join()
        for writer in self.writers:
            writer.stdin.close()
            writer.wait(timeout=30)

    # What is said

    def say(self, kind, data, soft=False):
        self.count += 1
        event = {"specversion": "1.0", "id": f"e-{self.count}", "source": "/test", "type": f"muster.{kind}.v1",
                 "time": "2026-11-24T00:00:00Z", "datacontenttype": "application/json", "data": {"cluster": "c", **data}}
        self.writers[soft].stdin.write(json.dumps(event) + "\n")
        self.writers[soft].stdin.flush()

    def who(self, node):
        return {"node": node, "store": self.store(node), "start": "1"}

    def store(self, node):
        return hashlib.md5((node + "'" * self.disks.get(node, 0)).encode()).hexdigest()

    def start(self, node, role="voter", has_data=False):
        """The node's process starts; with a blank disk unless it has a server, or somebody's data."""
        with self.lock:
            self.up.add(node)
            self.roles[node] = role
            self.announce(node, has_data)

    def announce(self, node, has_data=False):
        group = {"group": GROUP, "capabilities": self.capabilities}
        if node in self.running:
            group["applied"] = str(self.commit)
        self.say("nodeUp", {**self.who(node), "boot": self.store(node)[::-1], "role": self.roles[node],
                            "blank": node not in self.running and not has_data, "groupsVersion": "1", "groups": [group]})

    def renew(self, node):
        """It has another disk, with nothing on it."""
        self.disks[node] = self.disks.get(node, 0) + 1
        self.running.discard(node)
        self.match.pop(node, None)
        self.told.pop(node, None)
        self.announce(node)

    def lose_disk(self, node):
        """It stops, and comes back without its data."""
        with self.lock:
            self.say("nodeStopping", self.who(node))
            self.renew(node)

    def die(self, node):
        with self.lock:
            self.up.discard(node)
            self.running.discard(node)

    def ask(self, kind, **members):
        with self.lock:
            self.say(f"{kind}Requested", {"request": "wish", "principal": "test", "reason": "test", "validFor": "60000",
                                          **members})

    def leave(self, node):
        with self.lock:
            self.say("nodeLeaving", {**self.who(node), "reason": "retired"})

    def see(self):
        """Each node says what its server sees: as a fact where that is news, else as soft evidence."""
        for node in sorted(self.up):
            if node not in self.running and node not in self.told:
                continue
            state = {"group": GROUP, "term": str(self.term), "state": "stopped"}
            if node in self.running:
                role = self.members.get(node)
                state["state"] = "leader" if node == self.leader else "follower" if role == "voter" else "learner"
                state["applied"] = str(self.commit)
                if role:
                    state["leader"] = self.leader
                if node == self.leader:
                    state["view"] = self.view()
            news = (state["state"], self.term, self.leader, tuple(self.members.items()))
            self.say("groupObserved", {**self.who(node), "groups": [state]}, soft=self.told.get(node) == news)
            self.told[node] = news

    def view(self):
        members = []
        for node, role in self.members.items():
            member = {"node": node, "store": self.seats[node], "role": role}
            if node in self.running:
                member |= {"match": str(self.match.get(node, 0)), "contactAge": "0"}
            members.append(member)
        return {"confirmed": True, "changePermitted": True, "pending": False, "commit": str(self.commit), "firstIndex": "1",
                "version": {"term": str(self.term), "index": str(self.index)}, "members": members}

    # What is done

    def receive(self, command):
        action, node, group = command["action"], command["node"], command.get("group")
        executor, name = command["executor"]["node"], command["command"]
        if name in self.done:
            return
        if action in self.held:
            self.waiting.append(command)
            return
        self.done.add(name)
        report = {**self.who(executor), "command": name}
        if action == "observeGroup":
            self.told.pop(executor, None)
        elif action in self.failing:
            self.history.append((action, node))
            self.say("commandFailed", {**report, "code": "rejected", "retryable": False})
        elif action == "prepareNode":
            self.history.append((action, node))
            self.say("commandSucceeded", report)
            self.renew(node)
        elif action == "syncGroup":
            self.history.append((action, node))
            self.say("syncStarted", {**self.who(node), "group": group, "source": command["source"]})
            self.say("synced", {**self.who(node), "group": group, "index": str(self.commit)})
            self.say("commandSucceeded", report)
        elif action in ("startMember", "stopMember"):
            (self.running.add if action == "startMember" else self.running.discard)(node)
            self.history.append((action, node))
            self.told.setdefault(node, None)
            self.say("commandSucceeded", report)
        elif group != GROUP or executor != self.leader:
            self.say("commandFailed", {**report, "code": "notLeader", "retryable": True})
        elif command["require"]["version"] != self.view()["version"] or command["require"]["term"] != str(self.term):
            self.say("commandFailed", {**report, "code": "preconditionFailed", "retryable": True})
        else:
            self.change(action, node, command)
            self.say("commandSucceeded", report)

    def change(self, action, node, command):
        self.history.append((action, command.get("to", node)))
        if action == "transferLeadership":
            self.leader, self.term = command["to"], self.term + 1
            return
        self.index = self.commit = self.commit + 1
        if action == "removeMember":
            self.members.pop(node, None)
        else:
            self.seats[node] = command["store"]
            self.members[node] = {"addMember": command.get("as"), "promoteMember": "voter", "demoteMember": "learner"}[action]

    def release(self):
        """What was held up is carried out now."""
        with self.lock:
            self.held, self.is_behind = set(), False
            waiting, self.waiting = self.waiting, []
            for command in waiting:
                self.receive(command)

    # Time

    def work(self):
        beat = look = 0.0
        while not self.over.wait(0.01):
            with self.lock:
                for offset, value in rows(self.file, "commands", self.next_command):
                    self.next_command = offset + 1
                    self.receive(json.loads(value))
                now = time.monotonic()
                if now >= look:
                    look = now + LOOK
                    self.see()
                    before, self.commit = self.commit, self.commit + 5
                    for node in self.members:
                        is_behind = self.is_behind and self.members[node] != "voter"
                        if node in self.running and not is_behind:
                            self.match[node] = before
                if now >= beat:
                    beat = now + HEARTBEAT
                    for node in sorted(self.up):
                        self.say("heartbeat", {**self.who(node), "boot": self.store(node)[::-1]})
