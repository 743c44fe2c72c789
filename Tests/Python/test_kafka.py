#!/usr/bin/env python3
"""Foreign clients on a real Kafka: what services publish with what they have, and what of it takes effect.

  test_kafka.py MUSTER      MUSTER_TEST_KAFKA names a Kafka (host:port)
"""
import json
import pathlib
import subprocess
import sys
import time
import unittest

import confluent_kafka

import test_managers
from test_managers import Cluster, Kafka, World

TIMEOUT = 60


def binary(event):
    """A CloudEvent in binary mode: headers and value."""
    attributes = {name: value for name, value in event.items() if name not in ("data", "datacontenttype")}
    headers = [(f"ce_{name}", value) for name, value in attributes.items()]
    return [*headers, ("content-type", "application/json")], json.dumps(event["data"])


def structured(event):
    return [("content-type", "application/cloudevents+json; charset=UTF-8")], json.dumps(event)


class KafkaTests(unittest.TestCase):
    def setUp(self):
        self.world = World(1, Kafka)
        self.addCleanup(self.world.__exit__, None)
        self.cluster = self.world.clusters[0]
        self.topic = f"{self.world.log.prefix}.events"
        self.world.start()
        self.world.wait_for_journal()
        self.world.found()

    def producer(self, **more):
        return confluent_kafka.Producer({"bootstrap.servers": self.world.log.servers, **more})

    def send(self, producer, headers, value, key=b"any"):
        """Where the client's own partitioner sends it."""
        failed = []
        producer.produce(self.topic, key=key, value=value, headers=headers,
                         on_delivery=lambda error, _: failed.append(error) if error else None)
        self.assertEqual(producer.flush(TIMEOUT), 0)
        self.assertEqual(failed, [])

    def decided(self, world=None):
        """The ids of the events that took effect, in the journal's order."""
        audit = (world or self.world).audit()
        return [audit.inputs[cause][0] for cause in audit.causes if cause in audit.inputs]

    def wait_until_decided(self, events):
        wanted = {event["id"] for event in events}
        limit = time.monotonic() + TIMEOUT
        while wanted - set(found := self.decided()):
            self.assertLess(time.monotonic(), limit, f"not decided: {wanted - set(found)}")
            time.sleep(0.2)
        for name in wanted:
            self.assertEqual(found.count(name), 1, f"{name} took effect more than once")

    def test_any_compression_mode_and_partitioner(self):
        sent = []
        for compression in ("none", "gzip", "snappy", "lz4", "zstd"):
            for partitioner in ("consistent_random", "murmur2_random", "fnv1a_random"):
                producer = self.producer(**{"compression.type": compression, "partitioner": partitioner})
                for form in (binary, structured):
                    # Partitions have no order among them: the next start is told when this one was heard.
                    sent.append(self.cluster.restart(1))
                    self.send(producer, *form(sent[-1]), key=f"{compression}-{len(sent)}".encode())
                    self.wait_until_decided(sent[-1:])
        places = {place[1] for place, _ in self.world.audit().inputs.items() if place[0] == "events"}
        self.assertGreater(len(places), 1, "everything lay in one partition")
        self.wait_until_decided(sent)
        self.assertRegex((self.world.folder / "manager.txt").read_text(), "lay in another partition than their cluster's: [1-9]")

    def test_aborted_transactions_have_no_effect_and_their_marks_hold_nothing_back(self):
        producer = self.producer(**{"transactional.id": self.world.log.prefix})
        producer.init_transactions(TIMEOUT)
        kept, dropped = [], []
        for number in range(6):
            producer.begin_transaction()
            event = self.cluster.restart(2)
            headers, value = binary(event)
            producer.produce(self.topic, key=b"t", value=value, headers=headers)
            producer.flush(TIMEOUT)
            if number % 2:
                producer.commit_transaction(TIMEOUT)
                kept.append(event)
            else:
                producer.abort_transaction(TIMEOUT)
                dropped.append(event)
        self.wait_until_decided(kept)
        self.assertEqual(set(), {event["id"] for event in dropped} & set(self.decided()))
        # Whoever reads inputs to their end now ends at a mark, which is no record.
        began = time.monotonic()
        status = json.loads(self.world.run("status", "-o", "json", check=False).stdout)
        self.assertLess(time.monotonic() - began, 10)
        # It is not well: nobody of the cluster beats here. What is asked is that nothing waits.
        self.assertEqual((status["waiting"], status.get("waitingSince")), (0, None))
        # A manager that starts now reads past the marks, and decides what comes after them.
        self.world.kill(self.world.managers[0])
        self.world.start()
        last = self.cluster.restart(2)
        self.send(self.producer(), *binary(last))
        self.wait_until_decided([last])

    def test_what_is_no_message_harms_nothing(self):
        producer = self.producer()
        event = self.cluster.restart(1)
        headers, value = binary(event)
        junk = [
            ([], None, b"tombstone"), ([], b"", b""), ([], b"\xff\xfe\x00", None), (headers, None, b"k"),
            (headers + [("ce_id", "twice")], value, b"k"), ([("ce_type", None)], value, b"k"),
            ([(name, text) for name, text in headers if name != "ce_type"], value, b"k"),
            ([("content-type", "application/cloudevents+json")], b"[1]", b"k"), (headers, b"\x00" * 70_000, b"k"),
        ]
        for each in junk:
            self.send(producer, *each[:2], key=each[2])
        # As a schema registry's serializers frame it: a zero byte and four of the schema's id.
        self.send(producer, headers, b"\x00\x00\x00\x00\x07" + value.encode())
        self.wait_until_decided([event])
        limit = time.monotonic() + TIMEOUT
        while len(found := list(self.world.log.records("quarantine"))) < len(junk):
            self.assertLess(time.monotonic(), limit, f"{len(found)} of {len(junk)} are in quarantine")
            time.sleep(0.2)
        self.assertEqual(len(found), len(junk))
        self.assertEqual(self.world.run("quarantine", "list", "-o", "json").returncode, 0)

    def test_a_manager_refuses_topics_that_it_cannot_rest_on(self):
        from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
        admin = AdminClient({"bootstrap.servers": self.world.log.servers})
        self.world.stop(self.world.managers[0])
        unsafe = [("journal", "retention.ms", "86400000", "-1"), ("journal", "cleanup.policy", "compact", "delete"),
                  ("events", "message.timestamp.type", "CreateTime", "LogAppendTime"),
                  ("requests", "unclean.leader.election.enable", "true", "false"),
                  ("members", "cleanup.policy", "delete", "compact")]
        for topic, name, bad, good in unsafe:
            def put(value):
                resource = ConfigResource(ResourceType.TOPIC, f"{self.world.log.prefix}.{topic}")
                resource.add_incremental_config(ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET))
                for done in admin.incremental_alter_configs([resource]).values():
                    done.result(TIMEOUT)
                time.sleep(0.5)
            put(bad)
            done = self.world.run("manager", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"the topic {topic} of the log", done.stderr)
            self.assertIn(f"{name}={bad}, and Muster needs {name}={good}", done.stderr)
            put(good)
        self.world.start()
        event = self.cluster.restart(1)
        self.send(self.producer(), *binary(event))
        self.wait_until_decided([event])

    def test_fewer_input_partitions_are_refused_and_more_are_read(self):
        from confluent_kafka.admin import AdminClient, NewTopic
        world = World(1, Kafka)
        self.addCleanup(world.__exit__, None)
        admin = AdminClient({"bootstrap.servers": world.log.servers})
        world.run("topics", "create", "--partitions", "2")

        def make(topic, partitions):
            """Anew, with another number of partitions."""
            name = f"{world.log.prefix}.{topic}"
            for done in admin.delete_topics([name]).values():
                done.result(TIMEOUT)
            for done in admin.create_topics([NewTopic(
                    name, partitions, 1, config={"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"})]).values():
                done.result(TIMEOUT)
            limit = time.monotonic() + TIMEOUT
            while (found := admin.list_topics(timeout=30).topics.get(name)) is None or len(found.partitions) != partitions:
                self.assertLess(time.monotonic(), limit, f"{name} has not {partitions} partitions")

        for topic, number, needed in (("events", 1, "at least 2, as many as the journal has"),
                                      ("commands", 3, "2, as many as the journal has")):
            make(topic, number)
            done = world.run("manager", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"the topic {topic} of the log", done.stderr)
            self.assertIn(f"{number} partitions, and Muster needs {needed}", done.stderr)
            make(topic, 2)
        make("events", 3)
        world.start()
        world.wait_for_journal()
        world.found()
        event = world.clusters[0].restart(1)
        headers, value = binary(event)
        producer = self.producer()
        producer.produce(f"{world.log.prefix}.events", partition=2, key=b"any", value=value, headers=headers)
        self.assertEqual(producer.flush(TIMEOUT), 0)
        limit = time.monotonic() + TIMEOUT
        while event["id"] not in self.decided(world):
            self.assertLess(time.monotonic(), limit, "an event of the third partition is not decided")
            time.sleep(0.2)
        self.assertIn("3 partitions", (world.folder / "manager.txt").read_text())

    def test_kcat_publishes_too(self):
        event = self.cluster.restart(1)
        headers, value = binary(event)
        options = [word for name, text in headers for word in ("-H", f"{name}={text}")]
        subprocess.run(["kcat", "-P", "-b", self.world.log.servers, "-t", self.topic, *options], input=value, text=True,
                       check=True, timeout=TIMEOUT)
        self.wait_until_decided([event])

    def test_the_members_topic_says_what_the_nodes_table_says(self):
        self.wait_until_decided([{"id": f"c0-{number}"} for number in range(1, 5)])
        limit = time.monotonic() + TIMEOUT
        while True:
            view = {}
            for _, _, _, _, value in self.world.log.records("members"):
                if value:
                    member = json.loads(value)
                    view[member["node"]] = member
            table = {node["node"]: node for node in json.loads(self.world.run("nodes", "-o", "json").stdout)["nodes"]}
            same = {name: node["membership"] for name, node in view.items()} == {
                name: node["membership"] for name, node in table.items()}
            if same and len(view) == 4:
                break
            self.assertLess(time.monotonic(), limit, f"{view}\n{table}")
            time.sleep(0.2)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not test_managers.KAFKA:
        sys.exit(__doc__)
    test_managers.MUSTER = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
