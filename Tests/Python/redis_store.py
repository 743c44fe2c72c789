"""A store of some nodes in this process that answers FerricStore's CLUSTER commands in Redis' protocol. No data, no Raft."""
import socketserver
import threading


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class RedisStore:
    """Servers by node, one membership. `says_little`: STATUS names leader and members only."""

    def __init__(self, nodes, members, shards=2, says_little=False):
        self.lock = threading.Lock()
        self.says_little = says_little
        self.shards = {shard: {"leader": members[0], "term": 1, "index": 1, "voters": set(members), "learners": set()}
                       for shard in range(shards)}
        self.heard = []
        self.mute = set()
        self.servers = {node: self.listen(node) for node in nodes}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in list(self.servers):
            self.stop(node)

    def stop(self, node):
        server = self.servers.pop(node)
        server.shutdown()
        server.server_close()

    def address(self, node):
        return "127.0.0.1:%d" % self.servers[node].server_address[1]

    def listen(self, node):
        store = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while line := self.rfile.readline():
                    words = []
                    for _ in range(int(line[1:])):
                        size = int(self.rfile.readline()[1:])
                        words.append(self.rfile.read(size + 2)[:-2].decode())
                    reply = store.answer(node, words)
                    if reply is None:
                        return
                    self.wfile.write(reply)

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def answer(self, node, words):
        with self.lock:
            name, rest = words[0].upper(), words[1:]
            if name == "CLUSTER.STATUS":
                pairs = [text for pair in self.status(node).items() for text in pair]
                return b"*%d\r\n" % len(pairs) + b"".join(b"$%d\r\n%s\r\n" % (len(text.encode()), text.encode()) for text in pairs)
            self.heard.append((node, name, *rest))
            if name not in ("CLUSTER.JOIN", "CLUSTER.PROMOTE", "CLUSTER.DEMOTE", "CLUSTER.LEAVE", "CLUSTER.FAILOVER"):
                return b"-ERR unknown command\r\n"
            self.change(node, name, rest)
            # It has done it and says nothing.
            return None if node in self.mute else b"+OK\r\n"

    def change(self, node, name, rest):
        for number, shard in self.shards.items():
            if name == "CLUSTER.FAILOVER":
                if str(number) == rest[0]:
                    shard["leader"] = rest[1]
                    shard["term"] += 1
                continue
            before = (set(shard["voters"]), set(shard["learners"]))
            target = node if name == "CLUSTER.LEAVE" else rest[0]
            shard["voters"].discard(target)
            shard["learners"].discard(target)
            if name in ("CLUSTER.JOIN", "CLUSTER.PROMOTE"):
                shard["voters"].add(target)
            elif name == "CLUSTER.DEMOTE":
                shard["learners"].add(target)
            if before != (shard["voters"], shard["learners"]):
                shard["index"] += 1

    def status(self, node):
        facts = {"node": node, "mode": "cluster", "role": "voter"}
        for number, shard in self.shards.items():
            def put(name, value):
                facts[f"shard_{number}_{name}"] = str(value)

            if node not in shard["voters"] | shard["learners"]:
                facts["mode"] = "standalone"
                continue
            put("leader", shard["leader"])
            put("members", ",".join(sorted(shard["voters"])))
            if self.says_little:
                continue
            put("learners", ",".join(sorted(shard["learners"])))
            put("term", shard["term"])
            put("applied", 100)
            if node == shard["leader"]:
                for name, value in (("config_index", shard["index"]), ("commit", 100), ("confirmed", 1), ("change_permitted", 1),
                                    ("pending", 0)):
                    put(name, value)
                for member in shard["voters"] | shard["learners"]:
                    put(f"match_{member}", 100)
                    if member in self.servers:
                        put(f"contact_{member}", 0)
        return facts
