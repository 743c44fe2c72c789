"""A real Kafka of one test run: brokers that are killed, stopped, paused and brought back, by their process ids."""
import json
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import confluent_kafka
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

HOME = os.environ.get("KAFKA_HOME")
LIMIT = 90


class Brokers:
    """Brokers by the programs of KAFKA_HOME. Everything ends with `end`."""

    def __init__(self, count=3, folder=None, *settings):
        self.count = count
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="muster-brokers-"))
        started = self.tool("kafka-start", "--brokers", count, "--dir", self.folder,
                            *(word for setting in settings for word in ("--set", setting)))
        self.servers = started.split()[0]
        self.admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    @staticmethod
    def tool(name, *arguments):
        """Runs a program of KAFKA_HOME. What it leaves running must not hold a pipe of this one open."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run([f"{HOME}/{name}", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT, timeout=2 * LIMIT)
            output.seek(0)
            said = output.read()
        if done.returncode:
            raise RuntimeError(f"{name} {arguments}: {done.returncode}\n{said[-2000:]}")
        return said

    def pid(self, number):
        return int((self.folder / f"{number}.pid").read_text())

    def kill(self, *numbers):
        """As in a crash, and all of them at once; what they had acknowledged lies in their files."""
        ended = [self.pid(number) for number in numbers]
        for pid in ended:
            # One that met a full disk has ended by itself.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        limit = time.monotonic() + LIMIT
        while any(map(self.runs, ended)):
            if time.monotonic() > limit:
                raise TimeoutError(f"{ended} do not end")
            time.sleep(0.01)
        for number in numbers:
            (self.folder / f"{number}.pid").unlink()

    @staticmethod
    def runs(pid):
        """Whether the process does anything; one that nobody has waited for yet does not."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] not in "ZX"
        except OSError:
            return False

    def start(self, number):
        """Brings it back; `wait` says when it serves."""
        self.tool("kafka-broker", self.folder, number)

    def serves(self, number):
        """Whether it has come up since it was started."""
        log = self.folder / f"{number}.log"
        return "Transition from STARTING to STARTED" in log.read_text(errors="replace")

    def wait(self):
        self.tool("kafka-wait", self.folder, LIMIT)

    def mend(self):
        """Brings back whatever a test that failed has left behind."""
        for number in range(1, self.count + 1):
            if not (self.folder / f"{number}.pid").exists():
                self.start(number)
            else:
                self.go_on(number)
        self.wait()

    def pause(self, number):
        os.kill(self.pid(number), signal.SIGSTOP)

    def go_on(self, number):
        os.kill(self.pid(number), signal.SIGCONT)

    def end(self):
        self.kill(*(number for number in range(1, self.count + 1) if (self.folder / f"{number}.pid").exists()))
        shutil.rmtree(self.folder, ignore_errors=True)

    def topics(self):
        """All topics. A client may cling to a broker that is away: then a new one asks."""
        limit = time.monotonic() + LIMIT
        while True:
            try:
                return self.admin.list_topics(timeout=5).topics
            except KafkaException:
                if time.monotonic() > limit:
                    raise
                self.admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def partitions(self, topic):
        limit = time.monotonic() + LIMIT
        while topic not in (found := self.topics()) or not found[topic].partitions:
            if time.monotonic() > limit:
                raise TimeoutError(f"there is no topic {topic}")
            time.sleep(0.05)
        return found[topic].partitions

    def leader(self, topic, partition):
        """The number of the broker that leads it."""
        limit = time.monotonic() + LIMIT
        while (leader := self.partitions(topic)[partition].leader) < 1:
            if time.monotonic() > limit:
                raise TimeoutError(f"{topic} {partition} has no leader")
            time.sleep(0.05)
        return leader

    def wait_until_whole(self, prefix):
        """Until each replica of the prefix's topics is in sync."""
        limit = time.monotonic() + LIMIT
        while True:
            topics = self.topics()
            lame = [f"{name} {number}" for name, topic in topics.items() if name.startswith(prefix)
                    for number, partition in topic.partitions.items() if len(partition.isrs) < self.count]
            if not lame:
                return
            if time.monotonic() > limit:
                raise TimeoutError(f"not in sync: {lame[:5]}")
            time.sleep(0.1)


class Sender:
    """Publishes as a service does that keeps what was not acknowledged; knows what was."""

    HEADERS = [("content-type", "application/cloudevents+json")]

    def __init__(self, log):
        self.log = log
        self.acknowledged, self.failed = set(), []
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": log.servers, "enable.idempotence": True, "partitioner": "murmur2_random",
            "message.timeout.ms": 1000 * LIMIT, "linger.ms": 0, "log_level": 0})

    def send(self, event, topic="events"):
        """Hands it over; an event that is soft counts for nothing."""
        def delivered(error, _):
            if error:
                self.failed.append((event["id"], str(error)))
            elif topic == "events":
                self.acknowledged.add(event["id"])

        self.producer.produce(f"{self.log.prefix}.{topic}", key=event["data"]["cluster"].encode(), value=json.dumps(event),
                              headers=self.HEADERS, on_delivery=delivered)
        self.producer.poll(0)

    def wait(self):
        """Until all of it is acknowledged."""
        left = self.producer.flush(LIMIT)
        if left or self.failed:
            raise AssertionError(f"{left} events were not acknowledged in time; failed: {self.failed[:3]}")


class Ticker:
    """Does something again and again, beside the test, until its context ends; then raises what it met."""

    def __init__(self, interval, action):
        self.interval, self.action = interval, action
        self.over, self.problem = threading.Event(), None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.over.wait(self.interval):
                self.action()
        except Exception as problem:  # raised again where the context ends
            self.problem = problem

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.thread.join()
        if self.problem and not kind:
            raise self.problem
