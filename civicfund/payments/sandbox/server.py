"""The HTTP side: one thread per connection, kept alive, on this machine only."""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from civicfund.payments.sandbox.control import LOOPBACK, Control
from civicfund.payments.sandbox.engine import Config, Engine, Request, Response, json_response
from civicfund.payments.sandbox.faults import Dropped
from civicfund.payments.sandbox.pages import Pages
from civicfund.payments.sandbox.webhooks import Deliverer
from civicfund.stopping import StopAsked

HOST = "127.0.0.1"
TICK_SECONDS = 0.25
MAX_BODY_BYTES = 1_000_000
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Stripe-Version",
    "Access-Control-Max-Age": "600",
}


class SandboxServer(ThreadingHTTPServer):
    """The sandbox, listening. Port 0 takes any free port."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, config: Config) -> None:
        super().__init__((HOST, port), Handler)
        self.engine = Engine(config)
        self.deliverer = Deliverer(self.engine)
        self.control = Control(self.engine, self.deliverer)
        self.pages = Pages(self.engine)
        self.url = f"http://{HOST}:{self.server_address[1]}"

    def run(self, stop: StopAsked) -> None:
        """Serve until ``stop`` is set; then finish what is under way and close the journal."""
        self.deliverer.start()
        Thread(target=self.serve_forever, args=(0.05,), name="http", daemon=True).start()
        while not stop.wait(TICK_SECONDS):
            self.engine.tick()
        self.shutdown()
        self.server_close()
        self.deliverer.stop()
        self.engine.close()

    def route(self, request: Request) -> Response:
        """Which part of the sandbox answers."""
        if request.path.startswith(("/v1/", "/v2/")):
            response = self.engine.handle(request)
            response.headers.update(CORS)
            return response
        if request.path.startswith("/sandbox/"):
            return self.control.handle(request)
        return self.pages.handle(request)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "civicfund-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: SandboxServer

    def do_GET(self) -> None:
        """A request that reads."""
        self._serve()

    def do_POST(self) -> None:
        """A request that acts."""
        self._serve()

    def do_DELETE(self) -> None:
        """A request that removes."""
        self._serve()

    def do_OPTIONS(self) -> None:
        """A browser asking whether it may call the API from another origin."""
        self._send(Response(204, b"", dict(CORS)))

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: addresses may carry client secrets."""

    def _serve(self) -> None:
        target = urlsplit(self.path)
        try:
            body = self._body()
        except Dropped:
            self._cut()
            return
        if body is None:
            self.close_connection = True
            self._send(_refusal(413, "The request is too large, or its length is not given."))
            return
        host = self.headers.get("Host", "")
        if urlsplit(f"//{host}").hostname not in LOOPBACK:
            self._send(_refusal(400, "The sandbox answers on this machine only."))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command, target.path, target.query, headers, body, origin=f"http://{host}"
        )
        try:
            self._send(self.server.route(request))
        except Dropped:
            self._cut()

    def _body(self) -> bytes | None:
        """The body, None where it cannot be taken; ``Dropped`` where its sender died on the way."""
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # To act on a part of it would be to answer a request that nobody has made, and to keep
            # that answer under the key of the one that somebody will.
            raise Dropped
        return body

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _cut(self) -> None:
        """Close without a word, as a broken network does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _refusal(status: int, message: str) -> Response:
    return json_response(status, {"error": {"type": "invalid_request_error", "message": message}})


def say(text: str) -> None:
    """One line to whoever started the process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
