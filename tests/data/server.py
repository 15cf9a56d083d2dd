"""A web server on 127.0.0.1 that serves a folder, and misbehaves where it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass
class Server:
    """What is served, what is done to it, and what was asked for."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    cut: int | None = None
    claim: int | None = None
    tell_length: bool = True


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder while the scope lasts."""
    server = Server(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, server)) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, told: Server, *arguments: object) -> None:
        self.told = told
        super().__init__(*arguments)  # type: ignore[arg-type] # passed through from the server

    def do_GET(self) -> None:
        self.told.asked.append(self.path)
        path = self.told.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        if self.told.tell_length:
            self.send_header("Content-Length", str(self.told.claim or len(content)))
        self.end_headers()
        self.wfile.write(content[: self.told.cut])

    def log_message(self, *_: object) -> None:
        """Say nothing."""
