"""A server for the site of the current release, on this machine only."""

from __future__ import annotations

from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import BinaryIO

from pipelines.errors import UsageError
from pipelines.releases.release import find_release
from pipelines.state.home import Home

_ADDRESS = "127.0.0.1"


def site_server(home: Home, port: int) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 of the files of whichever release is current; port 0 takes a free port.

    Raises UsageError before the first release, or when the port is taken.
    """
    find_release(home, None)

    class Files(SimpleHTTPRequestHandler):
        """Files of the current release, whose folder is looked up for each request: a refresh may publish a new one."""

        def send_head(self) -> BytesIO | BinaryIO | None:
            # A page of another site whose name resolves to this machine must not read the warehouse.
            if self.headers.get("Host", "").rsplit(":", 1)[0] not in (_ADDRESS, "localhost"):
                self.send_error(HTTPStatus.FORBIDDEN, "Ask for 127.0.0.1")
                return None
            if self.path == "/":
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", "/site/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            self.directory = str(find_release(home, None).path)
            return super().send_head()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a line for every request would hide the errors."""

    try:
        return ThreadingHTTPServer((_ADDRESS, port), Files)
    except OSError as error:
        raise UsageError(f"{_ADDRESS}:{port}: cannot be served: {error.strerror}; give another --port") from error
