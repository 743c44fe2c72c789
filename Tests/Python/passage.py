"""A way from an agent to its etcd in which a story waits: it meets a call there, before etcd has it or before it is answered."""
import contextlib
import http.client
import http.server
import threading
import time
import urllib.parse

CALLS = {"addMember": "/v3/cluster/member/add", "promoteMember": "/v3/cluster/member/promote",
         "removeMember": "/v3/cluster/member/remove", "transferLeadership": "/v3/maintenance/transfer-leadership"}


class Meeting:
    """One call that is met: `reached` is set when it is there, and it goes on when `go` is, unless it is `lost`.

    `badly` says how it is answered instead: "error" (503), "half", or "late". Such a call waits for nobody, and unless it
    `is_done` etcd never has it.
    """

    def __init__(self, action, is_done, badly=None):
        self.action, self.is_done, self.badly, self.lost = action, is_done, badly, False
        self.reached, self.go = threading.Event(), threading.Event()
        self.server = None
        if badly:
            self.go.set()

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
                    if meeting.lost or meeting.badly:
                        return self.answer_badly(meeting.badly)
                # An etcd that is gone, or an agent: the other one sees the connection end.
                with contextlib.suppress(OSError, http.client.HTTPException):
                    way = http.client.HTTPConnection(place, timeout=10)
                    way.request(self.command, self.path, body, {"Content-Type": "application/json"})
                    answer = way.getresponse()
                    text = answer.read()
                    way.close()
                    if answer.status == 200 and (meeting := passages.take(self.path, True)):
                        meeting.meet(server)
                        if meeting.badly:
                            return self.answer_badly(meeting.badly)
                    self.answer(answer.status, text)

            def answer(self, status, text, length=None):
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(text)))
                self.end_headers()
                self.wfile.write(text)

            def answer_badly(self, how):
                """When this returns the connection ends."""
                if how == "error":
                    self.answer(503, b"")
                elif how == "half":
                    self.answer(200, b'{"header":', 100)
                elif how == "late":
                    # Twice the time that an agent gives a call.
                    time.sleep(4)

            def log_message(self, *_):
                pass

        return Handler
