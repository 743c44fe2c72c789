#!/usr/bin/env python3
"""A real etcd cluster in a directory of its own, on free ports of the loopback interface.

As a program it prints each server's name, client URL, peer URL and pid, and stops them at SIGTERM or SIGINT:
  etcd_cluster.py [COUNT]
"""
import contextlib
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
import urllib.error
import urllib.request


def free_ports(count, in_a_row=False):
    """Ports that nobody has just now, below those that the system gives to whoever connects: of these any may be taken at any time."""
    while True:
        first = random.randrange(10_240, 32_000)
        ports = [first + place if in_a_row else random.randrange(10_240, 32_000) for place in range(count)]
        with contextlib.ExitStack() as stack:
            try:
                for port in ports:
                    each = stack.enter_context(socket.socket())
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    each.bind(("127.0.0.1", port))
            except OSError:
                continue
            return ports


def wait_for(what, fact, seconds=60, every=0.1):
    """Waits until the fact holds, and answers it; fails with what was waited for."""
    end = time.monotonic() + seconds
    while True:
        found = fact()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(every)


class Server:
    """One etcd, running or not."""

    def __init__(self, folder, name):
        client, peer = free_ports(2)
        self.name, self.folder = name, folder / name
        self.client, self.peer = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self.process = None

    def start(self, members, state):
        """Starts it among those members; `state` is "new" or "existing"."""
        with open(self.folder.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(
                ["etcd", "--name", self.name, "--data-dir", self.folder, "--log-level", "warn",
                 "--listen-client-urls", self.client, "--advertise-client-urls", self.client,
                 "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
                 "--initial-cluster", ",".join(f"{each.name}={each.peer}" for each in members),
                 "--initial-cluster-state", state, "--heartbeat-interval", "50", "--election-timeout", "500"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_healthy(self):
        """Whether it answers, and has a leader."""
        try:
            with urllib.request.urlopen(f"{self.client}/health", timeout=2) as answer:
                return b'"true"' in answer.read()
        except (urllib.error.URLError, OSError):
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """Ends it at once, as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class EtcdCluster:
    """Servers named PREFIX1, PREFIX2 and so on. A context: all of them are gone when it is left."""

    def __init__(self, count=3, prefix="e"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-etcd-"))
        self.prefix = prefix
        self.servers = []
        for _ in range(count):
            self.new_server()

    def new_server(self):
        """A further server, not started and no member."""
        self.servers.append(Server(self.folder, f"{self.prefix}{len(self.servers) + 1}"))
        return self.servers[-1]

    def __enter__(self):
        for server in self.servers:
            server.start(self.servers, "new")
        try:
            for server in self.servers:
                wait_for(f"{server.name} is healthy", server.is_healthy)
        except TimeoutError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def endpoints(self):
        return ",".join(server.client for server in self.servers if server.process)

    def control(self, *arguments):
        """What etcdctl prints."""
        return subprocess.run(
            ["etcdctl", "--endpoints", self.endpoints, "--command-timeout=5s", *arguments], check=True, timeout=30,
            env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True, text=True).stdout

    def leader(self):
        """The server that leads, by its own word; None while nobody does."""
        for server in self.servers:
            if not server.process:
                continue
            with contextlib.suppress(urllib.error.URLError, OSError):
                with urllib.request.urlopen(f"{server.client}/metrics", timeout=2) as answer:
                    if "\netcd_server_is_leader 1\n" in answer.read().decode():
                        return server
        return None


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with EtcdCluster(int(sys.argv[1]) if len(sys.argv) > 1 else 3) as cluster:
        for server in cluster.servers:
            print(server.name, server.client, server.peer, server.process.pid, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
