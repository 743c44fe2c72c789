"""A way from an agent to its etcd in which a story waits: it meets a call there, before etcd has it or before it is answered."""
import contextlib
import http.client
import http.server
import threading
import urllib.parse

CALLS = {"addMember": "/v3/cluster/member/add", "promoteMember": "/v3/cluster/member/promote",
         "removeMember": "/v3/cluster/member/remove", "transferLeadership": "/v3/maintenance/transfer-leadership"}


class Meeting:
    """One call that is met: `reached` is set when it is there, and it goes on when `go` is, unless it is `lost`."""

    def __init__(self, action, is_done):
        self.action, self.is_done, self.lost = action, is_done, False
        self.reached, self.go = threading.Event(), threading.Event()
        self.server = None

    def wait(self):
        if not self.reached.wait(60):
            raise TimeoutError(f"{self.action}, {'done' if self.is_done else 'not done yet'}: not met within 60 s")

    def meet(self, server):
        self.server = server
        self.reached.set()
        self.go.wait(60)


class Passages:
    """A passage for each server, and the meetings that are yet to come, each once. A context."""

    def __init__(self):
        self.lock, self.meetings, self.ways = threading.Lock(), [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for meeting in self.meetings:
            meeting.go.set()
        for way in self.ways:
            way.shutdown()
            way.server_close()

    def expect(self, meeting):
        with self.lock:
            self.meetings.append(meeting)
        return meeting

    def take(self, path, is_done):
        with self.lock:
            for meeting in self.meetings:
                if CALLS.get(meeting.action) == path and meeting.is_done == is_done and not meeting.reached.is_set():
                    self.meetings.remove(meeting)
                    return meeting
        return None

    def before(self, server):
        """The URL of a passage to that server."""
        way = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler(server))
        way.daemon_threads = True
        self.ways.append(way)
        threading.Thread(target=way.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{way.server_port}"

    def handler(self, server):
        passages, place = self, urllib.parse.urlparse(server.client).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if meeting := passages.take(self.path, False):
                    meeting.meet(server)
                    if meeting.lost:
                        return
                # An etcd that is gone, or an agent: the other one sees the connection end.
                with contextlib.suppress(OSError, http.client.HTTPException):
                    way = http.client.HTTPConnection(place, timeout=10)
                    way.request(self.command, self.path, body, {"Content-Type": "application/json"})
                    answer = way.getresponse()
                    text = answer.read()
                    way.close()
                    if answer.status == 200 and (meeting := passages.take(self.path, True)):
                        meeting.meet(server)
                    self.send_response(answer.status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler
