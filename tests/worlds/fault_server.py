"""A web server on loopback that keeps to HTTP's rules for ranges and validators, until it is asked to break them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote

Fault = Literal["error 500", "error 403", "drop", "silence", "length too great", "length too small", "change", "gone"]


@dataclass
class Resource:
    """A file on the server; `faults` are met one a request, in order, and then no more."""

    content: bytes
    etag: str | None = None
    modified: float | None = None
    has_ranges: bool = True
    faults: deque[Fault] = field(default_factory=deque)
    changes_to: bytes = b""

    @property
    def last_modified(self) -> str | None:
        return None if self.modified is None else formatdate(self.modified, usegmt=True)


@dataclass(frozen=True)
class Asked:
    """A request as it came, and the status that it was answered with."""

    path: str
    status: int
    range: str | None
    headers: dict[str, str]


class FaultServer(ThreadingHTTPServer):
    """Serves `files`, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Resource] = {}
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def statuses(self) -> list[int]:
        return [one.status for one in self.asked]


@contextlib.contextmanager
def fault_server() -> Iterator[FaultServer]:
    server = FaultServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test looks at `asked`."""

    def do_GET(self) -> None:
        file = self.server.files.get(unquote(self.path))
        if file is None:
            self._answer(404)
            return
        fault = file.faults.popleft() if file.faults else None
        if fault in ("error 500", "error 403", "gone"):
            self._answer({"error 500": 500, "error 403": 403, "gone": 410}[fault])
            return
        if fault == "silence":
            time.sleep(2)
            self.close_connection = True
            return
        if fault == "change":
            file.content, file.etag = file.changes_to, '"changed"'
        self._send(file, fault)

    def _send(self, file: Resource, fault: Fault | None) -> None:
        validators = {"ETag": file.etag, "Last-Modified": file.last_modified}
        if (file.etag and self.headers["If-None-Match"] == file.etag) or (
            not self.headers["If-None-Match"]
            and file.modified
            and self.headers["If-Modified-Since"] == file.last_modified
        ):
            self._answer(304, validators)
            return
        first = self._first_byte(file)
        if first is not None and first >= len(file.content):
            self._answer(416, {"Content-Range": f"bytes */{len(file.content)}"})
            return
        body = file.content[first or 0 :]
        headers = {**validators, "Accept-Ranges": "bytes" if file.has_ranges else None}
        if first is not None:
            headers["Content-Range"] = f"bytes {first}-{len(file.content) - 1}/{len(file.content)}"
        length = len(body) + {"length too great": 10, "length too small": -10}.get(fault or "", 0)
        sent = body[: len(body) // 2] if fault in ("drop", "change") else body[:length]
        self._answer(206 if first is not None else 200, {**headers, "Content-Length": str(length)}, sent)
        self.close_connection = self.close_connection or len(sent) != length

    def _first_byte(self, file: Resource) -> int | None:
        asked = self.headers["Range"]
        if asked is None or not file.has_ranges:
            return None
        condition = self.headers["If-Range"]
        if condition is not None and condition not in (file.etag, file.last_modified):
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _answer(self, status: int, headers: dict[str, str | None] | None = None, body: bytes = b"") -> None:
        self.server.asked.append(Asked(unquote(self.path), status, self.headers["Range"], dict(self.headers)))
        self.send_response(status)
        stated = {"Content-Length": str(len(body)), **(headers or {})}
        for name, value in stated.items():
            if value is not None and not (status == 304 and name == "Content-Length"):
                self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)
