#!/usr/bin/env python3
"""Managers on a real Kafka of three brokers that are killed, paused and restarted, with writers at work.

  test_brokers.py MUSTER      KAFKA_HOME names a folder with kafka-start, kafka-stop, kafka-broker and kafka-wait

What is left is held against the rules of the journal from the topics alone. MUSTER_LONG=1 takes twelve times as many rounds.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import brokers
import test_managers
from brokers import Brokers, Sender, Ticker
from test_managers import Audit, Cluster, Kafka, JournalCase, World

ROUNDS = 300 if os.environ.get("MUSTER_LONG") == "1" else 25
LIMIT = 90
LEASE, DELAY = 1000, 3000
SHORT = ["--heartbeat-interval", "200ms", "--lease", f"{LEASE}ms", "--removal-delay", f"{DELAY}ms", "--stabilization", "200ms",
         "--observation-interval", "200ms", "--observation-age-max", "1s", "--join-policy", "open", "--trust-delay", "0s"]


class BrokerLog(Kafka):
    """A log on the brokers of this run, under a prefix of its own."""

    brokers = None

    def __init__(self, _):
        self.servers, self.prefix = self.brokers.servers, f"t-{os.urandom(6).hex()}"
        self.url = f"kafka://{self.servers}/{self.prefix}"


class BrokerAudit(Audit):
    """A writer whose outcome was unknown may have published an event twice: it is to be decided once."""

    def wanting(self):
        decided = {self.inputs[place][0] for place in self.causes if place in self.inputs}
        return [place for place in super().wanting() if self.inputs[place][0] not in decided]


class BrokerWorld(World):
    def __init__(self, clusters):
        super().__init__(clusters, BrokerLog)
        self.environment["MUSTER_ALLOW_SHORT_REMOVAL_DELAY"] = "true"
        self.senders = []

    def audit(self):
        return BrokerAudit(self)

    def wait_for_journal(self):
        """Until each of its partitions has begun; on brokers that have only just started the first appends are slow."""
        super().wait_for_journal()
        limit = time.monotonic() + LIMIT
        while len({partition for _, partition, *_ in self.log.records("journal")}) < 4:
            if time.monotonic() > limit:
                raise TimeoutError("the journal is not begun in all partitions")
            time.sleep(0.05)

    def sender(self):
        self.senders.append(Sender(self.log))
        return self.senders[-1]

    def wait_for_senders(self):
        """Until what they were given is acknowledged, which counts from then on."""
        for sender in self.senders:
            sender.wait()
            self.acknowledged |= sender.acknowledged

    def publish_stubbornly(self, events):
        """As a script does that tries again when it is told that the log does not answer."""
        text = "".join(json.dumps(event) + "\n" for event in events)
        limit = time.monotonic() + LIMIT
        while (done := self.run("publish", "lines", "-", check=False, text=text)).returncode:
            if done.returncode != 4 or time.monotonic() > limit:
                raise AssertionError(f"the writer ended with {done.returncode}: {done.stderr[-2000:]}")
        self.acknowledged.update(event["id"] for event in events)

    def said(self):
        """What the managers have said."""
        return (self.folder / "manager.txt").read_text()


class Fleet(Cluster):
    """Five voters of one group that beat while they are not silent, and the view of their leader, n1."""

    def __init__(self):
        super().__init__("fleet")
        self.starts = [1] * 5
        self.silent = {}

    def up(self, node):
        event = super().up(node)
        event["data"]["blank"] = False
        event["data"]["groups"] = [{"group": "g", "capabilities": {"seed": "raft", "learnersMax": 1}}]
        return event

    def observed(self):
        event = super().observed()
        (group,) = event["data"]["groups"]
        now = time.monotonic()
        group["view"]["members"] = [
            {"node": f"n{node + 1}", "store": self.who(node)["store"], "role": "voter", "match": "100",
             "contactAge": str(int(1000 * (now - self.silent.get(node, now))))} for node in range(5)]
        return event

    def beats(self):
        return [self.event("heartbeat", {**self.who(node), "boot": self.boot(node)}) for node in range(5)
                if node not in self.silent]


class BrokerTests(JournalCase):
    @classmethod
    def setUpClass(cls):
        BrokerLog.brokers = cls.brokers = Brokers(3)
        cls.addClassCleanup(cls.brokers.end)

    def setUp(self):
        self.brokers.mend()

    def check(self, world, commands=0):
        world.wait_for_senders()
        return super().check(world, commands)

    def wait_for(self, fact, what, limit=LIMIT):
        """Until the fact holds; gives what it gave."""
        end = time.monotonic() + limit
        while not (found := fact()):
            self.assertLess(time.monotonic(), end, f"not within {limit} s: {what() if callable(what) else what}")
            time.sleep(0.05)
        return found

    def restarts(self, world, clusters, sender):
        """One more start of a node in each of the clusters: news, to be decided."""
        for cluster in clusters:
            sender.send(cluster.restart(1 + cluster.count % 2))

    def assert_alive(self, world):
        for manager in world.managers:
            self.assertIsNone(manager.poll(), f"a manager ended by itself: {world.said()[-2000:]}")

    def test_managers_and_brokers_are_killed_at_any_moment(self):
        chance = random.Random(11)
        killed = {"manager": 0, "broker": 0}
        with BrokerWorld(4) as world:
            world.start()
            world.wait_for_journal()
            world.found()
            streamed, printed = world.clusters[:2], world.clusters[2:]
            sender = world.sender()
            with Ticker(0.02, lambda: self.restarts(world, [chance.choice(streamed)], sender)):
                back = None
                for number in range(ROUNDS):
                    while len(world.managers) < 2 + number % 2:
                        chance.choice([world.start, world.start, world.start_alone])()
                    if number % 3 == 2:
                        # One at a time: two of three must be there.
                        if back:
                            self.wait_for(lambda number=back: self.brokers.serves(number), "the broker is back")
                        back = chance.choice([1, 2, 3])
                        self.brokers.kill(back)
                        self.brokers.start(back)
                        killed["broker"] += 1
                    else:
                        world.kill(chance.choice(world.managers))
                        killed["manager"] += 1
                    cluster = chance.choice(printed)
                    world.publish_stubbornly([cluster.restart(chance.choice([1, 2])) for _ in range(chance.randrange(1, 20))])
                    time.sleep(chance.uniform(0, 0.3))
                    self.assert_alive(world)
            self.brokers.wait()
            audit = self.check(world, len(world.clusters))
            self.assert_alive(world)
            for manager in list(world.managers):
                self.assertEqual(world.stop(manager), 0)
            answer = self.replayed(world)
        for count in killed.values():
            self.assertGreaterEqual(count, ROUNDS // 3)
        print(f"{killed} kills: {len(audit.inputs)} inputs, {audit.accepted} decisions, {audit.void} void records, "
              f"{len(audit.commands)} commands, state {answer['hash'][:16]}")


    # Nodes that fall silent, and brokers that do.

    def fleet(self, world):
        """Five voters that beat, of a cluster whose silent nodes are removed after a few seconds."""
        fleet, sender = Fleet(), world.sender()
        world.run("configure", "--cluster", fleet.name, *SHORT, "--no-wait")
        for event in [*map(fleet.up, range(5)), fleet.observed()]:
            sender.send(event)
        sender.wait()

        def beat():
            for event in [fleet.observed(), *fleet.beats()]:
                sender.send(event, "heartbeats")

        return fleet, Ticker(LEASE / 5000, beat)

    def events(self, world):
        """What was decided about the fleet, with the moment of each decision, in order."""
        audit = BrokerAudit(world)
        return [(int(decision["at"]), event) for _, _, decision in audit.decisions for event in decision["events"]]

    def told(self, world, kind, node=None):
        """Moments of the events of that type, about that node."""
        return [at for at, event in self.events(world)
                if event["type"] == kind and node in (None, event.get("node"), event.get("saga", {}).get("node"))]

    def assert_no_living_node_was_touched(self, world):
        """Countdowns may have begun where nobody was heard; nothing came of them."""
        counting = set()
        for at, event in self.events(world):
            node = event.get("node") or event.get("saga", {}).get("node") or event.get("command", {}).get("node")
            if event["type"] in ("sagaStarted", "commandIssued", "nodeRemoved"):
                self.assertEqual(node, "n5", f"{at}: {event}")
            elif event["type"] == "removalScheduled":
                counting.add(node)
            elif event["type"] == "removalCancelled":
                counting.discard(node)
        self.assertLessEqual(counting, {"n5"}, "a living node's countdown goes on")

    def silence(self, world):
        """The longest time in which the log has no heartbeat: its start, and its end."""
        times = sorted(world.log.times("heartbeats").values())
        return max(zip(times, times[1:]), key=lambda pair: pair[1] - pair[0])

    def test_decisions_go_on_without_the_broker_that_led_the_journal(self):
        with BrokerWorld(4) as world:
            world.start()
            world.start()
            world.wait_for_journal()
            world.found()
            topic, sender = f"{world.log.prefix}.journal", world.sender()
            self.check(world, len(world.clusters))
            self.brokers.wait_until_whole(world.log.prefix)
            gone = self.brokers.leader(topic, 0)
            led = {number for number, partition in self.brokers.partitions(topic).items() if partition.leader == gone}
            with Ticker(0.05, lambda: self.restarts(world, world.clusters[:2], sender)):
                self.brokers.kill(gone)
                self.wait_for(lambda: self.brokers.leader(topic, 0) != gone, "another leader")
                # What is published only now is decided while that broker is away.
                world.publish_stubbornly([cluster.restart(1) for cluster in world.clusters[2:]])
            self.check(world)
            self.assertNotIn(gone, [part.leader for part in self.brokers.partitions(topic).values()])
            self.brokers.start(gone)
            self.brokers.wait()
            audit = self.check(world)
            self.assert_alive(world)
            times = world.log.times("journal")
            gaps = [max(after - before for before, after in zip(each, each[1:])) for each in (
                [time for (number, _), time in sorted(times.items()) if number == partition] for partition in led) if each[1:]]
            print(f"the journal's leader killed: {audit.accepted} decisions, longest gap {max(gaps)} ms")

    def test_the_status_of_a_log_without_a_majority_is_said_in_time(self):
        with BrokerWorld(2) as world:
            world.start()
            world.wait_for_journal()
            world.found()
            for stays in (1, 2, 3) if ROUNDS > 25 else (2,):
                self.brokers.wait_until_whole(world.log.prefix)
                gone = [number for number in (1, 2, 3) if number != stays]
                self.brokers.kill(*gone)
                began = time.monotonic()
                status = world.run("status", check=False)
                self.assertLess(time.monotonic() - began, 30)
                self.assertIn(status.returncode, (3, 4))
                self.assertIn("does not answer", status.stderr + status.stdout)
                for number in gone:
                    self.brokers.start(number)
                self.brokers.wait()

    def test_a_journal_that_is_deleted_ends_the_managers_and_is_not_begun_again(self):
        for _ in range(ROUNDS // 25):
            with BrokerWorld(2) as world:
                managers = [world.start(), world.start()]
                world.wait_for_journal()
                world.found()
                writer = world.sender()
                for _ in range(10):
                    self.restarts(world, world.clusters, writer)
                self.check(world, len(world.clusters))
                for done in self.brokers.admin.delete_topics([f"{world.log.prefix}.journal"]).values():
                    done.result(LIMIT)
                for manager in managers:
                    self.assertIn(manager.wait(timeout=30), (4, 7))
                said = world.said()
                self.assertIn("journal", said)
                self.assertNotIn("muster topics create", said)
                done = world.run("manager", check=False)
                self.assertIn(done.returncode, (4, 7))
                self.assertNotIn(f"{world.log.prefix}.journal", self.brokers.admin.list_topics(timeout=LIMIT).topics)
                # Nor is one that an operator made anew and empty taken for the history.
                world.run("topics", "create", check=False)
                self.assertIn(world.run("manager", check=False).returncode, (4, 6, 7))

    def test_nothing_is_removed_for_a_silence_that_was_the_brokers_own(self):
        with BrokerWorld(0) as world:
            managers = [world.start(), world.start()]
            world.wait_for_journal()
            fleet, beating = self.fleet(world)
            writer = world.sender()
            with beating:
                self.brokers.wait_until_whole(world.log.prefix)
                fleet.silent[4] = time.monotonic()
                self.wait_for(lambda: self.told(world, "removalScheduled", "n5"), "the silent node is scheduled")
                self.brokers.kill(2, 3)
                writer.send(fleet.restart(3))
                # Leases and the delay pass; nothing can be waited for, as nothing may happen.
                time.sleep((3 * LEASE + 2 * DELAY) / 1000)
                writer.producer.poll(0)
                self.assertEqual(writer.acknowledged, set(), "a write was acknowledged by one broker of three")
                self.assert_alive(world)
                self.brokers.start(2)
                self.brokers.start(3)
                self.brokers.wait()
                self.wait_for(lambda: self.told(world, "sagaStarted", "n5"), lambda: self.events(world)[-5:])
                audit = self.check(world)
                dark, light = self.silence(world)
                self.assertGreater(light - dark, 3 * LEASE)
                (removed,) = self.told(world, "sagaStarted", "n5")
                self.assertGreaterEqual(removed, light + DELAY, "the time in which nobody was heard counted")
                # Views are no signs of life, and the first sign may lie in another partition: a moment earlier or later.
                gaps = [int(event["to"]) - light for _, event in self.events(world) if event["type"] == "timeGap"]
                self.assertTrue(any(abs(gap) < 2 * LEASE for gap in gaps), f"the gap is not in the journal: {gaps}")
                self.assert_no_living_node_was_touched(world)
            for manager in managers:
                self.assertEqual(world.stop(manager), 0)
        print(f"two of three brokers away, dark for {light - dark} ms: {audit.accepted} decisions, the removal "
              f"{removed - light} ms after the light")


    def test_a_paused_broker_costs_time_and_nobody_s_membership(self):
        with BrokerWorld(1) as world:
            world.start()
            world.start()
            world.wait_for_journal()
            fleet, beating = self.fleet(world)
            writer, (plain,) = world.sender(), world.clusters
            with beating, Ticker(0.1, lambda: self.restarts(world, [plain], writer)):
                for topic in ("heartbeats", "journal"):
                    self.brokers.wait_until_whole(world.log.prefix)
                    (partition,) = self.wait_for(lambda: {
                        partition for _, partition, _, _, value in world.log.records("heartbeats")
                        if fleet.name in value.decode()}, "heartbeats")
                    paused = self.brokers.leader(f"{world.log.prefix}.{topic}", partition)
                    self.brokers.pause(paused)
                    try:
                        # Longer than the brokers' own session, so that another one leads.
                        time.sleep((3 * LEASE + DELAY / 2) / 1000)
                    finally:
                        self.brokers.go_on(paused)
                    world.publish_stubbornly([fleet.restart(1)])
                    self.wait_for(lambda: not BrokerAudit(world).wanting(), "what was published is decided")
                self.brokers.wait_until_whole(world.log.prefix)
                audit = self.check(world)
                self.assert_no_living_node_was_touched(world)
                self.assertEqual(self.told(world, "sagaStarted"), [])
            self.assert_alive(world)
            dark, light = self.silence(world)
            print(f"paused brokers: {audit.accepted} decisions, {audit.void} void records, nobody heard for {light - dark} ms")

    def test_all_brokers_restart_under_running_managers(self):
        with BrokerWorld(4) as world:
            managers = [world.start(), world.start()]
            world.wait_for_journal()
            world.found()
            writer = world.sender()
            with Ticker(0.05, lambda: self.restarts(world, world.clusters, writer)):
                self.check_soon(world)
                self.brokers.kill(1, 2, 3)
                for number in (1, 2, 3):
                    self.brokers.start(number)
                self.brokers.wait()
                # What is published only now.
                self.check_soon(world)
            audit = self.check(world, len(world.clusters))
            self.assert_alive(world)
            for manager in managers:
                self.assertEqual(world.stop(manager), 0)
            print(f"all brokers restarted: {audit.accepted} decisions, {audit.void} void records")

    def check_soon(self, world):
        """Until something that is published from now on is decided."""
        event = Cluster(len(world.clusters)).up(0)
        event["id"] += os.urandom(4).hex()
        event["data"]["cluster"] = f"once-{event['id']}"
        world.publish_stubbornly([event])

        def is_decided():
            audit = BrokerAudit(world)
            return event["id"] in {audit.inputs[place][0] for place in audit.causes if place in audit.inputs}

        self.wait_for(is_decided, "a new fact is decided")

    def test_a_manager_that_is_told_to_stop_hands_its_work_over(self):
        with BrokerWorld(0) as world:
            # Three brokers share the machine with all the rest: what they cost is theirs.
            self.assertLess(self.hand_over(world), 3000)

    def test_two_logs_whose_managers_share_a_group_s_name_do_not_mix(self):
        """The group's id is the prefix and --manager-group, with a dot between: two of them may be one and the same."""
        with BrokerWorld(2) as one, BrokerWorld(2) as other:
            other.log.prefix = f"{one.log.prefix}.x"
            other.log.url = other.environment["MUSTER_LOG"] = f"kafka://{other.log.servers}/{other.log.prefix}"
            one.environment["MUSTER_MANAGER_GROUP"] = "x.muster"
            for world in (one, other, one, other):
                world.start()
            for world in (one, other):
                world.wait_for_journal()
                world.found()
            groups = {group.group_id for group in self.brokers.admin.list_consumer_groups().result(LIMIT).valid}
            self.assertIn(f"{one.log.prefix}.x.muster", groups)
            self.assertNotIn(f"{other.log.prefix}.x.muster", groups)
            for _ in range(3):
                for world in (one, other):
                    world.publish_stubbornly([cluster.restart(1) for cluster in world.clusters])
                    self.check(world)
                    world.kill(world.managers[0])
                    world.start()
            for world in (one, other):
                audit = self.check(world, len(world.clusters))
                self.assertEqual(set(), {name for name, _ in audit.inputs.values() if name} - world.acknowledged - {
                    name for name, kind in audit.inputs.values() if not kind.startswith("muster.nodeUp")})
                self.assert_alive(world)
                self.replayed(world)
            refused = {**one.environment, "MUSTER_KAFKA_GROUP_ID": "both"}
            one.environment, before = refused, one.environment
            done = one.run("manager", check=False)
            one.environment = before
            self.assertEqual(done.returncode, 64)
            self.assertIn("group.id: it is not yours to set", done.stderr)


