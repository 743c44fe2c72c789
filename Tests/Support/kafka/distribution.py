#!/usr/bin/env python3
"""Brokers for tests from an unpacked Apache Kafka, on loopback.

  kafka-start [--dir DIR] [--brokers N] [--port PORT] [--set KEY=VALUE]...   prints "BOOTSTRAP DIR" once they answer
  kafka-stop DIR [N --kill] [--delete]                                      ends them, or one as in a crash
  kafka-broker DIR N                                                        starts one again, with its data
  kafka-wait DIR                                                            returns when all of them answer

KAFKA_DISTRIBUTION names the folder that holds bin/kafka-server-start.sh. Needs kcat.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 90
BIN = pathlib.Path(os.environ.get("KAFKA_DISTRIBUTION", "."), "bin")


def free_ports(count):
    """The first of a row of ports that nobody has, with a row for the controllers 100 above."""
    for _ in range(100):
        first = random.randrange(20000, 30000)
        sockets = []
        try:
            for port in [*range(first, first + count), *range(first + 100, first + 100 + count)]:
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    sys.exit("kafka-start: no free ports were found")


def properties(folder, number, count, port, more):
    """One broker that is its own controller's voter; what was asked for comes last and counts."""
    listener, controller = f"127.0.0.1:{port + number - 1}", f"127.0.0.1:{port + 99 + number}"
    in_sync = count // 2 + 1
    values = {
        "process.roles": "broker,controller", "node.id": number, "log.dirs": folder / str(number),
        "controller.quorum.voters": ",".join(f"{each}@127.0.0.1:{port + 99 + each}" for each in range(1, count + 1)),
        "listeners": f"PLAINTEXT://{listener},CONTROLLER://{controller}", "advertised.listeners": f"PLAINTEXT://{listener}",
        "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "auto.create.topics.enable": "false", "default.replication.factor": count, "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": count, "offsets.topic.num.partitions": 2,
        "transaction.state.log.replication.factor": count, "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 2, "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 500, "broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500,
    }
    lines = [f"{name}={value}" for name, value in values.items()] + more
    (folder / f"{number}.properties").write_text("\n".join(lines) + "\n")


def start_broker(folder, number):
    with open(folder / f"{number}.log", "ab") as output:
        broker = subprocess.Popen(
            [BIN / "kafka-server-start.sh", folder / f"{number}.properties"], stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
            env={"KAFKA_HEAP_OPTS": "-Xms128m -Xmx512m", **os.environ, "LOG_DIR": str(folder / f"{number}.logs")})
    (folder / f"{number}.pid").write_text(str(broker.pid))


def bootstrap(folder):
    port, count = map(int, (folder / "layout").read_text().split())
    return ",".join(f"127.0.0.1:{port + index}" for index in range(count)), count


def wait(folder):
    servers, count = bootstrap(folder)
    limit = time.monotonic() + LIMIT
    while True:
        answers = [subprocess.run(["kcat", "-L", "-b", server, "-m", "2"], capture_output=True, text=True).stdout
                   for server in servers.split(",")]
        if all(f"{count} brokers:" in answer for answer in answers):
            return
        if time.monotonic() > limit:
            sys.exit(f"kafka-wait: the brokers do not answer after {LIMIT} s; see {folder}/*.log")
        time.sleep(0.2)


def start(arguments):
    folder = pathlib.Path(arguments.dir or tempfile.mkdtemp()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port = arguments.port or free_ports(arguments.brokers)
    (folder / "layout").write_text(f"{port} {arguments.brokers}")
    for number in range(1, arguments.brokers + 1):
        properties(folder, number, arguments.brokers, port, arguments.set)
        if not (folder / str(number) / "meta.properties").exists():
            done = subprocess.run([BIN / "kafka-storage.sh", "format", "--cluster-id", "bXVzdGVyLXRlc3RzLTAwMQ", "--config",
                                   folder / f"{number}.properties"], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"kafka-start: {done.stdout}{done.stderr}")
    for number in range(1, arguments.brokers + 1):
        start_broker(folder, number)
    wait(folder)
    print(bootstrap(folder)[0], folder)


def stop(arguments):
    folder = pathlib.Path(arguments.dir)
    numbers = [arguments.number] if arguments.number else range(1, bootstrap(folder)[1] + 1)
    found = [folder / f"{number}.pid" for number in numbers if (folder / f"{number}.pid").exists()]
    pids = [int(each.read_text()) for each in found]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL if arguments.kill else signal.SIGTERM)
        except ProcessLookupError:
            continue
    limit = time.monotonic() + 20
    while any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > limit:
            for pid in pids:
                if pathlib.Path(f"/proc/{pid}").exists():
                    os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    for each in found:
        each.unlink()
    if arguments.delete:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    name = pathlib.Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(prog=name)
    if name == "kafka-start":
        parser.add_argument("--dir")
        parser.add_argument("--brokers", type=int, default=1, choices=[1, 3])
        parser.add_argument("--port", type=int)
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
        start(parser.parse_args())
        return
    parser.add_argument("dir")
    if name == "kafka-wait":
        wait(pathlib.Path(parser.parse_args().dir))
    elif name == "kafka-broker":
        parser.add_argument("number", type=int)
        arguments = parser.parse_args()
        start_broker(pathlib.Path(arguments.dir), arguments.number)
    elif name == "kafka-stop":
        parser.add_argument("number", type=int, nargs="?")
        parser.add_argument("--kill", action="store_true")
        parser.add_argument("--delete", action="store_true")
        stop(parser.parse_args())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
