#!/usr/bin/env python3
"""Managers as processes: killed at any moment, and two at once, with writers at work.

  test_managers.py MUSTER EMBEDDED    the built program, and the example of a manager in another program

What they leave is held against the rules of the journal by this file alone, from the rows of the SQLite file or from
Kafka's records. MUSTER_TEST_KAFKA names a Kafka (host:port) for the tests on it. MUSTER_LONG=1 takes ten times as many
rounds.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

MUSTER = EMBEDDED = "muster"
KAFKA = os.environ.get("MUSTER_TEST_KAFKA")
ROUNDS = 1000 if os.environ.get("MUSTER_LONG") == "1" else 100
POLICY = ["--heartbeat-interval", "10s", "--lease", "60s", "--removal-delay", "5m", "--stabilization", "1s",
          "--observation-interval", "1s", "--observation-age-max", "30s", "--join-policy", "open"]


class Cluster:
    """What the nodes of one cluster say: three voters, a newcomer, and starts, each of them one decision."""

    def __init__(self, number):
        self.name, self.count, self.starts = f"c{number}", 0, [1, 1, 1, 1]

    def who(self, node):
        return {"cluster": self.name, "node": f"n{node + 1}", "store": hashlib.md5(f"{self.name}/{node}".encode()).hexdigest(),
                "start": str(self.starts[node])}

    def event(self, kind, data):
        self.count += 1
        return {"specversion": "1.0", "id": f"{self.name}-{self.count}", "source": "/test", "type": f"muster.{kind}.v1",
                "time": "2026-11-24T00:00:00Z", "datacontenttype": "application/json", "data": data}

    def boot(self, node):
        return hashlib.md5(f"{self.name}/{node}/{self.starts[node]}".encode()).hexdigest()

    def up(self, node):
        group = {"group": "g", "capabilities": {"startsAfterAdd": True, "seed": "raft", "learnersMax": 1}}
        return self.event("nodeUp", {**self.who(node), "boot": self.boot(node), "role": "voter", "blank": node == 3,
                                     "groupsVersion": "1", "groups": [] if node == 3 else [group]})

    def restart(self, node):
        self.starts[node] += 1
        return self.up(node)

    def observed(self):
        members = [{"node": f"n{node + 1}", "store": self.who(node)["store"], "role": "voter", "match": "100",
                    "contactAge": "0"} for node in range(3)]
        view = {"confirmed": True, "changePermitted": True, "pending": False, "version": {"term": "1", "index": "10"},
                "commit": "100", "members": members}
        return self.event("groupObserved", {**self.who(0), "groups": [
            {"group": "g", "state": "leader", "term": "1", "leader": "n1", "applied": "100", "view": view}]})

    def beats(self):
        return [self.event("heartbeat", {**self.who(node), "boot": self.boot(node)}) for node in range(4)]


class SQLite:
    """A log in a file, read by SQL."""

    def __init__(self, folder):
        self.file = folder / "muster.db"
        self.url = f"sqlite:{self.file}"

    def records(self, *topics):
        """Topic, partition, offset, headers and value of each record, in order."""
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as base:
            rows = base.execute("SELECT topic, partition, offset, headers, value FROM records ORDER BY 1, 2, 3").fetchall()
        for topic, partition, offset, headers, value in rows:
            if topic in topics:
                value = value if isinstance(value, bytes) or value is None else value.encode()
                yield topic, partition, offset, json.loads(headers) if headers else {}, value


class Kafka:
    """A log on a real Kafka, under a prefix of its own, read by Confluent's client."""

    def __init__(self, _):
        self.servers, self.prefix = KAFKA, f"t-{os.urandom(6).hex()}"
        self.url = f"kafka://{self.servers}/{self.prefix}"

    def records(self, *topics):
        found = []
        for message in self.messages(*topics):
            headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers() or []}
            found.append((message.topic().removeprefix(f"{self.prefix}."), message.partition(), message.offset(), headers,
                          message.value()))
        return sorted(found, key=lambda record: record[:3])

    def times(self, topic):
        """Append times in milliseconds, by partition and offset."""
        return {(message.partition(), message.offset()): message.timestamp()[1] for message in self.messages(topic)}

    def messages(self, *topics):
        """What the topics hold now, as the client gives it, in the order of each partition."""
        import confluent_kafka
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.servers, "group.id": "test", "enable.auto.commit": False, "log_level": 0,
            "enable.partition.eof": True, "isolation.level": "read_uncommitted", "allow.auto.create.topics": False})
        found, ends = [], {}
        for topic in topics:
            name = f"{self.prefix}.{topic}"
            for partition in consumer.list_topics(name, timeout=30).topics[name].partitions:
                if (end := self.end(consumer, confluent_kafka.TopicPartition(name, partition))) > 0:
                    ends[name, partition] = end
        consumer.assign([confluent_kafka.TopicPartition(*place, 0) for place in ends])
        while ends:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError("Kafka gives nothing")
            place, offset = (message.topic(), message.partition()), message.offset()
            if not message.error():
                found.append(message)
                offset += 1
            elif message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                raise RuntimeError(str(message.error()))
            # What is appended meanwhile is left out; the last offsets may be marks, which are no records.
            if place in ends and offset >= ends[place]:
                del ends[place]
        consumer.close()
        return found

    @staticmethod
    def end(consumer, partition):
        """Where it ends; a leader that has only just become it may not know yet."""
        import confluent_kafka
        limit = time.monotonic() + 30
        while True:
            try:
                return consumer.get_watermark_offsets(partition, timeout=30)[1]
            except confluent_kafka.KafkaException:
                if time.monotonic() > limit:
                    raise
            time.sleep(0.05)


