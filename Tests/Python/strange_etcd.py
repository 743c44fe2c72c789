"""Something that answers like an etcd of one member, or as badly as one wishes."""
import contextlib
import http.server
import json
import threading
import time


class StrangeEtcd:
    """A context that adds no member; `mode` is "good", or how it misbehaves: "error", "slow", "half", "silent", "garbage", "other", "alone" (it says
    that it leads, and no majority answers it), "shared" (behind its URL is somebody else too, who tells the members),
    "moved" (whenever it was read from, another one leads in the next term)."""

    def __init__(self, name):
        self.name, self.mode, self.was_read = name, "good", False
        # The calls that it had, by their paths.
        self.heard = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        header = {"cluster_id": "8" if self.mode == "other" else "7", "member_id": "9", "raft_term": "2"}
        if self.mode == "shared" and path == "/v3/cluster/member/list":
            header["member_id"] = "11"
        member = {"ID": "9", "name": self.name, "peerURLs": ["http://127.0.0.1:1"], "clientURLs": [self.url]}
        has_moved = self.mode == "moved" and self.was_read
        if path == "/v3/maintenance/status":
            self.was_read = False
        more = {"/v3/maintenance/status": {"leader": "10" if has_moved else "9", "raftTerm": "3" if has_moved else "2", "raftIndex": str(int(time.time()))},
                "/v3/cluster/member/list": {"members": [member]}, "/v3/kv/txn": {"succeeded": True}}
        return json.dumps({"header": header, **more.get(path, {})}).encode()

    def handler(self):
        etcd = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = etcd.answer(self.path)
                etcd.heard.append(self.path)
                if self.path == "/v3/kv/range" and b"serializable" not in asked:
                    etcd.was_read = True
                is_addition = self.path == "/v3/cluster/member/add"
                if is_addition:
                    body = json.dumps({"error": "etcdserver: unhealthy cluster", "code": 14,
                                       "message": "etcdserver: unhealthy cluster"}).encode()
                is_alone = etcd.mode == "alone" and self.path == "/v3/kv/range" and b"serializable" not in asked
                if is_alone:
                    body = json.dumps({"error": "etcdserver: request timed out", "code": 14,
                                       "message": "etcdserver: request timed out"}).encode()
                if etcd.mode == "silent":
                    return
                if etcd.mode == "slow":
                    time.sleep(4)
                if etcd.mode == "garbage":
                    self.wfile.write(b"\x00\xff not a word of HTTP\r\n\r\n")
                    return
                self.send_response(503 if is_alone or is_addition or etcd.mode == "error" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                # Whoever has waited long enough is gone by now.
                with contextlib.suppress(OSError):
                    self.wfile.write(body[:len(body) // 2] if etcd.mode == "half" else body)

            def log_message(self, *_):
                pass

        return Handler
