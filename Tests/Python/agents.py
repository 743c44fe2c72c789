"""Agents beside the members of a real etcd: what tests and demonstrations start."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

from etcd_cluster import EtcdCluster

# Begins each hook. What a story may put in its way: a file of that name is read once, as a part of the hook.
BEGINNING = """#!/bin/sh
set -eu
meeting="$MUSTER_DATA/../meet-$MUSTER_ACTION"
if mv "$meeting" "$meeting.met" 2>/dev/null; then . "$meeting.met"; fi
"""
HOOKS = {
    "startMember": """
# Starts the node's etcd, in a session of its own, so that it outlives the agent.
setsid etcd --name "$MUSTER_ETCD_NAME" --data-dir "$MUSTER_DATA/etcd" --log-level warn \\
    --listen-client-urls "$MUSTER_ETCD_CLIENT_URL" --advertise-client-urls "$MUSTER_ETCD_CLIENT_URL" \\
    --listen-peer-urls "$MUSTER_ETCD_PEER_URL" --initial-advertise-peer-urls "$MUSTER_ETCD_PEER_URL" \\
    --initial-cluster "$MUSTER_ETCD_INITIAL_CLUSTER" --initial-cluster-state existing \\
    --heartbeat-interval 50 --election-timeout 500 >>"$MUSTER_DATA/../$MUSTER_ETCD_NAME.log" 2>&1 </dev/null &
echo $! >"$MUSTER_DATA/muster-etcd.pid"
""",
    "stopMember": """
if [ -e "$MUSTER_DATA/muster-etcd.pid" ]; then
    kill "$(cat "$MUSTER_DATA/muster-etcd.pid")" 2>/dev/null || true
    rm "$MUSTER_DATA/muster-etcd.pid"
fi
""",
    "prepareNode": """
rm -rf "$MUSTER_DATA/etcd"
""",
}


def post(url, path, body, timeout=2):
    """What etcd's JSON interface answers."""
    request = urllib.request.Request(f"{url}/v3/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read())


class Members(EtcdCluster):
    """An etcd whose data lies inside the data directories of agents, with the hooks that start more of it."""

    def __init__(self, count=3):
        super().__init__(count)
        self.hooks = self.folder / "hooks"
        self.hooks.mkdir(mode=0o755)
        for name, text in HOOKS.items():
            path = self.hooks / name
            # A hook has a search path of its own.
            path.write_text(BEGINNING + text.replace("setsid etcd", f"setsid {shutil.which('etcd')}"))
            path.chmod(0o755)

    def new_server(self):
        server = super().new_server()
        server.folder = self.folder / server.name / "etcd"
        server.folder.parent.mkdir(mode=0o700)
        return server

    def hook_process(self, server):
        """The process that a hook started, None when there is none."""
        path = server.folder.parent / "muster-etcd.pid"
        return int(path.read_text()) if path.exists() else None

    def kill(self, server):
        """Ends the server at once, whoever started it."""
        if server.process:
            server.kill()
        elif process := self.hook_process(server):
            os.kill(process, signal.SIGKILL)

    def __exit__(self, *all):
        for server in self.servers:
            if process := self.hook_process(server):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        super().__exit__(*all)

    def voters(self):
        """Name to whether it is a voter, of all members, as some member has it."""
        for server in self.servers:
            try:
                members = post(server.client, "cluster/member/list", {})["members"]
            except OSError:
                continue
            return {each.get("name", ""): not each.get("isLearner", False) for each in members}
        return {}

    def agent(self, muster, cluster, server, *more, client=None):
        """The words that start the server's agent; `client` is another way to the server."""
        others = [word for each in self.servers if each is not server for word in ("--etcd-other", each.client)]
        return [muster, "agent", "--cluster", cluster, "--node", server.name, "--data", server.folder.parent,
                "--hooks", self.hooks, "--etcd", client or server.client, "--etcd-peer", server.peer, *others,
                "--beat-every", "1s", "--observe-every", "500ms", "--log-level", "info", *more]


class Writer:
    """A client that writes to whoever answers, and remembers every write that was acknowledged. A context."""

    def __init__(self, members):
        self.members, self.acknowledged, self.refused = members, {}, 0
        self.longest = 0.0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def work(self):
        import base64
        number, at, last = 0, 0, time.monotonic()
        while not self.ending.is_set():
            number += 1
            key, value = f"write/{number}", str(number)
            encoded = {"key": base64.b64encode(key.encode()).decode(), "value": base64.b64encode(value.encode()).decode()}
            try:
                post(self.members.servers[at % len(self.members.servers)].client, "kv/put", encoded, timeout=1)
                self.acknowledged[key] = value
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()
            except (OSError, ValueError):
                self.refused += 1
                at += 1
            self.ending.wait(0.005)

    def missing(self):
        """The acknowledged writes that are not there: there must be none."""
        import base64
        start = base64.b64encode(b"write/").decode()
        end = base64.b64encode(b"write0").decode()
        for server in self.members.servers:
            try:
                found = post(server.client, "kv/range", {"key": start, "range_end": end}, timeout=10)
                break
            except OSError:
                continue
        there = {base64.b64decode(each["key"]).decode(): base64.b64decode(each["value"]).decode()
                 for each in found.get("kvs", [])}
        return [key for key, value in self.acknowledged.items() if there.get(key) != value]