class World:
    """A log, managers that come and go, and writers. Everything ends with the context."""

    def __init__(self, clusters, engine=SQLite):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        self.log = engine(self.folder)
        self.environment = {**os.environ, "MUSTER_LOG": self.log.url, "MUSTER_AS": "test",
                            "MUSTER_KAFKA_SESSION_TIMEOUT_MS": "1500"}
        self.groups = 0
        self.clusters = [Cluster(number) for number in range(clusters)]
        self.managers = []
        self.acknowledged = set()
        self.lock = threading.Lock()
        self.over = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        for manager in self.managers:
            manager.kill()
            manager.wait()
        if kind:
            print((self.folder / "manager.txt").read_text()[-3000:], file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command=None):
        with open(self.folder / "manager.txt", "ab") as output:
            self.managers.append(subprocess.Popen(
                command or [MUSTER, "manager", "--checkpoint-interval", "1s"], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=self.environment))
        return self.managers[-1]

    def stop(self, manager):
        """Ends it in order."""
        manager.send_signal(signal.SIGTERM)
        status = manager.wait(timeout=30)
        self.managers.remove(manager)
        return status

    def kill(self, manager):
        manager.kill()
        manager.wait()
        self.managers.remove(manager)

    def run(self, *arguments, check=True, text=None):
        done = subprocess.run([MUSTER, *arguments], input=text, capture_output=True, text=True, timeout=120,
                              env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"muster {' '.join(arguments)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def publish(self, events, *options, dies=None):
        """Publishes; only when all of it was acknowledged, it counts. `dies`: after how long the writer is killed."""
        writer = subprocess.Popen(
            [MUSTER, "publish", "lines", *options, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=self.environment)
        timer = threading.Timer(dies, writer.kill) if dies else None
        if timer:
            timer.start()
        _, said = writer.communicate("".join(json.dumps(event) + "\n" for event in events))
        if timer:
            timer.cancel()
        if writer.returncode == 0:
            with self.lock:
                self.acknowledged.update(event["id"] for event in events if not options)
        elif not dies:
            raise AssertionError(f"the writer ended with {writer.returncode}: {said[-2000:]}")

    def found(self):
        """The clusters as they are: three voters, the newcomer up, and a policy."""
        for cluster in self.clusters:
            self.run("configure", "--cluster", cluster.name, *POLICY, "--no-wait")
        self.publish([event for cluster in self.clusters
                      for event in [*map(cluster.up, range(4)), cluster.observed()]])
        self.observe()

    def observe(self):
        self.publish([event for cluster in self.clusters for event in [cluster.observed(), *cluster.beats()]], "--soft")

    def keep_observing(self):
        while not self.over.wait(1):
            self.observe()

    def start_alone(self):
        """A manager of a group of its own: it thinks that everything is its."""
        self.groups += 1
        return self.start([MUSTER, "manager", "--manager-group", f"g{self.groups}", "--checkpoint-interval", "1s"])

    def wait_for_journal(self):
        """Until the first manager has begun it."""
        limit = time.monotonic() + 60
        while (done := self.run("clusters", check=False)).returncode:
            if time.monotonic() > limit:
                raise TimeoutError(done.stdout + done.stderr)
            time.sleep(0.05)

    def audit(self):
        return Audit(self)


class Audit:
    """What the log holds, read by the rules of docs/guides/auditing.md and of the journal."""

    FORM = re.compile(rb'\{"cluster":"([^"\\]+)","seq":"([1-9][0-9]*)","previous":"([0-9a-f]{64})","decision":')

    def __init__(self, world):
        self.inputs = {(topic, partition, offset): self.named(headers, value)
                       for topic, partition, offset, headers, value in world.log.records("events", "requests")}
        # Before the journal: whatever is published by then was decided earlier.
        self.published = {}
        for *_, value in world.log.records("commands"):
            command = json.loads(value)
            name = f"{command['cluster']}/{command['command']}"
            self.published.setdefault(name, set()).add(json.dumps(command, sort_keys=True))
        self.accepted, self.void, self.causes, self.commands = 0, 0, [], {}
        # The newest look that was asked for, by what it is about, and the names of those that were asked for again: the owner
        # that dies before it has published one leaves the asking to its successor, as it is outstanding nowhere.
        self.looks, self.asked_again = {}, set()
        # The place of each accepted record in the journal, and its decision.
        self.decisions = []
        heads, start = {}, {}
        for _, partition, offset, _, value in world.log.records("journal"):
            if value.startswith(b'{"journal":'):
                start.setdefault(partition, hashlib.sha256(value).hexdigest())
                continue
            form = self.FORM.match(value)
            name, place, previous = form[1].decode(), int(form[2]), form[3].decode()
            if (place - 1, previous) != heads.get(name, (0, start[partition])):
                self.void += 1
                continue
            heads[name] = (place, hashlib.sha256(value).hexdigest())
            decision = json.loads(value)["decision"]
            self.accept(name, place, heads[name][1], decision)
            self.decisions.append((partition, offset, decision))

    @staticmethod
    def named(headers, value):
        """An event's id and type, in binary mode or in structured mode."""
        attributes = {name.removeprefix("ce_"): text for name, text in headers.items()}
        if "cloudevents" in attributes.get("content-type", ""):
            # What is no event has no name.
            with contextlib.suppress(ValueError):
                attributes = json.loads(value)
        if not isinstance(attributes, dict):
            attributes = {}
        return attributes.get("id", ""), attributes.get("type", "")

    def accept(self, name, place, own, decision):
        self.accepted += 1
        cause = decision["cause"]
        if "offset" in cause:
            self.causes.append((cause["topic"], cause["partition"], int(cause["offset"])))
        for index, event in enumerate(decision["events"]):
            if "command" in event and event["type"] in ("commandIssued", "observationAsked"):
                command = f"{name}/{place}:{index}:{own[:16]}"
                self.commands[command] = event["command"]
                if event["type"] == "observationAsked":
                    about = (name, event["command"]["node"], event["command"].get("group"))
                    self.asked_again.add(self.looks.get(about))
                    self.looks[about] = command

    def unpublished(self):
        """Commands that must have been published and were not."""
        return sorted(set(self.commands) - set(self.published) - self.asked_again)

    def wanting(self):
        """Inputs that must have been decided, each of them being news, and were not."""
        news = {"muster.nodeUp.v1", "muster.configureRequested.v1"}
        decided = set(self.causes)
        return [place for place, (_, kind) in self.inputs.items() if kind in news and place not in decided]


class JournalCase(unittest.TestCase):
    """What must hold of any log when its managers have come to rest."""

    def check(self, world, commands):
        """All that was acknowledged is there and was decided once; what is commanded was published, unchanged."""
        limit = time.monotonic() + 60
        while ((audit := world.audit()).wanting() or audit.unpublished()
               or len(audit.commands) < commands):
            self.assertLess(time.monotonic(), limit, f"not decided: {audit.wanting()[:5]}, not published: "
                            f"{[(name, audit.commands[name]) for name in audit.unpublished()[:5]]}, "
                            f"commands: {len(audit.commands)}")
            time.sleep(0.2)
            world.observe()
        self.assertEqual(len(audit.causes), len(set(audit.causes)), "an input took effect twice")
        self.assertEqual(set(), world.acknowledged - {name for name, _ in audit.inputs.values()})
        self.assertLessEqual(set(audit.published), set(audit.commands), "commands are those of accepted decisions")
        for name, meanings in audit.published.items():
            self.assertEqual(len(meanings), 1, f"{name} has two meanings")
            (published,) = map(json.loads, meanings)
            for member, value in audit.commands[name].items():
                self.assertEqual(published[member], value)
        return audit

    def replayed(self, world):
        """The state's hash, by two processes, is one, with a snapshot and without."""
        answers = [json.loads(world.run("replay", "-o", "json").stdout) for _ in range(2)]
        hashes = {answer["hash"] for answer in answers}
        self.assertEqual(len(hashes), 1)
        return answers[0]


    def hand_over(self, world):
        """One of two managers is told to stop while each partition has work; how much longer than before, in milliseconds, one
        of its partitions was without a decision."""
        import brokers
        managers = [world.start(), world.start()]
        world.wait_for_journal()
        writer, owned = brokers.Sender(world.log), {}
        # One cluster in each partition.
        candidates = map(Cluster, range(1000))
        while len(owned) < 4:
            cluster = next(candidates)
            writer.send(cluster.up(1))
            writer.wait()
            place = next(place for place, (name, _) in world.audit().inputs.items() if name == f"{cluster.name}-1")
            owned.setdefault(place[1], cluster)

        def restart():
            for cluster in owned.values():
                writer.send(cluster.restart(1 + cluster.count % 2))

        def wait_for(fact):
            limit = time.monotonic() + 90
            while not fact(world.audit().decisions):
                self.assertLess(time.monotonic(), limit, "the work does not go on")
                time.sleep(0.2)

        with brokers.Ticker(0.02, restart):
            # The last decision of each partition.
            wait_for(lambda decisions: len(set({place: self.manager(decision) for place, _, decision in decisions}.values())) == 2)
            began = len(world.audit().decisions)
            wait_for(lambda decisions: len(decisions) > began + 800)
            seen = world.audit().decisions
            self.assertEqual(world.stop(managers[0]), 0)
            wait_for(lambda decisions: len(decisions) > len(seen) + 800)
        writer.wait()
        world.acknowledged |= writer.acknowledged
        audit = self.check(world, 0)
        times, before, after = world.log.times("journal"), [], []
        for partition in range(4):
            places = [offset for number, offset, _ in seen if number == partition]
            before.append(self.longest_gap([times[partition, offset] for offset in places[-200:]]))
            mine = [(times[partition, offset], self.manager(decision)) for number, offset, decision in audit.decisions
                    if number == partition and offset >= places[-1]]
            if len({manager for _, manager in mine}) > 1:
                after.append(self.longest_gap([time for time, _ in mine]))
        self.assertTrue(after, "no partition was handed over")
        self.assertEqual(world.stop(managers[1]), 0)
        print(f"handed over: longest gaps between decisions {sorted(after)} ms, before that {sorted(before)} ms; "
              f"{audit.void} void records")
        return max(after) - max(before)

    @staticmethod
    def manager(decision):
        return decision["manager"]["id"]

    @staticmethod
    def longest_gap(times):
        return max(after - before for before, after in zip(times, times[1:]))


class ManagerTests(JournalCase):
    def test_managers_and_writers_are_killed_at_any_moment(self):
        self.kill_at_any_moment(SQLite, ROUNDS)

    @unittest.skipUnless(KAFKA, "MUSTER_TEST_KAFKA names no Kafka")
    def test_the_same_on_kafka(self):
        self.kill_at_any_moment(Kafka, ROUNDS // 4)

    def kill_at_any_moment(self, engine, rounds):
        chance = random.Random(7)
        with World(6, engine) as world:
            first = world.start_alone()
            world.wait_for_journal()
            world.found()
            observer = threading.Thread(target=world.keep_observing)
            observer.start()
            try:
                for number in range(rounds):
                    while len(world.managers) < 1 + number % 2:
                        world.start_alone()
                    cluster = chance.choice(world.clusters)
                    events = [cluster.restart(chance.choice([1, 2])) for _ in range(chance.randrange(1, 40))]
                    world.publish(events, dies=chance.uniform(0.005, 0.1) if number % 5 == 4 else None)
                    time.sleep(chance.uniform(0, 0.15))
                    world.kill(chance.choice(world.managers))
                last = world.start_alone()
                audit = self.check(world, len(world.clusters))
            finally:
                world.over.set()
                observer.join()
            self.assertEqual(world.stop(last), 0)
            self.assertIsNotNone(first.returncode)
            answer = self.replayed(world)
            print(f"{rounds} kills on {engine.__name__}: {len(audit.inputs)} inputs, {audit.accepted} decisions, "
                  f"{audit.void} void records, {len(audit.commands)} commands, state {answer['hash'][:16]}")

    def test_two_managers_decide_a_thousand_inputs_once(self):
        self.decide_twice(SQLite)

    @unittest.skipUnless(KAFKA, "MUSTER_TEST_KAFKA names no Kafka")
    def test_two_managers_on_kafka_decide_a_thousand_inputs_once(self):
        self.decide_twice(Kafka)

    def decide_twice(self, engine):
        """Both think that they own everything: each is of a group of its own."""
        with World(4, engine) as world:
            managers = [world.start_alone(), world.start_alone()]
            world.wait_for_journal()
            world.found()
            for _ in range(50):
                for cluster in world.clusters[:2]:
                    world.publish([cluster.restart(1 + each % 2) for each in range(10)])
            world.observe()
            audit = self.check(world, len(world.clusters))
            self.assertGreaterEqual(len(audit.inputs), 1000)
            for manager in managers:
                self.assertEqual(world.stop(manager), 0)
            self.replayed(world)
            if engine is Kafka:
                self.export_by_the_guide(world)
            print(f"two managers on {engine.__name__}: {len(audit.inputs)} inputs, {audit.accepted} decisions, "
                  f"{audit.void} void records, {len(audit.commands)} commands")

    def export_by_the_guide(self, world):
        """kcat's export, as docs/guides/auditing.md has it, and the guide's own script over it."""
        guide = (pathlib.Path(__file__).parents[2] / "docs/guides/auditing.md").read_text()
        script = re.search(r"```python\n(.*?)```", guide, re.S)[1]
        (line,) = re.findall(r"^kcat .*$", guide, re.M)
        chains = []
        for partition in range(4):
            command = (line.replace("localhost:9092", world.log.servers).replace("muster.journal", f"{world.log.prefix}.journal")
                       .replace("-p 0", f"-p {partition}").replace("journal-0.txt", "journal.txt"))
            subprocess.run(command, shell=True, check=True, cwd=world.folder, timeout=60)
            with open(world.folder / "journal.txt", "rb") as export:
                done = subprocess.run([sys.executable, "-c", script], stdin=export, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            chains += done.stdout.splitlines()
        self.assertEqual(len(chains), len(world.clusters))

    @unittest.skipUnless(KAFKA, "MUSTER_TEST_KAFKA names no Kafka")
    def test_a_killed_manager_is_replaced_after_its_session(self):
        """Managers of one group share the work; the survivor takes it over."""
        with World(4, Kafka) as world:
            managers = [world.start(), world.start()]
            world.wait_for_journal()
            world.found()
            world.publish([cluster.restart(1) for cluster in world.clusters])
            self.check(world, 0)
            world.kill(managers[0])
            world.publish([cluster.restart(2) for cluster in world.clusters])
            self.check(world, 0)
            self.assertEqual(world.stop(managers[1]), 0)

    @unittest.skipUnless(KAFKA, "MUSTER_TEST_KAFKA names no Kafka")
    def test_a_manager_that_is_told_to_stop_hands_its_work_over_without_a_gap(self):
        with World(0, Kafka) as world:
            self.assertLess(self.hand_over(world), 200)

    @unittest.skipUnless(KAFKA, "MUSTER_TEST_KAFKA names no Kafka")
    def test_a_manager_that_was_paused_for_longer_than_its_session_harms_nothing(self):
        """It goes on as if nothing had happened: what it appends then is void."""
        with World(4, Kafka) as world:
            managers = [world.start(), world.start()]
            world.wait_for_journal()
            world.found()
            self.check(world, 0)
            for zombie in managers * 2:
                # It has just read inputs, and may be about to append.
                world.publish([cluster.restart(1) for cluster in world.clusters])
                zombie.send_signal(signal.SIGSTOP)
                world.publish([cluster.restart(2) for cluster in world.clusters for _ in range(5)])
                self.check(world, 0)
                zombie.send_signal(signal.SIGCONT)
                world.publish([cluster.restart(1) for cluster in world.clusters])
                self.check(world, 0)
            for manager in managers:
                self.assertEqual(world.stop(manager), 0)
            self.replayed(world)

    def test_a_manager_inside_another_program_does_the_same(self):
        with World(1) as world:
            embedded = world.start([EMBEDDED, world.environment["MUSTER_LOG"]])
            world.wait_for_journal()
            world.found()
            self.check(world, 1)
            # Signals are the embedding program's own affair, and this one leaves them as they are.
            self.assertEqual(world.stop(embedded), -signal.SIGTERM)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    EMBEDDED = pathlib.Path(sys.argv.pop()).resolve()
    MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
