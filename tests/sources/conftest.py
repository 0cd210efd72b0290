"""The server that stands in for the sources, a reader of it, and a catalogue to refresh."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.db import connect, reading
from app.sources.fetching import Fetcher
from app.sources.refresh import refresh
from tests.sources.documents import TODAY
from tests.sources.world import Answer, World


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        world: World = self.server.world
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        world.asked.append((self.path, dict(self.headers), body))
        answer = world.take(self.path)
        etag = answer.headers.get("etag")
        if etag and self.headers.get("if-none-match") == etag:
            answer = Answer(b"", 304, {"etag": etag})
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        if answer.pause_s:
            self.wfile.write(answer.body[:1])
            self.wfile.flush()
            time.sleep(answer.pause_s)
            answer = Answer(answer.body[1:])
        self.wfile.write(answer.body)
        if answer.length is not None:
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 - the server's own naming

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def world() -> Iterator[World]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.world = World(f"http://127.0.0.1:{server.server_port}")
    server.handle_error = lambda *_: None  # a client that hangs up is what some tests are about
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    yield server.world
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetcher(world) -> Iterator[Callable[..., Fetcher]]:
    """A reader without patience: waiting takes no time."""
    with ExitStack() as opened:

        def make(**changes) -> Fetcher:
            return opened.enter_context(Fetcher(**{"stand_in": world.url, "sleep": lambda _: None} | changes))

        yield make


@pytest.fixture(scope="session")
def seed_snapshot(seed_file) -> Snapshot:
    engine = connect(f"sqlite:///{seed_file}")
    snapshot = startup.prepare(engine)
    engine.dispose()
    return snapshot


@pytest.fixture
def engine(seeded_url, seed_snapshot):
    """A catalogue of its own for each test; what it begins with is read once for all of them."""
    engine = connect(seeded_url)
    startup.hold(engine, seed_snapshot)
    yield engine
    engine.dispose()


@pytest.fixture
def run(engine, fetcher):
    """Run a source against the server."""
    return partial(refresh, engine, fetcher=fetcher, today=TODAY)


@pytest.fixture
def rows(engine):
    """Rows of a table."""

    def read(table, *conditions):
        with reading(engine) as session:
            return session.scalars(select(table).where(*conditions).order_by(table.id)).all()

    return read