class FullDiskTests(JournalCase):
    def test_a_full_disk_loses_nothing_and_is_named(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-disk-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        data = folder / "1"
        data.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", data], capture_output=True, text=True)
        if done.returncode:
            self.skipTest(f"no small disk can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", data], check=True)
        brokers = Brokers(1, folder, "log.index.size.max.bytes=65536")
        self.addCleanup(brokers.end)
        before, BrokerLog.brokers = BrokerLog.brokers, brokers
        self.addCleanup(setattr, BrokerLog, "brokers", before)
        with BrokerWorld(2) as world:
            manager = world.start()
            world.wait_for_journal()
            world.found()
            writer, pid = world.sender(), brokers.pid(1)
            with Ticker(0.05, lambda: [writer.send(cluster.restart(1)) for cluster in world.clusters]):
                with open(data / "filler", "wb", buffering=0) as filler:
                    with contextlib.suppress(OSError):
                        while True:
                            filler.write(bytes(4096))
                limit = time.monotonic() + LIMIT
                while brokers.runs(pid) or "does not answer" not in world.said():
                    self.assertLess(time.monotonic(), limit, f"broker runs: {brokers.runs(pid)}; {world.said()[-1000:]}")
                    time.sleep(0.1)
                self.assertIsNone(manager.poll())
                (data / "filler").unlink()
                brokers.start(1)
                brokers.wait()
            world.wait_for_senders()
            audit = self.check(world, len(world.clusters))
            self.assertIsNone(manager.poll(), world.said()[-2000:])
            self.assertEqual(world.stop(manager), 0)
            self.replayed(world)
            print(f"a full disk: {len(audit.inputs)} inputs, {audit.accepted} decisions, {audit.void} void records")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not brokers.HOME:
        sys.exit(__doc__)
    test_managers.MUSTER = pathlib.Path(sys.argv.pop(1)).resolve()
    # What it started is ended in order also when it is told to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
