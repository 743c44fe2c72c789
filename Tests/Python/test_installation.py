#!/usr/bin/env python3
"""What can be wrong between the program and its brokers, and that each is said in one sentence within the time-out.

  test_installation.py MUSTER      KAFKA_HOME names a folder with kafka-start and kafka-stop

Starts a broker of its own: a plain listener for everything, one with TLS, and one with names, passwords and rights.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import confluent_kafka
from confluent_kafka import admin as kafka_admin

MUSTER = "muster"
HOME = os.environ.get("KAFKA_HOME", "")
LIMIT = 15
PASSWORD, WRONG = "correct horse battery", "a wrong guess"


def free_port():
    """A port with room for the listeners above it."""
    while True:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        if not 20000 < port < 60000:
            continue
        try:
            for more in (port, port + 1, port + 2, port + 100):
                with socket.socket() as other:
                    other.bind(("127.0.0.1", more))
            return port
        except OSError:
            continue


def certificate(folder):
    """A key and a certificate of this machine's loopback, signed by itself."""
    key, pem = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    # As one keystore: Kafka reads a PEM file that holds both.
    (folder / "keystore.pem").write_text(key.read_text() + pem.read_text())
    return pem, folder / "keystore.pem"


class Broker:
    """A Kafka with three listeners: plain for a superuser without a name, TLS, and SASL with rights."""

    def __init__(self, folder):
        self.certificate, keystore = certificate(folder)
        port = free_port()
        self.plain, self.tls, self.sasl = (f"127.0.0.1:{port + index}" for index in range(3))
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        users = " ".join(f'user_{name}="{PASSWORD}"' for name in ("alice", "bob", "carol"))
        settings = {
            "listeners": f"PLAINTEXT://{self.plain},CONTROLLER://127.0.0.1:{port + 100},TLS://{self.tls},SASL://{self.sasl}",
            "advertised.listeners": f"PLAINTEXT://{self.plain},TLS://{self.tls},SASL://{self.sasl}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,SASL:SASL_PLAINTEXT",
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": str(keystore),
            "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config": f"{login} {users};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:alice",
        }
        options = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        said = subprocess.run([f"{HOME}/kafka-start", "--port", str(port), "--dir", str(folder / "kafka"), *options],
                              capture_output=True, text=True, timeout=120)
        if said.returncode != 0:
            raise RuntimeError(said.stderr[-3000:])
        self.folder = said.stdout.split()[1]
        self.admin = kafka_admin.AdminClient({"bootstrap.servers": self.plain})

    def stop(self):
        subprocess.run([f"{HOME}/kafka-stop", self.folder, "--delete"], check=True, capture_output=True, timeout=60)

    def allow(self, user, operation, *topics, kind=kafka_admin.ResourceType.TOPIC):
        rights = [kafka_admin.AclBinding(kind, topic, kafka_admin.ResourcePatternType.LITERAL, f"User:{user}", "*", operation,
                                         kafka_admin.AclPermissionType.ALLOW) for topic in topics]
        for done in self.admin.create_acls(rights).values():
            done.result(30)


class InstallationTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.broker = Broker(cls.folder)
        cls.addClassCleanup(cls.broker.stop)
        cls.number = 0
        (cls.folder / "right").write_text(PASSWORD + "\n")

    def setUp(self):
        type(self).number += 1
        self.prefix = f"i{self.number}"
        done = self.muster("topics", "create", "--partitions", "1")
        self.assertEqual(done.returncode, 0, done.stderr)

    def muster(self, *words, at=None, prefix=None, text=None, **variables):
        log = f"kafka://{at or self.broker.plain}/{prefix or self.prefix}"
        names = {f"MUSTER_KAFKA_{name}": value for name, value in variables.items()}
        start = time.monotonic()
        done = subprocess.run([MUSTER, *words], capture_output=True, text=True, timeout=60, input=text,
                              env={**os.environ, **names, "MUSTER_LOG": log})
        done.took = time.monotonic() - start
        return done

    def assert_fails(self, done, code, *parts):
        """One sentence with these words, in time, and the code."""
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
        self.assertEqual(len(lines), 1, done.stderr)
        for part in parts:
            self.assertIn(part, lines[0])
        self.assertNotIn("%3|", done.stderr)
        self.assertLess(done.took, LIMIT)

    # A broker that cannot be talked to.

    def test_a_wrong_host(self):
        self.assert_fails(self.muster("nodes", at="no-such-host.invalid:9092"), 4, "no-such-host.invalid", "resolve")

    def test_a_closed_port(self):
        self.assert_fails(self.muster("nodes", at="127.0.0.1:1"), 4, "127.0.0.1:1", "Connection refused")

    def test_a_port_that_never_answers(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            done = self.muster("nodes", at=f"127.0.0.1:{silent.getsockname()[1]}")
        self.assert_fails(done, 4, "does not answer")

    def test_a_manager_says_it_too(self):
        self.assert_fails(self.muster("manager", at="127.0.0.1:1"), 4, "Connection refused")

    def test_tls_and_plain_text_mixed_up(self):
        self.assert_fails(self.muster("nodes", at=self.broker.tls), 4, "SSL listener")
        self.assert_fails(self.muster("nodes", SECURITY_PROTOCOL="ssl"), 4, "SSL")

    def test_a_certificate_that_nobody_vouches_for(self):
        done = self.muster("nodes", at=self.broker.tls, SECURITY_PROTOCOL="ssl")
        self.assert_fails(done, 4, "certificate")

    # Who asks, and what they may.

    def sasl(self, *words, user, password=PASSWORD, **more):
        return self.muster(*words, at=self.broker.sasl, SECURITY_PROTOCOL="sasl_plaintext", SASL_MECHANISM="PLAIN",
                           SASL_USERNAME=user, SASL_PASSWORD=password, **more)

    def test_tls_works(self):
        done = self.muster("topics", "list", "-X", f"ssl.ca.location={self.broker.certificate}", at=self.broker.tls,
                           SECURITY_PROTOCOL="ssl")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_credentials(self):
        done = self.sasl("nodes", user="alice", password=WRONG)
        self.assert_fails(done, 7, "uthentication")
        self.assertNotIn(WRONG, done.stdout + done.stderr)
        self.assertLess(done.took, 5)

    def test_a_secret_from_the_environment_or_a_file(self):
        self.assertEqual(self.sasl("topics", "list", user="alice").returncode, 0)
        words = ["-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=alice",
                 "-X", f"sasl.password.file={self.folder / 'right'}"]
        done = self.muster("topics", "list", *words, at=self.broker.sasl)
        self.assertEqual(done.returncode, 0, done.stderr)
        file = self.folder / "muster.yaml"
        file.write_text(f"log: kafka://{self.broker.sasl}/{self.prefix}\nkafka:\n  security.protocol: sasl_plaintext\n"
                        f"  sasl.mechanism: PLAIN\n  sasl.username: alice\n  sasl.password: {PASSWORD}\n")
        environment = {name: value for name, value in os.environ.items() if name != "MUSTER_LOG"}
        done = subprocess.run([MUSTER, "topics", "list", "--config", file], capture_output=True, text=True, timeout=60,
                              env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_secret_is_shown(self):
        done = self.muster("config", "show", "--origin", "-o", "json", SASL_PASSWORD=PASSWORD, SSL_KEY_PASSWORD=PASSWORD)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(PASSWORD, done.stdout)
        self.assertIn("sasl.password=(hidden)", done.stdout)
        done = self.muster("nodes", "-X", f"sasl.password={PASSWORD}")
        self.assert_fails(done, 64, "secret on the command line")
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        done = self.muster("nodes", "-X", "sasl.password.file=/nonexistent")
        self.assert_fails(done, 64, "/nonexistent", "No such file")

    def test_topics_without_rights(self):
        done = self.sasl("nodes", user="bob")
        self.assert_fails(done, 7, "may not be seen")
        done = self.sasl("manager", user="bob")
        self.assert_fails(done, 7)

    def test_rights_of_a_service_and_of_an_auditor(self):
        operation = kafka_admin.AclOperation
        self.broker.allow("bob", operation.WRITE, f"{self.prefix}.events")
        line = ('{"specversion":"1.0","id":"1","source":"/t","type":"muster.nodeReportedUp.v1","time":"2026-11-24T00:00:00Z",'
                '"data":{"cluster":"orders","node":"n1","observer":"o","reason":"r"}}\n')
        done = self.sasl("publish", "lines", "-", user="bob", text=line)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_fails(self.sasl("nodes", user="bob"), 7, "journal may not be seen")
        self.broker.allow("carol", operation.READ, *(f"{self.prefix}.{topic}" for topic in ("journal", "snapshots")))
        done = self.sasl("clusters", user="carol")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.sasl("publish", "lines", "-", user="carol", text=line)
        self.assertIn(done.returncode, (4, 7), done.stderr)

    # What lies there.

    def test_a_prefix_that_does_not_exist(self):
        for words in (["nodes"], ["doctor"], ["publish", "lines", "-"], ["remove", "n1", "--cluster", "c"]):
            done = self.muster(*words, prefix="slip", text="")
            self.assertEqual(done.returncode, 4, f"{words}: {done.stdout}{done.stderr}")
            self.assertIn('no topic of Muster that begins with "slip."', done.stdout + done.stderr)
        self.assertNotIn("slip.journal", self.broker.admin.list_topics(timeout=30).topics)

    def test_a_journal_whose_start_is_gone(self):
        name = f"{self.prefix}.journal"
        place = confluent_kafka.TopicPartition(name, 0, 1)
        for done in self.broker.admin.delete_records([place]).values():
            done.result(30)
        for words in (["nodes"], ["manager"], ["replay"]):
            done = self.muster(*words)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertRegex(done.stderr, "journal partition 0")

    def test_a_record_larger_than_the_topic_takes(self):
        change = kafka_admin.ConfigResource(kafka_admin.ResourceType.TOPIC, f"{self.prefix}.events")
        change.add_incremental_config(kafka_admin.ConfigEntry(
            "max.message.bytes", "2000", incremental_operation=kafka_admin.AlterConfigOpType.SET))
        for done in self.broker.admin.incremental_alter_configs([change]).values():
            done.result(30)
        event = ('{"specversion":"1.0","id":"1","source":"/t","type":"muster.nodeReportedUp.v1",'
                 '"time":"2026-11-24T00:00:00Z","data":{"cluster":"orders","node":"n1","observer":"o","reason":"r","note":"%s"}}\n')
        # Random, since what is compressed well fits.
        done = self.muster("publish", "lines", "-", text=event % os.urandom(4000).hex())
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("too large", done.stderr)
        done = self.muster("publish", "lines", "-", text=event % "fits")
        self.assertEqual(done.returncode, 0, done.stderr)

    # Topics.

    def test_every_property_that_muster_depends_on_is_refused(self):
        for name, value in (("acks", "1"), ("enable.idempotence", "false"), ("isolation.level", "read_committed"),
                            ("auto.offset.reset", "earliest"), ("group.id", "g"), ("bootstrap.servers", "x:1"),
                            ("partition.assignment.strategy", "cooperative-sticky"), ("transactional.id", "t"),
                            ("statistics.interval.ms", "0")):
            self.assert_fails(self.muster("nodes", "-X", f"{name}={value}"), 64, name, "because")
        self.assert_fails(self.muster("nodes", "-X", "no.such.thing=1"), 64, "no.such.thing")
        self.assert_fails(self.muster("nodes", "-X", "socket.timeout.ms=soon"), 64, "socket.timeout.ms")

    def test_check_says_what_differs_and_what_it_costs(self):
        done = self.muster("topics", "check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("as they should be", done.stdout)
        admin = self.broker.admin
        for done in admin.delete_topics([f"{self.prefix}.commands", f"{self.prefix}.events"]).values():
            done.result(30)
        for done in admin.create_topics([kafka_admin.NewTopic(
                f"{self.prefix}.events", 3, 1, config={"message.timestamp.type": "LogAppendTime", "retention.ms": "60000"}
                )]).values():
            done.result(30)
        deadline = time.monotonic() + 30
        while (done := self.muster("topics", "check")).stdout.count("events") < 1:
            self.assertLess(time.monotonic(), deadline, done.stdout)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertRegex(done.stdout, r"commands +missing +no such topic")
        self.assertRegex(done.stdout, r"events +advice +retention.ms=60000 +retention.ms=604800000 or more +a manager that was")
        done = self.muster("topics", "describe", "-o", "json")
        self.assertIn(f'"{self.prefix}.events"', done.stdout)

    def test_the_doctor_looks_at_everything(self):
        done = self.muster("doctor", "--write")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for check in ("log", "versions", "topics", "rights", "clock", "journal", "lag", "quarantine"):
            self.assertRegex(done.stdout, re.compile(rf"^{check} +ok ", re.MULTILINE))
        done = self.sasl("doctor", "--write", user="bob", password=WRONG)
        self.assertEqual(done.returncode, 7, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"log +failed .*uthentication")


if __name__ == "__main__":
    MUSTER = str(pathlib.Path(sys.argv.pop(1)).resolve())
    # What it started is ended in order also when it is told to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(verbosity=2)
