"""A provider's server on this machine: it answers what a test lays out, and keeps the questions.

``serving`` answers in the clear, ``serving_tls`` with a certificate that nobody signed.
"""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct, field


class Asked(Struct, frozen=True):
    """A question as it came."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    @property
    def params(self) -> dict[str, str]:
        """The query, of a name the last value."""
        return dict(self.query)


class Reply(Struct, frozen=True):
    """What is answered.

    Attributes:
        cut: the connection breaks off after the body, though more was announced.
        drip_s: pause between two bytes.
        hang_s: nothing is said for so long.
    """

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drip_s: float = 0.0
    hang_s: float = 0.0


Answering = Callable[[Asked], Reply]


class Server:
    """A running server: where it is, what it says, what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self._answer: Answering = lambda _: Reply(status=404)

    def says(self, *replies: Reply) -> None:
        """One after the other; the last again and again."""
        left = list(replies)
        self._answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def answers(self, answering: Answering) -> None:
        """By the question."""
        self._answer = answering

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self._answer(asked)


@contextmanager
def serving() -> Iterator[Server]:
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler), "http") as server:
        yield server


@contextmanager
def serving_tls(folder: Path) -> Iterator[Server]:
    """With a self-signed certificate for 127.0.0.1, made in ``folder``."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ("-keyout", key, "-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run([*made.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    below = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    below.socket = context.wrap_socket(below.socket, server_side=True)
    with _running(below, "https") as server:
        yield server


@contextmanager
def _running(below: ThreadingHTTPServer, scheme: str) -> Iterator[Server]:
    server = Server(f"{scheme}://127.0.0.1:{below.server_port}")
    below.RequestHandlerClass = _handler_for(server)
    below.daemon_threads = True
    thread = threading.Thread(target=below.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        below.shutdown()
        below.server_close()
        thread.join()


def _handler_for(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            reply = server.reply_to(Asked(self.command, parts.path, query, headers))
            try:
                self._send(reply)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            time.sleep(reply.hang_s)
            self.send_response_only(reply.status)
            length = len(body) + (100 if reply.cut else 0)
            own = {"Content-Length": str(length), "Date": self.date_time_string()}
            for name, value in (own | dict(reply.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            pieces = [body[n : n + 1] for n in range(len(body))] if reply.drip_s else [body]
            for piece in pieces:
                self.wfile.write(piece)
                time.sleep(reply.drip_s)
            self.close_connection = self.close_connection or reply.cut

        do_GET = do_PUT = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    return Handler
